//! What C and POSIX say around an allocation: overflow, alignments, errno, which failures are told
//! how. The exports in preload/ are one call of these; the memory comes from [`crate::alloc`].
//!
//! ```text
//! calloc, reallocarray            array_bytes, else ENOMEM
//! posix_memalign                  posix_alignment, else EINVAL as the result; errno untouched
//! aligned_alloc                   c_alignment, else EINVAL
//! memalign                        rounded_alignment, else EINVAL
//! valloc, pvalloc                 the page size, read at run time; page_rounded, else ENOMEM
//! operator_new_aligned            null only when memory is out: the exports call the new-handler
//! ```
//!
//! [`introspection`] holds what glibc adds: mallinfo, mallopt, malloc_trim, malloc_info.

// the callers' pointers are C's: `*memptr` is written, `ptr` is handed on, errno is a C variable
#![allow(unsafe_code)]

use core::ptr::null_mut;

use libc::{EINVAL, ENOMEM, c_int};

use crate::{alloc, errno, os, realloc};

pub mod introspection;

/// The smallest alignment that posix_memalign takes.
const POINTER_BYTES: usize = size_of::<*mut u8>();

/// `calloc`: zeroed memory for `count` elements of `size` bytes; null and ENOMEM on failure.
#[inline]
pub fn calloc(count: usize, size: usize) -> *mut u8 {
    match array_bytes(count, size) {
        Some(bytes) => alloc::allocate_zeroed(bytes),
        None => fail(ENOMEM),
    }
}

/// `reallocarray`: realloc to `count` elements of `size` bytes; an overflow leaves the old block.
///
/// # Safety
///
/// `ptr` is null or a live block of this allocator, which the caller gives up unless null returns
/// for a failure.
#[inline]
pub unsafe fn reallocarray(ptr: *mut u8, count: usize, size: usize) -> *mut u8 {
    match array_bytes(count, size) {
        // SAFETY: the caller's promise is the same
        Some(bytes) => unsafe { realloc::reallocate(ptr, bytes) },
        None => fail(ENOMEM),
    }
}

/// `posix_memalign`: 0, EINVAL or ENOMEM; on failure `*memptr` and errno are untouched.
///
/// # Safety
///
/// `memptr` may be written.
pub unsafe fn posix_memalign(memptr: *mut *mut u8, align: usize, size: usize) -> c_int {
    if !posix_alignment(align) {
        return EINVAL;
    }
    let saved = errno::get();
    let block = alloc::allocate_aligned(align, size);
    if block.is_null() {
        errno::set(saved);
        return ENOMEM;
    }
    // SAFETY: the caller says that `memptr` may be written
    unsafe { memptr.write(block) };
    0
}

/// `aligned_alloc`: null and EINVAL for an alignment that is no power of two, null and ENOMEM
/// without memory. The size need not be a multiple of the alignment.
pub fn aligned_alloc(align: usize, size: usize) -> *mut u8 {
    if c_alignment(align) { alloc::allocate_aligned(align, size) } else { fail(EINVAL) }
}

/// `memalign`: the alignment is rounded up to a power of two; null and EINVAL where none is left.
pub fn memalign(align: usize, size: usize) -> *mut u8 {
    match rounded_alignment(align) {
        Some(align) => alloc::allocate_aligned(align, size),
        None => fail(EINVAL),
    }
}

/// `valloc`: aligned to a page.
pub fn valloc(size: usize) -> *mut u8 {
    alloc::allocate_aligned(os::page_bytes(), size)
}

/// `pvalloc`: aligned to a page, the size rounded up to whole pages; null and ENOMEM on overflow.
pub fn pvalloc(size: usize) -> *mut u8 {
    let page = os::page_bytes();
    match page_rounded(size, page) {
        Some(bytes) => alloc::allocate_aligned(page, bytes),
        None => fail(ENOMEM),
    }
}

/// The memory of an aligned operator new: null where there is none, or where the alignment is no
/// power of two (undefined in C++; the runtime that throws for null makes the best of it).
#[inline]
pub fn operator_new_aligned(size: usize, align: usize) -> *mut u8 {
    if c_alignment(align) { alloc::allocate_aligned(align, size) } else { fail(EINVAL) }
}

/// The bytes of an array; none if the product overflows.
#[inline]
pub const fn array_bytes(count: usize, size: usize) -> Option<usize> {
    count.checked_mul(size)
}

/// Whether posix_memalign takes this alignment: a power of two and a multiple of a pointer's size.
pub const fn posix_alignment(align: usize) -> bool {
    align.is_power_of_two() && align >= POINTER_BYTES
}

/// Whether aligned_alloc takes this alignment: a power of two.
pub const fn c_alignment(align: usize) -> bool {
    align.is_power_of_two()
}

/// The alignment that memalign serves: the next power of two, 1 for 0; none above the largest.
pub const fn rounded_alignment(align: usize) -> Option<usize> {
    align.checked_next_power_of_two()
}

/// `size` rounded up to whole pages of `page` bytes (a power of two); none on overflow.
pub const fn page_rounded(size: usize, page: usize) -> Option<usize> {
    match size.checked_add(page - 1) {
        Some(padded) => Some(padded & !(page - 1)),
        None => None,
    }
}

