//! How fast is a step? Bytes per second and allocations over 16 MB made of the bundled example, with one and two threads.
//!
//! Mean line length: 2 KB. `cargo bench --bench pipeline`.

use std::sync::LazyLock;

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher};
use ruleferry::pipeline::Pipeline;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

static BUNDLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let example = include_bytes!("../testdata/bundles/example.ndjson");
    example.repeat((16 << 20) / example.len())
});

/// Each hot transform with settings that change what they can.
const STEPS: [&str; 10] = [
    r#"add-tags = { tags = ["x"] }"#,
    "only = 'severity:high'\nadd-tags = { tags = [\"x\"] }",
    r#"add-index-patterns = { patterns = ["logs-x-*"] }"#,
    r#"replace-index-patterns = { replaces = ["logs-*=logs-*-x"], esql = true, threat-index = true }"#,
    r#"strip-actions = { types = [".slack"], keep-connectors = true }"#,
    r#"regenerate-list-ids = { seed = "x" }"#,
    r#"convert-space = { from = "default", to = "x" }"#,
    "strip-server-fields = {}",
    "drop-unreferenced = {}",
    r#"set-field = { path = "meta.from", json = '"1m"' }"#,
];

fn run(bencher: Bencher<'_, '_>, pipeline: &Pipeline) {
    bencher.counter(BytesCount::new(BUNDLE.len())).bench(|| {
        pipeline
            .run(&BUNDLE[..], std::io::sink())
            .unwrap_or_else(|error| panic!("{error}"))
    });
}

/// No step: reading and writing alone.
#[divan::bench(consts = [1, 2], sample_count = 5)]
fn no_step<const JOBS: usize>(bencher: Bencher<'_, '_>) {
    run(bencher, &Pipeline::default().jobs(JOBS));
}

/// One step.
#[divan::bench(args = STEPS, consts = [1, 2], sample_count = 5)]
fn step<const JOBS: usize>(bencher: Bencher<'_, '_>, step: &str) {
    let pipeline = Pipeline::from_step(step).unwrap_or_else(|error| panic!("{step}: {error}"));
    run(bencher, &pipeline.jobs(JOBS));
}

/// Six steps in one pass; to be held against one of them.
#[divan::bench(consts = [1, 2], sample_count = 5)]
fn six_steps<const JOBS: usize>(bencher: Bencher<'_, '_>) {
    let steps = [
        r#"add-tags = { tags = ["x"] }"#,
        r#"delete-tags = { tags = ["y"] }"#,
        r#"rename-rules = { suffix = " (moved)" }"#,
        "disable = {}",
        "strip-response-actions = {}",
        r#"add-index-patterns = { patterns = ["logs-x-*"] }"#,
    ];
    let text = format!("[[step]]\n{}", steps.join("\n[[step]]\n"));
    let pipeline = Pipeline::from_toml(&text).unwrap_or_else(|error| panic!("{error}"));
    run(bencher, &pipeline.jobs(JOBS));
}
