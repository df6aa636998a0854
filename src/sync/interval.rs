//! Work that one thread does at most every so many milliseconds.
//!
//! The word says when it was done last; any thread may move it, by a compare-and-swap that elects whoever
//! moves it. It orders nothing: what the work touches has edges of its own.

use super::{AtomicU32, Ordering, const_new};

/// See the module.
#[derive(Debug)]
pub struct Interval {
    last_ms: AtomicU32,
}

impl Interval {
    const_new! {
        /// Not begun.
        pub fn new() -> Self {
            Self { last_ms: AtomicU32::new(0) }
        }
    }

    /// `true`: the caller is to do the work, the last time was `every_ms` or more before `now_ms`, a clock that
    /// may wrap. The first call only begins the interval.
    #[must_use]
    pub fn transition_elect(&self, now_ms: u32, every_ms: u32) -> bool {
        // relaxed: corrected by the exchange
        let last = self.last_ms.load(Ordering::Relaxed);
        if now_ms.wrapping_sub(last) < every_ms {
            return false;
        }
        // relaxed: elects one thread, and orders nothing
        self.last_ms.compare_exchange(last, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok() && last != 0
    }
}

impl Default for Interval {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn once_in_an_interval_but_not_at_first() {
        let interval = Interval::new();
        assert!(!interval.transition_elect(1000, 50));
        assert!(!interval.transition_elect(1049, 50));
        assert!(interval.transition_elect(1050, 50));
        assert!(!interval.transition_elect(1050, 50));
        assert!(interval.transition_elect(1050, 0));
    }

    #[test]
    fn the_clock_may_wrap() {
        let interval = Interval::new();
        assert!(!interval.transition_elect(u32::MAX - 9, 20));
        assert!(!interval.transition_elect(5, 20));
        assert!(interval.transition_elect(10, 20));
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn one_of_two_is_elected() {
        loom::model(|| {
            let interval = Arc::new(Interval::new());
            assert!(!interval.transition_elect(1000, 50));
            let other = {
                let interval = Arc::clone(&interval);
                thread::spawn(move || interval.transition_elect(1050, 50))
            };
            let mine = interval.transition_elect(1050, 50);
            assert!(mine ^ other.join().unwrap());
        });
    }
}
