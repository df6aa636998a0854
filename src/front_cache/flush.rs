//! A full bin: where free puts what the bin cannot hold.
//!
//! ```text
//! push_slow
//!   class falls:     while the process or the thread only gives memory up, all cached blocks of the class
//!                    go back to their slabs (remote::drain::settle_class), and the bin takes few until it is
//!                    filled again
//!   few places:      a bin without any gets its home; one whose home is full, and that may hold more, a magazine
//!   class shrinks:   the older half of the bin goes back, and one magazine of the depot
//!   depot has room:  the full magazine goes there, an empty one takes its place; of a bin that is full at home,
//!                    since it may not hold more, the blocks go there in a magazine
//!   otherwise:       the older half of the bin goes back
//! remote             a block of another heap: the outbox
//! ```
#![allow(unsafe_code)] // magazines by pointer

use super::bin::Bin;
use super::heap::{Heap, Inside};
use super::{bind, tls, visit};
use crate::geometry::{CLASSES, NUM_CLASSES};
use crate::policy;
use crate::remote::drain::{settle, settle_class};
use crate::remote::outbox::{Posted, post_one};
use crate::shared_pool;
use crate::slab::set::SlabSet;

/// Frees `block` of the thread's own `class` when the bin is full.
#[cold]
#[inline(never)]
pub fn push_slow(heap: *mut Heap, class: usize, block: *mut u8) {
    // SAFETY: [I-HEAP] a block of its own class was found, so the heap is no shim.
    let owner = unsafe { Heap::id(heap) };
    let mut tenant = bind::enter(heap);
    let Some(mut inside) = tenant.as_mut().and_then(|tenant| tenant.inside()) else {
        drop(tenant);
        visit::after(post_one(owner, class, block)); // an interrupted slow path: by the queue
        return;
    };
    // SAFETY: [I-BIN] the thread's own bin; it has room where only a suspicion led here.
    if unsafe { Bin::push(&mut inside.front.bins[class], block) } {
        return;
    }
    make_room(&mut inside, class);
    // SAFETY: [I-BIN] as above.
    if unsafe { !Bin::push(&mut inside.front.bins[class], block) } {
        settle(inside.set, &[block]); // no places could be had
    }
    drop(tenant);
    visit::help_wanted();
}

/// The bin is full, or has no places yet.
fn make_room(inside: &mut Inside<'_>, class: usize) {
    inside.front.usage.note(class);
    let blocks = inside.front.ready_bin(class).blocks();
    if shared_pool::is_draining() || inside.set.giving_up_waves() > 0 {
        give_up_other_classes(inside, class);
        if blocks > 0 && give_up_falling(inside, class) {
            return;
        }
    }
    if widen(inside, class) {
        return;
    }
    let shrinks = inside.set.is_shrinking(class);
    if shrinks {
        flush_depot_magazine(inside, class);
    }
    if blocks > 0 && (shrinks || !inside.depot.admits(class, blocks, inside.set.stats().acquires.get())) {
        flush_oldest(&mut inside.front.bins[class], inside.set, class, blocks.div_ceil(2));
        return;
    }
    let Some(empty) = inside.depot.empty_magazine(class) else {
        if blocks > 0 {
            flush_oldest(&mut inside.front.bins[class], inside.set, class, blocks.div_ceil(2));
        }
        return;
    };
    let bin = &mut inside.front.bins[class];
    // SAFETY: [I-MAGAZINE] one is fresh; the other came out of the bin, or is the fresh one with the bin's blocks.
    unsafe {
        let full = if bin.is_at_home() {
            bin.leave_home(&mut *empty);
            let is_back = bin.go_home();
            debug_assert!(is_back, "it has had its home before");
            empty
        } else {
            let full = bin.remove();
            bin.install(empty);
            full
        };
        if !full.is_null() {
            inside.depot.put(class, full);
            inside.set.stats().depot_puts.add();
        }
    }
}

