//! The part of a heap that other threads may touch: who is inside, what was sent to it, and its
//! counters. Everything in it is atomic.

use crate::magazine::Magazine;
use crate::stats::HeapStats;
use crate::sync::batch_queue::BatchQueue;
use crate::sync::tenancy::Tenancy;

/// See the module.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct HeapShared {
    /// Who may touch the rest; any thread, by its transitions.
    pub tenancy: Tenancy,
    /// Batches of blocks freed by others: any thread pushes, the tenant takes.
    pub queue: BatchQueue<Magazine>,
    /// Counters; the tenant writes (the owner: those of the outbox), any thread reads.
    pub stats: HeapStats,
}

impl HeapShared {
    /// What a heap that nobody owns shares.
    pub const fn new() -> Self {
        Self { tenancy: Tenancy::new(), queue: BatchQueue::new(), stats: HeapStats::new() }
    }
}

impl Default for HeapShared {
    fn default() -> Self {
        Self::new()
    }
}
