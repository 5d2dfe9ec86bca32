//! `diff`: what differs between two bundles, record by record.

mod blocks;
mod counts;
mod json;
mod lines;
mod markdown;
mod text;
mod value;

use std::borrow::Cow;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::{Arg, Args, ValueEnum};
use ruleferry::bundle::{Comparison, Difference, Fields, Lens, Outcome, Terms};
use ruleferry::error::{Error, Location};
use ruleferry::json::Raw;
use ruleferry::record::{Kind, Kinds, Record};
use ruleferry::stream::Source;

use super::exit::Exit;
use super::input::{Live, Reach, ended, is_stored, size, source};
use super::ls::{Shown, kinds};
use super::progress::Progress;
use super::selection::Selection;
use super::unreadable::Unreadable;
use super::{Global, render};
use counts::Counts;

const NOTES: &str = "\
Records are matched by the ids that survive an export and an import: `rule_id`; `list_id` and namespace; `item_id`, in its list or \
else in another; a connector's `id`. What a Kibana makes by itself (`id`, dates, `revision`, `rule_source`, the details line, …) \
does not count unless `--all-fields` is given. Neither do the order of records, the order of keys and how a value is spelt; the \
order of arrays does, but for those that are sets (an exception item's `tags`, `os_types` and the values of `match_any`).

Of a live space the rules are read, and the lists, items and connectors that they refer to; where the other side is a space of a \
snapshot (`DIR@latest/soc`), all that a snapshot has, the lists that no rule refers to and the endpoint exception list too.

In the text, `+` came, `-` went, `~` changed; places in arrays are those in A. JSON has a line for each record that differs, with \
the changes as a JSON Patch (RFC 6902) that makes B's content of A's record, and a last line that counts. `-q` gives the exit code \
alone.

Exit codes: 0 no difference, 4 differences, 3 a line of A or B cannot be read, or some of a live space is not to be had, so that the \
answer is not complete.

Examples:
  ruleferry diff --ignore version --format markdown main.ndjson branch.ndjson > comment.md
  ruleferry diff --live prod/soc export.ndjson";

/// The verb.
#[derive(Debug, Args)]
#[command(
    mut_args(reworded),
    override_usage = "ruleferry diff [OPTIONS] A B\n       ruleferry diff [OPTIONS] --live TARGET B\n       ruleferry diff [OPTIONS] --live TARGET --live TARGET",
    after_help = NOTES
)]
pub(crate) struct Diff {
    /// The old bundle; plain, gzip or zstd. `-`: standard input.
    #[arg(value_name = "A", required_unless_present = "live")]
    old: Option<PathBuf>,
    /// The new bundle; as A.
    #[arg(value_name = "B", required_unless_present = "live")]
    new: Option<PathBuf>,
    #[command(flatten)]
    live: Live,
    /// Compares only records of this kind; may be given again.
    #[arg(long = "kind", value_name = "KIND", value_parser = kinds(), help_heading = "Which records")]
    kinds: Vec<Kind>,
    #[command(flatten)]
    selection: Selection,
    /// Leaves out a field, as in `version` or `actions.frequency.throttle`; may be given again.
    #[arg(long, value_name = "FIELD", help_heading = "Which fields")]
    ignore: Vec<String>,
    /// Compares what a Kibana makes by itself too, and details lines.
    #[arg(long, help_heading = "Which fields")]
    all_fields: bool,
    /// Counts only: records by kind, and in how many each field changed.
    #[arg(long, help_heading = "Output")]
    summary: bool,
    /// How differences are written: for people, as JSON lines, or for a pull request.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Shape,
}

/// How differences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Text,
    Json,
    Markdown,
}

/// The outcomes that are differences.
const DIFFERENCES: [Outcome; 3] = [Outcome::Added, Outcome::Removed, Outcome::Changed];

/// Says of the arguments that choose rules what they do here.
fn reworded(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "only" => {
            arg.help("Compares only rules that match in A or in B. See `ruleferry help query`")
        }
        "ids" => arg.help("Compares only rules whose `rule_id` is a line of this file"),
        "live" => arg.help(
            "Reads a live space, as in `prod/soc`, as A; then the one FILE is B. Given twice, as A and as B. See `ruleferry help connection`",
        ),
        _ => arg,
    }
}

