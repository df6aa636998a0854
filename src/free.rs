//! Deallocation.
//!
//! ```text
//! deallocate(block)
//!   a block of the thread's own heap: one table entry decides     -> bin::push
//!   a block of another heap (deallocate_other)                    -> outbox::add_to_lane
//!   deallocate_slow
//!     its own, the bin full   front_cache::flush::push_slow      -> depot, slabs
//!     another heap's          front_cache::flush::remote         -> outbox, queue of the owner
//!     a span                  large::span::deallocate            -> shared pool
//!     outside the window      large::huge::deallocate, or foreign
//!     anything else           fatal
//! ```
//!
//! Always on: the pointer must be where a block of its class starts, and a block that carries the
//! mark of a free is looked for among the free ones before it is accepted.
#![allow(unsafe_code)] // blocks and bins by pointer

use crate::config;
use crate::fatal;
use crate::foreign;
use crate::front_cache::bin::Bin;
use crate::front_cache::elsewhere::Elsewhere;
use crate::front_cache::heap::Heap;
use crate::front_cache::{confirm, flush, tls};
use crate::geometry::*;
use crate::large::registry::Found;
use crate::large::{huge, registry as huge_registry, span};
use crate::mark;
use crate::superslab::extent;
use crate::superslab::header::SlotState;
use crate::superslab::registry::{self, TableView};

/// Frees a block. Null is allowed; errno stays; a pointer that is no block ends the process.
///
/// # Safety
/// `block` is null, or came from this crate or from another allocator's malloc, and is not used
/// afterwards.
#[inline]
pub unsafe fn deallocate(block: *mut u8) {
    let heap = tls::current();
    // SAFETY: [I-HEAP] this thread's heap or a shim, whose view covers nothing; `class` is below
    // NUM_CLASSES when it is used; a block start of an own slab can be written.
    unsafe {
        if let Some(entry) = (*heap).front.view.entry_at(block as usize) {
            let class = entry ^ (*heap).front.key;
            if class < NUM_CLASSES as u32 {
                let bin = Bin::at_offset(heap, (class * size_of::<Bin>() as u32) as usize);
                let mark = mark::local((*heap).front.secret, block);
                if Bin::is_block_start(bin, block as usize) && !mark::is_suspect(mark, block) && Bin::push(bin, block) {
                    mark::leave(mark, block);
                    return;
                }
            } else {
                return deallocate_other(block, heap, class);
            }
        }
    }
    // SAFETY: the caller's promise.
    unsafe { deallocate_slow(block, heap) }
}

/// A block of another heap, while there is room in the outbox: the same checks, then one more place of a
/// magazine is taken. `entry_and_key` is the entry of the block's slot XOR the heap's key. What matters here is how
/// few instructions there are: the mark is in no cache near, and the more frees are in flight the more such blocks
/// are waited for at the same time.
///
/// # Safety
/// As for [`deallocate`]; `heap` is the calling thread's, and its view covers the block.
#[inline(never)]
unsafe fn deallocate_other(block: *mut u8, heap: *mut Heap, entry_and_key: u32) {
    // SAFETY: [I-OUTBOX] this thread's own; a block start of an ACTIVE slab can be written.
    unsafe {
        let entry = entry_and_key ^ (*heap).front.key;
        if let Some(class) = entry_class(entry)
            && CLASSES[class].is_block_start(block as usize)
        {
            let mark = mark::remote((*heap).front.secret, block);
            if !mark::is_suspect(mark, block) && (*heap).front.outbox.add_to_lane(entry_owner(entry), class, block) {
                mark::leave(mark, block);
                return;
            }
        }
    }
    // SAFETY: the caller's promise.
    unsafe { deallocate_slow(block, heap) }
}

/// Everything else.
///
/// # Safety
/// As for [`deallocate`].
#[cold]
#[inline(never)]
unsafe fn deallocate_slow(block: *mut u8, heap: *mut Heap) {
    if block.is_null() {
        return;
    }
    let address = block as usize;
    // SAFETY: [I-HEAP] this thread's heap, unless it is a shim.
    unsafe {
        if !tls::is_shim(heap) && (*heap).front.view.is_behind() {
            (*heap).front.view = TableView::now();
        }
    }
    match Place::of(address) {
        Place::Block { slot, owner, class } => {
            if !CLASSES[class].is_block_start(address) {
                fatal::free_of_interior(address);
            }
            if is_free_block(owner, slot, class, block) {
                fatal::double_free(address);
            }
            // SAFETY: [I-HEAP]; the block is a live one of at least 16 bytes.
            unsafe {
                if owner == Heap::id(heap) {
                    mark::leave_local(block);
                    flush::push_slow(heap, class, block);
                } else {
                    mark::leave_remote(block);
                    flush::remote(heap, owner, class, block);
                }
            }
        }
        Place::Span { slot, slots } => {
            let _elsewhere = Elsewhere::enter();
            if !span::deallocate(slot, slots) {
                fatal::double_free(address);
            }
        }
        Place::Huge(mapping) => {
            let _elsewhere = Elsewhere::enter();
            if !huge::deallocate(address, mapping) {
                fatal::double_free(address);
            }
        }
        Place::FreedBefore => fatal::double_free(address),
        Place::Interior => fatal::free_of_interior(address),
        Place::NoBlock => fatal::free_of_no_block_start(address),
        Place::Foreign => foreign::deallocate(block),
    }
}

/// Whether the block, the start of one in an ACTIVE slab, carries the mark of a free and is indeed found
/// among free ones.
pub(crate) fn is_free_block(owner: u32, slot: usize, class: usize, block: *mut u8) -> bool {
    // SAFETY: the start of a block of at least 16 bytes in an ACTIVE slab.
    unsafe { mark::is_marked(block) && confirm::is_free(owner, slot, class, block) }
}

