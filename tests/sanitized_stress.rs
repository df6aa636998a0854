//! Threads that allocate, resize, exchange and free blocks and leave some behind when they end, with
//! nothing between them but spawn, join and atomics: under ThreadSanitizer (`scripts/tsan`), which sees
//! neither std's channels nor its locks, every word of a block that passes from one thread to the next
//! must be ordered by the allocator, or by the exchange below.
//!
//! `HAKMEM_TEST_SECONDS` and `HAKMEM_TEST_SEED` set how long and from which seed; both are printed.

// blocks by address
#![allow(unsafe_code)]

use std::array::from_fn;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hakmem::report::{heap_check, snapshot};
use hakmem::{alloc, free, realloc};

const THREADS: usize = 4;
const OWN: usize = 128;
const WORD: usize = size_of::<usize>();

/// Blocks that change hands.
static MAILBOXES: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];
static STOP: AtomicBool = AtomicBool::new(false);

/// A pseudo-random sequence (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    /// Mostly small; slabs of every order, spans, and few huge ones.
    fn size(&mut self) -> usize {
        let limit = match self.below(1000) {
            0..900 => 2048,
            900..980 => 60_000,
            980..998 => 900_000,
            _ => 3_000_000,
        };
        4 * WORD + self.below(limit)
    }
}

/// A live block, by its address; 0 is none. Its words 2 and last carry its size, and its address.
type Block = usize;

/// # Safety
/// `block` is live, of at least `size` bytes, and the caller's.
unsafe fn mark(block: Block, size: usize) {
    let words = block as *mut usize;
    // SAFETY: the caller's promise.
    unsafe {
        words.write(size);
        words.add(2).write(!block);
        words.add(size / WORD - 1).write(block ^ size);
    }
}

/// The size of a block of which nothing was overwritten.
///
/// # Safety
/// `block` was marked, and is the caller's.
unsafe fn checked_size(block: Block) -> usize {
    let words = block as *const usize;
    // SAFETY: the caller's promise.
    unsafe {
        let size = words.read();
        assert_eq!(words.add(2).read(), !block, "a block was overwritten");
        assert_eq!(words.add(size / WORD - 1).read(), block ^ size, "the end of a block was overwritten");
        size
    }
}

fn allocate(chance: &mut Chance) -> Block {
    let size = chance.size();
    let block = if chance.below(4) == 0 { alloc::allocate_zeroed(size) } else { alloc::allocate(size) } as usize;
    assert_ne!(block, 0);
    // SAFETY: fresh.
    unsafe { mark(block, size) };
    block
}

fn release(block: Block) {
    if block != 0 {
        // SAFETY: a marked block of this thread's.
        unsafe {
            checked_size(block);
            free::deallocate(block as *mut u8);
        }
    }
}

fn resize(block: Block, chance: &mut Chance) -> Block {
    let size = chance.size();
    // SAFETY: a marked block of this thread's, at least four words before and after.
    unsafe {
        checked_size(block);
        let moved = realloc::reallocate(block as *mut u8, size) as usize;
        assert_ne!(moved, 0);
        assert_eq!((moved as *const usize).add(2).read(), !block, "realloc lost the content");
        mark(moved, size);
        moved
    }
}

/// One thread's life. It ends with live blocks in the mailboxes.
fn live(seed: u64) {
    let mut chance = Chance(seed | 1);
    let mut own: [Block; OWN] = from_fn(|_| 0);
    for _ in 0..2000 + chance.below(20_000) {
        let place = &mut own[chance.below(OWN)];
        let choice = chance.below(8);
        *place = match *place {
            0 => allocate(&mut chance),
            block if choice < 3 => {
                release(block);
                0
            }
            block if choice < 5 => resize(block, &mut chance),
            block => MAILBOXES[chance.below(MAILBOXES.len())].swap(block, AcqRel),
        };
        if STOP.load(Relaxed) {
            break;
        }
    }
    for block in own {
        release(MAILBOXES[chance.below(MAILBOXES.len())].swap(block, AcqRel));
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

fn main() -> ExitCode {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.subsec_nanos());
    let (seconds, mut seed) = (number("HAKMEM_TEST_SECONDS", 3), number("HAKMEM_TEST_SEED", u64::from(now)));
    println!("sanitized_stress: {THREADS} threads, {seconds} s, HAKMEM_TEST_SEED={seed}");
    #[cfg(feature = "yield-injection")]
    hakmem::sync::yielding::seed(seed);
    let mut begin = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let seed = seed;
        spawn(move || live(seed))
    };
    let mut threads: [JoinHandle<()>; THREADS] = from_fn(|_| begin());
    let mut lives = THREADS;
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        for thread in &mut threads {
            std::mem::replace(thread, begin()).join().unwrap();
            lives += 1;
            heap_check::count_faults(); // exact only at rest; here it visits what others use
        }
    }
    STOP.store(true, Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    MAILBOXES.iter().for_each(|mailbox| release(mailbox.swap(0, AcqRel)));
    assert_eq!(heap_check::count_faults(), 0);
    let now = snapshot();
    println!("sanitized_stress: {lives} threads, {} blocks freed by others, {} visits", now.remote_blocks, now.visits);
    assert_eq!((now.live_bytes, now.stray_blocks), (0, 0));
    assert!(now.remote_blocks > 0);
    ExitCode::SUCCESS
}
