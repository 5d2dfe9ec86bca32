//! Every case under `testdata/transforms/NAME/CASE/`: `step.toml` turns `in.ndjson` into `out.ndjson`.
//!
//! `UPDATE=1 cargo test --test golden` writes the outputs anew; the diff is the review.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ruleferry::pipeline::Pipeline;
use ruleferry::transform::AnyTransform;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/transforms")
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    found.sort();
    found
}

fn run(case: &Path, jobs: usize) -> Vec<u8> {
    let step = fs::read_to_string(case.join("step.toml")).unwrap();
    let pipeline = Pipeline::from_step(&step)
        .unwrap_or_else(|error| panic!("{}: {error}", case.display()))
        .jobs(jobs);
    let input = fs::File::open(case.join("in.ndjson")).unwrap();
    let mut output = Vec::new();
    pipeline
        .run(input, &mut output)
        .unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    output
}

#[test]
fn every_case_gives_what_it_gave() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for case in folders(&root())
        .iter()
        .flat_map(|transform| folders(transform))
    {
        let output = run(&case, 2);
        let path = case.join("out.ndjson");
        if update {
            fs::write(&path, &output).unwrap();
        } else if fs::read(&path).unwrap_or_default() != output {
            wrong.push(case);
        }
    }
    assert!(
        wrong.is_empty(),
        "other output than before: {wrong:?}; look with `UPDATE=1 cargo test --test golden` and `git diff`"
    );
}

#[test]
fn every_transform_has_a_case_and_a_kebab_name() {
    let cases: BTreeSet<String> = folders(&root())
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let names: BTreeSet<String> = AnyTransform::NAMES
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    assert_eq!(cases, names);
    for name in names {
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{name}"
        );
        assert!(
            !folders(&root().join(&name)).is_empty(),
            "{name} has no case"
        );
    }
    assert!(AnyTransform::NAMES.is_sorted());
}
