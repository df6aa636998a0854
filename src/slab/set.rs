//! The slabs of one heap: for each class one attached slab, from which refills take, and a list of
//! the others that have free blocks. Slabs without a free block stand in no list; the first block
//! put back lists them.
//!
//! Everything here but the counters and the tenancy belongs to the tenant.
#![allow(unsafe_code)] // hands out references to the slabs of the set

use super::directory;
use super::fall::Fall;
use super::owned::{NO_SLAB, Slab, slab_at};
use super::shared::HeapShared;
use crate::geometry::*;
use crate::policy;
use crate::stats::HeapStats;
use crate::superslab::extent::{self, CommitStep};
use crate::superslab::registry;

/// The slabs of one class.
#[derive(Clone, Copy, Debug)]
struct ClassSlabs {
    attached: u32,
    first: u32,
    last: u32,
    /// Blocks out of the slabs when blocks were taken last.
    filled_blocks: u32,
}

const NO_SLABS: ClassSlabs = ClassSlabs { attached: NO_SLAB, first: NO_SLAB, last: NO_SLAB, filled_blocks: 0 };

/// See the module.
#[derive(Debug)]
#[repr(C)]
pub struct SlabSet {
    owner: u32,
    shared: &'static HeapShared,
    /// The heap's commit step.
    pub commit_step: CommitStep,
    /// SuperSlab in which the last claim succeeded.
    pub superslab_hint: u32,
    /// Slabs that were given back before a slab was attached last.
    released_before: u64,
    /// Slabs that others took while its owner rested.
    given: u64,
    /// Fresh slabs that it took in place of those.
    fresh_for_given: u64,
    /// What came back to the slabs.
    fall: Fall,
    /// Bit `class`: the parked heap is counted among those with a partial slab of that class.
    pub advertised: u128,
    classes: [ClassSlabs; NUM_CLASSES],
}

/// What became of blocks that were put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a whole slab is to be released"]
pub enum Put {
    /// They are in their slab.
    Kept,
    /// They were the slab's last blocks out: the slab has left the set and belongs to the caller.
    Whole,
    /// The first is not to be put back.
    Refused,
}

impl SlabSet {
    /// An empty set of the heap with this id.
    pub fn new(owner: u32, shared: &'static HeapShared) -> Self {
        Self {
            owner,
            shared,
            commit_step: CommitStep::new(),
            superslab_hint: 0,
            released_before: 0,
            given: 0,
            fresh_for_given: 0,
            fall: Fall::new(),
            advertised: 0,
            classes: [NO_SLABS; NUM_CLASSES],
        }
    }

