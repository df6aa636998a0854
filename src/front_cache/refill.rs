//! An empty bin: where malloc gets its next blocks.
//!
//! ```text
//! refill
//!   larger::take       a freed block of a class a little larger, in place of memory that no block of the class has lain in
//!   fill_bin           depot -> queue (every HAKMEM_DRAIN_INTERVAL refills) -> make_places -> fill_from_slabs
//!   make_places        the bin's home, where the refill fits there, or a magazine
//!   fill_from_slabs    attached slab -> own partial slabs -> queue -> post the outbox -> one partial slab
//!                      -> acquire_sparing; of blocks never out few (carved_blocks)
//!   acquire_sparing    shared_pool::acquire_warm_slab -> sweep of idle classes -> what the threads before a fork have
//!                      left -> a slab of an owner that rests -> what is kept of huge blocks gives way
//!                      -> shared_pool::acquire_fresh_slab
//!   one_from_slab      a borrowed heap, or no places to be had: one block straight from a slab
//! from_any_owner       before null: surplus::adopt_any -> one block from the slab
//! refill_one           calloc's: a bin or depot with blocks first, larger::take, otherwise one_from_slab, which may be zero
//!                      already
//! ```
#![allow(unsafe_code)] // fills magazines by pointer

use super::bin::Bin;
use super::heap::{Heap, Inside, fixed_refill_blocks};
use super::{bind, larger, orphan, surplus, sweep, tls, visit};
use crate::config;
use crate::geometry::{CLASSES, Content};
use crate::large::cache;
use crate::policy;
use crate::remote::drain::drain;
use crate::shared_pool;
use crate::slab::set::SlabSet;
use core::ptr;

/// Which blocks serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Those of the class, and of classes a little larger.
    AtLeast,
    /// Those of the class alone, for what follows from their alignment.
    Class,
}

/// A block of `class`, or one that serves in its place, when the bin has none; null when memory is out.
#[cold]
#[inline(never)]
pub fn refill(heap: *mut Heap, class: usize, fit: Fit) -> *mut u8 {
    let Some(mut tenant) = bind::enter(heap) else { return ptr::null_mut() };
    let current = tls::current(); // entering may have bound another heap
    if let Some(mut inside) = tenant.inside() {
        // a heap that the thread has just got may have blocks, which a fork has left there
        // SAFETY: [I-BIN] the thread's own bin.
        let left = unsafe { Bin::pop(&mut inside.front.bins[class]) };
        if !left.is_null() {
            return left;
        }
        if fit == Fit::AtLeast
            && let Some(block) = larger::take(&mut inside, class)
        {
            return block;
        }
        if fill_bin(current, &mut inside, class) {
            // SAFETY: [I-BIN] the thread's own bin.
            return unsafe { Bin::pop(&mut inside.front.bins[class]) };
        }
    }
    // a borrowed heap, or no places to be had: one block at a time
    one_from_slab(tenant.set(), class).map_or(ptr::null_mut(), |(block, _)| block)
}

/// A block for calloc when the bin has none, and what its memory reads as.
#[cold]
#[inline(never)]
pub fn refill_one(heap: *mut Heap, class: usize) -> Option<(*mut u8, Content)> {
    let mut tenant = bind::enter(heap)?;
    let current = tls::current();
    if let Some(mut inside) = tenant.inside() {
        let has_some = inside.front.bins[class].blocks() > 0; // as in `refill`
        if has_some || inside.depot.blocks(class) > 0 && fill_bin(current, &mut inside, class) {
            // SAFETY: [I-BIN] the thread's own bin.
            return Some((unsafe { Bin::pop(&mut inside.front.bins[class]) }, Content::Unknown));
        }
        if let Some(block) = larger::take(&mut inside, class) {
            return Some((block, Content::Unknown));
        }
        inside.front.bins[class].note_own_blocks();
    }
    one_from_slab(tenant.set(), class)
}

/// A block of `class` from a slab of any owner that rests; null where none has one free. For who would be refused a block
/// otherwise.
#[cold]
pub fn from_any_owner(heap: *mut Heap, class: usize) -> *mut u8 {
    let Some(mut tenant) = bind::enter(heap) else { return ptr::null_mut() };
    let is_adopted = surplus::adopt_any(tenant.set(), class);
    visit::help_wanted();
    let one = if is_adopted { one_from_slab(tenant.set(), class) } else { None };
    one.map_or(ptr::null_mut(), |(block, _)| block)
}

/// Puts blocks into the empty bin. `false`: none could be had.
fn fill_bin(heap: *mut Heap, inside: &mut Inside<'_>, class: usize) -> bool {
    inside.set.shared().asked.add();
    inside.front.usage.note(class);
    if from_depot(inside, class) {
        return true;
    }
    inside.front.undrained_refills += 1;
    if inside.front.undrained_refills >= config::get().drain_interval_refills() && from_queue(heap, inside, class) {
        return true;
    }
    make_places(inside, class) && fill_from_slabs(heap, inside, class)
}

/// Gives the empty bin places for its next refill, or for as much of it as can be had. `false`: it has none.
fn make_places(inside: &mut Inside<'_>, class: usize) -> bool {
    let bin = inside.front.ready_bin(class);
    let wanted = bin.refill_blocks as usize;
    if wanted <= bin.places() || (wanted <= policy::HOME_BLOCKS && bin.go_home()) {
        return true;
    }
    let Some(magazine) = inside.depot.empty_magazine(class) else { return bin.places() > 0 || bin.go_home() };
    let left = bin.remove();
    debug_assert!(left.is_null(), "a magazine has places for any refill");
    // SAFETY: [I-MAGAZINE] a fresh one.
    unsafe { bin.install(magazine) };
    true
}

