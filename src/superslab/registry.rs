//! From an address to its slot, entry word and header.
//!
//! The window is one range of addresses, reserved once; where everything stands follows from its
//! base and size, which are packed into one word, so that threads that start at the same time agree
//! on them by one compare-and-swap. Three words lead to an entry: the number of the first slot, the
//! number of slots whose table part is committed, and the address of the table. The fast path reads
//! its own heap's copy of them, a [`TableView`].
//!
//! Table entries: written (relaxed) by the owner of the slot's run, before any block of it leaves
//! the owner's hands; read (relaxed) by any thread that was handed a block, after it was.
#![allow(unsafe_code)] // turns addresses of the reservation into references

use super::header::{SlotRecord, SuperSlabHeader};
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::sync::tagged_stack::Links;
use crate::sync::{AtomicU32, AtomicUsize, Ordering};

/// Opaque memory of a slab's owner, one piece for each slot; see `slab/owned.rs`.
pub const SLAB_MEMORY_BYTES: usize = 576;

/// Bytes of a SuperSlab's header with the slab memory of its slots.
const HEADER_STRIDE: usize = size_of::<SuperSlabHeader>() + SLOTS_PER_SUPERSLAB * SLAB_MEMORY_BYTES;
const _: () = assert!(HEADER_STRIDE.is_multiple_of(64) && SLAB_MEMORY_BYTES.is_multiple_of(64));

/// Number of the window's first slot, counted from address 0; 0 before start.
static FIRST_SLOT: AtomicUsize = AtomicUsize::new(0);
/// Slots whose entry words may be read.
static READABLE_SLOTS: AtomicUsize = AtomicUsize::new(0);
/// Address of the entry word of the first slot.
static TABLE: AtomicUsize = AtomicUsize::new(0);
/// Address of the first SuperSlab header.
static HEADERS: AtomicUsize = AtomicUsize::new(0);
/// `reservation | window shift`, or 0 before start.
static RESERVATION: AtomicUsize = AtomicUsize::new(0);

/// Where everything stands; see the picture in the module above.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Start of the reservation and of the metadata pool.
    pub pool: usize,
    /// Start of the slot table.
    pub table: usize,
    /// Start of the SuperSlab headers.
    pub headers: usize,
    /// Start of the window; a multiple of [`SUPERSLAB_BYTES`].
    pub window: usize,
    /// SuperSlabs that the window may hold.
    pub superslabs: usize,
    /// SuperSlabs of the window that were reserved at the start.
    pub reserved_first: usize,
}

impl Layout {
    fn of(reservation: usize, shift: u32, reserved_first: usize) -> Self {
        let page = |bytes: usize| bytes.next_multiple_of(64 * KIB);
        let superslabs = (1usize << shift) / SUPERSLAB_BYTES;
        let pool_bytes = policy::metadata_pool_bytes(1 << shift);
        let table = reservation + pool_bytes;
        let headers = table + page(superslabs * SLOTS_PER_SUPERSLAB * size_of::<u32>());
        let window = (headers + page(superslabs * HEADER_STRIDE)).next_multiple_of(SUPERSLAB_BYTES);
        Self { pool: reservation, table, headers, window, superslabs, reserved_first }
    }

    /// Bytes in front of the window.
    pub fn metadata_bytes(&self) -> usize {
        self.window - self.pool
    }

    /// Bytes of the metadata pool.
    pub fn pool_bytes(&self) -> usize {
        self.table - self.pool
    }

    /// Range of the headers of `count` SuperSlabs from `first`.
    pub fn header_range(&self, first: usize, count: usize) -> (usize, usize) {
        (self.headers + first * HEADER_STRIDE, count * HEADER_STRIDE)
    }

    /// Range of the table entries of `count` SuperSlabs from `first`.
    pub fn table_range(&self, first: usize, count: usize) -> (usize, usize) {
        let bytes = SLOTS_PER_SUPERSLAB * size_of::<u32>();
        (self.table + first * bytes, count * bytes)
    }
}

/// The layout, reserving the window first if nobody has; `None` when the system refuses addresses.
pub fn layout() -> Option<Layout> {
    // acquire [RESERVE]: pairs with the exchange in `reserve_window`
    match RESERVATION.load(Ordering::Acquire) {
        0 => reserve_window(),
        word => Some(unpack(word)),
    }
}

