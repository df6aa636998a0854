//! `hakmem_check`: walks the heap and counts where its parts contradict each other.
//!
//! | compared | with |
//! |---|---|
//! | a slot's bit in its SuperSlab's claimed word | its entry in the slot table |
//! | the entry at the head of a run | the entries of the rest, its alignment, its owner's heap |
//! | an EMPTY run | the record at its head |
//! | a slab's bitmap | its counts; its set's lists ([`SlabSet::check_rep`]) |
//! | claimed, EMPTY, span slots and slabs, as walked | the counters |
//!
//! The walk takes no lock: a slab is looked at as a visitor of its heap (`sync/tenancy.rs`), and not
//! at all while its owner is inside. It changes nothing, but that blocks on their way between heaps
//! are brought home first, as a visit's end would do it in the middle of the walk. What other threads
//! change while it runs may look like a fault: the number is exact when they are at rest.

// reads what belongs to a heap, as its visitor
#![allow(unsafe_code)]

use super::snapshot;
use crate::front_cache::orphan::Elsewhere;
use crate::front_cache::visit;
use crate::geometry::*;
use crate::policy;
use crate::slab::directory;
use crate::slab::owned::slab_at;
use crate::slab::set::SlabSet;
use crate::stats::POOL;
use crate::superslab::extent;
use crate::superslab::header::{SlotState, run_mask};
use crate::superslab::registry;

/// What the walk saw.
#[derive(Default)]
struct Walk {
    faults: usize,
    claimed_slots: u64,
    empty_slots: u64,
    span_slots: u64,
    slabs: u64,
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
    settle_queues();
    let mut walk = Walk::default();
    for superslab in 0..extent::superslabs_made() {
        walk.superslab(superslab);
    }
    directory::for_each(|id, _| walk.faults += visited(id, SlabSet::check_rep).unwrap_or(0));
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

    fn superslab(&mut self, superslab: usize) {
        let claimed = registry::header(superslab).claimed();
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
        self.slabs += 1;
        self.fault_if(!place.is_multiple_of(RunKind::slab(class).slots()));
        self.fault_if(directory::find(owner).is_none());
        let entry = slab_entry(owner, class);
        let faults = visited(owner, |_| {
            if registry::entry(slot) != entry {
                return 0; // it has moved on since
            }
            // SAFETY: [I-TENANT] the slab's owner is being visited, and the entry still names it.
            let slab = unsafe { slab_at(slot as u32) };
            let misplaced = slab.slot() as usize != slot || slab.class() != class;
            slab.check_rep() + usize::from(misplaced)
        });
        self.faults += faults.unwrap_or(0);
    }

    fn compare_counters(&mut self) {
        let counted: u64 = snapshot().classes.iter().map(|class| class.slabs).sum();
        self.fault_if(self.slabs != counted);
        self.fault_if(self.claimed_slots != POOL.claimed_slots.get());
        self.fault_if(self.empty_slots != POOL.empty_slots.get());
        self.fault_if(self.span_slots != POOL.span_slots.get());
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

/// What `look` finds in the slab set of heap `id`; none while somebody is inside.
fn visited<R>(id: u32, look: impl FnOnce(&SlabSet) -> R) -> Option<R> {
    let record = directory::find(id)?;
    let _visit = Elsewhere::enter();
    let visit = record.shared.tenancy.transition_visit()?;
    // SAFETY: [I-TENANT] the visit made this thread the tenant.
    let found = look(unsafe { &*record.set.get() });
    if visit::leave(record, visit) {
        visit::help(id);
    }
    Some(found)
}
