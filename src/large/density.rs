//! Whether the program uses its large blocks from end to end, and what follows: by default, whether mappings are opened
//! to huge pages, and whether calloc writes zeros to warm pages or gives them back. What a program does with a block
//! cannot be known when it asks, but later: some pages are looked at, and are zero where they were never written to. That is
//! when it frees the block, here, and when it makes it grow or asks for the next one (`looks.rs`).
#![allow(unsafe_code)] // reads blocks that were freed

use super::registry::HugeBlock;
use crate::config::{self, Thp};
use crate::os;
use crate::policy;
use crate::stats::POOL;
use crate::superslab::{huge_pages, reservation};
use crate::sync::{AtomicU32, AtomicUsize, Ordering};

// relaxed, all: hints, of which two threads may spoil one for each other

/// Frees that need no look.
static SPARED: AtomicU32 = AtomicU32::new(0);
/// Looks in a row that found a block used in part.
static SPARSE_LOOKS: AtomicU32 = AtomicU32::new(0);
/// Whether the freed block that was looked at last was used from end to end; 0 or 1.
static DENSE: AtomicU32 = AtomicU32::new(0);
/// Bytes that may be opened to huge pages: what was found to be used from end to end, and of freed blocks what is not looked at
/// meanwhile, no more than was live at the time, less what was opened. Below zero, as a number that wraps, by half a block at most,
/// see `policy::suffices`: a program that uses all from then on in part takes no more for it than it had before, and that.
static CREDIT_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Whether a block like the one looked at last is used from end to end.
pub fn is_dense() -> bool {
    DENSE.load(Ordering::Relaxed) != 0
}

/// Whether a block of `bytes` that are not warm is to be opened to huge pages.
pub fn wants_huge_pages(bytes: usize) -> bool {
    may_open(bytes) && has_credit(bytes)
}

/// Whether so much may be opened to huge pages.
pub(super) fn has_credit(bytes: usize) -> bool {
    policy::suffices(credit_bytes(), bytes)
}

fn credit_bytes() -> isize {
    CREDIT_BYTES.load(Ordering::Relaxed) as isize
}

/// Whether a block of `bytes` may be opened to huge pages, if blocks are used from end to end. A limit on memory or
/// addresses counts what is asked for, not what a huge page brings beside it.
pub(super) fn may_open(bytes: usize) -> bool {
    policy::may_have_huge_pages(bytes, POOL.huge_live_bytes.get() as usize)
        && config::get().thp() == Thp::Auto
        && config::get().memory_limit_mib() == 0
        && reservation::limit_bytes() == usize::MAX
}

/// Opens a block of the caller's that wants it. All of its mapping, of which the system takes what lies on whole huge
/// pages: parts could not be resized together.
pub fn open(block: &HugeBlock) {
    CREDIT_BYTES.store((credit_bytes() - block.bytes() as isize) as usize, Ordering::Relaxed);
    block.set_open_to_huge_pages(huge_pages::open_mapping(block.start(), block.mapped_bytes()));
}

/// Opens or closes a block of the caller's that was in use before, if that was learned since. All of it is charged: who
/// freed it may have used it in part. What is open stays so while it shrinks.
pub fn renew(block: &HugeBlock) {
    if block.is_open_to_huge_pages() {
        if SPARSE_LOOKS.load(Ordering::Relaxed) > 0 {
            huge_pages::close_mapping(block.start(), block.mapped_bytes());
            block.set_open_to_huge_pages(false);
        }
    } else if wants_huge_pages(block.bytes()) {
        open(block);
    }
}

/// Learns from a block that the program has freed and that is the caller's, while it is as the program left it.
pub fn learn(block: &HugeBlock) {
    let (start, bytes) = (block.start(), block.bytes());
    if !policy::tells_density(bytes) {
        return;
    }
    let spared = SPARED.load(Ordering::Relaxed);
    if spared > 0 {
        return SPARED.store(spared - 1, Ordering::Relaxed);
    }
    let is_dense = looked_at_pages(start, bytes).all(is_used_page);
    let sparse_looks = if is_dense { 0 } else { SPARSE_LOOKS.load(Ordering::Relaxed).saturating_add(1) };
    SPARSE_LOOKS.store(sparse_looks, Ordering::Relaxed);
    SPARED.store(policy::spared_frees(sparse_looks), Ordering::Relaxed);
    DENSE.store(u32::from(is_dense), Ordering::Relaxed);
    if is_dense {
        note_dense(policy::earned_by_freed(bytes));
    } else {
        CREDIT_BYTES.store(credit_bytes().min(0) as usize, Ordering::Relaxed);
    }
}

/// Notes that a block was found to be used from end to end, which lets so many bytes be opened.
pub(super) fn note_dense(earned_bytes: usize) {
    let most = POOL.huge_live_bytes.get() as isize;
    CREDIT_BYTES.store((credit_bytes() + earned_bytes as isize).min(most) as usize, Ordering::Relaxed);
}

/// Whether a span of the caller's that was in use before seems to be used from end to end, as far as the first of those
/// pages tells: each look may bring a page of zeros.
///
/// # Safety
/// Nobody else touches the span, which can be read.
pub(super) unsafe fn seems_used(start: usize, bytes: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { holds_more_than_zeros(start + policy::looked_at_offset_of_span(bytes)) }
}

/// The pages of a block that are looked at.
pub(super) fn looked_at_pages(start: usize, bytes: usize) -> impl Iterator<Item = usize> {
    (1..=policy::LOOKED_AT_PAGES).map(move |part| start + policy::looked_at_offset(bytes, part))
}

/// Whether the page at `address`, in a block of the caller's, can be read and holds more than zeros. The program may
/// have protected it, and forgotten that.
fn is_used_page(address: usize) -> bool {
    // SAFETY: [I-RANGE] a whole page of the caller's block, readable.
    os::is_readable(address) && unsafe { holds_more_than_zeros(address) }
}

/// Whether any word of the page at `address` is not 0.
///
/// # Safety
/// A whole page of the caller's, readable.
unsafe fn holds_more_than_zeros(address: usize) -> bool {
    let words = address as *const usize;
    // SAFETY: the caller's promise.
    (0..os::page_bytes() / size_of::<usize>()).any(|word| unsafe { words.add(word).read_volatile() } != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    #[test]
    fn a_page_is_used_when_any_of_its_bytes_is_not_zero() {
        let page_bytes = os::page_bytes();
        let layout = Layout::from_size_align(page_bytes, page_bytes).unwrap();
        // SAFETY: a page of the test's own.
        unsafe {
            let page = alloc_zeroed(layout);
            for byte in [0, 2000, page_bytes - 1] {
                assert!(!is_used_page(page as usize));
                page.add(byte).write(1);
                assert!(is_used_page(page as usize));
                page.add(byte).write(0);
            }
            dealloc(page, layout);
        }
        assert!(!is_used_page(8 * page_bytes), "nothing is mapped there");
    }
}
