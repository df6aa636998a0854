//! Threads against each other: heaps given away, slabs adopted, SuperSlabs made at once, owners that
//! sleep or end. Every block carries a word of its own, so that one handed out twice is seen.
//!
//! Each test has the heap to itself and leaves it sound: the walker finds no fault, and no byte is
//! live that was not before.

// blocks by address
#![allow(unsafe_code)]

mod shadow;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::{self, JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use hakmem::geometry::{CLASSES, KIB, MIB, class_of};
use hakmem::policy;
use hakmem::report::{heap_check, snapshot};
use hakmem::stats::Snapshot;
use hakmem::{alloc, free};

use shadow::{Block, bytes_add_up};

/// Runs `test` in a thread of its own while no other test runs, and looks at the heap when all
/// threads have ended. Returns the counters before and after.
fn exclusively(test: impl FnOnce() + Send + 'static) -> (Snapshot, Snapshot) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    #[cfg(feature = "yield-injection")]
    hakmem::sync::yielding::seed(std::env::var("HAKMEM_TEST_SEED").map_or(1, |text| text.parse().unwrap()));
    let before = snapshot();
    spawn(test).join().unwrap();
    assert_eq!(heap_check::count_faults(), 0);
    let after = snapshot();
    bytes_add_up(&after).unwrap();
    assert_eq!(after.live_bytes, before.live_bytes);
    assert_eq!(after.front_cached_bytes, 0, "every thread has ended and every queue was brought home");
    assert_eq!(after.stray_blocks, 0);
    (before, after)
}

/// A block with a value at two places of it that free does not mark.
#[derive(Clone, Copy)]
struct Stamped {
    address: usize,
    size: usize,
    value: usize,
}

impl Stamped {
    /// A new block of at least 48 bytes.
    fn allocate(size: usize, value: usize) -> Self {
        let address = alloc::allocate(size) as usize;
        assert_ne!(address, 0);
        let stamped = Self { address, size, value };
        // SAFETY: in the block
        stamped.words().iter().for_each(|word| unsafe { word.write(value) });
        stamped
    }

    fn words(&self) -> [*mut usize; 2] {
        let first = self.address as *mut usize;
        [first.wrapping_add(2), first.wrapping_add(self.size / size_of::<usize>() - 1)]
    }

    fn check(&self) {
        // SAFETY: in a live block
        let found = self.words().map(|word| unsafe { word.read() });
        assert_eq!(found, [self.value; 2], "a block handed out twice");
    }

    /// Checks the block, overwrites it and frees it.
    fn free(self) {
        self.check();
        // SAFETY: a live block, not used afterwards
        unsafe {
            self.words().iter().for_each(|word| word.write(!self.value));
            free::deallocate(self.address as *mut u8);
        }
    }
}

fn join_all<T>(threads: impl IntoIterator<Item = JoinHandle<T>>) {
    threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
}

/// Held for reading by who uses the heap, for writing by who walks it.
static AT_WORK: RwLock<()> = RwLock::new(());

fn at_work() -> RwLockReadGuard<'static, ()> {
    AT_WORK.read().unwrap_or_else(PoisonError::into_inner)
}

/// Lets `work` run in a thread again and again until `done`; between two times the heap may be walked.
fn repeat(done: &Arc<AtomicBool>, mut work: impl FnMut() + Send + 'static) -> JoinHandle<()> {
    let done = Arc::clone(done);
    spawn(move || {
        while !done.load(Relaxed) {
            let _at_work = at_work();
            work();
        }
    })
}

/// Lets threads run for a time, or until one of them has failed. Again and again all stand still, and the
/// heap has no faults.
fn run_for(time: Duration, done: &AtomicBool, threads: Vec<JoinHandle<()>>) {
    let end = Instant::now() + time;
    while Instant::now() < end && !threads.iter().any(JoinHandle::is_finished) {
        sleep(Duration::from_millis(10));
        let _nobody_works = AT_WORK.write().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(heap_check::count_faults(), 0);
    }
    done.store(true, Relaxed);
    join_all(threads);
}

