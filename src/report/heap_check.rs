//! `hakmem_check`: walks the heap and counts where its parts contradict each other.
//!
//! | compared | with |
//! |---|---|
//! | a slot's bit in its SuperSlab's claimed word | its entry in the slot table, the committed word, the hints of free runs |
//! | the entry at the head of a run | the entries of the rest, its alignment, its owner's heap |
//! | an EMPTY run | the record at its head; the stack it stands on, that stack's hint |
//! | a slab's bitmap | its counts; its set's lists and attached slab ([`SlabSet::check_rep`]) |
//! | blocks in bins, depot and outbox | the slabs they are out of; the counts of bin, depot, lanes |
//! | recycled magazines and records of huge blocks | the metadata pool; the length of their chains |
//! | a parked heap | the hint that it can be found; the wish for a visit, if it has mail; its partial slabs as advertised |
//! | a huge block | its record, its entry, its place in the cache |
//! | claimed, EMPTY, span slots, huge bytes, slabs and blocks out of them, as walked | the counters |
//!
//! The walk takes no lock: a heap is looked at as its visitor (`sync/tenancy.rs`), and not
//! at all while its owner is inside; bins and outbox only where the owner is the calling thread, or
//! there is none. It changes nothing, but that blocks on their way between heaps
//! are brought home first, as a visit's end would do it in the middle of the walk. What other threads
//! change while it runs may look like a fault: the number is exact when they are at rest.

// reads what belongs to a heap, as its visitor
#![allow(unsafe_code)]

use super::snapshot;
use crate::front_cache::elsewhere::Elsewhere;
use crate::front_cache::heap::Heap;
use crate::front_cache::{tls, visit};
use crate::geometry::*;
use crate::large::{cache, registry as huge_registry};
use crate::magazine::stock;
use crate::policy;
use crate::shared_pool;
use crate::slab::directory::{self, HeapRecord};
use crate::slab::owned::slab_at;
use crate::slab::set::SlabSet;
use crate::stats::POOL;
use crate::superslab::extent;
use crate::superslab::header::{SlotState, run_mask};
use crate::superslab::registry;
use crate::sync::tenancy::Visit;

/// What the walk saw.
struct Walk {
    faults: usize,
    claimed_slots: u64,
    empty_slots: u64,
    span_slots: u64,
    huge_bytes: u64,
    slabs: [u64; NUM_CLASSES],
    blocks_out: [u64; NUM_CLASSES],
    /// Parked heaps that advertise a slab of the class.
    advertised: [u64; NUM_CLASSES],
    /// Somebody was inside a heap, so that sums over all of them are not known.
    is_partial: bool,
}

/// What stands at a claimed slot, as its entry says.
enum Standing {
    Slab { owner: u32, class: usize },
    Span { slots: usize },
    Empty { slots: usize },
    Unknown,
}

/// The number of faults in the heap, 0 in a sound one.
pub fn count_faults() -> usize {
    let mut walk = Walk {
        faults: 0,
        claimed_slots: 0,
        empty_slots: 0,
        span_slots: 0,
        huge_bytes: 0,
        slabs: [0; NUM_CLASSES],
        blocks_out: [0; NUM_CLASSES],
        advertised: [0; NUM_CLASSES],
        is_partial: false,
    };
    directory::for_each(|id, record| walk.parked(id, record));
    settle_queues();
    for superslab in 0..extent::superslabs_made() {
        walk.superslab(superslab);
    }
    directory::for_each(|id, record| walk.heap(id, record));
    walk.empty_stacks();
    walk.huge_blocks();
    walk.faults += stock::check_recycled() + huge_registry::check_recycled();
    walk.compare_counters();
    walk.faults
}

/// Drains the queue of every heap whose owner is not inside.
fn settle_queues() {
    for _ in 0..policy::SETTLING_ROUNDS {
        let mut waiting = false;
        directory::for_each(|id, record| {
            if record.shared.has_mail() {
                waiting = true;
                visit::help(id);
            }
        });
        if !waiting {
            return;
        }
    }
}

