//! A plan in a file: what it would do, and the fingerprints of all that it rests on. It holds no secret.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ruleferry::error::Error;
use ruleferry::stream::{AtomicFile, Durable};
use serde_json::{Value, json};
use xxhash_rust::xxh3::Xxh3;

use super::Told;

/// Writes the plan.
pub(super) fn write(path: &Path, files: &[PathBuf], told: &Told<'_>) -> Result<(), Error> {
    let files = files
        .iter()
        .map(|file| fingerprint(file))
        .collect::<Result<Value, Error>>()?;
    let records: Value = told
        .plan
        .records
        .iter()
        .map(|record| super::record(told.bundle, told.space, record))
        .collect();
    let plan = json!({
        "schema_version": 1,
        "url": told.connected.client.url(),
        "space": told.space.as_str(),
        "version": told.bundle.target.to_string(),
        "overwrite": {
            "rules": told.terms.overwrite.rules,
            "exceptions": told.terms.overwrite.exceptions,
            "connectors": told.terms.overwrite.connectors,
        },
        "allow_missing_exceptions": told.terms.allow_missing_exceptions,
        "items_in_place": told.terms.items_in_place,
        "files": files,
        "touched": super::touched(told.plan),
        "records": records,
        "summary": told.counts(),
        "gaps": told.plan.gaps,
    });
    let mut file = AtomicFile::create(path)?;
    writeln!(file, "{plan:#}")
        .map_err(|source| Error::io(format!("writing `{}`", path.display()), source))?;
    file.commit(Durable::Yes)
}

/// A file's name, length and hash.
pub(in crate::cli) fn fingerprint(path: &Path) -> Result<Value, Error> {
    let reading = |source| Error::io(format!("reading `{}`", path.display()), source);
    let mut file = File::open(path).map_err(reading)?;
    let (mut hash, mut bytes) = (Xxh3::new(), 0_u64);
    let mut window = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut window).map_err(reading)?;
        if read == 0 {
            break;
        }
        hash.update(&window[..read]);
        bytes += read as u64;
    }
    Ok(json!({
        "path": path.display().to_string(),
        "bytes": bytes,
        "xxh3": format!("{:032x}", hash.digest128()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        let of = |text: &str| {
            std::fs::write(&path, text).unwrap();
            fingerprint(&path).unwrap()
        };
        let (one, two) = (of("one\n"), of("two\n"));
        assert_eq!(one["bytes"], 4);
        assert_ne!(one["xxh3"], two["xxh3"]);
        assert_eq!(of("one\n"), one);
    }
}