impl Diff {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let mut unreadable = Unreadable::new(global);
        self.check()?;
        let mut fetched = self.live.fetch(self.reach(), global)?.into_iter();
        let is_whole = fetched.as_slice().iter().all(|live| live.is_whole);
        let mut files = [&self.old, &self.new].into_iter().flatten();
        let mut next = || match fetched.next() {
            Some(live) => (live.source, Some(live.size)),
            None => files
                .next()
                .map_or((Source::stdin(), None), |path| (source(path), size(path))),
        };
        let sides = [next(), next()];
        let mut comparison = self.read(sides, global, &mut unreadable)?;
        let counts = Counts::new(comparison.tally(), unreadable.count());
        let differs = counts.tally.has_differences();
        let exit = match unreadable.finish() {
            Exit::Done if differs => Exit::Findings,
            exit => exit,
        };
        let exit = ended(exit, is_whole);
        if !global.quiet {
            warn(&mut comparison, global)?;
            self.write(&mut comparison, counts, exit)?;
        }
        Ok(exit)
    }

    /// How much of a live space is read: as much as the other side may have.
    fn reach(&self) -> Reach<'static> {
        let mut files = [&self.old, &self.new].into_iter().flatten();
        if files.any(|path| is_stored(path)) {
            Reach::Snapshot
        } else {
            Reach::Rules(None)
        }
    }

    /// Whether the flags make sense together.
    fn check(&self) -> Result<(), Error> {
        let files: Vec<&PathBuf> = [&self.old, &self.new].into_iter().flatten().collect();
        let given = files.len() + self.live.targets.len();
        if given != 2 {
            return Err(Error::usage(format!(
                "two bundles are compared, each a FILE or a space that `--live` names, found {given}"
            )));
        }
        if files.len() == 2 && files.iter().all(|path| path.as_os_str() == "-") {
            let message = "standard input (`-`) must be A or B, found it as both";
            return Err(Error::usage(message));
        }
        if self.selection.is_given() && !self.kinds.is_empty() && !self.kinds.contains(&Kind::Rule)
        {
            let message = "`--only` and `--ids` choose rules, which `--kind` leaves out";
            return Err(Error::usage(message));
        }
        Ok(())
    }

    fn read(
        &self,
        [old, new]: [(Source<'static>, Option<u64>); 2],
        global: &Global,
        unreadable: &mut Unreadable,
    ) -> anyhow::Result<Comparison> {
        let in_flag = |error: Error| {
            error.at(Location {
                file: "--ignore".into(),
                ..Location::default()
            })
        };
        let fields = if self.all_fields {
            Fields::All
        } else {
            Fields::Owned
        };
        let ignore = self.ignore.iter().map(String::as_str);
        let shown = Shown {
            kinds: &[],
            only: self.selection.query()?,
            ids: self.selection.rule_ids()?,
        };
        let terms = Terms {
            lens: Lens::new(fields, ignore).map_err(in_flag)?,
            kinds: self.compared(),
            chosen: |record: &Record<'_>| shown.has(record),
        };
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let size = old.1.zip(new.1).map(|(old, new)| old + new);
        let _progress = Progress::start(global.progress, size, consumed);
        let [old, new] = [vec![old.0], vec![new.0]];
        let read = Comparison::read(reading, old, new, terms, |error| unreadable.take(error))?;
        Ok(read)
    }

    /// The kinds that are compared: those asked for, else all, the details line only with every field.
    fn compared(&self) -> Kinds {
        let is_compared = |kind: &Kind| {
            if self.kinds.is_empty() {
                *kind != Kind::Details || self.all_fields
            } else {
                self.kinds.contains(kind)
            }
        };
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(is_compared).collect();
        Kinds::of(&kinds)
    }

    fn write(
        &self,
        comparison: &mut Comparison,
        mut counts: Counts,
        exit: Exit,
    ) -> anyhow::Result<()> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut each =
            |outcomes: &[Outcome], tell: &(dyn Fn(&Difference<'_, '_>) -> String + Sync)| {
                let work = |difference: &Difference<'_, '_>| {
                    let told = if self.summary {
                        String::new()
                    } else {
                        tell(difference)
                    };
                    (counts::fields(difference), told)
                };
                comparison.each(outcomes, work, |(fields, told)| {
                    counts.add(fields);
                    out.write_all(told.as_bytes()).map_err(writing)
                })
            };
        match self.format {
            Shape::Text => {
                let palette = text::Palette::new();
                each(&DIFFERENCES, &|difference| {
                    text::record(difference, &palette)
                })?;
                if self.summary {
                    out.write_all(counts.as_text().as_bytes())
                        .map_err(writing)?;
                }
            }
            Shape::Json => {
                each(&DIFFERENCES, &json::record)?;
                let summary = counts.as_json(exit);
                writeln!(out, "{summary}").map_err(writing)?;
            }
            Shape::Markdown if self.summary => {
                each(&DIFFERENCES, &|_| String::new())?;
                out.write_all(counts.as_markdown().as_bytes())
                    .map_err(writing)?;
            }
            Shape::Markdown => write_markdown(comparison, &counts, &mut out)?,
        }
        out.flush().map_err(writing)?;
        if self.format == Shape::Text && !self.summary {
            _ = writeln!(anstream::stderr().lock(), "{}", counts.sentence());
        }
        Ok(())
    }
}

