//! Atomics that give the processor away, or waste a little time, around each read-modify-write: what
//! lies between a load and its compare-and-swap, or behind it, then happens to other threads more
//! often than in years of use. For stress tests, with the feature `yield-injection`.
//!
//! Which of them do is drawn from one sequence for the process, made of [`seed`] and a counter.
#![allow(unsafe_code)] // sched_yield

use core::sync::atomic as plain;
pub use core::sync::atomic::{Ordering, fence};

static SEED: plain::AtomicU64 = plain::AtomicU64::new(0x9e37_79b9_7f4a_7c15);
static DRAWS: plain::AtomicU64 = plain::AtomicU64::new(0);
static YIELDS: plain::AtomicU64 = plain::AtomicU64::new(0);

/// One draw in this many yields; as many again spin.
const RARITY: u64 = 16;
const LONGEST_SPIN: u64 = 64;

/// Begins the sequence anew.
pub fn seed(value: u64) {
    // relaxed, here and below: chance orders nothing
    SEED.store(value | 1, Ordering::Relaxed);
    DRAWS.store(0, Ordering::Relaxed);
}

/// How often a thread has yielded so far.
pub fn yields() -> u64 {
    YIELDS.load(Ordering::Relaxed)
}

fn disturb() {
    let draw = DRAWS.fetch_add(1, Ordering::Relaxed);
    let mut x = draw.wrapping_mul(SEED.load(Ordering::Relaxed));
    x = (x ^ x >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^= x >> 32;
    match x % RARITY {
        0 => {
            YIELDS.fetch_add(1, Ordering::Relaxed);
            // SAFETY: gives the processor away, no more.
            unsafe { libc::sched_yield() };
        }
        1 => (0..x / RARITY % LONGEST_SPIN).for_each(|_| core::hint::spin_loop()),
        _ => {}
    }
}

/// Runs a read-modify-write between two disturbances.
fn between<R>(modify: impl FnOnce() -> R) -> R {
    disturb();
    let result = modify();
    disturb();
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
            between(|| self.0.swap(value, order))
        }

        /// As core's.
        pub fn compare_exchange(
            &self,
            from: $value,
            to: $value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$value, $value> {
            between(|| self.0.compare_exchange(from, to, success, failure))
        }

        /// As core's.
        pub fn compare_exchange_weak(
            &self,
            from: $value,
            to: $value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$value, $value> {
            between(|| self.0.compare_exchange_weak(from, to, success, failure))
        }
    };
}

macro_rules! integer {
    ($name:ident, $value:ty) => {
        /// As core's, with disturbances.
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
                step: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                between(|| self.0.fetch_update(success, failure, step))
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
                between(|| self.0.$operation(value, order))
            }
        )*
    };
}

integer!(AtomicU8, u8);
integer!(AtomicU16, u16);
integer!(AtomicU32, u32);
integer!(AtomicU64, u64);
integer!(AtomicUsize, usize);

/// As core's, with disturbances.
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

/// As core's, with disturbances.
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
