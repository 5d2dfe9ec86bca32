//! Cases by number, many at a time.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Cases of a long way, or of as many as the environment says.
pub(crate) fn cases(usual: u64) -> u64 {
    let cases = std::env::var("RULEFERRY_CASES").ok();
    cases.map_or(usual, |cases| cases.parse().unwrap())
}

/// Does it for each seed, several at a time: most of the time is spent waiting.
pub(crate) fn each_seed(seeds: Range<u64>, threads: usize, work: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(seeds.start);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    work(seed);
                }
            });
        }
    });
}
