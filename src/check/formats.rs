//! Is a string spelt as it must be?

use super::dates::{self, Reading};
use crate::schema::{Format, Target};

/// How Kibana reads a string of this format.
pub(super) fn reading(format: Format, text: &str, target: Target) -> Reading {
    let fits = match format {
        Format::Uuid => is_uuid(text, target >= Target::ZOD_4),
        Format::DateTime => dates::date_time(text, false).is_some(),
        Format::IsoMillis => dates::date_time(text, true).is_some(),
        Format::DateMath => return dates::reading(text),
        Format::Duration => dates::duration(text).is_some(),
        Format::Throttle => {
            matches!(text, "no_actions" | "rule") || dates::duration(text).is_some()
        }
    };
    if fits {
        Reading::Meant
    } else {
        Reading::Unreadable
    }
}

/// Whether it is a UUID; a `strict` one is of RFC 9562: version 1 to 8 and its variant, or all zeros, or all ones.
fn is_uuid(text: &str, strict: bool) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_hex = |group: &str| group.bytes().all(|b| b.is_ascii_hexdigit());
    if !groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        || !groups.iter().all(|group| is_hex(group))
    {
        return false;
    }
    let all = |c: char| {
        text.chars()
            .all(|found| found == '-' || found.eq_ignore_ascii_case(&c))
    };
    let version = matches!(groups[2].as_bytes()[0], b'1'..=b'8');
    let variant = matches!(
        groups[3].as_bytes()[0].to_ascii_lowercase(),
        b'8' | b'9' | b'a' | b'b'
    );
    !strict || version && variant || all('0') || all('f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_uuids_of_two_ages() {
        for text in [
            "6f1c9a52-2f0e-4c7b-9a55-0b7f6f6f1d10",
            "6F1C9A52-2F0E-7C7B-Aa55-0b7f6f6f1d10",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ] {
            assert!(is_uuid(text, true) && is_uuid(text, false), "{text}");
        }
        for text in [
            "6f1c9a52-2f0e-9c7b-9a55-0b7f6f6f1d10",
            "6f1c9a52-2f0e-4c7b-ca55-0b7f6f6f1d10",
        ] {
            assert!(!is_uuid(text, true) && is_uuid(text, false), "{text}");
        }
        for text in [
            "",
            "6f1c9a522f0e4c7b9a550b7f6f6f1d10",
            "6f1c9a52-2f0e-4c7b-9a55-0b7f6f6f1d1g",
            "6f1c9a52-2f0e-4c7b-9a55-0b7f6f6f1d10-",
        ] {
            assert!(!is_uuid(text, false), "{text}");
        }
    }
}
