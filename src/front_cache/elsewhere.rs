//! What tells the child of a fork that a thread was in the midst of something outside of its own heap: in another
//! heap, in the shared pool, among the huge blocks, or between two heaps.
//!
//! A thread with a heap counts in that. One without a heap, or about to change it, takes a place in a small table,
//! with its thread pointer, so that the forking thread can be told from those that do not exist in the child.
#![allow(unsafe_code)] // writes to the thread's heap

use super::heap::Heap;
use super::tls;
use crate::os;
use crate::sync::{AtomicU32, AtomicUsize, Ordering};

// relaxed, where nothing else is said: asked in the child of a fork, which has one thread

/// Thread pointers; 0: nobody.
static HEAPLESS: [AtomicUsize; 64] = [const { AtomicUsize::new(0) }; 64];
/// Threads that found no place.
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
    InTable(&'static AtomicUsize),
    /// As one of those that found none.
    AsOneMore,
}

impl Noted {
    fn in_table() -> Self {
        let free = |place: &&AtomicUsize| {
            let is_free = place.load(Ordering::Relaxed) == 0;
            // acquire: what follows comes after it for a fork at any instruction
            is_free && place.compare_exchange(0, os::thread_pointer(), Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        HEAPLESS.iter().find(free).map_or_else(
            || {
                MORE_HEAPLESS.fetch_add(1, Ordering::Relaxed);
                Self::AsOneMore
            },
            Self::InTable,
        )
    }
}

impl Elsewhere {
    /// Before the first visit.
    #[inline]
    pub fn enter() -> Self {
        let heap = tls::current();
        if tls::is_shim(heap) {
            return Self::between_heaps();
        }
        count_visits(heap, 1);
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
                    count_visits(heap, -1);
                }
            }
            // release: what was done comes before it, as above
            Noted::InTable(place) => place.store(0, Ordering::Release),
            Noted::AsOneMore => _ = MORE_HEAPLESS.fetch_sub(1, Ordering::Relaxed),
        }
    }
}

#[inline]
fn count_visits(heap: *mut Heap, change: i32) {
    // SAFETY: [I-HEAP] the count is the owner thread's; volatile, so that it stands in memory whenever
    // a signal comes.
    unsafe {
        let visits = &raw mut (*heap).front.visits;
        visits.write_volatile(visits.read_volatile().wrapping_add_signed(change));
    }
}

/// In the child of a fork: whether this thread has noted itself in the table, or may have.
pub fn is_heapless_inside() -> bool {
    let me = os::thread_pointer();
    MORE_HEAPLESS.load(Ordering::Relaxed) != 0 || HEAPLESS.iter().any(|place| place.load(Ordering::Relaxed) == me)
}

/// In the child of a fork: takes all others out of the table. Returns whether there were any.
pub fn forget_others() -> bool {
    let me = os::thread_pointer();
    let is_other = |place: &&AtomicUsize| ![0, me].contains(&place.load(Ordering::Relaxed));
    HEAPLESS.iter().filter(is_other).map(|place| place.store(0, Ordering::Relaxed)).count() > 0
}