/// Bits of the window shift in the reservation word; above them, and below the address, stand the
/// SuperSlabs reserved at the start, [`WHOLE`] for all of the window.
const SHIFT_BITS: u32 = 6;
const WHOLE: usize = (SUPERSLAB_BYTES >> SHIFT_BITS) - 1;
const _: () = assert!(MAX_WINDOW_SHIFT < 1 << SHIFT_BITS);

/// The reservation word. `reserved` counts SuperSlabs; [`WHOLE`] stands for all, too.
fn pack(reservation: usize, shift: u32, reserved: usize) -> usize {
    reservation | reserved << SHIFT_BITS | shift as usize
}

fn unpack(word: usize) -> Layout {
    let shift = (word & ((1 << SHIFT_BITS) - 1)) as u32;
    let reserved = (word & (SUPERSLAB_BYTES - 1)) >> SHIFT_BITS;
    let all = (1usize << shift) / SUPERSLAB_BYTES;
    Layout::of(round_down(word, SUPERSLAB_BYTES), shift, if reserved == WHOLE { all } else { reserved })
}

#[cold]
fn reserve_window() -> Option<Layout> {
    let word = match os::address_limit() {
        Some(limit) => reserve_limited(limit)?,
        None => reserve_whole()?,
    };
    let mine = unpack(word);
    let window_bytes = mine.reserved_first * SUPERSLAB_BYTES;
    // acqrel [RESERVE]
    match RESERVATION.compare_exchange(0, word, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            os::forbid_huge_pages(mine.window, window_bytes);
            Some(mine)
        }
        Err(theirs) => {
            os::unmap(mine.pool, mine.metadata_bytes() + window_bytes);
            Some(unpack(theirs))
        }
    }
}

/// Stores what leads to entries and headers; every racer stores the same.
pub(super) fn publish(layout: &Layout) {
    // relaxed: published by [TABLE]; headers are reached once EXTENT says that a SuperSlab was made
    TABLE.store(layout.table, Ordering::Relaxed);
    HEADERS.store(layout.headers, Ordering::Relaxed);
    FIRST_SLOT.store(layout.window >> SLOT_SHIFT, Ordering::Relaxed);
}

/// Without an address limit: the largest window that the system grants (valgrind, for one, grants
/// little). Returns the reservation word.
fn reserve_whole() -> Option<usize> {
    let asked = config::get().window_gib() as usize * GIB;
    let largest = if asked == 0 { MAX_WINDOW_SHIFT } else { asked.next_power_of_two().trailing_zeros() };
    let mut shift = largest.min(MAX_WINDOW_SHIFT);
    while shift >= policy::MIN_WINDOW_SHIFT {
        let bytes = Layout::of(0, shift, 0).window + (1 << shift);
        if let Some(at) = os::reserve(bytes, SUPERSLAB_BYTES) {
            return Some(pack(at, shift, WHOLE));
        }
        shift -= 2;
    }
    None
}

/// Under an address limit: a little now, more when it is needed, at a place with room behind it.
fn reserve_limited(limit: usize) -> Option<usize> {
    let shift = policy::limited_window_shift(limit);
    let step = (policy::limited_reservation(limit) / SUPERSLAB_BYTES).min(WHOLE - 1);
    let bytes = Layout::of(0, shift, 0).window + step * SUPERSLAB_BYTES;
    let probe = os::reserve(bytes, SUPERSLAB_BYTES)?;
    let roomy = probe.checked_sub((4 << shift) + policy::WINDOW_ROOM_BYTES).map(|at| round_down(at, SUPERSLAB_BYTES));
    match roomy {
        Some(at) if os::reserve_at(at, bytes) => {
            os::unmap(probe, bytes);
            Some(pack(at, shift, step))
        }
        _ => Some(pack(probe, shift, step)),
    }
}

/// Makes the entry words of the first `slots` slots readable to every thread.
pub(super) fn publish_readable(slots: usize) {
    // release [TABLE]: pairs with the loads in `slot_of` and `TableView::now`; the pages are committed
    READABLE_SLOTS.fetch_max(slots, Ordering::Release);
}

/// The slot index of an address, if it lies in the part of the window that is in use.
#[inline(always)]
pub fn slot_of(address: usize) -> Option<usize> {
    // relaxed: written before READABLE_SLOTS
    let slot = (address >> SLOT_SHIFT).wrapping_sub(FIRST_SLOT.load(Ordering::Relaxed));
    // acquire [TABLE]
    if slot < READABLE_SLOTS.load(Ordering::Acquire) { Some(slot) } else { None }
}

