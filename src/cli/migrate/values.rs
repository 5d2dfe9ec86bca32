//! The value lists that exceptions of a space need: brought there before the exceptions.

use std::io::BufReader;
use std::sync::Mutex;

use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Client, Space};
use ruleferry::ops::beyond::Sort;
use ruleferry::ops::value_lists::{self, Settings};
use ruleferry::stream::Spool;

use super::carry::Carried;
use super::stock::Origin;

/// Brings a list to the space; `may_add` where one that is there may get values.
pub(super) fn carry(
    origin: &Origin,
    (client, space): (&Client, &Space),
    id: &str,
    may_add: bool,
) -> Carried {
    let mut carried = Carried::new(Sort::ValueList, id);
    carried.values = Some((0, 0));
    let brought = carried.bring_values(origin, client, space, may_add);
    carried.or_failed(brought)
}

impl Carried {
    fn bring_values(
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
        let count = value_lists::export(source, &origin.space, &self.id, &mut out)?;
        self.values = Some((count, 0));
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
        self.values = Some((count, told.sent));
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
