//! A heap: everything one thread allocates from.
#![allow(unsafe_code)] // heaps live in the metadata pool

use super::bin::Bin;
use super::depot::Depot;
use super::sweep::Usage;
use crate::config;
use crate::geometry::*;
use crate::large::zero;
use crate::os;
use crate::policy::{self, RefillGroup};
use crate::remote::outbox::Outbox;
use crate::slab::directory::{self, HeapRecord};
use crate::slab::set::SlabSet;
use crate::slab::shared::HeapShared;
use crate::superslab::pool;
use crate::superslab::registry::TableView;
use core::cell::UnsafeCell;
use core::mem::offset_of;

/// What the owner thread alone writes, at any time; who else reads, and the one exception, is said in
/// `front_cache/mod.rs`.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct FrontCache {
    /// First, so that a bin's offset from the heap is 64 times its class.
    pub(crate) bins: [Bin; NUM_CLASSES],
    /// `heap id << 8`: an entry word XOR this is the class of a block of this heap's own.
    pub(crate) key: u32,
    /// Of the process; free stores `secret ^ address` in the second word of a block.
    pub(crate) secret: u64,
    /// The slot table as this thread saw it last: plain words, loaded by the fast path alone.
    pub(crate) view: TableView,
    /// Byte offset in `bins` by `(size + 15) / 16`.
    pub(crate) size_table: [u16; SIZE_TABLE_LEN],
    pub(crate) outbox: Outbox,
    /// Refills since the last drain.
    pub(crate) undrained_refills: u32,
    /// How many [`Elsewhere`](super::elsewhere::Elsewhere)s of the thread live.
    pub(super) times_elsewhere: u32,
    /// The purges of the process and the waves of the thread, after which the bins of classes that fall
    /// were emptied.
    pub(crate) waves_seen: u32,
    /// Which classes are in use.
    pub(super) usage: Usage,
    /// What the thread gave back for calloc lately.
    pub(crate) cleared: zero::Budget,
}

/// See the module; who touches which field is said in `front_cache/mod.rs`.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Heap {
    /// The owner's.
    pub(crate) front: FrontCache,
    /// The tenant's.
    pub(crate) depot: UnsafeCell<Depot>,
    /// What is known of the heap by its id: the shared part, and the tenant's slab set.
    pub(crate) record: HeapRecord,
}

/// The parts of a heap, for its owner inside a slow path.
pub struct Inside<'a> {
    /// The owner's.
    pub front: &'a mut FrontCache,
    /// The tenant's.
    pub depot: &'a mut Depot,
    /// The tenant's.
    pub set: &'a mut SlabSet,
}

impl Heap {
    /// Makes and publishes a new heap, parked; `None` when memory or ids are out.
    pub fn create() -> Option<&'static HeapRecord> {
        if directory::ids() >= MAX_HEAPS {
            return None; // before memory is taken that nobody would use
        }
        let memory: *mut Heap = pool::take(size_of::<Heap>())?.cast();
        let id = directory::new_id()?;
        // SAFETY: [I-HEAP] zeroed pool memory of this size and alignment, private until published.
        // Zero bytes are valid bins, outbox lanes and shared part; the rest is written here.
        unsafe {
            touch(memory);
            (*memory).front.key = id << OWNER_SHIFT;
            (*memory).front.secret = os::process_secret();
            (*memory).front.size_table = make_size_table(size_of::<Bin>());
            let record: &'static HeapRecord = &(*memory).record;
            record.set.get().write(SlabSet::new(id, &record.shared));
            directory::publish(id, record);
            Some(record)
        }
    }

    /// The heap of a record.
    pub fn of_record(record: &'static HeapRecord) -> *mut Heap {
        core::ptr::from_ref(record).cast::<u8>().cast_mut().wrapping_sub(offset_of!(Heap, record)).cast()
    }

    /// The heap id.
    ///
    /// # Safety
    /// `heap` is a heap, or a shim, whose id is 0: that of no heap.
    pub unsafe fn id(heap: *mut Heap) -> u32 {
        // SAFETY: [I-HEAP] the key never changes.
        unsafe { (*heap).front.key >> OWNER_SHIFT }
    }

    /// What any thread may touch of a heap.
    ///
    /// # Safety
    /// `heap` is a published heap.
    #[inline]
    pub unsafe fn shared(heap: *mut Heap) -> &'static HeapShared {
        // SAFETY: [I-HEAP] never unmapped.
        unsafe { &(*heap).record.shared }
    }
}

