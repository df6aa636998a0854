//! Injected failure: makes the next calls of one kind fail, in tests.
//!
//! In builds without `cfg(test)` and without the feature `fault-injection` the question
//! `fails` is the constant `false`.

/// The kinds of system call that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// mmap
    Map,
    /// munmap
    Unmap,
    /// mprotect
    Protect,
    /// madvise
    Advise,
    /// mremap
    Remap,
}

#[cfg(any(test, feature = "fault-injection"))]
mod injected {
    use super::Call;
    use crate::sync::{AtomicU64, Ordering};

    const KINDS: usize = 5;
    /// Calls of each kind that still succeed (upper half: calls that fail after them).
    static PLAN: [AtomicU64; KINDS] = [const { AtomicU64::new(u64::MAX) }; KINDS];

    /// Lets `pass` calls of `kind` through, then fails `fail` of them, then lets all through.
    pub fn plan(kind: Call, pass: u32, fail: u32) {
        // relaxed: tests synchronise by themselves
        PLAN[kind as usize].store(u64::from(fail) << 32 | u64::from(pass), Ordering::Relaxed);
    }

    /// Ends every plan.
    pub fn clear() {
        PLAN.iter().for_each(|p| p.store(u64::MAX, Ordering::Relaxed));
    }

    pub(in crate::os) fn fails(kind: Call) -> bool {
        let step = |plan: u64| match (plan >> 32, plan & 0xffff_ffff) {
            _ if plan == u64::MAX => None,
            (0, _) => Some(u64::MAX),
            (fail, 0) => Some((fail - 1) << 32),
            (_, _) => Some(plan - 1),
        };
        let before = PLAN[kind as usize].fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        matches!(before, Ok(plan) if plan >> 32 != 0 && plan & 0xffff_ffff == 0)
    }
}
#[cfg(any(test, feature = "fault-injection"))]
pub(super) use injected::fails;
#[cfg(any(test, feature = "fault-injection"))]
pub use injected::{clear, plan};

#[cfg(not(any(test, feature = "fault-injection")))]
#[inline(always)]
pub(super) fn fails(_: Call) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_passes_then_fails_then_passes() {
        plan(Call::Remap, 2, 3);
        let seen: Vec<bool> = (0..8).map(|_| fails(Call::Remap)).collect();
        assert_eq!(seen, [false, false, true, true, true, false, false, false]);
        clear();
    }
}