/// Allocates blocks and sends them off.
fn producer(done: &Arc<AtomicBool>, size: usize, to: Sender<Stamped>) -> JoinHandle<()> {
    repeat(done, move || {
        let blocks: Vec<_> = (0..3000).map(|value| Stamped::allocate(size, value)).collect();
        for block in blocks {
            block.check();
            to.send(block).unwrap();
        }
    })
}

/// Frees what arrives.
fn consumer(from: Receiver<Stamped>) -> JoinHandle<()> {
    let free = |block: Stamped| {
        let _at_work = at_work();
        block.free();
    };
    spawn(move || from.into_iter().for_each(free))
}

/// An owner's heap is visited while it allocates, is given away, and is bound by new threads.
#[test]
fn heaps_are_given_away_while_others_bind() {
    let (before, after) = exclusively(|| {
        let done = Arc::new(AtomicBool::new(false));
        let (to, from) = channel();
        let freeing = consumer(from);
        let producing = producer(&done, KIB, to);
        let short_lived = repeat(&done, || {
            let work = || {
                let blocks: Vec<_> = (0..200).map(|value| Stamped::allocate(KIB, !value)).collect();
                thread::yield_now();
                blocks.into_iter().for_each(Stamped::free);
            };
            spawn(work).join().unwrap();
        });
        run_for(Duration::from_secs(2), &done, vec![producing, short_lived]);
        freeing.join().unwrap();
    });
    assert!(after.visits > before.visits, "nobody visited a heap");
    assert!(after.heaps_given_away > before.heaps_given_away, "no heap was given away");
}

/// Allocates until there were `rounds`, keeping some thousand blocks.
fn adopter(round: &'static AtomicUsize, rounds: usize) -> JoinHandle<()> {
    spawn(move || {
        let mut kept: Vec<Stamped> = vec![];
        while round.load(Relaxed) < rounds {
            kept.extend((0..100).map(|value| Stamped::allocate(4 * KIB, value)));
            if kept.len() > 3000 {
                kept.drain(..).for_each(Stamped::free);
            }
        }
        kept.into_iter().for_each(Stamped::free);
    })
}

/// Slabs that ended threads have left are adopted while their blocks are freed.
#[test]
fn slabs_are_adopted_while_their_old_heap_is_visited() {
    const ROUNDS: usize = 300;
    static ROUND: AtomicUsize = AtomicUsize::new(0);
    let (before, after) = exclusively(|| {
        // adopters live on: they do not bind the ended threads' heaps, they adopt their slabs
        let adopters = [adopter(&ROUND, ROUNDS), adopter(&ROUND, ROUNDS)];
        for round in 0..ROUNDS {
            let leave_some = || {
                let blocks: Vec<_> = (0..480).map(|value| Stamped::allocate(4 * KIB, !value)).collect();
                let (now, later): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|block| block.value % 4 == 0);
                now.into_iter().for_each(Stamped::free);
                later
            };
            let left = spawn(leave_some).join().unwrap();
            left.into_iter().rev().for_each(Stamped::free);
            ROUND.store(round + 1, Relaxed);
        }
        join_all(adopters);
    });
    assert!(after.adopted_slabs > before.adopted_slabs, "nobody adopted a slab");
    assert!(after.visits > before.visits, "nobody visited a heap");
}

/// Threads that need new SuperSlabs at the same time, and write to all they get.
#[test]
fn threads_make_superslabs_at_once() {
    const THREADS: usize = 4;
    let (before, after) = exclusively(|| {
        let start = Arc::new(Barrier::new(THREADS));
        // two blocks of a SuperSlab each fill what earlier tests have made; the rest is new
        let blocks = snapshot().superslabs as usize * 2 / THREADS + 150;
        let grow = |number: usize| {
            let start = Arc::clone(&start);
            spawn(move || {
                start.wait();
                let blocks: Vec<_> = (0..blocks).map(|value| Stamped::allocate(MIB, number << 32 | value)).collect();
                start.wait();
                blocks.into_iter().for_each(Stamped::free);
            })
        };
        join_all((0..THREADS).map(grow).collect::<Vec<_>>());
    });
    assert!(after.superslabs > before.superslabs);
}

