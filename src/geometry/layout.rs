//! What stands where: the entry word of the slot table and the runs of slots of slabs and spans.
//!
//! An entry is `owner << 8 | code`. Owner 0 belongs to no heap. A word of 0 is an unused slot.

use super::size_class::*;
use super::units::*;

/// log2 of the place of the owner in an entry word.
pub const OWNER_SHIFT: u32 = 8;
/// Bits of an owner (a heap id).
pub const OWNER_BITS: u32 = 24;
/// Entry word of a slot in which nothing stands.
pub const ENTRY_UNUSED: u32 = 0;
/// Code of a span of `n` slots, at its first slot: `SPAN_CODE + n`.
pub const SPAN_CODE: u32 = NUM_CLASSES as u32;
/// Code of every further slot of a span: no block starts there.
pub const SPAN_BODY_CODE: u32 = 255;
/// Code of the first slot of a huge block that stands in the window.
pub const HUGE_CODE: u32 = 254;
/// The largest span, in slots; larger requests are huge.
pub const MAX_SPAN_SLOTS: usize = 16;
/// The largest span, in bytes.
pub const MAX_SPAN_BYTES: usize = MAX_SPAN_SLOTS * SLOT_BYTES;
/// Codes that a run of slots may carry at its head: classes, then spans up to a whole SuperSlab. The longest
/// of these serve no block; they are EMPTY runs from which shorter ones are cut.
pub const NUM_RUN_CODES: usize = NUM_CLASSES + SLOTS_PER_SUPERSLAB + 1;

const _: () = assert!(NUM_RUN_CODES < HUGE_CODE as usize);
const _: () = assert!(MAX_HEAPS < 1 << OWNER_BITS);
const _: () = assert!(MAX_SPAN_SLOTS <= SLOTS_PER_SUPERSLAB);

/// The entry word of a slab's slots.
#[inline]
pub const fn slab_entry(owner: u32, class: usize) -> u32 {
    owner << OWNER_SHIFT | class as u32
}

/// The owner in an entry word.
#[inline]
pub const fn entry_owner(entry: u32) -> u32 {
    entry >> OWNER_SHIFT
}

/// The code in an entry word.
#[inline]
pub const fn entry_code(entry: u32) -> u32 {
    entry & ((1 << OWNER_SHIFT) - 1)
}

/// The class of an entry word, where it belongs to a slab.
#[inline]
pub const fn entry_class(entry: u32) -> Option<usize> {
    if entry_owner(entry) != 0 && (entry_code(entry) as usize) < NUM_CLASSES {
        Some(entry_code(entry) as usize)
    } else {
        None
    }
}

/// The slots of a span, where the entry word is that of a span's first slot.
#[inline]
pub const fn entry_span_slots(entry: u32) -> Option<usize> {
    let code = entry_code(entry);
    if entry_owner(entry) == 0 && code > SPAN_CODE && code <= SPAN_CODE + MAX_SPAN_SLOTS as u32 {
        Some((code - SPAN_CODE) as usize)
    } else {
        None
    }
}

/// What a run of slots is for: a slab of a class, or a span of some slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunKind(u8);

impl RunKind {
    /// A slab of `class`.
    #[inline]
    pub const fn slab(class: usize) -> Self {
        debug_assert!(class < NUM_CLASSES);
        Self(class as u8)
    }

    /// A span of `slots`, 1 to [`SLOTS_PER_SUPERSLAB`]; one that is a block has [`MAX_SPAN_SLOTS`] at most.
    #[inline]
    pub const fn span(slots: usize) -> Self {
        debug_assert!(slots >= 1 && slots <= SLOTS_PER_SUPERSLAB);
        Self((SPAN_CODE as usize + slots) as u8)
    }

    /// The code of the run, below [`NUM_RUN_CODES`].
    #[inline]
    pub const fn code(self) -> usize {
        self.0 as usize
    }

    /// The run kind of a code below [`NUM_RUN_CODES`].
    #[inline]
    pub const fn from_code(code: usize) -> Self {
        debug_assert!(code < NUM_RUN_CODES && code != NUM_CLASSES);
        Self(code as u8)
    }

    /// Whether it is a span, not a slab.
    #[inline]
    pub const fn is_span(self) -> bool {
        self.code() > SPAN_CODE as usize
    }

    /// The class, where it is a slab.
    #[inline]
    pub const fn class(self) -> Option<usize> {
        if self.code() < NUM_CLASSES { Some(self.code()) } else { None }
    }

    /// Slots of the run.
    #[inline]
    pub fn slots(self) -> usize {
        if self.code() < NUM_CLASSES { 1 << CLASSES[self.code()].order } else { self.code() - SPAN_CODE as usize }
    }

    /// Slots that the run's first slot is a multiple of.
    #[inline]
    pub fn align_slots(self) -> usize {
        if self.code() < NUM_CLASSES || self.slots() == SLOTS_PER_SUPERSLAB { self.slots() } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_decode_to_what_was_encoded() {
        for owner in [1, 2, 77, (1 << OWNER_BITS) - 1] {
            for class in 0..NUM_CLASSES {
                let entry = slab_entry(owner, class);
                assert_eq!((entry_owner(entry), entry_class(entry)), (owner, Some(class)));
                assert_eq!(entry_span_slots(entry), None);
                assert_eq!(entry ^ owner << OWNER_SHIFT, class as u32);
            }
        }
        assert_eq!(entry_class(ENTRY_UNUSED), None);
        assert_eq!(entry_span_slots(ENTRY_UNUSED), None);
        assert_eq!(entry_span_slots(SPAN_CODE + 3), Some(3));
        assert_eq!(entry_span_slots(SPAN_BODY_CODE), None);
    }

    #[test]
    fn run_kinds_know_their_slots() {
        assert_eq!(RunKind::slab(0).slots(), 1);
        assert_eq!(RunKind::slab(NUM_CLASSES - 1).slots(), 16);
        assert_eq!(RunKind::slab(NUM_CLASSES - 1).align_slots(), 16);
        assert!(!RunKind::slab(NUM_CLASSES - 1).is_span() && RunKind::span(1).is_span());
        assert_eq!(RunKind::span(SLOTS_PER_SUPERSLAB).align_slots(), SLOTS_PER_SUPERSLAB);
        for slots in 1..=SLOTS_PER_SUPERSLAB {
            assert_eq!(RunKind::span(slots).slots(), slots);
            assert_eq!(RunKind::from_code(RunKind::span(slots).code()), RunKind::span(slots));
        }
    }
}
