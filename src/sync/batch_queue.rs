//! The queue of batches that other threads post to a heap: pushed one by one, taken whole.
//!
//! Any thread may push; any thread may take everything by one exchange, so nothing depends on the
//! owner being awake and no ABA can arise (a push only ever compares the head it links to, and it
//! does not matter whether that head is the same batch as before).

use super::{AtomicPtr, Ordering, const_new, fence};
use core::ptr;

/// A node that can be linked; its memory is never unmapped.
///
/// An implementation returns the same place of the node every time; a queue of nodes whose link
/// wanders would lose them, but not the memory safety of its users' own claims.
pub trait Node {
    /// The link of the node.
    fn next(&self) -> &AtomicPtr<Self>
    where
        Self: Sized;
}

/// See the module.
#[derive(Debug)]
pub struct BatchQueue<T> {
    head: AtomicPtr<T>,
}

impl<T: Node> BatchQueue<T> {
    const_new! {
        /// An empty queue.
        pub fn new() -> Self {
            Self { head: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Whether the queue was empty just now: a hint, but one that a heap's park relies on (see
    /// [`crate::sync::tenancy`]), hence its ordering.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // seqcst [PARK]: the parker's fence stands before this look, see tenancy.rs
        self.head.load(Ordering::SeqCst).is_null()
    }

    /// The newest batch; only its never-unmapped header may be looked at, as a hint.
    #[inline]
    pub fn peek(&self) -> *mut T {
        // acquire: pairs with [POST], so that the hint is at least as new as the post
        self.head.load(Ordering::Acquire)
    }

    /// Posts `batch`. Returns the number of failed attempts.
    ///
    /// # Safety
    /// `batch` is a valid node that the caller owns and gives away.
    #[allow(unsafe_code)] // links a node that is given by pointer
    pub unsafe fn push(&self, batch: *mut T) -> u32 {
        let mut retries = 0;
        // relaxed: only compared and stored
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: the caller owns the node until the exchange below gives it away.
            // relaxed: published by [POST]
            unsafe { (*batch).next().store(head, Ordering::Relaxed) };
            // release [POST]: pairs with [TAKE]; seqcst for [PARK]
            match self.head.compare_exchange_weak(head, batch, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => {
                    fence(Ordering::SeqCst); // [PARK]: before the poster's look at the tenancy
                    return retries;
                }
                Err(now) => {
                    head = now;
                    retries += 1;
                }
            }
        }
    }

    /// Takes every batch: the newest, linked to the older ones; null when there was none.
    #[must_use = "the batches belong to the caller"]
    pub fn take_all(&self) -> *mut T {
        // acquire [TAKE]: pairs with [POST] of each push, which form one release sequence
        self.head.swap(ptr::null_mut(), Ordering::Acquire)
    }
}

impl<T: Node> Default for BatchQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // batches are linked by pointer, and loom's cells are touched by pointer
mod models {
    use super::*;
    use crate::sync::AtomicU32;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::spawn;

    struct Batch {
        next: AtomicPtr<Self>,
        bytes: AtomicU32,
        payload: UnsafeCell<u32>,
    }
    impl Node for Batch {
        fn next(&self) -> &AtomicPtr<Self> {
            &self.next
        }
    }

    struct Shared {
        queue: BatchQueue<Batch>,
        batches: [Batch; 2],
    }

    fn shared() -> Arc<Shared> {
        let batch =
            || Batch { next: AtomicPtr::new(ptr::null_mut()), bytes: AtomicU32::new(0), payload: UnsafeCell::new(0) };
        Arc::new(Shared { queue: BatchQueue::new(), batches: [batch(), batch()] })
    }

    fn touch(batch: &Batch) {
        // SAFETY: the batch belongs to this thread alone; the model checks exactly that.
        batch.payload.with_mut(|p| unsafe { *p += 1 });
    }

    fn post(s: &Shared, i: usize) {
        touch(&s.batches[i]);
        s.batches[i].bytes.store(7, Ordering::Relaxed);
        // SAFETY: only this thread posts batch `i`, and only once.
        unsafe { s.queue.push((&raw const s.batches[i]).cast_mut()) };
    }

    /// Takes everything and touches it; `then` gets each batch after its link was read.
    fn take_each(s: &Shared, mut then: impl FnMut(*mut Batch)) -> usize {
        let (mut batch, mut count) = (s.queue.take_all(), 0);
        while !batch.is_null() {
            // SAFETY: the batches outlive the threads.
            let taken = unsafe { &*batch };
            touch(taken);
            let next = taken.next.load(Ordering::Relaxed);
            then(batch);
            (batch, count) = (next, count + 1);
        }
        count
    }

    fn drain(s: &Shared) -> usize {
        take_each(s, |_| ())
    }

    #[test]
    fn two_posters_and_a_drain_lose_nothing() {
        loom::model(|| {
            let s = shared();
            let posters = [0, 1].map(|i| {
                let s = s.clone();
                spawn(move || post(&s, i))
            });
            let mut drained = drain(&s);
            for poster in posters {
                poster.join().unwrap();
            }
            drained += drain(&s);
            assert_eq!(drained, 2);
            assert!(s.queue.is_empty());
        });
    }

    #[test]
    fn a_queue_that_becomes_empty_between_two_posts_loses_nothing() {
        loom::model(|| {
            let s = shared();
            let poster = {
                let s = s.clone();
                spawn(move || {
                    post(&s, 0);
                    post(&s, 1);
                })
            };
            let mut drained = drain(&s) + drain(&s);
            poster.join().unwrap();
            drained += drain(&s);
            assert_eq!(drained, 2);
        });
    }

    #[test]
    fn a_batch_may_be_taken_and_posted_again_under_a_push() {
        loom::model(|| {
            let s = shared();
            post(&s, 0);
            let poster = {
                let s = s.clone();
                spawn(move || post(&s, 1))
            };
            let looker = {
                let s = s.clone();
                // SAFETY: the batch was just taken.
                spawn(move || take_each(&s, |batch| unsafe { _ = s.queue.push(batch) }))
            };
            let mut drained = drain(&s);
            poster.join().unwrap();
            looker.join().unwrap();
            drained += drain(&s);
            assert_eq!(drained, 2);
        });
    }

    #[test]
    fn a_peeked_batch_shows_at_least_what_it_was_posted_with() {
        loom::model(|| {
            let s = shared();
            // the post stands in the first thread: loom would not try a look after a post whose own
            // load of the head hides the look
            let looker = {
                let s = s.clone();
                spawn(move || {
                    let newest = s.queue.peek();
                    if !newest.is_null() {
                        // SAFETY: the batches outlive the threads.
                        assert_eq!(unsafe { &*newest }.bytes.load(Ordering::Relaxed), 7);
                    }
                })
            };
            post(&s, 0);
            looker.join().unwrap();
        });
    }
}
