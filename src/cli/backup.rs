//! `backup`: takes spaces into a repository of dated snapshots.

mod tell;

use clap::Args;
use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::kibana::{Retry, Space};
use ruleferry::ops::backup;
use ruleferry::ops::import::several;
use ruleferry::repo::{Keep, Origin, Writer};
use ruleferry::schema;

use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::notes::write_text;
use super::repo::keep::Keeping;
use super::repo::{Repo, prune};
use super::{Format, Global, render};

/// How many spaces are taken at once, unless `-j` says it.
const AT_ONCE: usize = 4;

const NOTES: &str = "\
Takes of each space all rules, exception lists with their items, connectors, value lists with all their values, and the timelines and \
timeline templates that its users own; the endpoint exception list too; beyond the 10 000 rules that Kibana exports. Each run adds one \
snapshot for each Kibana. A record that did not change is stored once, however many snapshots have it. Nothing is changed on the server.

The repository is a folder that `zstd` and `jq` can read; the file `ruleferry-repo.json` in it says how. It is made if it is not \
there, and belongs to its user alone (0700). A run that is cut off, wherever that is, leaves earlier snapshots whole, and the next one \
clears away what it left. Two runs at once are refused. With `--keep-last`, `--keep-daily` and the like, snapshots that need not stay \
are removed afterwards, as `ruleferry prune` does; the newest one in which a space is whole always stays. Where that cannot be, because \
somebody reads the repository or an older snapshot in it is damaged, a warning says so, and the exit code is that of the backup; \
`ruleferry verify` finds damage.

What could not be had is named, also in the snapshot, which then is `partial`; the exit code is 3. `-v` names also what no snapshot \
has. A space that fails does not stop the others. If all fail, there is no new snapshot. `ruleferry snapshots --repo DIR` shows what \
is there, `ruleferry restore` brings it back.

In no snapshot: secrets of connectors, which Kibana gives to nobody; drafts of timelines, and the templates that Kibana brings along; \
data views, saved queries, machine learning jobs. What Kibana does not have any more though rules refer to it, is named in the snapshot \
and is no lack of it.

Examples:
  ruleferry backup --repo /backups/kibana --from 'prod/*'
  KIBANA_URL=https://kibana.example.com ruleferry backup --repo /backups/kibana --space soc";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Backup {
    #[command(flatten)]
    repo: Repo,
    /// What is taken, as in `prod/*` or `prod/soc,dmz`; may be given again; without it, what flags, variables and `--profile` say.
    #[arg(long, value_name = "TARGET", help_heading = "Connection")]
    from: Vec<Target>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    keeping: Keeping,
    /// How it is told: a table, or JSON lines, one a space and one a snapshot.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// A Kibana, and what is taken of it.
struct Cluster {
    connected: Connected,
    version: schema::Target,
    origin: Origin,
    spaces: Vec<Space>,
}

/// What came of a space: the error that kept it out, if there was one.
type Taken = (Space, Option<Error>);

