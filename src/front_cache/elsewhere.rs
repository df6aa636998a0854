//! What tells the child of a fork that a thread was in the midst of something outside of its own heap: in another
//! heap, in the shared pool, among the huge blocks, or between two heaps.
//!
//! A thread with a heap counts in that. One without a heap, or about to change it, takes a place in a small table,
//! with its thread pointer, so that the forking thread can be told from those that do not exist in the child.
#![allow(unsafe_code)] // writes to the thread's heap

use super::heap::Heap;
use super::tls;
use crate::os;
use crate::sync::thread_place::ThreadPlace;
use crate::sync::{AtomicU32, Ordering};

/// Places for thread pointers: as many threads as are likely to be without a heap at the same time.
const PLACES: usize = 64;
static HEAPLESS: [ThreadPlace; PLACES] = [const { ThreadPlace::new() }; PLACES];
/// Threads that found no place. Relaxed: asked in the child of a fork, which has one thread.
static MORE_HEAPLESS: AtomicU32 = AtomicU32::new(0);

/// While it lives, the thread may be inside another heap than its own, or in the shared pool or among the huge blocks
/// without being inside any.
#[derive(Debug)]
pub struct Elsewhere(Noted);

/// Where it is noted.
#[derive(Clone, Copy, Debug)]
enum Noted {
    /// In the heap of the thread; by the end that may be another one, which has the count of the one before.
    InHeap,
    /// In a place of the table.
    InTable(&'static ThreadPlace),
    /// As one of those that found none.
    AsOneMore,
}

impl Noted {
    fn in_table() -> Self {
        // [INSIDE]
        let taken = |place: &&ThreadPlace| place.thread() == 0 && place.transition_taken(os::thread_pointer());
        HEAPLESS.iter().find(taken).map_or_else(
            || {
                MORE_HEAPLESS.fetch_add(1, Ordering::Relaxed);
                Self::AsOneMore
            },
            Self::InTable,
        )
    }
}

impl Elsewhere {
    /// Before the thread leaves its heap.
    #[inline]
    pub fn enter() -> Self {
        let heap = tls::current();
        if tls::is_shim(heap) {
            return Self::between_heaps();
        }
        count_times(heap, 1);
        Self(Noted::InHeap)
    }

    /// By a thread whose heap is about to change.
    #[cold]
    pub fn between_heaps() -> Self {
        Self(Noted::in_table())
    }
}

impl Drop for Elsewhere {
    #[inline]
    fn drop(&mut self) {
        match self.0 {
            Noted::InHeap => {
                let heap = tls::current();
                if !tls::is_shim(heap) {
                    count_times(heap, -1);
                }
            }
            Noted::InTable(place) => place.transition_empty(), // [INSIDE]
            Noted::AsOneMore => _ = MORE_HEAPLESS.fetch_sub(1, Ordering::Relaxed),
        }
    }
}

#[inline]
fn count_times(heap: *mut Heap, change: i32) {
    // SAFETY: [I-HEAP] the count is the owner thread's; volatile, so that it stands in memory whenever
    // a signal comes.
    unsafe {
        let times = &raw mut (*heap).front.times_elsewhere;
        times.write_volatile(times.read_volatile().wrapping_add_signed(change));
    }
}

/// In the child of a fork: whether this thread has noted itself in the table, or may have.
pub fn is_heapless_inside() -> bool {
    let me = os::thread_pointer();
    MORE_HEAPLESS.load(Ordering::Relaxed) != 0 || HEAPLESS.iter().any(|place| place.thread() == me)
}

/// In the child of a fork: takes all others out of the table. Returns whether there were any.
pub fn forget_others() -> bool {
    let me = os::thread_pointer();
    let is_other = |place: &&ThreadPlace| ![0, me].contains(&place.thread());
    HEAPLESS.iter().filter(is_other).map(ThreadPlace::transition_empty).count() > 0
}
