//! Which heap a thread uses.
//!
//! ```text
//! enter    the slow paths' door: this thread becomes the tenant of a heap, its own if it can be
//!   bind       a parked heap, lowest id first, or a new one
//!   replace    the thread's heap is visited, still so after a yield, and is given away; its bins move to another one
//!   borrow     a heap for this one call: after thread exit, or inside an interrupted slow path
//! on_thread_exit   flush everything, abandon the slabs with the heap, park it
//! ```
//!
//! Thread exit comes through a pthread key. After our destructor the thread has the EXITED shim: key
//! destructors that run later, in this round or the next, are served by borrowed heaps, so nothing
//! leaks however often they re-arm.
#![allow(unsafe_code)] // pthread keys, heaps by pointer

use super::depot::Depot;
use super::elsewhere::Elsewhere;
use super::heap::{FrontCache, Heap, Inside};
use super::{orphan, tls, visit};
use crate::geometry::*;
use crate::os;
use crate::remote::drain::{self, settle_class};
use crate::shared_pool::{self, LastSlabs};
use crate::slab::directory::{self, HeapRecord};
use crate::slab::set::SlabSet;
use crate::stats::POOL;
use crate::sync::census::{self, Event};
use crate::sync::published::PublishedWord;
use crate::sync::tenancy::{Entry, Visit};
use core::ffi::c_void;

/// Tenancy of a heap by the calling thread, until it is dropped.
#[derive(Debug)]
pub struct Tenant {
    heap: *mut Heap,
    tenure: Tenure,
    /// Dropped after the tenancy has ended.
    _visit: Option<Elsewhere>,
}

/// How the tenancy came about, and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tenure {
    /// The thread's own heap.
    Own,
    /// A parked heap, bound for this call.
    Borrowed,
    /// Another thread's heap, visited for this call because no other can be had.
    Visited(Visit),
}

impl Tenant {
    #[inline]
    fn own(heap: *mut Heap) -> Self {
        Self { heap, tenure: Tenure::Own, _visit: None }
    }

    fn of_another(heap: *mut Heap, tenure: Tenure, visit: Elsewhere) -> Self {
        Self { heap, tenure, _visit: Some(visit) }
    }

    /// The heap's parts; `None` for a borrowed or visited heap, whose front cache must not be used.
    pub fn inside(&mut self) -> Option<Inside<'_>> {
        if self.tenure != Tenure::Own {
            return None;
        }
        // SAFETY: [I-TENANT] this thread owns the heap and is inside it; the parts are disjoint.
        unsafe {
            let heap = self.heap;
            Some(Inside {
                front: &mut (*heap).front,
                depot: &mut *(*heap).depot.get(),
                set: &mut *(*heap).record.set.get(),
            })
        }
    }

    /// The slab set of the heap.
    pub fn set(&mut self) -> &mut SlabSet {
        // SAFETY: [I-TENANT] which this value stands for.
        unsafe { &mut *(*self.heap).record.set.get() }
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        match self.tenure {
            Tenure::Own => leave(self.heap),
            Tenure::Borrowed => park(self.heap),
            Tenure::Visited(visit) => {
                // SAFETY: [I-HEAP]
                let (owner, record) = unsafe { (Heap::id(self.heap), &(*self.heap).record) };
                if visit::leave(record, visit) {
                    visit::help(owner);
                }
            }
        }
    }
}

/// BUSY -> IDLE by the owner. Posters that found it inside have left it their batches: more of them
/// than may wait are taken now, since it may sleep from here on.
#[inline]
fn leave(heap: *mut Heap) {
    // SAFETY: [I-HEAP]
    let shared = unsafe { Heap::shared(heap) };
    shared.tenancy.transition_leave();
    if shared.has_backlog() {
        // SAFETY: [I-HEAP]
        visit::help(unsafe { Heap::id(heap) });
    }
}

/// Makes the calling thread the tenant of a heap; `None` when memory for one is out.
#[inline]
pub fn enter(heap: *mut Heap) -> Option<Tenant> {
    if tls::is_shim(heap) {
        return enter_without_heap(heap);
    }
    census::note(Event::Own);
    // SAFETY: [I-HEAP] the thread's own heap.
    match unsafe { Heap::shared(heap) }.tenancy.transition_enter() {
        Entry::Entered => Some(Tenant::own(heap)),
        Entry::Reentered => borrow(),
        Entry::Visited => enter_visited(),
    }
}

/// A visitor is in the thread's heap. Where threads outnumber cores it may wait for one: it gets this thread's
/// once. A heap that is replaced leaves its slabs to be adopted, and from then on the blocks of one thread belong to
/// several heaps.
#[cold]
fn enter_visited() -> Option<Tenant> {
    os::yield_core();
    let heap = tls::current(); // a signal handler may have replaced it, and anybody may have bound it since
    // SAFETY: [I-HEAP] the thread's own heap.
    match unsafe { Heap::shared(heap) }.tenancy.transition_enter() {
        Entry::Entered => Some(Tenant::own(heap)),
        Entry::Reentered => borrow(),
        Entry::Visited => replace(heap),
    }
}

