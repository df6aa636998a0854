//! A SuperSlab's header: which of its slots are claimed, committed and dirty, and a small record
//! for each slot.
//!
//! `claimed` is the truth about UNUSED ([`ClaimWord`]). Whether a claimed slot is ACTIVE or EMPTY is told by
//! the stack of EMPTY runs it stands on or not, and, for checks and reports, by [`SlotRecord`].
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `claimed` | claim, unclaim (CAS) | any |
//! | `committed` | whoever has committed the slots, of its own run or ahead of it (bits only ever set) | owners of runs |
//! | `dirty`, `purged` | whoever owns the run | owners of runs |
//! | `packing` | who has made the SuperSlab, before the first claim; then never again | any |
//! | `brought` | who has touched the huge page; then whoever owns the run (bits only cleared) | any, as a hint; owners of runs |
//! | `gathered`, `next_gathered` | whoever joins EMPTY runs (`shared_pool/join.rs`) | the same |
//! | `huge` | the owner of the huge block (`large/registry.rs`) | any |
//! | `SlotRecord::next_empty` | whoever pushes the run, or has detached it | poppers, perhaps in vain |
//! | `SlotRecord::state`, `code`, `released_ms` | whoever owns the run | checks and reports, as hints |

use crate::geometry::{Content, SLOTS_PER_SUPERSLAB};
use crate::sync::claim_word::ClaimWord;
use crate::sync::done_bits::DoneBits;
use crate::sync::record_entry::RecordEntry;
use crate::sync::{AtomicU8, AtomicU32, Ordering};

pub use crate::sync::claim_word::{free_run_starts, run_mask};

const _: () = assert!(SLOTS_PER_SUPERSLAB == u32::BITS as usize);

/// What stands in a slot; the truth for UNUSED is the header's `claimed` word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SlotState {
    /// Never claimed, or purged and given back.
    Unused = 0,
    /// A slab or span that somebody owns.
    Active = 1,
    /// No live block; the memory is still warm.
    Empty = 2,
}

/// What may stand in a SuperSlab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Packing {
    /// Any run. Much of a long slab or a span may never be touched, so the pages are small.
    Mixed = 0,
    /// Slabs of one slot that are expected to fill: a huge page is touched at once and all of it used.
    Dense = 1,
}

impl Packing {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Mixed => Self::Dense,
            Self::Dense => Self::Mixed,
        }
    }
}

/// What is known of the run that starts at a slot.
#[derive(Debug)]
pub struct SlotRecord {
    /// Link of the stack of EMPTY runs.
    pub(super) next_empty: AtomicU32,
    /// When the run became EMPTY, or this slot was purged or brought by a huge page, in milliseconds of the coarse clock.
    released_ms: AtomicU32,
    state: AtomicU8,
    code: AtomicU8,
}

impl SlotRecord {
    /// The state, as a hint.
    pub fn state(&self) -> SlotState {
        // relaxed: a hint for messages and reports
        match self.state.load(Ordering::Relaxed) {
            1 => SlotState::Active,
            2 => SlotState::Empty,
            _ => SlotState::Unused,
        }
    }

    /// The code of the run that starts here, as a hint.
    pub fn code(&self) -> usize {
        // relaxed: a hint; for the owner of the run exact, ordered by how it became the owner
        self.code.load(Ordering::Relaxed) as usize
    }

    /// Milliseconds of the coarse clock at which the run became EMPTY, or the slot was purged or brought.
    pub fn released_ms(&self) -> u32 {
        // relaxed: as `code`
        self.released_ms.load(Ordering::Relaxed)
    }

    /// UNUSED or EMPTY -> ACTIVE, by the owner of the run.
    pub fn transition_activate(&self, code: usize) {
        // relaxed, in all transitions: a hint to others; to the next owner the run comes by [POP] or [CLAIM]
        self.code.store(code as u8, Ordering::Relaxed);
        self.state.store(SlotState::Active as u8, Ordering::Relaxed);
    }

    /// ACTIVE -> EMPTY, by the owner of the run, who then pushes it.
    pub fn transition_empty(&self, code: usize, now_ms: u32) {
        self.code.store(code as u8, Ordering::Relaxed);
        self.released_ms.store(now_ms, Ordering::Relaxed);
        self.state.store(SlotState::Empty as u8, Ordering::Relaxed);
    }

    /// Notes when a slot was purged or brought, by the owner of its run.
    pub fn set_changed_ms(&self, now_ms: u32) {
        self.released_ms.store(now_ms, Ordering::Relaxed);
    }

    /// EMPTY or ACTIVE -> UNUSED, by the owner of the run, who then unclaims it.
    pub fn transition_unused(&self) {
        self.state.store(SlotState::Unused as u8, Ordering::Relaxed);
    }
}

