//! Allocation.
//!
//! ```text
//! allocate(size)
//!   small, up to 1 KiB        class by table             -> bin::pop
//!   medium, up to 64 KiB      class by bit scan          -> bin::pop    (allocate_medium)
//!     the bin is empty        front_cache::refill        -> a larger class's, depot, drain, slabs, shared pool
//!   large                     large::span, large::huge
//! allocate_zeroed(size)       as above, then zeroes what is not known to be zero
//! allocate_aligned(align, size)   a class whose blocks are multiples of align, or large
//! ```
//!
//! The way back is drawn the same way in `free.rs`. Every block of a slab has its second word
//! cleared, where free leaves its mark; spans and huge blocks carry no mark.
#![allow(unsafe_code)] // blocks and bins by pointer

use crate::config;
use crate::errno;
use crate::front_cache::bin::Bin;
use crate::front_cache::elsewhere::Elsewhere;
use crate::front_cache::heap::Heap;
use crate::front_cache::refill::Fit;
use crate::front_cache::{bind, refill, tls, trim};
use crate::geometry::*;
use crate::large::{cache, huge, span, zero};
use crate::policy;
use crate::shared_pool;
use crate::superslab::reservation;
use core::ptr;

/// A block of at least `size` bytes, aligned to 16; null, with errno ENOMEM, when memory is out. A
/// size of 0 gives a block of its own. Any thread, at any time.
#[inline]
pub fn allocate(size: usize) -> *mut u8 {
    let heap = tls::current();
    if size <= MAX_TABLE_BYTES {
        // SAFETY: [I-HEAP] `heap` is this thread's heap or a shim, whose bins are empty; the table
        // holds offsets of bins.
        unsafe {
            #[allow(clippy::manual_div_ceil)] // cannot overflow here; the golden file has this form
            let index = (size + MIN_ALIGN - 1) / MIN_ALIGN;
            let offset = (*heap).front.size_table.as_ptr().add(index).read();
            let block = Bin::pop(Bin::at_offset(heap, offset as usize));
            if !block.is_null() {
                clear_mark(block);
                return block;
            }
        }
        return allocate_slow(size, heap);
    }
    // SAFETY: `size` is above the table's.
    unsafe { allocate_medium(size, heap) }
}

/// Requests above the table's sizes: the bin's block again, its class found by arithmetic.
///
/// # Safety
/// `size` is above [`MAX_TABLE_BYTES`]; `heap` is the calling thread's.
#[inline(never)]
unsafe fn allocate_medium(size: usize, heap: *mut Heap) -> *mut u8 {
    if size <= MAX_CLASS_BYTES {
        // SAFETY: the caller's promise; [I-HEAP] this thread's heap.
        unsafe {
            core::hint::assert_unchecked(size > MAX_TABLE_BYTES);
            let block = Bin::pop(bin_of(heap, class_of(size)));
            if !block.is_null() {
                clear_mark(block);
                return block;
            }
        }
    }
    allocate_slow(size, heap)
}

/// Takes free's mark out of a block.
///
/// # Safety
/// `block` is a block of at least 16 bytes in the caller's hands.
#[inline(always)]
unsafe fn clear_mark(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { block.cast::<u64>().add(1).write(0) }
}

/// The bin of a class.
///
/// # Safety
/// `heap` is the calling thread's, `class` below [`NUM_CLASSES`].
#[inline(always)]
unsafe fn bin_of(heap: *mut Heap, class: usize) -> *mut Bin {
    debug_assert!(class < NUM_CLASSES);
    Bin::at_offset(heap, class * size_of::<Bin>())
}

/// Large requests, and bins that are empty.
#[cold]
#[inline(never)]
fn allocate_slow(size: usize, heap: *mut Heap) -> *mut u8 {
    if size > MAX_CLASS_BYTES {
        return allocate_large(heap, size, MIN_ALIGN).map_or_else(out_of_memory, |(block, _)| block);
    }
    allocate_class(heap, class_of(size), Fit::AtLeast)
}

/// A block of a class.
#[inline]
fn allocate_class(heap: *mut Heap, class: usize, fit: Fit) -> *mut u8 {
    // SAFETY: [I-HEAP] this thread's heap.
    let mut block = unsafe { Bin::pop(bin_of(heap, class)) };
    if block.is_null() {
        if bypasses_slabs(class) {
            return allocate_large(heap, class_bytes(class), MIN_ALIGN).map_or_else(out_of_memory, |(block, _)| block);
        }
        block = refill::refill(heap, class, fit);
        if block.is_null() {
            block = last_resort(class, fit);
        }
        if block.is_null() {
            return out_of_memory();
        }
    }
    // SAFETY: a block in our hands.
    unsafe { clear_mark(block) };
    block
}

/// What is cached anywhere may be what is missing, or what is free in the slabs of other threads, or, if that fits, a block
/// of a class a little larger; null otherwise.
#[cold]
fn last_resort(class: usize, fit: Fit) -> *mut u8 {
    reclaim();
    let mut block = refill::refill(tls::current(), class, fit); // which may bind a heap, and so change what is current
    if block.is_null() {
        block = refill::from_any_owner(tls::current(), class);
    }
    // hardened mode compares the sizes of sized frees with the class
    if block.is_null() && fit == Fit::AtLeast && !config::get().hardened() {
        let mut blocks = policy::larger_classes(class).map(pop_or_refill);
        block = blocks.find(|block| !block.is_null()).unwrap_or(ptr::null_mut());
    }
    block
}

