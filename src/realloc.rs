//! Changing the size of a block.
//!
//! ```text
//! reallocate(block, size)
//!   null or 0        allocate, deallocate
//!   slab block       stays where at least half of it would be used
//!   span             shrinks or grows by slots where it stands
//!   huge block       resized in place or by moving its pages (mremap)
//!   otherwise        a new block, a copy, the old one freed
//! ```
#![allow(unsafe_code)] // copies blocks

use crate::alloc;
use crate::errno;
use crate::fatal;
use crate::foreign;
use crate::free::{self, Place};
use crate::front_cache::bin::Bin;
use crate::front_cache::elsewhere::Elsewhere;
use crate::front_cache::{bind, tls};
use crate::geometry::*;
use crate::large::{huge, span};
use crate::mark;
use crate::policy;
use core::ptr;

/// realloc(3): null allocates; a size of 0 frees and returns null. On failure null with errno
/// ENOMEM, and the old block stays valid.
///
/// # Safety
/// As for [`free::deallocate`]; the old pointer is not used after a success.
pub unsafe fn reallocate(block: *mut u8, size: usize) -> *mut u8 {
    let heap = tls::current();
    // SAFETY: as in `free::deallocate`; the block is not changed before it is known to be a live one.
    unsafe {
        if let Some(entry) = (*heap).front.view.entry_at(block as usize) {
            let class = entry ^ (*heap).front.key;
            if class < NUM_CLASSES as u32 && size != 0 {
                let bin = Bin::at_offset(heap, (class * size_of::<Bin>() as u32) as usize);
                if Bin::is_block_start(bin, block as usize)
                    && !mark::is_suspect(mark::local((*heap).front.secret, block), block)
                {
                    return resize_block(block, (*bin).bytes(), size);
                }
            }
        }
        reallocate_other(block, size)
    }
}

/// A block of which `usable` bytes may be used.
///
/// # Safety
/// It is a live block, and the caller's.
#[inline(always)]
unsafe fn resize_block(block: *mut u8, usable: usize, size: usize) -> *mut u8 {
    if policy::fits_in_place(usable, size) {
        return block;
    }
    // SAFETY: the caller's promise.
    unsafe { move_block(block, usable, size) }
}

/// Anything else.
///
/// # Safety
/// As for [`reallocate`].
#[inline(never)]
unsafe fn reallocate_other(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        return alloc::allocate(size);
    }
    if size == 0 {
        // SAFETY: the caller's promise.
        unsafe { free::deallocate(block) };
        return ptr::null_mut();
    }
    let address = block as usize;
    let usable = match Place::of(address) {
        Place::Block { slot, owner, class } => {
            if !CLASSES[class].is_block_start(address) {
                fatal::realloc_of_interior(address);
            }
            if free::is_free_block(owner, slot, class, block) {
                fatal::realloc_of_freed(address);
            }
            class_bytes(class)
        }
        Place::Span { slot, slots } => match resize_span(slot, slots, size) {
            true => return block,
            false => slots * SLOT_BYTES,
        },
        Place::Huge(mapping) => {
            let _elsewhere = Elsewhere::enter();
            if size > MAX_SPAN_BYTES
                && let Some(resized) = huge::resize(mapping, size)
            {
                return resized;
            }
            mapping.bytes()
        }
        // SAFETY: the caller's promise.
        Place::Foreign => return unsafe { foreign::reallocate(block, size, alloc::allocate) },
        Place::FreedBefore => fatal::realloc_of_freed(address),
        Place::Interior => fatal::realloc_of_interior(address),
        Place::NoBlock => fatal::realloc_of_no_block_start(address),
    };
    // SAFETY: the caller's promise; `block` has `usable` bytes.
    unsafe { resize_block(block, usable, size) }
}

/// Whether a span could be given room for `size` bytes where it stands.
fn resize_span(slot: usize, slots: usize, size: usize) -> bool {
    if size <= MAX_CLASS_BYTES || size > MAX_SPAN_BYTES {
        return policy::fits_in_place(slots * SLOT_BYTES, size);
    }
    let wanted = span::slots_for(size);
    if wanted < slots {
        let _elsewhere = Elsewhere::enter();
        span::shrink(slot, slots, size);
    }
    if wanted <= slots {
        return true;
    }
    bind::enter(tls::current()).is_some_and(|mut tenant| span::grow(tenant.set(), slot, slots, size))
}

/// # Safety
/// `block` has `usable` bytes, and is the caller's to free.
#[inline]
unsafe fn move_block(block: *mut u8, usable: usize, size: usize) -> *mut u8 {
    if size < usable {
        // SAFETY: the caller's promise.
        return unsafe { shrink_block(block, size) };
    }
    if policy::grows_in_small_steps(usable, size) {
        // SAFETY: the caller's promise.
        return unsafe { move_to_room(block, usable, size) };
    }
    // SAFETY: the caller's promise.
    unsafe { move_to(alloc::allocate(size), block, usable) }
}

/// A larger block, with room for more small steps where that can be had; errno stays if there is one.
///
/// # Safety
/// As for [`move_block`].
#[inline(never)]
unsafe fn move_to_room(block: *mut u8, usable: usize, size: usize) -> *mut u8 {
    let errno_before = errno::get();
    let mut new = alloc::allocate(policy::room_to_grow(usable));
    if new.is_null() {
        errno::set(errno_before);
        new = alloc::allocate(size);
    }
    // SAFETY: the caller's promise.
    unsafe { move_to(new, block, usable) }
}

/// Copies `bytes` of a block to a new one, and frees it; where there is no new one it stays.
///
/// # Safety
/// The block is the caller's to free; both have so many bytes, but if `new` is null.
#[inline(always)]
unsafe fn move_to(new: *mut u8, block: *mut u8, bytes: usize) -> *mut u8 {
    if !new.is_null() {
        // SAFETY: the caller's promise; two different blocks.
        unsafe {
            ptr::copy_nonoverlapping(block, new, bytes);
            free::deallocate(block);
        }
    }
    new
}

/// A block of which hardly anything is to stay; where no smaller one can be had it serves as it is, and
/// errno stays.
///
/// # Safety
/// As for [`move_block`].
#[inline(never)]
unsafe fn shrink_block(block: *mut u8, size: usize) -> *mut u8 {
    let errno_before = errno::get();
    let new = alloc::allocate(size);
    if new.is_null() {
        errno::set(errno_before);
        return block;
    }
    // SAFETY: two different blocks of at least `size` bytes.
    unsafe { move_to(new, block, size) }
}
