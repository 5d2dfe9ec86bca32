//! How fast is a line read? Bytes per second and allocations, over the records of the bundled example.
//!
//! Mean line length: 2 KB. `cargo bench --bench scan`.

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use ruleferry::json::{Object, Raw};
use ruleferry::query::Query;
use ruleferry::record::Record;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const EXAMPLE: &str = include_str!("../testdata/bundles/example.ndjson");

fn over_lines(bencher: Bencher<'_, '_>, work: impl Fn(&str) + Sync) {
    bencher
        .counter(BytesCount::of_str(EXAMPLE))
        .bench(|| EXAMPLE.lines().for_each(&work));
}

/// Whether it is JSON, and where it ends.
#[divan::bench]
fn value(bencher: Bencher<'_, '_>) {
    over_lines(bencher, |line| {
        let _ = black_box(Raw::parse(line).is_ok());
    });
}

/// The spans of all members.
#[divan::bench]
fn object(bencher: Bencher<'_, '_>) {
    over_lines(bencher, |line| {
        let _ = black_box(Object::parse(line).is_ok());
    });
}

/// The spans, and what kind of record it is.
#[divan::bench]
fn record(bencher: Bencher<'_, '_>) {
    over_lines(bencher, |line| {
        let _ = black_box(Record::parse(line, 0).map(|record| record.kind()).ok());
    });
}

/// The spans, one nested edit, and writing it all.
#[divan::bench]
fn splice(bencher: Bencher<'_, '_>) {
    over_lines(bencher, |line| {
        let mut out = Vec::with_capacity(line.len() + 16);
        if let Ok(mut object) = Object::parse(line) {
            object.set("version", "99");
            object.write(&mut out);
        }
        black_box(out);
    });
}

/// A query over each record, which is read first.
#[divan::bench(args = ["severity:high", "tags:\"Linux\" and not enabled:true", "threat.technique.id:T1059*"])]
fn query(bencher: Bencher<'_, '_>, text: &str) {
    let query: Query = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    over_lines(bencher, |line| {
        let _ = black_box(Object::parse(line).map(|rule| query.matches(&rule)).ok());
    });
}
