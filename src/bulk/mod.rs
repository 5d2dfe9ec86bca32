//! Kibana's `_bulk_action` and `_bulk_update`, done to a bundle.
//!
//! A [`Request`] is read from the endpoint's own body. A [`Bulk`] does it to bundles, rule by rule and all or nothing for each
//! rule, and its [`Answer`] is what Kibana 9 would answer. What a file cannot tell of the server stands in [`Settings`].
//! [`patch`] does the same for single rules.

mod answer;
mod duplicate;
mod editing;
mod failure;
mod learned;
pub mod patch;

mod request;
mod run;
mod settings;
mod stamp;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod value;

pub use answer::{Answer, Failed, Place, Summary};
pub use failure::{Failure, Subject};
pub use learned::MOST_MATCHES;
pub use request::{Action, Choice, Exceptions, Live, MOST_IDS, Repeated, Request, Selected, Work};
pub use run::{Bulk, Event, Outcome};
pub use settings::{Customization, Interval, License, Settings};
pub use value::Dropped;
