//! Runs a page of `docs/` from top to bottom, as a reader who pastes its blocks, and compares what is printed.
//!
//! - A block of `sh` is run, in one folder for the whole page. It must end with 0, or as `<!-- exits with 3 -->` before it says.
//! - A block of `text` after it is what it prints. Times, ids, sizes and the widths of columns may differ.
//! - Any block after a line that ends in "`NAME`:" is written to that file, unless the name is a path from the root.
//! - `<!-- meanwhile: EVENT -->` lets something happen on the servers; `<!-- not run -->` is before a block that cannot be run here.
//!
//! `PAGES=overwrite` writes what was printed into the page. Other blocks are not run; [`commands`] finds what they call.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::Folder;

/// What a server says of a request that it refuses, and what the tests' own says.
const FAULT: (&str, &str) = ("Forbidden", "the weather is bad");

/// A page, and what its names stand for here.
pub(crate) struct Page {
    path: PathBuf,
    pub(crate) folder: Folder,
    /// Text of the page, and what it is while it runs.
    names: Vec<(String, String)>,
}

/// A block between fences.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) language: String,
    /// The line of its fence, from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
    /// The file that the line before names.
    pub(crate) file: Option<String>,
    exit: i32,
    pub(crate) is_run: bool,
    /// What happens before it.
    events: Vec<String>,
}

/// A page of `docs/`.
pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(name),
    )
    .unwrap()
}

/// The blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut open, mut before) = (false, "");
    let (mut exit, mut is_run, mut events) = (0, true, Vec::new());
    for (number, line) in page.lines().enumerate() {
        let told = |name: &str| {
            Some(
                line.strip_prefix("<!-- ")?
                    .strip_prefix(name)?
                    .strip_suffix(" -->")?
                    .to_owned(),
            )
        };
        if open && line == "```" {
            open = false;
        } else if open {
            let text = &mut blocks.last_mut().unwrap().text;
            text.push_str(line);
            text.push('\n');
        } else if let Some(language) = line.strip_prefix("```") {
            let name = before
                .strip_suffix("`:")
                .and_then(|it| it.rsplit('`').next());
            blocks.push(Block {
                language: language.to_owned(),
                line: number + 1,
                text: String::new(),
                file: name.map(ToOwned::to_owned),
                exit: std::mem::take(&mut exit),
                is_run: std::mem::replace(&mut is_run, true),
                events: std::mem::take(&mut events),
            });
            (open, before) = (true, "");
        } else if let Some(code) = told("exits with ") {
            exit = code.parse().unwrap();
        } else if let Some(event) = told("meanwhile: ") {
            events.push(event);
        } else if line == "<!-- not run -->" {
            is_run = false;
        } else if !line.is_empty() {
            before = line;
        }
    }
    assert!(!open, "a block has no end");
    blocks
}

impl Page {
    /// A page of `docs/`; `names` are text of the page, and what it is while it runs.
    pub(crate) fn of(name: &str, folder: Folder, names: &[(&str, &str)]) -> Self {
        let owned = |(page, real): &(&str, &str)| ((*page).to_owned(), (*real).to_owned());
        Self {
            path: Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("docs")
                .join(name),
            folder,
            names: names.iter().map(owned).chain([owned(&FAULT)]).collect(),
        }
    }

