//! Imports in bad weather: whatever networks, proxies and servers do, nothing is made twice by the client, nothing is lost, no
//! enabled rule is ever without what it needs, and what is told is what is there.
//!
//! `RULEFERRY_CASES=10000 cargo test --release --test import_weather -- --ignored` takes the long way.

#![cfg(test)]

#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/weather.rs"]
mod weather;

use std::sync::atomic::{AtomicU64, Ordering};

use weather::Voyage;

/// Runs the schedules of these seeds, many at a time: most of the time is spent waiting.
fn sail(seeds: std::ops::Range<u64>, threads: usize) {
    let next = AtomicU64::new(seeds.start);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    Voyage::of(seed).run();
                }
            });
        }
    });
}

#[test]
fn nothing_is_lost_or_doubled_in_bad_weather() {
    sail(0..300, 12);
}

#[test]
fn items_that_a_broken_import_deleted_are_sent_again() {
    weather::what_was_half_replaced_is_made_whole();
}

#[test]
#[ignore = "takes minutes"]
fn nothing_is_lost_or_doubled_a_long_way() {
    let cases = std::env::var("RULEFERRY_CASES").ok();
    let cases: u64 = cases.map_or(10_000, |cases| cases.parse().unwrap());
    sail(1000..1000 + cases, 24);
}
