//! Findings as SARIF 2.1.0, the form that code review on GitHub, GitLab and Azure reads.
//!
//! The document is written as findings come: all codes stand at its head, so nothing waits for the end.

use ruleferry::check::CODES;
use ruleferry::error::Location;
use serde_json::{Value, json};

use super::found::Found;
use crate::cli::render;

/// The document up to its results.
pub(super) fn head() -> String {
    let rules: Vec<Value> = CODES
        .iter()
        .map(|code| {
            json!({
                "id": code.name,
                "shortDescription": {"text": code.name.replace('-', " ")},
                "fullDescription": {"text": code.explanation},
                "defaultConfiguration": {"level": code.level.name()},
            })
        })
        .collect();
    let driver = json!({
        "name": "ruleferry",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    format!(
        "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\"columnKind\":\"unicodeCodePoints\",\"results\":["
    )
}

/// What follows the results.
pub(super) const TAIL: &str = "\n]}]}\n";

/// One finding.
pub(super) fn result(location: &Location, found: &Found) -> Value {
    let problem = &found.problem;
    let pointer = render::pointer(&problem.pointer);
    let mut text = match &found.fixed {
        Some(done) => format!("{done}: {}", problem.message),
        None => problem.message.clone(),
    };
    if let Some(hint) = &problem.hint {
        text += &format!("\n{hint}");
    }
    if let Some(kibana) = &problem.kibana {
        text += &format!("\nKibana says: {kibana}");
    }
    let id = found.id.as_deref().unwrap_or_default();
    let mut result = json!({
        "ruleId": problem.code,
        "level": found.level().name(),
        "message": {"text": text},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&location.file)},
                "region": region(location, found),
            },
        }],
        // What the finding is about stays when lines move.
        "partialFingerprints": {"recordAndPointer/v1": format!("{}/{id}{pointer}", found.kind.unwrap_or("line"))},
        "properties": {"pointer": pointer},
    });
    if found.fixed.is_some() {
        result["properties"]["fixed"] = true.into();
    }
    if let Some(index) = CODES.iter().position(|code| code.name == problem.code) {
        result["ruleIndex"] = index.into();
    }
    if let Some(kind) = found.kind {
        let name = found.label.as_deref().unwrap_or(kind);
        result["locations"][0]["logicalLocations"] =
            json!([{"name": name, "fullyQualifiedName": format!("{kind}/{id}{pointer}")}]);
    }
    result
}

fn region(location: &Location, found: &Found) -> Value {
    let mut region = json!({"startLine": location.line.max(1)});
    if found.column > 0 {
        region["startColumn"] = found.column.into();
        region["endColumn"] = found.end.max(found.column + 1).into();
    }
    if let Some(excerpt) = &found.excerpt {
        region["message"] = json!({"text": excerpt.text});
    }
    region
}

/// The file's name as a relative or absolute URI reference.
fn uri(file: &str) -> String {
    let mut uri = String::new();
    for b in file.bytes() {
        match b {
            b'\\' => uri.push('/'),
            b if b.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&b) => {
                uri.push(char::from(b));
            }
            b => uri += &format!("%{b:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_as_uris() {
        assert_eq!(uri("rules/my export.ndjson"), "rules/my%20export.ndjson");
        assert_eq!(uri("rules\\ü#1"), "rules/%C3%BC%231");
    }
}
