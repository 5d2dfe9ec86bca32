//! Moves Elastic Security detection content between files, Kibana spaces and clusters, losslessly.
//!
//! A bundle goes in, a bundle comes out, and every byte no step changed is the byte that came in. Ten lines that work:
//!
//! ```
//! use ruleferry::pipeline::Pipeline;
//!
//! fn main() -> ruleferry::error::Result<()> {
//!     let export = br#"{"rule_id":"acme-1","type":"query","severity":"high","risk_score": 73.0}"#;
//!     let step = "only = 'severity:high'\nadd-tags = { tags = [\"prod\"] }";
//!     let mut out = Vec::new();
//!     let report = Pipeline::from_step(step)?.run(&export[..], &mut out)?;
//!     assert_eq!(out, br#"{"rule_id":"acme-1","type":"query","severity":"high","risk_score": 73.0,"tags":["prod"]}"#);
//!     assert_eq!(report.changed.total(), 1);
//!     Ok(())
//! }
//! ```
//!
//! # Words
//!
//! - A **record** is one line of NDJSON: a rule, an exception list, an exception item, a connector, or the **details** line
//!   that closes an export and counts what came before it ([`record::Kind`]).
//! - A **bundle** is a sequence of records: one export, or several joined.
//! - A **step** is a transform with its settings and which rules it is for; a **pipeline** is steps in order
//!   ([`pipeline::Pipeline`]).
//! - A **census** is what one pass learned of the whole bundle: who exists, who refers to whom ([`record::Census`]).
//! - A **refusal** is an error about one record: the record then stays as it was read.
//!
//! # Layers
//!
//! [`pipeline`] stands on [`transform`], [`query`] and [`stream`]; those on [`record`]; that on [`json`]. Arrows go down only.
//! Everything may use [`error`]. Nothing here prints.
//!
//! # What Kibana does
//!
//! Kinds are told by the tests of Kibana's importer, in its order; the edits that Kibana has as bulk actions give what Kibana 9
//! gives. Each item that rests on such a fact says which.

pub mod bulk;
pub mod bundle;
pub mod check;
pub mod edit;
pub mod error;
pub mod hint;
pub mod json;
pub mod kibana;
pub mod ops;
pub mod pipeline;
pub mod query;
pub mod record;
pub mod repo;
pub mod schema;
pub mod stream;
pub mod transform;
