//! Links into a Kibana space.
//!
//! A link is one where the text leaves no doubt: a URL of the Kibana in question, or for other spaces than the default one
//! a URL, template or Markdown target that goes on with `/s/SPACE/app/`. The default space needs no `/s/` in its URLs: links
//! without one are known by the Kibana they begin with, those that spell out `/s/default` like any other space's.

use std::borrow::Cow;
use std::ops::Range;

use super::references::Notes;
use super::settings::{BaseUrl, SpaceId};
use crate::record::Record;

/// The path of the default space where a link spells it out.
const DEFAULT: &str = "/s/default";

/// Which links to convert, and into what.
#[derive(Debug)]
pub(super) struct Links<'s> {
    /// The path of the old space; empty for the default space.
    from: String,
    /// The path of the new space; empty for the default space.
    to: String,
    /// The Kibana whose links are meant.
    kibana: Option<Cow<'s, BaseUrl>>,
    /// The Kibana that takes its place.
    new_kibana: Option<&'s BaseUrl>,
}

impl<'s> Links<'s> {
    pub(super) fn new(
        from: &SpaceId,
        to: &SpaceId,
        kibana: Option<&'s BaseUrl>,
        new_kibana: Option<&'s BaseUrl>,
    ) -> Self {
        Self {
            from: from.segment(),
            to: to.segment(),
            kibana: kibana.map(Cow::Borrowed),
            new_kibana,
        }
    }

    /// Takes the Kibana that `url` leads to for the one whose links are meant, if that is not set and cannot be told
    /// otherwise: links into the default space look like any other.
    pub(super) fn learn(&mut self, url: &str) {
        if self.kibana.is_none() && self.from.is_empty() {
            self.kibana = before_app(url).and_then(BaseUrl::read).map(Cow::Owned);
        }
    }

    /// Whether `url` leads into the new space already.
    pub(super) fn is_new(&self, url: &str) -> bool {
        let kibana = before_app(url)
            .and_then(|before| before.strip_suffix(self.to.as_str()))
            .and_then(BaseUrl::read);
        kibana.is_some_and(|kibana| self.new_kibana.is_none_or(|new| *new == kibana))
    }

    /// The text with its links converted; none if it has none.
    pub(super) fn converted(&self, text: &str) -> Option<String> {
        let new = self.converted_from(&self.from, text);
        if !self.from.is_empty() {
            return new;
        }
        let spelt_out = self.converted_from(DEFAULT, new.as_deref().unwrap_or(text));
        spelt_out.or(new)
    }

    fn converted_from(&self, from: &str, text: &str) -> Option<String> {
        let mark = if from.is_empty() { "/app" } else { from };
        let mut new = String::new();
        let mut copied = 0;
        for (at, _) in text.match_indices(mark) {
            let path = at + from.len();
            let Some(url) = self.link(from, text, at..path).filter(|url| *url >= copied) else {
                continue;
            };
            new.push_str(&text[copied..url]);
            match self.new_kibana {
                Some(kibana) if url < at => new.push_str(&kibana.to_string()),
                _ => new.push_str(&text[url..at]),
            }
            new.push_str(&self.to);
            copied = path;
        }
        let new = (copied > 0).then(|| new + &text[copied..])?;
        (new != text).then_some(new)
    }

