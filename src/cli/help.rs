//! Help on topics that several verbs share, completions and man pages.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use ruleferry::error::{Error, ErrorKind, nearest};
use ruleferry::transform::AnyTransform;

use super::exit::Exit;
use super::work;

/// `ruleferry help TOPIC`.
#[derive(Debug, Args)]
pub(crate) struct Help {
    /// A topic, or a verb and perhaps a transform.
    #[arg(value_name = "TOPIC")]
    topic: Vec<String>,
}

/// `ruleferry completions SHELL`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

/// `ruleferry man DIR`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder, made if it is not there.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const TOPICS: [(&str, &str); 5] = [
    ("connection", include_str!("help/connection.txt")),
    ("exit-codes", include_str!("help/exit-codes.txt")),
    ("environment", include_str!("help/environment.txt")),
    ("query", include_str!("help/query.txt")),
    ("pipeline", include_str!("help/pipeline.txt")),
];

impl Help {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        if let [topic] = self.topic.as_slice()
            && let Some((_, text)) = TOPICS.iter().find(|(name, _)| name == topic)
        {
            work::print(text)?;
            return Ok(Exit::Done);
        }
        let mut command = super::command();
        command.build();
        let mut found = &mut command;
        // A transform is known without its verb.
        let is_transform = self
            .topic
            .first()
            .is_some_and(|name| AnyTransform::NAMES.contains(&name.as_str()));
        let verb = is_transform.then(|| "edit".to_owned());
        for name in verb.iter().chain(&self.topic) {
            if found.find_subcommand(name).is_none() {
                return Err(unknown(found, name).into());
            }
            let Some(below) = found.find_subcommand_mut(name) else {
                return Err(unknown(&Command::new(""), name).into());
            };
            found = below;
        }
        work::print(&format!(
            "{}\n",
            found.render_long_help().to_string().trim_end()
        ))?;
        Ok(Exit::Done)
    }
}

fn unknown(command: &Command, name: &str) -> Error {
    let names = command.get_subcommands().map(Command::get_name);
    let topics = TOPICS.iter().map(|(topic, _)| *topic);
    let nearest = nearest(name, names.chain(topics)).map(Into::into);
    ErrorKind::Unknown {
        what: "topic",
        name: name.into(),
        nearest,
    }
    .into()
}

impl Completions {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "ruleferry", &mut script);
        work::print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}

impl Man {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let failed = |source| {
            Error::io(
                format!("writing man pages to `{}`", self.folder.display()),
                source,
            )
        };
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        clap_mangen::generate_to(super::command(), &self.folder).map_err(failed)?;
        Ok(Exit::Done)
    }
}
