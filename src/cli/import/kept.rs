//! A kept plan that is to be done, and a bundle whose lists get new ids: what an import rests on beside its files.

use std::path::Path;

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

    /// The terms that it was made on; what only the import decides stays as asked.
    pub(super) fn terms(&self, asked: Terms) -> Terms {
        let is = |key: &str| self.plan["overwrite"][key] == true;
        Terms {
            overwrite: Overwrite {
                rules: is("rules"),
                exceptions: is("exceptions"),
                connectors: is("connectors"),
            },
            allow_missing_exceptions: self.plan["allow_missing_exceptions"] == true,
            items_in_place: asked.items_in_place || self.plan["items_in_place"] == true,
        }
    }

    /// Makes the plan again, and fails where anything is not as it was.
    pub(super) fn check(&self, job: &Job<'_>, files: &[std::path::PathBuf]) -> Result<()> {
        let moved = |what: String| -> Error {
            ErrorKind::Unfit {
                message: format!("`{}` holds no longer: {what}", self.path).into(),
                help: "look at it anew with `ruleferry plan`",
            }
            .into()
        };
        let [space] = job.spaces else {
            return Err(moved("it is for one space".into()));
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
            return Err(moved("the files are not those that it was made of".into()));
        }
        let client = &job.connected.client;
        for (key, now) in [
            ("url", client.url().to_owned()),
            ("space", space.to_string()),
            ("version", job.bundle.target.to_string()),
        ] {
            if self.plan[key] != now.as_str() {
                let before = self.plan[key].as_str().unwrap_or_default();
                return Err(moved(format!("its {key} is `{before}`, found `{now}`")));
            }
        }
        let now = Plan::make(client, space, job.bundle, job.manner.terms)?;
        let touched = plan::touched(&now);
        if let Some(what) = first_difference(
            &self.plan["touched"],
            &touched,
            &["kind", "id", "fingerprint"],
        ) {
            return Err(moved(format!("{what} in the space is not as it was")));
        }
        let records: Value = now
            .records
            .iter()
            .map(|record| plan::record(job.bundle, space, record))
            .collect();
        if let Some(what) =
            first_difference(&self.plan["records"], &records, &["kind", "id", "outcome"])
        {
            return Err(moved(format!("what becomes of {what} is not as planned")));
        }
        Ok(())
    }
}

/// What the first element is about that is not the same in both, by these members.
fn first_difference(before: &Value, now: &Value, members: &[&str]) -> Option<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (before, now) = (list(before), list(now));
    let at = (0..before.len().max(now.len())).find(|&at| {
        let pair = before.get(at).zip(now.get(at));
        !pair.is_some_and(|(a, b)| members.iter().all(|&member| a[member] == b[member]))
    })?;
    let found = before.get(at).or(now.get(at))?;
    Some(format!(
        "{} `{}`",
        found["kind"].as_str().unwrap_or("record"),
        found["id"].as_str().unwrap_or_default()
    ))
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
