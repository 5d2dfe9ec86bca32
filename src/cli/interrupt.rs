//! What does Ctrl-C do? It ends the run at once, unless a verb has something to bring to an end first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What the handler of signals and a verb tell each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    /// Whether the verb ends by itself when it is asked to.
    is_careful: Arc<AtomicBool>,
    is_asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// From now on a first interruption asks the verb to end, and only a second one ends it at once.
    pub(crate) fn be_careful(&self) {
        self.is_careful.store(true, Ordering::SeqCst);
    }

    /// Takes an interruption; says whether the run must end at once.
    pub(crate) fn take(&self) -> bool {
        let was_asked = self.is_asked.swap(true, Ordering::SeqCst);
        was_asked || !self.is_careful.load(Ordering::SeqCst)
    }

    /// Whether the verb is to end.
    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::SeqCst)
    }

    /// Waits; says no where the verb is to end.
    pub(crate) fn sleep(&self, time: Duration) -> bool {
        const STEP: Duration = Duration::from_millis(100);
        let begun = Instant::now();
        while !self.is_asked() {
            let rest = time.saturating_sub(begun.elapsed());
            if rest.is_zero() {
                return true;
            }
            std::thread::sleep(rest.min(STEP));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_careful_verb_is_asked_first() {
        let interrupt = Interrupt::default();
        assert!(interrupt.take());
        let interrupt = Interrupt::default();
        interrupt.be_careful();
        assert!(interrupt.sleep(Duration::from_millis(1)));
        assert!(!interrupt.take() && interrupt.is_asked());
        assert!(!interrupt.sleep(Duration::from_secs(3600)));
        assert!(interrupt.take());
    }
}
