//! A bundle into spaces of a Kibana, whole, once, and told as it is.
//!
//! An [`Inventory`] knows the bundle, a [`View`] what a space has of it, [`aims`] what is to become of each line, and [`cross`] does
//! it: parts that the server takes in time, nothing sent twice whose fate is not known, lists and items seen in the space before
//! the rules that need them. One import a space at a time: nothing in Kibana keeps two of them apart.

mod aims;
mod crossing;
mod doubles;
mod heard;
mod in_place;
mod inventory;
mod journal;
mod line;
mod pace;
mod patience;
mod reading;
mod reply;
mod room;
mod rows;
mod schedule;
mod several;
mod survey;
mod told;
mod upload;
mod verify;
mod view;

pub use aims::{Aim, Terms, aims};
pub(super) use aims::{When, hold, needs_endpoint_list};
pub use crossing::{Crossed, Gates, Manner, cross};
pub use doubles::{Double, doubles, remove_younger};
pub use inventory::{Entry, Inventory, Listed, What, Word};
pub use journal::{Before, Journal, Log, Unlogged};
pub(super) use pace::FILE_NAME;
pub use pace::Pace;
pub use reading::Witness;
pub use room::{Room, StoredConnector};
pub use schedule::Batch;
pub(super) use schedule::Situation;
pub use several::several;
pub use survey::Survey;
pub use told::Told;
pub(super) use view::indices;
pub use view::{Seen, StoredList, View};
