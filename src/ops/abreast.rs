//! The same work for several spaces or targets at once.

use crate::error::Result;
use crate::pipeline::Reading;

/// Does the work for each item, so many at a time, and hands what came of it to `sink` in the order of the items.
///
/// An error of `sink` ends it; work that has begun is finished first. Not more than a few items per place wait for the sink.
pub fn abreast<T: Send, U: Send>(
    at_once: usize,
    items: Vec<T>,
    work: impl Fn(T) -> U + Sync,
    sink: impl FnMut(U) -> Result<()>,
) -> Result<()> {
    let mut items = items.into_iter();
    let places = Reading {
        jobs: at_once.max(1),
        ..Reading::default()
    };
    places.ordered(|| Ok(items.next()), |item| Ok(work(item)), sink)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn keeps_the_order_and_the_number_at_once() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut seen = Vec::new();
        abreast(
            3,
            (0..50).collect(),
            |item: u64| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::hint::black_box((0..(50 - item) * 10_000).sum::<u64>());
                now.fetch_sub(1, Ordering::SeqCst);
                item
            },
            |item| {
                seen.push(item);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, (0..50).collect::<Vec<_>>());
        assert!(most.into_inner() <= 3);
    }
}
