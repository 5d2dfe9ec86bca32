//! What needs the whole bundle: choosing, joining, cutting and comparing.
//!
//! A bundle is read once from its sources; its lines are kept on a [`Shelf`], from which they are taken again as they were read.

mod content;
mod diff;
pub(crate) mod key;
mod lens;
pub mod merge;
mod needs;
pub mod select;
mod shelf;
pub mod split;
pub mod tree;

pub use content::{Fields, Fingerprint, alike, below, fingerprint, is_server_owned};
pub use diff::{
    Change, Comparison, Difference, Edit, Outcome, Tally, Terms, Version, changes, patch,
};
pub use lens::Lens;
pub use needs::{Need, Needs, References, Thing};
pub use shelf::Shelf;
