//! The outbox: blocks of other heaps on their way, by owner.
//!
//! An outbox belongs to its heap's owner alone; visitors do not touch it, but where a fork has left it without one. Reports,
//! and who looks for a block that may be freed twice, read it racing with the owner.
//! It holds at most about [`policy::OUTBOX_MAX_BYTES`]; lanes are posted when they are full (sooner if the owner sleeps),
//! when another owner needs the lane, when all of them together hold that much, on the slow paths that ask
//! the shared pool, and at thread exit. When the thread moves to another heap, the outbox moves with it.
#![allow(unsafe_code)] // fills magazines by pointer

use super::lane::Lane;
use crate::geometry::*;
use crate::magazine::Magazine;
use crate::magazine::stock::{self, Stock};
use crate::policy;
use crate::slab::directory;
use crate::slab::shared::{Stray, is_backlog};
use crate::stats::{HeapStats, POOL};

/// See the module.
#[derive(Debug)]
pub struct Outbox {
    lanes: [Lane; policy::OUTBOX_LANES],
    bytes: usize,
    /// For the next batches.
    stock: Stock,
}

/// What a poster should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a sleeping or absent owner must be helped"]
pub enum Posted {
    /// Nothing.
    Quietly,
    /// Drain this owner's queue in its place: it is gone or sleeps, or its backlog is above the bound.
    OwnerNeedsHelp(u32),
}

impl Posted {
    /// Both; of two owners that need help the first is left to whoever visits next.
    fn and(self, later: Self) -> Self {
        match (self, later) {
            (Posted::OwnerNeedsHelp(first), Posted::OwnerNeedsHelp(second)) if first != second => {
                directory::want_visit(first);
                later
            }
            (Posted::OwnerNeedsHelp(_), _) => self,
            _ => later,
        }
    }
}

impl Outbox {
    /// Whether nothing waits in it.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Bytes that wait in it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Blocks and bytes that wait in any outbox, racing with its owner: for reports.
    ///
    /// # Safety
    /// `outbox` is a heap's outbox.
    pub unsafe fn waiting_in(outbox: *const Outbox) -> (u64, u64) {
        // SAFETY: the caller's promise.
        let lanes = unsafe { Self::lanes_of(outbox) };
        lanes.fold((0, 0), |(blocks, bytes), lane| (blocks + lane.count() as u64, bytes + lane.bytes() as u64))
    }

    /// Whether `block` waits in any outbox, racing with its owner: to find out about a double free.
    ///
    /// # Safety
    /// `outbox` is a heap's outbox.
    pub unsafe fn may_hold(outbox: *const Outbox, block: *mut u8) -> bool {
        // SAFETY: the caller's promise.
        unsafe { Self::lanes_of(outbox) }.any(|lane| lane.may_hold(block))
    }

    /// Copies of the lanes of any outbox, but for those that their owner was changing.
    ///
    /// # Safety
    /// `outbox` is a heap's outbox.
    unsafe fn lanes_of(outbox: *const Outbox) -> impl Iterator<Item = Lane> {
        // SAFETY: the caller's promise; volatile reads of plain words that are always mapped.
        let copies =
            (0..policy::OUTBOX_LANES).map(move |at| unsafe { (&raw const (*outbox).lanes[at]).read_volatile() });
        // more may stand in none of them
        copies.filter(|lane| lane.count() <= policy::MAGAZINE_BLOCKS && lane.bytes() <= policy::OUTBOX_MAX_BYTES)
    }

    /// Adds a block where that needs neither a magazine nor a look at the lane's bounds: a few stores. `false`:
    /// [`Outbox::add`] it.
    #[inline(always)]
    #[must_use]
    pub fn add_to_lane(&mut self, owner: u32, class: usize, block: *mut u8) -> bool {
        let bytes = CLASSES[class].bytes;
        let lane = &mut self.lanes[owner as usize % policy::OUTBOX_LANES];
        let all_bytes = self.bytes + bytes as usize;
        if lane.owner != owner
            || lane.top == lane.end
            || lane.left <= bytes as i32
            || all_bytes > policy::OUTBOX_MAX_BYTES
        {
            return false;
        }
        lane.push(class, bytes, block);
        self.bytes = all_bytes;
        true
    }

    /// Adds a block of `class` that belongs to `owner`. Posts the lane when it is full.
    pub fn add(&mut self, owner: u32, class: usize, block: *mut u8, stats: &HeapStats) -> Posted {
        let bytes = CLASSES[class].bytes;
        let place = owner as usize % policy::OUTBOX_LANES;
        let mut posted = Posted::Quietly;
        if self.lanes[place].owner != owner {
            posted = self.post_lane(place, stats);
            self.lanes[place] = Lane::of(owner);
        }
        let lane = &mut self.lanes[place];
        if !lane.has_batch() {
            let Some(batch) = self.stock.take() else {
                account_posted(stats, 1, bytes as usize);
                return posted.and(send_stray(owner, block));
            };
            // SAFETY: [I-MAGAZINE] an obtained magazine belongs to the caller.
            unsafe {
                (*batch).clear(class as u8);
                lane.begin(batch, class);
            }
        }
        lane.push(class, bytes, block);
        self.bytes += bytes as usize;
        let (count, lane_bytes) = (lane.count(), lane.bytes());
        if policy::lane_is_full(count, lane_bytes, lane.most_blocks()) || self.bytes > policy::OUTBOX_MAX_BYTES {
            posted = posted.and(self.post_lane(place, stats));
        } else if lane.top > lane.end {
            lane.go_on(count, lane_bytes);
        }
        posted
    }