/// Writes the first `size` bytes of a versioned structure, or the whole if that is less. The member
/// that `filled_bytes` names says how much that was. 0, or -1 and EINVAL where not even the
/// structure's first eight bytes (its size and version) have a place.
///
/// # Safety
///
/// `place` is null, or `size` bytes from it on may be written; `T` has no padding and no pointers.
pub unsafe fn fill_prefix<T>(
    place: *mut T,
    size: usize,
    mut all: T,
    filled_bytes: impl FnOnce(&mut T) -> &mut u32,
) -> c_int {
    if place.is_null() || size < 2 * size_of::<u32>() {
        errno::set(EINVAL);
        return -1;
    }
    let bytes = size.min(size_of::<T>());
    *filled_bytes(&mut all) = bytes as u32;
    // SAFETY: the caller's promise; `bytes` is within both
    unsafe { core::ptr::copy_nonoverlapping((&raw const all).cast::<u8>(), place.cast::<u8>(), bytes) };
    0
}

/// Sets errno and gives null.
#[cold]
#[inline(never)]
fn fail(code: c_int) -> *mut u8 {
    errno::set(code);
    null_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::free;

    const BEYOND: usize = isize::MAX as usize + 1;

    #[test]
    fn products_that_overflow_are_none() {
        assert_eq!(array_bytes(0, usize::MAX), Some(0));
        assert_eq!(array_bytes(3, 5), Some(15));
        assert_eq!(array_bytes(1 << 32, 1 << 32), None);
        assert_eq!(array_bytes(usize::MAX, 2), None);
        assert_eq!(array_bytes(usize::MAX, 1), Some(usize::MAX));
    }

    #[test]
    fn alignments_at_the_edges() {
        for (align, posix, c, rounded) in [
            (0, false, false, Some(1)),
            (1, false, true, Some(1)),
            (3, false, false, Some(4)),
            (4, false, true, Some(4)),
            (8, true, true, Some(8)),
            (24, false, false, Some(32)),
            (1 << 62, true, true, Some(1 << 62)),
            ((1 << 62) + 1, false, false, Some(1 << 63)),
            (1 << 63, true, true, Some(1 << 63)),
            ((1 << 63) + 1, false, false, None),
            (usize::MAX, false, false, None),
        ] {
            assert_eq!(posix_alignment(align), posix, "{align}");
            assert_eq!(c_alignment(align), c, "{align}");
            assert_eq!(rounded_alignment(align), rounded, "{align}");
        }
    }

    #[test]
    fn sizes_round_up_to_pages() {
        assert_eq!(page_rounded(0, 4096), Some(0));
        assert_eq!(page_rounded(1, 4096), Some(4096));
        assert_eq!(page_rounded(4096, 4096), Some(4096));
        assert_eq!(page_rounded(usize::MAX - 4095, 4096), Some(usize::MAX - 4095));
        assert_eq!(page_rounded(usize::MAX - 4094, 4096), None);
    }

    #[test]
    fn an_overflow_gives_null_and_enomem_and_keeps_the_old_block() {
        errno::set(0);
        assert!(calloc(usize::MAX, 2).is_null());
        assert_eq!(errno::get(), ENOMEM);
        let block = alloc::allocate(8);
        // SAFETY: the block is live until its free below
        unsafe {
            block.write(7);
            errno::set(0);
            assert!(reallocarray(block, usize::MAX, 2).is_null());
            assert_eq!(errno::get(), ENOMEM);
            assert_eq!(block.read(), 7);
            free::deallocate(block);
        }
    }

    #[test]
    fn a_prefix_is_filled_and_no_byte_behind_it() {
        let all = [0, 1, 22, 33];
        let mut place = [9_u32; 4];
        // SAFETY: no more than the size of `place` is named as its size, but for the last call,
        // which writes the size of `all`
        unsafe {
            assert_eq!(fill_prefix(&raw mut place, 12, all, |all| &mut all[0]), 0);
            assert_eq!(place, [12, 1, 22, 9]);
            assert_eq!(fill_prefix(&raw mut place, 4096, all, |all| &mut all[0]), 0);
            assert_eq!(place, [16, 1, 22, 33]);
            errno::set(0);
            assert_eq!(fill_prefix(&raw mut place, 7, all, |all| &mut all[0]), -1);
            assert_eq!(errno::get(), EINVAL);
            assert_eq!(fill_prefix(null_mut::<[u32; 4]>(), 16, all, |all| &mut all[0]), -1);
        }
    }

    #[test]
    fn posix_memalign_tells_by_its_result_only() {
        let untouched = 0x1234 as *mut u8;
        let mut place = untouched;
        errno::set(99);
        // SAFETY: `place` may be written; the block is freed once
        unsafe {
            assert_eq!(posix_memalign(&raw mut place, 3, 8), EINVAL);
            assert_eq!(posix_memalign(&raw mut place, 4, 8), EINVAL);
            assert_eq!(posix_memalign(&raw mut place, 64, BEYOND), ENOMEM);
            assert_eq!((place, errno::get()), (untouched, 99));
            assert_eq!(posix_memalign(&raw mut place, 1 << 20, 8), 0);
            assert_eq!((place as usize % (1 << 20), errno::get()), (0, 99));
            free::deallocate(place);
        }
    }

    #[test]
    fn failures_of_the_others_are_in_errno() {
        type Call = fn() -> *mut u8;
        let cases: [(Call, c_int); 6] = [
            (|| aligned_alloc(0, 8), EINVAL),
            (|| aligned_alloc(24, 8), EINVAL),
            (|| memalign((1 << 63) + 1, 8), EINVAL),
            (|| memalign(1 << 62, 8), ENOMEM),
            (|| pvalloc(usize::MAX), ENOMEM),
            (|| valloc(BEYOND), ENOMEM),
        ];
        for (call, code) in cases {
            errno::set(0);
            assert!(call().is_null());
            assert_eq!(errno::get(), code);
        }
    }
}
