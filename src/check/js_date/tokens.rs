//! Text to the pieces that V8's date reader knows: numbers, words, symbols.

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// Its value, of which nine digits count, and its length.
    Number(i64, usize),
    Month(i64),
    /// Half of the day: 0 or 12.
    Half(i64),
    /// A time zone by name: hours from UTC. Whether it is `Z`.
    Zone(i64, bool),
    /// A single `T`.
    Time,
    Word,
    Symbol(char),
    Blank,
    Other,
    End,
}

/// The pieces of the text; it ends at a NUL, as V8 has it.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    let run = |from: usize, of: &dyn Fn(char) -> bool| {
        chars[from..].iter().take_while(|&&c| of(c)).count()
    };
    // V8 takes the separators of lines and paragraphs for letters here.
    let is_blank =
        |c: char| super::super::dates::is_blank(c) && !matches!(c, '\u{2028}' | '\u{2029}');
    let in_word = |c: char| c >= 'A' && !is_blank(c);
    while let Some(&c) = chars.get(at).filter(|&&c| c != '\0') {
        let mut len = 1;
        found.push(match c {
            '0'..='9' => {
                len = run(at, &|c| c.is_ascii_digit());
                let zeros = run(at, &|c| c == '0');
                let digits = chars[at..at + len].iter().skip(zeros).take(9);
                let value = digits.fold(0, |n, c| n * 10 + i64::from(*c as u32 - '0' as u32));
                Token::Number(value, len)
            }
            ':' | '-' | '+' | '.' | ')' => Token::Symbol(c),
            '(' => {
                let mut depth = 0;
                len = run(at, &|c| c != '\0');
                for (index, c) in chars[at..at + len].iter().enumerate() {
                    depth += i32::from(*c == '(') - i32::from(*c == ')');
                    if depth == 0 {
                        len = index + 1;
                        break;
                    }
                }
                Token::Other
            }
            c if in_word(c) => {
                len = run(at, &in_word);
                word(&chars[at..at + len])
            }
            c if is_blank(c) => Token::Blank,
            _ => Token::Other,
        });
        at += len;
    }
    found
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

fn word(chars: &[char]) -> Token {
    let word: String = chars.iter().take(3).map(char::to_ascii_lowercase).collect();
    if let Some(month) = (1..).zip(MONTHS).find(|(_, name)| *name == word) {
        return Token::Month(month.0);
    }
    if chars.len() > 3 {
        return Token::Word;
    }
    match &*word {
        "am" => Token::Half(0),
        "pm" => Token::Half(12),
        "z" => Token::Zone(0, true),
        "ut" | "utc" | "gmt" => Token::Zone(0, false),
        "edt" => Token::Zone(-4, false),
        "est" | "cdt" => Token::Zone(-5, false),
        "cst" | "mdt" => Token::Zone(-6, false),
        "mst" | "pdt" => Token::Zone(-7, false),
        "pst" => Token::Zone(-8, false),
        "t" => Token::Time,
        _ => Token::Word,
    }
}
