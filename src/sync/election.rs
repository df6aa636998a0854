//! One thread at a time does a piece of work that others can do without: who comes meanwhile goes on.
//! Nobody waits, so this is no lock; a thread that stops inside only keeps the work from being done.

use super::{AtomicBool, Ordering, const_new};

/// See the module.
#[derive(Debug)]
pub struct Election {
    taken: AtomicBool,
}

impl Election {
    const_new! {
        /// Nobody is at work.
        pub fn new() -> Self {
            Self { taken: AtomicBool::new(false) }
        }
    }

    /// Whether the caller is to do the work; [`Election::transition_resign`] must follow then.
    #[must_use = "the elected thread does the work and resigns"]
    pub fn transition_elect(&self) -> bool {
        // acquire [RESIGN]: pairs with `transition_resign` of whoever worked before
        self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Ends the work of the elected thread.
    pub fn transition_resign(&self) {
        // release [RESIGN]
        self.taken.store(false, Ordering::Release);
    }

    /// Whether somebody is at work: a hint, exact in the child of a fork.
    pub fn is_taken(&self) -> bool {
        // relaxed: a hint
        self.taken.load(Ordering::Relaxed)
    }
}

impl Default for Election {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::spawn;

    #[test]
    fn one_works_at_a_time_and_sees_what_the_last_one_did() {
        loom::model(|| {
            let shared = Arc::new((Election::new(), UnsafeCell::new(0)));
            let work = |shared: &(Election, UnsafeCell<u32>)| {
                let elected = shared.0.transition_elect();
                if elected {
                    // SAFETY: elected; the model checks exactly that.
                    shared.1.with_mut(|p| unsafe { *p += 1 });
                    shared.0.transition_resign();
                }
                elected
            };
            let others = [0, 1].map(|_| {
                let shared = shared.clone();
                spawn(move || work(&shared))
            });
            let mut worked = u32::from(work(&shared));
            for other in others {
                worked += u32::from(other.join().unwrap());
            }
            assert!(worked >= 1 && !shared.0.is_taken());
            // SAFETY: the other threads have ended.
            assert_eq!(shared.1.with(|p| unsafe { *p }), worked);
        });
    }
}
