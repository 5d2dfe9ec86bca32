//! Spaces by name or glob, and targets written `PROFILE/SPACE`.

use std::fmt;
use std::str::FromStr;

use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;

/// Spaces, each by its id or by a glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spaces(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    One(Space),
    /// With `*` for any text and `?` for one character.
    Glob(String),
}

/// A profile and perhaps spaces of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) profile: String,
    pub(crate) spaces: Option<Spaces>,
}

impl Default for Spaces {
    fn default() -> Self {
        Self(vec![Pattern::One(Space::default())])
    }
}

impl Spaces {
    /// Reads ids and globs.
    pub(crate) fn parse(texts: &[impl AsRef<str>]) -> Result<Self> {
        let pattern = |text: &str| -> Result<Pattern> {
            if !text.contains(['*', '?']) {
                return text.parse().map(Pattern::One);
            }
            // What is left without the wildcards must still be part of an id.
            let rest: String = text.chars().filter(|c| !matches!(c, '*' | '?')).collect();
            if !rest.is_empty() {
                rest.parse::<Space>()?;
            }
            Ok(Pattern::Glob(text.to_owned()))
        };
        texts
            .iter()
            .map(|text| pattern(text.as_ref()))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// The space, if it is one and named by its id.
    pub(crate) fn one(&self) -> Option<&Space> {
        match self.0.as_slice() {
            [Pattern::One(space)] => Some(space),
            _ => None,
        }
    }

    /// The spaces that are named by their ids.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Space> {
        self.0.iter().filter_map(|pattern| match pattern {
            Pattern::One(space) => Some(space),
            Pattern::Glob(_) => None,
        })
    }

    /// Whether the server must be asked which spaces there are.
    pub(crate) fn has_globs(&self) -> bool {
        self.0
            .iter()
            .any(|pattern| matches!(pattern, Pattern::Glob(_)))
    }

    /// Whether the space is one of those that are meant.
    pub(crate) fn has(&self, space: &Space) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::One(one) => one == space,
            Pattern::Glob(glob) => fits(glob.as_bytes(), space.as_str().as_bytes()),
        })
    }

    /// Those of the server's spaces that are meant, in its order. Where it is not known which it has, those by id.
    ///
    /// Fails where an id or a glob fits none.
    pub(crate) fn among(&self, known: Option<&[Space]>) -> Result<Vec<Space>> {
        let mut chosen: Vec<Space> = Vec::new();
        for pattern in &self.0 {
            let found: Vec<Space> = match pattern {
                Pattern::One(space) if known.is_none_or(|known| known.contains(space)) => {
                    vec![space.clone()]
                }
                Pattern::One(_) => Vec::new(),
                Pattern::Glob(glob) => known
                    .unwrap_or_default()
                    .iter()
                    .filter(|space| fits(glob.as_bytes(), space.as_str().as_bytes()))
                    .cloned()
                    .collect(),
            };
            if found.is_empty() {
                return Err(Error::usage(format!("the server has no space `{pattern}`")));
            }
            for space in found {
                if !chosen.contains(&space) {
                    chosen.push(space);
                }
            }
        }
        Ok(chosen)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(space) => space.fmt(f),
            Self::Glob(glob) => f.write_str(glob),
        }
    }
}

impl fmt::Display for Spaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(Pattern::to_string).collect();
        f.write_str(&texts.join(","))
    }
}

/// Whether a glob fits a whole text.
fn fits(glob: &[u8], text: &[u8]) -> bool {
    let (mut g, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some(b'*') => {
                star = Some((g, t));
                g += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                g += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((at, from)) => {
                    *from += 1;
                    (g, t) = (*at + 1, *from);
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|&byte| byte == b'*')
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (profile, spaces) = match text.split_once('/') {
            Some((profile, spaces)) => (profile, Some(spaces)),
            None => (text, None),
        };
        let is_name = !profile.is_empty()
            && profile
                .chars()
                .all(|c| c.is_alphanumeric() || "_-.".contains(c));
        if !is_name {
            return Err(Error::usage(format!(
                "a target must be as `PROFILE` or `PROFILE/SPACE`, found `{text}`"
            )));
        }
        let spaces = spaces
            .map(|spaces| Spaces::parse(&spaces.split(',').collect::<Vec<_>>()))
            .transpose()?;
        Ok(Self {
            profile: profile.to_owned(),
            spaces,
        })
    }
}

impl Target {
    /// Whether it means this space of the Kibana with this profile; without spaces it means all.
    pub(crate) fn is_at(&self, profile: &str, space: &Space) -> bool {
        self.profile == profile && self.spaces.as_ref().is_none_or(|it| it.has(space))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.profile)?;
        match &self.spaces {
            Some(spaces) => write!(f, "/{spaces}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Space> {
        ["default", "soc", "cust-a", "cust-b"]
            .map(|id| id.parse().unwrap())
            .to_vec()
    }

    fn among(texts: &[&str]) -> Result<Vec<String>> {
        let chosen = Spaces::parse(texts)?.among(Some(&known()))?;
        Ok(chosen.iter().map(Space::to_string).collect())
    }

    #[test]
    fn globs_choose_among_the_servers_spaces() {
        assert_eq!(among(&["cust-*"]).unwrap(), ["cust-a", "cust-b"]);
        assert_eq!(
            among(&["cust-b", "*"]).unwrap(),
            ["cust-b", "default", "soc", "cust-a"]
        );
        assert_eq!(among(&["s?c"]).unwrap(), ["soc"]);
        let unknown = Spaces::parse(&["elsewhere"]).unwrap().among(None).unwrap();
        assert_eq!(unknown[0].as_str(), "elsewhere");
        assert!(among(&["elsewhere"]).is_err());
        assert_eq!(
            among(&["none-*"]).unwrap_err().to_string(),
            "the server has no space `none-*`"
        );
        assert!(among(&["../*"]).is_err() && among(&[""]).is_err());
    }

    #[test]
    fn targets_are_profiles_with_or_without_spaces() {
        let target: Target = "prod/cust-*,soc".parse().unwrap();
        let is_at = |target: &Target, profile: &str, space: &str| {
            target.is_at(profile, &space.parse().unwrap())
        };
        assert!(is_at(&target, "prod", "soc") && is_at(&target, "prod", "cust-a"));
        assert!(!is_at(&target, "prod", "default") && !is_at(&target, "dr", "soc"));
        assert_eq!(
            (target.profile.as_str(), target.to_string().as_str()),
            ("prod", "prod/cust-*,soc")
        );
        assert_eq!("prod".parse::<Target>().unwrap().spaces, None);
        for wrong in ["", "/soc", "https://kibana.example.com", "prod/", "a b"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_space_is_one_only_by_its_id() {
        assert_eq!(Spaces::default().one().map(Space::as_str), Some("default"));
        assert!(Spaces::parse(&["soc", "b"]).unwrap().one().is_none());
        assert!(Spaces::parse(&["s*"]).unwrap().one().is_none());
    }
}
