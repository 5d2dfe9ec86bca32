//! Batches in parallel, answers in order. The only file with threads.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, ErrorKind, Result};

/// Batches under way for each thread. With fewer the threads sleep and wake far more often: with two of 256 KiB instead of three
/// of 512 KiB, a bundle of 1 GB took 20 000 context switches instead of 2 000, and a third more time.
pub(crate) const IN_FLIGHT: usize = 3;

/// A pool of our own: waiting inside a caller's pool could mean waiting for ourselves.
pub(crate) fn pool(threads: usize) -> Result<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("ruleferry-{index}"))
        .build()
        .map_err(|error| {
            Error::from(ErrorKind::Bug {
                message: format!("starting threads: {error}").into(),
            })
        })
}

/// Maps items on the pool and hands the results to `sink` in input order.
///
/// `next` gives the items, until none. At most `in_flight` are under way, so memory is bounded. The error returned is the
/// first in input order, however the threads were scheduled.
pub(crate) fn ordered<T: Send, U: Send>(
    pool: &ThreadPool,
    in_flight: usize,
    mut next: impl FnMut() -> Result<Option<T>>,
    work: impl Fn(T) -> Result<U> + Sync,
    mut sink: impl FnMut(U) -> Result<()>,
) -> Result<()> {
    let work = &work;
    pool.in_place_scope(|scope| {
        let mut answers: VecDeque<Receiver<Result<U>>> = VecDeque::new();
        while let Some(item) = next().transpose() {
            if answers.len() == in_flight {
                sink(oldest(&mut answers)?)?;
            }
            let (answer, receiver) = sync_channel(1);
            let ended = item.is_err();
            match item {
                Ok(item) => scope.spawn(move |_| _ = answer.send(work(item))),
                // A read error waits its turn like any answer.
                Err(error) => _ = answer.send(Err(error)),
            }
            answers.push_back(receiver);
            if ended {
                break;
            }
        }
        while !answers.is_empty() {
            sink(oldest(&mut answers)?)?;
        }
        Ok(())
    })
}

fn oldest<U>(answers: &mut VecDeque<Receiver<Result<U>>>) -> Result<U> {
    answers
        .pop_front()
        .and_then(|answer| answer.recv().ok())
        .unwrap_or_else(|| {
            Err(ErrorKind::Bug {
                message: "a worker gave no answer".into(),
            }
            .into())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_and_the_first_error_whatever_the_threads_do() {
        for threads in [1, 2, 7] {
            let pool = pool(threads).unwrap();
            let mut input = 0..100_u64;
            let mut seen = Vec::new();
            let slow_first = |n: u64| {
                std::hint::black_box((0..(100 - n) * 1000).sum::<u64>());
                if n == 90 || n == 95 {
                    Err(Error::usage(n.to_string()))
                } else {
                    Ok(n)
                }
            };
            let failure = ordered(
                &pool,
                2 * threads,
                || Ok(input.next()),
                slow_first,
                |n| {
                    seen.push(n);
                    Ok(())
                },
            )
            .unwrap_err();
            assert_eq!(failure.to_string(), "90");
            assert_eq!(seen, (0..90).collect::<Vec<_>>());
        }
    }
}
