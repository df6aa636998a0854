//! Memory that was purged and is claimed again soon after: it is counted, and for a while that much
//! more is kept, so that no program purges and refaults in a loop.

use super::budget;
use crate::config;
use crate::geometry::KIB;
use crate::os;
use crate::policy;
use crate::stats::POOL;
use crate::sync::{AtomicU64, Ordering};

/// A number of bytes that halves in every `DELAYS` purge delays: `milliseconds << 32 | KiB`.
#[derive(Debug)]
pub struct Fading<const DELAYS: u32 = 1>(AtomicU64);

impl<const DELAYS: u32> Fading<DELAYS> {
    /// None.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// What is left of it now.
    pub fn bytes(&self) -> usize {
        // relaxed, here and below: a hint
        match self.0.load(Ordering::Relaxed) {
            word if word as u32 == 0 => 0,
            word => Self::left_kib(word, os::now_ms()) as usize * KIB,
        }
    }

    /// Adds bytes, up to `most_bytes` in all.
    pub fn add(&self, bytes: usize, most_bytes: usize) {
        self.set(|left| (left + bytes).min(most_bytes));
    }

    /// Takes up to so many bytes away; returns how many there were.
    pub fn take(&self, bytes: usize) -> usize {
        let taken = self.bytes().min(bytes);
        if taken > 0 {
            self.set(|left| left.saturating_sub(taken));
        }
        taken
    }

    fn set(&self, change: impl Fn(usize) -> usize) {
        let now = os::now_ms();
        let step = |word: u64| {
            let bytes = change(Self::left_kib(word, now) as usize * KIB);
            Some(u64::from(now) << 32 | (bytes / KIB) as u64)
        };
        // relaxed, both: a hint
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
    }

    fn left_kib(word: u64, now: u32) -> u32 {
        let half_life_ms = config::get().purge_delay_ms().max(1).saturating_mul(DELAYS);
        (word as u32).checked_shr(now.wrapping_sub((word >> 32) as u32) / half_life_ms).unwrap_or(0)
    }
}

impl<const DELAYS: u32> Default for Fading<DELAYS> {
    fn default() -> Self {
        Self::new()
    }
}

/// What runs may be kept beyond the limit.
static KEPT: Fading<{ policy::KEPT_HALF_LIFE_DELAYS }> = Fading::new();

/// Bytes of EMPTY runs that may be kept beyond the limit, since as many were purged in vain.
pub(super) fn kept_bytes() -> usize {
    KEPT.bytes()
}

/// A run is claimed of which `bytes` were purged less than the purge delay ago.
#[cold]
pub(super) fn account(bytes: usize) {
    POOL.refaulted_bytes.add_n(bytes as u64);
    KEPT.add(bytes, budget::peak_bytes());
}
