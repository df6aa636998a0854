//! Large blocks for calloc that were in use before: zeros are written to them, or their pages go back to the system and
//! read as zero from then on. Written to, all of them become resident, whatever the program uses.
//!
//! | block | pages go back where |
//! |---|---|
//! | of a size whose use is looked at (`density.rs`) | blocks were not used from end to end |
//! | a smaller mapping | nowhere |
//! | a span, or such a block where the window has it | the page at its first fifth holds zeros only, and the thread's budget allows it |
//!
//! Zeros on a page do not say that it was never touched. A program that uses all pages of its spans and leaves zeros there
//! waits for a page fault at each of them, each time that they went back. So a thread may give so many pages back in
//! its first moments, and then a few in each millisecond.
#![allow(unsafe_code)] // writes to blocks by address

use super::density;
use crate::config::{self, Thp};
use crate::geometry::round_down;
use crate::os;
use crate::policy;
use crate::superslab::registry;
use core::ptr;

/// What a thread has given back for calloc: a bucket that leaks.
#[derive(Debug, Default)]
pub struct Budget {
    /// Pages that went back, less those that time has made good.
    spent_pages: u32,
    /// When that was.
    at_ms: u32,
}

impl Budget {
    /// Whether so many pages may go back now; if so, they are counted.
    fn allows(&mut self, now_ms: u32, pages: u32) -> bool {
        let good_pages = now_ms.wrapping_sub(self.at_ms).saturating_mul(policy::CLEARED_PAGES_PER_MS);
        *self = Self { spent_pages: self.spent_pages.saturating_sub(good_pages), at_ms: now_ms };
        let allows = self.spent_pages < policy::MOST_CLEARED_PAGES;
        self.spent_pages += if allows { pages } else { 0 };
        allows
    }
}

/// Makes the first `bytes` of a block read as zero, on account of a thread's budget; without one zeros are written.
///
/// # Safety
/// The block is a span or huge block of the caller's alone and has so many bytes; nobody needs what it holds.
pub unsafe fn clear(block: *mut u8, bytes: usize, budget: Option<&mut Budget>) {
    let pages_bytes = round_down(bytes, os::page_bytes());
    // SAFETY: the caller's promise.
    unsafe {
        let goes_back = if policy::tells_density(bytes) {
            !density::is_dense()
        } else {
            budget.is_some_and(|budget| is_span_to_go_back(block as usize, bytes, budget))
        };
        let cleared = if goes_back && os::purge(block as usize, pages_bytes) { pages_bytes } else { 0 };
        ptr::write_bytes(block.add(cleared), 0, bytes - cleared);
    }
}

/// Whether the block is a span that seems to be used in few places, and whose pages may go back now.
///
/// # Safety
/// As for [`clear`].
unsafe fn is_span_to_go_back(block: usize, bytes: usize, budget: &mut Budget) -> bool {
    // where all is behind huge pages, a look brings one
    if config::get().thp() == Thp::Always {
        return false;
    }
    let is_span = registry::slot_of(block).is_some();
    // SAFETY: the caller's promise.
    is_span
        && unsafe { !density::seems_used(block, bytes) }
        && budget.allows(os::now_ms(), (bytes / os::page_bytes()) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_so_many_pages_back_at_once_and_then_a_few_at_a_time() {
        let mut budget = Budget::default();
        let mut pages_at = |now_ms| (0..1000).filter(|_| budget.allows(now_ms, 64)).count() as u32 * 64;
        let (most, per_ms) = (policy::MOST_CLEARED_PAGES, policy::CLEARED_PAGES_PER_MS);
        let start_ms = u32::MAX - 5;
        assert_eq!([pages_at(start_ms), pages_at(start_ms)], [most, 0]);
        assert_eq!(pages_at(start_ms.wrapping_add(10)), 10 * per_ms, "over the end of the clock");
        assert_eq!(pages_at(1 << 30), most, "no more after a long time");
    }
}
