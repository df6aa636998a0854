//! From an address to its slot, entry word and header.
//!
//! Three words lead to an entry: the number of the first slot, the number of slots whose table part is
//! committed, and the address of the table. The fast path reads its own heap's copy of them, a
//! [`TableView`]. Headers stand in the metadata pool, in groups, each found by one word.
//! Entries are [`EntryWord`]s: written by the owner of a run, read by who was handed a block.
#![allow(unsafe_code)] // turns addresses of the reservation into references

use super::header::{SlotRecord, SuperSlabHeader};
use super::pool;
use super::reservation::Layout;
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::sync::Ordering;
use crate::sync::entry_word::EntryWord;
use crate::sync::published::PublishedWord;
use crate::sync::slot_table::SlotTable;
use crate::sync::tagged_stack::Links;

/// Opaque memory of a slab's owner, one piece for each slot; see `slab/owned.rs`.
pub const SLAB_MEMORY_BYTES: usize = 576;

/// A group: its SuperSlabs' headers, then the slab memory of all of their slots.
const GROUP_SUPERSLABS: usize = policy::HEADER_GROUP_SUPERSLABS;
const GROUP_HEADERS_BYTES: usize = GROUP_SUPERSLABS * size_of::<SuperSlabHeader>();
const SUPERSLAB_MEMORY_BYTES: usize = SLOTS_PER_SUPERSLAB * SLAB_MEMORY_BYTES;
const GROUP_BYTES: usize = GROUP_HEADERS_BYTES + GROUP_SUPERSLABS * SUPERSLAB_MEMORY_BYTES;
const _: () = assert!(GROUP_HEADERS_BYTES.is_multiple_of(64) && SLAB_MEMORY_BYTES.is_multiple_of(64));

static SLOTS: SlotTable = SlotTable::new();
/// Address of each group; 0: not made.
static GROUPS: [PublishedWord; MAX_SUPERSLABS / GROUP_SUPERSLABS] =
    [const { PublishedWord::new() }; MAX_SUPERSLABS / GROUP_SUPERSLABS];

/// Stores what leads to entries; every racer stores the same.
pub(super) fn publish(layout: &Layout) {
    SLOTS.place(layout.window >> SLOT_SHIFT, layout.table);
}

/// Makes the entry words of the first `slots` slots readable to every thread; their pages are committed.
pub(super) fn publish_readable(slots: usize) {
    SLOTS.raise_readable(slots);
}

/// The slot index of an address, if it lies in the part of the window that is in use.
#[inline(always)]
pub fn slot_of(address: usize) -> Option<usize> {
    SLOTS.index_of(address >> SLOT_SHIFT)
}

/// What a thread knows of the slot table: a copy of three words in its own heap. It may be behind;
/// then the slow path finds what the fast path did not, and renews it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TableView {
    first_slot: usize,
    readable_slots: usize,
    table: *const EntryWord,
}

impl TableView {
    /// The view as of now.
    pub fn now() -> Self {
        let (first_slot, readable_slots, table) = SLOTS.now();
        Self { first_slot, readable_slots, table: table as *const EntryWord }
    }

    /// Whether slots have become readable since the view was taken.
    pub fn is_behind(&self) -> bool {
        self.readable_slots != SLOTS.peek_readable()
    }

    /// The entry word of the slot that `address` lies in, if the view covers it.
    #[inline(always)]
    pub fn entry_at(&self, address: usize) -> Option<u32> {
        self.look(address).map(|(_, entry)| entry)
    }

    /// The same, and the slot before it.
    #[inline(always)]
    pub fn look(&self, address: usize) -> Option<(usize, u32)> {
        let slot = (address >> SLOT_SHIFT).wrapping_sub(self.first_slot);
        if slot >= self.readable_slots {
            return None;
        }
        // SAFETY: [I-TABLE] the view was taken from the words that `slot_of` uses.
        Some((slot, unsafe { &*self.table.add(slot) }.get()))
    }
}

/// The entry word of a slot that [`slot_of`] returned.
#[inline(always)]
pub fn entry(slot: usize) -> u32 {
    entry_word(slot).get()
}

/// Sets the entry words of a run. The caller owns the run.
#[inline]
pub fn set_entries(slot: usize, slots: usize, head: u32, rest: u32) {
    entry_word(slot).set(head);
    for further in slot + 1..slot + slots {
        entry_word(further).set(rest);
    }
}

