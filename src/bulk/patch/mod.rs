//! `PATCH _bulk_update`, done to a bundle: single rules changed by partial ones.
//!
//! A [`Request`] is an array of partial rules, each by `rule_id` or `id`. A [`Patching`] does it to bundles: all or nothing of
//! each element, one element after another where several are for one rule, and what no element changes keeps its bytes. Its
//! [`Answer`] has one entry an element, in the order of the request, as Kibana 8.19 answers, the last that knew the route; the
//! PATCH of single rules does the same in 9.x.
//!
//! Two things no file knows: whether a required field is one of ECS, so `ecs` stays where name and type were there before and is
//! otherwise left to the import; and the assets that prebuilt rules came from, so `rule_source` is worked out as bulk edits do.

mod actions;
mod answer;
mod apply;
mod later;
mod members;
mod outstanding;
mod request;
mod run;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Summary};
pub use apply::{Note, What};
pub use request::{Element, Fault, Request};
pub use run::{Event, Patching};