/// Warns of ids that are there twice, and of ignored fields that are not there.
fn warn(comparison: &mut Comparison, global: &Global) -> Result<(), Error> {
    for (count, label, location) in comparison.repeated_ids()?.into_iter().flatten() {
        let others = match count {
            1 => String::new(),
            2 => ", and so does one other id".to_owned(),
            _ => format!(", and so do {} other ids", count - 1),
        };
        let warning = format!(
            "{label} stands in this bundle more than once{others}; equal records are matched first, the rest in order"
        );
        render::warning(&Error::refused(warning).at(location), global.errors);
    }
    for path in comparison.lens().unseen() {
        let warning = format!("`--ignore {path}` leaves nothing out: no record has such a field");
        render::warning(&Error::refused(warning), global.errors);
    }
    Ok(())
}

/// Counts first, then what went, what came, and what changed.
fn write_markdown(
    comparison: &mut Comparison,
    counts: &Counts,
    out: &mut impl Write,
) -> Result<(), Error> {
    out.write_all(counts.as_markdown().as_bytes())
        .map_err(writing)?;
    for outcome in [Outcome::Removed, Outcome::Added, Outcome::Changed] {
        if counts.tally.total(outcome) > 0 {
            out.write_all(markdown::heading(outcome).as_bytes())
                .map_err(writing)?;
            comparison.each(&[outcome], markdown::record, |told| {
                out.write_all(told.as_bytes()).map_err(writing)
            })?;
        }
    }
    Ok(())
}

fn writing(source: std::io::Error) -> Error {
    Error::io("writing the output", source)
}

/// The name of the outcome in reports.
fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Added => "added",
        Outcome::Removed => "removed",
        Outcome::Changed => "changed",
        Outcome::Unchanged => "unchanged",
    }
}

/// The sign of the outcome before a record.
fn sign(outcome: Outcome) -> char {
    match outcome {
        Outcome::Added => '+',
        Outcome::Removed => '-',
        Outcome::Changed => '~',
        Outcome::Unchanged => ' ',
    }
}

/// What people call a record of this kind; a saved object that is no connector by its type.
fn kind(record: &Record<'_>) -> String {
    match record.str("type") {
        Some(ty) if record.kind() == Kind::Connector && !record.is_connector() => {
            value::visible(&ty)
        }
        _ => record.kind().to_string(),
    }
}

/// The name that people gave the record.
fn title_of<'r>(record: &'r Record<'_>) -> Option<Cow<'r, str>> {
    if record.kind() != Kind::Connector {
        return record.str("name");
    }
    let attributes = record.get("attributes")?;
    let named = |key| attributes.get(key).and_then(Raw::as_str);
    named("name").or_else(|| named("title"))
}