/// Takes the word off the first slot of a run that nobody owns, so that of several threads that free
/// it one goes on. `false`: the word was not `head` any more.
#[must_use]
pub fn take_head(slot: usize, head: u32) -> bool {
    entry_word(slot).transition_unused(head, ENTRY_UNUSED) // [ENTRY]
}

#[inline(always)]
fn entry_word(slot: usize) -> &'static EntryWord {
    // who has a slot number has acquired [TABLE] or [MADE], or was handed a block by one who has
    let table = SLOTS.table() as *const EntryWord;
    // SAFETY: [I-TABLE] callers pass readable slots, or slots of a run they claimed,
    // whose SuperSlab was made only after its part of the table was committed; the table is never
    // unmapped, and zero bytes are a valid entry.
    unsafe { &*table.add(slot) }
}

/// Address of a slot.
#[inline]
pub fn slot_address(slot: usize) -> usize {
    (SLOTS.first_slot() + slot) << SLOT_SHIFT
}

/// The SuperSlab of a slot, and the slot's place in it.
#[inline]
pub fn split_slot(slot: usize) -> (usize, usize) {
    (slot >> SUPERSLAB_SLOT_SHIFT, slot & (SLOTS_PER_SUPERSLAB - 1))
}

/// Makes the headers of a group of SuperSlabs, all zero; `false` when metadata memory is out.
#[must_use]
pub(super) fn make_headers(group: usize) -> bool {
    if GROUPS[group].get() != 0 {
        return true;
    }
    let Some(piece) = pool::take(GROUP_BYTES) else { return false };
    let _ = GROUPS[group].publish(0, piece as u64); // [HEADERS]; a loser's piece stays unused
    true
}

/// Address of the group of a SuperSlab, and the SuperSlab's place in it.
#[inline]
fn group_of(superslab: usize) -> (usize, usize) {
    // made before [MADE] says that the SuperSlab was
    (GROUPS[superslab / GROUP_SUPERSLABS].peek() as usize, superslab % GROUP_SUPERSLABS)
}

/// The header of a SuperSlab that was made.
#[inline]
pub fn header(superslab: usize) -> &'static SuperSlabHeader {
    let (group, place) = group_of(superslab);
    // SAFETY: [I-HEADER] a SuperSlab is made after its group of headers was; headers are never
    // unmapped, and zero bytes are a valid header (all UNUSED).
    unsafe { &*((group + place * size_of::<SuperSlabHeader>()) as *const SuperSlabHeader) }
}

/// The record of a slot of a SuperSlab that was made.
#[inline]
pub fn record(slot: usize) -> &'static SlotRecord {
    let (superslab, place) = split_slot(slot);
    &header(superslab).records[place]
}

/// The opaque memory of the slab whose first slot is `slot`; only the slab's owner may use it.
#[inline]
pub fn slab_memory(slot: usize) -> *mut u8 {
    // of a group, the memory of all slots stands in a row
    const GROUP_SLOTS: usize = GROUP_SUPERSLABS * SLOTS_PER_SUPERSLAB;
    // made before [MADE] says that the SuperSlab was
    let group = GROUPS[slot / GROUP_SLOTS].peek() as usize;
    (group + GROUP_HEADERS_BYTES + slot % GROUP_SLOTS * SLAB_MEMORY_BYTES) as *mut u8
}

#[inline]
fn superslab_memory(superslab: usize) -> usize {
    let (group, place) = group_of(superslab);
    group + GROUP_HEADERS_BYTES + place * SUPERSLAB_MEMORY_BYTES
}

/// The whole pages of the memory of a SuperSlab's slabs.
pub fn slab_memory_pages(superslab: usize) -> (usize, usize) {
    let start = superslab_memory(superslab);
    let end = round_down(start + SUPERSLAB_MEMORY_BYTES, os::page_bytes());
    let first = start.next_multiple_of(os::page_bytes());
    (first, end.saturating_sub(first))
}

/// The links of the stacks of EMPTY runs: one in each slot's record.
#[derive(Clone, Copy, Debug)]
pub struct SlotLinks;

// relaxed, both: the stack orders its links
impl Links for SlotLinks {
    #[inline]
    fn next(&self, slot: u32) -> u32 {
        record(slot as usize).next_empty.load(Ordering::Relaxed)
    }
    #[inline]
    fn set_next(&self, slot: u32, next: u32) {
        record(slot as usize).next_empty.store(next, Ordering::Relaxed);
    }
}
