//! How does a run end of which parts failed?

use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::spaces;
use serde_json::json;

use super::endpoint::{LIST, heading};
use super::run::{Run, Whole};
use super::side::Side;
use crate::cli::exit::Exit;
use crate::cli::notes::write_text;
use crate::cli::{Format, render};

impl Run<'_> {
    /// Tells why a space was not brought anything; no space stands for the endpoint list.
    pub(super) fn failed(
        &self,
        whole: &mut Whole,
        (side, space): (&Side, Option<&Space>),
        error: Error,
    ) {
        whole.is_over = false;
        whole.exits.push(Exit::of(error.kind()));
        whole.failed += usize::from(space.is_some());
        self.tell(whole, &self.failure((side, space), &error.to_string()));
        if !matches!(error.kind(), ErrorKind::Interrupted) {
            match space {
                Some(space) => write_text(&format!("space `{}`:", side.name(space))),
                None => write_text(heading(side).trim_end()),
            }
            render::error(&error.into(), self.global.errors);
        }
    }

    /// Tells that the run was interrupted before these spaces.
    pub(super) fn not_begun(&self, whole: &mut Whole, side: &Side, spaces: &[Space]) {
        whole.is_over = false;
        whole.exits.push(Exit::Interrupted);
        whole.failed += spaces.len();
        for space in spaces {
            let line = self.failure((side, Some(space)), "not begun: the run was interrupted");
            self.tell(whole, &line);
        }
    }

    /// The line of the report that says why a space, or the endpoint list, is not as it should be.
    pub(super) fn failure(&self, (side, space): (&Side, Option<&Space>), error: &str) -> String {
        let mut line = json!({
            "schema_version": 1,
            "space": space.map(Space::as_str),
            "error": error,
        });
        if space.is_none() {
            line["list_id"] = LIST.into();
        }
        if let Some(target) = self.target(side) {
            line["target"] = target.into();
        }
        format!("{line}\n")
    }

    fn tell(&self, whole: &mut Whole, lines: &str) {
        whole.out.report(lines);
        if self.verb.format == Format::Json {
            whole.out.print(lines);
        }
    }
}

/// Fails where a space is named that the Kibana does not have, as far as the credentials may see its spaces.
pub(super) fn must_exist(side: &Side) -> Result<()> {
    // Whoever may not list spaces learns of one that is missing from what is sent to it.
    let Ok(known) = spaces(&side.connected.client) else {
        return Ok(());
    };
    let absent = side.spaces.iter().filter(|it| !known.contains(it));
    let names: Vec<String> = absent.map(|it| format!("`{}`", side.name(it))).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`--to` names spaces that are not there, or that the credentials may not see: {}",
        names.join(", ")
    )))
}

/// How a run ends whose spaces ended so.
pub(super) fn folded(exits: &[Exit]) -> Exit {
    let has = |wanted: Exit| exits.contains(&wanted);
    if has(Exit::Interrupted) {
        return Exit::Interrupted;
    }
    if has(Exit::Denied) {
        return Exit::Denied;
    }
    match exits.iter().find(|exit| **exit != Exit::Done) {
        None => Exit::Done,
        Some(_) if exits.iter().all(|exit| *exit == Exit::Failed) => Exit::Failed,
        Some(_) => Exit::Part,
    }
}
