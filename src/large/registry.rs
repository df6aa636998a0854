//! From an address to its huge block: a radix tree over pages, three loads deep; of the window, where huge blocks start at
//! SuperSlabs, the SuperSlab's header, so that one can be registered there when no metadata is to be had.
//!
//! Nodes are never removed. An entry is a [`RecordEntry`] with the address of a [`HugeBlock`]. It is written by
//! whoever owns the block; [`transition_cached`] takes ownership from the program, so that of two frees one is told so.
#![allow(unsafe_code)] // nodes live in the metadata pool

use crate::geometry::{SLOTS_PER_SUPERSLAB, SUPERSLAB_BYTES};
use crate::policy;
use crate::superslab::{extent, pool, registry as slots};
use crate::sync::published::PublishedPtr;
use crate::sync::record_entry::{RecordEntry, Registered};
use crate::sync::tagged_stack::{END, Links, TaggedStack};
use crate::sync::{AtomicU32, AtomicUsize, Ordering};
use core::ptr;

const PAGE_SHIFT: u32 = 12;
const LEAF_BITS: u32 = 11;
const MIDDLE_BITS: u32 = 12;
const ROOT_BITS: u32 = 47 - PAGE_SHIFT - LEAF_BITS - MIDDLE_BITS;

type Leaf = [RecordEntry; 1 << LEAF_BITS];
type Middle = [PublishedPtr<Leaf>; 1 << MIDDLE_BITS];
static ROOT: [PublishedPtr<Middle>; 1 << ROOT_BITS] = [const { PublishedPtr::new() }; 1 << ROOT_BITS];

/// A mapping that holds one huge block, or a cached one. Fields are written by the owner; others
/// read them as hints and check after they have become the owner. All accesses are relaxed: `[HUGE]`
/// and `[CACHE]` order them for the owner.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct HugeBlock {
    start: AtomicUsize,
    bytes: AtomicUsize,
    mapped: AtomicUsize,
    released_ms: AtomicU32,
    link: AtomicU32,
    /// SuperSlabs of the window that the block stands in; 0 for a mapping of its own.
    superslabs: AtomicU32,
    /// 1 while huge pages may back the mapping, as far as they lie in it whole.
    open_to_huge_pages: AtomicU32,
}

impl HugeBlock {
    /// Start of the mapping and of the block.
    pub fn start(&self) -> usize {
        self.start.load(Ordering::Relaxed)
    }

    /// Bytes of the block, all of them usable.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes of the mapping. What lies behind the block is its room to grow: addresses without memory.
    pub fn mapped_bytes(&self) -> usize {
        self.mapped.load(Ordering::Relaxed)
    }

    /// Bytes of the room behind the block.
    pub fn room_bytes(&self) -> usize {
        self.mapped_bytes() - self.bytes()
    }

    /// SuperSlabs of the window that the block stands in; 0 for a mapping of its own.
    pub fn superslabs(&self) -> usize {
        self.superslabs.load(Ordering::Relaxed) as usize
    }

    /// Whether huge pages may back the mapping by the wish of `density`.
    pub fn is_open_to_huge_pages(&self) -> bool {
        self.open_to_huge_pages.load(Ordering::Relaxed) != 0
    }

    /// Notes what was advised.
    pub fn set_open_to_huge_pages(&self, is_open: bool) {
        self.open_to_huge_pages.store(u32::from(is_open), Ordering::Relaxed);
    }

    /// When the block was freed, in milliseconds of the coarse clock.
    pub fn released_ms(&self) -> u32 {
        self.released_ms.load(Ordering::Relaxed)
    }

    /// Sets a place of whole SuperSlabs in the window.
    pub fn set_in_window(&self, start: usize, superslabs: usize) {
        self.set(start, superslabs * SUPERSLAB_BYTES);
        self.superslabs.store(superslabs as u32, Ordering::Relaxed);
        self.set_open_to_huge_pages(false);
    }