    /// The heap's counters.
    #[inline]
    pub fn stats(&self) -> &'static HeapStats {
        &self.shared.stats
    }

    /// The part of the heap that others may touch.
    #[inline]
    pub fn shared(&self) -> &'static HeapShared {
        self.shared
    }

    /// The heap id that the slabs' entry words carry.
    #[inline]
    pub fn owner(&self) -> u32 {
        self.owner
    }

    /// The first slab of a class that has a free block and is not attached.
    pub fn first_partial(&self, class: usize) -> Option<u32> {
        Some(self.classes[class].first).filter(|&slot| slot != NO_SLAB)
    }

    /// Whether so much of the class's slabs is free that its cached blocks should go back to them.
    pub fn is_shrinking(&self, class: usize) -> bool {
        let (free_bytes, out_bytes) = self.free_and_out_bytes(class);
        policy::is_shrinking(free_bytes, out_bytes)
    }

    /// Whether the class has much more slabs than hold what is in use, where the thread caches `cached_blocks`.
    pub fn is_hollow(&self, class: usize, cached_blocks: usize) -> bool {
        let (stats, info) = (&self.shared.stats, &CLASSES[class]);
        let used = (stats.blocks_out[class].get() as usize).saturating_sub(cached_blocks);
        let needed = used.div_ceil(info.capacity as usize);
        policy::is_hollow(stats.slabs[class].get() as usize, needed, info.slab_mask as usize + 1)
    }

    /// How often the heap has given so much back, taking hardly anything out of its slabs in between, that its owner
    /// is taken to only give memory up; 0 while it is not.
    pub fn giving_up_waves(&self) -> u32 {
        let released = self.shared.stats.releases.get() - self.released_before;
        let fallen_bytes = self.fall.bytes_for_good();
        let halvings = if fallen_bytes > 0 { policy::cache_halvings(directory::in_use()) } else { 0 };
        policy::giving_up_waves(released, fallen_bytes, halvings)
    }

    /// Whether the owner is giving memory up just now: its slabs will be whole soon, and serve others then.
    pub fn is_giving_up(&self) -> bool {
        self.giving_up_waves() > 0 && self.fall.goes_on()
    }

    /// Counts blocks that the owner's front cache had no room for.
    pub fn note_flush(&mut self, class: usize, blocks: usize) {
        let stats = self.stats();
        stats.flushes.add();
        stats.flushed_blocks.add_n(blocks as u64);
        self.fall.put(blocks * CLASSES[class].bytes as usize);
    }

    /// While the program only gives blocks of the class up, of which the thread caches `cached_blocks`: how many of
    /// them a bin of `capacity_blocks` may hold.
    pub fn falling_bin_blocks(&self, class: usize, cached_blocks: usize, capacity_blocks: usize) -> Option<usize> {
        let (free_bytes, out_bytes) = self.free_and_out_bytes(class);
        let (bytes, slab_bytes) = (CLASSES[class].bytes as usize, CLASSES[class].slab_mask as usize + 1);
        let (cached_bytes, filled_bytes) = (cached_blocks * bytes, self.classes[class].filled_blocks as usize * bytes);
        let used_bytes = out_bytes.saturating_sub(cached_bytes);
        policy::is_falling(free_bytes + cached_bytes, used_bytes, filled_bytes, slab_bytes)
            .then(|| policy::falling_bin_blocks(used_bytes, slab_bytes, capacity_blocks))
    }

    /// Bytes of the class's blocks in the slabs, and out of them.
    fn free_and_out_bytes(&self, class: usize) -> (usize, usize) {
        let (stats, info) = (&self.shared.stats, &CLASSES[class]);
        let out = stats.blocks_out[class].get() as usize;
        let free = (stats.slabs[class].get() as usize * info.capacity as usize).saturating_sub(out);
        (free * info.bytes as usize, out * info.bytes as usize)
    }

    /// Slabs of a class that belong to the set.
    pub fn slabs(&self, class: usize) -> usize {
        self.shared.stats.slabs[class].get() as usize
    }

    /// Of `bytes`, as many as slabs of one slot have of the set's slots.
    pub fn share_of_short_slabs(&self, bytes: usize) -> usize {
        let (mut short_slots, mut slots) = (0, 0);
        for (slabs, info) in self.shared.stats.slabs.iter().zip(&CLASSES) {
            let slabs = slabs.get() as usize;
            short_slots += if info.order == 0 { slabs } else { 0 };
            slots += slabs << info.order;
        }
        bytes / slots.max(1) * short_slots
    }

    /// Adds a run that the caller owns as a fresh slab of the set, attached; the slab attached
    /// before is detached.
    pub fn attach_fresh(&mut self, slot: u32, class: usize, content: Content) {
        // SAFETY: [I-SLAB] the caller owns the run and gives it to this set.
        let slab = unsafe { slab_at(slot) };
        slab.init(slot, class, content);
        let entry = slab_entry(self.owner, class);
        registry::set_entries(slot as usize, RunKind::slab(class).slots(), entry, entry);
        self.shared.stats.slabs[class].add();
        self.attach(slot, class);
    }

    /// Adds a slab of another set, that of heap `from`, whose tenant the caller is too, and which has given it up.
    pub fn attach_adopted(&mut self, slot: u32, class: usize, from: u32) {
        // SAFETY: [I-SLAB] the other set has given the slab up.
        let slab = unsafe { slab_at(slot) };
        slab.set_adopted_from(from);
        let entry = slab_entry(self.owner, class);
        registry::set_entries(slot as usize, RunKind::slab(class).slots(), entry, entry);
        self.shared.stats.slabs[class].add();
        self.shared.stats.blocks_out[class].add_n(u64::from(slab.blocks_out()));
        self.shared.stats.adopted_slabs.add();
        self.attach(slot, class);
    }

    fn attach(&mut self, slot: u32, class: usize) {
        self.released_before = self.shared.stats.releases.get();
        self.detach(class);
        self.classes[class].attached = slot;
    }

    /// Detaches the attached slab of a class, listing it when it has a free block.
    pub fn detach(&mut self, class: usize) {
        let slot = core::mem::replace(&mut self.classes[class].attached, NO_SLAB);
        // SAFETY: [I-SLAB] an attached slab belongs to this set.
        if slot != NO_SLAB && unsafe { slab_at(slot) }.free_blocks() > 0 {
            self.list(slot, class);
        }
    }

    /// Attaches the next partial slab in place of the attached one. `false`: there is none.
    pub fn attach_partial(&mut self, class: usize) -> bool {
        let slot = self.classes[class].first;
        if slot == NO_SLAB {
            return false;
        }
        self.unlist(slot, class);
        self.attach(slot, class);
        true
    }

    /// The attached slab of a class.
    #[inline]
    pub fn attached(&mut self, class: usize) -> Option<&mut Slab> {
        let slot = self.classes[class].attached;
        if slot == NO_SLAB {
            return None;
        }
        // SAFETY: [I-SLAB] an attached slab belongs to this set, and the borrow of the set covers it.
        Some(unsafe { slab_at(slot) })
    }

    /// Whether the attached slab of a class has blocks.
    pub fn has_attached_blocks(&mut self, class: usize) -> bool {
        self.attached(class).is_some_and(|slab| slab.free_blocks() > 0)
    }

    /// Whether the class has slabs with blocks in them that were out before, or may have been.
    pub fn has_used_blocks(&mut self, class: usize) -> bool {
        self.first_partial(class).is_some() || self.attached(class).is_some_and(|slab| slab.used_blocks() > 0)
    }

    /// Takes up to `want` blocks out of the attached slab, as [`Slab::take_many`] does. Returns how many.
    #[inline]
    pub fn take_many(&mut self, class: usize, want: usize, carve: usize, out: &mut [*mut u8]) -> usize {
        let taken = self.attached(class).map_or(0, |slab| slab.take_many(want, carve, out));
        self.shared.stats.blocks_out[class].add_n(taken as u64);
        self.fall.take(taken * CLASSES[class].bytes as usize);
        self.classes[class].filled_blocks = self.shared.stats.blocks_out[class].get() as u32;
        taken
    }

    /// Takes one block out of the attached slab, and says what it reads as.
    pub fn take_one(&mut self, class: usize) -> Option<(*mut u8, Content)> {
        let one = self.attached(class)?.take_one()?;
        self.shared.stats.blocks_out[class].add();
        Some(one)
    }

    /// Puts back the first of `blocks`, which stands in the slab of this set with first slot `slot`, and
    /// those behind it as far as they stand there too. Returns how many that were.
    #[inline(always)]
    pub fn put_leading(&mut self, slot: u32, class: usize, blocks: &[*mut u8]) -> (usize, Put) {
        // SAFETY: [I-SLAB] the caller read from the slot table that the slab belongs to this set.
        let slab = unsafe { slab_at(slot) };
        debug_assert_eq!((slab.slot(), slab.class()), (slot, class));
        let put = slab.put_leading(&CLASSES[class], blocks);
        if put == 0 {
            return (0, Put::Refused);
        }
        self.shared.stats.blocks_out[class].sub_n(put as u64);
        if slab.is_listed() && !slab.is_whole() {
            return (put, Put::Kept);
        }
        (put, self.have_more(slot, class))
    }

    /// What becomes of a slab that was full, or is whole now, or attached.
    fn have_more(&mut self, slot: u32, class: usize) -> Put {
        if self.classes[class].attached == slot {
            return Put::Kept; // one whole slab of each class stays, against flutter
        }
        // SAFETY: [I-SLAB] as in `put_leading`.
        let slab = unsafe { slab_at(slot) };
        let (is_whole, is_listed) = (slab.is_whole(), slab.is_listed());
        if is_whole {
            if is_listed {
                self.unlist(slot, class);
            }
            self.shared.stats.slabs[class].sub_n(1);
            return Put::Whole;
        }
        self.list(slot, class);
        Put::Kept
    }

    /// Gives up the first partial slab of a class: it belongs to the caller, who adopts it.
    pub fn give_up_partial(&mut self, class: usize) -> Option<u32> {
        let slot = self.classes[class].first;
        if slot == NO_SLAB {
            return None;
        }
        self.unlist(slot, class);
        // SAFETY: [I-SLAB] it stood in this set's list.
        let out = unsafe { slab_at(slot) }.blocks_out();
        self.shared.stats.slabs[class].sub_n(1);
        self.shared.stats.blocks_out[class].sub_n(u64::from(out));
        // they did not come back: no fall
        self.classes[class].filled_blocks = self.classes[class].filled_blocks.saturating_sub(out);
        Some(slot)
    }

    /// Notes that a slab was given up while its owner rested.
    pub fn note_given(&mut self) {
        self.given += 1;
    }

    /// Whether the heap is to take a fresh slab now, since others have taken several of it; if so, that is noted.
    pub fn pays_for_given(&mut self) -> bool {
        let pays = policy::owes_growth(self.given, self.fresh_for_given);
        self.fresh_for_given += u64::from(pays);
        pays
    }

    /// Gives up the attached slab of a class if all of its blocks are in it.
    pub fn give_up_attached_whole(&mut self, class: usize) -> Option<u32> {
        let slot = self.classes[class].attached;
        // SAFETY: [I-SLAB] an attached slab belongs to this set.
        if slot == NO_SLAB || !unsafe { slab_at(slot) }.is_whole() {
            return None;
        }
        self.classes[class].attached = NO_SLAB;
        self.shared.stats.slabs[class].sub_n(1);
        Some(slot)
    }

    fn list(&mut self, slot: u32, class: usize) {
        let last = self.classes[class].last;
        // SAFETY: [I-SLAB] the slab belongs to this set.
        let slab = unsafe { slab_at(slot) };
        slab.enter_list();
        slab.prev = last;
        slab.next = NO_SLAB;
        match last {
            NO_SLAB => self.classes[class].first = slot,
            // SAFETY: [I-SLAB] a listed slab of this set, and not the one above.
            _ => unsafe { slab_at(last) }.next = slot,
        }
        self.classes[class].last = slot;
    }

    fn unlist(&mut self, slot: u32, class: usize) {
        // SAFETY: [I-SLAB] the slab belongs to this set.
        let slab = unsafe { slab_at(slot) };
        debug_assert!(slab.is_listed());
        slab.leave_list();
        let (prev, next) = (slab.prev, slab.next);
        match prev {
            NO_SLAB => self.classes[class].first = next,
            // SAFETY: [I-SLAB] neighbours in the list belong to this set.
            _ => unsafe { slab_at(prev) }.next = next,
        }
        match next {
            NO_SLAB => self.classes[class].last = prev,
            // SAFETY: as above.
            _ => unsafe { slab_at(next) }.prev = prev,
        }
    }

    /// Forgets every slab of the set, in the child of a fork; [`SlabSet::recover`] finds them again.
    pub fn forget(&mut self) {
        self.classes = [NO_SLABS; NUM_CLASSES];
        self.advertised = 0; // counted anew when the heap is whole
        for class in 0..NUM_CLASSES {
            let stats = &self.shared.stats;
            stats.slabs[class].sub_n(stats.slabs[class].get());
            stats.blocks_out[class].sub_n(stats.blocks_out[class].get());
        }
    }

    /// Lists a slab that the slot table says is this set's.
    pub fn recover(&mut self, slot: u32, class: usize) {
        let entry = slab_entry(self.owner, class);
        registry::set_entries(slot as usize, RunKind::slab(class).slots(), entry, entry);
        // SAFETY: [I-SLAB] the caller is the tenant, and the child of a fork has no other thread.
        let slab = unsafe { slab_at(slot) };
        slab.recover(slot, class);
        self.shared.stats.slabs[class].add();
        self.shared.stats.blocks_out[class].add_n(u64::from(slab.blocks_out()));
        if slab.free_blocks() > 0 {
            self.list(slot, class);
        }
    }

    /// Leads the first partial slab of a class to another one: for the test of the checks. Returns where it led.
    #[cfg(test)]
    pub fn damage_list(&mut self, class: usize, next: impl FnOnce(u32) -> u32) -> u32 {
        let first = self.classes[class].first;
        // SAFETY: [I-SLAB] a listed slab of this set.
        let slab = unsafe { slab_at(first) };
        core::mem::replace(&mut slab.next, next(first))
    }

    /// Number of faults in the set: lists, slabs and their entry words must agree.
    pub fn check_rep(&self) -> usize {
        let (mut faults, slots_made) = (0, (extent::superslabs_made() * SLOTS_PER_SUPERSLAB) as u32);
        for (class, slabs) in self.classes.iter().enumerate() {
            let (mut at, mut prev) = (slabs.first, NO_SLAB);
            let mut left = self.shared.stats.slabs[class].get();
            while at != NO_SLAB {
                if left == 0 || at >= slots_made {
                    faults += 1; // a circle, or no slab
                    break;
                }
                left -= 1;
                // SAFETY: [I-SLAB] read only, by the tenant.
                let slab = unsafe { slab_at(at) };
                faults += slab.check_rep();
                faults += usize::from(slab.prev != prev || !slab.is_listed() || slab.class() != class);
                faults += usize::from(slab.free_blocks() == 0);
                faults += usize::from(registry::entry(at as usize) != slab_entry(self.owner, class));
                (prev, at) = (at, slab.next);
            }
            faults += usize::from(slabs.last != prev);
            if slabs.attached != NO_SLAB {
                // SAFETY: [I-SLAB] as above.
                let slab = unsafe { slab_at(slabs.attached) };
                faults += slab.check_rep();
                faults += usize::from(slab.is_listed() || slab.class() != class || slab.slot() != slabs.attached);
                faults += usize::from(registry::entry(slabs.attached as usize) != slab_entry(self.owner, class));
            }
        }
        faults
    }
}