/// What an address is to us.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// In a slab.
    Block {
        /// The slot it lies in.
        slot: usize,
        /// The heap that owns the slab.
        owner: u32,
        /// The class of the slab.
        class: usize,
    },
    /// The start of a span.
    Span {
        /// Its first slot.
        slot: usize,
        /// Its slots.
        slots: usize,
    },
    /// The start of a huge block.
    Huge(&'static huge_registry::HugeBlock),
    /// The start of a span, slab or huge block that was freed.
    FreedBefore,
    /// Inside a span or huge block.
    Interior,
    /// In the window, where nothing stands.
    NoBlock,
    /// Nothing of ours.
    Foreign,
}

impl Place {
    /// Looks an address up.
    pub(crate) fn of(address: usize) -> Self {
        let Some(slot) = registry::slot_of(address) else { return Self::outside(address) };
        let entry = registry::entry(slot);
        if entry == HUGE_CODE && address == registry::slot_address(slot) {
            return match huge_registry::find(address) {
                Found::Live(block) => Place::Huge(block),
                _ => Place::FreedBefore,
            };
        }
        if let Some(class) = entry_class(entry) {
            return Place::Block { slot, owner: entry_owner(entry), class };
        }
        if let Some(slots) = entry_span_slots(entry) {
            let at_start = address == registry::slot_address(slot);
            return if at_start { Place::Span { slot, slots } } else { Place::Interior };
        }
        if entry == SPAN_BODY_CODE || entry == HUGE_CODE { Place::Interior } else { Self::of_unused(slot, address) }
    }

    /// Where no SuperSlab is.
    fn outside(address: usize) -> Self {
        match huge_registry::find(address) {
            Found::Live(block) => Place::Huge(block),
            Found::Cached => Place::FreedBefore,
            Found::Nothing if huge_registry::is_interior(address) => Place::Interior,
            Found::Nothing => Place::Foreign,
        }
    }

    /// Where nothing stands: was it the start of a block of the run that stood here last?
    fn of_unused(slot: usize, address: usize) -> Self {
        let superslab = registry::split_slot(slot).0;
        if superslab >= extent::superslabs_reserved() {
            return Self::outside(address);
        }
        if superslab >= extent::superslabs_made() {
            return Place::NoBlock;
        }
        let was_block = |head: usize, code: usize| {
            let offset = address - registry::slot_address(head);
            if code >= NUM_CLASSES { offset == 0 } else { CLASSES[code].is_block_start(offset) }
        };
        for order in 0..=SUPERSLAB_SLOT_SHIFT {
            let head = head_slot_of_order(slot, order);
            let record = registry::record(head);
            let run_slots = if record.code() == NUM_CLASSES { 0 } else { RunKind::from_code(record.code()).slots() };
            if record.state() == SlotState::Empty && head + run_slots > slot && was_block(head, record.code()) {
                return Place::FreedBefore;
            }
        }
        Place::NoBlock
    }
}

fn head_slot_of_order(slot: usize, order: u32) -> usize {
    slot & !((1 << order) - 1)
}

/// Frees a block of which the caller states the size; in hardened mode a wrong size is fatal.
///
/// # Safety
/// As for [`deallocate`].
#[inline]
pub unsafe fn deallocate_sized(block: *mut u8, size: usize) {
    if config::get().hardened() && !block.is_null() {
        check_size(block, size, 1);
    }
    // SAFETY: the caller's promise.
    unsafe { deallocate(block) }
}

/// Frees a block of which the caller states alignment and size; in hardened mode wrong ones are
/// fatal.
///
/// # Safety
/// As for [`deallocate`].
#[inline]
pub unsafe fn deallocate_aligned_sized(block: *mut u8, align: usize, size: usize) {
    if config::get().hardened() && !block.is_null() {
        if !align.is_power_of_two() || block as usize & (align - 1) != 0 {
            fatal::alignment_mismatch(block as usize, align);
        }
        check_size(block, size, align);
    }
    // SAFETY: the caller's promise.
    unsafe { deallocate(block) }
}

/// A stated size is right if a request of that size and alignment could have got the block, by
/// malloc or by realloc in place.
#[cold]
fn check_size(block: *mut u8, size: usize, align: usize) {
    let wanted = size.max(align);
    let (smallest, usable) = match Place::of(block as usize) {
        Place::Block { class: 0, .. } => (0, class_bytes(0)),
        Place::Block { class, .. } => ((class_bytes(class) / 2).min(class_bytes(class - 1) + 1), class_bytes(class)),
        // realloc gives the end of a span back, but for what would be a slab's
        Place::Span { slots: slots @ 0..=2, .. } => (slots * SLOT_BYTES / 2, slots * SLOT_BYTES),
        Place::Span { slots, .. } => ((slots - 1) * SLOT_BYTES + 1, slots * SLOT_BYTES),
        Place::Huge(mapping) => (mapping.bytes() / 2, mapping.bytes()),
        _ => return,
    };
    if size > usable || wanted < smallest {
        fatal::size_mismatch(block as usize, size, usable);
    }
}

/// The bytes that the owner of a block may write to; 0 for null, and for what is no block.
///
/// # Safety
/// `block` is null or a block in the caller's hands.
pub unsafe fn usable_size(block: *const u8) -> usize {
    match Place::of(block as usize) {
        _ if block.is_null() => 0,
        Place::Block { class, .. } => class_bytes(class),
        Place::Span { slots, .. } => slots * SLOT_BYTES,
        Place::Huge(mapping) => mapping.bytes(),
        Place::Foreign => foreign::usable_size(block),
        _ => 0,
    }
}
