//! Pointers that this allocator did not give out: `HAKMEM_FOREIGN_FREE`.
//!
//! glibc's own functions are looked up by the constructor, never inside free (dlsym may allocate).
//! A pointer that cannot be a heap block of glibc (it lies in a loaded object, on the caller's
//! stack, or in memory that cannot be read) is fatal in mode `auto`; only what is left is handed
//! on.
#![allow(unsafe_code)] // calls functions found by name

use crate::config::{self, ForeignFree};
use crate::fatal;
use crate::geometry::MIN_ALIGN;
use crate::os;
use crate::policy;
use crate::stats::POOL;
use crate::sync::{AtomicUsize, Ordering};
use core::ffi::{CStr, c_void};
use core::ptr;

// relaxed throughout: each word is written once, by the constructor, and read alone
static LIBC_FREE: AtomicUsize = AtomicUsize::new(0);
static LIBC_REALLOC: AtomicUsize = AtomicUsize::new(0);
static LIBC_USABLE_SIZE: AtomicUsize = AtomicUsize::new(0);
static FIND_OBJECT: AtomicUsize = AtomicUsize::new(0);
static STACK_END: AtomicUsize = AtomicUsize::new(0);

/// Looks up the next allocator's functions; called once, by the constructor.
pub fn resolve() {
    let find = |handle, name: &CStr| {
        // SAFETY: a NUL-terminated name; dlsym may allocate, which this thread can serve.
        unsafe { libc::dlsym(handle, name.as_ptr()) as usize }
    };
    // relaxed: before any free that needs them, in the constructor's thread or ordered by its start
    LIBC_FREE.store(find(libc::RTLD_NEXT, c"free"), Ordering::Relaxed);
    LIBC_REALLOC.store(find(libc::RTLD_NEXT, c"realloc"), Ordering::Relaxed);
    LIBC_USABLE_SIZE.store(find(libc::RTLD_NEXT, c"malloc_usable_size"), Ordering::Relaxed);
    FIND_OBJECT.store(find(libc::RTLD_DEFAULT, c"_dl_find_object"), Ordering::Relaxed);
    let end = find(libc::RTLD_DEFAULT, c"__libc_stack_end") as *const usize;
    if !end.is_null() {
        // SAFETY: a variable of the dynamic linker.
        // relaxed: as above
        STACK_END.store(unsafe { end.read() }, Ordering::Relaxed);
    }
}

/// Frees a foreign pointer as the option says.
#[cold]
pub fn deallocate(block: *mut u8) {
    match config::get().foreign_free() {
        ForeignFree::Abort => fatal::free_of_foreign(block as usize),
        ForeignFree::Ignore => {}
        ForeignFree::Warn => {
            fatal::warn(fatal::message("free of ").address(block as usize).text(" ignored: not allocated by hakmem"));
        }
        ForeignFree::Auto => forward_free(block),
    }
}

fn forward_free(block: *mut u8) {
    let free = LIBC_FREE.load(Ordering::Relaxed);
    if free == 0 || !may_be_heap_block(block as usize) {
        fatal::free_of_foreign(block as usize);
    }
    POOL.foreign_frees.add();
    // SAFETY: dlsym found `free`; errno is kept as our own free keeps it.
    unsafe {
        let errno = libc::__errno_location();
        let saved = *errno;
        core::mem::transmute::<usize, extern "C" fn(*mut u8)>(free)(block);
        *errno = saved;
    }
}

/// Resizes a foreign pointer by the allocator it came from.
///
/// # Safety
/// The pointer came from the next allocator's malloc.
#[cold]
pub unsafe fn reallocate(block: *mut u8, size: usize) -> *mut u8 {
    let realloc = LIBC_REALLOC.load(Ordering::Relaxed);
    let mode = config::get().foreign_free();
    if mode == ForeignFree::Abort || realloc == 0 || !may_be_heap_block(block as usize) {
        fatal::realloc_of_foreign(block as usize);
    }
    POOL.foreign_frees.add();
    // SAFETY: dlsym found `realloc`.
    unsafe { core::mem::transmute::<usize, extern "C" fn(*mut u8, usize) -> *mut u8>(realloc)(block, size) }
}

/// The usable bytes of a foreign block, by the allocator it came from; 0 when there is none.
#[cold]
pub fn usable_size(block: *const u8) -> usize {
    let usable_size = LIBC_USABLE_SIZE.load(Ordering::Relaxed);
    if usable_size == 0 || !may_be_heap_block(block as usize) {
        return 0;
    }
    // SAFETY: dlsym found `malloc_usable_size`.
    unsafe { core::mem::transmute::<usize, extern "C" fn(*const u8) -> usize>(usable_size)(block) }
}

/// Whether glibc's malloc could have returned this address.
fn may_be_heap_block(address: usize) -> bool {
    address.is_multiple_of(MIN_ALIGN)
        && !on_callers_stack(address)
        // glibc reads the header; a block in the mapping below must not be taken for one
        && os::is_readable(address - 16)
        && os::is_readable(address)
        && !in_loaded_object(address)
}

fn on_callers_stack(address: usize) -> bool {
    let (sp, tp, end) = (os::stack_pointer(), os::thread_pointer(), STACK_END.load(Ordering::Relaxed));
    let thread_stack = tp > sp && tp - sp < policy::LARGEST_THREAD_STACK_BYTES;
    address >= sp && address < if thread_stack { tp } else { end }
}

fn in_loaded_object(address: usize) -> bool {
    let find = FIND_OBJECT.load(Ordering::Relaxed);
    if find == 0 {
        return false;
    }
    let mut result = [0u64; 16]; // struct dl_find_object, with room
    // SAFETY: glibc's function of that name writes its structure and takes no lock.
    let found = unsafe {
        core::mem::transmute::<usize, extern "C" fn(*mut c_void, *mut c_void) -> i32>(find)(
            ptr::without_provenance_mut(address),
            result.as_mut_ptr().cast(),
        )
    };
    found == 0
}
