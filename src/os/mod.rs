//! What the allocator asks of the operating system, and nothing else.
//!
//! | call | contract |
//! |---|---|
//! | [`reserve`] | addresses without memory, aligned; `None` when refused |
//! | [`reserve_at`] | the same at a fixed place, never over another mapping |
//! | [`commit`] | makes reserved pages usable; idempotent; `false` changes nothing |
//! | [`purge`] | gives pages back; `true` means they read as zero from now on |
//! | [`map`], [`unmap`], [`resize_in_place`], [`move_pages`] | whole mappings of their own, zeroed |
//! | [`now_ms`] | coarse monotonic clock, no system call (vdso) |
//! | [`timed`] | the same calls, and how long they took |
//! | [`without_signals`] | work that no signal handler interrupts |
//!
//! Every call may fail at any moment; none touches `errno`, none is a cancellation point. All but two
//! are raw system calls, which no other preloaded library can stand in for: [`now_ms`] is libc's
//! clock_gettime, and the page size and the secret come from getauxval. [`fake`] makes each kind fail on
//! demand in tests. Thread-safety: all are.

pub mod counts;
pub mod fake;
pub mod futex_lock;
mod linux;

pub use linux::{
    close, futex_wait, futex_wake_one, getpid, is_readable, memory_limit, now_ms, open_for_append, page_bytes,
    process_secret, stack_pointer, thread_pointer, without_signals,
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
    match linux::mmap(address, bytes, linux::Protection::None, true) {
        Ok(got) if got == address => true,
        Ok(elsewhere) => {
            unmap(elsewhere, bytes); // a kernel before 4.17 takes the address as a hint
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
#[must_use]
pub fn purge(address: usize, bytes: usize) -> bool {
    if fake::fails(fake::Call::Advise) {
        return false;
    }
    count::MADVISE.add();
    linux::madvise(address, bytes, libc::MADV_DONTNEED).is_ok()
}

/// Asks that the range never be backed by huge pages; advisory.
pub fn forbid_huge_pages(address: usize, bytes: usize) {
    if !fake::fails(fake::Call::Advise) {
        count::MADVISE.add();
        let _ = linux::madvise(address, bytes, libc::MADV_NOHUGEPAGE);
    }
}

/// Asks that the range be backed by huge pages; `false`: the system has none.
#[must_use]
pub fn ask_for_huge_pages(address: usize, bytes: usize) -> bool {
    if fake::fails(fake::Call::Advise) {
        return false;
    }
    count::MADVISE.add();
    linux::madvise(address, bytes, libc::MADV_HUGEPAGE).is_ok()
}

/// Makes the system bring the page at `address`, which is committed, reads as zero and belongs to the calling
/// thread.
pub fn touch_fresh_page(address: usize) {
    linux::touch_fresh_page(address);
}

/// A fresh zeroed mapping of `bytes` aligned to `align`; both as for [`reserve`].
pub fn map(bytes: usize, align: usize) -> Option<usize> {
    map_aligned(bytes, align, linux::Protection::ReadWrite)
}

/// Removes a mapping; `false` keeps it whole.
#[must_use]
pub fn unmap_checked(address: usize, bytes: usize) -> bool {
    if fake::fails(fake::Call::Unmap) {
        return false;
    }
    count::MUNMAP.add();
    linux::munmap(address, bytes).is_ok()
}

/// Removes a mapping that nothing refers to; where that fails the addresses are lost, not the
/// program.
pub fn unmap(address: usize, bytes: usize) {
    let _ = unmap_checked(address, bytes);
}

/// Changes the size of a mapping where it stands; `false` changes nothing.
#[must_use]
pub fn resize_in_place(address: usize, old_bytes: usize, new_bytes: usize) -> bool {
    if fake::fails(fake::Call::Remap) {
        return false;
    }
    count::MREMAP.add();
    linux::mremap(address, old_bytes, new_bytes, None).is_ok()
}

/// Moves the pages of a mapping onto a reservation of `new_bytes`; `false` changes nothing.
#[must_use]
pub fn move_pages(address: usize, old_bytes: usize, place: usize, new_bytes: usize) -> bool {
    if fake::fails(fake::Call::Remap) {
        return false;
    }
    count::MREMAP.add();
    linux::mremap(address, old_bytes, new_bytes, Some(place)).is_ok()
}

fn map_aligned(bytes: usize, align: usize, protection: linux::Protection) -> Option<usize> {
    let map_once = |bytes| {
        if fake::fails(fake::Call::Map) {
            return None;
        }
        count::MMAP.add();
        linux::mmap(0, bytes, protection, false).ok()
    };
    if align > page_bytes() {
        // one try that a lucky address satisfies would cost a second call on every bad day:
        // reserve with room and trim, which touches no memory in use
        let padded = bytes.checked_add(align - page_bytes())?;
        let start = map_once(padded)?;
        let aligned = (start + align - 1) & !(align - 1);
        if aligned > start {
            unmap(start, aligned - start);
        }
        let end = start + padded;
        if end > aligned + bytes {
            unmap(aligned + bytes, end - aligned - bytes);
        }
        return Some(aligned);
    }
    map_once(bytes)
}
