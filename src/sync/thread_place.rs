//! A place that says where one thread is: its number, while it is there.
//!
//! | from | to | transition | who |
//! |---|---|---|---|
//! | empty | a thread | `transition_taken` | that thread |
//! | a thread | empty | `transition_empty` | that thread, or the only thread of a fork's child |

use super::{AtomicUsize, Ordering, const_new};

/// See the module. All-zero bytes are an empty one.
#[derive(Debug)]
#[repr(transparent)]
pub struct ThreadPlace(AtomicUsize);

impl ThreadPlace {
    const_new! {
        /// An empty place.
        pub fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// The number of the thread that has the place, or 0: a hint, but for that thread, and for the only one of a
    /// process.
    pub fn thread(&self) -> usize {
        // relaxed: corrected by `transition_taken`
        self.0.load(Ordering::Relaxed)
    }

    /// Takes the place for the caller. `false`: another thread has it.
    #[must_use]
    pub fn transition_taken(&self, thread: usize) -> bool {
        debug_assert!(thread != 0);
        // acquire [INSIDE]: what follows comes after it, for a fork at any instruction and for who had it before
        self.0.compare_exchange(0, thread, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Gives the place up.
    pub fn transition_empty(&self) {
        // release [INSIDE]: what was done comes before it
        self.0.store(0, Ordering::Release);
    }
}

impl Default for ThreadPlace {
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
    fn what_a_thread_does_in_its_place_lies_between_taking_it_and_giving_it_up() {
        loom::model(|| {
            let shared = Arc::new((ThreadPlace::new(), UnsafeCell::new(0_u32)));
            let stay = |(place, work): &(ThreadPlace, UnsafeCell<u32>), thread| {
                let is_mine = place.thread() == 0 && place.transition_taken(thread);
                if is_mine {
                    // SAFETY: one thread has the place; the model checks exactly that.
                    work.with_mut(|p| unsafe { *p += 1 });
                    assert_eq!(place.thread(), thread);
                    place.transition_empty();
                }
                u32::from(is_mine)
            };
            let others = [1, 2].map(|thread| {
                let shared = shared.clone();
                spawn(move || stay(&shared, thread))
            });
            let stayed: u32 = others.map(|other| other.join().unwrap()).iter().sum();
            assert!(stayed > 0 && shared.0.thread() == 0);
            // SAFETY: the other threads have ended.
            assert_eq!(shared.1.with(|p| unsafe { *p }), stayed);
        });
    }
}
