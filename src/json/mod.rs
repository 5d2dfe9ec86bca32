//! Knows JSON text, nothing of Kibana.
//!
//! [`Object`] and [`Array`] are spans over the text they were read from, with edits laid on top: what no edit touched is
//! written as the bytes it was. Nothing here allocates for a value nobody changed, beyond the list of spans.

mod array;
mod object;
mod scan;
mod sequence;
mod spacing;
mod strings;
mod text;
mod value;

pub use array::Array;
pub use object::Object;
pub use scan::JsonError;
pub use spacing::{Spacing, respaced};
pub use strings::replace_strings;
pub use text::{compact, quoted};
pub use value::{Elements, Members, Raw, ValueKind};

/// What an edit decides about the value it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays, edited or not.
    Keep,
    /// It goes.
    Drop,
}
