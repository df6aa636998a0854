//! The one lock of the crate: a `lock_api::RawMutex` over the futex system call.
//!
//! It stands behind `HAKMEM_STAGE2=0` alone (`shared_pool/control_lock.rs`, the positive control of the
//! lock statistics). It neither allocates nor keeps state outside its word, so fork cannot leave more
//! than that word behind.
#![allow(unsafe_code)] // the trait is unsafe to implement

use crate::os;
use crate::sync::lock_word::{CONTENDED, LockWord};

/// See the module.
#[derive(Debug)]
pub struct FutexLock {
    word: LockWord,
}

impl FutexLock {
    /// Waits for the lock, but no longer than about `wait_ms`. `false`: somebody has it all the while.
    pub fn lock_within(&self, wait_ms: u32) -> bool {
        let begun_ms = os::now_ms();
        while !self.word.transition_contended() {
            if os::now_ms().wrapping_sub(begun_ms) >= wait_ms {
                return false;
            }
            os::futex_wait(self.word.address(), CONTENDED, wait_ms);
        }
        true
    }
}

// SAFETY: `lock` returns only after this thread has taken the word, and only `unlock` gives it
// up, so there is one holder at a time.
unsafe impl lock_api::RawMutex for FutexLock {
    #[allow(clippy::declare_interior_mutable_const)] // how lock_api asks for the initial value
    const INIT: Self = Self { word: LockWord::new() };
    type GuardMarker = lock_api::GuardSend;

    fn lock(&self) {
        while !self.lock_within(u32::MAX) {}
    }

    fn try_lock(&self) -> bool {
        self.word.transition_held()
    }

    unsafe fn unlock(&self) {
        if self.word.transition_free() {
            os::futex_wake_one(self.word.address());
        }
    }
}