/// Sizes of every path, all of them freed by others.
const MIXED_SIZES: [usize; 9] = [48, 100, 500, 1024, 5000, 40_000, 65_537, 300_000, 3_000_000];

/// Threads end with live blocks; others find them intact and free them, while more threads come.
#[test]
fn blocks_outlive_their_threads() {
    let (before, after) = exclusively(|| {
        let (to, from) = channel::<Vec<Block>>();
        let free_all = |blocks: Vec<Block>| {
            for block in blocks {
                assert!(block.is_intact());
                // SAFETY: a live block, not used afterwards
                unsafe { free::deallocate(block.pointer()) };
            }
        };
        let freeing = spawn(move || from.into_iter().for_each(free_all));
        for round in 0..60 {
            let to = to.clone();
            let leave = move || {
                let sizes = MIXED_SIZES.iter().cycle().take(90 + round);
                let blocks: Vec<_> = sizes.enumerate().map(|(at, size)| filled(size + round, at)).collect();
                to.send(blocks).unwrap();
            };
            join_all([spawn(leave.clone()), spawn(leave)]);
        }
        drop(to);
        freeing.join().unwrap();
    });
    assert!(after.visits > before.visits, "nobody visited a heap");
}

/// A new block with the pattern in it.
fn filled(size: usize, tag: usize) -> Block {
    let block = Block::new(alloc::allocate(size), size, tag * 257);
    assert!(!block.pointer().is_null());
    block.fill();
    block
}

/// Blocks of `size` bytes in a slab.
fn class_capacity(size: usize) -> usize {
    CLASSES[class_of(size)].capacity as usize
}

/// Blocks of `size` bytes that are out of their slabs: live, cached or on their way.
fn blocks_out(size: usize) -> usize {
    snapshot().classes[class_of(size)].blocks_out as usize
}

/// A block of a heap that two others have adopted slabs of is forwarded to each of them; when they, too,
/// have ended, both are visited.
#[test]
fn blocks_forwarded_to_ended_heaps_come_home() {
    const SIZE: usize = 1024;
    let per_slab = class_capacity(SIZE);
    exclusively(move || {
        let slabs = || snapshot().classes[class_of(SIZE)].slabs;
        let before = slabs();
        let (go, wait): (Vec<_>, Vec<_>) = (0..2).map(|_| channel::<()>()).unzip();
        // all have their heaps before the first owner ends
        Stamped::allocate(48, 0).free();
        let adopters: Vec<_> = wait
            .into_iter()
            .map(|start| {
                spawn(move || {
                    Stamped::allocate(48, 0).free();
                    start.recv().unwrap();
                    Stamped::allocate(SIZE, 0).free();
                })
            })
            .collect();
        sleep(Duration::from_millis(50));
        let leave = move || {
            let blocks: Vec<_> = (0..2 * per_slab).map(|value| Stamped::allocate(SIZE, value)).collect();
            let (left, freed): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|block| block.value % per_slab < 4);
            freed.into_iter().for_each(Stamped::free);
            left
        };
        let left = spawn(leave).join().unwrap();
        assert_eq!(slabs(), before + 2);
        left.into_iter().for_each(Stamped::free); // into this thread's outbox
        for (go, adopter) in go.into_iter().zip(adopters) {
            let adopted = snapshot().adopted_slabs;
            go.send(()).unwrap();
            adopter.join().unwrap();
            assert_eq!(snapshot().adopted_slabs, adopted + 1);
        }
        assert_eq!(slabs(), before + 2, "blocks keep both slabs");
        // a slow path sends the outbox
        Stamped::allocate(5000, 0).free();
        assert_eq!(slabs(), before, "a slab is kept by blocks that nobody brings home");
    });
}

