//! The word of a lock whose holder is waited for by whoever sleeps on the word: three states as in U. Drepper,
//! "Futexes are tricky", 2011. How to sleep and to wake is the caller's.
//!
//! | from | to | transition | who |
//! |---|---|---|---|
//! | free | held | `transition_held` | any thread, which has the lock then |
//! | any | contended | `transition_contended` | any thread, which has the lock if it was free, and sleeps otherwise |
//! | held, contended | free | `transition_free` | the holder |

use super::{AtomicU32, Ordering, const_new};

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and perhaps somebody sleeps on the word.
pub const CONTENDED: u32 = 2;

/// See the module.
#[derive(Debug)]
pub struct LockWord(AtomicU32);

impl LockWord {
    const_new! {
        /// Nobody has the lock.
        pub fn new() -> Self {
            Self(AtomicU32::new(FREE))
        }
    }

    /// Takes the lock, if it is free.
    #[must_use]
    pub fn transition_held(&self) -> bool {
        // acquire [LOCK]: pairs with [UNLOCK]
        self.0.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// The same by who sleeps otherwise, while the word is [`CONTENDED`].
    #[must_use]
    pub fn transition_contended(&self) -> bool {
        // acquire [LOCK]
        self.0.swap(CONTENDED, Ordering::Acquire) == FREE
    }

    /// Gives the lock up. `true`: one of those that sleep is to be woken.
    #[must_use]
    pub fn transition_free(&self) -> bool {
        // release [UNLOCK]
        self.0.swap(FREE, Ordering::Release) == CONTENDED
    }

    /// Where the word stands, to sleep on.
    pub fn address(&self) -> *const u32 {
        (&raw const self.0).cast()
    }
}

impl Default for LockWord {
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

    struct Counted {
        lock: LockWord,
        count: UnsafeCell<u32>,
        wakes: AtomicU32,
    }

    impl Counted {
        /// Counts under the lock if it is to be had; `false`: the caller would sleep.
        fn count(&self, take: fn(&LockWord) -> bool) -> bool {
            if !take(&self.lock) {
                return false;
            }
            // SAFETY: under the lock; the model checks exactly that.
            self.count.with_mut(|p| unsafe { *p += 1 });
            if self.lock.transition_free() {
                self.wakes.fetch_add(1, Ordering::Relaxed);
            }
            true
        }
    }

    #[test]
    fn one_has_the_lock_at_a_time_and_who_would_sleep_is_woken() {
        loom::model(|| {
            let counted = Counted { lock: LockWord::new(), count: UnsafeCell::new(0), wakes: AtomicU32::new(0) };
            let counted = Arc::new(counted);
            let others =
                [LockWord::transition_held as fn(&LockWord) -> bool, LockWord::transition_contended].map(|take| {
                    let counted = counted.clone();
                    spawn(move || counted.count(take))
                });
            let mine = counted.count(LockWord::transition_contended);
            let theirs = others.map(|other| other.join().unwrap());
            if !mine || !theirs[1] {
                assert!(counted.wakes.load(Ordering::Relaxed) > 0, "somebody sleeps on a free lock");
            }
            let took = [mine, theirs[0], theirs[1]].into_iter().filter(|took| *took).count();
            // SAFETY: the other threads have ended.
            assert_eq!(counted.count.with(|p| unsafe { *p }), took as u32);
        });
    }
}
