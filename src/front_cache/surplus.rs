//! Before a heap takes memory that was never used: a slab of an owner that rests, and has more of a class free than in
//! use. Where threads are many, and free what others have allocated, each heap comes to own slabs of which little is in
//! use, and none is whole.
//!
//! An owner that is giving memory up keeps its slabs: they will be whole soon. If others took them, what it frees would wait
//! for those, and keep slabs from going: after a peak of 600 MiB of 4 threads up to three times what was live stayed.
//!
//! A thread that would be refused a block otherwise takes a slab of any of them ([`adopt_any`]).
//!
//! The slab changes its owner as one of a parked heap does (`shared_pool/adopt.rs`). The old owner may have blocks of
//! it in bins and depot, and another thread in its outbox: they are forwarded when they are settled. The idea that
//! threads share what one of them has too much of is that of TCMalloc's central free lists; here whole slabs go from
//! heap to heap, and only where the process would grow otherwise.
#![allow(unsafe_code)] // becomes the tenant of another heap

use super::elsewhere::Elsewhere;
use super::visit;
use crate::geometry::CLASSES;
use crate::policy;
use crate::shared_pool;
use crate::slab::directory::{self, HeapRecord};
use crate::slab::set::SlabSet;
use crate::stats::Stage;
use crate::sync::tenancy::Visit;
use crate::sync::{AtomicU32, Ordering};

/// The heap at which the next search begins.
static CURSOR: AtomicU32 = AtomicU32::new(0);

/// Attaches a slab of an owner that rests to `set`, by the thread that owns that and is inside. `false`: no heap that
/// was looked at has more free than in use, or this one is to grow, having given slabs itself.
/// [`visit::help_wanted`] is to follow.
pub(super) fn adopt(set: &mut SlabSet, class: usize) -> bool {
    if shared_pool::claimed_bytes() < policy::SURPLUS_MIN_CLAIMED_BYTES || set.pays_for_given() {
        return false;
    }
    let heaps = directory::ids() as u32 - 1;
    // relaxed, here and below: only spreads the searches
    let from = CURSOR.load(Ordering::Relaxed);
    let _elsewhere = Elsewhere::enter();
    for probe in 0..heaps.min(policy::SURPLUS_PROBES) {
        let id = 1 + (from + probe) % heaps;
        let found = directory::find(id).filter(|record| id != set.owner() && has_surplus(record, class));
        if found.is_some_and(|record| take_over(set, id, record, class, |theirs| !theirs.is_giving_up())) {
            CURSOR.store(id - 1, Ordering::Relaxed); // it may have more of them
            return true;
        }
    }
    CURSOR.store((from + policy::SURPLUS_PROBES) % heaps, Ordering::Relaxed);
    set.stats().account_stage_miss(Stage::Adopt, 0);
    false
}

/// The same of any owner that rests and has a block of the class free in a slab that is not attached, however much it
/// needs itself: by a thread that would be refused a block otherwise.
#[cold]
pub(super) fn adopt_any(set: &mut SlabSet, class: usize) -> bool {
    let _elsewhere = Elsewhere::enter();
    let own = set.owner();
    (1..directory::ids() as u32).filter(|&id| id != own).any(|id| {
        let has_free = |record: &&HeapRecord| {
            let stats = &record.shared.stats;
            let blocks = stats.slabs[class].get() * u64::from(CLASSES[class].capacity);
            blocks > stats.blocks_out[class].get()
        };
        directory::find(id).filter(has_free).is_some_and(|record| take_over(set, id, record, class, |_| true))
    })
}

/// Whether an owner rests and has more of a class free than in use: a hint, by its counters.
fn has_surplus(record: &'static HeapRecord, class: usize) -> bool {
    let shared = &record.shared;
    let (slabs, out) = (shared.stats.slabs[class].get(), shared.stats.blocks_out[class].get());
    policy::has_surplus(slabs as usize, out as usize, CLASSES[class].capacity as usize) && shared.tenancy.is_idle()
}

/// Visits heap `id` and, if that may give, moves one of its partial slabs to `set`, all before the visit ends: the next
/// tenant of `id` must find the entry words changed.
fn take_over(
    set: &mut SlabSet,
    id: u32,
    record: &'static HeapRecord,
    class: usize,
    may_give: impl Fn(&SlabSet) -> bool,
) -> bool {
    let Some(visit) = record.shared.tenancy.transition_visit() else { return false };
    // SAFETY: [I-TENANT] the visit made this thread the tenant.
    let theirs = unsafe { &mut *record.set.get() };
    let is_taken = may_give(theirs) && shared_pool::adopt_partial(set, theirs, class);
    if is_taken {
        theirs.note_given();
    }
    if visit == Visit::Parked {
        shared_pool::advertise(theirs); // its owner has ended meanwhile
    }
    if visit::leave(record, visit) {
        directory::want_visit(id);
    }
    is_taken
}
