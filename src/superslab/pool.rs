//! The metadata pool: memory for heaps, homes of bins, magazines, SuperSlab headers and records, never given back.
//!
//! It grows downwards from the slot table. One word holds how much is taken, committed and reserved;
//! each is raised by a compare-and-swap after the system call that it needs, all of which can be
//! repeated without harm, so a failed one takes nothing and no thread waits for another's. What
//! becomes free is recycled by type (`magazine.rs`, `large/registry.rs`; heaps are bound again, homes with them), so
//! that a stale pointer to metadata always points to metadata.
#![allow(unsafe_code)] // gives back what it reserved

use super::huge_pages;
use super::reservation::{self, Layout};
use crate::geometry::{KIB, round_up};
use crate::os;
use crate::policy;
use crate::stats::POOL;
use crate::sync::published::PublishedWord;

/// Alignment of every piece: a cache line.
pub const PIECE_ALIGN: usize = 64;
/// Unit of what is committed and reserved: the largest page size.
const UNIT: usize = 64 * KIB;
const TAKEN_BITS: u32 = 28;
const UNIT_BITS: u32 = 18;
const _: () = assert!(policy::METADATA_MAX_BYTES / PIECE_ALIGN < (1 << TAKEN_BITS) - 1);
const _: () = assert!(policy::METADATA_MAX_BYTES / UNIT < 1 << UNIT_BITS);
const _: () = assert!(TAKEN_BITS + 2 * UNIT_BITS == 64);

/// 0 before the first piece, and then [`Extent`].
static EXTENT: PublishedWord = PublishedWord::new();

/// How far the pool reaches, in bytes below the slot table.
#[derive(Clone, Copy)]
struct Extent {
    taken: usize,
    committed: usize,
    reserved: usize,
}

impl Extent {
    fn pack(self) -> u64 {
        let taken = (self.taken / PIECE_ALIGN) as u64;
        let units = |bytes: usize| (bytes / UNIT) as u64;
        taken | units(self.committed) << TAKEN_BITS | units(self.reserved) << (TAKEN_BITS + UNIT_BITS)
    }

    fn unpack(word: u64, layout: &Layout) -> Self {
        if word == 0 {
            return Self { taken: 0, committed: 0, reserved: layout.pool_first_bytes };
        }
        let units = |shift: u32| (word >> shift & ((1 << UNIT_BITS) - 1)) as usize * UNIT;
        let taken = (word & ((1 << TAKEN_BITS) - 1)) as usize * PIECE_ALIGN;
        Self { taken, committed: units(TAKEN_BITS), reserved: units(TAKEN_BITS + UNIT_BITS) }
    }
}

/// Lowest address that the pool may reach; pieces are numbered from here.
pub fn base() -> Option<usize> {
    reservation::layout().map(|layout| layout.table - layout.pool_max_bytes)
}

/// A zeroed piece of at least `bytes`, aligned to [`PIECE_ALIGN`]; `None` when memory is out.
pub fn take(bytes: usize) -> Option<*mut u8> {
    let layout = reservation::layout()?;
    let bytes = round_up(bytes, PIECE_ALIGN)?;
    loop {
        let word = EXTENT.get(); // [POOL]
        let now = Extent::unpack(word, &layout);
        let upto = now.taken + bytes;
        if upto <= now.committed {
            if settle(word, Extent { taken: upto, ..now }) {
                POOL.metadata_bytes.add_n(bytes as u64);
                return Some((layout.table - upto) as *mut u8);
            }
        } else if upto <= now.reserved {
            if !commit_more(&layout, word, now, upto) {
                return None;
            }
        } else if !reserve_more(&layout, word, now, bytes) {
            return None;
        }
    }
}

/// Whether a piece may start at `address`: for links that may be torn.
pub fn may_start_at(address: usize) -> bool {
    let Some(layout) = reservation::layout() else { return false };
    // pieces that are taken meanwhile are not asked for
    let taken = Extent::unpack(EXTENT.peek(), &layout).taken;
    address < layout.table && layout.table - address <= taken && address.is_multiple_of(PIECE_ALIGN)
}

/// Bytes of the pool that are committed.
pub fn committed_bytes() -> usize {
    (EXTENT.peek() >> TAKEN_BITS & ((1 << UNIT_BITS) - 1)) as usize * UNIT
}

/// `false`: another thread was faster.
fn settle(word: u64, next: Extent) -> bool {
    EXTENT.publish(word, next.pack()).is_ok() // [POOL]: what the word says was done before it says so
}

/// Commits up to `upto` and some beyond. `true`: look at the extent again.
fn commit_more(layout: &Layout, word: u64, now: Extent, upto: usize) -> bool {
    let ahead = policy::metadata_ahead_bytes(now.committed);
    let Some(target) = round_up(upto + ahead, UNIT) else { return false };
    let committed = target.min(now.reserved);
    // what lies between is reserved in one piece: an extension behind a hole begins anew
    if !os::commit(layout.table - committed, committed - now.committed) {
        return false;
    }
    let _ = settle(word, Extent { committed, ..now });
    true
}

/// Reserves room for `bytes` and more below what there is, leaving a hole where something else is
/// mapped. `true`: look at the extent again.
#[cold]
fn reserve_more(layout: &Layout, word: u64, now: Extent, bytes: usize) -> bool {
    let Some(step) = round_up(policy::metadata_step_bytes(now.reserved, bytes), UNIT) else { return false };
    let mut at = now.reserved;
    while at + step <= layout.pool_max_bytes && at <= now.reserved + policy::EXTENSION_PROBES * step {
        let start = layout.table - at - step;
        if os::reserve_at(start, step) {
            let next = if at == now.reserved {
                Extent { reserved: at + step, ..now }
            } else {
                Extent { taken: at, committed: at, reserved: at + step }
            };
            // a loser gives back what it reserved; what the winner reserved stays
            if settle(word, next) {
                huge_pages::advise_metadata(start, step);
            } else {
                // SAFETY: [I-RANGE] reserved just now, and not published.
                unsafe { os::unmap(start, step) };
            }
            return true;
        }
        if EXTENT.get() != word {
            return true;
        }
        at += step;
    }
    false
}
