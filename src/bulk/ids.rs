//! New ids, made from a seed and the names of what they are for.

use uuid::Uuid;

/// The namespace of the ids that bulk actions make. Another one would give other ids for seeds already in use.
const NAMESPACE: Uuid = Uuid::from_u128(0x3c4e_8f0b_61d2_4b58_9a17_5b6f_0e4d_c2a9);

/// The id of a thing of this kind; the same names give the same id.
pub(super) fn derived(seed: &str, kind: &str, names: &[&str]) -> String {
    let seed = Uuid::new_v5(&NAMESPACE, seed.as_bytes());
    // No two lists of names give one text, since each name is told with its length.
    let text: String = names
        .iter()
        .map(|name| format!(":{}:{name}", name.len()))
        .collect();
    Uuid::new_v5(&seed, format!("{kind}{text}").as_bytes()).to_string()
}
