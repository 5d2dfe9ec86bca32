//! `status`: can a Kibana be used, and for what?

use clap::Args;
use ruleferry::error::{ErrorKind, Result};
use ruleferry::kibana::{Retry, Space};
use ruleferry::ops::{self, Access, SpaceStatus};
use serde_json::{Value, json};

use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::{Format, Global, work};

const NOTES: &str = "Nothing is changed. Whether the credentials may import shows only in an import, so one of an empty file is \
made in each space. Connectors that lack their secrets are named: rules that use them cannot send anything.

The exit code is 5 where the credentials are refused, 1 where Kibana cannot be reached.";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Status {
    /// A target, as in `prod` or `prod/cust-*`; without it, what flags, variables and `--profile` say.
    #[arg(value_name = "TARGET")]
    target: Option<Target>,
    #[command(flatten)]
    connection: Connection,
    /// How it is written.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// All that is told.
struct Told<'t> {
    connected: &'t Connected,
    status: ops::Status,
    /// The spaces there are, or why that is not known.
    known: Result<Vec<Space>, String>,
    spaces: Vec<SpaceStatus>,
}

impl Status {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        // Whoever asks for the status now wants to know how it is now.
        let once = Retry {
            attempts: 1,
            ..Retry::default()
        };
        let connected = match &self.target {
            Some(target) => self.connection.connect_to(target, once, global),
            None => self.connection.connect(once, global),
        }?;
        let client = &connected.client;
        let status = ops::Status::of(client)?;
        let known = ops::spaces(client);
        let known = match known {
            // Refused credentials are refused for all else too.
            Err(error) if matches!(error.kind(), ErrorKind::Status { status: 401, .. }) => {
                return Err(error.into());
            }
            known => known,
        };
        let known = if connected.spaces.has_globs() {
            Ok(known?)
        } else {
            known.map_err(|error| error.to_string())
        };
        let chosen = connected.spaces.among(known.as_deref().ok())?;
        let spaces = chosen
            .iter()
            .map(|space| SpaceStatus::of(client, space))
            .collect();
        let told = Told {
            connected: &connected,
            status,
            known,
            spaces,
        };
        let text = match self.format {
            Format::Text => told.text(),
            Format::Json => format!("{}\n", told.json()),
        };
        work::print(&text)?;
        Ok(told.exit())
    }
}

impl Told<'_> {
    fn exit(&self) -> Exit {
        let refused = |space: &SpaceStatus| {
            [&space.reads_rules, &space.reads_lists, &space.imports]
                .into_iter()
                .any(|access| matches!(access, Access::Refused(_)))
        };
        if self.spaces.iter().any(refused) {
            Exit::Denied
        } else {
            Exit::Done
        }
    }

    fn text(&self) -> String {
        let status = &self.status;
        let or = |text: &Option<Box<str>>, other: &str| text.as_deref().unwrap_or(other).to_owned();
        let client = &self.connected.client;
        let mut text = format!(
            "{}: Kibana {} ({}), {}\ncredentials: {}\n",
            client.url(),
            or(&status.version, "of a version it does not tell"),
            or(&status.flavor, "flavour unknown"),
            or(&status.health, "health unknown"),
            client.credentials().name(),
        );
        match &self.known {
            Ok(known) => {
                let ids: Vec<&str> = known.iter().map(Space::as_str).collect();
                text += &format!("spaces: {} ({})\n", ids.join(", "), ids.len());
            }
            Err(problem) => text += &format!("spaces: unknown ({problem})\n"),
        }
        let count = |count: Option<u64>| count.map_or("?".to_owned(), |count| count.to_string());
        for space in &self.spaces {
            text += &format!(
                "\nspace {}: {} rules, {} exception lists, {} connectors\n",
                space.space,
                count(space.rules),
                count(space.lists),
                if space.reads_connectors.is_granted() {
                    space.connectors.count.to_string()
                } else {
                    "?".into()
                },
            );
            text += &format!("  {}\n", space.sentence(status.target()));
            for (id, name) in &space.connectors.without_secrets {
                text += &format!("  connector `{name}` ({id}) lacks its secrets\n");
            }
        }
        text
    }

    fn json(&self) -> Value {
        let access = |access: &Access| match access {
            Access::Granted => json!({"granted": true}),
            Access::Refused(words) => json!({"granted": false, "reason": words}),
            Access::Unknown(words) => json!({"granted": null, "reason": words}),
        };
        let target = self.status.target();
        let spaces: Vec<Value> = self
            .spaces
            .iter()
            .map(|space| {
                let lacking = space.connectors.without_secrets.iter().map(|(id, name)| json!({"id": id, "name": name}));
                json!({
                    "space": space.space.as_str(),
                    "rules": space.rules,
                    "exception_lists": space.lists,
                    "connectors": space.reads_connectors.is_granted().then_some(space.connectors.count),
                    "connectors_without_secrets": lacking.collect::<Vec<_>>(),
                    "has_encryption_key": space.has_encryption_key,
                    "read_rules": access(&space.reads_rules),
                    "read_exception_lists": access(&space.reads_lists),
                    "read_connectors": access(&space.reads_connectors),
                    "import": access(&space.imports),
                    "sentence": space.sentence(target),
                })
            })
            .collect();
        json!({
            "schema_version": 1,
            "url": self.connected.client.url(),
            "version": self.status.version,
            "flavor": self.status.flavor,
            "health": self.status.health,
            "credentials": self.connected.client.credentials().name(),
            "spaces": self.known.as_ref().ok().map(|known| known.iter().map(Space::as_str).collect::<Vec<_>>()),
            "chosen": spaces,
            "exit": self.exit().code(),
        })
    }
}
