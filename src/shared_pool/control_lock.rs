//! The positive control of the lock statistics: with `HAKMEM_STAGE2=0` stages 1, 1b and 2 of an
//! acquire, and every release, hold one lock, and the counters must show it; not over a system call:
//! commits, purges and lines of the stage log come after it. Adoption, growth, and spans that grow in
//! place or have a large alignment take none. Otherwise nothing is locked.
//!
//! The lock protects nothing: below it everything is lock-free. So nobody has to wait for ever for a
//! holder that does not exist in this process (the child of `_Fork`), or that this very thread has
//! interrupted (a signal handler): after a second the lock is given up by all.

use crate::config;
use crate::os::futex_lock::FutexLock;
use crate::policy;
use crate::stats::POOL;
use crate::sync::counter::SharedCounter;
use crate::sync::{AtomicBool, Ordering};
use lock_api::RawMutex;

static LOCK: FutexLock = FutexLock::INIT;
/// Somebody has waited for too long.
static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Held for as long as it lives, if the control is on.
pub(super) struct Control(bool);

impl Drop for Control {
    #[allow(unsafe_code)] // the lock's own contract
    fn drop(&mut self) {
        if self.0 {
            POOL.lock_unlocks.add();
            // SAFETY: `take` locked it for this guard.
            unsafe { LOCK.unlock() };
        }
    }
}

/// The guard of one stage of an acquire.
#[inline]
pub(super) fn for_acquire() -> Control {
    take(&POOL.lock_acquire_slab)
}

/// The guard of a release.
#[inline]
pub(super) fn for_release() -> Control {
    take(&POOL.lock_release_slab)
}

#[inline]
fn take(count: &SharedCounter) -> Control {
    if config::get().stage2() {
        return Control(false);
    }
    if !LOCK.try_lock() {
        POOL.lock_waits.add();
        // relaxed, both: a hint
        if GIVEN_UP.load(Ordering::Relaxed) {
            return Control(false);
        }
        if !LOCK.lock_within(policy::CONTROL_LOCK_WAIT_MS) {
            GIVEN_UP.store(true, Ordering::Relaxed);
            return Control(false);
        }
    }
    count.add();
    Control(true)
}

/// In the child of a fork: a thread that does not exist here may have held the lock.
#[allow(unsafe_code)] // unlocks for a thread that is gone
pub(super) fn reset_after_fork() {
    if LOCK.is_locked() {
        // SAFETY: the child has one thread; should it be inside itself (a signal handler has forked),
        // it unlocks a free lock later, which changes nothing.
        unsafe { LOCK.unlock() };
    }
}
