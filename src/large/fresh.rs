//! The blocks that were handed out last as fresh mappings: by the time that the next one is asked for the program has used
//! them, or has not, and that tells what it will do with the next (`density.rs`).

use super::density;
use super::registry::{self, Found, HugeBlock};
use crate::policy;
use crate::sync::{AtomicU32, AtomicUsize, Ordering};

// relaxed, all: hints; who looks at a block checks that it is there still

/// Where they start; 0 for none.
static STARTS: [AtomicUsize; policy::REMEMBERED_BLOCKS] = [const { AtomicUsize::new(0) }; policy::REMEMBERED_BLOCKS];
/// Where the next one comes.
static CURSOR: AtomicU32 = AtomicU32::new(0);
/// Looks in a row that found none that is used from end to end.
static VAIN_LOOKS: AtomicU32 = AtomicU32::new(0);
/// Fresh blocks that need no look.
static SPARED: AtomicU32 = AtomicU32::new(0);

/// Remembers a block that reads as zero but for what the program writes from now on.
pub fn remember(block: &HugeBlock) {
    if policy::tells_density(block.bytes()) {
        let cursor = CURSOR.load(Ordering::Relaxed);
        CURSOR.store(cursor.wrapping_add(1), Ordering::Relaxed);
        STARTS[cursor as usize % STARTS.len()].store(block.start(), Ordering::Relaxed);
    }
}

/// Forgets a block that was freed: what it holds is old, whoever has it next.
pub fn forget(block: &HugeBlock) {
    for place in STARTS.iter().filter(|place| place.load(Ordering::Relaxed) == block.start()) {
        let _ = take(place, block.start());
    }
}

/// Looks at what is remembered, before a fresh block is made. What is used from end to end has told so, and is forgotten.
#[cold]
#[inline(never)]
pub fn look() {
    let spared = SPARED.load(Ordering::Relaxed);
    if spared > 0 {
        return SPARED.store(spared - 1, Ordering::Relaxed);
    }
    let mut dense_blocks = 0;
    for place in &STARTS {
        let start = place.load(Ordering::Relaxed);
        if let Found::Live(block) = registry::find(start)
            && density::seems_dense(start, block)
            && take(place, start)
        {
            density::note_dense(block.bytes());
            dense_blocks += 1;
        }
    }
    let vain_looks = if dense_blocks > 0 { 0 } else { VAIN_LOOKS.load(Ordering::Relaxed).saturating_add(1) };
    VAIN_LOOKS.store(vain_looks, Ordering::Relaxed);
    SPARED.store(policy::spared_looks(vain_looks), Ordering::Relaxed);
}

/// Looks at a block that is about to grow.
#[cold]
#[inline(never)]
pub fn look_at_growing(block: &HugeBlock) {
    if density::seems_dense(block.start(), block) {
        density::note_dense(block.bytes());
    }
}

/// Forgets the block that starts at `start`, if it is remembered in `place` still.
fn take(place: &AtomicUsize, start: usize) -> bool {
    place.compare_exchange(start, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}
