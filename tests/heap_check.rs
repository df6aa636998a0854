//! The walker behind hakmem_check: silent on a sound heap, not on a damaged one. One test, since the
//! heap is the process's and the walk is exact only when nobody else uses it.

// frees what it allocated
#![allow(unsafe_code)]

use hakmem::geometry::ENTRY_UNUSED;
use hakmem::report::heap_check::count_faults;
use hakmem::superslab::registry;
use hakmem::{alloc, free};

/// Sizes of every kind of block: small, several slots a slab, span, huge.
const SIZES: [usize; 8] = [1, 16, 100, 1000, 5000, 40_000, 200_000, 5_000_000];

fn allocate_some(round: usize) -> Vec<*mut u8> {
    let sizes = SIZES.iter().cycle().take(50 * SIZES.len());
    let blocks: Vec<_> = sizes.map(|size| alloc::allocate(size + round)).collect();
    assert!(blocks.iter().all(|block| !block.is_null()));
    blocks
}

fn free_all(blocks: impl Iterator<Item = *mut u8>) {
    // SAFETY: each block is live and freed once
    blocks.for_each(|block| unsafe { free::deallocate(block) });
}

/// The faults while the entry of `address`'s slot says `entry`.
fn faults_with_entry(address: *mut u8, entry: u32) -> usize {
    let slot = registry::slot_of(address as usize).expect("not in the window");
    let true_entry = registry::entry(slot);
    registry::set_entries(slot, 1, entry, 0);
    let faults = count_faults();
    registry::set_entries(slot, 1, true_entry, 0);
    faults
}

#[test]
fn a_sound_heap_has_no_faults_and_a_damaged_one_has() {
    assert_eq!(count_faults(), 0);
    for round in 0..20 {
        let blocks = allocate_some(round);
        assert_eq!(count_faults(), 0);
        free_all(blocks.iter().copied().skip(round % 3).step_by(2));
        assert_eq!(count_faults(), 0);
        let rest = blocks.iter().copied().enumerate();
        let kept = rest.filter(|(at, _)| *at < round % 3 || (at - round % 3) % 2 == 1);
        free_all(kept.map(|(_, block)| block));
        assert_eq!(count_faults(), 0);
    }

    // a thread leaves live blocks, which this one frees
    let left = std::thread::spawn(|| allocate_some(0).iter().map(|block| *block as usize).collect::<Vec<_>>());
    let left = left.join().unwrap();
    assert_eq!(count_faults(), 0);
    free_all(left.into_iter().map(|address| address as *mut u8));
    assert_eq!(count_faults(), 0);

    let small = alloc::allocate(64);
    let span = alloc::allocate(200_000);
    assert!(faults_with_entry(small, ENTRY_UNUSED) > 0, "a slab that the table does not know");
    assert!(faults_with_entry(small, u32::MAX) > 0, "an owner that does not exist");
    assert!(faults_with_entry(span, ENTRY_UNUSED) > 0, "a span that the table does not know");
    assert!(faults_with_entry(span, registry::entry(registry::slot_of(span as usize).unwrap()) + 1) > 0);
    assert_eq!(count_faults(), 0);
    free_all([small, span].into_iter());
}
