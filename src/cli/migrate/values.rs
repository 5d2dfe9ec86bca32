//! The value lists that exceptions of a space need: brought there before the exceptions.

use std::io::BufReader;
use std::sync::Mutex;

use clap::ValueEnum;
use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Client, Space};
use ruleferry::ops::beyond::{Beyond, Sort};
use ruleferry::ops::value_lists::{self, Settings};
use ruleferry::stream::Spool;
use serde_json::{Value, json};

use super::stock::Origin;

/// Whether value lists are brought along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Carry {
    /// Those that items use.
    #[default]
    Auto,
    /// None.
    Never,
}

/// What became of a value list.
pub(super) struct Carried {
    pub(super) id: String,
    /// `created`, `unchanged`, `overwritten`, `conflict` or `failed`, as of records.
    pub(super) outcome: &'static str,
    pub(super) message: Option<String>,
    /// How many values it has in the source.
    values: u64,
    sent: u64,
    pub(super) error: Option<Error>,
}

impl Carried {
    pub(super) fn is_there(&self) -> bool {
        !matches!(self.outcome, "conflict" | "failed")
    }

    /// As people read it.
    pub(super) fn text(&self) -> String {
        let message = self.message.as_ref().map(|it| format!(": {it}"));
        format!(
            "  value list `{}` {}, {} values, {} sent{}\n",
            self.id,
            self.outcome,
            self.values,
            self.sent,
            message.unwrap_or_default()
        )
    }

    /// As a line of the report.
    pub(super) fn json(&self, space: &Space, target: Option<&str>) -> Value {
        let mut line = json!({
            "schema_version": 1,
            "kind": "value-list",
            "id": self.id,
            "space": space.as_str(),
            "outcome": self.outcome,
            "message": self.message,
            "values": self.values,
            "sent": self.sent,
        });
        if let Some(target) = target {
            line["target"] = target.into();
        }
        line
    }
}

/// Brings the lists that items need to the space; `may_add` where a list that is there may get values.
pub(super) fn carry(
    origin: &Origin,
    (client, space): (&Client, &Space),
    beyond: &Beyond,
    may_add: bool,
) -> Vec<Carried> {
    beyond
        .of(Sort::ValueList)
        .map(|(id, _)| {
            let mut carried = Carried {
                id: id.to_owned(),
                outcome: "unchanged",
                message: None,
                values: 0,
                sent: 0,
                error: None,
            };
            if let Err(error) = carried.bring(origin, client, space, may_add) {
                carried.outcome = "failed";
                carried.message = Some(error.to_string());
                carried.error = Some(error);
            }
            carried
        })
        .collect()
}

impl Carried {
    fn bring(
        &mut self,
        origin: &Origin,
        client: &Client,
        space: &Space,
        may_add: bool,
    ) -> Result<()> {
        let source = &origin.connected.client;
        let Some(settings) = Settings::of(source, &origin.space, &self.id)? else {
            return Err(Error::refused(format!(
                "{} does not have it",
                origin.name()
            )));
        };
        let mut spool = Spool::new()?;
        let mut out = std::io::BufWriter::new(&mut spool);
        self.values = value_lists::export(source, &origin.space, &self.id, &mut out)?;
        out.into_inner()
            .map_err(|error| Error::io("writing a temporary file", error.into_error()))?;
        let spool = Mutex::new(spool);
        let values = || {
            let mut spool = spool
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            Ok(BufReader::new(spool.reader()?))
        };
        if !may_add && Settings::of(client, space, &self.id)?.is_some() {
            let lacking = value_lists::lacking(client, space, &self.id, values()?)?;
            if lacking > 0 {
                self.outcome = "conflict";
                self.message = Some(format!(
                    "it is there and lacks {lacking} of the values; `--overwrite exceptions` adds them"
                ));
            }
            return Ok(());
        }
        let told = value_lists::import(client, space, &settings, values)?;
        self.sent = told.sent;
        self.outcome = match (told.is_created, told.sent) {
            (true, _) => "created",
            (false, 0) => "unchanged",
            (false, _) => "overwritten",
        };
        if told.missing > 0 {
            return Err(Error::refused(format!(
                "{} of its values did not arrive",
                told.missing
            )));
        }
        Ok(())
    }
}
