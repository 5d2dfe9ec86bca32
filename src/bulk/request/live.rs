//! A request for a live server, whose own words count: the body stays as it was written, but for who it is for.

use super::{ACTIONS, COMMON, Named, each_once, edits, exceptions, gap_types, limits, unnamed};
use crate::bulk::value::{Dropped, Value};
use crate::edit::Edit;
use crate::error::Result;
use crate::json::{Object, quoted};

/// What a server is to do, and to which rules.
#[derive(Debug)]
pub struct Live<'t> {
    /// What is to be done.
    pub work: Work,
    /// Which rules it is for.
    pub choice: Choice,
    /// The keys that Kibana drops without a word.
    pub dropped: Vec<Dropped>,
    /// The edits, where that is what is to be done.
    pub edits: Vec<Edit>,
    /// Whether rules are chosen by the gaps in their runs too, which Kibana knows since 9.0.
    pub by_gaps: bool,
    body: Object<'t>,
}

/// What is to be done: the `action` of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the request")]
pub enum Work {
    Enable,
    Disable,
    Delete,
    Duplicate,
    Export,
    Edit,
    Run,
    FillGaps,
}

/// Which rules a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Those with these `id`s, each once and in the order of the request.
    Ids(Vec<String>),
    /// Those with these `rule_id`s, each once; the server takes only `id`s, which are still to be found.
    RuleIds(Vec<String>),
    /// Those that match a query, which is the server's to read; an empty one is every rule.
    Query(String),
}

/// What it means to do a request twice, because nobody knows whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// Twice is once.
    Same,
    /// The content is that of once; `version` and `revision` may move on twice, and actions get new ids.
    SameContent,
    /// It is done twice.
    Twice,
}

impl Work {
    /// The one of this name, which is one of [`ACTIONS`].
    fn named(name: &str) -> Self {
        match name {
            "enable" => Self::Enable,
            "disable" => Self::Disable,
            "delete" => Self::Delete,
            "duplicate" => Self::Duplicate,
            "export" => Self::Export,
            "edit" => Self::Edit,
            "run" => Self::Run,
            _ => Self::FillGaps,
        }
    }

    /// The name in the request, as in `fill_gaps`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::Duplicate => "duplicate",
            Self::Export => "export",
            Self::Edit => "edit",
            Self::Run => "run",
            Self::FillGaps => "fill_gaps",
        }
    }
}

impl<'t> Live<'t> {
    /// Reads a request body.
    ///
    /// Fails where no Kibana would take it, and where it does not say which rules it is for: to a server that means all.
    pub fn parse(text: &'t str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let body = Value::body(text)?.object()?;
        let work = body
            .required("action", "a string")
            .and_then(|action| action.choice(ACTIONS))
            .map(Work::named)?;
        let mut dropped = Vec::new();
        let own_key = match work {
            Work::Duplicate | Work::Edit | Work::Run | Work::FillGaps => Some(work.name()),
            Work::Enable | Work::Disable | Work::Delete | Work::Export => None,
        };
        let known: Vec<&'static str> = COMMON.into_iter().chain(own_key).collect();
        body.drops(&known, &mut dropped);
        let named = Named::read(&body)?;
        gap_types(&body)?;
        let edits = own(&body, work, &mut dropped)?;
        let by_gaps = limits(&body, &named, usize::MAX)?.is_some();
        let choice = choice(&body, named)?;
        Ok(Self {
            work,
            choice,
            dropped,
            edits,
            by_gaps,
            body: Object::parse(body.raw().text())?,
        })
    }

    /// The body as it was written, for rules that a query chooses.
    pub fn body(&self) -> String {
        self.body.to_json().into()
    }

    /// The body for these rules.
    pub fn body_for(&self, ids: &[String]) -> Result<String> {
        let mut body = Object::parse(self.body.text())?;
        body.remove("rule_ids");
        let ids: Vec<_> = ids.iter().map(|id| quoted(id)).collect();
        body.set("ids", format!("[{}]", ids.join(",")));
        Ok(body.to_json().into())
    }

    /// Whether every rule of the space is meant.
    pub fn is_for_all(&self) -> bool {
        matches!(&self.choice, Choice::Query(query) if query.trim().is_empty()) && !self.by_gaps
    }

    /// What it means to do it twice.
    pub fn repeated(&self) -> Repeated {
        match self.work {
            Work::Enable | Work::Disable | Work::Delete | Work::Export => Repeated::Same,
            Work::Duplicate | Work::Run | Work::FillGaps => Repeated::Twice,
            Work::Edit => edited_again(&self.edits),
        }
    }
}

/// Adding actions never looks whether they are there (bulk-actions.md §7.7), unless the same request sets them.
fn edited_again(edits: &[Edit]) -> Repeated {
    let adds = edits
        .iter()
        .any(|edit| matches!(edit, Edit::AddRuleActions(new) if !new.actions.is_empty()));
    let sets = edits
        .iter()
        .any(|edit| matches!(edit, Edit::SetRuleActions(_)));
    if adds && !sets {
        Repeated::Twice
    } else {
        Repeated::SameContent
    }
}

/// Reads what only this action takes; gives the edits.
fn own(body: &Value<'_>, work: Work, dropped: &mut Vec<Dropped>) -> Result<Vec<Edit>> {
    match work {
        Work::Edit => return edits::parse(body, dropped, &mut Vec::new()),
        Work::Duplicate => _ = exceptions(body, dropped)?,
        Work::Run | Work::FillGaps => {
            let times = body.required(work.name(), "an object")?.object()?;
            times.drops(&["start_date", "end_date"], dropped);
            times.required("start_date", "a time")?.string()?;
            // Early versions of `run` end now.
            if work == Work::FillGaps || times.member("end_date").is_some() {
                times.required("end_date", "a time")?.string()?;
            }
        }
        Work::Enable | Work::Disable | Work::Delete | Work::Export => {}
    }
    Ok(Vec::new())
}

