//! Pointers that this allocator did not give out: `HAKMEM_FOREIGN_FREE`.
//!
//! glibc's own functions are looked up by the constructor, never inside free (dlsym may allocate).
//! A pointer that cannot be a heap block of glibc (it lies in a loaded object, on the caller's
//! stack, or in memory that cannot be read, or the words around it are not those of a chunk that
//! glibc has given out, as on the stack of another thread) is fatal in mode `auto`; only what is
//! left is handed on.
#![allow(unsafe_code)] // calls functions found by name

use crate::config::{self, ForeignFree};
use crate::errno;
use crate::fatal;
use crate::geometry::MIN_ALIGN;
use crate::os;
use crate::policy;
use crate::stats::POOL;
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use core::ffi::{CStr, c_void};
use core::ptr;

const WORD_BYTES: usize = size_of::<usize>();

// relaxed throughout: each word is written once, by the constructor, and read alone
static LIBC_FREE: AtomicUsize = AtomicUsize::new(0);
static LIBC_REALLOC: AtomicUsize = AtomicUsize::new(0);
static LIBC_USABLE_SIZE: AtomicUsize = AtomicUsize::new(0);
static FIND_OBJECT: AtomicUsize = AtomicUsize::new(0);
static STACK_END: AtomicUsize = AtomicUsize::new(0);
/// Whether [`LIBC_FREE`] is glibc's own, whose chunks can be told.
static IS_GLIBC: AtomicBool = AtomicBool::new(false);

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
    let version = find(libc::RTLD_DEFAULT, c"gnu_get_libc_version");
    let libc_object = object_of(version);
    let is_glibc = libc_object.is_some() && libc_object == object_of(LIBC_FREE.load(Ordering::Relaxed));
    IS_GLIBC.store(is_glibc, Ordering::Relaxed);
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
    // as our own free keeps it
    errno::kept(|| {
        // SAFETY: dlsym found `free`.
        unsafe { core::mem::transmute::<usize, extern "C" fn(*mut u8)>(free)(block) }
    });
}

/// Resizes a foreign pointer as the option says; `allocate` is our malloc, which stands above.
///
/// # Safety
/// The pointer is the caller's to resize, if any allocator gave it out.
#[cold]
pub unsafe fn reallocate(block: *mut u8, size: usize, allocate: fn(usize) -> *mut u8) -> *mut u8 {
    match config::get().foreign_free() {
        ForeignFree::Abort => fatal::realloc_of_foreign(block as usize),
        ForeignFree::Ignore => copy_of(block, size, allocate),
        ForeignFree::Warn => {
            let copy = copy_of(block, size, allocate);
            let outcome = if copy.is_null() { " refused" } else { " left it and made a copy" };
            fatal::warn(
                fatal::message("realloc of ").address(block as usize).text(outcome).text(": not allocated by hakmem"),
            );
            copy
        }
        ForeignFree::Auto => forward_realloc(block, size),
    }
}

/// A block of our own with the content of a foreign one, which stays, as it does in free. Of what no
/// allocator gave out nobody knows how much there is to copy: null and EINVAL.
fn copy_of(block: *mut u8, size: usize, allocate: fn(usize) -> *mut u8) -> *mut u8 {
    let usable = usable_size(block);
    if usable == 0 {
        errno::set(libc::EINVAL);
        return ptr::null_mut();
    }
    let copy = allocate(size);
    if !copy.is_null() {
        // SAFETY: both have that many bytes, and one of them was just allocated.
        unsafe { ptr::copy_nonoverlapping(block, copy, usable.min(size)) };
    }
    copy
}

fn forward_realloc(block: *mut u8, size: usize) -> *mut u8 {
    let realloc = LIBC_REALLOC.load(Ordering::Relaxed);
    if realloc == 0 || !may_be_heap_block(block as usize) {
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
        && object_of(address).is_none()
        && (!IS_GLIBC.load(Ordering::Relaxed) || is_glibc_chunk(address))
}

/// Whether the words around a block that can be read are those of a chunk that glibc has given out: what
/// holds of every such chunk, whatever other threads do, since glibc 2.17 and before. In front of it stands
/// its size, with three bits: the chunk below is in use, this one is a mapping, an arena of its own.
fn is_glibc_chunk(address: usize) -> bool {
    const BELOW_IN_USE: usize = 1;
    const MAPPED: usize = 2;
    let chunk = address - 2 * WORD_BYTES;
    let word = |at: usize| {
        // SAFETY: the caller's or the look below says that it can be read; others may write it, so volatile.
        unsafe { ptr::with_exposed_provenance::<usize>(at).read_volatile() }
    };
    let (below_bytes, size_word) = (word(chunk), word(chunk + WORD_BYTES));
    let bytes = size_word & !(MIN_ALIGN - 1);
    if bytes < 2 * MIN_ALIGN || size_word & 8 != 0 || bytes > address.wrapping_neg() {
        return false;
    }
    if size_word & MAPPED != 0 {
        let in_page = os::page_bytes() - 1;
        return chunk.wrapping_sub(below_bytes) & in_page == 0 && below_bytes.wrapping_add(bytes) & in_page == 0;
    }
    // another chunk follows, and says that this one is in use
    let next = chunk + bytes;
    os::is_readable(next + WORD_BYTES)
        && word(next + WORD_BYTES) & BELOW_IN_USE != 0
        && word(next + WORD_BYTES) & !(MIN_ALIGN - 1) != 0
}

fn on_callers_stack(address: usize) -> bool {
    let (sp, tp, end) = (os::stack_pointer(), os::thread_pointer(), STACK_END.load(Ordering::Relaxed));
    let thread_stack = tp > sp && tp - sp < policy::LARGEST_THREAD_STACK_BYTES;
    address >= sp && address < if thread_stack { tp } else { end }
}

/// The start of the loaded object that an address lies in.
fn object_of(address: usize) -> Option<u64> {
    let find = FIND_OBJECT.load(Ordering::Relaxed);
    if find == 0 {
        return None;
    }
    let mut result = [0u64; 16]; // struct dl_find_object, with room
    // SAFETY: glibc's function of that name writes its structure and takes no lock.
    let found = unsafe {
        core::mem::transmute::<usize, extern "C" fn(*mut c_void, *mut c_void) -> i32>(find)(
            ptr::without_provenance_mut(address),
            result.as_mut_ptr().cast(),
        )
    };
    (found == 0).then_some(result[1]) // dlfo_map_start
}
