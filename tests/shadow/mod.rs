//! What a test knows of the blocks it holds: where they are, that none overlaps another, and what
//! was written into them. Works for any number of threads.

// reads and writes blocks by address
#![allow(unsafe_code)]
// each test program uses a part
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use hakmem::geometry::{CLASSES, SLOT_BYTES, class_bytes};
use hakmem::stats::Snapshot;

/// Bytes of the pattern: a prime, so that what is moved by a page or a class size differs.
const PATTERN_BYTES: usize = 65_521;

/// Bytes at each end of a block that [`Block::fill_ends`] writes.
const END_BYTES: usize = 4096;

static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let next = |x: &u64| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    std::iter::successors(Some(1_u64), next).map(|x| (x >> 56) as u8).take(PATTERN_BYTES).collect()
});

/// A block in the test's hands.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Where it starts.
    pub address: usize,
    /// Bytes asked for.
    pub size: usize,
    /// Where in the pattern its content starts.
    pub tag: usize,
}

impl Block {
    /// A live block of `size` bytes; its content is undefined before [`Block::fill`].
    pub fn new(pointer: *mut u8, size: usize, tag: usize) -> Self {
        Self { address: pointer as usize, size, tag: tag % PATTERN_BYTES }
    }

    /// The block as its allocator knows it.
    pub fn pointer(&self) -> *mut u8 {
        self.address as *mut u8
    }

    /// Writes the pattern into all of the block.
    pub fn fill(&self) {
        self.fill_range(0..self.size);
    }

    /// Writes the pattern into the first and the last [`END_BYTES`].
    pub fn fill_ends(&self) {
        self.ends().into_iter().for_each(|end| self.fill_range(end));
    }

    /// Whether the first `size` bytes are as [`Block::fill`] left them.
    pub fn is_intact_up_to(&self, size: usize) -> bool {
        self.range_is_intact(0..size.min(self.size))
    }

    /// Whether all of the block is as [`Block::fill`] left it.
    pub fn is_intact(&self) -> bool {
        self.is_intact_up_to(self.size)
    }

    /// Whether the first `size` bytes are as [`Block::fill_ends`] of the block `old`, whose content
    /// this one has taken over, left them.
    pub fn has_ends_of(&self, old: &Block) -> bool {
        let within = |end: Range<usize>| end.start.min(self.size)..end.end.min(self.size);
        old.ends().into_iter().all(|end| self.range_is_intact(within(end)))
    }

    fn ends(&self) -> [Range<usize>; 2] {
        [0..END_BYTES.min(self.size), self.size.saturating_sub(END_BYTES)..self.size]
    }

    fn fill_range(&self, range: Range<usize>) {
        let mut from = (self.tag + range.start) % PATTERN_BYTES;
        // SAFETY: a part of a live block that this thread alone uses.
        let mut rest = unsafe { std::slice::from_raw_parts_mut(self.pointer().add(range.start), range.len()) };
        while !rest.is_empty() {
            let (piece, further) = rest.split_at_mut(rest.len().min(PATTERN_BYTES - from));
            piece.copy_from_slice(&PATTERN[from..from + piece.len()]);
            (rest, from) = (further, 0);
        }
    }

    fn range_is_intact(&self, range: Range<usize>) -> bool {
        let from = (self.tag + range.start) % PATTERN_BYTES;
        // SAFETY: a part of a live block that this thread alone uses.
        let bytes = unsafe { std::slice::from_raw_parts(self.pointer().add(range.start), range.len()) };
        let (head, tail) = bytes.split_at(bytes.len().min(PATTERN_BYTES - from));
        head == &PATTERN[from..from + head.len()]
            && tail.chunks(PATTERN_BYTES).all(|piece| piece == &PATTERN[..piece.len()])
    }

    /// Whether the block reads as zero.
    pub fn is_zero(&self) -> bool {
        // SAFETY: a live block of `size` bytes that this thread alone uses.
        let bytes = unsafe { std::slice::from_raw_parts(self.pointer(), self.size) };
        bytes.chunks(ZEROES.len()).all(|piece| piece == &ZEROES[..piece.len()])
    }
}

static ZEROES: [u8; 4096] = [0; 4096];

/// The addresses in use: start and usable bytes of every live block.
#[derive(Debug, Default)]
pub struct Extents(Mutex<BTreeMap<usize, usize>>);

impl Extents {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a block that was handed out. An error names the block that it overlaps.
    pub fn insert(&self, start: usize, usable: usize) -> Result<(), String> {
        let mut extents = self.lock();
        let below = extents.range(..start + usable).next_back();
        if let Some((other, bytes)) = below.filter(|(other, bytes)| *other + *bytes > start) {
            return Err(format!("{start:#x}+{usable} overlaps {other:#x}+{bytes}"));
        }
        extents.insert(start, usable);
        Ok(())
    }

    /// Forgets a block, before it is freed. Returns its usable bytes.
    pub fn remove(&self, start: usize) -> usize {
        self.lock().remove(&start).expect("not a live block")
    }

    /// Usable bytes of all live blocks.
    pub fn bytes(&self) -> u64 {
        self.lock().values().map(|bytes| *bytes as u64).sum()
    }
}

/// Whether the byte counts of a snapshot at rest agree: `live + cached + warm + free = committed`,
/// and `free` is what the slabs hold beyond the blocks that are out, which is counted on its own.
pub fn bytes_add_up(s: &Snapshot) -> Result<(), String> {
    let sum = s.live_bytes + s.front_cached_bytes + s.warm_bytes + s.free_bytes;
    let in_slabs = |(class, of_class): (usize, &hakmem::stats::ClassSnapshot)| {
        let slab_bytes = (SLOT_BYTES as u64) << CLASSES[class].order;
        of_class.slabs * slab_bytes - of_class.blocks_out * class_bytes(class) as u64
    };
    let free: u64 = s.classes.iter().enumerate().map(in_slabs).sum();
    if sum == s.committed_bytes && free == s.free_bytes {
        return Ok(());
    }
    Err(format!(
        "live {} + cached {} + warm {} + free {} != committed {}, or the slabs' {free} free bytes differ",
        s.live_bytes, s.front_cached_bytes, s.warm_bytes, s.free_bytes, s.committed_bytes
    ))
}
