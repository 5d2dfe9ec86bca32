//! Each edit on each form a rule may have: what it becomes, byte for byte, and whether it counts.

mod actions;
mod fit;
mod members;
mod schedule;
mod suppression;

use super::*;
use crate::json::Raw;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn patterns(names: &[&str]) -> IndexPatterns {
    IndexPatterns {
        patterns: texts(names),
        overwrite_data_views: false,
    }
}

fn overwriting(names: &[&str]) -> IndexPatterns {
    IndexPatterns {
        overwrite_data_views: true,
        ..patterns(names)
    }
}

fn actions(value: &str) -> NewActions {
    NewActions::parse(Raw::parse(value).unwrap()).unwrap()
}

fn run(edit: &Edit, rule: &str) -> Result<(Effect, String)> {
    let surroundings = Surroundings {
        connector_type: &|id| (id == "c").then(|| ".slack".into()),
        new_id: &|name| format!("<{name}>"),
    };
    let mut object = Object::parse(rule).unwrap();
    let effect = edit.apply(&mut object, &surroundings)?;
    Ok((effect, object.to_json().into()))
}

#[track_caller]
fn effective(edit: &Edit, before: &str, after: &str) {
    assert_eq!(
        run(edit, before).unwrap(),
        (Effect::Effective, after.into())
    );
}

#[track_caller]
fn idle(edit: &Edit, rule: &str) {
    assert_eq!(run(edit, rule).unwrap(), (Effect::None, rule.into()));
}

#[track_caller]
fn refused(edit: &Edit, rule: &str, message: &str) {
    assert_eq!(run(edit, rule).unwrap_err().to_string(), message);
}