    fn post_lane(&mut self, place: usize, stats: &HeapStats) -> Posted {
        let lane = &mut self.lanes[place];
        let (blocks, bytes) = (lane.count(), lane.bytes());
        let batch = lane.take();
        if batch.is_null() {
            return Posted::Quietly;
        }
        self.bytes -= bytes;
        stats.posted_batches.add();
        account_posted(stats, blocks, bytes);
        // SAFETY: [I-MAGAZINE] the batch was this outbox's and is given away.
        let (posted, retries) = unsafe { post(lane.owner, batch, bytes) };
        stats.post_retries.add_n(u64::from(retries));
        if lane.is_quiet_after_post(blocks) { Posted::OwnerNeedsHelp(lane.owner) } else { posted }
    }

    /// Posts every lane and calls `help` for each owner that needs it.
    pub fn post_all(&mut self, stats: &HeapStats, mut help: impl FnMut(u32)) {
        if self.is_empty() {
            return; // as in each program of one thread
        }
        for place in 0..policy::OUTBOX_LANES {
            if let Posted::OwnerNeedsHelp(owner) = self.post_lane(place, stats) {
                help(owner);
            }
        }
    }

    /// Gives the magazines away that nothing waits in.
    pub fn give_stock(&mut self) {
        self.stock.give_all();
    }

    /// Puts right what the owner has left in its midst, in the child of a fork.
    pub fn recover(&mut self) {
        self.lanes.iter_mut().for_each(Lane::recover);
        self.bytes = self.lanes.iter().map(Lane::bytes).sum();
        self.stock.forget();
    }

    /// Number of faults, by the owner: each lane's bytes are those of its blocks, the sum that of the lanes.
    pub fn check_rep(&self) -> usize {
        let faults = usize::from(!self.stock.is_sound()) + self.lanes.iter().map(Lane::check_rep).sum::<usize>();
        faults + usize::from(self.lanes.iter().map(Lane::bytes).sum::<usize>() != self.bytes)
    }

    /// Counts a byte that is not there: for the test of the checks.
    #[cfg(test)]
    pub fn damage(&mut self) {
        self.bytes ^= 1;
    }
}

fn account_posted(stats: &HeapStats, blocks: usize, bytes: usize) {
    stats.posted_blocks.add_n(blocks as u64);
    stats.posted_bytes.add_n(bytes as u64);
}

/// Gives a batch of `bytes` to the queue of `owner`. Returns failed attempts too.
///
/// # Safety
/// The batch belongs to the caller and is given away.
pub(super) unsafe fn post(owner: u32, batch: *mut Magazine, bytes: usize) -> (Posted, u32) {
    let Some(heap) = directory::find(owner) else {
        debug_assert!(false, "an entry names a heap that does not exist");
        return (Posted::Quietly, 0);
    };
    let shared = &heap.shared;
    let older = shared.queue.peek();
    // SAFETY: [I-POOL] a stale magazine gives a wrong hint and nothing else.
    let backlog = bytes + if older.is_null() { 0 } else { unsafe { (*older).bytes() } };
    // SAFETY: [I-MAGAZINE] still the caller's.
    unsafe { (*batch).set_bytes(backlog) };
    // SAFETY: as above; the push gives it away.
    let retries = unsafe { shared.queue.push(batch) };
    let needs_help = is_backlog(backlog) || shared.tenancy.is_parked();
    (if needs_help { Posted::OwnerNeedsHelp(owner) } else { Posted::Quietly }, retries)
}

/// Gives a single block to its owner: for threads without an outbox of their own.
pub fn post_one(owner: u32, class: usize, block: *mut u8) -> Posted {
    let Some(batch) = stock::obtain() else { return post_stray(owner, class, block) };
    POOL.account_post_without_outbox(1, CLASSES[class].bytes as usize);
    // SAFETY: [I-MAGAZINE] an obtained magazine belongs to the caller, who gives it away.
    unsafe {
        (*batch).clear(class as u8);
        (*batch).push(block);
        post(owner, batch, CLASSES[class].bytes as usize).0
    }
}

/// Metadata memory is out: the block itself is the link of the list in which it travels.
#[cold]
pub(super) fn post_stray(owner: u32, class: usize, block: *mut u8) -> Posted {
    POOL.account_post_without_outbox(1, CLASSES[class].bytes as usize);
    send_stray(owner, block)
}

fn send_stray(owner: u32, block: *mut u8) -> Posted {
    let Some(heap) = directory::find(owner) else {
        debug_assert!(false, "an entry names a heap that does not exist");
        return Posted::Quietly;
    };
    POOL.stray_blocks.add();
    // SAFETY: [I-STRAY] a freed block of at least 16 bytes, which nobody else holds.
    let retries = unsafe { heap.shared.strays.push(block.cast::<Stray>()) };
    POOL.stray_retries.add_n(u64::from(retries));
    Posted::OwnerNeedsHelp(owner)
}
