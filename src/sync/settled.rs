//! A number that says that others are settled: whoever sees it sees them.

use super::{AtomicU32, Ordering, const_new};

/// See the module; 0 at first. What is settled stands in atomics of its own, and several threads may settle the same.
#[derive(Debug)]
#[repr(transparent)]
pub struct Settled(AtomicU32);

impl Settled {
    const_new! {
        /// Nothing is settled.
        pub fn new() -> Self {
            Self(AtomicU32::new(0))
        }
    }

    /// The number, and with it what was settled; 0: nothing yet.
    #[inline]
    pub fn get(&self) -> u32 {
        // acquire [SETTLE]: pairs with `settle`
        self.0.load(Ordering::Acquire)
    }

    /// The number alone: the caller reads nothing of what was settled.
    #[inline]
    pub fn peek(&self) -> u32 {
        // relaxed: says only whether, and how
        self.0.load(Ordering::Relaxed)
    }

    /// Says that what the caller has stored, or found stored, is settled.
    pub fn settle(&self, number: u32) {
        debug_assert!(number != 0);
        // release [SETTLE]
        self.0.store(number, Ordering::Release);
    }
}

impl Default for Settled {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::thread::spawn;

    struct Options {
        word: AtomicU32,
        settled: Settled,
    }

    impl Options {
        /// As the options are read: the first to store a word is heard.
        fn read(&self, value: u32) {
            let _ = self.word.compare_exchange(0, value, Ordering::Relaxed, Ordering::Relaxed);
            self.settled.settle(1);
        }
    }

    #[test]
    fn who_sees_that_it_is_settled_sees_one_value_for_ever() {
        loom::model(|| {
            let options = Arc::new(Options { word: AtomicU32::new(0), settled: Settled::new() });
            let readers = [4, 5].map(|value| {
                let options = options.clone();
                spawn(move || options.read(value))
            });
            let seen = (options.settled.get() != 0).then(|| options.word.load(Ordering::Relaxed));
            readers.map(|reader| reader.join().unwrap());
            assert_eq!(options.settled.peek(), 1);
            if let Some(seen) = seen {
                assert!(seen != 0, "settled, but not to be seen");
                assert_eq!(seen, options.word.load(Ordering::Relaxed));
            }
        });
    }
}
