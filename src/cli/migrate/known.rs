//! What are the connectors called that rules of the source act through?

use std::collections::BTreeMap;

use ruleferry::bundle::References;
use ruleferry::error::Result;
use ruleferry::ops::counterpart::Candidates;
use ruleferry::pipeline::{Pipeline, Reading, Step, scan};
use ruleferry::record::{Kind, Record};
use ruleferry::stream::{Source, Spool};

use super::stock::{Origin, Stock};

/// A connector that rules of the source act through.
#[derive(Debug, Clone, Default)]
pub(super) struct Theirs {
    pub(super) name: Option<Box<str>>,
    pub(super) ty: Option<Box<str>>,
}

/// Those that rules of the source act through, by the ids that they have once the user's steps are done.
#[derive(Default)]
pub(super) struct Known(pub(super) BTreeMap<Box<str>, Theirs>);

impl Known {
    /// Reads what the export has of them, as the user's steps leave it; names that no export has come from the space itself.
    pub(super) fn read(
        origin: &Origin,
        stock: &Stock,
        (steps, seed): (&[Step], &str),
        reading: &Reading,
    ) -> Result<Self> {
        let mut known = Self::default();
        let mut take = |source: Source<'static>| {
            scan(reading, vec![source], named, |_, named| {
                // What cannot be read, the import names.
                for (id, theirs) in named.unwrap_or_default() {
                    let known = known.0.entry(id).or_default();
                    if theirs.name.is_some() {
                        *known = theirs;
                    }
                }
                Ok(())
            })
        };
        if steps.is_empty() {
            stock.read(take)?;
        } else {
            let pipeline = Pipeline::new(steps.to_vec())
                .reading(reading.clone())
                .seeded(seed);
            let mut spool = Spool::new()?;
            stock.read(|source| pipeline.run_with(vec![source], &mut spool, &mut |_| Ok(())))?;
            take(Source::decoded(origin.name(), spool.reader()?))?;
        }
        if known.0.values().any(|it| it.name.is_none()) {
            // It is no failure that names cannot be had, since ids can.
            let client = &origin.connected.client;
            let candidates = Candidates::read(client, &origin.space).unwrap_or_default();
            for it in candidates.all() {
                if let Some(known) = known.0.get_mut(&it.id).filter(|it| it.name.is_none()) {
                    known.name = Some(it.name.clone());
                    known.ty = Some(it.connector_type_id.clone());
                }
            }
        }
        Ok(known)
    }

    /// As people call it.
    pub(super) fn label(&self, id: &str) -> String {
        let theirs = self.0.get(id).cloned().unwrap_or_default();
        label(id, theirs.name.as_deref(), theirs.ty.as_deref())
    }
}

/// The connectors that a record is or acts through.
fn named(record: &Record<'_>) -> Vec<(Box<str>, Theirs)> {
    match record.kind() {
        Kind::Rule => {
            let connectors = References::of(record).connectors.into_iter();
            let ids = connectors.map(|id| (id.as_str().into(), Theirs::default()));
            ids.collect()
        }
        Kind::Connector if record.is_connector() => {
            let attributes = record.get("attributes");
            let text = |key: &str| -> Option<Box<str>> {
                let text = attributes?.get(key)?.as_str()?;
                Some(text.as_ref().into())
            };
            let theirs = Theirs {
                name: text("name"),
                ty: text("actionTypeId"),
            };
            let id = record.str("id");
            id.into_iter()
                .map(|id| (id.into(), theirs.clone()))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// As people call a connector.
pub(super) fn label(id: &str, name: Option<&str>, ty: Option<&str>) -> String {
    match (name, ty) {
        (Some(name), Some(ty)) => format!("connector `{name}` ({ty}, id `{id}`)"),
        (Some(name), None) => format!("connector `{name}` (id `{id}`)"),
        (None, _) => format!("connector `{id}`"),
    }
}
