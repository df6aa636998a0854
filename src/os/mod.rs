//! What the allocator asks of the operating system, and nothing else.
//!
//! | call | contract |
//! |---|---|
//! | [`reserve`] | addresses without memory, aligned; `None` when refused |
//! | [`reserve_at`] | the same at a fixed place, never over another mapping |
//! | [`commit`] | makes reserved pages usable; idempotent; `false` changes nothing |
//! | [`purge`] | gives pages back; `true` means they read as zero from now on |
//! | [`map`], [`unmap`], [`unmap_checked`], [`resize_in_place`], [`move_pages`] | whole mappings of their own, zeroed |
//! | [`forbid_huge_pages`], [`ask_for_huge_pages`] | advice; the content stays |
//! | [`touch_fresh_page`] | brings a page, of which every byte is zero and stays so |
//! | [`futex_wait`], [`futex_wake_one`] | for the one lock, and for nothing that malloc or free waits for otherwise |
//! | [`memory_limit`], [`is_readable`], [`is_readable_and_not_zero`], [`open_for_append`], [`close`], [`getpid`] | looks and files; see each |
//! | [`now_ms`] | coarse monotonic clock, no system call (vdso) |
//! | [`timed`] | the same calls, and how long they took |
//! | [`without_signals`] | work that no signal handler interrupts |
//!
//! Every call may fail at any moment; none touches `errno`, none is a cancellation point. All but two
//! are raw system calls, which no other preloaded library can stand in for: [`now_ms`] is libc's
//! clock_gettime, and the page size and the secret come from getauxval. [`fake`] makes each kind fail on
//! demand in tests. Thread-safety: all are.

#![allow(unsafe_code)] // what takes memory away is unsafe to call

pub mod counts;
pub mod fake;
pub mod futex_lock;
mod linux;

pub use linux::{
    close, futex_wait, futex_wake_one, getpid, is_readable, is_readable_and_not_zero, memory_limit, now_ms,
    open_for_append, page_bytes, process_secret, stack_pointer, thread_pointer, without_signals, yield_core,
};

use crate::sync::counter::SharedCounter;
use counts as count;

/// Makes system calls and adds the nanoseconds they took to `spent_ns`: two looks at the vdso's clock,
/// beside calls that take ten times as long.
#[inline]
pub fn timed<R>(spent_ns: &SharedCounter, calls: impl FnOnce() -> R) -> R {
    let before = linux::now_ns();
    let result = calls();
    spent_ns.add_n(linux::now_ns().wrapping_sub(before));
    result
}

/// A failure of a system call, as the kernel's positive error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

/// Reserves `bytes` of addresses aligned to `align` (both multiples of the page size, `align` a
/// power of two); the pages cannot be touched before [`commit`].
pub fn reserve(bytes: usize, align: usize) -> Option<usize> {
    map_aligned(bytes, align, linux::Protection::None)
}

/// Reserves exactly `[address, address + bytes)`; refuses where something is mapped.
pub fn reserve_at(address: usize, bytes: usize) -> bool {
    if fake::fails(fake::Call::Map) {
        return false;
    }
    count::MMAP.add();
    match linux::mmap(Some(address), bytes, linux::Protection::None) {
        Ok(got) if got == address => true,
        Ok(elsewhere) => {
            // a kernel before 4.17 takes the address as a hint
            // SAFETY: [I-RANGE] mapped just now, and told to nobody.
            unsafe { unmap(elsewhere, bytes) };
            false
        }
        Err(_) => false,
    }
}

/// Makes reserved pages readable and writable.
#[must_use]
pub fn commit(address: usize, bytes: usize) -> bool {
    if fake::fails(fake::Call::Protect) {
        return false;
    }
    count::MPROTECT.add();
    linux::mprotect(address, bytes).is_ok()
}

/// Gives pages back, keeping the addresses and their protection. `true`: they read as zero.
///
/// # Safety
/// The caller owns the pages, and nobody needs what they hold.
#[must_use]
pub unsafe fn purge(address: usize, bytes: usize) -> bool {
    if fake::fails(fake::Call::Advise) {
        return false;
    }
    count::MADVISE.add();
    // SAFETY: the caller's promise.
    unsafe { linux::madvise(address, bytes, libc::MADV_DONTNEED) }.is_ok()
}

