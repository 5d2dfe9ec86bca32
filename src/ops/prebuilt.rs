//! Elastic's own rules in a space: how many are there, missing or old, and having all of them installed.

use serde::{Deserialize, Serialize};

use super::settle::{Sent, settle};
use crate::error::Result;
use crate::kibana::{Client, Method, Replay, Request, Space};

const PATH: &str = "/api/detection_engine/rules/prepackaged";

/// What a space has of Elastic's own rules and timelines, as `prepackaged/_status` counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the answer")]
pub struct Counts {
    pub rules_custom_installed: u64,
    pub rules_installed: u64,
    pub rules_not_installed: u64,
    pub rules_not_updated: u64,
    pub timelines_installed: u64,
    pub timelines_not_installed: u64,
    pub timelines_not_updated: u64,
}

/// What an installation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[expect(missing_docs, reason = "the names are those of the answer")]
pub struct Installed {
    pub rules_installed: u64,
    pub rules_updated: u64,
    #[serde(default)]
    pub timelines_installed: u64,
    #[serde(default)]
    pub timelines_updated: u64,
}

impl Counts {
    /// Asks how it is.
    pub fn of(client: &Client, space: &Space) -> Result<Self> {
        let request = Request::new(Method::Get, format!("{PATH}/_status")).in_space(space);
        client.send(&request)?.json()
    }

    /// Whether all rules and timelines that the server knows are there, in their newest version.
    pub fn is_complete(&self) -> bool {
        [
            self.rules_not_installed,
            self.rules_not_updated,
            self.timelines_not_installed,
            self.timelines_not_updated,
        ]
        .iter()
        .all(|&count| count == 0)
    }
}

/// Has everything installed and updated; there is no choosing.
///
/// It is sent once: two at a time may both find a rule missing and create it twice. Where the answer is lost, the counts tell.
pub fn install(client: &Client, space: &Space) -> Sent<Installed> {
    let request = Request::new(Method::Put, PATH).in_space(space);
    settle(client, &request, Replay::Unsafe, |mut reply| {
        if reply.status() == 200 {
            reply.json()
        } else {
            Err(reply.into_error())
        }
    })
}
