//! Is a suspected double free one? A block whose second word is one of `mark.rs` was freed, or holds
//! a copy of memory that was. Only what is found among free blocks is a double free; without
//! that the free goes on.
#![allow(unsafe_code)] // looks into the queue and the bins of the owner

use super::bin::Bin;
use super::elsewhere::Elsewhere;
use super::heap::Heap;
use super::visit;
use crate::geometry::slab_entry;
use crate::policy;
use crate::remote::outbox::Outbox;
use crate::slab::directory;
use crate::slab::owned::{adopted_from, head_slot, slab_at};
use crate::slab::shared::HeapShared;
use crate::superslab::registry;

/// Whether the block of `class` at `block`, which belongs to heap `owner`, is free.
#[cold]
pub fn is_free(owner: u32, slot: usize, class: usize, block: *mut u8) -> bool {
    if waits_in_an_outbox(block) {
        return true;
    }
    let head = head_slot(slot, class);
    let holds = |id: u32, its_slab: Option<u32>| {
        directory::find(id)
            .map(Heap::of_record)
            .is_some_and(|heap| bin_holds(heap, class, block) || in_slab_depot_or_queue(heap, its_slab, class, block))
    };
    // who owned the slab before may have the block at hand
    holds(owner, Some(head)) || holds(adopted_from(head), None)
}

/// Looks through the outboxes of all threads, racing with them, before the queues to which they post: who frees a block may
/// keep it there for long. What [`bin_holds`] says of a pointer that is found holds here too: a lane's batch was given
/// away before its blocks could be handed out.
fn waits_in_an_outbox(block: *mut u8) -> bool {
    (1..directory::ids() as u32).filter_map(directory::find).map(Heap::of_record).any(|heap| {
        // SAFETY: [I-HEAP] never unmapped.
        unsafe { Outbox::may_hold(&raw const (*heap).front.outbox, block) }
    })
}

/// Looks through the owner's bin, racing with it: a pointer that is found below a `top` at least as
/// new as the block's last allocation was put there by a free (the allocation happened before this
/// free, or the program has a race of its own).
pub(super) fn bin_holds(heap: *mut Heap, class: usize, block: *mut u8) -> bool {
    // SAFETY: [I-HEAP] [I-POOL] volatile reads of words that are always mapped.
    unsafe {
        let (base, blocks) = Bin::look(&raw const (*heap).front.bins[class]);
        (0..blocks).any(|i| base.add(i).read_volatile() == block)
    }
}

/// Looks through what belongs to the tenant of the heap, the bin once more, and its slab that starts at `slab`, if that is one
/// of its own: while this thread is the tenant nothing goes from one to the other.
fn in_slab_depot_or_queue(heap: *mut Heap, slab: Option<u32>, class: usize, block: *mut u8) -> bool {
    // SAFETY: [I-HEAP]
    let record = unsafe { &(*heap).record };
    let _visit = Elsewhere::enter();
    for _ in 0..policy::CONFIRM_TRIES {
        if let Some(visit) = record.shared.tenancy.transition_visit() {
            // SAFETY: [I-TENANT] the visit made this thread the tenant.
            let found = unsafe {
                bin_holds(heap, class, block) // the owner may have drained since the first look
                    || slab.is_some_and(|slab| owns(heap, slab, class) && slab_at(slab).holds(block as usize))
                    || (*(*heap).depot.get()).holds(class, block)
                    || mail_holds(heap, block)
            };
            if visit::leave(record, visit) {
                visit::help(id_of(heap));
            }
            return found;
        }
        core::hint::spin_loop();
    }
    false
}

/// Whether a slab belongs to the heap still: it may have been adopted since its owner was read.
fn owns(heap: *mut Heap, slab: u32, class: usize) -> bool {
    registry::entry(slab as usize) == slab_entry(id_of(heap), class)
}

fn id_of(heap: *mut Heap) -> u32 {
    // SAFETY: [I-HEAP] the key never changes.
    unsafe { Heap::id(heap) }
}

/// Takes what was sent to the heap, looks through it and sends it again.
fn mail_holds(heap: *mut Heap, block: *mut u8) -> bool {
    // SAFETY: [I-HEAP]
    let HeapShared { queue, strays, .. } = unsafe { Heap::shared(heap) };
    let mut found = false;
    let mut stray = strays.take_all();
    while !stray.is_null() {
        // SAFETY: [I-STRAY] the exchange gave all strays to this thread, which gives them back.
        unsafe {
            found |= stray.cast() == block;
            let next = (*stray).linked();
            strays.push(stray);
            stray = next;
        }
    }
    let mut batch = queue.take_all();
    while !batch.is_null() {
        // SAFETY: [I-MAGAZINE] the exchange gave all batches to this thread, which gives them back.
        unsafe {
            found |= (*batch).blocks().contains(&block);
            let next = (*batch).linked();
            queue.push(batch);
            batch = next;
        }
    }
    found
}
