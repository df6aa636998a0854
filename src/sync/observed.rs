//! Atomics with the interface of `core`'s around whose read-modify-writes a test feature does something:
//! `yield-injection` disturbs them ([`super::yielding`]), `count-atomics` counts them ([`super::census`]).

#[cfg(feature = "count-atomics")]
use super::census::{Event, note};
#[cfg(feature = "yield-injection")]
use super::yielding::disturb;
use core::sync::atomic as plain;
pub use core::sync::atomic::Ordering;
#[cfg(feature = "count-atomics")]
use core::sync::atomic::Ordering::SeqCst;

/// As core's. Full fences are counted, since they cost what an exchange costs.
#[inline]
pub fn fence(order: Ordering) {
    #[cfg(feature = "count-atomics")]
    if order == SeqCst {
        note(Event::Fence);
    }
    plain::fence(order);
}

/// Does a read-modify-write.
fn modified<R>(modify: impl FnOnce() -> R) -> R {
    #[cfg(feature = "yield-injection")]
    disturb();
    #[cfg(feature = "count-atomics")]
    note(Event::ReadModifyWrite);
    let result = modify();
    #[cfg(feature = "yield-injection")]
    disturb();
    result
}

/// Does one that may fail.
fn compared<T>(modify: impl FnOnce() -> Result<T, T>) -> Result<T, T> {
    let result = modified(modify);
    #[cfg(feature = "count-atomics")]
    if result.is_err() {
        note(Event::Failure);
    }
    result
}

macro_rules! common {
    ($value:ty) => {
        /// A plain load.
        #[inline]
        pub fn load(&self, order: Ordering) -> $value {
            self.0.load(order)
        }

        /// A plain store.
        #[inline]
        pub fn store(&self, value: $value, order: Ordering) {
            self.0.store(value, order);
        }

        /// As core's.
        pub fn swap(&self, value: $value, order: Ordering) -> $value {
            modified(|| self.0.swap(value, order))
        }

        /// As core's.
        pub fn compare_exchange(
            &self,
            from: $value,
            to: $value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$value, $value> {
            compared(|| self.0.compare_exchange(from, to, success, failure))
        }

        /// As core's.
        pub fn compare_exchange_weak(
            &self,
            from: $value,
            to: $value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$value, $value> {
            compared(|| self.0.compare_exchange_weak(from, to, success, failure))
        }
    };
}

macro_rules! integer {
    ($name:ident, $value:ty) => {
        /// As core's, observed.
        #[derive(Debug, Default)]
        #[repr(transparent)]
        pub struct $name(plain::$name);

        impl $name {
            /// As core's.
            pub const fn new(value: $value) -> Self {
                Self(plain::$name::new(value))
            }

            common!($value);
            integer!(@fetch $value, fetch_add fetch_sub fetch_and fetch_or fetch_max fetch_min);

            /// As core's.
            pub fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut step: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut now = self.load(failure);
                while let Some(to) = step(now) {
                    match self.compare_exchange_weak(now, to, success, failure) {
                        Ok(_) => return Ok(now),
                        Err(other) => now = other,
                    }
                }
                Err(now)
            }

            /// As core's.
            pub const fn as_ptr(&self) -> *mut $value {
                self.0.as_ptr()
            }
        }
    };
    (@fetch $value:ty, $($operation:ident)*) => {
        $(
            /// As core's.
            pub fn $operation(&self, value: $value, order: Ordering) -> $value {
                modified(|| self.0.$operation(value, order))
            }
        )*
    };
}

integer!(AtomicU8, u8);
integer!(AtomicU16, u16);
integer!(AtomicU32, u32);
integer!(AtomicU64, u64);
integer!(AtomicUsize, usize);

/// As core's, observed.
#[derive(Debug)]
#[repr(transparent)]
pub struct AtomicPtr<T>(plain::AtomicPtr<T>);

impl<T> AtomicPtr<T> {
    /// As core's.
    pub const fn new(value: *mut T) -> Self {
        Self(plain::AtomicPtr::new(value))
    }

    common!(*mut T);
}

/// As core's, observed.
#[derive(Debug)]
#[repr(transparent)]
pub struct AtomicBool(plain::AtomicBool);

impl AtomicBool {
    /// As core's.
    pub const fn new(value: bool) -> Self {
        Self(plain::AtomicBool::new(value))
    }

    common!(bool);
}

#[cfg(all(test, feature = "count-atomics"))]
mod tests {
    use super::*;
    use crate::sync::census::{AtomicCounts, counts};

    /// Other tests run meanwhile: `work` is repeated, and the least that it added to each count is what it does
    /// itself. (Of each: another thread may be between counting its exchange and counting that it failed.)
    fn least(work: impl Fn()) -> AtomicCounts {
        let mut least = AtomicCounts {
            read_modify_writes: u64::MAX,
            failures: u64::MAX,
            fences: u64::MAX,
            ..AtomicCounts::default()
        };
        for _ in 0..1000 {
            let before = counts().unwrap();
            work();
            let after = counts().unwrap();
            least.read_modify_writes =
                least.read_modify_writes.min(after.read_modify_writes - before.read_modify_writes);
            least.failures = least.failures.min(after.failures - before.failures);
            least.fences = least.fences.min(after.fences - before.fences);
        }
        least
    }

    #[test]
    fn each_read_modify_write_counts_once_and_loads_and_stores_do_not() {
        let word = AtomicU64::new(0);
        let added = least(|| {
            word.store(word.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            word.fetch_or(1, Ordering::Relaxed);
            word.swap(3, Ordering::Relaxed);
            assert_eq!(word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n + 1)), Ok(3));
        });
        assert_eq!((added.read_modify_writes, added.failures, added.fences), (3, 0, 0));
    }

    #[test]
    fn a_lost_compare_and_swap_is_a_failure_too() {
        let word = AtomicBool::new(true);
        let added = least(|| {
            assert_eq!(word.compare_exchange(false, true, Ordering::Relaxed, Ordering::Relaxed), Err(true));
        });
        assert_eq!((added.read_modify_writes, added.failures), (1, 1));
    }

    #[test]
    fn only_full_fences_are_counted() {
        let added = least(|| {
            fence(Ordering::Release);
            fence(SeqCst);
        });
        assert_eq!((added.read_modify_writes, added.fences), (0, 1));
    }
}