    /// Where the URL begins that has the path `from` of the old space at `space`; there itself where the link has no URL of
    /// its own in front. None if it is no link into the old space.
    fn link(&self, from: &str, text: &str, space: Range<usize>) -> Option<usize> {
        let at = space.start;
        let (before, after) = (&text[..at], &text[space.end..]);
        let in_app = after.strip_prefix("/app").is_some_and(ends_segment);
        if before.ends_with("}}") {
            let template = before
                .rfind("{{")
                .map(|start| before[start..].trim_matches(['{', '}', '&', ' ']))?;
            let sure = in_app && (!from.is_empty() || template == "kibanaBaseUrl");
            return sure.then_some(at);
        }
        if before.ends_with("](") {
            // Such a target has no base path, so it cannot lead to a Kibana that has one.
            let reaches = self.new_kibana.is_none_or(|kibana| !kibana.has_path());
            return (in_app && !from.is_empty() && reaches).then_some(at);
        }
        let token = before
            .rfind(is_delimiter)
            .map_or(0, |end| end + width(before, end));
        let lower = before[token..].to_ascii_lowercase();
        let url = token
            + ["https://", "http://"]
                .into_iter()
                .filter_map(|scheme| lower.rfind(scheme))
                .max()?;
        let kibana = BaseUrl::read(&before[url..]).filter(|_| !before.ends_with('/'))?;
        let sure = match &self.kibana {
            Some(meant) if from.is_empty() => in_app && kibana == **meant,
            Some(Cow::Borrowed(meant)) => ends_segment(after) && kibana == **meant,
            // A path that names the space is sure by itself; what was learned is for links that do not.
            Some(Cow::Owned(_)) | None => in_app && !from.is_empty(),
        };
        sure.then_some(url)
    }
}

/// Notes where the path of the old space is still named, once for each member: no sure link, so it stays.
pub(super) fn left(record: &Record<'_>, from: &SpaceId, notes: &mut Notes) {
    // In JSON within a string a slash may be written `\/`, which is `\\/` in the record.
    let paths = ["/", "\\/", "\\\\/"].map(|slash| format!("{slash}s{slash}{}", from.as_str()));
    // The link in `meta` has a note of its own.
    for (key, value) in record.members().filter(|(key, _)| key != "meta") {
        let text = value.text();
        let found = paths.iter().find_map(|path| {
            let (at, _) = text
                .match_indices(path.as_str())
                .find(|(at, _)| ends_segment(&text[at + path.len()..]))?;
            let start = text[..at]
                .rfind(is_delimiter)
                .map_or(0, |end| end + width(text, end));
            let end = text[at..]
                .find(is_delimiter)
                .map_or(text.len(), |end| at + end);
            Some(&text[start..end])
        });
        if let Some(found) = found {
            let why = "it names the old space but is no sure link into it; look at it by hand";
            notes.add(&key, found, why);
        }
    }
}

/// What stands before the `/app` of a URL: the Kibana and perhaps a space.
fn before_app(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    url[host..]
        .find("/app/")
        .map(|app| &url[..host + app])
        .or_else(|| url.strip_suffix("/app"))
}

/// Whether a segment of a path ends where `rest` goes on.
fn ends_segment(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '%' | '~'))
}

/// What stands between a URL and the text before it.
fn is_delimiter(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | '|' | ','
        )
}

