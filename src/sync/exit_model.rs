//! A model of what outlives a thread: its exit, frees by others, adoption of its slabs, and the visits
//! that bring every block home. Too long for loom, so shuttle runs it in random schedules
//! (`scripts/shuttle`), over the very [`Tenancy`], [`BatchQueue`] and [`TaggedStack`] that the heap
//! uses; what stands above them is a small copy:
//!
//! | here | real code |
//! |---|---|
//! | `World::exit`, `World::park` | `front_cache::bind` |
//! | `World::visit`, `World::help_wanted` | `front_cache::visit` |
//! | `World::drain` | `remote::drain`, `remote::forward` |
//! | `World::free` | `remote::outbox` |
//! | `World::adopt` | `shared_pool::adopt`, `front_cache::surplus` |
//!
//! Promised when all threads have ended: every heap is parked, nothing waits in a queue, no visit is
//! wanted, and every slab was released, once.
#![allow(unsafe_code)] // batches by pointer, heaps by their tenant

use super::batch_queue::{BatchQueue, Node};
use super::id_set::IdSets;
use super::tagged_stack::{Links, TaggedStack};
use super::tenancy::{Ended, Entry, Tenancy, Visit};
use super::{AtomicPtr, AtomicU32, Ordering};
use shuttle::thread::{self, JoinHandle};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool as Flag, Ordering::Relaxed};

const HEAPS: usize = 3;
const SLABS: usize = 3;
/// `entry` of a slab that stands on the stack of EMPTY ones.
const NOBODY: u32 = u32::MAX;
const VISIT_ROUNDS: usize = 16;

/// Blocks on their way, by the number of their slab.
struct Batch {
    next: AtomicPtr<Batch>,
    blocks: Vec<usize>,
}

impl Node for Batch {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.next
    }
}

/// What only the tenant touches.
#[derive(Default)]
struct Set {
    slabs: Vec<usize>,
    attached: Option<usize>,
}

struct Heap {
    tenancy: Tenancy,
    queue: BatchQueue<Batch>,
    set: UnsafeCell<Set>,
    occupied: Flag,
}

struct Slab {
    owner: AtomicU32,
    out: UnsafeCell<u32>,
    next: AtomicU32,
}

struct World {
    heaps: [Heap; HEAPS],
    slabs: [Slab; SLABS],
    wanted: IdSets<1, 1>,
    empty: TaggedStack<24>,
}

// SAFETY: the cells are the tenant's; `World::inside` asserts that there is one at a time.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl Links for World {
    fn next(&self, index: u32) -> u32 {
        self.slabs[index as usize].next.load(Ordering::Relaxed)
    }
    fn set_next(&self, index: u32, next: u32) {
        self.slabs[index as usize].next.store(next, Ordering::Relaxed);
    }
}

impl World {
    /// Every slab belongs to heap 0, whose owner is outside of its slow path, as are those of the
    /// other heaps; `out[slab]` blocks of each are out.
    fn new(out: [u32; SLABS]) -> Arc<Self> {
        let world = Self {
            heaps: std::array::from_fn(|_| Heap {
                tenancy: Tenancy::new(),
                queue: BatchQueue::new(),
                set: UnsafeCell::new(Set::default()),
                occupied: Flag::new(false),
            }),
            slabs: std::array::from_fn(|slab| Slab {
                owner: AtomicU32::new(0),
                out: UnsafeCell::new(out[slab]),
                next: AtomicU32::new(0),
            }),
            wanted: IdSets::new(),
            empty: TaggedStack::new(),
        };
        for heap in &world.heaps {
            assert!(heap.tenancy.transition_bind());
            heap.tenancy.transition_leave();
        }
        world.inside(0, |set| *set = Set { slabs: (1..SLABS).collect(), attached: Some(0) });
        Arc::new(world)
    }

    /// Lets the tenant of a heap work on its set.
    fn inside<R>(&self, heap: usize, work: impl FnOnce(&mut Set) -> R) -> R {
        let heap = &self.heaps[heap];
        assert!(!heap.occupied.swap(true, Relaxed), "two tenants");
        thread::yield_now();
        // SAFETY: one tenant at a time, as asserted.
        let result = work(unsafe { &mut *heap.set.get() });
        heap.occupied.store(false, Relaxed);
        result
    }

