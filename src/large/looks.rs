//! Looks at large blocks that the program has still: at the last fresh ones when it asks for the next, and at one that is
//! about to grow. By then it has used them, or has not, and that tells what it will do with more (`density.rs`).
//!
//! Their owner may write to such a block at that very moment, protect it, resize or free it. So no instruction of ours reads
//! it, and what a look finds is a hint.

use super::density;
use super::registry::{self, Found, HugeBlock};
use crate::os;
use crate::policy;
use crate::sync::{AtomicU32, AtomicUsize, Ordering};

// relaxed, all: hints; who looks at a block checks that it is there still

/// Where the last fresh blocks start; 0 for none.
static STARTS: [AtomicUsize; policy::REMEMBERED_BLOCKS] = [const { AtomicUsize::new(0) }; policy::REMEMBERED_BLOCKS];
/// Where the next one comes.
static CURSOR: AtomicU32 = AtomicU32::new(0);
static SPARING: Sparing = Sparing::new();

/// Where many looks in a row are in vain, more and more of them are left out.
struct Sparing {
    /// Looks in a row that found no block used from end to end.
    vain_looks: AtomicU32,
    /// Looks to be left out.
    spared: AtomicU32,
}

impl Sparing {
    const fn new() -> Self {
        Self { vain_looks: AtomicU32::new(0), spared: AtomicU32::new(0) }
    }

    /// Looks, unless that is to be left out. `look` says whether it has found a block used from end to end.
    fn look(&self, look: impl FnOnce() -> bool) {
        let spared = self.spared.load(Ordering::Relaxed);
        if spared > 0 {
            return self.spared.store(spared - 1, Ordering::Relaxed);
        }
        let vain_looks = if look() { 0 } else { self.vain_looks.load(Ordering::Relaxed).saturating_add(1) };
        self.vain_looks.store(vain_looks, Ordering::Relaxed);
        self.spared.store(policy::spared_looks(vain_looks), Ordering::Relaxed);
    }
}

/// Remembers a block that reads as zero but for what the program writes from now on.
pub fn remember(block: &HugeBlock) {
    if policy::tells_density(block.bytes()) {
        let cursor = CURSOR.load(Ordering::Relaxed);
        CURSOR.store(cursor.wrapping_add(1), Ordering::Relaxed);
        STARTS[cursor as usize % STARTS.len()].store(block.start(), Ordering::Relaxed);
    }
}

/// Forgets the block that starts at `start`, as it is freed or moves away: what stands there next is not fresh.
#[inline(never)]
pub fn forget(start: usize) {
    for place in STARTS.iter().filter(|place| place.load(Ordering::Relaxed) == start) {
        let _ = take(place, start);
    }
}

/// Looks before a fresh block of `bytes` is made, if huge pages may back it and nothing has told yet whether they should.
#[inline(never)]
pub fn before_fresh(bytes: usize) {
    if density::may_open(bytes) && !density::has_credit(bytes) {
        SPARING.look(|| {
            let found = STARTS.iter().filter(|place| learn_from_remembered(place));
            found.count() > 0
        });
    }
}

/// Looks at a block of the program's before its mapping grows to `new_bytes`, likewise.
#[inline(never)]
pub fn before_growth(block: &HugeBlock, new_bytes: usize) {
    let bytes = block.bytes();
    if !block.is_open_to_huge_pages() && density::may_open(bytes) && !density::has_credit(new_bytes) {
        SPARING.look(|| {
            let is_dense = seems_dense(block.start(), block);
            if is_dense {
                density::note_dense(bytes);
            }
            is_dense
        });
    }
}

/// Looks at a remembered block. One that is used from end to end has told so, and is forgotten: it counts once.
fn learn_from_remembered(place: &AtomicUsize) -> bool {
    let start = place.load(Ordering::Relaxed);
    let Found::Live(block) = registry::find(start) else { return false };
    let is_dense = seems_dense(start, block) && take(place, start);
    if is_dense {
        density::note_dense(block.bytes());
    }
    is_dense
}

/// Forgets the block that starts at `start`, if it is remembered in `place` still.
fn take(place: &AtomicUsize, start: usize) -> bool {
    place.compare_exchange(start, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// Whether the block at `start` seems to be used from end to end. That it is not says nothing: it may be yet.
fn seems_dense(start: usize, block: &HugeBlock) -> bool {
    let mut pages = density::looked_at_pages(start, block.bytes());
    pages.all(|page| registry::is_live(start, block) && seems_used(page))
}

/// Whether one of some words of the page at `address`, which may be anybody's or gone, is not 0.
fn seems_used(address: usize) -> bool {
    let step = os::page_bytes() / policy::LOOKED_AT_WORDS;
    (0..policy::LOOKED_AT_WORDS).any(|word| os::is_readable_and_not_zero(address + word * step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    #[test]
    #[allow(unsafe_code)] // a page of the test's own
    fn a_page_seems_used_by_some_of_its_words() {
        let page_bytes = os::page_bytes();
        let layout = Layout::from_size_align(page_bytes, page_bytes).unwrap();
        // SAFETY: a page of the test's own.
        unsafe {
            let page = alloc_zeroed(layout);
            for (byte, is_seen) in [(0, true), (2000, false), (page_bytes / 2 + 3, true), (page_bytes - 1, false)] {
                assert!(!seems_used(page as usize));
                page.add(byte).write(1);
                assert_eq!(seems_used(page as usize), is_seen);
                page.add(byte).write(0);
            }
            dealloc(page, layout);
        }
        assert!(!seems_used(8 * page_bytes), "nothing is mapped there");
    }

    #[test]
    fn looks_in_vain_spare_others_and_one_that_found_something_does_not() {
        let sparing = Sparing::new();
        let looks_of = |times: usize, finds: bool| {
            let mut looks = 0;
            let mut look = || {
                looks += 1;
                finds
            };
            (0..times).for_each(|_| sparing.look(&mut look));
            looks
        };
        assert_eq!(looks_of(4, true), 4);
        assert_eq!(looks_of(2 + 2 + 4, false), 4, "the second leaves out one, the third three");
        assert_eq!(looks_of(7 + 1, true), 1, "the fourth seven");
    }
}
