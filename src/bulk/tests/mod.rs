//! Every case that Kibana's behaviour makes, as a request, a bundle, what is written and what is answered.

mod actions;
mod answers;
mod checks;
mod duplicate;
mod edits;
mod prebuilt;
mod request_edits;
mod requests;
mod suppression;
