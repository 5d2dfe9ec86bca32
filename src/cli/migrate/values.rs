//! The value lists that exceptions of a space need: brought there before the exceptions.

use std::io::{BufReader, BufWriter};
use std::sync::{Mutex, PoisonError};

use clap::ValueEnum;
use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Client, Space};
use ruleferry::ops::beyond::{Beyond, Sort};
use ruleferry::ops::value_lists::{self, Settings};
use ruleferry::stream::Spool;

use super::stock::Origin;
use crate::cli::carried::{Carried, Doing, Thing};

/// Whether value lists are brought along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Carry {
    /// Those that items use.
    #[default]
    Auto,
    /// None.
    Never,
}

/// Brings the lists that items need to the space; `may_add` where a list that is there may get values.
pub(super) fn carry(
    origin: &Origin,
    (client, space): (&Client, &Space),
    beyond: &Beyond,
    may_add: bool,
) -> Vec<Carried> {
    let doing = Doing::Bring { may_add };
    beyond
        .of(Sort::ValueList)
        .map(|(id, _)| {
            stored(origin, id).map_or_else(
                |error| Carried::failed(Thing::ValueList, id, error),
                |(settings, values)| {
                    let values = Mutex::new(values);
                    let opened = || {
                        let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
                        Ok(BufReader::new(values.reader()?))
                    };
                    Carried::value_list((client, space), &settings, opened, doing)
                },
            )
        })
        .collect()
}

/// A list of the source, with its values in a temporary file.
fn stored(origin: &Origin, id: &str) -> Result<(Settings, Spool)> {
    let source = &origin.connected.client;
    let Some(settings) = Settings::of(source, &origin.space, id)? else {
        let name = origin.name();
        return Err(Error::refused(format!("{name} does not have it")));
    };
    let mut spool = Spool::new()?;
    let mut out = BufWriter::new(&mut spool);
    value_lists::export(source, &origin.space, id, &mut out)?;
    out.into_inner()
        .map_err(|error| Error::io("writing a temporary file", error.into_error()))?;
    Ok((settings, spool))
}
