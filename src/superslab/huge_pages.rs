//! Huge pages: which memory the system may back with them (`HAKMEM_THP`).
#![allow(unsafe_code)] // touches memory

use crate::config::{self, Thp};
use crate::geometry::SUPERSLAB_BYTES;
use crate::os;
use crate::policy;
use crate::stats::POOL;

/// Advises on new addresses of the window, in front of which `reserved_bytes` are reserved. A small
/// heap must not grow because its first touch of a SuperSlab brings 2 MiB.
pub fn advise_window(address: usize, bytes: usize, reserved_bytes: usize) {
    match config::get().thp() {
        Thp::Never => os::forbid_huge_pages(address, bytes),
        Thp::Auto if reserved_bytes < policy::HUGE_PAGE_MIN_HEAP_BYTES => os::forbid_huge_pages(address, bytes),
        Thp::Auto => POOL.huge_page_bytes.add_n(bytes as u64),
        Thp::Always => ask(address, bytes),
    }
}

/// Advises on what is reserved at the start: metadata from `start` on, the window from `window` to `end`.
pub fn advise_start(start: usize, window: usize, end: usize) {
    if config::get().thp() == Thp::Always {
        advise_metadata(start, window - start);
        advise_window(window, end - window, 0);
    } else {
        os::forbid_huge_pages(start, end - start); // one call for both
    }
}

/// Advises on new addresses of metadata: small pages, which the system would otherwise join to
/// huge ones behind our back, however few of them are used.
pub fn advise_metadata(address: usize, bytes: usize) {
    os::forbid_huge_pages(address, bytes);
}

/// Advises on a new mapping of its own, which by default is as the system is set up.
pub fn advise_mapping(address: usize, bytes: usize) {
    if bytes < policy::HUGE_PAGE_BYTES {
        return;
    }
    match config::get().thp() {
        Thp::Never => os::forbid_huge_pages(address, bytes),
        Thp::Auto => POOL.huge_page_bytes.add_n(bytes as u64),
        Thp::Always => ask(address, bytes),
    }
}

/// Whether slabs may stand behind huge pages. A memory limit counts what is claimed, not what a huge page brings beside it.
pub fn may_hold_slabs() -> bool {
    let options = config::get();
    options.thp() == Thp::Auto && options.memory_limit_mib() == 0
}

/// Allows a huge page for a fresh SuperSlab that is committed. `false`: the system has none.
pub fn allow_for_superslab(address: usize) -> bool {
    open_mapping(address, SUPERSLAB_BYTES)
}

/// Brings the huge page of a SuperSlab whose first slot the caller has claimed and not used. It is allowed for this
/// touch alone: what is purged of it returns as small pages, and the system joins none to huge ones
/// behind our back. So the mappings stay few and alike, too.
///
/// # Safety
/// The SuperSlab's first slot is committed, fresh, and the caller's.
pub unsafe fn bring_superslab(address: usize) {
    // SAFETY: the caller's promise.
    unsafe { os::touch_fresh_page(address) };
    os::forbid_huge_pages(address, SUPERSLAB_BYTES);
}

/// Asks for huge pages for a mapping, or a part of one. `false`: the system has none.
pub fn open_mapping(address: usize, bytes: usize) -> bool {
    let is_open = os::ask_for_huge_pages(address, bytes);
    if is_open {
        POOL.huge_page_bytes.add_n(bytes as u64);
    }
    is_open
}

/// Fresh pages of a mapping are small from now on.
pub fn close_mapping(address: usize, bytes: usize) {
    os::forbid_huge_pages(address, bytes);
}

fn ask(address: usize, bytes: usize) {
    let _ = open_mapping(address, bytes);
}
