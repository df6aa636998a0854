//! In the child of a fork: the pool is put right, whatever other threads had in their hands.
//!
//! Each of them is cut off at some instruction. What a run is stands in the slot table: the head of a slab, of a span
//! or of a huge block, written before the program gets the block and wiped before the run is given back. A claimed
//! slot that neither belongs to one of these nor stands on a stack of EMPTY runs was on its way from one to the other: a
//! claim, a purge, a join or a release that never ends here. It becomes UNUSED, still dirty, and the pool's counters are
//! what the walk has counted.

#![allow(unsafe_code)] // reads what belongs to heaps

use super::{adopt, empty, empty_of_heaps, unused};
use crate::bits;
use crate::geometry::*;
use crate::slab::directory;
use crate::slab::owned::head_slot;
use crate::stats::POOL;
use crate::superslab::extent;
use crate::superslab::header::run_mask;
use crate::superslab::registry;
use crate::sync::tagged_stack::END;

/// Slots that the walk has found.
#[derive(Default)]
struct Found {
    claimed: u64,
    empty: u64,
    span: u64,
}

/// Walks over every SuperSlab; for the only thread of a process, which is itself inside no heap and not in the pool.
/// `is_slab` is told the first slot of what says that it is a slab, its class and its owner; `false`: there is no such
/// heap. `huge_superslabs` says how many SuperSlabs the live huge block has that starts at a slot, 0 where there is none.
pub fn recover(mut is_slab: impl FnMut(u32, usize, u32) -> bool, huge_superslabs: impl Fn(usize) -> usize) {
    let note_empty = |slot: u32, slots| {
        let (superslab, first) = registry::split_slot(slot as usize);
        let _ = registry::header(superslab).gather(run_mask(first, slots), END);
    };
    empty::for_each_run(note_empty);
    empty_of_heaps::for_each_run(note_empty);
    let (mut found, mut superslab) = (Found::default(), 0);
    while superslab < extent::superslabs_made() {
        superslab += match huge_superslabs(superslab * SLOTS_PER_SUPERSLAB) {
            0 => {
                recover_slots(superslab, &mut found, &mut is_slab);
                1
            }
            huge => {
                (superslab..superslab + huge).for_each(unused::correct_hints);
                huge
            }
        };
    }
    POOL.claimed_slots.reset(found.claimed);
    POOL.empty_slots.reset(found.empty);
    POOL.span_slots.reset(found.span);
    empty::show_stacks();
    empty_of_heaps::recover();
}

/// Counts anew how many heaps show a partial slab of each class: when the last of them is whole.
pub fn recount_advertised() {
    let mut heaps = [0; NUM_CLASSES];
    directory::for_each(|_, record| {
        // SAFETY: [I-TENANT] read in the child of a fork, which has no other thread.
        let advertised = unsafe { (*record.set.get()).advertised };
        bits::places_of(advertised).for_each(|class| heaps[class] += 1);
    });
    adopt::reset_advertised(&heaps);
}

fn recover_slots(superslab: usize, found: &mut Found, is_slab: &mut impl FnMut(u32, usize, u32) -> bool) {
    let header = registry::header(superslab);
    let (claimed, (empty, _)) = (header.claimed.bits(), header.take_gathered());
    if claimed == 0 && header.is_untouched() {
        return; // a hole of the reservation
    }
    let first_slot = superslab * SLOTS_PER_SUPERSLAB;
    let (mut lost, mut place) = (0u32, 0);
    while place < SLOTS_PER_SUPERSLAB {
        let used = used_slots(first_slot + place, place, claimed & !empty, found, is_slab);
        if used == 0 {
            lost |= claimed & !empty & 1 << place;
        }
        place += used.max(1);
    }
    found.claimed += u64::from((claimed & !lost).count_ones());
    found.empty += u64::from(empty.count_ones());
    while lost != 0 {
        let first = lost.trailing_zeros() as usize;
        let slots = (lost >> first).trailing_ones() as usize;
        lost &= !run_mask(first, slots);
        give_up(first_slot + first, slots);
    }
    unused::correct_hints(superslab);
}

/// How many slots from `slot` on, the `place`th of its SuperSlab, a slab or a span has; 0: there is none. `in_use` are
/// the claimed slots that stand on no stack.
fn used_slots(
    slot: usize,
    place: usize,
    in_use: u32,
    found: &mut Found,
    is_slab: &mut impl FnMut(u32, usize, u32) -> bool,
) -> usize {
    let entry = registry::entry(slot);
    let class = entry_class(entry).filter(|&class| head_slot(slot, class) as usize == slot);
    let span_slots = entry_span_slots(entry).unwrap_or(0);
    let slots = class.map_or(span_slots, |class| RunKind::slab(class).slots());
    let fits = slots > 0 && place + slots <= SLOTS_PER_SUPERSLAB && !in_use & run_mask(place, slots) == 0;
    if !fits || class.is_some_and(|class| !is_slab(slot as u32, class, entry_owner(entry))) {
        return 0;
    }
    let rest = if class.is_some() { entry } else { SPAN_BODY_CODE };
    if (slot + 1..slot + slots).any(|further| registry::entry(further) != rest) {
        registry::set_entries(slot, slots, entry, rest);
    }
    if class.is_none() {
        found.span += slots as u64;
    }
    slots
}

/// Claimed -> UNUSED.
fn give_up(slot: usize, slots: usize) {
    registry::set_entries(slot, slots, ENTRY_UNUSED, ENTRY_UNUSED);
    (slot..slot + slots).for_each(|slot| registry::record(slot).transition_unused());
    unused::unclaim(slot as u32, slots);
}
