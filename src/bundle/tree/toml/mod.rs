//! Records as TOML 1.0: texts of several lines as they are, members of members by dotted names, so that the order of names stays.

mod read;
mod write;

pub(super) use read::json;
pub(super) use write::toml;

#[cfg(test)]
mod tests;
