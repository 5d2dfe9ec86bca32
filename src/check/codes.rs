//! Every name that a finding can have, with the sentence that explains it.

mod bundle;
mod record;

use super::Level;

/// What a code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The name, which never changes its meaning.
    pub name: &'static str,
    /// How bad such a finding is, as a rule; it may be less for some records or targets.
    pub level: Level,
    /// What is wrong, and what Kibana does about it: one or two sentences.
    pub explanation: &'static str,
}

/// Every code: those of single records first, then those of whole bundles.
pub const CODES: &[Code] = &joined::<{ record::CODES.len() + bundle::CODES.len() }>();

const fn joined<const N: usize>() -> [Code; N] {
    let mut all = [record::CODES[0]; N];
    let mut place = 0;
    while place < N {
        all[place] = if place < record::CODES.len() {
            record::CODES[place]
        } else {
            bundle::CODES[place - record::CODES.len()]
        };
        place += 1;
    }
    all
}

const fn error(name: &'static str, explanation: &'static str) -> Code {
    Code {
        name,
        level: Level::Error,
        explanation,
    }
}

const fn warning(name: &'static str, explanation: &'static str) -> Code {
    Code {
        name,
        level: Level::Warning,
        explanation,
    }
}

const fn note(name: &'static str, explanation: &'static str) -> Code {
    Code {
        name,
        level: Level::Note,
        explanation,
    }
}

/// The code of this name.
pub fn code(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_each_stands_once() {
        for (place, code) in CODES.iter().enumerate() {
            assert!(
                code.name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}",
                code.name
            );
            assert!(
                !CODES[..place].iter().any(|other| other.name == code.name),
                "{}",
                code.name
            );
            assert!(code.explanation.ends_with('.'), "{}", code.name);
        }
    }
}
