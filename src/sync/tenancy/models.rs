//! The loom models of the tenancy, with the queue and the wishes for visits that lean on it.
#![allow(unsafe_code)] // batches are linked by pointer, and loom's cells are touched by pointer

use super::*;
use crate::sync::AtomicPtr;
use crate::sync::batch_queue::{BatchQueue, Node};
use crate::sync::id_set::IdSets;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread::{JoinHandle, spawn};
use std::ptr;

struct Batch {
    next: AtomicPtr<Self>,
    payload: UnsafeCell<u32>,
}
impl Node for Batch {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.next
    }
}

/// `slow_state` is the tenant's, `front` the owner's; `drained` is the tenant's too.
struct Heap {
    tenancy: Tenancy,
    slow_state: UnsafeCell<u32>,
    front: UnsafeCell<u32>,
    drained: UnsafeCell<usize>,
    /// That somebody is to visit the heap.
    wanted: IdSets<1, 1>,
    queue: BatchQueue<Batch>,
    batches: [Batch; 2],
}

fn parked() -> Arc<Heap> {
    let batch = || Batch { next: AtomicPtr::new(ptr::null_mut()), payload: UnsafeCell::new(0) };
    Arc::new(Heap {
        tenancy: Tenancy::new(),
        slow_state: UnsafeCell::new(0),
        front: UnsafeCell::new(0),
        drained: UnsafeCell::new(0),
        wanted: IdSets::new(),
        queue: BatchQueue::new(),
        batches: [batch(), batch()],
    })
}

fn busy() -> Arc<Heap> {
    let h = parked();
    assert!(h.tenancy.transition_bind());
    h
}

fn idle() -> Arc<Heap> {
    let h = busy();
    h.tenancy.transition_leave();
    h
}

fn start<T: 'static>(h: &Arc<Heap>, run: fn(&Heap) -> T) -> JoinHandle<T> {
    let h = h.clone();
    spawn(move || run(&h))
}

fn join(threads: [JoinHandle<()>; 2]) {
    threads.into_iter().for_each(|t| t.join().unwrap());
}

fn touch(cell: &UnsafeCell<u32>) {
    // SAFETY: the tenancy gives this thread the cell alone; the model checks exactly that.
    cell.with_mut(|p| unsafe { *p += 1 });
}

fn touch_as_owner(h: &Heap) {
    touch(&h.slow_state);
    touch(&h.front);
}

fn post(h: &Heap, i: usize) {
    touch(&h.batches[i].payload);
    // SAFETY: each batch is posted once, by one thread.
    unsafe { h.queue.push((&raw const h.batches[i]).cast_mut()) };
}

fn drain(h: &Heap) {
    let mut batch = h.queue.take_all();
    while !batch.is_null() {
        // SAFETY: the batches outlive the threads; the count is the tenant's.
        unsafe {
            touch(&(*batch).payload);
            h.drained.with_mut(|n| *n += 1);
            batch = (*batch).next.load(Ordering::Relaxed);
        }
    }
}

/// Visits like `front_cache::visit`.
fn help(h: &Heap) {
    while let Some(visit) = h.tenancy.transition_visit() {
        drain_inside(h);
        if leave(h, visit) == Ended::Idle || h.queue.is_empty() {
            return;
        }
    }
}

fn drain_inside(h: &Heap) {
    touch(&h.slow_state);
    drain(h);
}

/// Ends a visit; in a heap that was given away, after it was emptied as a parked one.
fn leave(h: &Heap, visit: Visit) -> Ended {
    match h.tenancy.transition_end_visit(visit) {
        Ended::Given => {
            drain_inside(h);
            h.tenancy.transition_end_visit(Visit::Parked)
        }
        ended => ended,
    }
}

/// Posts like `remote::outbox`.
fn post_and_help(h: &Heap, i: usize) {
    post(h, i);
    if h.tenancy.is_parked() {
        help(h);
    }
}

/// Parks like `front_cache::bind`; the caller is inside.
fn park(h: &Heap) {
    touch_as_owner(h);
    h.tenancy.transition_park();
    if !h.queue.is_empty() {
        help(h);
    }
}

/// A thread's exit: parks the heap, or gives it to the visitor inside.
fn exit(h: &Heap) {
    match h.tenancy.transition_enter() {
        Entry::Entered => park(h),
        Entry::Reentered => panic!("nobody interrupted this thread"),
        Entry::Visited => {
            touch(&h.front);
            if !h.tenancy.transition_give() {
                park(h);
            }
        }
    }
}

fn bind_and_leave(h: &Heap) -> bool {
    let bound = h.tenancy.transition_bind();
    if bound {
        touch_as_owner(h);
        h.tenancy.transition_leave();
    }
    bound
}

fn bind_and_park(h: &Heap) {
    if h.tenancy.transition_bind() {
        park(h);
    }
}

fn visit(h: &Heap) {
    if let Some(visit) = h.tenancy.transition_visit() {
        touch(&h.slow_state);
        let _ended = leave(h, visit);
    }
}

