//! Records as YAML 1.2: texts of several lines as blocks, numbers as they are spelt.

mod read;
mod write;

pub(super) use read::json;
pub(super) use write::yaml;

#[cfg(test)]
mod tests;
