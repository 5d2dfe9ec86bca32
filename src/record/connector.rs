//! Connectors among the saved objects.

use std::borrow::Cow;

use super::Record;
use crate::json::Raw;

impl Record<'_> {
    /// Whether a saved object is a connector (`"type":"action"`), the only kind a rule import should hold.
    pub fn is_connector(&self) -> bool {
        self.kind() == super::Kind::Connector && self.str("type").as_deref() == Some("action")
    }

    /// A connector's type, as in `.slack`.
    pub fn connector_type(&self) -> Option<Cow<'_, str>> {
        self.get("attributes")?
            .get("actionTypeId")
            .and_then(Raw::as_str)
    }
}

/// Whether a connector id is one of Kibana's system connectors, which exist everywhere and are never in a file.
pub(crate) fn is_system_connector(id: &str) -> bool {
    id.starts_with("system-connector-")
}
