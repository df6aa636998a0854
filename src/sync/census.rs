//! A census of atomic operations, for what two cores cannot time (`scripts/counts`).
//!
//! Only a build with the feature `count-atomics` takes it: there the atomics of this crate are those of
//! `super::observed`, which report each operation here. In every other build nothing is compiled in.

/// What a run has done so far. Each read-modify-write is counted once, whether it succeeds or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtomicCounts {
    /// Read-modify-writes of any kind: exchanges, compare-and-swaps, additions, bit operations.
    pub read_modify_writes: u64,
    /// Of these, those of owners on words of their own heap that others hardly touch: entering it, once for each slow
    /// path, and putting EMPTY runs there and taking them back.
    pub own: u64,
    /// Of these, additions to counters of statistics.
    pub statistics: u64,
    /// Of these, compare-and-swaps that found another value, or failed without a reason.
    pub failures: u64,
    /// Sequentially consistent fences.
    pub fences: u64,
}

/// What is counted: the columns of a [`AtomicCounts`].
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "count-atomics"), allow(dead_code))] // what nobody counts, nobody names
pub(crate) enum Event {
    ReadModifyWrite,
    Own,
    Statistic,
    Failure,
    Fence,
}

#[cfg(not(feature = "count-atomics"))]
mod taken {
    /// Nothing: no build but one with the feature counts.
    #[inline(always)]
    pub(crate) fn note(_: super::Event) {}

    /// The same.
    #[inline(always)]
    pub(crate) fn note_own(_: impl FnOnce() -> bool) {}

    /// None: nothing is counted.
    pub fn counts() -> Option<super::AtomicCounts> {
        None
    }
}

#[cfg(feature = "count-atomics")]
mod taken {
    use super::{AtomicCounts, Event};
    // the counters themselves are not counted
    use core::sync::atomic::{AtomicU64, Ordering};

    const STRIPES: usize = 64;
    const NUM_EVENTS: usize = 5;

    /// Threads are spread over these, so that counting makes little of the contention that it counts.
    #[repr(align(128))]
    struct Stripe([AtomicU64; NUM_EVENTS]);

    static COUNTED: [Stripe; STRIPES] = [const { Stripe([const { AtomicU64::new(0) }; NUM_EVENTS]) }; STRIPES];

    /// Counts one event.
    pub(crate) fn note(event: Event) {
        let on_stack = 0u8;
        // stacks lie apart: multiplied, their upper bits tell threads from each other
        let place = (((&raw const on_stack) as u64) >> 16).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
        COUNTED[place as usize].0[event as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an operation on the words of a heap, if it is its owner's.
    pub(crate) fn note_own(is_owner: impl FnOnce() -> bool) {
        if is_owner() {
            note(Event::Own);
        }
    }

    /// The counts so far.
    pub fn counts() -> Option<AtomicCounts> {
        let sum = |event| COUNTED.iter().map(|stripe| stripe.0[event as usize].load(Ordering::Relaxed)).sum();
        Some(AtomicCounts {
            read_modify_writes: sum(Event::ReadModifyWrite),
            own: sum(Event::Own),
            statistics: sum(Event::Statistic),
            failures: sum(Event::Failure),
            fences: sum(Event::Fence),
        })
    }
}

pub use taken::counts;
pub(crate) use taken::{note, note_own};
