//! A bundle and a live Kibana together: what it is ready for, and what goes there and comes from there.

pub mod alerts;
pub mod backup;
pub mod beyond;
pub mod brought;
pub mod bulk_action;
pub mod counterpart;
pub mod data_views;
pub mod export;
pub mod find;
pub mod import;
pub mod model;
mod pages;
pub mod patch;
pub mod plan;
pub mod prebuilt;
pub mod resolve;
pub mod secrets;
pub mod settle;
pub mod snapshot;
pub mod spare;
mod status;
pub mod timelines;
pub mod value_lists;

pub use pages::{Connector, Counted, connectors, spaces, total};
pub use status::{Access, Connectors, SpaceStatus, Status};
