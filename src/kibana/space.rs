//! Which space does a request act in?

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A Kibana space by its id, as it stands in `/s/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Space(Box<str>);

impl Space {
    /// The space that every Kibana has, whose paths have no prefix.
    pub const DEFAULT: &'static str = "default";

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What comes before `/api` in the paths of this space.
    pub(super) fn prefix(&self) -> String {
        if &*self.0 == Self::DEFAULT {
            String::new()
        } else {
            format!("/s/{}", self.0)
        }
    }
}

impl Default for Space {
    fn default() -> Self {
        Self(Self::DEFAULT.into())
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Space {
    type Err = Error;

    /// Reads an id: lower-case letters, digits, `_` and `-`, as Kibana takes for a space.
    fn from_str(id: &str) -> Result<Self> {
        let is_id = !id.is_empty()
            && id.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte)
            });
        if is_id {
            Ok(Self(id.into()))
        } else {
            Err(Error::usage(format!(
                "a space's id must be of lower-case letters, digits, `_` and `-`, found `{id}`"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_space_has_no_prefix() {
        let prefix = |id: &str| id.parse::<Space>().unwrap().prefix();
        assert_eq!(prefix("default"), "");
        assert_eq!(prefix("soc-1"), "/s/soc-1");
        assert_eq!(Space::default().prefix(), "");
        for wrong in ["", "a/b", "../x", "SOC", "a b", "a%2f"] {
            assert!(wrong.parse::<Space>().is_err(), "{wrong}");
        }
    }
}