#[cold]
fn enter_without_heap(shim: *mut Heap) -> Option<Tenant> {
    if shim == tls::exited() {
        return borrow();
    }
    let between = Elsewhere::between_heaps();
    let Some(record) = bind() else { return visit_any() };
    let heap = Heap::of_record(record);
    if tls::current() != shim {
        // a signal handler has bound a heap since this slow path began: that one stays
        return Some(Tenant::of_another(heap, Tenure::Borrowed, between));
    }
    let _ = orphan::take_over(visit::owner_of(record));
    tls::set_current(heap);
    arm_thread_exit(heap);
    Some(Tenant::own(heap))
}

/// A parked heap, or a new one; the caller is its tenant and owner.
fn bind() -> Option<&'static HeapRecord> {
    POOL.heaps_bound.add();
    let mut from = 0;
    while let Some(id) = directory::next_parked(from) {
        if let Some(record) = directory::find(id).filter(|r| r.shared.tenancy.transition_bind()) {
            directory::note_bound(id);
            // SAFETY: [I-TENANT] bound.
            shared_pool::unadvertise(unsafe { &mut *record.set.get() });
            return Some(record);
        }
        from = id + 1;
    }
    let record = Heap::create()?;
    let bound = record.shared.tenancy.transition_bind();
    debug_assert!(bound, "nobody knows a new heap");
    Some(record)
}

#[cold]
fn borrow() -> Option<Tenant> {
    POOL.heaps_borrowed.add();
    let elsewhere = Elsewhere::enter();
    match bind() {
        Some(record) => Some(Tenant::of_another(Heap::of_record(record), Tenure::Borrowed, elsewhere)),
        None => visit_any(),
    }
}

/// No heap can be had (ids or memory for metadata are out): any heap that nobody is inside serves
/// this call. `None`: there is none at the moment.
#[cold]
fn visit_any() -> Option<Tenant> {
    let elsewhere = Elsewhere::enter();
    let entered = (1..directory::ids() as u32).filter_map(directory::find).find_map(|record| {
        let visit = record.shared.tenancy.transition_visit()?;
        Some((Heap::of_record(record), visit))
    });
    entered.map(|(heap, visit)| Tenant::of_another(heap, Tenure::Visited(visit), elsewhere))
}

/// A visitor is in the thread's heap: another heap takes its place, with the bins and the outbox of
/// the old one, which no visitor touches. Only then is the old heap given up: from that moment any
/// thread may bind it.
#[cold]
fn replace(old: *mut Heap) -> Option<Tenant> {
    let _between = Elsewhere::between_heaps();
    tls::set_current(tls::fresh());
    let Some(record) = bind() else {
        tls::set_current(old); // still this thread's
        return visit_any();
    };
    let heap = Heap::of_record(record);
    if orphan::take_over(visit::owner_of(record)) {
        // SAFETY: [I-HEAP]
        orphan::leave_behind(unsafe { Heap::id(old) });
    }
    // SAFETY: [I-BIN] [I-OUTBOX] they belong to the owner thread, which this one is of both heaps.
    unsafe {
        let (from, to) = (&mut (*old).front.bins, &mut (*heap).front.bins);
        from.iter_mut().zip(to).for_each(|(from, to)| from.exchange(to));
        core::ptr::swap(&raw mut (*old).front.outbox, &raw mut (*heap).front.outbox);
        (*heap).front.times_elsewhere = core::mem::take(&mut (*old).front.times_elsewhere); // this thread's
        let usage = core::mem::take(&mut (*old).front.usage);
        (*heap).front.usage = usage.in_heap_that_acquired(record.shared.stats.acquired_slots.get());
    }
    tls::set_current(heap);
    arm_thread_exit(heap);
    // SAFETY: [I-HEAP]
    if unsafe { Heap::shared(old) }.tenancy.transition_give() {
        POOL.heaps_given_away.add();
    } else {
        park(old);
    }
    Some(Tenant::own(heap))
}

/// BUSY -> PARKED by the tenant, who may not use the heap afterwards.
pub(super) fn park(heap: *mut Heap) {
    // SAFETY: [I-TENANT] the caller's.
    let set = unsafe { &mut *(*heap).record.set.get() };
    abandon_slabs(set);
    debug_assert_eq!(set.check_rep(), 0, "a heap is parked with contradictions in it");
    // SAFETY: [I-TENANT] as above.
    debug_assert_eq!(unsafe { (*(*heap).depot.get()).check_rep() }, 0, "contradictions in its depot");
    let (owner, shared) = (set.owner(), set.shared());
    shared.tenancy.transition_park();
    directory::note_parked(owner);
    // [PARK]: a poster that saw the heap BUSY has left its batch to us
    if shared.has_mail() {
        visit::help(owner);
    }
}

