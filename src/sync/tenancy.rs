//! Who may touch the slow-path state of a heap: one word, never waited for.
//!
//! A heap's slabs, lists and depot are plain memory. Whoever moves the word out of a resting state
//! by a compare-and-swap is their only user until it moves the word back. Nobody waits: a visitor
//! that finds the heap in use goes away; an owner that finds a visitor inside binds another heap,
//! takes its front cache there, and only then gives this one up: from that moment any thread may
//! bind it.
//!
//! | from | to | transition | who | meaning |
//! |---|---|---|---|---|
//! | PARKED | BUSY | `bind` | a thread without a heap, or that needs one for a call | it becomes the owner |
//! | IDLE | BUSY | `enter` | the owner | a slow path begins |
//! | BUSY | IDLE | `leave` | the owner | a slow path ends |
//! | BUSY | PARKED | `park` | the owner | the thread or the call ends; slabs stay with the heap (abandoned) |
//! | IDLE | VISITED | `visit` | any thread | drains a sleeping owner's queue, looks for a block, or allocates where no heap can be bound |
//! | PARKED | BORROWED | `visit` | any thread | drains, or adopts slabs |
//! | VISITED | IDLE | `end_visit` | the visitor | |
//! | BORROWED | PARKED | `end_visit` | the visitor | |
//! | VISITED | BORROWED | `give` | the owner | the visitor learns of it at `end_visit`, empties the heap as a parked one, and ends its visit again |
//! | IDLE, BUSY, VISITED | BORROWED | `seize` | the child of a fork | owner and visitor do not exist there |
//!
//! BUSY is also the mark that fork needs: a heap of a thread that does not exist in the child is
//! consistent unless it is BUSY, VISITED or BORROWED; then what the slow path left has to be put right
//! (`front_cache/orphan.rs`). A thread that meets its own BUSY has been interrupted by a signal inside
//! a slow path.

use super::{AtomicU32, Ordering, const_new, fence};

const PARKED: u32 = 0;
const IDLE: u32 = 1;
const BUSY: u32 = 2;
const VISITED: u32 = 3;
const BORROWED: u32 = 4;

/// What the owner found when it asked to enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The slow path may run; `leave` ends it.
    Entered,
    /// The same thread is inside already: a signal handler interrupted it.
    Reentered,
    /// A visitor is inside. The owner takes away what is its own and then gives the heap up.
    Visited,
}

/// Which kind of visit began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a visit must be ended"]
pub enum Visit {
    /// The owner is alive and outside its slow path; its front cache must not be touched.
    Owned,
    /// The heap has no owner.
    Parked,
}

/// How a visit ended, or did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a parked heap must be made findable, and its queue looked at; one that was given away is still the visitor's"]
pub enum Ended {
    /// The owner has its heap back.
    Idle,
    /// The heap rests without an owner.
    Parked,
    /// The owner has given the heap away: the visitor is inside still, now as in a parked heap.
    Given,
}

/// How the child of a fork finds a heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphan {
    /// Nobody was inside.
    Whole,
    /// Somebody was in the midst of a slow path.
    Torn,
}

/// See the module.
#[derive(Debug)]
pub struct Tenancy {
    state: AtomicU32,
}

impl Tenancy {
    const_new! {
        /// The word of a heap that no thread owns.
        pub fn new() -> Self {
            Self { state: AtomicU32::new(PARKED) }
        }
    }

    /// Whether the heap rests without an owner: a hint for scans, and the poster's half of the
    /// [PARK] agreement: a poster pushes, then asks this; a parker parks, then looks at its queue.
    /// A seqcst fence stands between the two steps of each, so at least one sees the other's write.
    #[inline]
    pub fn is_parked(&self) -> bool {
        // seqcst [PARK]
        self.state.load(Ordering::SeqCst) == PARKED
    }

    /// Whether the owner rests outside its slow path: a hint.
    #[inline]
    pub fn is_idle(&self) -> bool {
        // relaxed: a hint
        self.state.load(Ordering::Relaxed) == IDLE
    }

