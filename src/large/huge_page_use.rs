//! Which blocks with mappings of their own are open to huge pages by default: large ones of programs that have many
//! and use them from end to end. What a program does with a block cannot be known when it asks, but when it frees
//! one: some pages are looked at, and are zero where they were never written to.
#![allow(unsafe_code)] // reads blocks that were freed

use super::registry::HugeBlock;
use crate::config::{self, Thp};
use crate::geometry::*;
use crate::policy;
use crate::stats::POOL;
use crate::superslab::{huge_pages, reservation};
use crate::sync::{AtomicU32, Ordering};

/// Frees that need no look. Relaxed, a hint: two threads may count one free.
static SPARED: AtomicU32 = AtomicU32::new(0);
/// Whether the block that was looked at last was used from end to end; 0 or 1. Relaxed, a hint.
static DENSE: AtomicU32 = AtomicU32::new(0);

/// Whether a block of `bytes` is to be open to huge pages.
pub fn is_wanted(bytes: usize) -> bool {
    is_dense() && may_be_wanted(bytes)
}

fn is_dense() -> bool {
    DENSE.load(Ordering::Relaxed) != 0
}

/// Whether it is, if the program uses such blocks from end to end. A limit on memory or addresses counts what is asked
/// for, not what a huge page brings beside it.
fn may_be_wanted(bytes: usize) -> bool {
    policy::may_have_huge_pages(bytes, POOL.huge_live_bytes.get() as usize)
        && config::get().thp() == Thp::Auto
        && config::get().memory_limit_mib() == 0
        && reservation::limit_bytes() == usize::MAX
}

/// Opens or closes a block of the caller's, if that was learned since. What is open stays so while it shrinks.
pub fn renew(block: &'static HugeBlock) {
    // all of the mapping, of which the system takes what lies on whole huge pages: parts could not be resized together
    let (start, bytes) = (block.start(), block.mapped_bytes());
    if block.is_open_to_huge_pages() {
        if !is_dense() {
            huge_pages::close_mapping(start, bytes);
            block.set_open_to_huge_pages(false);
        }
    } else if is_wanted(block.bytes()) {
        block.set_open_to_huge_pages(huge_pages::open_mapping(start, bytes));
    }
}

/// Learns from a block that the program has freed and that is the caller's, while it is as the program left it.
pub fn learn(block: &HugeBlock) {
    let (start, bytes) = (block.start(), block.bytes());
    if !may_be_wanted(bytes) {
        return;
    }
    let spared = SPARED.load(Ordering::Relaxed);
    if spared > 0 {
        return SPARED.store(spared - 1, Ordering::Relaxed);
    }
    let parts = policy::LOOKED_AT_PAGES + 1;
    let is_dense = (1..parts).all(|part| !is_zero_page(start + round_down(bytes / parts * part, PAGE_BYTES)));
    DENSE.store(u32::from(is_dense), Ordering::Relaxed);
    SPARED.store(if is_dense { policy::SPARED_FREES_DENSE } else { policy::SPARED_FREES_SPARSE }, Ordering::Relaxed);
}

const PAGE_BYTES: usize = 4 * KIB;

/// Whether the page at `address`, in a block of the caller's, holds nothing but zeros.
fn is_zero_page(address: usize) -> bool {
    let words = address as *const usize;
    // SAFETY: [I-RANGE] whole pages of the caller's block.
    (0..PAGE_BYTES / size_of::<usize>()).all(|word| unsafe { words.add(word).read_volatile() } == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    #[test]
    fn a_page_is_zero_until_any_of_its_bytes_is_not() {
        let layout = Layout::from_size_align(PAGE_BYTES, PAGE_BYTES).unwrap();
        // SAFETY: a page of the test's own.
        unsafe {
            let page = alloc_zeroed(layout);
            for byte in [0, 2000, PAGE_BYTES - 1] {
                assert!(is_zero_page(page as usize));
                page.add(byte).write(1);
                assert!(!is_zero_page(page as usize));
                page.add(byte).write(0);
            }
            dealloc(page, layout);
        }
    }
}