/// A block of a class, out of the bin or by a refill; null when there is none.
fn pop_or_refill(class: usize) -> *mut u8 {
    let heap = tls::current();
    // SAFETY: [I-HEAP] this thread's heap.
    let block = unsafe { Bin::pop(bin_of(heap, class)) };
    if block.is_null() && !bypasses_slabs(class) { refill::refill(heap, class, Fit::Class) } else { block }
}

/// Gives back all that nobody uses. Whatever it finds, a second try is due: another thread may have been
/// faster.
#[cold]
fn reclaim() {
    let _elsewhere = Elsewhere::enter();
    cache::purge_all();
    trim::trim_all();
}

/// With `HAKMEM_POOL_TLS=0` the mid-large classes are mapped directly (S1, for comparison).
#[inline]
fn bypasses_slabs(class: usize) -> bool {
    class > class_of(MID_MIN_BYTES - 1) && !config::get().pool_tls()
}

/// A span or a huge block, the second time after all that is cached went back to the system.
#[cold]
fn allocate_large(heap: *mut Heap, size: usize, align: usize) -> Option<(*mut u8, Content)> {
    let _elsewhere = Elsewhere::enter();
    try_large(heap, size, align).or_else(|| {
        reclaim();
        try_large(tls::current(), size, align)
    })
}

fn try_large(heap: *mut Heap, size: usize, align: usize) -> Option<(*mut u8, Content)> {
    if size > MAX_SPAN_BYTES || align > MAX_SPAN_BYTES {
        return huge::allocate(size, align);
    }
    // where addresses are limited, a mapping wastes less of them than whole slots
    if policy::span_wastes_limit(size, span::slots_for(size), shared_pool::claimed_bytes(), reservation::limit_bytes())
        && let mapped @ Some(_) = huge::allocate(size, align)
    {
        return mapped;
    }
    let in_window = bind::enter(heap).and_then(|mut tenant| span::allocate(tenant.set(), size, align));
    // where the window has no room, a mapping of its own may still be had
    in_window.or_else(|| huge::allocate(size, align))
}

/// A block of at least `size` bytes that reads as zero; otherwise as [`allocate`].
#[inline]
pub fn allocate_zeroed(size: usize) -> *mut u8 {
    if size > MAX_TABLE_BYTES {
        return allocate_zeroed_medium(tls::current(), size);
    }
    let block = allocate(size);
    if !block.is_null() {
        // SAFETY: a block of at least `size` bytes.
        unsafe { ptr::write_bytes(block, 0, size) };
    }
    block
}

#[inline(never)]
fn allocate_zeroed_medium(heap: *mut Heap, size: usize) -> *mut u8 {
    let (block, content) = if size > MAX_CLASS_BYTES {
        let Some(large) = allocate_large(heap, size, MIN_ALIGN) else { return out_of_memory() };
        large
    } else {
        let class = class_of(size);
        // SAFETY: [I-HEAP] this thread's heap.
        let block = unsafe { Bin::pop(bin_of(heap, class)) };
        if !block.is_null() {
            (block, Content::Unknown)
        } else if class_bytes(class) >= policy::CALLOC_FRESH_BYTES && !bypasses_slabs(class) {
            refill::refill_one(heap, class).unwrap_or_else(|| (last_resort(class, Fit::AtLeast), Content::Unknown))
        } else {
            (allocate_class(heap, class, Fit::AtLeast), Content::Unknown)
        }
    };
    if block.is_null() {
        return out_of_memory();
    }
    if content == Content::Unknown {
        // SAFETY: a block of at least `size` bytes, in our hands alone; zeros clear free's mark too.
        unsafe {
            if size > MAX_CLASS_BYTES { zero::clear(block, size, budget()) } else { ptr::write_bytes(block, 0, size) }
        }
    }
    block
}

/// The calling thread's, if it has a heap.
fn budget<'a>() -> Option<&'a mut zero::Budget> {
    let heap = tls::current();
    // SAFETY: [I-HEAP] this thread's heap; the field is the owner's, who is here.
    (!tls::is_shim(heap)).then(|| unsafe { &mut (*heap).front.cleared })
}

/// A block of at least `size` bytes at a multiple of `align`, a power of two; otherwise as
/// [`allocate`]. Alignments that no address satisfies give null and ENOMEM.
pub fn allocate_aligned(align: usize, size: usize) -> *mut u8 {
    debug_assert!(align.is_power_of_two());
    if align <= MIN_ALIGN {
        return allocate(size);
    }
    let heap = tls::current();
    match aligned_class_of(align, size) {
        Some(class) if !bypasses_slabs(class) => allocate_class(heap, class, Fit::Class),
        _ => allocate_large(heap, size.max(1), align).map_or_else(out_of_memory, |(block, _)| block),
    }
}

/// Null, with errno ENOMEM.
#[cold]
pub(crate) fn out_of_memory() -> *mut u8 {
    errno::set(libc::ENOMEM);
    ptr::null_mut()
}