fn visit_parked(h: &Heap) {
    if let Some(visit) = h.tenancy.transition_visit_parked() {
        touch(&h.slow_state);
        assert_eq!(h.tenancy.transition_end_visit(visit), Ended::Parked);
    }
}

#[test]
fn owner_and_two_visitors_exclude_each_other() {
    loom::model(|| {
        let h = idle();
        let visitors = [start(&h, visit), start(&h, visit)];
        if h.tenancy.transition_enter() == Entry::Entered {
            touch_as_owner(&h);
            h.tenancy.transition_leave();
        }
        join(visitors);
    });
}

#[test]
fn a_heap_that_is_given_away_has_one_tenant_at_a_time() {
    loom::model(|| {
        let h = idle();
        let others = [start(&h, help), start(&h, |h| _ = bind_and_leave(h))];
        exit(&h);
        join(others);
    });
}

#[test]
fn a_parked_heap_is_bound_or_visited() {
    loom::model(|| {
        let h = parked();
        let others = [start(&h, visit_parked), start(&h, visit)];
        let bound = bind_and_leave(&h);
        join(others);
        assert!(bound ^ h.tenancy.is_parked());
    });
}

#[test]
fn one_of_two_binders_wins() {
    loom::model(|| {
        let h = parked();
        let other = start(&h, bind_and_leave);
        let bound = bind_and_leave(&h);
        assert!(bound ^ other.join().unwrap());
    });
}

#[test]
fn tenants_that_follow_each_other_see_what_the_last_one_did() {
    loom::model(|| {
        let h = parked();
        let others = [start(&h, bind_and_park), start(&h, visit_parked)];
        bind_and_park(&h);
        join(others);
        assert!(h.tenancy.is_parked());
    });
}

/// `[PARK]`: `parks` leaves the heap parked and tells whether it found the queue empty.
fn poster_or_parker_sees_the_other(h: fn() -> Arc<Heap>, parks: fn(&Heap) -> bool) {
    loom::model(move || {
        let h = h();
        let parker = start(&h, parks);
        post(&h, 0);
        let saw_the_park = h.tenancy.is_parked();
        let saw_no_batch = parker.join().unwrap();
        assert!(saw_the_park || !saw_no_batch, "the batch is nobody's concern");
    });
}

#[test]
fn a_batch_is_seen_by_the_poster_or_by_who_parks() {
    poster_or_parker_sees_the_other(busy, |h| {
        h.tenancy.transition_park();
        h.queue.is_empty()
    });
}

#[test]
fn a_batch_is_seen_by_the_poster_or_by_who_ends_a_visit() {
    let visited = || {
        let h = parked();
        assert_eq!(h.tenancy.transition_visit(), Some(Visit::Parked));
        h
    };
    poster_or_parker_sees_the_other(visited, |h| {
        assert_eq!(h.tenancy.transition_end_visit(Visit::Parked), Ended::Parked);
        h.queue.is_empty()
    });
}

#[test]
fn no_batch_stays_in_a_heap_whose_owner_exits() {
    loom::model(|| {
        let h = idle();
        let posters = [start(&h, |h| post_and_help(h, 0)), start(&h, |h| post_and_help(h, 1))];
        exit(&h);
        join(posters);
        assert!(h.tenancy.is_parked() && h.queue.is_empty());
        // SAFETY: the other threads have ended.
        assert_eq!(h.drained.with(|n| unsafe { *n }), 2);
    });
}

#[test]
fn no_batch_stays_in_a_heap_that_a_visitor_leaves() {
    loom::model(|| {
        let h = idle();
        let others = [start(&h, help), start(&h, |h| post_and_help(h, 0))];
        exit(&h);
        join(others);
        assert!(h.tenancy.is_parked() && h.queue.is_empty());
    });
}

/// Posts like `remote::forward`, from inside another heap, and visits when it has left that one.
fn post_and_want(h: &Heap, i: usize) {
    post(h, i);
    if h.tenancy.is_parked() {
        h.wanted.set(0).insert(0);
    }
    help_wanted(h);
}

fn help_wanted(h: &Heap) {
    while h.wanted.set(0).take(1).is_some() {
        help(h);
    }
}

#[test]
fn a_batch_for_a_parked_heap_is_brought_home_by_who_takes_the_wish() {
    loom::model(|| {
        let h = busy();
        let others = [start(&h, |h| post_and_want(h, 0)), start(&h, help_wanted)];
        park(&h);
        join(others);
        help_wanted(&h);
        assert!(h.tenancy.is_parked() && h.queue.is_empty());
        // SAFETY: the other threads have ended.
        assert_eq!(h.drained.with(|n| unsafe { *n }), 1);
    });
}

#[test]
fn batches_of_two_that_wish_for_a_visit_are_brought_home() {
    loom::model(|| {
        let h = parked();
        let other = start(&h, |h| post_and_want(h, 0));
        post_and_want(&h, 1);
        other.join().unwrap();
        assert!(h.tenancy.is_parked() && h.queue.is_empty() && h.wanted.set(0).take(1).is_none());
        // SAFETY: the other thread has ended.
        assert_eq!(h.drained.with(|n| unsafe { *n }), 2);
    });
}
