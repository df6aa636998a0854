//! Random calls of the Rust API against a shadow of the heap, by one thread and by several that
//! hand blocks to each other. The counters must follow exactly.
//!
//! The process runs with `HAKMEM_HARDENED=1`: every sized free states the size that was asked for
//! last, which must never be refused.

// frees what it allocated
#![allow(unsafe_code)]

mod shadow;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use hakmem::geometry::{KIB, MIB, NUM_CLASSES, class_bytes};
use hakmem::report::{heap_check, snapshot};
use hakmem::{alloc, free, realloc};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};

use shadow::{Block, Extents, bytes_add_up};

const MAX_SIZE: usize = 8 * MIB;
const MAX_ALIGN_LOG2: u32 = 22;
const THREADS: usize = 3;
/// Blocks of one thread; beyond it the oldest is freed, which bounds the memory of a run.
const MAX_BLOCKS: usize = 120;

/// One call. `which` chooses among the live blocks.
#[derive(Clone, Debug)]
enum Call {
    Allocate {
        size: usize,
    },
    AllocateZeroed {
        size: usize,
    },
    AllocateAligned {
        align_log2: u32,
        size: usize,
    },
    Reallocate {
        which: usize,
        size: usize,
    },
    Deallocate {
        which: usize,
    },
    DeallocateSized {
        which: usize,
    },
    /// Hands a block to the next thread; alone: nothing.
    Pass {
        which: usize,
    },
}

/// Sizes of every order of magnitude alike, and the places where the path changes.
fn any_size() -> impl Strategy<Value = usize> {
    let by_magnitude = (0..=23_u32, any::<u32>()).prop_map(|(bits, low)| {
        let base = 1_usize << bits;
        ((base | low as usize & (base - 1)) - usize::from(bits == 0)).min(MAX_SIZE)
    });
    let near = |edge: usize| (edge - 1..=edge + 1).boxed();
    let class_edges = (0..NUM_CLASSES).prop_map(class_bytes).prop_flat_map(near);
    let path_edges = prop::sample::select(vec![KIB, 4 * KIB, 64 * KIB, 128 * KIB, MIB, 2 * MIB]).prop_flat_map(near);
    prop_oneof![6 => by_magnitude, 2 => class_edges, 1 => path_edges]
}

fn any_call() -> impl Strategy<Value = Call> {
    let which = any::<usize>;
    prop_oneof![
        4 => any_size().prop_map(|size| Call::Allocate { size }),
        2 => any_size().prop_map(|size| Call::AllocateZeroed { size }),
        2 => (0..=MAX_ALIGN_LOG2, any_size()).prop_map(|(align_log2, size)| Call::AllocateAligned { align_log2, size }),
        3 => (which(), any_size()).prop_map(|(which, size)| Call::Reallocate { which, size }),
        3 => which().prop_map(|which| Call::Deallocate { which }),
        2 => which().prop_map(|which| Call::DeallocateSized { which }),
        2 => which().prop_map(|which| Call::Pass { which }),
    ]
}

fn config(cases: u32) -> Config {
    Config { cases, max_shrink_iters: 400, failure_persistence: None, ..Config::default() }
}

/// The counters are the process's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    static HARDENED: Once = Once::new();
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: before the first call of the allocator; the other tests wait for the lock.
    HARDENED.call_once(|| unsafe { std::env::set_var("HAKMEM_HARDENED", "1") });
    guard
}

/// What a run may end with: a contradiction in words.
type Outcome = Result<(), String>;

fn demand(holds: bool, what: &str, about: &impl std::fmt::Debug) -> Outcome {
    if holds { Ok(()) } else { Err(format!("{what}: {about:?}")) }
}

/// A live block and the alignment that was asked for; 16 for malloc's own.
#[derive(Clone, Copy, Debug)]
struct Owned {
    block: Block,
    align: usize,
}

/// How a block is freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Plain,
    Sized,
}

/// One thread's blocks, and where it passes some.
struct Player<'a> {
    extents: &'a Extents,
    blocks: Vec<Owned>,
    next: Option<Sender<Owned>>,
    tag: usize,
}

impl<'a> Player<'a> {
    fn new(extents: &'a Extents, number: usize, next: Option<Sender<Owned>>) -> Self {
        Self { extents, blocks: vec![], next, tag: number * 7919 }
    }

    fn play(&mut self, call: &Call) -> Outcome {
        match *call {
            Call::Allocate { size } => self.take(alloc::allocate(size), size, 16)?,
            Call::AllocateZeroed { size } => {
                let pointer = alloc::allocate_zeroed(size);
                demand(!pointer.is_null() && Block::new(pointer, size, 0).is_zero(), "not zero", call)?;
                self.take(pointer, size, 16)?;
            }
            Call::AllocateAligned { align_log2, size } => {
                let align = 1 << align_log2;
                self.take(alloc::allocate_aligned(align, size), size, align)?;
            }
            Call::Reallocate { which, size } => self.reallocate(which, size)?,
            Call::Deallocate { which } => self.choose(which).map_or(Ok(()), |owned| self.free(owned, How::Plain))?,
            Call::DeallocateSized { which } => {
                self.choose(which).map_or(Ok(()), |owned| self.free(owned, How::Sized))?
            }
            Call::Pass { which } => self.pass(which)?,
        }
        if self.blocks.len() > MAX_BLOCKS {
            let oldest = self.blocks.remove(0);
            self.free(oldest, How::Plain)?;
        }
        Ok(())
    }