    /// Sets a mapping of its own, without room.
    pub fn set(&self, start: usize, bytes: usize) {
        self.superslabs.store(0, Ordering::Relaxed);
        self.start.store(start, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
        self.mapped.store(bytes, Ordering::Relaxed);
    }

    /// Sets the bytes of the block within its mapping.
    pub fn set_bytes(&self, bytes: usize) {
        debug_assert!(bytes <= self.mapped_bytes());
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Sets the time of release.
    pub fn set_released_ms(&self, now_ms: u32) {
        self.released_ms.store(now_ms, Ordering::Relaxed);
    }
}

/// What stands at an address.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// A huge block in the program's hands.
    Live(&'static HugeBlock),
    /// A freed one.
    Cached,
    /// No huge block starts here.
    Nothing,
}

static FREE_BLOCKS: TaggedStack<28> = TaggedStack::new();

struct BlockLinks(usize);
impl BlockLinks {
    fn at(&self, number: u32) -> &'static HugeBlock {
        // SAFETY: [I-POOL] numbers come from blocks of the pool, which are never unmapped.
        unsafe { &*((self.0 + number as usize * pool::PIECE_ALIGN) as *const HugeBlock) }
    }
}
// relaxed, both: the stack orders its links
impl Links for BlockLinks {
    fn next(&self, number: u32) -> u32 {
        self.at(number).link.load(Ordering::Relaxed)
    }
    fn set_next(&self, number: u32, next: u32) {
        self.at(number).link.store(next, Ordering::Relaxed);
    }
}

/// A block record to fill in; `None` when memory for metadata is out.
pub fn new_block() -> Option<&'static HugeBlock> {
    let links = BlockLinks(pool::base()?);
    match FREE_BLOCKS.pop(&links).0 {
        Some(number) => Some(links.at(number)),
        // SAFETY: [I-POOL] a zeroed piece is a valid record.
        None => pool::take(size_of::<HugeBlock>()).map(|piece| unsafe { &*piece.cast::<HugeBlock>() }),
    }
}

/// Gives a record back that nothing refers to.
pub fn recycle_block(block: &'static HugeBlock) {
    if let Some(base) = pool::base() {
        let number = (ptr::from_ref(block) as usize - base) / pool::PIECE_ALIGN;
        FREE_BLOCKS.push(&BlockLinks(base), number as u32);
    }
}

/// The entry of an address, if one can stand there.
fn entry_of(address: usize) -> Option<&'static RecordEntry> {
    match superslab_of(address) {
        Some(superslab) if address.is_multiple_of(SUPERSLAB_BYTES) => Some(&slots::header(superslab).huge),
        Some(_) => None,
        None => leaf_entry(address),
    }
}

/// The SuperSlab that an address lies in, if it was made.
fn superslab_of(address: usize) -> Option<usize> {
    let superslab = slots::split_slot(slots::slot_of(address)?).0;
    (superslab < extent::superslabs_made()).then_some(superslab)
}

fn leaf_entry(address: usize) -> Option<&'static RecordEntry> {
    let page = address >> PAGE_SHIFT;
    let root = ROOT.get(page >> (LEAF_BITS + MIDDLE_BITS))?;
    // SAFETY: [I-RADIX] nodes are published once and never unmapped.
    unsafe {
        let middle = root.get().as_ref()?; // [RADIX]
        let leaf = middle[page >> LEAF_BITS & ((1 << MIDDLE_BITS) - 1)].get().as_ref()?; // [RADIX]
        Some(&leaf[page & ((1 << LEAF_BITS) - 1)])
    }
}

/// The node behind a link, made if there is none.
fn child<T>(link: &PublishedPtr<T>) -> Option<&'static T> {
    let mut node = link.get();
    if node.is_null() {
        node = link.publish(pool::take(size_of::<T>())?.cast()); // [RADIX]; a loser's node stays unused
    }
    // SAFETY: [I-RADIX]
    Some(unsafe { &*node })
}

/// Makes sure that a block at `address` can be registered; `false` when metadata memory is out.
#[must_use]
pub fn prepare(address: usize) -> bool {
    if superslab_of(address).is_some() {
        return true;
    }
    let page = address >> PAGE_SHIFT;
    let Some(root) = ROOT.get(page >> (LEAF_BITS + MIDDLE_BITS)) else { return false };
    let Some(middle) = child(root) else { return false };
    child(&middle[page >> LEAF_BITS & ((1 << MIDDLE_BITS) - 1)]).is_some()
}

/// Registers a block as live; [`prepare`] was called for its start.
pub fn insert(block: &'static HugeBlock) {
    if let Some(entry) = entry_of(block.start()) {
        entry.transition_live(ptr::from_ref(block) as usize); // [HUGE]
    }
}

/// Removes what is registered at an address; by the owner of the block.
pub fn remove(address: usize) {
    if let Some(entry) = entry_of(address) {
        entry.transition_nothing();
    }
}

/// The block of a record that an entry names.
fn block_of(record: usize) -> &'static HugeBlock {
    // SAFETY: [I-HUGE] entries are addresses of records.
    unsafe { &*(record as *const HugeBlock) }
}