/// How many bytes the character at `index` has.
fn width(text: &str, index: usize) -> usize {
    text[index..].chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(from: &str, to: &str, urls: [Option<&str>; 2], text: &str) -> Option<String> {
        let url = |index: usize| urls[index].map(|url| url.parse::<BaseUrl>().unwrap());
        let (kibana, new_kibana) = (url(0), url(1));
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let links = Links::new(&from, &to, kibana.as_ref(), new_kibana.as_ref());
        let new = links.converted(text)?;
        assert_eq!(links.converted(&new), None, "twice is more than once");
        Some(new)
    }

    #[test]
    fn knows_links_into_a_space_by_their_path() {
        let to = |to: &str, text: &str| converted("dev", to, [None, None], text);
        assert_eq!(
            to(
                "emea",
                "see https://k.example.com:5601/base/s/dev/app/security/rules?x=/s/dev/app."
            )
            .unwrap(),
            "see https://k.example.com:5601/base/s/emea/app/security/rules?x=/s/dev/app."
        );
        assert_eq!(
            to("default", "[a](/s/dev/app/x) {{{kibanaBaseUrl}}}/s/dev/app").unwrap(),
            "[a](/app/x) {{{kibanaBaseUrl}}}/app"
        );
        assert_eq!(
            to("emea", "{{ rule.base }}/s/dev/app/x").unwrap(),
            "{{ rule.base }}/s/emea/app/x"
        );
        for text in [
            "https://k.example.com/s/dev-2/app/x",
            "https://k.example.com/s/dev/blog",
            "https://k.example.com/s/dev/apple",
            "https://k.example.com/?to=/s/dev/app/x",
            "https://k.example.com//s/dev/app/x",
            "cp /s/dev/app/x .",
            "k.example.com/s/dev/app/x",
            "/s/dev/app/x",
        ] {
            assert_eq!(to("emea", text), None, "{text}");
        }
    }

    #[test]
    fn knows_links_by_the_kibana_that_was_named() {
        let urls = [
            Some("https://k.example.com"),
            Some("https://new.example.com/base"),
        ];
        assert_eq!(
            converted(
                "dev",
                "emea",
                urls,
                r#"<HTTPS://K.example.com/s/dev> "https://k.example.com/s/dev/api/x""#
            )
            .unwrap(),
            r#"<https://new.example.com/base/s/emea> "https://new.example.com/base/s/emea/api/x""#
        );
        assert_eq!(
            converted("dev", "emea", urls, "https://other.example.com/s/dev/app/x"),
            None
        );
        assert_eq!(
            converted("dev", "emea", urls, "https://k.example.com/app/x"),
            None
        );
        assert_eq!(converted("dev", "emea", urls, "[x](/s/dev/app/x)"), None);
    }

    #[test]
    fn puts_the_space_into_links_of_the_default_one() {
        let urls = [Some("https://k.example.com/b"), None];
        assert_eq!(
            converted(
                "default",
                "emea",
                urls,
                "é(https://k.example.com/b/app/security) {{kibanaBaseUrl}}/app/x"
            )
            .unwrap(),
            "é(https://k.example.com/b/s/emea/app/security) {{kibanaBaseUrl}}/s/emea/app/x"
        );
        for text in [
            "https://k.example.com/app/x",
            "https://k.example.com/b/application",
            "https://k.example.com/b/s/other/app/x",
            "https://other.example.com/b/app/x",
            "[x](/app/x)",
            "{{rule.base}}/app/x",
        ] {
            assert_eq!(converted("default", "emea", urls, text), None, "{text}");
        }
        assert_eq!(
            converted(
                "default",
                "emea",
                [None, None],
                "https://k.example.com/app/x"
            ),
            None
        );
    }

    #[test]
    fn knows_the_default_space_where_it_is_spelt_out() {
        let to = |urls, text: &str| converted("default", "emea", urls, text);
        assert_eq!(
            to(
                [None, None],
                "https://k.example.com/b/s/default/app/security {{{x}}}/s/default/app"
            )
            .unwrap(),
            "https://k.example.com/b/s/emea/app/security {{{x}}}/s/emea/app"
        );
        let named = [Some("https://k.example.com"), None];
        assert_eq!(
            to(
                named,
                "https://k.example.com/s/default/api https://k.example.com/app/x"
            )
            .unwrap(),
            "https://k.example.com/s/emea/api https://k.example.com/s/emea/app/x"
        );
        for text in [
            "https://k.example.com/s/default-2/app/x",
            "https://other.example.com/s/default/app/x",
        ] {
            assert_eq!(to(named, text), None, "{text}");
        }
    }

    #[test]
    fn learns_the_kibana_from_its_url() {
        let (default, emea) = ("default".parse().unwrap(), "emea".parse().unwrap());
        let mut links = Links::new(&default, &emea, None, None);
        links.learn("https://apps.example.com/s/emea/app/security");
        assert_eq!(links.converted("https://apps.example.com/app/x"), None);
        links.learn("https://apps.example.com/app/security");
        assert_eq!(
            links.converted("https://apps.example.com/app/x").unwrap(),
            "https://apps.example.com/s/emea/app/x"
        );
        assert!(links.is_new("https://apps.example.com/s/emea/app"));
        assert!(
            !links.is_new("https://apps.example.com/s/other/app/x")
                && !links.is_new("https://a.example.com/app/x")
        );
    }

    #[test]
    fn moves_the_default_space_between_clusters() {
        let urls = [
            Some("https://k.example.com"),
            Some("https://k.example.com/b"),
        ];
        let text = "https://k.example.com/app/x {{kibanaBaseUrl}}/app/x";
        let new = "https://k.example.com/b/app/x {{kibanaBaseUrl}}/app/x";
        assert_eq!(converted("default", "default", urls, text).unwrap(), new);
    }
}
