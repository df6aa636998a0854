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
use crate::fatal;
use crate::foreign;
use crate::free::{self, Place};
use crate::front_cache::{bind, tls};
use crate::geometry::*;
use crate::large::{huge, span};
use crate::policy;
use core::ptr;

/// realloc(3): null allocates; a size of 0 frees and returns null. On failure null with errno
/// ENOMEM, and the old block stays valid.
///
/// # Safety
/// As for [`free::deallocate`]; the old pointer is not used after a success.
pub unsafe fn reallocate(block: *mut u8, size: usize) -> *mut u8 {
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
            if !is_block_start(address & CLASSES[class].slab_mask as usize, CLASSES[class].inverse) {
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
    if policy::fits_in_place(usable, size) {
        return block;
    }
    // SAFETY: the caller's promise; `block` has `usable` bytes.
    unsafe { move_block(block, usable, size) }
}

/// Whether a span could be given room for `size` bytes where it stands.
fn resize_span(slot: usize, slots: usize, size: usize) -> bool {
    if size <= MAX_CLASS_BYTES || size > MAX_SPAN_BYTES {
        return policy::fits_in_place(slots * SLOT_BYTES, size);
    }
    let wanted = span::slots_for(size);
    if wanted < slots {
        span::shrink(slot, slots, size);
    }
    if wanted <= slots {
        return true;
    }
    bind::enter(tls::current()).is_some_and(|mut tenant| span::grow(tenant.set(), slot, slots, size))
}

/// # Safety
/// `block` has `usable` bytes, and is the caller's to free.
unsafe fn move_block(block: *mut u8, usable: usize, size: usize) -> *mut u8 {
    // SAFETY: errno of the calling thread.
    let errno = unsafe { *libc::__errno_location() };
    let new = alloc::allocate(size);
    if !new.is_null() {
        // SAFETY: two different blocks of at least this many bytes.
        unsafe {
            ptr::copy_nonoverlapping(block, new, usable.min(size));
            free::deallocate(block);
        }
    } else if size <= usable {
        // SAFETY: as above: a success leaves it alone.
        unsafe { *libc::__errno_location() = errno };
        return block; // a smaller block could not be had: the old one serves
    }
    new
}
