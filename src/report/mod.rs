//! Reports: what the counters say, as text, JSON and XML. Reads the statistics, never writes them.
//!
//! ```text
//! snapshot          gather.rs   every counter, once
//! write_text        text.rs     the lock statistics (S4), a golden file for a fixed snapshot
//! write_json        json.rs     the same numbers as one JSON object on one line
//! write_xml         xml.rs      the document of glibc's malloc_info
//! Arena             arena.rs    the heap in glibc's terms, for malloc_info and mallinfo
//!   appended        ratio.rs    shares and percentages in integers, rounded as printf does
//! at_shutdown       output.rs   the text to stderr or HAKMEM_STATS_FILE, if it was asked for
//! print_text, print_json        to any descriptor; print_stats to stderr
//! heap_check        the walker behind hakmem_check: the heap's parts against each other
//! ```
//!
//! Writers hand pieces of text to a [`Sink`] and know of no descriptor. Nothing here allocates,
//! locks or touches errno, and none of it is a cancellation point. What has a C type (mallinfo, the
//! stream of malloc_info) stands in `c_semantics`. [`heap_check`] alone changes anything: it brings
//! blocks home that are on their way between heaps.

mod arena;
mod gather;
pub mod heap_check;
mod json;
mod output;
mod ratio;
mod text;
mod xml;

pub use arena::Arena;
pub use gather::snapshot;
pub use json::write_json;
pub use output::{at_shutdown, print_json, print_stats, print_text};
pub use text::write_text;
pub use xml::write_xml;

/// Takes a report piece by piece; false means that it takes no more, which ends the report.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

/// Names of the stages of an acquire, in the order of [`crate::stats::Stage`].
const STAGE_NAMES: [&str; crate::stats::NUM_STAGES] = ["adopt", "1", "1b", "2", "3"];

/// Refills, flushes, slabs acquired and released, spans handed out: what the shares of operations
/// relate to. A malloc or free that the front cache serves alone is not counted anywhere, so the
/// share of all operations is smaller still.
fn slow_path_operations(s: &crate::stats::Snapshot) -> u64 {
    sum(&[s.refills, s.flushes, s.acquires, s.releases, s.span_allocations])
}

/// A sum that stays at the largest number instead of wrapping.
fn sum(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0, |total, number| total.saturating_add(*number))
}

/// A lock of the allocator: there is one, and it is taken with `HAKMEM_STAGE2=0` only.
struct LockCounts {
    name: &'static str,
    /// Acquisitions by acquire_slab() and the acquires of spans.
    acquire_slab: u64,
    /// Acquisitions by release_slab() and the releases of spans.
    release_slab: u64,
    releases: u64,
    waits: u64,
}

impl LockCounts {
    /// Every lock there is.
    fn all(s: &crate::stats::Snapshot) -> [Self; 1] {
        [LockCounts {
            name: "stage2_control",
            acquire_slab: s.lock_acquire_slab,
            release_slab: s.lock_release_slab,
            releases: s.lock_unlocks,
            waits: s.lock_waits,
        }]
    }

    fn acquisitions(&self) -> u64 {
        self.acquire_slab.saturating_add(self.release_slab)
    }
}

/// The locks together.
struct LockTotals {
    acquisitions: u64,
    releases: u64,
    acquire_slab: u64,
    release_slab: u64,
}

impl LockTotals {
    fn of(locks: &[LockCounts]) -> Self {
        let total = |number: fn(&LockCounts) -> u64| locks.iter().map(number).fold(0, u64::saturating_add);
        LockTotals {
            acquisitions: total(LockCounts::acquisitions),
            releases: total(|lock| lock.releases),
            acquire_slab: total(|lock| lock.acquire_slab),
            release_slab: total(|lock| lock.release_slab),
        }
    }
}

#[cfg(test)]
mod tests;