/// Asks that the range never be backed by huge pages; advisory.
pub fn forbid_huge_pages(address: usize, bytes: usize) {
    if !fake::fails(fake::Call::Advise) {
        count::MADVISE.add();
        // SAFETY: advice that changes no content.
        let _ = unsafe { linux::madvise(address, bytes, libc::MADV_NOHUGEPAGE) };
    }
}

/// Asks that the range be backed by huge pages; `false`: the system has none.
#[must_use]
pub fn ask_for_huge_pages(address: usize, bytes: usize) -> bool {
    if fake::fails(fake::Call::Advise) {
        return false;
    }
    count::MADVISE.add();
    // SAFETY: advice that changes no content.
    unsafe { linux::madvise(address, bytes, libc::MADV_HUGEPAGE) }.is_ok()
}

/// Makes the system bring the page at `address`.
///
/// # Safety
/// The page is committed, reads as zero and is the caller's alone.
pub unsafe fn touch_fresh_page(address: usize) {
    // SAFETY: the caller's promise.
    unsafe { (address as *mut u8).write_volatile(0) }
}

/// A fresh zeroed mapping of `bytes` aligned to `align`; both as for [`reserve`].
pub fn map(bytes: usize, align: usize) -> Option<usize> {
    map_aligned(bytes, align, linux::Protection::ReadWrite)
}

/// Removes a mapping; `false` keeps it whole.
///
/// # Safety
/// The caller owns the mapping, and nothing refers to it.
#[must_use]
pub unsafe fn unmap_checked(address: usize, bytes: usize) -> bool {
    if fake::fails(fake::Call::Unmap) {
        return false;
    }
    count::MUNMAP.add();
    // SAFETY: the caller's promise.
    unsafe { linux::munmap(address, bytes) }.is_ok()
}

/// Removes a mapping; where that fails the addresses are lost, not the program.
///
/// # Safety
/// As for [`unmap_checked`].
pub unsafe fn unmap(address: usize, bytes: usize) {
    // SAFETY: the caller's promise.
    let _ = unsafe { unmap_checked(address, bytes) };
}

/// Changes the size of a mapping where it stands; `false` changes nothing.
///
/// # Safety
/// The caller owns the mapping, and nothing refers to what is cut off.
#[must_use]
pub unsafe fn resize_in_place(address: usize, old_bytes: usize, new_bytes: usize) -> bool {
    if fake::fails(fake::Call::Remap) {
        return false;
    }
    count::MREMAP.add();
    // SAFETY: the caller's promise.
    unsafe { linux::mremap(address, old_bytes, new_bytes, None) }.is_ok()
}

/// Moves the pages of a mapping onto a reservation of `new_bytes`; `false` changes nothing.
///
/// # Safety
/// The caller owns the mapping and the reservation, and nothing refers to the old addresses.
#[must_use]
pub unsafe fn move_pages(address: usize, old_bytes: usize, place: usize, new_bytes: usize) -> bool {
    if fake::fails(fake::Call::Remap) {
        return false;
    }
    count::MREMAP.add();
    // SAFETY: the caller's promise.
    unsafe { linux::mremap(address, old_bytes, new_bytes, Some(place)) }.is_ok()
}

fn map_aligned(bytes: usize, align: usize, protection: linux::Protection) -> Option<usize> {
    let map_once = |bytes| {
        if fake::fails(fake::Call::Map) {
            return None;
        }
        count::MMAP.add();
        linux::mmap(None, bytes, protection).ok()
    };
    if align > page_bytes() {
        // one try that a lucky address satisfies would cost a second call on every bad day:
        // reserve with room and trim, which touches no memory in use
        let padded = bytes.checked_add(align - page_bytes())?;
        let start = map_once(padded)?;
        let aligned = (start + align - 1) & !(align - 1);
        if aligned > start {
            // SAFETY: [I-RANGE] mapped just now, and told to nobody.
            unsafe { unmap(start, aligned - start) };
        }
        let end = start + padded;
        if end > aligned + bytes {
            // SAFETY: [I-RANGE] as above.
            unsafe { unmap(aligned + bytes, end - aligned - bytes) };
        }
        return Some(aligned);
    }
    map_once(bytes)
}
