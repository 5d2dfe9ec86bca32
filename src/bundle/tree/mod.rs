//! A bundle as a directory with one file a record, good to read and to review in git, and back.
//!
//! - A record is told by its own id ([`Key`]): what a file is called, and in which folder it is, is for people alone.
//! - [`Unpack`] makes a tree or brings one up to date, [`Pack`] makes a bundle of it. Both know files by [`Files`] alone, so a tree
//!   may be a [`Folder`] or in [`Memory`].
//! - A JSON file has the tokens of its line. YAML and TOML carry the same content, and what they cannot say in JSON.
//! - The index keeps the order of records and what else byte identity needs: it has one line a record.

mod escape;
mod files;
mod format;
mod index;
mod names;
mod order;
mod pack;
mod place;
mod plan;
mod survey;
mod toml;
mod unpack;
mod yaml;

pub use files::{Files, Folder, Listed, Memory};
pub use format::Format;
pub(super) use names::slug;
pub use pack::{Pack, Packed};
pub use place::Key;
pub use plan::Outcome;
pub use unpack::{Unpack, Unpacked};

/// The name of the index, at the top of a tree.
pub const INDEX: &str = "bundle.index";
