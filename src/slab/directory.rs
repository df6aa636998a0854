//! From a heap id to what its heap shares with others and to its slab set. Heaps are never unmapped
//! and ids never leave their heap, so a stale id always leads to a valid heap.
#![allow(unsafe_code)] // dereferences registered sets

use super::set::SlabSet;
use super::shared::HeapShared;
use crate::geometry::MAX_HEAPS;
use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
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

static HEAPS: [AtomicPtr<HeapRecord>; MAX_HEAPS] = [const { AtomicPtr::new(ptr::null_mut()) }; MAX_HEAPS];
static NEXT_ID: AtomicUsize = AtomicUsize::new(1);
/// Hints: bit `id` is set while the heap may be parked.
static PARKED: [AtomicU64; MAX_HEAPS / 64] = [const { AtomicU64::new(0) }; MAX_HEAPS / 64];
/// Bit `id` is set while the heap is to be visited by whoever asks [`take_wanted`] next.
static WANTED: [AtomicU64; MAX_HEAPS / 64] = [const { AtomicU64::new(0) }; MAX_HEAPS / 64];

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
    // release [HEAP]: pairs with `find`
    HEAPS[id as usize].store(ptr::from_ref(heap).cast_mut(), Ordering::Release);
}

/// The heap of an id.
#[inline]
pub fn find(id: u32) -> Option<&'static HeapRecord> {
    // acquire [HEAP]
    let heap = HEAPS.get(id as usize)?.load(Ordering::Acquire);
    // SAFETY: [I-HEAP] published heaps are never unmapped, and only atomics and an UnsafeCell stand
    // behind the shared reference.
    unsafe { heap.as_ref() }
}

/// Notes that a heap was parked.
pub fn note_parked(id: u32) {
    // seqcst: ordered after the park it speaks of, before the poster's or binder's look
    PARKED[id as usize / 64].fetch_or(1 << (id % 64), Ordering::SeqCst);
}

/// Notes that a heap was bound.
pub fn note_bound(id: u32) {
    // seqcst: as in `note_parked`
    PARKED[id as usize / 64].fetch_and(!(1 << (id % 64)), Ordering::SeqCst);
}

/// The lowest id from `from` on that may be parked.
pub fn next_parked(from: u32) -> Option<u32> {
    next_bit(&PARKED, from)
}

/// Asks for a visit to a heap: for threads that are inside another one and cannot go now. Whoever
/// asks visits what is wanted when it has left ([`take_wanted`]).
pub fn want_visit(id: u32) {
    // release [WANTED]: pairs with `take_wanted`; what was posted before is found by the visit
    WANTED[id as usize / 64].fetch_or(1 << (id % 64), Ordering::Release);
}

/// A heap that somebody wants visited; the caller visits it.
#[must_use = "nobody else will visit it"]
pub fn take_wanted() -> Option<u32> {
    let mut from = 0;
    while let Some(id) = next_bit(&WANTED, from) {
        let bit = 1 << (id % 64);
        // acquire [WANTED]
        if WANTED[id as usize / 64].fetch_and(!bit, Ordering::Acquire) & bit != 0 {
            return Some(id);
        }
        from = id + 1;
    }
    None
}

fn next_bit(set: &[AtomicU64; MAX_HEAPS / 64], from: u32) -> Option<u32> {
    let words = ids().div_ceil(64);
    let mut word = from as usize / 64;
    let mut mask = u64::MAX << (from % 64);
    while word < words {
        // relaxed: hints; the tenancy, or the exchange of `take_wanted`, decides
        let bits = set[word].load(Ordering::Relaxed) & mask;
        if bits != 0 {
            return Some((word * 64) as u32 + bits.trailing_zeros());
        }
        mask = u64::MAX;
        word += 1;
    }
    None
}

/// Every heap, for reports and walkers.
pub fn for_each(mut visit: impl FnMut(u32, &'static HeapRecord)) {
    for id in 1..ids() as u32 {
        if let Some(heap) = find(id) {
            visit(id, heap);
        }
    }
}
