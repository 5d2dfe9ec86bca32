//! New ids, made from a seed and the names of what they are for.

use uuid::Uuid;

use crate::json::Object;

/// The namespace of the ids that are made here. Another one would give other ids for seeds already in use.
const NAMESPACE: Uuid = Uuid::from_u128(0x3c4e_8f0b_61d2_4b58_9a17_5b6f_0e4d_c2a9);

/// The id of a thing of this kind; the same names give the same id.
pub(crate) fn derived(seed: &str, kind: &str, names: &[&str]) -> String {
    let seed = Uuid::new_v5(&NAMESPACE, seed.as_bytes());
    // No two lists of names give one text, since each name is told with its length.
    let mut text = kind.to_owned();
    for name in names {
        text.extend([":", &name.len().to_string(), ":", name]);
    }
    Uuid::new_v5(&seed, text.as_bytes()).to_string()
}

/// What a rule is called where ids are made for it.
pub(crate) fn rule_name(rule: &Object<'_>) -> String {
    let name = rule.str("rule_id").or_else(|| rule.str("id"));
    name.unwrap_or_default().into_owned()
}

/// The id of a new action of the rule of this name; `of` is what [`Surroundings`](super::Surroundings) are asked with.
pub(crate) fn action(seed: &str, rule_name: &str, of: &str) -> String {
    derived(seed, "action", &[rule_name, of])
}
