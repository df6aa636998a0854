//! Whether the program uses its large blocks from end to end, and what follows: by default, whether mappings are opened
//! to huge pages, and whether calloc writes zeros to warm pages or gives them back. What a program does with a block
//! cannot be known when it asks, but later: some pages are looked at, and are zero where they were never written to. That is
//! when it frees the block, when it makes it grow, and when it asks for the next one (`fresh.rs`).
#![allow(unsafe_code)] // reads blocks that were freed

use super::fresh;
use super::registry::{self, HugeBlock};
use crate::config::{self, Thp};
use crate::geometry::*;
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
/// Whether the block that was looked at last was used from end to end; 0 or 1.
static DENSE: AtomicU32 = AtomicU32::new(0);
/// Bytes that may be opened to huge pages: what was used from end to end, no more than was live at the time. A program that
/// uses all from then on in part takes no more for it than it had before, and half a block.
static CREDIT_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Whether a block like the one looked at last is used from end to end.
pub fn is_dense() -> bool {
    DENSE.load(Ordering::Relaxed) != 0
}

/// Whether a fresh block of `bytes` is to be opened to huge pages; those that the program has are looked at first, if
/// nothing else tells.
pub fn fresh_wants_huge_pages(bytes: usize) -> bool {
    may_open(bytes)
        && (has_credit(bytes) || {
            fresh::look();
            has_credit(bytes)
        })
}

/// Whether so much fresh memory may be opened to huge pages.
fn has_credit(bytes: usize) -> bool {
    is_dense() && policy::suffices(CREDIT_BYTES.load(Ordering::Relaxed), bytes)
}

/// Whether a block of `bytes` may be opened to huge pages, if blocks are used from end to end. A limit on memory or
/// addresses counts what is asked for, not what a huge page brings beside it.
fn may_open(bytes: usize) -> bool {
    policy::may_have_huge_pages(bytes, POOL.huge_live_bytes.get() as usize)
        && config::get().thp() == Thp::Auto
        && config::get().memory_limit_mib() == 0
        && reservation::limit_bytes() == usize::MAX
}

/// Opens a block of the caller's that wants it, of which `fresh_bytes` are not warm. All of its mapping, of which the system
/// takes what lies on whole huge pages: parts could not be resized together.
pub fn open(block: &HugeBlock, fresh_bytes: usize) {
    let credit_bytes = CREDIT_BYTES.load(Ordering::Relaxed);
    CREDIT_BYTES.store(credit_bytes.saturating_sub(fresh_bytes), Ordering::Relaxed);
    block.set_open_to_huge_pages(huge_pages::open_mapping(block.start(), block.mapped_bytes()));
}

/// Opens or closes a block of the caller's, if that was learned since; `fresh_bytes` of it were added and are not warm.
/// What is open stays so while it shrinks.
pub fn renew(block: &HugeBlock, fresh_bytes: usize) {
    if block.is_open_to_huge_pages() {
        if !is_dense() {
            huge_pages::close_mapping(block.start(), block.mapped_bytes());
            block.set_open_to_huge_pages(false);
        }
    } else if may_open(block.bytes()) && has_credit(fresh_bytes) {
        open(block, fresh_bytes);
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
    if is_dense {
        note_dense(bytes);
    } else {
        DENSE.store(0, Ordering::Relaxed);
        CREDIT_BYTES.store(0, Ordering::Relaxed);
    }
}

/// Whether a block that the program has at `start`, and may free at any moment, seems to be used from end to end. A program that takes
/// all its memory first frees none that would tell. That it is not used so yet says nothing.
pub(super) fn seems_dense(start: usize, block: &HugeBlock) -> bool {
    looked_at_pages(start, block.bytes()).all(|page| registry::is_live(start, block) && seems_used_by_others(page))
}

/// Learns from a block of the program's that is about to grow by `fresh_bytes`, if nothing else has told.
pub fn learn_from_growing(block: &HugeBlock, fresh_bytes: usize) {
    if !block.is_open_to_huge_pages() && may_open(block.bytes()) && !has_credit(fresh_bytes) {
        fresh::look_at_growing(block);
    }
}

/// Notes that a block of so many bytes is used from end to end, and maybe those before the next look.
pub(super) fn note_dense(bytes: usize) {
    let earned_bytes = bytes.saturating_mul(1 + policy::spared_frees(0) as usize);
    let credit_bytes = CREDIT_BYTES.load(Ordering::Relaxed).saturating_add(earned_bytes);
    CREDIT_BYTES.store(credit_bytes.min(POOL.huge_live_bytes.get() as usize), Ordering::Relaxed);
    DENSE.store(1, Ordering::Relaxed);
}

/// Whether a span of the caller's that was in use before seems to be used from end to end, as far as the first of those
/// pages tells: each look may bring a page of zeros.
///
/// # Safety
/// Nobody else touches the span, which can be read.
pub(super) unsafe fn seems_used(start: usize, bytes: usize) -> bool {
    // SAFETY: the caller's promise.
    looked_at_pages(start, bytes).next().is_some_and(|page| unsafe { holds_more_than_zeros(page) })
}

/// Pages in the midst of a block, at equal distances.
fn looked_at_pages(start: usize, bytes: usize) -> impl Iterator<Item = usize> {
    let parts = policy::LOOKED_AT_PAGES + 1;
    (1..parts).map(move |part| start + round_down(bytes / parts * part, os::page_bytes()))
}

/// Whether the page at `address`, in a block of the caller's, can be read and holds more than zeros. The program may
/// have protected it, and forgotten that.
fn is_used_page(address: usize) -> bool {
    // SAFETY: [I-RANGE] a whole page of the caller's block, readable.
    os::is_readable(address) && unsafe { holds_more_than_zeros(address) }
}

/// Whether one of some words of the page at `address`, which may be anybody's or gone, is not 0.
fn seems_used_by_others(address: usize) -> bool {
    let step = os::page_bytes() / policy::LOOKED_AT_WORDS;
    (0..policy::LOOKED_AT_WORDS).any(|word| os::is_readable_and_not_zero(address + word * step))
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
            for (byte, seems_used) in [(0, true), (2000, false), (page_bytes / 2 + 3, true), (page_bytes - 1, false)] {
                assert!(!is_used_page(page as usize) && !seems_used_by_others(page as usize));
                page.add(byte).write(1);
                assert!(is_used_page(page as usize));
                assert_eq!(seems_used_by_others(page as usize), seems_used, "by some of its words");
                page.add(byte).write(0);
            }
            dealloc(page, layout);
        }
        assert!(!is_used_page(8 * page_bytes) && !seems_used_by_others(8 * page_bytes), "nothing is mapped there");
    }
}