    /// Takes one of the live blocks out.
    fn choose(&mut self, which: usize) -> Option<Owned> {
        let count = self.blocks.len();
        (count > 0).then(|| self.blocks.swap_remove(which % count))
    }

    /// Receives a new block: notes where it is and fills it.
    fn take(&mut self, pointer: *mut u8, size: usize, align: usize) -> Outcome {
        self.tag += 1;
        let block = Block::new(pointer, size, self.tag * 31);
        demand(!pointer.is_null(), "no memory", &block)?;
        self.note(&block, align)?;
        block.fill();
        self.blocks.push(Owned { block, align });
        Ok(())
    }

    fn note(&self, block: &Block, align: usize) -> Outcome {
        demand(block.address.is_multiple_of(align.max(16)), "misaligned", block)?;
        // SAFETY: a live block.
        let usable = unsafe { free::usable_size(block.pointer()) };
        demand(usable >= block.size.max(1), "usable size below the request", block)?;
        self.extents.insert(block.address, usable)
    }

    fn reallocate(&mut self, which: usize, size: usize) -> Outcome {
        let Some(Owned { block: old, .. }) = self.choose(which) else { return Ok(()) };
        demand(old.is_intact(), "content changed", &old)?;
        self.extents.remove(old.address);
        // SAFETY: a live block, not used afterwards.
        let pointer = unsafe { realloc::reallocate(old.pointer(), size) };
        if size == 0 {
            return demand(pointer.is_null(), "realloc to 0 returned a block", &old);
        }
        let moved = Block::new(pointer, size, old.tag);
        demand(!pointer.is_null(), "no memory", &moved)?;
        demand(moved.is_intact_up_to(old.size), "content lost by realloc", &(old, moved))?;
        self.take(pointer, size, 16)
    }

    fn free(&self, Owned { block, align }: Owned, how: How) -> Outcome {
        demand(block.is_intact(), "content changed", &block)?;
        self.extents.remove(block.address);
        // SAFETY: a live block, not used afterwards; size and alignment are those asked for.
        unsafe {
            match how {
                How::Plain => free::deallocate(block.pointer()),
                How::Sized if align <= 16 => free::deallocate_sized(block.pointer(), block.size),
                How::Sized => free::deallocate_aligned_sized(block.pointer(), align, block.size),
            }
        }
        Ok(())
    }

    fn pass(&mut self, which: usize) -> Outcome {
        let Some(next) = self.next.clone() else { return Ok(()) };
        let Some(owned) = self.choose(which) else { return Ok(()) };
        next.send(owned).map_err(|_| "the next thread has gone".to_owned())
    }

    fn free_all(&mut self) -> Outcome {
        std::mem::take(&mut self.blocks).into_iter().try_for_each(|owned| self.free(owned, How::Plain))
    }
}

/// The counters at rest, against what the test holds.
fn compare_counters(live_before: u64, extents: &Extents) -> Outcome {
    let now = snapshot();
    demand(now.live_bytes == live_before + extents.bytes(), "live bytes", &(now.live_bytes, extents))?;
    demand(now.stray_blocks == 0, "blocks without a magazine", &now.stray_blocks)?;
    bytes_add_up(&now)
}

/// A run in a thread of its own, which leaves its heap when it ends.
fn play_alone(calls: &[Call]) -> Outcome {
    let (before, extents) = (snapshot().live_bytes, Extents::default());
    let mut player = Player::new(&extents, 0, None);
    for (step, call) in calls.iter().enumerate() {
        player.play(call)?;
        if step % 16 == 0 {
            compare_counters(before, &extents)?;
        }
    }
    compare_counters(before, &extents)?;
    player.free_all()?;
    compare_counters(before, &extents)
}

/// A thread of a ring: plays its calls, taking in what the thread before it passes.
fn play_in_ring(mut player: Player<'_>, calls: &[Call], arriving: Receiver<Owned>) -> Outcome {
    for call in calls {
        player.play(call)?;
        player.blocks.extend(arriving.try_iter());
    }
    player.next = None; // the ring ends when every thread has let go
    for owned in arriving {
        player.free(owned, How::Sized)?;
    }
    player.free_all()
}

fn play_as_ring(calls: &[Vec<Call>]) -> Outcome {
    let (before, extents) = (snapshot().live_bytes, Extents::default());
    let (mut senders, receivers): (Vec<_>, Vec<_>) = calls.iter().map(|_| channel()).unzip();
    senders.rotate_left(1);
    std::thread::scope(|scope| {
        let parts = calls.iter().zip(senders).zip(receivers).enumerate();
        let threads: Vec<_> = parts
            .map(|(number, ((calls, next), arriving))| {
                let player = Player::new(&extents, number, Some(next));
                std::thread::Builder::new().spawn_scoped(scope, move || play_in_ring(player, calls, arriving)).unwrap()
            })
            .collect();
        // every thread is joined by hand: a scope does not wait for what runs at thread exit
        let outcomes: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        outcomes.into_iter().collect::<Outcome>()
    })?;
    compare_counters(before, &extents)?;
    demand(heap_check::count_faults() == 0, "faults", &"heap_check")
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn one_thread(calls in prop::collection::vec(any_call(), 1..300)) {
        let _alone = alone();
        play_alone(&calls).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn threads_that_pass_blocks(
        calls in prop::collection::vec(prop::collection::vec(any_call(), 1..200), THREADS)
    ) {
        let _alone = alone();
        play_as_ring(&calls).map_err(TestCaseError::fail)?;
    }
}