/// What a thread knows of the slot table: a copy of three words in its own heap. It may be behind;
/// then the slow path finds what the fast path did not, and renews it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TableView {
    first_slot: usize,
    readable_slots: usize,
    table: *const AtomicU32,
}

impl TableView {
    /// Of no slot at all.
    pub const NOTHING: Self = Self { first_slot: 0, readable_slots: 0, table: core::ptr::null() };

    /// The view as of now.
    pub fn now() -> Self {
        // acquire [TABLE]
        let readable_slots = READABLE_SLOTS.load(Ordering::Acquire);
        let table = TABLE.load(Ordering::Relaxed) as *const AtomicU32;
        Self { first_slot: FIRST_SLOT.load(Ordering::Relaxed), readable_slots, table }
    }

    /// Whether slots have become readable since the view was taken.
    pub fn is_behind(&self) -> bool {
        // relaxed: only compared; `now` acquires
        self.readable_slots != READABLE_SLOTS.load(Ordering::Relaxed)
    }

    /// The entry word of the slot that `address` lies in, if the view covers it.
    #[inline(always)]
    pub fn entry_at(&self, address: usize) -> Option<u32> {
        let slot = (address >> SLOT_SHIFT).wrapping_sub(self.first_slot);
        if slot >= self.readable_slots {
            return None;
        }
        // SAFETY: [I-TABLE] the view was taken from the words that `slot_of` uses.
        // relaxed: see the module on entries
        Some(unsafe { &*self.table.add(slot) }.load(Ordering::Relaxed))
    }
}

/// The entry word of a slot that [`slot_of`] returned.
#[inline(always)]
pub fn entry(slot: usize) -> u32 {
    // relaxed: see the module on entries
    entry_word(slot).load(Ordering::Relaxed)
}

/// Sets the entry words of a run. The caller owns the run.
#[inline]
pub fn set_entries(slot: usize, slots: usize, head: u32, rest: u32) {
    // relaxed: see the module on entries
    entry_word(slot).store(head, Ordering::Relaxed);
    for further in slot + 1..slot + slots {
        entry_word(further).store(rest, Ordering::Relaxed);
    }
}

/// Takes the word off the first slot of a run that nobody owns, so that of several threads that free
/// it one goes on. `false`: the word was not `head` any more.
#[must_use]
pub fn take_head(slot: usize, head: u32) -> bool {
    // relaxed: decides only between the threads that free it; the release of the run orders the rest
    entry_word(slot).compare_exchange(head, ENTRY_UNUSED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

#[inline(always)]
fn entry_word(slot: usize) -> &'static AtomicU32 {
    // relaxed: who has a slot number has acquired [TABLE] or [MADE], or was handed a block by one who has
    let table = TABLE.load(Ordering::Relaxed) as *const AtomicU32;
    // SAFETY: [I-TABLE] callers pass slots below READABLE_SLOTS, or slots of a run they claimed,
    // whose SuperSlab was made only after its part of the table was committed; the table is never
    // unmapped, and zero bytes are a valid entry.
    unsafe { &*table.add(slot) }
}

/// Address of a slot.
#[inline]
pub fn slot_address(slot: usize) -> usize {
    // relaxed: as in `entry_word`
    (FIRST_SLOT.load(Ordering::Relaxed) + slot) << SLOT_SHIFT
}

/// The SuperSlab of a slot, and the slot's place in it.
#[inline]
pub fn split_slot(slot: usize) -> (usize, usize) {
    (slot >> SUPERSLAB_SLOT_SHIFT, slot & (SLOTS_PER_SUPERSLAB - 1))
}

#[inline]
fn header_address(superslab: usize) -> usize {
    // relaxed: set before the first SuperSlab was made
    HEADERS.load(Ordering::Relaxed) + superslab * HEADER_STRIDE
}

/// The header of a SuperSlab that was made.
#[inline]
pub fn header(superslab: usize) -> &'static SuperSlabHeader {
    // SAFETY: [I-HEADER] a SuperSlab is made after its header was committed; headers are never
    // unmapped, and zero bytes are a valid header (all UNUSED).
    unsafe { &*(header_address(superslab) as *const SuperSlabHeader) }
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
    let (superslab, place) = split_slot(slot);
    (header_address(superslab) + size_of::<SuperSlabHeader>() + place * SLAB_MEMORY_BYTES) as *mut u8
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
