//! Runs the built command in a folder of its own, and never waits for ever.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// After this long a command hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// An empty folder, gone with its owner.
pub(crate) struct Folder(tempfile::TempDir);

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names of what is in it, hidden files included.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// Runs `ruleferry` here with these arguments and this standard input.
    pub(crate) fn run(&self, args: &[&str], input: &[u8]) -> Ran {
        self.command(
            Command::new(env!("CARGO_BIN_EXE_ruleferry")).args(args),
            input,
        )
    }

    /// Runs any command here.
    pub(crate) fn command(&self, command: &mut Command, input: &[u8]) -> Ran {
        let mut child = spawn(command.current_dir(self.0.path()));
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // A command that fails early does not read to the end.
            scope.spawn(move || _ = stdin.write_all(input));
            finish(child)
        })
    }
}

/// Starts a command with all its streams piped, and free of the surroundings' settings.
pub(crate) fn spawn(command: &mut Command) -> Child {
    let command = command
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env("RUST_BACKTRACE", "0");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for the end of a command, which must not panic; what is left of its streams is read, if they were not taken.
pub(crate) fn finish(child: Child) -> Ran {
    finish_within(child, PATIENCE)
}

/// The same, for a command that may take longer.
pub(crate) fn finish_within(mut child: Child, patience: Duration) -> Ran {
    let (done, ended) = channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as _),
        child.stderr.take().map(|stream| Box::new(stream) as _),
    ];
    for (index, stream) in streams.into_iter().enumerate() {
        let done = done.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream
                .map_or(Ok(0), |mut stream| stream.read_to_end(&mut bytes))
                .unwrap();
            _ = done.send((index, bytes));
        });
    }
    let mut read = [Vec::new(), Vec::new()];
    for _ in 0..2 {
        let Ok((index, bytes)) = ended.recv_timeout(patience) else {
            child.kill().unwrap();
            panic!("the command hangs");
        };
        read[index] = bytes;
    }
    let [stdout, stderr] = read;
    let ran = Ran {
        code: child.wait().unwrap().code(),
        stdout,
        stderr: String::from_utf8(stderr).unwrap(),
    };
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

/// The files in `testdata/bundles`, by name.
pub(crate) fn bundles() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/bundles");
    let mut bundles: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    bundles.sort();
    assert!(bundles.len() > 3);
    bundles
}

/// The bytes as a zstd file, made by the library itself.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// The bytes as a gzip file, made by the library itself.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
