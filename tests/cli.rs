//! Sessions as users type them: `tests/cmd/*.md` with their output, and every command of the README.

#[test]
fn sessions_give_what_they_gave() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}

/// The README's blocks of shell commands, in order.
fn readme_commands() -> Vec<String> {
    let readme = include_str!("../README.md");
    let mut commands = Vec::new();
    let mut within = false;
    for line in readme.lines() {
        match line {
            "```sh" => within = true,
            "```" => within = false,
            command if within => commands.push(command.to_owned()),
            _ => {}
        }
    }
    commands
}

#[cfg(unix)]
#[test]
fn every_command_of_the_readme_works() {
    use std::path::Path;
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let example = Path::new("testdata/bundles/example.ndjson");
    std::fs::create_dir(at("exports")).unwrap();
    for copy in ["export.ndjson", "exports/one.ndjson", "exports/two.ndjson"] {
        std::fs::copy(example, at(copy)).unwrap();
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_ruleferry"));
    let path = std::env::join_paths(
        std::iter::once(binary.parent().unwrap().to_path_buf())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let compress =
        "ruleferry run --step 'enable = {}' export.ndjson -o export.ndjson.zst".to_owned();
    let ours = readme_commands()
        .into_iter()
        .filter(|command| command.starts_with("ruleferry ") || command.starts_with("echo "));
    let mut count = 0;
    for command in std::iter::once(compress).chain(ours) {
        let run = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{command}\n{}",
            String::from_utf8_lossy(&run.stderr)
        );
        count += 1;
    }
    assert!(count > 8, "the README has {count} commands");
    assert!(at("out.ndjson").exists() && at("out.ndjson.zst").exists() && at("ids.csv").exists());
}

#[test]
fn the_readme_gives_the_two_commands_that_are_tested() {
    let commands = readme_commands();
    let first = "cargo run -- run testdata/move-to-tenant1.toml testdata/bundles/example.ndjson -o moved.ndjson";
    assert!(commands.contains(&first.to_owned()));
    assert!(commands.contains(&"cargo test".to_owned()));
    assert!(include_str!("../.ci/run").contains("step cargo test\n"));
}
