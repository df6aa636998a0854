//! The shared pool: where a heap gets slabs from and gives them back to, without a lock.
//!
//! ```text
//! acquire_warm_slab
//!   adopt_abandoned           adopt.rs    a partial slab of a parked heap
//!   acquire_warm_run                      memory that was in use
//!     reuse_own               empty_of_heaps.rs  stages 1 and 1b: what the heap itself has given back
//!     reuse_empty_slot        empty.rs    stage 1: an EMPTY run of the class
//!     reuse_other_empty_slot  empty.rs    stage 1b: an EMPTY run of another class
//!                             empty_of_heaps.rs  or of another heap
//!                             join.rs       or several, joined
//! acquire_fresh_slab                      memory that was not
//!     claim_unused_slot       unused.rs   stage 2: an UNUSED run
//!     grow_with_new_superslab unused.rs   stage 3: a new SuperSlab
//! release_slab / release_run  release.rs    EMPTY, and purge above what may be retained
//! LastSlabs                   release.rs    the same for the slabs of a thread that ends
//! advertise / unadvertise     adopt.rs      which parked heaps have slabs to adopt
//! adopt_partial               adopt.rs      a slab of another heap whose tenant the caller is
//! purge_* / decay             purge.rs      EMPTY -> UNUSED, in as few calls as can be (purge_batch.rs)
//!                             refault.rs    what was purged in vain is kept for a while
//! has_room                    budget.rs     HAKMEM_MEMORY_LIMIT
//! recover                     recover.rs    what other threads had in their hands at a fork
//! claim_superslabs            whole.rs      whole SuperSlabs, for huge blocks that get no mapping
//! ```
//!
//! No stage waits and none holds anything over a system call. With `HAKMEM_STAGE2=0` reuse,
//! claims and releases go through one lock (control_lock.rs), so that the lock statistics can be seen
//! to count. The stage log of `HAKMEM_SS_ACQUIRE_DEBUG` is trace.rs.
//!
//! The states of a slab and who may change them: `slab/mod.rs`.

mod adopt;
mod budget;
mod control_lock;
mod empty;
mod empty_of_heaps;
mod join;
mod purge;
mod purge_batch;
mod recover;
pub mod refault;
mod release;
mod trace;
mod unused;
mod whole;

pub use adopt::{adopt_partial, advertise, advertised, unadvertise};
pub use budget::{has_room, peak_bytes, would_raise_peak};
pub use empty_of_heaps::{empty_slots, give_up_empty_runs};
pub use purge::{claimed_bytes, decay, is_draining, purge_all, purge_excess, purges};
pub use recover::{recount_advertised, recover};
pub use release::{LastSlabs, release_attached, release_run, release_slab, return_leading, return_leading_of_class};
pub use unused::{check_hints, claim_aligned, claim_behind};
pub use whole::{claim_superslabs, unclaim_superslabs};

use crate::geometry::*;
use crate::policy;
use crate::slab::set::SlabSet;
use crate::stats::Stage;
use crate::superslab::header::Packing;
use crate::superslab::huge_pages;

#[cfg(test)]
pub use {adopt::damage_advertised, empty::damage_hint, empty_of_heaps::damage_shown, unused::damage_hints};

/// In the child of a fork: nobody but the calling thread is inside any more.
pub fn reset_after_fork() {
    control_lock::reset_after_fork();
    join::reset_after_fork();
}

/// Faults of the stacks of EMPTY runs, and the slots that stand on them: for checks, exact while all threads rest.
pub fn check_empty_runs() -> (usize, u64) {
    let (shared, of_heaps) = (empty::check_rep(), empty_of_heaps::check_rep());
    (shared.0 + of_heaps.0, shared.1 + of_heaps.1)
}

/// A run of slots that the caller owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a run that is dropped is lost"]
pub struct Run {
    /// The first slot.
    pub slot: u32,
    /// What its memory reads as.
    pub content: Content,
}

/// Attaches a slab of `class` with free blocks to `set`, whose tenant the caller is, from memory that was in use before.
/// `false`: there is none.
pub fn acquire_warm_slab(set: &mut SlabSet, class: usize) -> bool {
    if adopt::adopt_abandoned(set, class) {
        return true;
    }
    let run = acquire_warm_run(set, RunKind::slab(class));
    attach(set, class, run)
}

/// The same from memory that was not; `false`: memory is out.
pub fn acquire_fresh_slab(set: &mut SlabSet, class: usize) -> bool {
    let run = acquire_fresh_run(set, RunKind::slab(class));
    attach(set, class, run)
}

fn attach(set: &mut SlabSet, class: usize, run: Option<Run>) -> bool {
    if let Some(run) = run {
        set.stats().account_acquired(RunKind::slab(class).slots());
        set.attach_fresh(run.slot, class, run.content);
    }
    run.is_some()
}

/// A run of slots of `kind` from memory that was in use before, for the tenant of `set`; `None` where there is none.
pub fn acquire_warm_run(set: &SlabSet, kind: RunKind) -> Option<Run> {
    decay();
    // stages 1 and 1b: warm memory that the heap itself has given back
    empty_of_heaps::reuse_own(set, kind)
        // stage 1: warm memory of the class
        .or_else(|| empty::reuse_empty_slot(set, kind))
        // stage 1b: warm memory of another class or heap, cut to measure
        .or_else(|| empty::reuse_other_empty_slot(set, kind))
}

/// The same from memory that was not, for the tenant of `set`; `None` when memory is out.
pub fn acquire_fresh_run(set: &mut SlabSet, kind: RunKind) -> Option<Run> {
    if !has_room(kind.slots() * SLOT_BYTES) {
        return None;
    }
    let packing = packing_for(set, kind);
    // stage 2: committed or at least reserved memory, lowest address first
    if let Some(run) = unused::claim_unused_slot(set, kind, packing) {
        if packing == Packing::Dense {
            unused::bring_again(run.slot, kind);
        }
        return Some(run);
    }
    // stage 3: more of the window
    unused::grow_with_new_superslab(set, kind, packing)
        // the window or the system has no more: what was kept for the others
        .or_else(|| unused::claim_unused_slot(set, kind, packing.other()))
}

/// How the SuperSlab is packed in which a fresh run of the heap best stands.
fn packing_for(set: &SlabSet, kind: RunKind) -> Packing {
    let will_fill = kind.class().is_some_and(|class| policy::will_fill(kind.slots(), set.slabs(class)));
    if !will_fill || !huge_pages::may_hold_slabs() {
        return Packing::Mixed;
    }
    let in_slabs_bytes = claimed_bytes().saturating_sub(purge::span_bytes());
    // what other heaps have is taken to be alike; the share, which takes a walk, is no more than the whole
    let are_many =
        policy::fill_huge_pages(in_slabs_bytes) && policy::fill_huge_pages(set.share_of_short_slabs(in_slabs_bytes));
    if are_many { Packing::Dense } else { Packing::Mixed }
}

/// Counts and logs what a stage came to for the tenant of `set`, after `retries` failed attempts.
fn told(set: &SlabSet, stage: Stage, kind: RunKind, run: Option<Run>, retries: u32) -> Option<Run> {
    match run {
        Some(Run { slot, .. }) => {
            set.stats().account_stage_hit(stage, retries);
            purge::note_acquired();
            trace::line(stage, kind, slot);
        }
        None => set.stats().account_stage_miss(stage, retries),
    }
    run
}