/// See the module.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct SuperSlabHeader {
    /// The slots that are claimed: the truth about UNUSED.
    pub claimed: ClaimWord,
    committed: DoneBits,
    dirty: AtomicU32,
    purged: AtomicU32,
    gathered: AtomicU32,
    next_gathered: AtomicU32,
    packing: AtomicU8,
    brought: AtomicU32,
    /// The huge block that starts here, in whole SuperSlabs.
    pub huge: RecordEntry,
    /// One record for each slot.
    pub records: [SlotRecord; SLOTS_PER_SUPERSLAB],
}

impl SuperSlabHeader {
    /// Whether all of the run is committed.
    #[inline]
    pub fn is_committed(&self, mask: u32) -> bool {
        self.committed.has_all(mask) // [COMMITTED]: by whoever committed beyond its own run
    }

    /// Notes that slots are committed.
    pub fn mark_committed(&self, mask: u32) {
        self.committed.add(mask); // [COMMITTED]: the system call is done
    }

    /// What may stand here.
    #[inline]
    pub fn packing(&self) -> Packing {
        // relaxed: stored before the first claim, which the hints and the claim word publish; who sees the old
        // value finds no free slot there or takes one in vain of the better place, which is no fault
        if self.packing.load(Ordering::Relaxed) == Packing::Mixed as u8 { Packing::Mixed } else { Packing::Dense }
    }

    /// Says what may stand here, by who has made the SuperSlab.
    pub fn set_packing(&self, packing: Packing) {
        // relaxed: as in `packing`
        self.packing.store(packing as u8, Ordering::Relaxed);
    }

    /// Notes that a huge page brings memory for all slots, by who has made the SuperSlab.
    pub fn mark_brought(&self, now_ms: u32) {
        self.records.iter().for_each(|record| record.set_changed_ms(now_ms));
        // relaxed: as in `packing`
        self.brought.store(u32::MAX, Ordering::Relaxed);
    }

    /// The slots whose memory a huge page has brought, and which were never claimed: a hint.
    pub fn brought(&self) -> u32 {
        // relaxed: a hint; who acts on it claims the slot first
        self.brought.load(Ordering::Relaxed)
    }

    /// Notes that slots are claimed of which a huge page may have brought the memory, by the owner of their run.
    #[inline]
    pub fn forget_brought(&self, mask: u32) {
        // relaxed, both: as in `content`
        if self.brought.load(Ordering::Relaxed) & mask != 0 {
            self.brought.fetch_and(!mask, Ordering::Relaxed);
        }
    }

    /// What the slots of the run read as.
    #[inline]
    pub fn content(&self, mask: u32) -> Content {
        // relaxed: the bits of a run belong to its owners, whom [CLAIM] and [POP] order
        if self.dirty.load(Ordering::Relaxed) & mask == 0 { Content::Zero } else { Content::Unknown }
    }

    /// Notes that the program may write to the slots.
    #[inline]
    pub fn mark_dirty(&self, mask: u32) {
        // relaxed, both: as in `content`
        if self.dirty.load(Ordering::Relaxed) & mask != mask {
            self.dirty.fetch_or(mask, Ordering::Relaxed);
        }
    }

    /// Notes a run in the hands of the joiner, who chains the SuperSlabs. `true`: the SuperSlab had none
    /// yet, and leads to `next` now.
    #[must_use = "the SuperSlab is the first of the chain"]
    pub fn gather(&self, mask: u32, next: u32) -> bool {
        // relaxed, here and below: the joiner's alone; the election orders one after the other
        let before = self.gathered.load(Ordering::Relaxed);
        debug_assert_eq!(before & mask, 0, "a run stands on two stacks");
        self.gathered.store(before | mask, Ordering::Relaxed);
        if before == 0 {
            self.next_gathered.store(next, Ordering::Relaxed);
        }
        before == 0
    }

    /// Takes the noted runs, as bits, and the next SuperSlab of the chain.
    #[must_use = "the runs belong to the caller"]
    pub fn take_gathered(&self) -> (u32, u32) {
        // relaxed, both: as in `gather`
        let bits = self.gathered.load(Ordering::Relaxed);
        self.gathered.store(0, Ordering::Relaxed);
        (bits, self.next_gathered.load(Ordering::Relaxed))
    }

    /// Whether the joiner has noted runs and not taken them yet: for checks.
    pub fn has_gathered(&self) -> bool {
        // relaxed: all threads rest
        self.gathered.load(Ordering::Relaxed) != 0
    }

    /// Whether no slot was ever committed, as in a hole of the reservation: for checks.
    pub fn is_untouched(&self) -> bool {
        self.committed.peek() == 0
    }

    /// Notes that the slots were given back and read as zero.
    pub fn mark_purged(&self, mask: u32) {
        // relaxed, both: as in `content`
        self.dirty.fetch_and(!mask, Ordering::Relaxed);
        self.purged.fetch_or(mask, Ordering::Relaxed);
    }

    /// The slots of the run that were purged since they were claimed last: told once.
    #[inline]
    pub fn take_purged(&self, mask: u32) -> u32 {
        // relaxed, both: as in `content`
        let purged = self.purged.load(Ordering::Relaxed) & mask;
        if purged != 0 {
            self.purged.fetch_and(!mask, Ordering::Relaxed);
        }
        purged
    }
}