/// What stands at an address.
pub fn find(address: usize) -> Found {
    if address & ((1 << PAGE_SHIFT) - 1) != 0 {
        return Found::Nothing;
    }
    match entry_of(address).map_or(Registered::Nothing, RecordEntry::find) {
        Registered::Nothing => Found::Nothing,
        Registered::Cached(_) => Found::Cached,
        Registered::Live(record) => Found::Live(block_of(record)),
    }
}

/// Whether `block` is live at `address`, unless others have changed that by now.
pub fn is_live(address: usize, block: &HugeBlock) -> bool {
    matches!(find(address), Found::Live(there) if ptr::eq(there, block))
}

/// Every registered block, by the address it is registered at, and whether it is cached: for checks.
pub fn for_each(mut visit: impl FnMut(usize, &'static HugeBlock, bool)) {
    // SAFETY: [I-RADIX]
    let nodes = |link: &PublishedPtr<Middle>| unsafe { link.get().as_ref() };
    for (high, middle) in ROOT.iter().enumerate().filter_map(|(at, link)| Some((at, nodes(link)?))) {
        for (low, link) in middle.iter().enumerate() {
            // SAFETY: [I-RADIX]
            let Some(leaf) = (unsafe { link.get().as_ref() }) else { continue };
            for (page, entry) in leaf.iter().enumerate() {
                let page = (((high << MIDDLE_BITS) + low) << LEAF_BITS) + page;
                visit_entry(page << PAGE_SHIFT, entry, &mut visit);
            }
        }
    }
    for superslab in 0..extent::superslabs_made() {
        let address = slots::slot_address(superslab * SLOTS_PER_SUPERSLAB);
        visit_entry(address, &slots::header(superslab).huge, &mut visit);
    }
}

fn visit_entry(address: usize, entry: &RecordEntry, visit: &mut impl FnMut(usize, &'static HugeBlock, bool)) {
    match entry.find() {
        Registered::Nothing => {}
        Registered::Live(record) => visit(address, block_of(record), false),
        Registered::Cached(record) => visit(address, block_of(record), true),
    }
}

/// Number of faults among the records that wait to be used again: for checks, exact while all threads rest.
pub fn check_recycled() -> usize {
    let Some(base) = pool::base() else { return 0 };
    let (links, most) = (BlockLinks(base), pool::committed_bytes() / size_of::<HugeBlock>());
    let (mut seen, mut number) = (0, FREE_BLOCKS.top());
    while number != END {
        if seen > most || !pool::may_start_at(base + number as usize * pool::PIECE_ALIGN) {
            return 1; // no record, or a circle
        }
        seen += 1;
        number = links.next(number);
    }
    0
}

/// Makes the newest recycled record lead to no record or, called again, on as before: for the test of the checks.
#[cfg(test)]
pub fn damage_recycled() {
    let (links, newest) = (BlockLinks(pool::base().unwrap()), FREE_BLOCKS.top());
    links.set_next(newest, !links.next(newest));
}

/// Whether an address lies within a huge block, live or cached, but not at its start: looks back
/// page by page, over nodes that exist, as far as [`policy::HUGE_LOOK_BACK_BYTES`].
pub fn is_interior(address: usize) -> bool {
    let mut page = address >> PAGE_SHIFT;
    let lowest = page.saturating_sub(policy::HUGE_LOOK_BACK_BYTES >> PAGE_SHIFT);
    while page > lowest {
        if superslab_of(page << PAGE_SHIFT).is_some() {
            page &= !((SUPERSLAB_BYTES >> PAGE_SHIFT) - 1); // a block starts with a SuperSlab
        }
        let start = page << PAGE_SHIFT;
        let Some(entry) = entry_of(start) else {
            page = (page & !((1 << LEAF_BITS) - 1)).saturating_sub(1); // the last page before this leaf
            continue;
        };
        if let Registered::Live(record) | Registered::Cached(record) = entry.find() {
            let inside = address != start && address - start < block_of(record).bytes();
            // a record that another thread recycles meanwhile says nothing about this address
            return inside && entry.still_is(record);
        }
        page -= 1;
    }
    false
}

/// Live -> cached: of several frees of the block at `address`, one is told that it owns the block now.
/// The address is the one that was freed, not what the record says: the record of a block that another
/// free has ended may stand for another block by now.
#[must_use]
pub fn transition_cached(address: usize, block: &'static HugeBlock) -> bool {
    entry_of(address).is_some_and(|entry| entry.transition_cached(ptr::from_ref(block) as usize))
}