impl Walk {
    fn fault_if(&mut self, wrong: bool) {
        self.faults += usize::from(wrong);
    }

    /// A heap without an owner can be found, and blocks for it are somebody's concern `[PARK]`. Before the walk
    /// visits it, which would put both right.
    fn parked(&mut self, id: u32, record: &HeapRecord) {
        if record.shared.tenancy.is_parked() {
            self.fault_if(!directory::is_findable(id));
            self.fault_if(record.shared.has_mail() && !directory::is_wanted(id));
        }
    }

    /// Looks at the set, the depot and, where nobody else may touch them, the bins and the outbox of a heap.
    fn heap(&mut self, id: u32, record: &'static HeapRecord) {
        let heap = Heap::of_record(record);
        let is_mine = heap == tls::current();
        let faults = visited(id, |set, visit| {
            // SAFETY: [I-TENANT] as for the set.
            let mut faults = set.check_rep() + unsafe { (*(*heap).depot.get()).check_rep() };
            if is_mine || visit == Visit::Parked {
                // SAFETY: [I-BIN] [I-OUTBOX] this thread's own, or nobody's.
                let front = unsafe { &(*heap).front };
                let bins = front.bins.iter().enumerate();
                faults += bins.map(|(class, bin)| bin.check_rep(class)).sum::<usize>() + front.outbox.check_rep();
            }
            for class in 0..NUM_CLASSES {
                let is_advertised = set.advertised >> class & 1 == 1;
                self.advertised[class] += u64::from(is_advertised);
                faults += usize::from(visit == Visit::Parked && set.first_partial(class).is_some() && !is_advertised);
            }
            faults
        });
        self.is_partial |= faults.is_none();
        self.faults += faults.unwrap_or(0);
    }

    fn empty_stacks(&mut self) {
        let (faults, slots) = shared_pool::check_empty_runs();
        self.faults += faults;
        self.fault_if(slots != self.empty_slots);
    }

    fn huge_blocks(&mut self) {
        let (mut live, mut kept_bytes, mut kept, mut room) = (0, 0, 0, 0);
        huge_registry::for_each(|address, block, is_cached| {
            let is_in_window = registry::slot_of(address).is_some_and(|slot| registry::entry(slot) == HUGE_CODE);
            self.fault_if(block.start() != address || (block.superslabs() > 0) != is_in_window);
            self.fault_if(cache::count(Some(block)) != usize::from(is_cached));
            self.fault_if(block.mapped_bytes() < block.bytes());
            room += block.mapped_bytes().saturating_sub(block.bytes()) as u64;
            kept += usize::from(is_cached);
            *(if is_cached { &mut kept_bytes } else { &mut live }) += block.bytes() as u64;
        });
        self.huge_bytes = live;
        self.fault_if(cache::count(None) != kept || kept_bytes != POOL.huge_cached_bytes.get());
        self.fault_if(room != POOL.huge_room_bytes.get());
    }

    fn superslab(&mut self, superslab: usize) {
        let header = registry::header(superslab);
        let claimed = header.claimed.bits();
        self.faults += shared_pool::check_hints(superslab);
        self.fault_if(header.has_gathered() || !header.is_committed(claimed));
        let first = registry::entry(superslab * SLOTS_PER_SUPERSLAB);
        if claimed == u32::MAX && (first == HUGE_CODE || first == SPAN_BODY_CODE) {
            return; // a huge block in the window: counted by its bytes, not by slots
        }
        self.claimed_slots += u64::from(claimed.count_ones());
        let mut place = 0;
        while place < SLOTS_PER_SUPERSLAB {
            let slot = superslab * SLOTS_PER_SUPERSLAB + place;
            if claimed >> place & 1 == 0 {
                self.fault_if(registry::entry(slot) != ENTRY_UNUSED);
                place += 1;
            } else {
                place += self.run(slot, place, claimed);
            }
        }
    }

