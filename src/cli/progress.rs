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
}

impl Progress {
    /// Begins to show how many of `total` bytes `consumed` has counted.
    pub(crate) fn start(show: Show, total: Option<u64>, consumed: Arc<AtomicU64>) -> Self {
        let wanted = match show {
            Show::Auto => io::stderr().is_terminal(),
            Show::Always | Show::Json => true,
            Show::Never => false,
        };
        if !wanted {
            return Self {
                stop: None,
                shower: None,
            };
        }
        let (stop, stopped) = channel::<()>();
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
                let bytes = consumed.load(Ordering::Relaxed);
                if show == Show::Json {
                    write_json(bytes, total, begun.elapsed());
                    wait = Duration::from_secs(1);
                } else {
                    bar.get_or_insert_with(|| new_bar(total, begun))
                        .set_position(bytes);
                    wait = Duration::from_millis(200);
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            if show == Show::Json {
                write_json(consumed.load(Ordering::Relaxed), total, begun.elapsed());
            }
        });
        Self {
            stop: Some(stop),
            shower: Some(shower),
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

fn new_bar(total: Option<u64>, begun: Instant) -> ProgressBar {
    let (template, bar) = match total {
        Some(total) => (
            "{bar:30} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left",
            ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()),
        ),
        None => (
            "{spinner} {bytes}, {binary_bytes_per_sec}, {elapsed}",
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        ),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_elapsed(begun.elapsed())
}

fn write_json(bytes: u64, total: Option<u64>, elapsed: Duration) {
    let line = json!({"schema_version": 1, "progress": {"bytes": bytes, "total": total, "seconds": elapsed.as_secs_f64()}});
    // Nothing is left to say where stderr is closed.
    _ = writeln!(io::stderr().lock(), "{line}");
}