/// Exchanges the empty bin for a full magazine of the depot.
fn from_depot(inside: &mut Inside<'_>, class: usize) -> bool {
    let Some(full) = inside.depot.take(class) else { return false };
    let bin = inside.front.ready_bin(class);
    let empty = bin.remove();
    // SAFETY: [I-MAGAZINE] one came from the depot, the other from the bin.
    unsafe {
        bin.install(full);
        if !empty.is_null() {
            inside.depot.keep_empty(empty);
        }
    }
    inside.set.stats().depot_takes.add();
    true
}

fn fill_from_slabs(heap: *mut Heap, inside: &mut Inside<'_>, class: usize) -> bool {
    let bin = &mut inside.front.bins[class];
    let wanted = bin.refill_blocks as usize;
    let want = wanted.min(bin.places());
    inside.depot.note_missed(class, inside.set.stats().acquires.get());
    bin.refill_blocks = next_refill(wanted, bin.capacity(), bin.bytes());
    let carve = carved_blocks(inside.set, class, bin, want);
    let places = bin.places_mut(want);
    let mut have = inside.set.take_many(class, want, carve, places);
    while have < want && !inside.set.has_attached_blocks(class) && inside.set.attach_partial(class) {
        have += inside.set.take_many(class, want - have, carve.saturating_sub(have), &mut places[have..]);
    }
    if have == 0 {
        if inside.front.undrained_refills > 0 && from_queue(heap, inside, class) {
            return true;
        }
        // what waits for others may be what they need before they, too, ask for more
        inside.front.outbox.post_all(inside.set.stats(), visit::help);
        if !inside.set.attach_partial(class) && !acquire_sparing(inside, class) {
            return false;
        }
        have = inside.set.take_many(class, want, carve, inside.front.bins[class].places_mut(want));
    }
    inside.front.bins[class].places_mut(have).reverse(); // lowest address on top
    let stats = inside.set.stats();
    stats.refills.add();
    stats.refilled_blocks.add_n(have as u64);
    inside.front.bins[class].filled(have);
    have > 0
}

/// Blocks beyond which a refill of `want` takes none that were never out. Such blocks become resident when their turn
/// comes, while others that are resident may have come back. Limited are heaps whose blocks others free and, where threads
/// are many, classes of up to a page.
fn carved_blocks(set: &SlabSet, class: usize, bin: &Bin, want: usize) -> usize {
    let stats = set.stats();
    let is_limited = stats.drained_blocks.get() > 0 || (bin.is_halved() && bin.bytes() <= policy::PAGE_BYTES);
    if !is_limited || fixed_refill_blocks(bin.bytes()) != 0 {
        return want;
    }
    policy::carved_blocks(bin.bytes(), stats.blocks_out[class].get() as usize)
}

/// A fixed count of the options stays as it is; otherwise refills double.
fn next_refill(last: usize, capacity: usize, bytes: usize) -> u16 {
    let fixed = fixed_refill_blocks(bytes);
    if fixed != 0 { last as u16 } else { policy::next_refill(last, capacity) as u16 }
}

/// Takes what others have freed. `true`: there were blocks for the empty bin among it.
fn from_queue(heap: *mut Heap, inside: &mut Inside<'_>, class: usize) -> bool {
    inside.front.undrained_refills = 0;
    if !inside.set.shared().has_mail() {
        return false;
    }
    drain(inside.set, &mut visit::Arrivals::to_front_cache(heap, inside.front, inside.depot));
    visit::help_wanted();
    inside.front.bins[class].blocks() > 0 || from_depot(inside, class)
}

/// One block straight from a slab, and what it reads as.
fn one_from_slab(set: &mut SlabSet, class: usize) -> Option<(*mut u8, Content)> {
    loop {
        if let Some(one) = set.take_one(class) {
            return Some(one);
        }
        if !set.attach_partial(class) && !acquire(set, class) {
            return None;
        }
    }
}

/// Asks the shared pool for memory that was in use before; gives it what is cached of idle classes and asks
/// again; then other heaps; only then asks for memory that was not in use. Helps the heaps that an adoption may have
/// disturbed.
fn acquire_sparing(inside: &mut Inside<'_>, class: usize) -> bool {
    cache::decay();
    let acquired = shared_pool::acquire_warm_slab(inside.set, class)
        || (sweep::before_growth(inside) && shared_pool::acquire_warm_slab(inside.set, class))
        || acquire_left_by_others(inside.set, class)
        || {
            cache::give_way(CLASSES[class].slab_mask as usize + 1);
            shared_pool::acquire_fresh_slab(inside.set, class)
        };
    visit::help_wanted();
    acquired
}

/// Asks for what the threads before a fork have left, then for a slab of an owner that has more than it needs.
fn acquire_left_by_others(set: &mut SlabSet, class: usize) -> bool {
    (orphan::empty_next() && shared_pool::acquire_warm_slab(set, class)) || surplus::adopt(set, class)
}

/// Asks the shared pool and other heaps, and helps the heaps that an adoption may have disturbed.
fn acquire(set: &mut SlabSet, class: usize) -> bool {
    cache::decay();
    let acquired = shared_pool::acquire_warm_slab(set, class)
        || acquire_left_by_others(set, class)
        || shared_pool::acquire_fresh_slab(set, class);
    visit::help_wanted();
    acquired
}
