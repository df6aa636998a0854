//! Gives the processor away, or wastes a little time, around a read-modify-write: what lies between a
//! load and its compare-and-swap, or behind it, then happens to other threads more often than in
//! years of use. For stress tests, with the feature `yield-injection`; [`super::observed`] calls it.
//!
//! Which of them are disturbed is drawn from one sequence for the process, made of [`seed`] and a counter.
#![allow(unsafe_code)] // sched_yield

use core::sync::atomic as plain;
use core::sync::atomic::Ordering;

static SEED: plain::AtomicU64 = plain::AtomicU64::new(0x9e37_79b9_7f4a_7c15);
static DRAWS: plain::AtomicU64 = plain::AtomicU64::new(0);

/// One draw in this many yields; as many again spin.
const RARITY: u64 = 16;
const LONGEST_SPIN: u64 = 64;

/// Begins the sequence anew.
pub fn seed(value: u64) {
    // relaxed, here and below: chance orders nothing
    SEED.store(value | 1, Ordering::Relaxed);
    DRAWS.store(0, Ordering::Relaxed);
}

/// Yields, spins, or does neither.
pub(super) fn disturb() {
    let draw = DRAWS.fetch_add(1, Ordering::Relaxed);
    let mut x = draw.wrapping_mul(SEED.load(Ordering::Relaxed));
    x = (x ^ x >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^= x >> 32;
    match x % RARITY {
        // SAFETY: gives the processor away, no more.
        0 => _ = unsafe { libc::sched_yield() },
        1 => (0..x / RARITY % LONGEST_SPIN).for_each(|_| core::hint::spin_loop()),
        _ => {}
    }
}
