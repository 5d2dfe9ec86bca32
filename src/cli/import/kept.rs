//! A kept plan that is to be done, and a bundle whose lists get new ids: what an import rests on beside its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::ops::import::Terms;
use ruleferry::ops::model::Overwrite;
use ruleferry::ops::plan::Plan;
use ruleferry::pipeline::{Pipeline, Reading};
use ruleferry::stream::{Source, Spool};
use serde_json::Value;

use super::super::input::{self, Input};
use super::super::plan;
use super::job::Job;

/// A plan as it was kept.
pub(super) struct Kept {
    path: String,
    plan: Value,
}

impl Kept {
    /// Reads a plan that `plan -o` wrote.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::io(format!("reading `{shown}`"), source))?;
        let plan: Option<Value> = serde_json::from_str(&text).ok();
        match plan.filter(|plan| plan["schema_version"] == 1 && plan["records"].is_array()) {
            Some(plan) => Ok(Self { path: shown, plan }),
            None => Err(Error::usage(format!(
                "`{shown}` is no plan; `ruleferry plan FILE -o PLAN` writes one"
            ))),
        }
    }

    /// The terms that it was made on. Fails where others are asked for: a plan is done exactly or not at all.
    pub(super) fn terms(&self, asked: Terms) -> Result<Terms> {
        let is = |key: &str| self.plan[key] == true;
        let overwrites = |key: &str| self.plan["overwrite"][key] == true;
        let terms = Terms {
            overwrite: Overwrite {
                rules: overwrites("rules"),
                exceptions: overwrites("exceptions"),
                connectors: overwrites("connectors"),
            },
            allow_missing_exceptions: is("allow_missing_exceptions"),
            items_in_place: is("items_in_place"),
        };
        let (overwrite, other) = (terms.overwrite, asked.overwrite);
        let asks = [other.rules, other.exceptions, other.connectors];
        let has_other = asks.contains(&true) && other != overwrite;
        let more = [
            ("overwrite", has_other),
            (
                "allow-missing-exceptions",
                asked.allow_missing_exceptions && !terms.allow_missing_exceptions,
            ),
            (
                "items-in-place",
                asked.items_in_place && !terms.items_in_place,
            ),
        ];
        match more.into_iter().find(|(_, is_more)| *is_more) {
            None => Ok(terms),
            Some((flag, _)) => Err(Error::usage(format!(
                "`--plan` does what `{}` says, which was made with another `--{flag}`; plan anew with it, or leave it out",
                self.path
            ))),
        }
    }

    fn moved(&self, what: &str) -> Error {
        ErrorKind::Unfit {
            message: format!("`{}` holds no longer: {what}", self.path).into(),
            help: "look at it anew with `ruleferry plan`".into(),
        }
        .into()
    }

    /// Fails where the plan is not for these files and this space.
    pub(super) fn check(&self, job: &Job<'_>, files: &[PathBuf]) -> Result<()> {
        let [space] = job.spaces else {
            return Err(self.moved("it is for one space"));
        };
        let files: Value = files
            .iter()
            .map(|file| plan::fingerprint(file))
            .collect::<Result<_>>()?;
        let hashes = |files: &Value| -> Vec<Value> {
            let files = files.as_array().into_iter().flatten();
            files.map(|file| file["xxh3"].clone()).collect()
        };
        if hashes(&files) != hashes(&self.plan["files"]) {
            return Err(self.moved("the files are not those that it was made of"));
        }
        let client = &job.connected.client;
        for (key, now) in [
            ("url", client.url().to_owned()),
            ("space", space.to_string()),
            ("version", job.bundle.target.to_string()),
        ] {
            if self.plan[key] != now.as_str() {
                let before = self.plan[key].as_str().unwrap_or_default();
                return Err(self.moved(&format!("its {key} is `{before}`, found `{now}`")));
            }
        }
        Ok(())
    }

    /// Makes the plan again, and fails where anything is not as it was.
    pub(super) fn check_space(&self, job: &Job<'_>) -> Result<()> {
        let client = &job.connected.client;
        let Some(space) = job.spaces.first() else {
            return Ok(());
        };
        let now = Plan::make(client, space, job.bundle, job.manner.terms)?;
        let touched = plan::touched(&now);
        if let Some(what) = first_difference(&self.plan["touched"], &touched, "fingerprint") {
            return Err(self.moved(&format!("{what} in the space is not as it was")));
        }
        let records: Value = now
            .records
            .iter()
            .map(|record| plan::record(job.bundle, space, record))
            .collect();
        if let Some(what) = first_difference(&self.plan["records"], &records, "outcome") {
            return Err(self.moved(&format!("what becomes of {what} is not as planned")));
        }
        Ok(())
    }
}

/// What the first element is about that only one of both has, or that differs in this member. Elements are known by kind, id,
/// line and object, as far as they have them.
fn first_difference(before: &Value, now: &Value, member: &str) -> Option<String> {
    let by_key = |value: &Value| -> BTreeMap<(String, String, Option<u64>, String), Value> {
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let elements = value.as_array().into_iter().flatten();
        elements
            .map(|it| {
                let [kind, id, object] = ["kind", "id", "object"].map(|key| text(&it[key]));
                ((kind, id, it["line"].as_u64(), object), it[member].clone())
            })
            .collect()
    };
    let (before, now) = (by_key(before), by_key(now));
    let keys = before.keys().chain(now.keys());
    let (kind, id, ..) = keys.filter(|key| before.get(*key) != now.get(*key)).min()?;
    Some(format!("{} `{id}`", kind.replace('-', " ")))
}

/// The inputs with new ids for lists and items, made from the seed; lines stay where they were.
pub(super) fn renamed(
    input: &Input,
    reading: &Reading,
    seed: &str,
) -> Result<Vec<Source<'static>>> {
    let steps = format!(
        "[[step]]\nregenerate-list-ids = {{ seed = \"{seed}\" }}\n[[step]]\nregenerate-item-ids = {{ seed = \"{seed}\" }}\n"
    );
    let pipeline = Pipeline::from_toml(&steps)?
        .reading(reading.clone())
        .on_error(ruleferry::pipeline::OnError::Keep);
    let one = |name: String, source: Source<'static>| -> Result<Source<'static>> {
        let mut spool = Spool::new()?;
        pipeline.run_with(vec![source], &mut spool, &mut |_| Ok(()))?;
        Ok(Source::decoded(name.as_str(), spool.reader()?))
    };
    if input.files.is_empty() {
        return Ok(vec![one("-".into(), Source::stdin())?]);
    }
    let files = input.files.iter();
    files
        .map(|file| one(file.display().to_string(), input::source(file)))
        .collect()
}
