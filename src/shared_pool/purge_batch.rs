//! Runs that the purging thread owns and is about to give back to the system: gathered first, so that
//! neighbours go in one system call. A purge in a program of several threads interrupts every core that
//! runs one of them, so the number of calls is what it costs.
#![allow(unsafe_code)] // purges runs

use super::{trace, unused, whole};
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::stats::POOL;
use crate::superslab::header::run_mask;
use crate::superslab::registry;

/// A run: its first slot, and how many there are.
#[derive(Clone, Copy, Debug)]
struct Doomed {
    slot: u32,
    slots: u32,
}

/// See the module. Purged when it is full, and when it is dropped.
#[derive(Debug)]
pub struct PurgeBatch {
    runs: [Doomed; policy::PURGE_BATCH_RUNS],
    count: usize,
}

impl PurgeBatch {
    /// Nothing to purge.
    pub const fn new() -> Self {
        Self { runs: [Doomed { slot: 0, slots: 0 }; policy::PURGE_BATCH_RUNS], count: 0 }
    }

    /// Adds a run that the caller owns, and that counts as claimed until now. It is UNUSED once the batch
    /// is purged.
    pub(super) fn add(&mut self, slot: u32, slots: usize) {
        if self.count == self.runs.len() {
            self.purge();
        }
        POOL.claimed_slots.sub_n(slots as u64);
        self.runs[self.count] = Doomed { slot, slots: slots as u32 };
        self.count += 1;
    }

    fn purge(&mut self) {
        let runs = &mut self.runs[..core::mem::take(&mut self.count)];
        runs.sort_unstable_by_key(|run| run.slot);
        for neighbours in runs.chunk_by(|run, next| run.slot + run.slots == next.slot) {
            purge_neighbours(neighbours);
        }
    }
}

impl Default for PurgeBatch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for PurgeBatch {
    fn drop(&mut self) {
        self.purge();
    }
}

/// Gives back the pages of runs that follow one another, then the runs. Where the system refuses, the slots
/// stay dirty and their memory in place.
fn purge_neighbours(runs: &[Doomed]) {
    let bytes = runs.iter().map(|run| run.slots as usize * SLOT_BYTES).sum();
    let start = registry::slot_address(runs[0].slot as usize);
    // SAFETY: [I-RANGE] the runs are the purging thread's.
    let is_purged = os::timed(&POOL.purge_ns, || unsafe { os::purge(start, bytes) });
    if is_purged {
        POOL.purged_bytes.add_n(bytes as u64);
    }
    let now = os::now_ms();
    for &Doomed { slot, slots } in runs {
        trace::event(trace::Event::Purged, RunKind::span(slots as usize), slot);
        let (superslab, first) = registry::split_slot(slot as usize);
        if is_purged {
            (slot..slot + slots).for_each(|slot| registry::record(slot as usize).set_changed_ms(now));
            registry::header(superslab).mark_purged(run_mask(first, slots as usize));
        }
        if unused::unclaim(slot, slots as usize) == 0 {
            whole::purge_slab_memory(superslab);
        }
    }
}
