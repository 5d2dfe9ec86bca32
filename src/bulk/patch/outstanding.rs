//! Does a stored rule have what an element asks for?

use super::apply::{apply, same};
use super::members::without;
use super::request::{Element, Fault};
use crate::bulk::settings::Settings;
use crate::error::{Error, PathStep};
use crate::json::{Object, Raw};
use crate::record::Record;

impl Element<'_> {
    /// The members of this stored rule that the element would change, in its order; none if the rule has all of it already.
    ///
    /// Of actions that are given without a `uuid` the server makes one up, so it does not count. Fails with what Kibana would say
    /// where it refuses the element.
    pub fn outstanding(&self, stored: &str) -> Result<Vec<String>, Fault> {
        if let Some(fault) = &self.refusal {
            return Err(fault.clone());
        }
        let settings = Settings {
            keep_versions: true,
            ..Settings::default()
        };
        let mut rule = Record::parse(stored, 0).map_err(Error::from)?;
        let after = apply(self, &settings, &mut rule)?.rule;
        let before = Object::parse(stored).map_err(Error::from)?;
        let after = Object::parse(&after).map_err(Error::from)?;
        let mut changed: Vec<String> = Vec::new();
        for key in self.keys() {
            let is_new = !changed.contains(&key.as_ref().to_owned());
            if is_new && !self.is_same(&key, before.get(&key), after.get(&key))? {
                changed.push(key.into_owned());
            }
        }
        Ok(changed)
    }

    fn is_same(
        &self,
        key: &str,
        before: Option<Raw<'_>>,
        after: Option<Raw<'_>>,
    ) -> Result<bool, Error> {
        if key != "actions" {
            return Ok(same(before, after));
        }
        let given = self.given(key).into_iter().flat_map(Raw::elements);
        let made_up: Vec<[PathStep; 2]> = given
            .enumerate()
            .filter(|(_, action)| action.get("uuid").is_none())
            .map(|(place, _)| [place.into(), "uuid".into()])
            .collect();
        let ways: Vec<&[PathStep]> = made_up.iter().map(<[PathStep; 2]>::as_slice).collect();
        let bare = |actions: Option<Raw<'_>>| {
            actions.map_or("[]".to_owned(), |actions| without(actions, &ways))
        };
        let (before, after) = (bare(before), bare(after));
        Ok(same(Some(Raw::parse(&before)?), Some(Raw::parse(&after)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Request;

    const STORED: &str = r#"{"id":"1","rule_id":"r","type":"threshold","immutable":false,"severity":"low","tags":["a"],
        "risk_score":21,"threshold":{"field":["h"],"value":2},"interval":"5m",
        "actions":[{"id":"c","group":"default","params":{},"action_type_id":".slack","uuid":"u","frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}}]}"#;

    #[track_caller]
    fn of(element: &str) -> Result<Vec<String>, String> {
        let text = format!("[{element}]");
        let request = Request::parse(&text).unwrap().one_by_one();
        let outstanding = request.elements[0].outstanding(STORED);
        outstanding.map_err(|fault| fault.failure.message.into())
    }

    #[test]
    fn what_is_so_already_does_not_count_however_it_is_spelt() {
        for element in [
            r#"{"rule_id":"r","severity":"low","tags":null,"risk_score":21.0}"#,
            r#"{"id":"0e2b1c7a-1111-4222-8333-444455556666","threshold":{"value":2,"field":"h"}}"#,
            r#"{"rule_id":"r","actions":[{"id":"c","group":"default","params":{},"action_type_id":".slack"}]}"#,
            r#"{"rule_id":"r","created_by":"somebody","nmae":"x"}"#,
        ] {
            assert_eq!(of(element), Ok(vec![]), "{element}");
        }
    }

    #[test]
    fn members_that_would_change_are_told_in_order() {
        let changed = |names: &[&str]| Ok(names.iter().map(ToString::to_string).collect());
        assert_eq!(
            of(r#"{"rule_id":"r","tags":["b"],"severity":"low","enabled":true}"#),
            changed(&["tags", "enabled"])
        );
        assert_eq!(
            of(
                r#"{"rule_id":"r","actions":[{"id":"d","group":"default","params":{},"action_type_id":".slack"}]}"#
            ),
            changed(&["actions"])
        );
        assert_eq!(
            of(r#"{"rule_id":"r","id":"0e2b1c7a-1111-4222-8333-444455556666"}"#),
            Err("both \"id\" and \"rule_id\" cannot exist, choose one or the other".to_owned())
        );
    }
}
