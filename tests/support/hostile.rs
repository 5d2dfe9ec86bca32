//! Records as no sane program writes them, made from a seed: JSON in every spelling there is.

/// A generator of choices, so that a record is its seed.
pub(crate) struct Choices(u64);

const BLANKS: [&str; 8] = ["", "", "", "", " ", "  ", "\t", " \r "];
const KEYS: [&str; 24] = [
    r#""rule_id""#,
    r#""r\u0075le_id""#,
    r#""tags""#,
    r#""t\u0061gs""#,
    r#""name""#,
    r#""severity""#,
    r#""actions""#,
    r#""params""#,
    r#""index""#,
    r#""exceptions_list""#,
    r#""list_id""#,
    r#""item_id""#,
    r#""entries""#,
    r#""attributes""#,
    r#""type""#,
    r#""""#,
    r#""a\/b""#,
    r#""\"""#,
    r#""\ud83d\ude00""#,
    "\"\u{2028}\"",
    "\"é\"",
    r#""id""#,
    r#""meta""#,
    r#""risk_score""#,
];
const SCALARS: [&str; 36] = [
    "1.0",
    "-0",
    "1e400",
    "-1E-400",
    "12345678901234567890",
    "123456789012345678901234567890",
    "0.10",
    "1E+2",
    "21",
    "null",
    "true",
    "false",
    r#""""#,
    r#""plain""#,
    r#""\u0061""#,
    r#""\u2028""#,
    "\"\u{2028}\u{2029}\"",
    r#""\\""#,
    r#""\\\"""#,
    r#""\/""#,
    r#""{\"a\":[1,2]}""#,
    r#""}],""#,
    r#""\b\f\n\r\t""#,
    r#""\ud83d""#,
    r#""\ud83d\ude00""#,
    "\"😀\"",
    "\"\u{7f}\u{85}\u{feff}\"",
    "{}",
    "[]",
    "{ }",
    "[ ]",
    "[[],{}]",
    r#""a:b,c""#,
    r#""\u0022""#,
    r#""linux""#,
    r#""high""#,
];

impl Choices {
    /// The choices of this seed.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, by the `SplitMix64` generator.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ (word >> 31)) % bound as u64).unwrap_or(0)
    }

    /// One of several.
    pub(crate) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// A JSON value, nested now and then.
    pub(crate) fn value(&mut self) -> String {
        let mut out = String::new();
        self.write_value(&mut out, 3);
        out
    }

    /// A line without its end: an object, perhaps with a carriage return behind it.
    pub(crate) fn line(&mut self) -> String {
        let mut out = self.blank().to_owned();
        if self.below(200) == 0 {
            self.write_deep(&mut out);
        } else {
            let members = self.below(12);
            self.write_object(&mut out, members, 3);
        }
        out + self.blank() + self.one(&["", "", "\r"])
    }

    /// A line that an edit of rules takes: the same with a `rule_id`, no member that makes it another kind, and tags.
    pub(crate) fn rule(&mut self) -> String {
        let mut out = format!(
            "{{{}\"rule_id\":{}\"r{}\"",
            self.blank(),
            self.blank(),
            self.below(1000)
        );
        for _ in 0..self.below(8) {
            let key = self.one(&[
                r#""name""#,
                r#""n\u0061me""#,
                r#""meta""#,
                r#""severity""#,
                "\"\u{2028}\"",
                r#""""#,
                r#""to""#,
            ]);
            self.write_member(&mut out, key);
        }
        if self.below(4) > 0 {
            let tags: Vec<&str> = (0..self.below(4))
                .map(|_| self.one(&[r#""a""#, r#""\u0061""#, r#""x y""#, "\"é\""]))
                .collect();
            let tags = tags.join([",", ", ", " ,"][self.below(3)]);
            out += &format!(
                "{},{}\"tags\"{}:{}[{}{tags}]",
                self.blank(),
                self.blank(),
                self.blank(),
                self.blank(),
                self.blank()
            );
        }
        out + self.blank() + "}" + self.one(&["", "", " ", "\r"])
    }

    /// The same JSON in another spelling: blanks around signs, and escapes for letters.
    pub(crate) fn respell(&mut self, json: &str) -> String {
        let mut out = String::new();
        let mut in_string = false;
        let mut chars = json.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' if in_string => {
                    out.push(c);
                    out.extend(chars.next());
                }
                '"' => {
                    in_string = !in_string;
                    out.push(c);
                }
                '{' | '}' | '[' | ']' | ',' | ':' if !in_string => {
                    out.push_str(self.one(&["", "", " "]));
                    out.push(c);
                }
                c if in_string && c.is_ascii_alphanumeric() && self.below(20) == 0 => {
                    out += &format!("\\u{:04x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out
    }

    fn blank(&mut self) -> &'static str {
        self.one(&BLANKS)
    }

    fn write_member(&mut self, out: &mut String, key: &str) {
        *out += &format!(
            "{},{}{key}{}:{}",
            self.blank(),
            self.blank(),
            self.blank(),
            self.blank()
        );
        self.write_value(out, 2);
    }

    fn write_value(&mut self, out: &mut String, depth: usize) {
        match self.below(8) {
            0 if depth > 0 => {
                let members = self.below(4);
                self.write_object(out, members, depth - 1);
            }
            1 if depth > 0 => {
                let elements = self.below(4);
                self.write_array(out, elements, depth - 1);
            }
            _ => out.push_str(self.one(&SCALARS)),
        }
    }

    fn write_object(&mut self, out: &mut String, members: usize, depth: usize) {
        out.push('{');
        for index in 0..members {
            out.push_str(if index > 0 { "," } else { "" });
            let (before, key, colon, after) =
                (self.blank(), self.one(&KEYS), self.blank(), self.blank());
            *out += &format!("{before}{key}{colon}:{after}");
            self.write_value(out, depth);
            out.push_str(self.blank());
        }
        out.push('}');
    }

    fn write_array(&mut self, out: &mut String, elements: usize, depth: usize) {
        out.push('[');
        for index in 0..elements {
            out.push_str(if index > 0 { "," } else { "" });
            out.push_str(self.blank());
            self.write_value(out, depth);
            out.push_str(self.blank());
        }
        out.push(']');
    }

    fn write_deep(&mut self, out: &mut String) {
        let depth = 1 + self.below(500);
        *out += &format!("{}1{}", r#"{"a":["#.repeat(depth), "]}".repeat(depth));
    }
}