    fn step(&self, from: u32, to: u32) -> Result<u32, u32> {
        // acquire [ENTER]: pairs with [LEAVE] of whoever was inside before.
        // seqcst on success for [PARK]: an end of a visit may park as well
        self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::Acquire)
    }

    /// PARKED -> BUSY.
    #[must_use]
    pub fn transition_bind(&self) -> bool {
        self.step(PARKED, BUSY).is_ok()
    }

    /// IDLE -> BUSY by the owner.
    #[inline]
    #[must_use]
    pub fn transition_enter(&self) -> Entry {
        // acquire [ENTER]
        match self.state.compare_exchange(IDLE, BUSY, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Entry::Entered,
            Err(_) => self.enter_contended(),
        }
    }

    #[cold]
    fn enter_contended(&self) -> Entry {
        loop {
            if self.step(IDLE, BUSY).is_ok() {
                return Entry::Entered;
            }
            // relaxed: BUSY is this thread's own store; what else is seen decides nothing by itself
            match self.state.load(Ordering::Relaxed) {
                BUSY => return Entry::Reentered,
                IDLE => {}                  // the visitor left in between
                _ => return Entry::Visited, // in a forked child: whatever the state
            }
        }
    }

    /// VISITED -> BORROWED: the owner gives the heap up, and touches nothing of it afterwards.
    /// `false`: the visitor has left, and the owner is inside now (IDLE -> BUSY).
    #[must_use]
    pub fn transition_give(&self) -> bool {
        loop {
            if self.step(IDLE, BUSY).is_ok() {
                return false;
            }
            match self.step(VISITED, BORROWED) {
                Err(IDLE) => {}
                _ => return true,
            }
        }
    }

    /// BUSY -> IDLE.
    #[inline]
    pub fn transition_leave(&self) {
        debug_assert_eq!(self.state.load(Ordering::Relaxed), BUSY);
        // release [LEAVE]: pairs with [ENTER]
        self.state.store(IDLE, Ordering::Release);
    }

    /// BUSY -> PARKED.
    pub fn transition_park(&self) {
        debug_assert_eq!(self.state.load(Ordering::Relaxed), BUSY);
        // release [LEAVE]
        self.state.swap(PARKED, Ordering::SeqCst);
        fence(Ordering::SeqCst); // [PARK]: before the look at the queue that follows
    }

    /// IDLE -> VISITED or PARKED -> BORROWED; `None` when somebody is inside.
    #[must_use = "a visit must be ended"]
    pub fn transition_visit(&self) -> Option<Visit> {
        match self.step(PARKED, BORROWED) {
            Ok(_) => Some(Visit::Parked),
            Err(IDLE) => self.step(IDLE, VISITED).ok().map(|_| Visit::Owned),
            Err(_) => None,
        }
    }

    /// PARKED -> BORROWED only.
    #[must_use = "a visit must be ended"]
    pub fn transition_visit_parked(&self) -> Option<Visit> {
        self.step(PARKED, BORROWED).ok().map(|_| Visit::Parked)
    }

    /// Ends a visit that began as `visit`; after `Given` it goes on as `Visit::Parked`.
    pub fn transition_end_visit(&self, visit: Visit) -> Ended {
        if visit == Visit::Owned {
            // release [LEAVE]
            return if self.step(VISITED, IDLE).is_ok() { Ended::Idle } else { Ended::Given };
        }
        debug_assert_eq!(self.state.load(Ordering::Relaxed), BORROWED);
        // release [LEAVE]
        self.state.swap(PARKED, Ordering::SeqCst);
        fence(Ordering::SeqCst); // [PARK]: before the look at the queue that must follow
        Ended::Parked
    }

    /// For the child of a fork, which has one thread: takes the heap of a thread that does not exist
    /// here; `None` when nobody owns it. The caller is its tenant until it ends the visit.
    #[must_use = "a visit must be ended"]
    pub fn transition_seize(&self) -> Option<Orphan> {
        // relaxed: no other thread changes it
        match self.state.load(Ordering::Relaxed) {
            PARKED => None,
            now => {
                let orphan = if now == IDLE { Orphan::Whole } else { Orphan::Torn };
                self.step(now, BORROWED).ok().map(|_| orphan)
            }
        }
    }

    /// Whether somebody who is not the owner is inside: a hint, but in the child of a fork.
    pub fn is_visited(&self) -> bool {
        // relaxed: as above
        self.state.load(Ordering::Relaxed) == VISITED
    }

    /// Whether the owner is inside; asked by the owner.
    pub fn is_busy(&self) -> bool {
        // relaxed: the owner's own store
        self.state.load(Ordering::Relaxed) == BUSY
    }
}

impl Default for Tenancy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn idle() -> Tenancy {
        let t = Tenancy::new();
        assert!(t.transition_bind());
        t.transition_leave();
        t
    }

    #[test]
    fn owner_enters_and_leaves() {
        let t = idle();
        assert_eq!(t.transition_enter(), Entry::Entered);
        assert_eq!(t.transition_enter(), Entry::Reentered);
        assert_eq!(t.transition_visit(), None);
        t.transition_leave();
        assert!(t.is_idle());
    }

    #[test]
    fn a_visited_heap_is_given_away_and_then_parked() {
        let t = idle();
        assert_eq!(t.transition_visit(), Some(Visit::Owned));
        assert_eq!(t.transition_enter(), Entry::Visited);
        assert!(t.transition_give());
        assert_eq!(t.transition_end_visit(Visit::Owned), Ended::Given);
        assert!(!t.is_parked());
        assert_eq!(t.transition_visit(), None);
        assert_eq!(t.transition_end_visit(Visit::Parked), Ended::Parked);
        assert!(t.is_parked());
        assert!(t.transition_bind());
    }

    #[test]
    fn a_heap_is_torn_where_somebody_was_inside() {
        for enter in [|t: &Tenancy| _ = t.transition_enter(), |t: &Tenancy| _ = t.transition_visit()] {
            let t = idle();
            enter(&t);
            assert!(t.is_busy() ^ t.is_visited());
            assert_eq!(t.transition_seize(), Some(Orphan::Torn));
            assert_eq!(t.transition_seize(), Some(Orphan::Torn));
            assert_eq!(t.transition_end_visit(Visit::Parked), Ended::Parked);
        }
    }

    #[test]
    fn a_visit_that_nobody_disturbs_leaves_no_trace() {
        let t = idle();
        assert_eq!(t.transition_visit(), Some(Visit::Owned));
        assert_eq!(t.transition_end_visit(Visit::Owned), Ended::Idle);
        assert!(t.is_idle());
    }

    #[test]
    fn orphans_become_parked_and_parked_heaps_are_visited_as_such() {
        let t = idle();
        assert!(t.transition_visit_parked().is_none());
        assert_eq!(t.transition_seize(), Some(Orphan::Whole));
        assert_eq!(t.transition_end_visit(Visit::Parked), Ended::Parked);
        assert_eq!(t.transition_seize(), None);
        assert_eq!(t.transition_visit(), Some(Visit::Parked));
        assert!(!t.transition_bind());
        assert_eq!(t.transition_end_visit(Visit::Parked), Ended::Parked);
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // batches are linked by pointer, and loom's cells are touched by pointer
mod models {
    use super::*;
    use crate::sync::AtomicPtr;
    use crate::sync::batch_queue::{BatchQueue, Node};
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

    /// [PARK]: `parks` leaves the heap parked and tells whether it found the queue empty.
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
}
