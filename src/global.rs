//! The allocator of a Rust program: `#[global_allocator] static HEAP: hakmem::Hakmem = hakmem::Hakmem;`
#![allow(unsafe_code)] // the trait is unsafe to implement

use crate::{alloc, free, realloc};
use core::alloc::{GlobalAlloc, Layout};

/// hakmem as a Rust program's global allocator. Any thread, at any time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hakmem;

/// Alignment that every block has.
const ALIGN: usize = crate::geometry::MIN_ALIGN;

// SAFETY: blocks are as large and aligned as the layout asks, never overlap, and stay until freed.
unsafe impl GlobalAlloc for Hakmem {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGN {
            alloc::allocate(layout.size())
        } else {
            alloc::allocate_aligned(layout.align(), layout.size())
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller's promise.
        unsafe { free::deallocate(block) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGN {
            return alloc::allocate_zeroed(layout.size());
        }
        let block = alloc::allocate_aligned(layout.align(), layout.size());
        if !block.is_null() {
            // SAFETY: a block of at least `size` bytes.
            unsafe { core::ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.align() <= ALIGN {
            // SAFETY: the caller's promise; a new size of 0 is excluded by the trait.
            return unsafe { realloc::reallocate(block, new_size) };
        }
        let new = alloc::allocate_aligned(layout.align(), new_size);
        if !new.is_null() {
            // SAFETY: two different blocks of at least this many bytes.
            unsafe {
                core::ptr::copy_nonoverlapping(block, new, layout.size().min(new_size));
                free::deallocate(block);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_kept_through_growth() {
        for align in [1, 16, 64, 4096] {
            let layout = Layout::from_size_align(100, align).unwrap();
            // SAFETY: layouts as given.
            unsafe {
                let block = Hakmem.alloc_zeroed(layout);
                assert!((block as usize).is_multiple_of(align) && (0..100).all(|i| *block.add(i) == 0));
                block.write_bytes(7, 100);
                let grown = Hakmem.realloc(block, layout, 10_000);
                assert!((grown as usize).is_multiple_of(align) && (0..100).all(|i| *grown.add(i) == 7));
                Hakmem.dealloc(grown, Layout::from_size_align(10_000, align).unwrap());
            }
        }
    }
}
