//! What glibc's malloc exports beside C's functions: its aliases, and the looks inside.
#![allow(unsafe_code)] // exported symbols

use hakmem_core::c_semantics::introspection;
use hakmem_core::{alloc, c_semantics, free, realloc, report};
use libc::{FILE, c_int, mallinfo as Mallinfo, mallinfo2 as Mallinfo2};

/// `malloc` under glibc's own name.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_malloc(size: usize) -> *mut u8 {
    alloc::allocate(size)
}

/// `calloc` under glibc's own name.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_calloc(count: usize, size: usize) -> *mut u8 {
    c_semantics::calloc(count, size)
}

/// `realloc` under glibc's own name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __libc_realloc(ptr: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: C's promise
    unsafe { realloc::reallocate(ptr, size) }
}

/// `free` under glibc's own name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __libc_free(ptr: *mut u8) {
    // SAFETY: C's promise
    unsafe { free::deallocate(ptr) }
}

/// `memalign` under glibc's own name.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_memalign(align: usize, size: usize) -> *mut u8 {
    c_semantics::memalign(align, size)
}

/// `valloc` under glibc's own name.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_valloc(size: usize) -> *mut u8 {
    c_semantics::valloc(size)
}

/// `pvalloc` under glibc's own name.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_pvalloc(size: usize) -> *mut u8 {
    c_semantics::pvalloc(size)
}

/// `posix_memalign` under glibc's own name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __posix_memalign(memptr: *mut *mut u8, align: usize, size: usize) -> c_int {
    // SAFETY: C's promise
    unsafe { c_semantics::posix_memalign(memptr, align, size) }
}

/// `mallinfo` of glibc; numbers above an int are the largest int.
#[unsafe(no_mangle)]
pub extern "C" fn mallinfo() -> Mallinfo {
    introspection::mallinfo_of(&report::snapshot())
}

/// `mallinfo` under glibc's own name.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_mallinfo() -> Mallinfo {
    introspection::mallinfo_of(&report::snapshot())
}

/// `mallinfo2` of glibc.
#[unsafe(no_mangle)]
pub extern "C" fn mallinfo2() -> Mallinfo2 {
    introspection::mallinfo2_of(&report::snapshot())
}

/// `mallopt` of glibc.
#[unsafe(no_mangle)]
pub extern "C" fn mallopt(parameter: c_int, _value: c_int) -> c_int {
    introspection::mallopt(parameter)
}

/// `mallopt` under glibc's own name.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_mallopt(parameter: c_int, _value: c_int) -> c_int {
    introspection::mallopt(parameter)
}

/// `malloc_trim` of glibc.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_trim(_keep_bytes: usize) -> c_int {
    introspection::malloc_trim()
}

/// `malloc_info` of glibc: XML.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc_info(options: c_int, stream: *mut FILE) -> c_int {
    // SAFETY: C's promise
    unsafe { introspection::malloc_info(options, stream) }
}

/// `malloc_stats` of glibc: the report on stderr.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_stats() {
    report::print_stats();
}
