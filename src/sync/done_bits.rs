//! Pieces of work that are done, a bit for each: who sees a bit sees its work.

use super::{AtomicU32, Ordering, const_new};

/// See the module. Bits are only ever set. All-zero bytes are one of which nothing is done.
#[derive(Debug)]
#[repr(transparent)]
pub struct DoneBits(AtomicU32);

impl DoneBits {
    const_new! {
        /// Nothing is done.
        pub fn new() -> Self {
            Self(AtomicU32::new(0))
        }
    }

    /// Whether all of `mask` is done.
    #[inline]
    pub fn has_all(&self, mask: u32) -> bool {
        // acquire [DONE]: pairs with `add`
        self.0.load(Ordering::Acquire) & mask == mask
    }

    /// Notes that all of `mask` is done.
    pub fn add(&self, mask: u32) {
        // release [DONE]: of others' bits, too, since an exchange carries their release on
        self.0.fetch_or(mask, Ordering::Release);
    }

    /// The bits, for checks.
    pub fn peek(&self) -> u32 {
        // relaxed: for checks
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for DoneBits {
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
    fn who_sees_a_bit_sees_its_work_whoever_set_one_since() {
        loom::model(|| {
            let shared = Arc::new((DoneBits::new(), [UnsafeCell::new(0), UnsafeCell::new(0)]));
            let workers = [0, 1].map(|place| {
                let shared = shared.clone();
                spawn(move || {
                    // SAFETY: each place has one worker; the model checks that no one looks before its bit is set.
                    shared.1[place].with_mut(|p| unsafe { *p = 1_u32 });
                    shared.0.add(1 << place);
                })
            });
            for place in 0..2 {
                if shared.0.has_all(1 << place) {
                    // SAFETY: done.
                    shared.1[place].with(|p| assert_eq!(unsafe { *p }, 1));
                }
            }
            workers.into_iter().for_each(|worker| worker.join().unwrap());
            assert!(shared.0.has_all(3) && shared.0.peek() == 3);
        });
    }
}
