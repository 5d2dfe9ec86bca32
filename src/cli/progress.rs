//! How far is it? A bar on stderr, or JSON lines for a program.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

/// When progress is shown, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Show {
    /// A bar, if stderr is a terminal and work takes over a second.
    Auto,
    /// A bar.
    Always,
    /// Nothing.
    Never,
    /// One JSON object a second.
    Json,
}

/// Shows progress until it is dropped.
pub(crate) struct Progress {
    stop: Option<Sender<()>>,
    shower: Option<JoinHandle<()>>,
    count: Count,
}

/// What is counted.
#[derive(Debug, Clone)]
struct Count {
    done: Arc<AtomicU64>,
    total: Option<u64>,
    /// The parts that were sent, where records are counted; bytes have none.
    parts: Option<Arc<AtomicU64>>,
}

impl Progress {
    /// Begins to show how many of `total` bytes `consumed` has counted.
    pub(crate) fn start(show: Show, total: Option<u64>, consumed: Arc<AtomicU64>) -> Self {
        Self::show(
            show,
            Count {
                done: consumed,
                total,
                parts: None,
            },
        )
    }

    /// Begins to show how many of so many records are dealt with, and in how many parts.
    pub(crate) fn parts(show: Show, total: u64) -> Self {
        Self::show(
            show,
            Count {
                done: Arc::default(),
                total: Some(total),
                parts: Some(Arc::default()),
            },
        )
    }

    /// So many records more are dealt with.
    pub(crate) fn add(&self, records: usize) {
        self.count.done.fetch_add(records as u64, Ordering::Relaxed);
    }

    /// One more part is sent.
    pub(crate) fn sending(&self) {
        if let Some(parts) = &self.count.parts {
            parts.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn show(show: Show, count: Count) -> Self {
        let wanted = match show {
            Show::Auto => io::stderr().is_terminal(),
            Show::Always | Show::Json => true,
            Show::Never => false,
        };
        if !wanted {
            return Self {
                stop: None,
                shower: None,
                count,
            };
        }
        let (stop, stopped) = channel::<()>();
        let shown = count.clone();
        let shower = std::thread::spawn(move || {
            let begun = Instant::now();
            let first = if show == Show::Auto {
                Duration::from_secs(1)
            } else {
                Duration::from_millis(200)
            };
            let mut wait = first;
            let mut bar: Option<ProgressBar> = None;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                if show == Show::Json {
                    shown.write_json(begun.elapsed());
                    wait = Duration::from_secs(1);
                } else {
                    let bar = bar.get_or_insert_with(|| shown.bar(begun));
                    bar.set_position(shown.done.load(Ordering::Relaxed));
                    if let Some(parts) = &shown.parts {
                        bar.set_message(parts.load(Ordering::Relaxed).to_string());
                    }
                    wait = Duration::from_millis(200);
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            if show == Show::Json {
                shown.write_json(begun.elapsed());
            }
        });
        Self {
            stop: Some(stop),
            shower: Some(shower),
            count,
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(shower) = self.shower.take() {
            // A bar that failed is no reason to fail.
            _ = shower.join();
        }
    }
}

/// An output that counts what is written to it.
pub(crate) struct Counted<'c, W> {
    pub(crate) out: &'c mut W,
    pub(crate) written: &'c AtomicU64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Count {
    fn bar(&self, begun: Instant) -> ProgressBar {
        let template = match (&self.parts, self.total) {
            (Some(_), _) => "{bar:30} {pos} of {len} records, {msg} parts, {per_sec}, {eta} left",
            (None, Some(_)) => {
                "{bar:30} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left"
            }
            (None, None) => "{spinner} {bytes}, {binary_bytes_per_sec}, {elapsed}",
        };
        let bar = ProgressBar::with_draw_target(self.total, ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.with_style(style).with_elapsed(begun.elapsed())
    }

    fn write_json(&self, elapsed: Duration) {
        let (done, seconds) = (self.done.load(Ordering::Relaxed), elapsed.as_secs_f64());
        let progress = match &self.parts {
            Some(parts) => {
                let parts = parts.load(Ordering::Relaxed);
                json!({"records": done, "total": self.total, "parts": parts, "seconds": seconds})
            }
            None => json!({"bytes": done, "total": self.total, "seconds": seconds}),
        };
        let line = json!({"schema_version": 1, "progress": progress});
        // Nothing is left to say where stderr is closed.
        _ = writeln!(io::stderr().lock(), "{line}");
    }
}