fn choice(body: &Value<'_>, named: Named<'_>) -> Result<Choice> {
    if let Some(ids) = named.ids {
        return Ok(Choice::Ids(each_once(ids)));
    }
    if let Some(ids) = named.rule_ids {
        return Ok(Choice::RuleIds(each_once(ids)));
    }
    match named.query {
        Some((query, _)) => Ok(Choice::Query(query)),
        None => Err(unnamed(
            body,
            "name the rules by `ids`, `rule_ids` or `query`; if every rule is meant, say `\"query\": \"\"` in the request",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(text: &str) -> Live<'_> {
        Live::parse(text).unwrap()
    }

    #[track_caller]
    fn refuses(text: &str, part: &str) {
        let error = Live::parse(text).unwrap_err();
        assert!(error.to_string().contains(part), "{text}: {error}");
    }

    #[test]
    fn the_body_stays_as_it_was_written_but_for_the_ids() {
        let text = r#" {"action" : "enable","query": "a: b" ,"more":1.0} "#;
        let request = live(text);
        assert_eq!(request.body(), text.trim());
        assert_eq!(request.choice, Choice::Query("a: b".into()));
        assert_eq!(&*request.dropped[0].pointer, "/more");

        let request = live(r#"{"rule_ids":["r","r"],"action":"delete", "x":1.0}"#);
        assert_eq!(request.choice, Choice::RuleIds(vec!["r".into()]));
        let ids = ["a\"b".to_owned(), "c".to_owned()];
        assert_eq!(
            request.body_for(&ids).unwrap(),
            r#"{"action":"delete", "x":1.0,"ids":["a\"b","c"]}"#
        );
        let request = live(r#"{"ids":["1","2","1"], "action":"delete"}"#);
        assert_eq!(
            request.body_for(&ids[1..]).unwrap(),
            r#"{"ids":["c"], "action":"delete"}"#
        );
        assert_eq!(
            request.choice,
            Choice::Ids(vec!["1".to_owned(), "2".to_owned()])
        );
    }

    #[test]
    fn a_request_says_which_rules_it_is_for() {
        refuses(r#"{"action":"delete"}"#, "means every rule there is");
        refuses(
            r#"{"action":"delete","ids":["1"],"query":""}"#,
            "Both query and ids are sent",
        );
        refuses(
            r#"{"action":"delete","rule_ids":["1"],"query":"x: y"}"#,
            "`rule_ids` chooses the rules, and so does `query`",
        );
        refuses(r#"{"action":"delete","ids":[]}"#, "at least one string");
        refuses(r#"{"action":"remove","ids":["1"]}"#, "`/action` must be");
        assert!(live(r#"{"action":"delete","query":" "}"#).is_for_all());
        assert!(!live(r#"{"action":"delete","query":"x: y"}"#).is_for_all());
        // The server reads the query, which may be of a field that is not known here.
        live(r#"{"action":"delete","query":"alert.attributes.lastRun.outcome: failed"}"#);
        let gaps = r#"{"action":"fill_gaps","query":"","fill_gaps":{"start_date":"a","end_date":"b"},"gaps_range_start":"a","gaps_range_end":"b","gap_fill_statuses":[]}"#;
        assert!(live(gaps).by_gaps && !live(gaps).is_for_all());
    }

    #[test]
    fn each_action_has_what_it_takes() {
        refuses(
            r#"{"action":"run","ids":["1"]}"#,
            "`/run` must be an object",
        );
        refuses(
            r#"{"action":"fill_gaps","ids":["1"],"fill_gaps":{"start_date":"a"}}"#,
            "`/fill_gaps/end_date` must be a time",
        );
        live(r#"{"action":"run","ids":["1"],"run":{"start_date":"a"}}"#);
        refuses(
            r#"{"action":"edit","ids":["1"],"edit":[]}"#,
            "at least one edit",
        );
        refuses(
            r#"{"action":"duplicate","ids":["1"],"duplicate":{"include_exceptions":true}}"#,
            "include_expired_exceptions",
        );
    }

    #[test]
    fn doing_it_twice_is_told_apart() {
        let of = |action: &str| {
            let text = format!("{{\"ids\":[\"1\"],\"action\":{action}}}");
            live(&text).repeated()
        };
        for same in ["enable", "disable", "delete", "export"] {
            assert_eq!(of(&format!("\"{same}\"")), Repeated::Same, "{same}");
        }
        let edit = |edits: &str| of(&format!("\"edit\",\"edit\":[{edits}]"));
        let tags = r#"{"type":"add_tags","value":["a"]}"#;
        let action = r#"[{"id":"c","group":"default","params":{}}]"#;
        let adds = format!(r#"{{"type":"add_rule_actions","value":{{"actions":{action}}}}}"#);
        let sets = format!(r#"{{"type":"set_rule_actions","value":{{"actions":{action}}}}}"#);
        assert_eq!(edit(tags), Repeated::SameContent);
        assert_eq!(edit(&sets), Repeated::SameContent);
        assert_eq!(edit(&format!("{sets},{adds}")), Repeated::SameContent);
        assert_eq!(edit(&format!("{tags},{adds}")), Repeated::Twice);
        assert_eq!(of("\"duplicate\""), Repeated::Twice);
        assert_eq!(
            of("\"run\",\"run\":{\"start_date\":\"a\"}"),
            Repeated::Twice
        );
    }
}
