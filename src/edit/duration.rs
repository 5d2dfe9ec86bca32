//! How long is `5m`?

/// The seconds of a duration as the alerting layer takes it, `^[1-9]\d*[smhd]$`; none for any other text.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let (last, _) = text.char_indices().next_back()?;
    let (digits, unit) = text.split_at(last);
    let each = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let is_number = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations_and_nothing_else() {
        let cases = [
            ("1s", Some(1)),
            ("5m", Some(300)),
            ("24h", Some(86_400)),
            ("1d", Some(86_400)),
            ("10s", Some(10)),
            ("", None),
            ("m", None),
            ("0m", None),
            ("05m", None),
            ("+5m", None),
            ("5", None),
            ("5w", None),
            ("5 m", None),
            ("5M", None),
            ("1.5h", None),
            ("5µ", None),
            ("99999999999999999999s", None),
            ("9999999999999999999h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
