//! Counters for statistics: they order nothing and are read only to be reported.

use super::census::{Event, note};
use super::{AtomicU64, Ordering};

/// A counter that any thread may raise: one relaxed read-modify-write, for slow paths.
#[derive(Debug)]
pub struct SharedCounter(AtomicU64);

impl SharedCounter {
    /// Zero.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds one.
    #[inline]
    pub fn add(&self) {
        self.add_n(1);
    }

    /// Adds `n`.
    #[inline]
    pub fn add_n(&self, n: u64) {
        note(Event::Statistic);
        // relaxed: a statistic
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Takes `n` away.
    #[inline]
    pub fn sub_n(&self, n: u64) {
        note(Event::Statistic);
        // relaxed: a statistic
        self.0.fetch_sub(n, Ordering::Relaxed);
    }

    /// Counts `new` where `old` was counted before, of which the caller alone knows.
    #[inline]
    pub fn replace(&self, old: u64, new: u64) {
        self.add_n(new.wrapping_sub(old)); // a difference below zero wraps, as the sum does
    }

    /// Sets the value, in the child of a fork: counted anew.
    pub fn reset(&self, n: u64) {
        // relaxed: there is one thread
        self.0.store(n, Ordering::Relaxed);
    }

    /// The value just now.
    #[inline]
    pub fn get(&self) -> u64 {
        // relaxed: a statistic
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for SharedCounter {
    fn default() -> Self {
        Self::new()
    }
}

/// A counter with one writer at a time, raised by a plain load and store; anyone may read it.
#[derive(Debug)]
pub struct OwnedCounter(AtomicU64);

impl OwnedCounter {
    /// Zero.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds one.
    #[inline]
    pub fn add(&self) {
        self.add_n(1);
    }

    /// Adds `n`; wrapping, so that a negative difference may be added too.
    #[inline]
    pub fn add_n(&self, n: u64) {
        // relaxed: a statistic with a single writer
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// Takes `n` away.
    #[inline]
    pub fn sub_n(&self, n: u64) {
        self.add_n(n.wrapping_neg());
    }

    /// The value just now.
    #[inline]
    pub fn get(&self) -> u64 {
        // relaxed: a statistic
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for OwnedCounter {
    fn default() -> Self {
        Self::new()
    }
}
