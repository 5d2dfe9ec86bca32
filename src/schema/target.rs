//! Which Kibana is the bundle for? Versions, in order, and since when something is known.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The Kibana that a bundle is to be imported into: a minor version, or serverless, which is newer than any.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Target(u16);

impl Target {
    /// The oldest version that anything is known of.
    pub const OLDEST: Self = Self::version(7, 17);
    /// The newest version whose facts are known.
    pub const NEWEST: Self = Self::version(9, 6);
    /// Elastic's own offering without versions.
    pub const SERVERLESS: Self = Self(u16::MAX);
    /// The last minor version of 8.
    pub const LAST_8: Self = Self::version(8, 19);

    /// The minor version `major.minor`.
    pub const fn version(major: u8, minor: u8) -> Self {
        Self(u16::from_be_bytes([major, minor]))
    }

    /// The first version that reads rules with Zod 4, whose messages are worded differently and whose UUIDs are those of RFC 9562.
    pub const ZOD_4: Self = Self::version(9, 4);

    /// The first version that imports lists of endpoint artifacts, through the import of exception lists.
    pub const IMPORTS_ARTIFACTS: Self = Self::version(9, 4);

    /// Whether a rule is refused for a key that is not known (before about 8.10). Later the key is dropped without a word.
    pub fn refuses_unknown_keys(self) -> bool {
        self < Self::version(8, 10)
    }

    /// Whether the import takes the key `originId` off every record before it looks at it (8.19, and 9.1 or later).
    pub fn strips_origin_id(self) -> bool {
        self == Self::LAST_8 || self >= Self::version(9, 1)
    }

    /// Whether a missing connector keeps every rule of a file out, not only those that use it (8.7 to 8.18, and 9.0).
    pub fn blocks_on_connectors(self) -> bool {
        self >= Self::version(8, 7) && !self.strips_origin_id()
    }

    /// Whether rules of Elastic's own can be imported (8.18, 8.19, and 9.0 or later).
    pub fn imports_prebuilt(self) -> bool {
        self >= Self::version(8, 18)
    }
}

impl TryFrom<String> for Target {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl Default for Target {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::SERVERLESS {
            return f.write_str("serverless");
        }
        let [major, minor] = self.0.to_be_bytes();
        write!(f, "{major}.{minor}")
    }
}

impl FromStr for Target {
    type Err = Error;

    /// Reads `8.11`, `8.11.3` (a patch version changes nothing), `8.x` or `9.x` for the last that is known, or `serverless`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage(format!(
                "a target must be a version from `{}` to `9.x`, or `serverless`, found `{text}`",
                Self::OLDEST
            ))
        };
        match text {
            "serverless" => return Ok(Self::SERVERLESS),
            "9.x" => return Ok(Self::NEWEST),
            "8.x" => return Ok(Self::LAST_8),
            "7.x" => return Ok(Self::OLDEST),
            _ => {}
        }
        let mut numbers = text.split('.').map(|number| {
            let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            number.parse::<u8>().ok().filter(|_| digits)
        });
        let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
            return Err(wrong());
        };
        let has_patch = match numbers.next() {
            None => true,
            Some(patch) => patch.is_some() && numbers.next().is_none(),
        };
        let known = match major {
            7 => minor == 17,
            8 => minor <= 19,
            9 => true,
            _ => false,
        };
        if has_patch && known {
            Ok(Self::version(major, minor))
        } else {
            Err(wrong())
        }
    }
}

/// Since when Kibana knows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The first version that knows it.
    pub version: Target,
    /// Whether that rests on a source. What does not may warn, but never make a record wrong.
    pub sure: bool,
}

impl Since {
    /// Reads `8.11`, or `8.11?` where it is not sure.
    pub(super) fn read(text: &str) -> Result<Self> {
        let version = text.trim_end_matches('?');
        Ok(Self {
            version: version.parse()?,
            sure: version.len() == text.len(),
        })
    }

    /// Whether this target came before it.
    pub fn is_after(self, target: Target) -> bool {
        target < self.version
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.sure { "" } else { "about " };
        write!(f, "{about}{}", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_in_order() {
        let texts = [
            "7.17",
            "8.0",
            "8.9",
            "8.11",
            "8.19",
            "9.0",
            "9.6",
            "serverless",
        ];
        let targets = texts.map(|text| text.parse::<Target>().unwrap());
        assert!(targets.is_sorted());
        assert_eq!(targets.map(|target| target.to_string()), texts);
        assert_eq!("8.11.3".parse::<Target>().unwrap(), Target::version(8, 11));
        assert_eq!("9.x".parse::<Target>().unwrap(), Target::NEWEST);
    }

    #[test]
    fn refuses_what_is_no_kibana_of_ours() {
        for text in [
            "", "8", "8.", "7.16", "8.20", "10.0", "8.1.2.3", "8.+1", "v8.1", "9.256", "main",
        ] {
            let failure = text.parse::<Target>().unwrap_err();
            assert!(failure.to_string().contains("`7.17` to `9.x`"), "{failure}");
        }
    }

    #[test]
    fn knows_two_lines_of_releases() {
        let strips = |text: &str| text.parse::<Target>().unwrap().strips_origin_id();
        assert!(strips("8.19") && strips("9.1") && strips("serverless"));
        assert!(!strips("8.18") && !strips("9.0"));
    }
}
