//! A Kibana and a client of it; what is sent there is predicted first.

use std::sync::Arc;

use ruleferry::kibana::{
    Client, Content, Credentials, Method, Options, Request, Secret, Space, Upload,
};
use ruleferry::ops::import::Inventory;
use ruleferry::ops::model::{Model, Overwrite};
use ruleferry::ops::snapshot::Snapshot;
use ruleferry::pipeline::Reading;
use ruleferry::schema::Target;
use ruleferry::stream::Source;
use serde_json::Value;

use super::kibana::{API_KEY, Kibana, Settings};

/// The route that rules are imported by.
pub(crate) const IMPORT: &str = "/api/detection_engine/rules/_import";

/// A server with the spaces `soc` and `emea`, and a client that does not wait.
pub(crate) struct Live {
    pub(crate) kibana: Kibana,
    pub(crate) client: Client,
    pub(crate) settings: Settings,
}

impl Live {
    pub(crate) fn start(settings: Settings) -> Self {
        let settings = Settings {
            spaces: vec!["soc".into(), "emea".into()],
            ..settings
        };
        let kibana = Kibana::start(settings.clone());
        let mut options = Options::new(&kibana.url);
        options.credentials = Credentials::ApiKey(Secret::new(API_KEY, "the test").unwrap());
        options.pause = Arc::new(|_| true);
        let client = Client::new(options).unwrap();
        Self {
            kibana,
            client,
            settings,
        }
    }

    /// The space as `plan` reads it, for these lines.
    pub(crate) fn model(&self, lines: &[String]) -> Model {
        let text = lines.join("\n");
        let sources = vec![Source::reader("bundle", text.as_bytes())];
        let version = self.settings.version;
        let target = Target::version(version.0.try_into().unwrap(), version.1.try_into().unwrap());
        let bundle = Inventory::read(&Reading::default(), sources, target).unwrap();
        let (snapshot, _) = Snapshot::read(&self.client, &soc(), &bundle).unwrap();
        let mut model = snapshot.model;
        model.server.max_rules = self.settings.max_rules;
        model
    }

    /// Predicts an import on the model and sends it: status and body of the answer, and in what it was not as predicted.
    pub(crate) fn import(
        &self,
        model: &mut Model,
        lines: &[String],
        overwrite: [bool; 3],
    ) -> (u16, Value, Vec<String>) {
        let [rules, exceptions, connectors] = overwrite;
        let flags = Overwrite {
            rules,
            exceptions,
            connectors,
        };
        let predicted = model.import(lines.iter().map(String::as_bytes), flags);
        let mut request = upload(IMPORT, "part.ndjson", (lines.join("\n") + "\n").as_bytes());
        for (flag, is_set) in FLAGS.into_iter().zip(overwrite) {
            request = request.with(flag, is_set.to_string());
        }
        let (status, body) = self.send(&request);
        let differences = predicted.reply.differences(status, &body);
        (status, body, differences)
    }

    /// Status and body of the answer to a request.
    pub(crate) fn send(&self, request: &Request) -> (u16, Value) {
        let mut reply = self.client.attempt(request).unwrap();
        (reply.status(), reply.json().unwrap())
    }
}

const FLAGS: [&str; 3] = [
    "overwrite",
    "overwrite_exceptions",
    "overwrite_action_connectors",
];

/// The space that tests are about.
pub(crate) fn soc() -> Space {
    "soc".parse().unwrap()
}

/// An upload of these bytes.
pub(crate) fn upload(path: &str, name: &str, bytes: &[u8]) -> Request {
    let content: Arc<dyn Content> = Arc::new(Arc::<[u8]>::from(bytes));
    let upload = Upload::new(name, content, || 1).unwrap();
    Request::new(Method::Post, path)
        .in_space(&soc())
        .file(upload)
}
