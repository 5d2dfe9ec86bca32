//! Moves Elastic Security detection content between files, Kibana spaces and clusters, losslessly.

pub mod error;
pub mod hint;
pub mod json;
pub mod pipeline;
pub mod query;
pub mod record;
pub mod stream;
pub mod transform;
