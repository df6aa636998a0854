//! Who may touch the slow-path state of a heap: one word, never waited for.
//!
//! A heap's slabs, lists and depot are plain memory. Whoever moves the word out of a resting state
//! by a compare-and-swap is their only user until it moves the word back. Nobody waits: a visitor
//! that finds the heap in use goes away; an owner that finds a visitor inside yields its core once, and if the visitor
//! is still there binds another heap, takes its front cache there, and only then gives this one up: from that moment
//! any thread may bind it.
//!
//! | from | to | transition | who | meaning |
//! |---|---|---|---|---|
//! | PARKED | BUSY | `bind` | a thread without a heap, or that needs one for a call | it becomes the owner |
//! | IDLE | BUSY | `enter` | the owner | a slow path begins |
//! | BUSY | IDLE | `leave` | the owner | a slow path ends |
//! | BUSY | PARKED | `park` | the owner | the thread or the call ends; slabs stay with the heap (abandoned) |
//! | IDLE | VISITED | `visit` | any thread | drains a sleeping owner's queue, looks for a block, adopts a slab, or allocates where no heap can be bound |
//! | PARKED | BORROWED | `visit` | any thread | drains, or adopts slabs |
//! | VISITED | IDLE | `end_visit` | the visitor | |
//! | BORROWED | PARKED | `end_visit` | the visitor | |
//! | VISITED | BORROWED | `give` | the owner | the visitor learns of it at `end_visit`, empties the heap as a parked one, and ends its visit again |
//! | IDLE, BUSY, VISITED | BORROWED | `seize` | the child of a fork | owner and visitor do not exist there |
//!
//! Every step into BUSY, VISITED or BORROWED acquires `[ENTER]`, every step out of them releases `[LEAVE]`. Those that
//! may leave a heap PARKED, and all that compete with them, are sequentially consistent too, for `[PARK]`.
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
    /// `[PARK]` agreement: a poster pushes, then asks this; a parker parks, then looks at its queue.
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
        // relaxed, in all assertions: this thread's own store
        debug_assert_eq!(self.state.load(Ordering::Relaxed), BUSY);
        // release [LEAVE]: pairs with [ENTER]
        self.state.store(IDLE, Ordering::Release);
    }

    /// BUSY -> PARKED.
    pub fn transition_park(&self) {
        debug_assert_eq!(self.state.load(Ordering::Relaxed), BUSY);
        // release [LEAVE], seqcst [PARK]
        self.state.swap(PARKED, Ordering::SeqCst);
        fence(Ordering::SeqCst); // [PARK]: before the look at the queue that follows
    }

    /// IDLE -> VISITED or PARKED -> BORROWED; `None` when somebody is inside.
    #[must_use = "a visit must be ended"]
    pub fn transition_visit(&self) -> Option<Visit> {
        // relaxed: corrected by the step
        let mut now = self.state.load(Ordering::Relaxed);
        loop {
            let (to, visit) = match now {
                PARKED => (BORROWED, Visit::Parked),
                IDLE => (VISITED, Visit::Owned),
                _ => return None,
            };
            match self.step(now, to) {
                Ok(_) => return Some(visit),
                Err(other) => now = other,
            }
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
        // release [LEAVE], seqcst [PARK]
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
mod models;
