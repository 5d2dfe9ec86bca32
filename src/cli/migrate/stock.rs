//! What the source space holds, exported once and read for each space that it goes to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::export::{self, Exported, Selection};
use ruleferry::pipeline::{Reading, scan};
use ruleferry::schema::Target;
use ruleferry::stream::{AtomicFile, Durable, Source, Spool};
use serde_json::{Value, json};

use crate::cli::Global;
use crate::cli::connection::Connected;
use crate::cli::import::ledger::Ledger;
use crate::cli::progress::{Counted, Progress};

/// Where everything comes from.
pub(super) struct Origin {
    pub(super) connected: Connected,
    pub(super) space: Space,
    pub(super) version: Target,
}

impl Origin {
    /// As in `prod/soc`.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.connected, self.space)
    }
}

/// The export of the source space.
pub(super) struct Stock {
    name: String,
    file: Mutex<File>,
}

impl Stock {
    /// Exports the space to a temporary file.
    pub(super) fn export(
        origin: &Origin,
        selection: &Selection,
        global: &Global,
    ) -> Result<(Self, Exported)> {
        let written = Arc::new(AtomicU64::new(0));
        let progress = Progress::start(global.progress, None, Arc::clone(&written));
        let mut spool = Spool::new()?;
        let mut counted = Counted {
            out: &mut spool,
            written: &written,
        };
        let mut out = BufWriter::with_capacity(1 << 18, &mut counted);
        let client = &origin.connected.client;
        let exported = export::export(client, &origin.space, origin.version, selection, &mut out)?;
        out.flush()
            .map_err(|source| Error::io("writing a temporary file", source))?;
        drop(out);
        drop(progress);
        let stock = Self {
            name: origin.name(),
            file: Mutex::new(spool.reader()?),
        };
        Ok((stock, exported))
    }

    /// Takes up the export of a run that was cut off.
    pub(super) fn kept(origin: &Origin, path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| {
            Error::io(
                format!("reading `{}`, which the run kept", path.display()),
                source,
            )
        })?;
        Ok(Self {
            name: origin.name(),
            file: Mutex::new(file),
        })
    }

    /// Writes it where a run that goes on finds it.
    pub(super) fn keep(&self, path: &Path) -> Result<()> {
        let writing = |source| Error::io(format!("writing `{}`", path.display()), source);
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(writing)?;
        }
        only_mine(path).map_err(writing)?;
        let mut out = AtomicFile::create(path)?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rewind().map_err(writing)?;
        std::io::copy(&mut *file, &mut out).map_err(writing)?;
        out.commit(Durable::Yes)
    }

    /// Reads it from its beginning, one reader at a time.
    pub(super) fn read<T>(&self, work: impl FnOnce(Source<'static>) -> Result<T>) -> Result<T> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = |source| Error::io("reading a temporary file", source);
        file.rewind().map_err(reading)?;
        let again = file.try_clone().map_err(reading)?;
        work(Source::decoded(self.name.as_str(), again))
    }

    /// The address that the rules give for the Kibana they are from, without space and app; that of most.
    pub(super) fn address(&self, reading: &Reading) -> Result<Option<String>> {
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        self.read(|source| {
            scan(
                reading,
                vec![source],
                |record| {
                    let meta = record.get("meta")?;
                    let url = meta.get("kibana_siem_app_url")?.as_str()?;
                    let before = url.find("/app/").map(|at| &url[..at])?;
                    let base = match before.rfind("/s/") {
                        Some(at) if !before[at + 3..].contains('/') => &before[..at],
                        _ => before,
                    };
                    Some(base.to_owned())
                },
                |_, base| {
                    if let Some(base) = base? {
                        *found.entry(base).or_default() += 1;
                    }
                    Ok(())
                },
            )
        })?;
        let most = found.into_iter().max_by_key(|(_, count)| *count);
        Ok(most.map(|(base, _)| base))
    }
}

/// Sees to it that nobody else reads the file once it is written: what replaces it keeps its permissions.
fn only_mine(path: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

/// Takes down what of the endpoint list could not be had.
pub(super) fn add_missed(ledger: &mut Ledger, lost: Vec<String>) {
    if !lost.is_empty() {
        let mut missed = ledger.get("missed").as_array().cloned().unwrap_or_default();
        missed.extend(lost.into_iter().map(Value::from));
        ledger.set("missed", missed.into());
    }
}

/// Exports the source, and takes down what it did not give.
pub(super) fn export(
    origin: &Origin,
    selection: &Selection,
    ledger: &mut Ledger,
    global: &Global,
) -> Result<Stock> {
    let (stock, exported) = Stock::export(origin, selection, global)?;
    let missed = || exported.lacking.iter().chain(&exported.dangling);
    crate::cli::export::warn(&origin.name(), missed(), global);
    let missed: Vec<String> = missed().map(ToString::to_string).collect();
    ledger.set("missed", json!(missed));
    for (count, what) in [
        (
            exported.prebuilt,
            "rules of Elastic's own, which Kibana before 8.18 does not export",
        ),
        (
            exported.connectors,
            "connectors that rules use, since Kibana before 8.7 exports none",
        ),
    ] {
        if count > 0 && !global.quiet {
            let name = origin.name();
            crate::cli::notes::write_text(&format!("note: {name} is read without {count} {what}"));
        }
    }
    Ok(stock)
}