/// Gives back attached slabs that are whole and lists the others, so that they can be adopted; what is EMPTY is for all.
pub(super) fn abandon_slabs(set: &mut SlabSet) {
    let mut last = LastSlabs::default();
    for class in 0..NUM_CLASSES {
        if let Some(slot) = set.give_up_attached_whole(class) {
            last.release(set, slot, class);
        } else {
            set.detach(class);
        }
    }
    drop(last);
    shared_pool::give_up_empty_runs(set);
    shared_pool::advertise(set);
}

/// The key and one more; 0: none yet.
static EXIT_KEY: PublishedWord = PublishedWord::new();

/// Makes sure that the calling thread's exit comes to our notice. The heap is bound already, so
/// that libc may allocate here (it does for keys of 32 and more).
fn arm_thread_exit(heap: *mut Heap) {
    if let Some(key) = exit_key() {
        // SAFETY: a key of our own; without memory for it the heap is not parked at exit.
        unsafe { libc::pthread_setspecific(key, heap.cast::<c_void>()) };
    }
}

/// Makes the key while the program cannot have used up all of them; by the constructor.
pub fn reserve_exit_key() {
    let _ = exit_key();
}

fn exit_key() -> Option<libc::pthread_key_t> {
    let of_word = |word: u64| word.checked_sub(1).map(|key| key as libc::pthread_key_t);
    if let Some(key) = of_word(EXIT_KEY.get()) {
        return Some(key); // [KEY]
    }
    let mut mine: libc::pthread_key_t = 0;
    // SAFETY: creating a key touches libc's own table only.
    if unsafe { libc::pthread_key_create(&mut mine, Some(on_thread_exit)) } != 0 {
        return None;
    }
    match EXIT_KEY.publish(0, u64::from(mine) + 1) {
        Ok(()) => Some(mine),
        Err(theirs) => {
            // SAFETY: nobody knows this key.
            unsafe { libc::pthread_key_delete(mine) };
            of_word(theirs)
        }
    }
}

extern "C" fn on_thread_exit(value: *mut c_void) {
    debug_assert!(!value.is_null());
    let heap = tls::current(); // the key's value may name one that was given away since
    if tls::is_shim(heap) {
        return;
    }
    let mut tenant = enter(heap);
    let heap = tls::current(); // entering may have replaced it
    let Some(inside) = tenant.as_mut().and_then(Tenant::inside) else {
        // it ended inside a slow path, or a visitor is there and no other heap was to be had: once more in the next
        // round of destructors; after the last one the heap stays as it is
        arm_thread_exit(heap);
        return;
    };
    empty_front_cache(heap, inside);
    let _between = Elsewhere::between_heaps();
    core::mem::forget(tenant); // parked below, not left
    tls::set_current(tls::exited());
    park(heap);
    visit::help_wanted();
}

/// Gives everything that the owner thread keeps at hand back to slabs and other heaps.
pub(super) fn empty_front_cache(heap: *mut Heap, inside: Inside<'_>) {
    let Inside { front, depot, set } = inside;
    front.outbox.post_all(set.stats(), visit::help);
    front.outbox.give_stock();
    empty_bins(front, depot, set);
    // what comes after this is found when the heap is parked
    drain::drain(set, &mut visit::Arrivals::to_slabs(heap, depot));
    visit::empty_depot(set, depot);
}

/// Moves the magazines of all bins into the depot, whatever room there is; what stands in bins' own places goes back to
/// its slabs.
pub(super) fn empty_bins(front: &mut FrontCache, depot: &mut Depot, set: &mut SlabSet) {
    for (class, bin) in front.bins.iter_mut().enumerate() {
        if bin.places() == 0 {
            continue;
        }
        bin.start_slowly(); // the heap may serve another thread next
        if bin.is_at_home() {
            settle_class(set, class, bin.take_all());
        }
        let magazine = bin.remove();
        if magazine.is_null() {
            continue;
        }
        // SAFETY: [I-MAGAZINE] the bin's magazine is the caller's now.
        unsafe {
            match (*magazine).count {
                0 => depot.keep_empty(magazine),
                _ => depot.put(class, magazine),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::counts::SCHED_YIELD;

    #[test]
    fn an_owner_yields_once_before_it_gives_its_heap_to_a_visitor() {
        let owner = || {
            let block = crate::alloc::allocate(64);
            let old = tls::current();
            // SAFETY: [I-HEAP] this thread's heap.
            let record = unsafe { &(*old).record };
            let visit = record.shared.tenancy.transition_visit().expect("the owner rests");
            let (yields, given) = (SCHED_YIELD.get(), POOL.heaps_given_away.get());
            drop(enter(old).expect("another heap"));
            assert!(SCHED_YIELD.get() > yields && POOL.heaps_given_away.get() > given);
            assert_ne!(tls::current(), old);
            assert!(!visit::leave(record, visit), "nothing was sent to it");
            drop(enter(tls::current()).expect("a heap of its own"));
            // SAFETY: allocated above.
            unsafe { crate::free::deallocate(block) };
        };
        std::thread::spawn(owner).join().unwrap();
    }
}
