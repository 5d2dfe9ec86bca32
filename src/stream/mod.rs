//! Reads and writes files: bytes in batches of whole lines, gzip and zstd, output that appears only when complete.
//!
//! - It knows line ends and nothing else of what a line holds; `json` and `record` look inside.
//! - Memory is bounded by the batch size, or by the longest line where that is longer.
//! - What is cut into batches is, put together again, byte for byte what was read.
//! - A file under its final name is always whole: the old one until the new one is complete.

mod batch;
mod codec;
mod encoder;
mod reader;
mod source;
mod spool;
mod temporary;
#[cfg(test)]
mod tests;
mod unnamed;
mod writer;

pub use batch::Batch;
pub use codec::Codec;
pub use encoder::Encoder;
pub use reader::{ReadOptions, Reader};
pub use source::Source;
pub use spool::Spool;
pub use temporary::interrupt_cleanup;
pub use unnamed::{Unnamed, sync_folder};
pub use writer::{AtomicFile, Complete, Durable, appear};