/// Writes to each page of a heap that is still zero. Otherwise the first access is a read, which maps the
/// system's page of zeros, and the write after it costs a second fault and an interrupt of the other cores.
///
/// # Safety
/// The memory is the caller's alone, and zero.
unsafe fn touch(memory: *mut Heap) {
    for offset in (0..size_of::<Heap>()).step_by(os::page_bytes()) {
        // SAFETY: inside of the heap; it stays zero.
        unsafe { memory.cast::<u8>().add(offset).write_volatile(0) };
    }
}

impl FrontCache {
    /// The bin of a class, made ready for use.
    pub(super) fn ready_bin(&mut self, class: usize) -> &mut Bin {
        let bin = &mut self.bins[class];
        let halvings = policy::cache_halvings(directory::in_use());
        if !bin.is_prepared_for(halvings) {
            let bytes = CLASSES[class].bytes as usize;
            let capacity = policy::bin_capacity(bytes, config::get().fast_cap_blocks() as usize, halvings);
            let wanted = fixed_refill_blocks(bytes);
            let first = if wanted == 0 { policy::first_refill(bytes) } else { wanted as usize };
            bin.prepare(class, capacity, halvings, first);
        }
        bin
    }
}

/// How many blocks of `bytes` the options want a refill to bring; 0 leaves it to policy.
pub(super) fn fixed_refill_blocks(bytes: usize) -> u32 {
    let options = config::get();
    match policy::refill_group(bytes) {
        RefillGroup::Tiny => options.refill_tiny_blocks(),
        RefillGroup::Small => options.refill_small_blocks(),
        RefillGroup::Mid => options.refill_mid_blocks(),
    }
}

impl Heap {
    /// Blocks of a class in the bin and the depot of any heap, racing with its owner: for reports.
    pub fn cached_blocks(heap: *mut Heap, class: usize) -> u64 {
        // SAFETY: [I-HEAP] volatile reads of plain words that are always mapped.
        unsafe {
            let (_, in_bin) = Bin::look(&raw const (*heap).front.bins[class]);
            in_bin as u64 + Depot::blocks_of((*heap).depot.get(), class)
        }
    }

    /// Blocks and bytes in the outbox of any heap, racing with its owner: for reports.
    pub fn waiting_in_outbox(heap: *mut Heap) -> (u64, u64) {
        // SAFETY: [I-HEAP] never unmapped.
        unsafe { Outbox::waiting_in(&raw const (*heap).front.outbox) }
    }
}

const _: () = assert!(offset_of!(Heap, front) == 0 && offset_of!(FrontCache, bins) == 0);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front_cache::tls;
    use crate::{alloc, free};
    use std::sync::Barrier;
    use std::thread;

    /// Of 16 owners in turn, whose lanes alone would hold 24 MiB.
    #[test]
    fn an_outbox_holds_no_more_than_its_bound_of_all_owners_together() {
        const OWNERS: usize = 16;
        const BLOCKS: usize = 20;
        let all_wait = Barrier::new(OWNERS + 1);
        let allocate = || {
            let blocks: Vec<usize> = (0..BLOCKS).map(|_| alloc::allocate(MAX_CLASS_BYTES) as usize).collect();
            all_wait.wait(); // none gets the heap of one that has ended
            blocks
        };
        thread::scope(|scope| {
            let (to, from) = std::sync::mpsc::channel();
            for _ in 0..OWNERS {
                let to = to.clone();
                scope.spawn(move || to.send(allocate()).unwrap());
            }
            all_wait.wait();
            let of_owner: Vec<Vec<usize>> = from.iter().take(OWNERS).collect();
            let mut most = 0;
            for at in 0..OWNERS * BLOCKS {
                // SAFETY: allocated above, freed once.
                unsafe { free::deallocate(of_owner[at % OWNERS][at / OWNERS] as *mut u8) };
                let (blocks, bytes) = Heap::waiting_in_outbox(tls::current());
                assert!(bytes as usize <= policy::OUTBOX_MAX_BYTES, "{bytes} bytes of {blocks} blocks");
                most = most.max(bytes as usize);
            }
            assert!(most > policy::OUTBOX_MAX_BYTES - MAX_CLASS_BYTES, "{most} bytes at most");
        });
    }
}