impl Backup {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let keep = match self.keeping.policy() {
            Some(_) => Some(self.keeping.required()?),
            None => None,
        };
        let asked = self.asked(global)?;
        let repository = self.repo.open_or_create()?;
        let mut writer = repository.writer()?;
        if let Some(damage) = writer.damage() {
            render::warning(damage, global.errors);
        }
        let is_one = asked.len() == 1;
        let mut exits = Vec::new();
        for connected in asked {
            let exit = Cluster::of(connected)
                .and_then(|cluster| self.snapshot(&cluster, &mut writer, global));
            match exit {
                Ok(exit) => exits.push(exit),
                Err(error) if is_one || matches!(error.kind(), ErrorKind::Interrupted) => {
                    return Err(error.into());
                }
                Err(error) => exits.push(render::error(&error.into(), global.errors)),
            }
        }
        let exit = ended(&exits);
        if let (Exit::Done | Exit::Part, Some(keep)) = (exit, keep) {
            remove_old(&mut writer, &keep, global)?;
        }
        Ok(exit)
    }

    /// The Kibanas that are meant, each with all that was said of it.
    fn asked(&self, global: &Global) -> Result<Vec<Vec<Connected>>> {
        if self.from.is_empty() {
            return Ok(vec![vec![
                self.connection.connect(Retry::default(), global)?,
            ]]);
        }
        let mut asked: Vec<Vec<Connected>> = Vec::new();
        for target in &self.from {
            let connected = self
                .connection
                .connect_to(target, Retry::default(), global)?;
            let is_same = |others: &&mut Vec<Connected>| {
                let mut others = others.iter();
                others.any(|other| other.client.url() == connected.client.url())
            };
            match asked.iter_mut().find(is_same) {
                Some(others) => others.push(connected),
                None => asked.push(vec![connected]),
            }
        }
        Ok(asked)
    }

    fn snapshot(&self, cluster: &Cluster, writer: &mut Writer, global: &Global) -> Result<Exit> {
        let jobs = match global.jobs {
            0 => AT_ONCE,
            jobs => jobs,
        };
        let snapshot = writer.snapshot(cluster.origin.clone())?;
        let client = &cluster.connected.client;
        let taken = several(&cluster.spaces, jobs, |space| {
            let error = backup::take(client, space, cluster.version, &snapshot)?;
            Ok((space.clone(), error))
        });
        let mut taken = taken.into_iter().collect::<Result<Vec<Taken>>>()?;
        if taken.iter().all(|(_, error)| error.is_some()) {
            tell::failed(&mut taken, global);
            let first = taken.into_iter().find_map(|(_, error)| error);
            return first.map_or(Ok(Exit::Done), Err);
        }
        let published = snapshot.publish()?;
        tell::done(&published, &mut taken, self.format, global)
    }
}

impl Cluster {
    /// Asks a Kibana for its version and, where there are globs, for its spaces.
    fn of(asked: Vec<Connected>) -> Result<Self> {
        let mut spaces: Vec<Space> = Vec::new();
        for connected in &asked {
            for space in connected.chosen()? {
                if !spaces.contains(&space) {
                    spaces.push(space);
                }
            }
        }
        let Some(connected) = asked.into_iter().next() else {
            return Err(ErrorKind::Bug {
                message: "a Kibana is asked for nothing".into(),
            }
            .into());
        };
        let version = connected.version()?;
        let origin = Origin {
            url: connected.client.url().into(),
            version: Some(version.to_string().into()),
        };
        Ok(Self {
            connected,
            version,
            origin,
            spaces,
        })
    }
}

/// Removes snapshots that need not stay. The new one is there: what keeps old ones from going is told, and is no failure of the run.
fn remove_old(writer: &mut Writer, keep: &Keep, global: &Global) -> Result<()> {
    let going = writer.pruning(keep).map(|pruning| pruning.going());
    let removed = match going {
        Ok(going) if going.is_empty() => return Ok(()),
        Ok(going) => writer.remove(&going),
        Err(error) => Err(error),
    };
    match removed {
        Ok(_) if global.quiet => {}
        Ok(removed) => write_text(&prune::done(removed)),
        Err(error) if matches!(error.kind(), ErrorKind::Interrupted) => return Err(error),
        Err(error) => {
            render::warning(&error, global.errors);
            write_text(
                "the new snapshot is there, but not all old ones that may go were removed; the next `backup` or `prune` tries again",
            );
        }
    }
    Ok(())
}

/// How a run ends whose snapshots ended so.
fn ended(exits: &[Exit]) -> Exit {
    match exits {
        [one] => *one,
        exits if exits.iter().all(|exit| *exit == Exit::Done) => Exit::Done,
        exits
            if exits
                .iter()
                .any(|exit| matches!(exit, Exit::Done | Exit::Part)) =>
        {
            Exit::Part
        }
        exits => exits.first().copied().unwrap_or(Exit::Done),
    }
}