    fn post(&self, owner: usize, blocks: Vec<usize>) {
        let batch = Box::new(Batch { next: AtomicPtr::new(ptr::null_mut()), blocks });
        // SAFETY: a batch of this thread's, given away.
        unsafe { self.heaps[owner].queue.push(Box::into_raw(batch)) };
    }

    /// A remote free of a batch that was collected for `owner`.
    fn free(&self, owner: usize, blocks: Vec<usize>) {
        self.post(owner, blocks);
        if self.heaps[owner].tenancy.is_parked() {
            self.visit(owner);
            self.help_wanted();
        }
    }

    fn release(&self, slab: usize) {
        self.slabs[slab].owner.store(NOBODY, Ordering::Relaxed);
        self.empty.push(self, slab as u32);
    }

    /// Puts a block into its slab, of which the caller is the tenant.
    fn put(&self, set: &mut Set, slab: usize) {
        // SAFETY: the tenant of the slab's owner.
        let out = unsafe { &mut *self.slabs[slab].out.get() };
        *out = out.checked_sub(1).expect("a block came home twice");
        if *out == 0 && set.attached != Some(slab) {
            set.slabs.retain(|other| *other != slab);
            self.release(slab);
        }
    }

    /// By the tenant of `heap`: blocks go home, or on to the heap that has adopted their slab.
    fn drain(&self, heap: usize, set: &mut Set) {
        let mut batch = self.heaps[heap].queue.take_all();
        while !batch.is_null() {
            // SAFETY: the exchange gave the batches to this thread.
            let opened = unsafe { Box::from_raw(batch) };
            batch = opened.next.load(Ordering::Relaxed);
            for slab in opened.blocks {
                let owner = self.slabs[slab].owner.load(Ordering::Relaxed) as usize;
                if owner == heap {
                    self.put(set, slab);
                } else {
                    self.post(owner, vec![slab]);
                    if self.heaps[owner].tenancy.is_parked() {
                        self.wanted.set(0).insert(owner as u32);
                    }
                }
            }
        }
    }

    fn abandon(&self, set: &mut Set) {
        let Some(slab) = set.attached.take() else { return };
        // SAFETY: the caller is the tenant.
        if unsafe { *self.slabs[slab].out.get() } == 0 { self.release(slab) } else { set.slabs.push(slab) }
    }

    fn visit(&self, heap: usize) {
        let Heap { tenancy, queue, .. } = &self.heaps[heap];
        for _ in 0..VISIT_ROUNDS {
            let Some(visit) = tenancy.transition_visit() else { return };
            self.tidy(heap, visit);
            let mut ended = tenancy.transition_end_visit(visit);
            if ended == Ended::Given {
                self.tidy(heap, Visit::Parked);
                ended = tenancy.transition_end_visit(Visit::Parked);
            }
            if ended == Ended::Idle || queue.is_empty() {
                return;
            }
        }
        self.wanted.set(0).insert(heap as u32);
    }

    fn tidy(&self, heap: usize, visit: Visit) {
        self.inside(heap, |set| {
            self.drain(heap, set);
            if visit == Visit::Parked {
                self.abandon(set);
            }
        });
    }

    fn help_wanted(&self) {
        while let Some(heap) = self.wanted.set(0).take(HEAPS) {
            self.visit(heap as usize);
        }
    }

    /// Takes a slab of heap `from`, if it is parked or its owner rests, for heap `to`, whose tenant the caller is.
    fn adopt(&self, to: usize, set: &mut Set, from: usize) {
        let Heap { tenancy, queue, .. } = &self.heaps[from];
        let Some(visit) = tenancy.transition_visit() else { return };
        let slab = self.inside(from, |theirs| {
            let slab = theirs.slabs.pop();
            if let Some(slab) = slab {
                self.slabs[slab].owner.store(to as u32, Ordering::Relaxed);
            }
            slab
        });
        if let Some(slab) = slab {
            let before = set.attached.replace(slab);
            set.slabs.extend(before);
        }
        let mut ended = tenancy.transition_end_visit(visit);
        if ended == Ended::Given {
            self.tidy(from, Visit::Parked);
            ended = tenancy.transition_end_visit(Visit::Parked);
        }
        if ended == Ended::Parked && !queue.is_empty() {
            self.wanted.set(0).insert(from as u32);
        }
    }

