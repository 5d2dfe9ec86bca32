//! `--compare`: where a server's dry run and the offline answer differ.

use ruleferry::bulk::{self, Summary};
use ruleferry::error::Error;
use ruleferry::ops::bulk_action::{Compared, Difference, Verdict};
use serde_json::{Value, json};

use super::Asked;
use crate::cli::exit::Exit;
use crate::cli::notes::write_text;
use crate::cli::told::count;
use crate::cli::{Format, work};

impl Asked<'_> {
    /// Compares, and tells what differs: as data, one line a rule.
    pub(super) fn compare(&self, offline: &bulk::Request) -> Result<Exit, Error> {
        let consumed = std::sync::Arc::default();
        let compared = self.order(true).compare(
            (self.ids.as_deref(), &self.resolved.missing),
            offline,
            &self.verb.settings(),
            &self.global.reading(&consumed),
        )?;
        let exit = if compared.differences.is_empty() && compared.live == compared.offline {
            Exit::Done
        } else {
            Exit::Findings
        };
        match self.verb.format {
            Format::Json => {
                let report = report(self.space.as_str(), &compared, exit);
                work::print(&format!("{report}\n"))?;
            }
            Format::Text => {
                let lines: String = compared.differences.iter().map(line).collect();
                work::print(&lines)?;
                if !self.global.quiet {
                    self.summarize(&compared);
                }
            }
        }
        Ok(exit)
    }

    fn summarize(&self, compared: &Compared) {
        let counts =
            |summary: Summary| format!("{} pass, {} fail", summary.succeeded, summary.failed);
        let differ = match compared.differences.len() as u64 {
            0 if compared.live == compared.offline => "no difference".to_owned(),
            0 => "other counts, though no rule differs: the space changed meanwhile".to_owned(),
            number => format!("{} said otherwise", count(number, "rule")),
        };
        write_text(&format!(
            "{}: the server says {}; offline {}; {differ}",
            self.place(),
            counts(compared.live),
            counts(compared.offline),
        ));
        let needs = |code: &str| {
            let has = |verdict: &Verdict| matches!(verdict, Verdict::Fails { code: Some(found), .. } if found == code);
            let mut differences = compared.differences.iter();
            differences.any(|difference| has(&difference.live) != has(&difference.offline))
        };
        if needs("PREBUILT_CUSTOMIZATION_LICENSE") || needs("IMMUTABLE") {
            write_text(
                "note: whether Elastic's own rules may be edited is the server's matter; say it with `--prebuilt-customization`",
            );
        }
        if needs("MACHINE_LEARNING_AUTH") {
            write_text("note: say the server's licence with `--license`");
        }
    }
}

/// As in "rule `acme-1` (Acme): the server says it passes, offline …".
fn line(difference: &Difference) -> String {
    let rule = &difference.rule;
    let label = match rule.rule_id.as_str() {
        "" => format!("rule of id `{}`", rule.id),
        rule_id => format!("rule `{rule_id}` ({})", rule.name),
    };
    format!(
        "{label}: the server says that {}; offline {}\n",
        words(&difference.live),
        words(&difference.offline)
    )
}

fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Unchosen => "it is not one of those chosen".into(),
        Verdict::Passes => "it passes".into(),
        Verdict::Fails {
            message,
            status,
            code,
        } => {
            let code = code.as_ref().map(|code| format!(" {code}"));
            format!(
                "it fails with {status}{} ({message})",
                code.unwrap_or_default()
            )
        }
    }
}

fn report(space: &str, compared: &Compared, exit: Exit) -> Value {
    let summary = |summary: Summary| {
        json!({
            "failed": summary.failed,
            "succeeded": summary.succeeded,
            "skipped": summary.skipped,
            "total": summary.total(),
        })
    };
    let verdict = |verdict: &Verdict| match verdict {
        Verdict::Unchosen => json!({"verdict": "unchosen"}),
        Verdict::Passes => json!({"verdict": "passes"}),
        Verdict::Fails {
            message,
            status,
            code,
        } => {
            json!({"verdict": "fails", "message": message, "status_code": status, "err_code": code})
        }
    };
    let differences = compared.differences.iter().map(|difference| {
        let rule = &difference.rule;
        let rule_id = Some(&rule.rule_id).filter(|id| !id.is_empty());
        json!({
            "id": rule.id,
            "rule_id": rule_id,
            "name": Some(&rule.name).filter(|name| !name.is_empty()),
            "live": verdict(&difference.live),
            "offline": verdict(&difference.offline),
        })
    });
    json!({
        "schema_version": 1,
        "space": space,
        "live": summary(compared.live),
        "offline": summary(compared.offline),
        "differences": differences.collect::<Vec<_>>(),
        "exit": exit.code(),
    })
}
