//! Which file name does a text give, whatever the text is?
//!
//! Names are ASCII, at most 120 bytes, the same to file systems that mind case and to those that do not, allowed on Windows, and
//! lead nowhere but to the folder they stand in.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

/// The longest slug, and the longest id that is its own name, in bytes.
const LONGEST: usize = 48;

/// Names that Windows takes for devices, with any extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The text in lower case letters, digits and single hyphens, other scripts transliterated; none if nothing is left.
pub(in crate::bundle) fn slug(text: &str) -> Option<String> {
    // A slug needs no more than that, and a name may be a book.
    let start: String = text.chars().take(4 * LONGEST).collect();
    let mut slug = slug::slugify(start);
    if slug.len() > LONGEST {
        let whole_words = slug[..=LONGEST].rfind('-').filter(|&at| at > LONGEST / 2);
        slug.truncate(whole_words.unwrap_or(LONGEST));
    }
    Some(slug).filter(|slug| !slug.is_empty())
}

/// An id as a name, or a part of one: itself if that is safe, else its slug and a hash of it.
pub(super) fn component(id: &str) -> String {
    let is_safe = (1..=LONGEST).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        // Such names are hidden, not read, or taken for flags.
        && !id.starts_with(['.', '_', '-'])
        && !id.ends_with('.')
        && !is_device(id);
    if is_safe {
        id.to_owned()
    } else {
        let mut slug = slug(id).unwrap_or_else(|| "id".to_owned());
        slug.truncate(LONGEST - 9);
        format!("{slug}-{}", hash(id))
    }
}

/// Eight digits that stand for a text.
pub(super) fn hash(text: &str) -> String {
    format!("{:08x}", xxh3_64(text.as_bytes()) >> 32)
}

fn is_device(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or_default();
    let base = base.to_ascii_lowercase();
    let port = base
        .strip_prefix("com")
        .or_else(|| base.strip_prefix("lpt"));
    DEVICES.contains(&&*base)
        || port.is_some_and(|digit| digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit())
}

/// The paths that are taken, as a file system sees them that does not mind case.
#[derive(Debug, Default)]
pub(super) struct Taken(HashSet<Box<str>>);

impl Taken {
    /// Takes a path down.
    pub(super) fn insert(&mut self, path: &str) {
        self.0.insert(path.to_lowercase().into());
    }

    /// Takes the first of the paths that is free.
    pub(super) fn first_free(&mut self, paths: impl Iterator<Item = String>) -> Option<String> {
        paths.into_iter().find(|path| {
            let folded = path.to_lowercase();
            self.0.insert(folded.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_short_and_ascii() {
        for (text, slug_of) in [
            (
                "Suspicious PowerShell (rare)",
                Some("suspicious-powershell-rare"),
            ),
            ("../../etc/passwd", Some("etc-passwd")),
            ("Подозрительный вход", Some("podozritel-nyi-vkhod")),
            ("CON", Some("con")),
            ("a\u{0}b\r\n", Some("a-b")),
            ("///", None),
            ("", None),
        ] {
            assert_eq!(slug(text).as_deref(), slug_of, "{text}");
        }
        let words = slug(&"word ".repeat(1000)).unwrap();
        assert!(
            words.len() <= LONGEST && words.ends_with("-word"),
            "{words}"
        );
        assert_eq!(slug(&"x".repeat(1000)).unwrap().len(), LONGEST);
    }

    #[test]
    fn safe_ids_are_their_own_names() {
        for id in [
            "acme-1",
            "9d1f5a52-7b0c-4f6e-8a8f-0c1d2e3f4a5b",
            "A.b_c",
            "console",
            "com10",
        ] {
            assert_eq!(component(id), id);
        }
    }

    #[test]
    fn unsafe_ids_get_a_hash() {
        let long = "x".repeat(49);
        let ids = [
            "", ".", "..", "../x", "a/b", "a\\b", "a:b", "con", "NUL.txt", "Lpt1", "x.", "x ",
            ".git", "_x", "-rf", "é", "e\u{301}", "a\u{0}b", &long, "🦀", "~", "a*?\"<>|",
        ];
        let names: HashSet<String> = ids.iter().map(|id| component(id)).collect();
        assert_eq!(names.len(), ids.len(), "{names:?}");
        for name in names {
            assert!(name.len() <= LONGEST, "{name}");
            assert_eq!(component(&name), name);
        }
    }

    #[test]
    fn paths_that_differ_in_case_alone_are_one() {
        let mut taken = Taken::default();
        taken.insert("Rules/A.json");
        let paths = ["rules/a.json", "rules/b.json"].map(String::from);
        assert_eq!(
            taken.first_free(paths.clone().into_iter()).as_deref(),
            Some("rules/b.json")
        );
        assert_eq!(taken.first_free(paths.into_iter()), None);
    }
}
