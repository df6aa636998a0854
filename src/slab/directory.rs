//! From a heap id to what its heap shares with others and to its slab set. Heaps are never unmapped
//! and ids never leave their heap, so a stale id always leads to a valid heap.
#![allow(unsafe_code)] // dereferences registered sets

use super::set::SlabSet;
use super::shared::HeapShared;
use crate::geometry::MAX_HEAPS;
use crate::sync::id_set::{IdSet, IdSets};
use crate::sync::published::PublishedPtr;
use crate::sync::{AtomicUsize, Ordering};
use core::cell::UnsafeCell;
use core::ptr;

/// What is known of a heap by its id.
#[derive(Debug)]
#[repr(C)]
pub struct HeapRecord {
    /// What any thread may touch.
    pub shared: HeapShared,
    /// What the tenant may touch.
    pub set: UnsafeCell<SlabSet>,
}

static HEAPS: [PublishedPtr<HeapRecord>; MAX_HEAPS] = [const { PublishedPtr::new() }; MAX_HEAPS];
static NEXT_ID: AtomicUsize = AtomicUsize::new(1);
/// What one bit tells of a heap: see the functions below.
static SETS: IdSets<3, { MAX_HEAPS / 64 }> = IdSets::new();
/// How many they are, or about.
static PARKED_COUNT: AtomicUsize = AtomicUsize::new(0);
/// Hints: heaps that may be parked. Who parks a heap inserts it afterwards, so that none is overlooked for
/// long; who binds one removes it.
fn parked() -> IdSet<'static, 3> {
    SETS.set(0)
}

/// Heaps to be visited by whoever asks [`take_wanted`] next.
fn wanted() -> IdSet<'static, 3> {
    SETS.set(1)
}

/// Heaps of threads that a fork has left behind, which may have blocks in bins and outbox: those that were whole at the fork.
/// Who takes one out empties it (`front_cache/orphan.rs`).
pub fn left_behind() -> IdSet<'static, 3> {
    SETS.set(2)
}

/// A new heap id; `None` when all are taken.
pub fn new_id() -> Option<u32> {
    let take = |id: usize| (id < MAX_HEAPS).then_some(id + 1);
    // relaxed: only uniqueness matters
    NEXT_ID.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok().map(|id| id as u32)
}

/// Ids given out so far: all of them are below this.
pub fn ids() -> usize {
    // relaxed: a bound; `find` acquires what stands behind an id
    NEXT_ID.load(Ordering::Relaxed).min(MAX_HEAPS)
}

/// Makes a heap findable for ever.
pub fn publish(id: u32, heap: &'static HeapRecord) {
    HEAPS[id as usize].publish(ptr::from_ref(heap).cast_mut()); // [HEAP]
}

/// The heap of an id.
#[inline]
pub fn find(id: u32) -> Option<&'static HeapRecord> {
    let heap = HEAPS.get(id as usize)?.get(); // [HEAP]
    // SAFETY: [I-HEAP] published heaps are never unmapped, and only atomics and an UnsafeCell stand
    // behind the shared reference.
    unsafe { heap.as_ref() }
}

/// Notes that a heap was parked.
pub fn note_parked(id: u32) {
    if parked().insert(id) {
        // relaxed, all: a hint
        PARKED_COUNT.fetch_add(1, Ordering::Relaxed);
    }
}

/// Notes that a heap was bound.
pub fn note_bound(id: u32) {
    if parked().remove(id) {
        // relaxed: a hint; it may come before the addition that it undoes
        PARKED_COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Heaps that are not parked, one for each thread that allocates: a hint.
#[inline]
pub fn in_use() -> usize {
    // relaxed: a hint
    (ids() - 1).saturating_sub(PARKED_COUNT.load(Ordering::Relaxed))
}

/// Counts the parked heaps anew, in the child of a fork that may have come between a heap and its count.
pub fn recount_parked() {
    let parked = (1..ids() as u32).filter(|&id| parked().contains(id)).count();
    // relaxed: the child of a fork has no other thread
    PARKED_COUNT.store(parked, Ordering::Relaxed);
}

/// The lowest id from `from` on that may be parked.
pub fn next_parked(from: u32) -> Option<u32> {
    parked().next(from, ids())
}

/// Asks for a visit to a heap: for threads that are inside another one and cannot go now. Whoever
/// asks visits what is wanted when it has left ([`take_wanted`]), and finds what was posted before.
pub fn want_visit(id: u32) {
    let _ = wanted().insert(id);
}

/// A heap that somebody wants visited; the caller visits it.
#[must_use = "nobody else will visit it"]
pub fn take_wanted() -> Option<u32> {
    wanted().take(ids())
}

/// Whether a heap that is parked can be found by who needs one: for checks.
pub fn is_findable(id: u32) -> bool {
    parked().contains(id)
}

/// Whether somebody wants a heap visited: for checks.
pub fn is_wanted(id: u32) -> bool {
    wanted().contains(id)
}

/// Every heap, for reports and walkers.
pub fn for_each(mut visit: impl FnMut(u32, &'static HeapRecord)) {
    for id in 1..ids() as u32 {
        if let Some(heap) = find(id) {
            visit(id, heap);
        }
    }
}
