//! A place that holds one record or none: whoever takes the record out is its owner.

use super::{AtomicPtr, Ordering, const_new};
use core::ptr;

/// See the module. Records live for ever; what others read of one in a place is atomic.
#[derive(Debug)]
pub struct RecordPlace<T>(AtomicPtr<T>);

impl<T> RecordPlace<T> {
    const_new! {
        /// An empty place.
        pub fn new() -> Self {
            Self(AtomicPtr::new(ptr::null_mut()))
        }
    }

    /// The record in the place, or null; it may be taken at any moment.
    #[inline]
    pub fn peek(&self) -> *mut T {
        // acquire [CACHE]: pairs with `put`
        self.0.load(Ordering::Acquire)
    }

    /// Whether the place is empty: a hint.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // relaxed: corrected by `put`
        self.0.load(Ordering::Relaxed).is_null()
    }

    /// Takes `record` out, if it is there still; the caller owns it then.
    #[must_use]
    pub fn take(&self, record: *mut T) -> bool {
        // acquire [CACHE]: it may have been taken and put back since it was seen
        self.0.compare_exchange(record, ptr::null_mut(), Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Puts a record that the caller owns into the place. `false`: there is one by now.
    #[must_use]
    pub fn put(&self, record: *mut T) -> bool {
        // release [CACHE]
        self.0.compare_exchange(ptr::null_mut(), record, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Puts a record in place of what is there: for the test of the checks.
    #[cfg(all(test, not(loom)))]
    pub fn damage(&self, record: *mut T) -> *mut T {
        self.0.swap(record, Ordering::Relaxed)
    }
}

impl<T> Default for RecordPlace<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use crate::sync::AtomicUsize;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::spawn;

    struct Record {
        bytes: AtomicUsize,
        owned: UnsafeCell<u32>,
    }

    struct Cache {
        place: RecordPlace<Record>,
        record: Record,
    }

    fn cache() -> Arc<Cache> {
        let record = Record { bytes: AtomicUsize::new(0), owned: UnsafeCell::new(0) };
        Arc::new(Cache { place: RecordPlace::new(), record })
    }

    impl Cache {
        fn put(&self) {
            self.record.bytes.store(4096, Ordering::Relaxed);
            // SAFETY: the owner's; the model checks exactly that.
            self.record.owned.with_mut(|p| unsafe { *p += 1 });
            assert!(self.place.put((&raw const self.record).cast_mut()));
        }

        /// Takes the record, if it is seen.
        fn take(&self) -> bool {
            let seen = self.place.peek();
            if seen.is_null() {
                return false;
            }
            // SAFETY: records outlive the threads.
            let record = unsafe { &*seen };
            assert_eq!(record.bytes.load(Ordering::Relaxed), 4096);
            let taken = self.place.take(seen);
            if taken {
                // SAFETY: as above.
                record.owned.with_mut(|p| unsafe { *p += 1 });
            }
            taken
        }
    }

    #[test]
    fn one_of_two_takers_owns_the_record_and_sees_it_whole() {
        loom::model(|| {
            let cache = cache();
            let takers = [0, 1].map(|_| {
                let cache = cache.clone();
                spawn(move || cache.take())
            });
            cache.put();
            let taken = takers.map(|taker| taker.join().unwrap());
            assert!(!(taken[0] && taken[1]));
            assert_eq!(cache.place.is_empty(), taken[0] || taken[1]);
        });
    }

    #[test]
    fn a_record_that_was_put_back_meanwhile_is_owned_as_it_is_now() {
        loom::model(|| {
            let cache = cache();
            cache.put();
            let other = {
                let cache = cache.clone();
                spawn(move || {
                    if cache.take() {
                        cache.put();
                    }
                })
            };
            let _ = cache.take();
            other.join().unwrap();
        });
    }
}