/// Owners sleep while others free: what is above the bound of their queues comes home all the same.
#[test]
fn sleeping_owners_are_visited() {
    const OWNERS: usize = 3;
    const BLOCKS: usize = 4000;
    /// What may wait for a sleeping owner, and what it keeps at hand itself.
    const MAY_WAIT: usize = policy::BACKLOG_MOST_BYTES + policy::DEPOT_CLASS_MAX_BYTES + 4 * policy::BIN_MAX_BYTES;
    let (before, after) = exclusively(|| {
        let asleep = Arc::new(Barrier::new(OWNERS + 1));
        let (to, from) = channel();
        let own = |owner: usize| {
            let (to, asleep) = (to.clone(), Arc::clone(&asleep));
            spawn(move || {
                (0..BLOCKS).for_each(|value| to.send(Stamped::allocate(KIB, owner << 32 | value)).unwrap());
                drop(to);
                asleep.wait(); // all blocks are out
                asleep.wait(); // all were freed
                (0..BLOCKS).for_each(|value| Stamped::allocate(KIB, value).free());
            })
        };
        let owners: Vec<_> = (0..OWNERS).map(own).collect();
        drop(to);
        asleep.wait();
        assert!(blocks_out(KIB) >= OWNERS * BLOCKS);
        consumer(from).join().unwrap();
        let waiting = blocks_out(KIB);
        assert!(waiting * KIB <= OWNERS * MAY_WAIT, "{waiting} blocks wait for their sleeping owners");
        asleep.wait();
        join_all(owners);
    });
    assert!(after.visits > before.visits, "nobody visited a sleeping owner");
}

/// Many threads allocate, one frees.
#[test]
fn many_producers_one_consumer() {
    let (before, after) = exclusively(|| {
        let done = Arc::new(AtomicBool::new(false));
        let (to, from) = channel();
        let producers = [48, 200, KIB, 6 * KIB].map(|size| producer(&done, size, to.clone()));
        drop(to);
        let freeing = consumer(from);
        run_for(Duration::from_millis(700), &done, producers.into());
        freeing.join().unwrap();
    });
    assert!(after.remote_blocks > before.remote_blocks);
}

/// One thread allocates, many free.
#[test]
fn one_producer_many_consumers() {
    let (before, after) = exclusively(|| {
        let (senders, consumers): (Vec<_>, Vec<_>) = (0..4)
            .map(|_| {
                let (to, from) = channel();
                (to, consumer(from))
            })
            .unzip();
        for value in 0..200_000 {
            let size = [48, 200, KIB, 6 * KIB][value / 7 % 4];
            senders[value % senders.len()].send(Stamped::allocate(size, value)).unwrap();
        }
        drop(senders);
        join_all(consumers);
    });
    assert!(after.remote_blocks > before.remote_blocks);
}

/// Two thousand threads need no more heaps than run at a time, about.
#[test]
fn threads_that_come_and_go_share_few_heaps() {
    const AT_A_TIME: usize = 8;
    let (before, after) = exclusively(|| {
        for round in 0..2000 / AT_A_TIME {
            let work = move || {
                let blocks: Vec<_> = (0..20).map(|value| Stamped::allocate(100 + round, value)).collect();
                blocks.into_iter().for_each(Stamped::free);
            };
            join_all((0..AT_A_TIME).map(|_| spawn(work)).collect::<Vec<_>>());
        }
    });
    assert!(after.heaps_bound >= before.heaps_bound + 2000);
    assert!(
        after.heaps < (before.heaps + 1).max(2 * AT_A_TIME as u64 + 2),
        "{} heaps, {} before",
        after.heaps,
        before.heaps
    );
}
