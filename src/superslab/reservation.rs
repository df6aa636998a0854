//! Where the heap's addresses are, and the first of them.
//!
//! ```text
//!   | ... metadata pool | slot table | window of SuperSlabs ... |
//!     grows down                       grows up
//! ```
//!
//! Little is reserved at the start, and more as it is used: a reservation counts under RLIMIT_AS,
//! also under one that the program sets for itself later. The place is one where the system maps nothing
//! by itself, so that both ends can grow. Where everything stands follows from the table's address
//! and the window's size, which are packed into one word, so that threads that start at the same
//! time agree by one compare-and-swap.
#![allow(unsafe_code)] // gives back what it reserved

use super::huge_pages;
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::sync::published::PublishedWord;
use crate::sync::{AtomicUsize, Ordering};

/// Where everything stands; see the picture in the module above.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Start of the slot table and end of the metadata pool; a multiple of [`SUPERSLAB_BYTES`].
    pub table: usize,
    /// Start of the window; a multiple of [`SUPERSLAB_BYTES`].
    pub window: usize,
    /// SuperSlabs that the window may hold.
    pub superslabs: usize,
    /// SuperSlabs of the window that were reserved at the start.
    pub reserved_first: usize,
    /// Bytes of the metadata pool that were reserved at the start.
    pub pool_first_bytes: usize,
    /// Bytes that the pool may have.
    pub pool_max_bytes: usize,
}

/// Bits of the window shift in the reservation word; above them, and below the address, stand the
/// SuperSlabs reserved at the start, [`WHOLE`] for all of the window.
const SHIFT_BITS: u32 = 6;
const WHOLE: usize = (SUPERSLAB_BYTES >> SHIFT_BITS) - 1;
const _: () = assert!(MAX_WINDOW_SHIFT < 1 << SHIFT_BITS);

/// `table address | reserved SuperSlabs | window shift`, or 0 before start.
static RESERVATION: PublishedWord = PublishedWord::new();
/// The limit on addresses or data that the process started under; `usize::MAX` without one.
static LIMIT_BYTES: AtomicUsize = AtomicUsize::new(usize::MAX);

impl Layout {
    fn of_word(word: usize) -> Self {
        let shift = (word & ((1 << SHIFT_BITS) - 1)) as u32;
        let reserved = (word & (SUPERSLAB_BYTES - 1)) >> SHIFT_BITS;
        let table = round_down(word, SUPERSLAB_BYTES);
        let superslabs = (1usize << shift) / SUPERSLAB_BYTES;
        let whole = reserved == WHOLE;
        let pool_whole = policy::metadata_pool_bytes(1 << shift);
        Self {
            table,
            window: table + table_bytes(superslabs),
            superslabs,
            reserved_first: if whole { superslabs } else { reserved },
            pool_first_bytes: if whole { pool_whole } else { policy::METADATA_RESERVE_BYTES },
            pool_max_bytes: if whole { pool_whole } else { policy::METADATA_MAX_BYTES },
        }
    }

    /// Range of the table entries of `count` SuperSlabs from `first`.
    pub fn table_range(&self, first: usize, count: usize) -> (usize, usize) {
        let bytes = SLOTS_PER_SUPERSLAB * size_of::<u32>();
        (self.table + first * bytes, count * bytes)
    }

    /// What is reserved at the start.
    fn first_range(&self) -> (usize, usize) {
        let start = self.table - self.pool_first_bytes;
        (start, self.window + self.reserved_first * SUPERSLAB_BYTES - start)
    }
}

/// Bytes of the slot table, in whole SuperSlabs, so that the window behind it is aligned.
const fn table_bytes(superslabs: usize) -> usize {
    (superslabs * SLOTS_PER_SUPERSLAB * size_of::<u32>()).next_multiple_of(SUPERSLAB_BYTES)
}

/// The layout, reserving the first addresses if nobody has; `None` when the system refuses them.
pub fn layout() -> Option<Layout> {
    match RESERVATION.get() as usize {
        0 => reserve(),
        word => Some(Layout::of_word(word)), // [RESERVE]
    }
}

/// The limit on addresses or data that the process started under; `usize::MAX` without one.
pub fn limit_bytes() -> usize {
    // relaxed: stored before the first reservation was published
    LIMIT_BYTES.load(Ordering::Relaxed)
}

#[cold]
fn reserve() -> Option<Layout> {
    let limit = os::memory_limit();
    // relaxed: every racer stores much the same; [RESERVE] publishes it
    LIMIT_BYTES.store(limit.unwrap_or(usize::MAX), Ordering::Relaxed);
    let (shift, first) = match limit {
        Some(bytes) => (policy::limited_window_shift(bytes), policy::limited_reservation(bytes)),
        None => (window_shift(), policy::WINDOW_RESERVE_BYTES),
    };
    let word = reserve_first(shift, first).or_else(|| reserve_whole(shift))?;
    let mine = Layout::of_word(word);
    match RESERVATION.publish(0, word as u64) {
        Ok(()) => {
            let (start, bytes) = mine.first_range();
            huge_pages::advise_start(start, mine.window, start + bytes);
            Some(mine)
        }
        Err(theirs) => {
            let (start, bytes) = mine.first_range();
            // SAFETY: [I-RANGE] this thread's reservation, which was not published.
            unsafe { os::unmap(start, bytes) };
            Some(Layout::of_word(theirs as usize))
        }
    }
}

/// log2 of the window's bytes where no limit says otherwise.
fn window_shift() -> u32 {
    match config::get().window_gib() as usize {
        0 => policy::WINDOW_SHIFT,
        asked => (asked * GIB).next_power_of_two().trailing_zeros().min(MAX_WINDOW_SHIFT),
    }
}

/// A little of a window, at a place with room on both sides. Returns the reservation word.
fn reserve_first(shift: u32, window_bytes: usize) -> Option<usize> {
    let reserved = (window_bytes / SUPERSLAB_BYTES).min(WHOLE - 1);
    (0..policy::PLACES_TRIED).find_map(|place| {
        let word = policy::place_address(os::process_secret(), place) | reserved << SHIFT_BITS | shift as usize;
        let (start, bytes) = Layout::of_word(word).first_range();
        os::reserve_at(start, bytes).then_some(word)
    })
}

/// Where no such place is to be had (valgrind, for one, keeps most addresses to itself): a whole
/// window with its pool, the largest that the system grants.
fn reserve_whole(largest_shift: u32) -> Option<usize> {
    let mut shift = largest_shift;
    while shift >= policy::MIN_WINDOW_SHIFT {
        let word_at = |table: usize| table | WHOLE << SHIFT_BITS | shift as usize;
        let pool_bytes = policy::metadata_pool_bytes(1 << shift);
        let bytes = pool_bytes + table_bytes((1 << shift) / SUPERSLAB_BYTES) + (1 << shift);
        if let Some(at) = os::reserve(bytes, SUPERSLAB_BYTES) {
            return Some(word_at(at + pool_bytes));
        }
        shift -= 1;
    }
    None
}
