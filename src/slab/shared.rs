//! The part of a heap that other threads may touch: who is inside, what was sent to it, and its
//! counters. Everything in it is atomic.
#![allow(unsafe_code)] // looks at the newest batch of the queue

use super::directory;
use crate::geometry::*;
use crate::magazine::Magazine;
use crate::policy;
use crate::stats::{HeapStats, POOL};
use crate::sync::batch_queue::{BatchQueue, Node};
use crate::sync::counter::OwnedCounter;
use crate::sync::hinted_stacks::HintedStacks;
use crate::sync::tenancy::Tenancy;
use crate::sync::{AtomicPtr, Ordering};

/// A freed block on its way without a magazine, as its first word is used: a link.
#[derive(Debug)]
#[repr(C)]
pub struct Stray {
    next: AtomicPtr<Stray>,
}

impl Stray {
    /// The next older stray of a chain that was taken.
    pub fn linked(&self) -> *mut Stray {
        // relaxed: the caller owns the chain
        self.next.load(Ordering::Relaxed)
    }
}

impl Node for Stray {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.next
    }
}

/// Stacks of EMPTY runs, last in first out, so that the warmest is reused first; by run code.
pub type EmptyRuns = HintedStacks<SLOT_INDEX_BITS, NUM_RUN_CODES>;

/// See the module.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct HeapShared {
    /// Who may touch the rest; any thread, by its transitions.
    pub tenancy: Tenancy,
    /// Batches of blocks freed by others: any thread pushes, the tenant takes.
    pub queue: BatchQueue<Magazine>,
    /// Blocks that were freed when there was no magazine to put them in; as the queue.
    pub strays: BatchQueue<Stray>,
    /// EMPTY runs that its slabs have left; the tenant pushes, and who purges pushes back; any thread takes.
    pub empty_runs: EmptyRuns,
    /// Slots that the tenant has put there, less those of EMPTY runs that it has taken from wherever they stood, as
    /// far as `POOL.empty_slots` does not know of them; may be below zero. The tenant writes.
    pub untold_empty_slots: OwnedCounter,
    /// Times that the owner looked for blocks; the owner writes. Posters tell by it whether it sleeps.
    pub asked: OwnedCounter,
    /// Counters; the tenant writes (the owner: those of the outbox), any thread reads.
    pub stats: HeapStats,
}

impl HeapShared {
    /// Whether something was sent to the heap that nobody has taken yet. For `[PARK]`, see
    /// `sync/tenancy.rs`.
    #[inline]
    pub fn has_mail(&self) -> bool {
        !self.queue.is_empty() || !self.strays.is_empty()
    }

    /// Whether more was sent than may wait for a sleeping owner: a hint, for whoever leaves the heap.
    /// Posters that found somebody inside have left their batches to it.
    #[inline]
    pub fn has_backlog(&self) -> bool {
        let newest = self.queue.peek();
        // SAFETY: [I-POOL] a stale magazine gives a wrong hint and nothing else.
        !newest.is_null() && is_backlog(unsafe { &*newest }.bytes())
    }
}

/// Whether `waiting_bytes` in the queue of one heap are more than may wait for a sleeping owner.
#[inline]
pub fn is_backlog(waiting_bytes: usize) -> bool {
    waiting_bytes > policy::BACKLOG_LEAST_BYTES && {
        let claimed_bytes = POOL.claimed_slots.get() as usize * SLOT_BYTES;
        waiting_bytes > policy::backlog_bytes(claimed_bytes, directory::in_use())
    }
}