    /// Looks at the run that starts at `slot`, the `place`th of its SuperSlab. Returns its slots.
    fn run(&mut self, slot: usize, place: usize, claimed: u32) -> usize {
        let standing = standing_at(slot);
        let slots = match standing {
            Standing::Slab { class, .. } => RunKind::slab(class).slots(),
            Standing::Span { slots } | Standing::Empty { slots } => slots,
            Standing::Unknown => 0,
        };
        if slots == 0 || place + slots > SLOTS_PER_SUPERSLAB {
            self.faults += 1;
            return 1;
        }
        let mask = run_mask(place, slots);
        self.fault_if(claimed & mask != mask);
        let rest = match standing {
            Standing::Slab { .. } => registry::entry(slot),
            Standing::Span { .. } => SPAN_BODY_CODE,
            _ => ENTRY_UNUSED,
        };
        self.fault_if((slot + 1..slot + slots).any(|further| registry::entry(further) != rest));
        match standing {
            Standing::Slab { owner, class } => self.slab(slot, place, owner, class),
            Standing::Span { .. } => self.span_slots += slots as u64,
            _ => self.empty_slots += slots as u64,
        }
        slots
    }

    fn slab(&mut self, slot: usize, place: usize, owner: u32, class: usize) {
        self.slabs[class] += 1;
        self.fault_if(!place.is_multiple_of(RunKind::slab(class).slots()));
        self.fault_if(directory::find(owner).is_none());
        let entry = slab_entry(owner, class);
        let faults = visited(owner, |_, _| {
            if registry::entry(slot) != entry {
                return 0; // it has moved on since
            }
            // SAFETY: [I-TENANT] the slab's owner is being visited, and the entry still names it.
            let slab = unsafe { slab_at(slot as u32) };
            self.blocks_out[class] += u64::from(slab.blocks_out());
            let misplaced = slab.slot() as usize != slot || slab.class() != class;
            slab.check_rep() + usize::from(misplaced)
        });
        self.is_partial |= faults.is_none();
        self.faults += faults.unwrap_or(0);
    }

    fn compare_counters(&mut self) {
        let counted = snapshot().classes;
        for (class, counted) in counted.iter().enumerate() {
            self.fault_if(self.slabs[class] != counted.slabs);
            self.fault_if(!self.is_partial && self.blocks_out[class] != counted.blocks_out);
            self.fault_if(!self.is_partial && self.advertised[class] != shared_pool::advertised(class));
        }
        self.fault_if(self.claimed_slots != POOL.claimed_slots.get());
        self.fault_if(self.empty_slots != shared_pool::empty_slots());
        self.fault_if(self.span_slots != POOL.span_slots.get());
        self.fault_if(self.huge_bytes != POOL.huge_live_bytes.get());
    }
}

fn standing_at(slot: usize) -> Standing {
    let entry = registry::entry(slot);
    if let Some(class) = entry_class(entry) {
        return Standing::Slab { owner: entry_owner(entry), class };
    }
    if let Some(slots) = entry_span_slots(entry) {
        return Standing::Span { slots };
    }
    let record = registry::record(slot);
    let code = record.code();
    let is_kind = code < NUM_RUN_CODES && code != NUM_CLASSES;
    if entry == ENTRY_UNUSED && record.state() == SlotState::Empty && is_kind {
        return Standing::Empty { slots: RunKind::from_code(code).slots() };
    }
    Standing::Unknown
}

/// What `look` finds in the slab set of heap `id`, told how the heap is visited; none while somebody is
/// inside.
fn visited<R>(id: u32, look: impl FnOnce(&SlabSet, Visit) -> R) -> Option<R> {
    let record = directory::find(id)?;
    let _visit = Elsewhere::enter();
    let visit = record.shared.tenancy.transition_visit()?;
    // SAFETY: [I-TENANT] the visit made this thread the tenant.
    let found = look(unsafe { &*record.set.get() }, visit);
    if visit::leave(record, visit) {
        visit::help(id);
    }
    Some(found)
}

#[cfg(test)]
mod tests;
