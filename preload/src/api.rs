//! hakmem's own functions, declared in include/hakmem.h, which scripts/make-header generates from
//! this file: the comments on the items below are the header's.
#![allow(unsafe_code)] // exported symbols
#![allow(non_camel_case_types)]

use core::ffi::c_char;

use hakmem_core::c_semantics::{self, introspection};
use hakmem_core::report::{self, heap_check};
use hakmem_core::stats::{Snapshot, Stage};
use libc::c_int;

/// The version of struct hakmem_stats that this header describes. A later version adds members at
/// the end and changes none.
pub const HAKMEM_STATS_VERSION: u32 = 2;

/// What the allocator counts. Bytes obey live + cached + free = committed, but for what other
/// threads do while they are read. Counts start at 0 with the process.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hakmem_stats {
    /// Bytes of this structure that were filled in.
    pub size: u32,
    /// HAKMEM_STATS_VERSION of the library.
    pub version: u32,
    /// Bytes in the program's hands: blocks rounded up to their size class, spans, huge blocks.
    pub live_bytes: u64,
    /// Bytes kept for the next request: in the threads' caches, on their way between threads, and
    /// warm memory that nobody owns.
    pub cached_bytes: u64,
    /// Bytes in slabs that nobody uses.
    pub free_bytes: u64,
    /// Bytes taken from the system for blocks.
    pub committed_bytes: u64,
    /// Bytes taken from the system for the allocator's own data.
    pub metadata_bytes: u64,
    /// Of the live bytes, those of huge blocks, which have a mapping of their own.
    pub huge_live_bytes: u64,
    /// Of the cached bytes, those that hakmem_trim can give back at once.
    pub warm_bytes: u64,
    /// Bytes given back to the system so far.
    pub purged_bytes: u64,
    /// SuperSlabs made.
    pub superslabs: u64,
    /// Heaps that exist; a thread that allocates has one.
    pub heaps: u64,
    /// Refills of a thread's cache from slabs.
    pub refills: u64,
    /// Flushes of a thread's cache to slabs.
    pub flushes: u64,
    /// Blocks freed by a thread that does not own them.
    pub remote_blocks: u64,
    /// Batches in which those were sent.
    pub remote_batches: u64,
    /// Times a queue of such batches was emptied.
    pub drains: u64,
    /// Slabs got from the shared pool, adopted ones included.
    pub acquires: u64,
    /// Slabs given back to the shared pool.
    pub releases: u64,
    /// Acquisitions served by a slab that an exited thread had left, or one that rests had to spare.
    pub adopt_hits: u64,
    /// Acquisitions served by stage 1: an empty slot of the class.
    pub stage1_hits: u64,
    /// Acquisitions served by stage 1b: an empty slot of another class.
    pub stage1b_hits: u64,
    /// Acquisitions served by stage 2: a slot never used or purged.
    pub stage2_hits: u64,
    /// Acquisitions served by stage 3: a new SuperSlab.
    pub stage3_hits: u64,
    /// Attempts at an atomic exchange in the shared pool that another thread won.
    pub pool_retries: u64,
    /// Times the shared pool's lock was taken: 0 unless HAKMEM_STAGE2=0.
    pub lock_acquisitions: u64,
    /// Times a thread waited for that lock.
    pub lock_waits: u64,
    /// Pointers of another allocator that were handed on to it.
    pub foreign_frees: u64,
    /// System calls made for memory: mmap, munmap, mremap, mprotect and madvise.
    pub memory_calls: u64,
    /// Futex system calls made.
    pub futex_calls: u64,
    /// Bytes claimed again less than HAKMEM_PURGE_DELAY_MS after they were given back; since version 2.
    pub refaulted_bytes: u64,
    /// Bytes that may be backed by huge pages, as they were made; since version 2.
    pub huge_page_bytes: u64,
}

impl hakmem_stats {
    fn of(s: &Snapshot) -> Self {
        // sched_yield stands in the other reports alone
        let [mmap, munmap, mprotect, madvise, mremap, futex, _] = s.system_calls;
        let hits = |stage: Stage| s.stage_hits[stage as usize];
        hakmem_stats {
            size: size_of::<hakmem_stats>() as u32,
            version: HAKMEM_STATS_VERSION,
            live_bytes: s.live_bytes,
            cached_bytes: s.front_cached_bytes + s.warm_bytes,
            free_bytes: s.free_bytes,
            committed_bytes: s.committed_bytes,
            metadata_bytes: s.metadata_bytes,
            huge_live_bytes: s.huge_live_bytes,
            warm_bytes: s.warm_bytes,
            purged_bytes: s.purged_bytes,
            superslabs: s.superslabs,
            heaps: s.heaps,
            refills: s.refills,
            flushes: s.flushes,
            remote_blocks: s.remote_blocks,
            remote_batches: s.posted_batches,
            drains: s.drains,
            acquires: s.acquires,
            releases: s.releases,
            adopt_hits: hits(Stage::Adopt),
            stage1_hits: hits(Stage::ReuseSame),
            stage1b_hits: hits(Stage::ReuseOther),
            stage2_hits: hits(Stage::Claim),
            stage3_hits: hits(Stage::Grow),
            pool_retries: s.stage_retries.iter().sum::<u64>() + s.release_retries,
            lock_acquisitions: s.lock_acquire_slab + s.lock_release_slab,
            lock_waits: s.lock_waits,
            foreign_frees: s.foreign_frees,
            memory_calls: mmap + munmap + mprotect + madvise + mremap,
            futex_calls: futex,
            refaulted_bytes: s.refaulted_bytes,
            huge_page_bytes: s.huge_page_bytes,
        }
    }
}

/// The version of the library: "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn hakmem_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Fills in the first size bytes of *stats, or all there are; give sizeof *stats. The member size
/// tells how much that was. 0, or -1 and errno EINVAL when stats is null or size below 8. Never
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hakmem_stats(stats: *mut hakmem_stats, size: usize) -> c_int {
    // SAFETY: C's promise; the structure is plain numbers, its size and version first
    unsafe { c_semantics::fill_prefix(stats, size, hakmem_stats::of(&report::snapshot()), |all| &mut all.size) }
}

/// Gives all memory back to the system that nobody uses. 1 if there was any, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hakmem_trim() -> c_int {
    introspection::malloc_trim()
}

/// Writes the report to a descriptor: the lock statistics, as lines of text. 0, or -1 when it takes
/// no more. Never allocates.
#[unsafe(no_mangle)]
pub extern "C" fn hakmem_stats_print(fd: c_int) -> c_int {
    status(report::print_text(fd))
}

/// Writes the same numbers to a descriptor as one JSON object on one line. 0, or -1 when it takes
/// no more. Never allocates.
#[unsafe(no_mangle)]
pub extern "C" fn hakmem_stats_json(fd: c_int) -> c_int {
    status(report::print_json(fd))
}

/// C's word for success and failure.
fn status(success: bool) -> c_int {
    if success { 0 } else { -1 }
}

/// Walks the heap and counts where its parts contradict each other: 0 in a sound heap. Exact while
/// no other thread allocates or frees. Never allocates.
#[unsafe(no_mangle)]
pub extern "C" fn hakmem_check() -> usize {
    heap_check::count_faults()
}