    fn park(&self, heap: usize) {
        self.inside(heap, |set| {
            self.drain(heap, set);
            self.abandon(set);
        });
        self.heaps[heap].tenancy.transition_park();
        if !self.heaps[heap].queue.is_empty() {
            self.visit(heap);
        }
    }

    /// The end of the thread that owns `heap`.
    fn exit(&self, heap: usize) {
        match self.heaps[heap].tenancy.transition_enter() {
            Entry::Entered => self.park(heap),
            Entry::Reentered => panic!("nobody interrupted this thread"),
            Entry::Visited if self.heaps[heap].tenancy.transition_give() => {}
            Entry::Visited => self.park(heap),
        }
        self.help_wanted();
    }

    /// A slow path of the owner of `heap`, which adopts from heap 0, and the owner's end.
    fn adopt_and_exit(&self, heap: usize) {
        if self.heaps[heap].tenancy.transition_enter() == Entry::Entered {
            self.inside(heap, |set| {
                self.drain(heap, set);
                self.adopt(heap, set, 0);
            });
            self.heaps[heap].tenancy.transition_leave();
            self.help_wanted();
        }
        self.exit(heap);
    }

    fn assert_all_home(&self) {
        for heap in &self.heaps {
            assert!(heap.tenancy.is_parked(), "a heap that nobody can find");
            assert!(heap.queue.is_empty(), "blocks stay in a queue");
        }
        assert!(self.wanted.set(0).next(0, HEAPS).is_none(), "a visit that nobody makes");
        let mut released = 0;
        while let (Some(slab), _) = self.empty.pop(self) {
            assert_eq!(self.slabs[slab as usize].owner.load(Ordering::Relaxed), NOBODY);
            released += 1;
        }
        assert_eq!(released, SLABS, "a slab is kept though all of its blocks are free");
    }
}

type Job = fn(&World);

/// Runs the jobs of each phase at the same time, one phase after the other.
fn run(out: [u32; SLABS], phases: &'static [&'static [Job]]) {
    let scenario = move || {
        let world = World::new(out);
        let start = |job: Job| {
            let world = Arc::clone(&world);
            thread::spawn(move || job(&world))
        };
        for jobs in phases {
            let threads: Vec<JoinHandle<()>> = jobs.iter().map(|job| start(*job)).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
        world.assert_all_home();
    };
    let iterations = std::env::var("SHUTTLE_ITERATIONS").map_or(2000, |text| text.parse().unwrap());
    shuttle::check_random(scenario, iterations);
    shuttle::check_pct(scenario, iterations, 3);
}

mod models {
    use super::*;

    #[test]
    fn an_owner_ends_while_others_free_and_adopt() {
        run(
            [2, 1, 1],
            &[&[
                |w| w.exit(0),
                |w| w.adopt_and_exit(1),
                |w| w.free(0, vec![0, 1]),
                |w| w.free(0, vec![2, 0]),
                |w| w.exit(2),
            ]],
        );
    }

    #[test]
    fn blocks_of_two_adopted_slabs_find_both_ended_owners() {
        run(
            [0, 1, 1],
            &[&[|w| w.exit(0), |w| w.adopt_and_exit(1), |w| w.adopt_and_exit(2)], &[|w| w.free(0, vec![1, 2])]],
        );
    }

    #[test]
    fn a_heap_that_is_given_to_its_visitor_ends_parked_and_empty() {
        run(
            [1, 1, 1],
            &[&[
                |w| {
                    w.free(0, vec![0]);
                    w.visit(0);
                    w.help_wanted();
                },
                |w| w.exit(0),
                |w| w.free(0, vec![1, 2]),
                |w| w.exit(1),
                |w| w.adopt_and_exit(2),
            ]],
        );
    }
}
