//! The HTTP client: one [`Client`] a Kibana, requests as recipes, answers as streams. It knows nothing of bundles.
//!
//! - A [`Request`] says whether it may be sent again ([`Replay`]); only [`Retry`] decides that it is.
//! - An answer is what the server said ([`Reply`]); a request that got none says whether it can have arrived ([`Failure`]).
//! - Nothing here prints, and no secret appears in anything that can be shown.

mod auth;
mod client;
mod failure;
mod options;
mod reply;
mod request;
mod retry;
mod space;

pub use auth::{Credentials, Secret};
pub use client::Client;
pub use failure::Failure;
pub use options::{Exchange, Options};
pub use reply::Reply;
pub(crate) use request::piece;
pub use request::{Body, Content, Method, Request, Upload, envelope};
pub use retry::{Outcome, Replay, Retry};
pub use space::Space;