    /// Runs the page.
    pub(crate) fn run(&self, mut meanwhile: impl FnMut(&str)) {
        let page = fs::read_to_string(&self.path).unwrap();
        if Command::new("jq").arg("--version").output().is_err() {
            // Readers are told that they need it.
            return;
        }
        let name = self.path.file_name().unwrap().to_string_lossy();
        let mut lines: Vec<&str> = page.lines().collect();
        let (mut printed, mut wrong, mut outputs) = (None, Vec::new(), Vec::new());
        for block in blocks(&page) {
            block.events.iter().for_each(|event| meanwhile(event));
            let place = format!("docs/{name}:{}", block.line);
            match (
                &*block.language,
                &block.file,
                Option::<String>::take(&mut printed),
            ) {
                ("text", _, Some(output)) if even(&output) != even(&block.text) => {
                    wrong.push(format!("{place} is printed otherwise:\n{output}"));
                    let within = block.line..block.line + block.text.lines().count();
                    outputs.push((within, output));
                }
                (_, Some(file), _) if !file.starts_with('/') => {
                    self.folder.write(file, self.real(&block.text));
                }
                ("sh", _, _) if block.is_run => {
                    let (code, output) = self.sh(&block.text);
                    if code != Some(block.exit) {
                        let script = &block.text;
                        wrong.push(format!("{place} ends with {code:?}:\n{script}{output}"));
                    }
                    printed = Some(output);
                }
                _ => {}
            }
        }
        if std::env::var_os("PAGES").is_some_and(|it| it == "overwrite") {
            for (within, output) in outputs.iter().rev() {
                lines.splice(within.clone(), output.lines());
            }
            fs::write(&self.path, lines.join("\n") + "\n").unwrap();
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn real(&self, text: &str) -> String {
        self.names
            .iter()
            .fold(text.to_owned(), |text, (page, real)| {
                text.replace(page, real)
            })
    }

    /// Runs commands, and tells the code and what they print, errors in between.
    fn sh(&self, script: &str) -> (Option<i32>, String) {
        let mut command = Command::new("sh");
        let binary = Path::new(env!("CARGO_BIN_EXE_ruleferry"));
        let mut path = vec![self.folder.path("bin"), binary.parent().unwrap().into()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        command.args(["-ec", &format!("exec 2>&1\n{}", self.real(script))]);
        for name in [
            "KIBANA_URL",
            "KIBANA_SPACE",
            "KIBANA_API_KEY",
            "KIBANA_USERNAME",
            "RULEFERRY_PROFILE",
        ] {
            command.env_remove(name);
        }
        command
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", self.folder.path("home"))
            .env("XDG_STATE_HOME", self.folder.path("state"))
            .env("RULEFERRY_CONFIG", self.folder.path("config.toml"))
            .env("NO_PROXY", "127.0.0.1");
        let ran = self.folder.command(&mut command, b"");
        let output = String::from_utf8(ran.stdout).unwrap();
        let told = self
            .names
            .iter()
            .fold(output, |text, (page, real)| text.replace(real, page));
        (ran.code, told)
    }
}

/// The text without what differs from run to run.
pub(crate) fn even(text: &str) -> String {
    let units = ["B", "KiB", "MiB", "s", "ms"];
    let line = |line: &str| {
        let words: Vec<String> = line.split_whitespace().map(word).collect();
        let is_amount = |at: usize| {
            let unit = words
                .get(at + 1)
                .map(|it| it.trim_end_matches([',', '.', ':', ')']));
            words[at].parse::<f64>().is_ok() && unit.is_some_and(|it| units.contains(&it))
        };
        let even = |at: usize| if is_amount(at) { "N" } else { &*words[at] };
        (0..words.len()).map(even).collect::<Vec<_>>().join(" ")
    };
    text.trim_end()
        .lines()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A word, in which times and ids are all alike.
fn word(word: &str) -> String {
    let is_of_id = |char: char| char.is_ascii_alphanumeric() || ":.-".contains(char);
    let mut even = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|char| !is_of_id(char)).unwrap_or(rest.len());
        let run = rest[..end].trim_end_matches(['.', ':']);
        even.push_str(if is_time(run) {
            "TIME"
        } else if is_id(run) {
            "ID"
        } else {
            run
        });
        let next = rest[end..].find(is_of_id).map_or(rest.len(), |it| end + it);
        even.push_str(&rest[run.len()..next]);
        rest = &rest[next..];
    }
    even
}

fn is_time(run: &str) -> bool {
    let begins = |like: &[u8]| {
        run.len() >= like.len()
            && run.bytes().zip(like).all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                _ => byte == *like,
            })
    };
    begins(b"0000-00-00") || begins(b"00:00")
}

fn is_id(run: &str) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
    run.len() >= 8 && run.contains(|it: char| it.is_ascii_digit()) && run.bytes().all(is_digit)
}

/// Whether a sample for systemd or Kubernetes can be read.
pub(crate) fn is_well_formed(block: &Block) -> bool {
    let joined = block.text.replace("\\\n", " ");
    match &*block.language {
        "ini" => joined.lines().all(|line| {
            line.is_empty() || line.contains('=') || line.starts_with('[') && line.ends_with(']')
        }),
        "yaml" => saphyr_parser::Parser::new_from_str(&block.text).all(|event| event.is_ok()),
        _ => true,
    }
}

/// The commands in blocks that are not run: lines of a shell, of cron and of systemd, and `args` of a container.
pub(crate) fn commands(block: &Block) -> Vec<String> {
    let text = block.text.replace("\\\n", " ");
    if let Some((_, args)) = text.split_once("args: [") {
        let args = args.split(']').next().unwrap().replace(',', " ");
        return vec![format!("ruleferry {args}")];
    }
    let called = |one: &str| Some(format!("ruleferry {}", one.split_once("ruleferry ")?.1));
    text.lines()
        .flat_map(|line| line.split(" && "))
        .filter_map(called)
        .collect()
}