/// Gives a full bin more places: its home if it has none, a magazine if it may hold more than its home. `false`: it may not,
/// it takes few since its class falls, or memory is out.
fn widen(inside: &mut Inside<'_>, class: usize) -> bool {
    let bin = &mut inside.front.bins[class];
    if bin.places() == 0 {
        return bin.go_home();
    }
    if bin.places() == bin.capacity() || bin.blocks() < bin.places() {
        return false;
    }
    let Some(empty) = inside.depot.empty_magazine(class) else { return false };
    // SAFETY: [I-MAGAZINE] a fresh one.
    unsafe {
        bin.leave_home(&mut *empty);
        bin.install(empty);
    }
    true
}

/// Once for each purge, and for each wave of what the thread gave back itself: what it keeps of all classes may keep
/// slabs from going.
fn give_up_other_classes(inside: &mut Inside<'_>, class: usize) {
    let waves = shared_pool::purges().wrapping_add(inside.set.giving_up_waves());
    if inside.front.waves_seen != waves {
        inside.front.waves_seen = waves;
        for other in (0..NUM_CLASSES).filter(|&other| other != class) {
            if inside.front.bins[other].blocks() > 0 {
                give_up_falling(inside, other);
            }
        }
    }
}

/// If the program only gives blocks of the class up, all that are cached go back to their slabs, and
/// the bin takes few until it is filled again.
fn give_up_falling(inside: &mut Inside<'_>, class: usize) -> bool {
    let (blocks, capacity) = (inside.front.bins[class].blocks(), inside.front.bins[class].capacity());
    let cached = blocks + inside.depot.blocks(class) as usize;
    let Some(few) = inside.set.falling_bin_blocks(class, cached, capacity) else { return false };
    while flush_depot_magazine(inside, class) {}
    flush_oldest(&mut inside.front.bins[class], inside.set, class, blocks);
    inside.front.bins[class].narrow(few);
    shared_pool::release_attached(inside.set, class);
    true
}

/// What is cached of a class that is idle, or hollow, goes back to its slabs, but for a few small blocks: the bin may
/// be in use without ever being empty or full.
pub(super) fn give_up_idle(inside: &mut Inside<'_>, class: usize) {
    while flush_depot_magazine(inside, class) {}
    inside.depot.start_over(class);
    let blocks = inside.front.bins[class].blocks();
    let kept = policy::idle_bin_blocks(CLASSES[class].bytes as usize);
    if blocks > kept {
        flush_oldest(&mut inside.front.bins[class], inside.set, class, blocks - kept);
        inside.front.bins[class].start_slowly();
    }
    shared_pool::release_attached(inside.set, class);
}

/// Gives the `older` blocks of the bin that were put in first back to their slabs.
fn flush_oldest(bin: &mut Bin, set: &mut SlabSet, class: usize, older: usize) {
    let blocks = bin.blocks();
    let places = bin.places_mut(blocks);
    settle_class(set, class, &places[..older]);
    places.copy_within(older.., 0);
    bin.top = bin.base.wrapping_add(blocks - older);
    bin.note_lowest_gone(older);
    set.note_flush(class, older);
}

/// Gives one magazine of the depot back. `false`: there is none.
fn flush_depot_magazine(inside: &mut Inside<'_>, class: usize) -> bool {
    let Some(magazine) = inside.depot.take(class) else { return false };
    // SAFETY: [I-MAGAZINE] it came out of the depot.
    let blocks = unsafe { (*magazine).blocks() };
    settle_class(inside.set, class, blocks);
    inside.set.note_flush(class, blocks.len());
    // SAFETY: [I-MAGAZINE] its blocks are settled.
    unsafe { inside.depot.keep_empty(magazine) };
    true
}

/// Frees a block of `class` that belongs to `owner`, another heap.
#[cold]
#[inline(never)]
pub fn remote(heap: *mut Heap, owner: u32, class: usize, block: *mut u8) {
    if heap == tls::fresh() {
        drop(bind::enter(heap)); // gives the thread a heap, and with it an outbox
    }
    let heap = tls::current();
    let posted = if tls::is_shim(heap) {
        post_one(owner, class, block)
    } else {
        // SAFETY: [I-OUTBOX] the thread's own.
        unsafe { (*heap).front.outbox.add(owner, class, block, &Heap::shared(heap).stats) }
    };
    if posted != Posted::Quietly {
        visit::after(posted);
    }
}
