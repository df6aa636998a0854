//! The one lock of the crate: a `lock_api::RawMutex` over the futex system call.
//!
//! It stands behind `HAKMEM_STAGE2=0` alone (`shared_pool/control_lock.rs`, the positive control of the
//! lock statistics). It neither allocates nor keeps state outside its word, so fork cannot leave more
//! than that word behind.
#![allow(unsafe_code)] // the trait is unsafe to implement

use crate::os;
use crate::sync::{AtomicU32, Ordering};

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and perhaps somebody sleeps on the word.
const CONTENDED: u32 = 2;

/// See the module. Three states as in U. Drepper, "Futexes are tricky", 2011.
#[derive(Debug)]
pub struct FutexLock {
    word: AtomicU32,
}

impl FutexLock {
    /// Waits for the lock, but no longer than about `wait_ms`. `false`: somebody has it all the while.
    pub fn lock_within(&self, wait_ms: u32) -> bool {
        let begun_ms = os::now_ms();
        // acquire [LOCK]: pairs with [UNLOCK]
        while self.word.swap(CONTENDED, Ordering::Acquire) != FREE {
            if os::now_ms().wrapping_sub(begun_ms) >= wait_ms {
                return false;
            }
            os::futex_wait(&self.word, CONTENDED, wait_ms);
        }
        true
    }
}

// SAFETY: `lock` returns only after this thread moved the word from FREE, and only `unlock` moves
// it back, so there is one holder at a time.
unsafe impl lock_api::RawMutex for FutexLock {
    #[allow(clippy::declare_interior_mutable_const)] // how lock_api asks for the initial value
    const INIT: Self = Self { word: AtomicU32::new(FREE) };
    type GuardMarker = lock_api::GuardSend;

    fn lock(&self) {
        while !self.lock_within(u32::MAX) {}
    }

    fn try_lock(&self) -> bool {
        // acquire [LOCK]
        self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    unsafe fn unlock(&self) {
        // release [UNLOCK]
        if self.word.swap(FREE, Ordering::Release) == CONTENDED {
            os::futex_wake_one(&self.word);
        }
    }
}
