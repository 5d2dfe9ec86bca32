//! The value lists that exceptions of a space need: brought there before the exceptions.

use std::io::{BufReader, BufWriter};
use std::sync::{Mutex, PoisonError};

use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Client, Space};
use ruleferry::ops::value_lists::{self, Settings};
use ruleferry::stream::Spool;

use super::carry::lacking;
use super::stock::Origin;
use crate::cli::carried::{Carried, Doing, Thing};

/// Brings a list to the space, or says what would become of it.
pub(super) fn carry(
    origin: &Origin,
    place: (&Client, &Space),
    id: &str,
    doing: Doing<'_>,
) -> Carried {
    stored(origin, id).map_or_else(
        |error| Carried::failed(Thing::ValueList, id, error),
        |(settings, values)| {
            let values = Mutex::new(values);
            let opened = || {
                let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(BufReader::new(values.reader()?))
            };
            Carried::value_list(place, &settings, opened, doing)
        },
    )
}

/// A list of the source, with its values in a temporary file.
fn stored(origin: &Origin, id: &str) -> Result<(Settings, Spool)> {
    let source = &origin.connected.client;
    let Some(settings) = Settings::of(source, &origin.space, id)? else {
        return Err(lacking(origin));
    };
    let mut spool = Spool::new()?;
    let mut out = BufWriter::new(&mut spool);
    value_lists::export(source, &origin.space, id, &mut out)?;
    out.into_inner()
        .map_err(|error| Error::io("writing a temporary file", error.into_error()))?;
    Ok((settings, spool))
}
