//! The C allocation functions.
#![allow(unsafe_code)] // exported symbols

use hakmem_core::{alloc, c_semantics, free, realloc};
use libc::c_int;

/// `malloc` of C.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut u8 {
    alloc::allocate(size)
}

/// `calloc` of C.
#[unsafe(no_mangle)]
pub extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    c_semantics::calloc(count, size)
}

/// `realloc` of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(ptr: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: C's promise
    unsafe { realloc::reallocate(ptr, size) }
}

/// `reallocarray` of POSIX.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reallocarray(ptr: *mut u8, count: usize, size: usize) -> *mut u8 {
    // SAFETY: C's promise
    unsafe { c_semantics::reallocarray(ptr, count, size) }
}

/// `free` of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(ptr: *mut u8) {
    // SAFETY: C's promise
    unsafe { free::deallocate(ptr) }
}

/// `cfree` of old programs: `free` under another name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cfree(ptr: *mut u8) {
    // SAFETY: C's promise
    unsafe { free::deallocate(ptr) }
}

/// `free_sized` of C23.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free_sized(ptr: *mut u8, size: usize) {
    // SAFETY: C's promise
    unsafe { free::deallocate_sized(ptr, size) }
}

/// `free_aligned_sized` of C23.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free_aligned_sized(ptr: *mut u8, align: usize, size: usize) {
    // SAFETY: C's promise
    unsafe { free::deallocate_aligned_sized(ptr, align, size) }
}

/// `posix_memalign` of POSIX.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(memptr: *mut *mut u8, align: usize, size: usize) -> c_int {
    // SAFETY: C's promise
    unsafe { c_semantics::posix_memalign(memptr, align, size) }
}

/// `aligned_alloc` of C.
#[unsafe(no_mangle)]
pub extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut u8 {
    c_semantics::aligned_alloc(align, size)
}

/// `memalign` of SunOS.
#[unsafe(no_mangle)]
pub extern "C" fn memalign(align: usize, size: usize) -> *mut u8 {
    c_semantics::memalign(align, size)
}

/// `valloc` of BSD.
#[unsafe(no_mangle)]
pub extern "C" fn valloc(size: usize) -> *mut u8 {
    c_semantics::valloc(size)
}

/// `pvalloc` of glibc.
#[unsafe(no_mangle)]
pub extern "C" fn pvalloc(size: usize) -> *mut u8 {
    c_semantics::pvalloc(size)
}

/// `malloc_usable_size` of glibc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc_usable_size(ptr: *const u8) -> usize {
    // SAFETY: C's promise
    unsafe { free::usable_size(ptr) }
}
