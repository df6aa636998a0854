//! Where slabs come from: adoption, joins, huge pages.

use crate::geometry::*;

/// How long the lock of `HAKMEM_STAGE2=0` is waited for before all do without it.
pub const CONTROL_LOCK_WAIT_MS: u32 = 1000;
/// Parked heaps that one acquire looks at for a slab to adopt.
pub const ADOPT_PROBES: usize = 8;
/// Below so many claimed bytes no heap takes slabs of owners that rest: there is little to be had.
pub const SURPLUS_MIN_CLAIMED_BYTES: usize = 16 * MIB;
/// A heap that has given so many slabs to others, and needs some itself, takes one of the next fresh: threads whose
/// needs go up and down in turn would take slabs from each other without end. So a slab that is missing is paid for by
/// a few adoptions, and then by memory.
const GIVEN_SLABS_FOR_A_FRESH_ONE: u64 = 16;
/// An owner that gives memory up, and has given none back for so long, is taken to rest.
pub const RESTS_AFTER_MS: u32 = 16;
/// Heaps that a search for such a slab looks at.
pub const SURPLUS_PROBES: u32 = 8;
/// Slabs that will fill stand in dense SuperSlabs, behind huge pages, once so many bytes are claimed for slabs of one slot:
/// the last huge page may be touched in vain, which a program of few small blocks would notice.
const DENSE_MIN_SHORT_BYTES: usize = 16 * MIB;
/// Bytes of a huge page.
pub const HUGE_PAGE_BYTES: usize = SUPERSLAB_BYTES;
/// Below so many bytes of window a heap has small pages only, unless an option says otherwise.
pub const HUGE_PAGE_MIN_HEAP_BYTES: usize = 256 * MIB;

/// Whether a fresh slab of `slots` will most likely fill, when the heap has `slabs` of its class already: long slabs
/// are touched from their start and often stay half empty, short ones of a class that has two fill.
pub const fn will_fill(slots: usize, slabs: usize) -> bool {
    slots == 1 && slabs >= 2
}

/// Whether slabs that will fill are worth huge pages, where about `short_bytes` are claimed for slabs of one slot.
pub const fn fill_huge_pages(short_bytes: usize) -> bool {
    short_bytes >= DENSE_MIN_SHORT_BYTES
}

/// Whether a heap has a slab of a class to spare, with `slabs` of `capacity` blocks of which `out` are out: more is
/// free than that, and a slab and a half at least, since needs go up and down. So of two threads that need as much at the
/// same time none takes from the other.
pub const fn has_surplus(slabs: usize, out: usize, capacity: usize) -> bool {
    let free = (slabs * capacity).saturating_sub(out);
    slabs > 1 && free >= capacity + capacity / 2 && free > out
}

/// Whether a heap that has given `given_slabs` to others is to take a fresh one, having taken `fresh_slabs` for that
/// reason before.
pub const fn owes_growth(given_slabs: u64, fresh_slabs: u64) -> bool {
    given_slabs >= (fresh_slabs + 1) * GIVEN_SLABS_FOR_A_FRESH_ONE
}

/// Slots of EMPTY runs that a heap may have given back, or taken, before all know of them. A quarter more may go to and
/// fro and nobody is told.
const EMPTY_SLOTS_UNTOLD: usize = 16;
/// The same for all heaps that are in use, when each has told last: 64 MiB.
const EMPTY_SLOTS_UNTOLD_BY_ALL: usize = 1024;
/// Heaps that a search for an EMPTY run looks at.
pub const EMPTY_RUNS_PROBES: usize = 64;

/// How many slots of EMPTY runs a heap may have untold, where `heaps` are in use.
pub const fn most_untold_empty_slots(heaps: usize) -> u64 {
    let share = EMPTY_SLOTS_UNTOLD_BY_ALL / (heaps + 1);
    (if share < EMPTY_SLOTS_UNTOLD { share } else { EMPTY_SLOTS_UNTOLD }) as u64
}

/// How many of the `untold` slots of EMPTY runs a heap that may have `most` is to tell of now: three quarters, once
/// there are too many; the others may come back. All if it may have none.
pub const fn empty_slots_to_tell(untold: i64, most: u64) -> i64 {
    match untold.unsigned_abs() {
        slots if slots <= most => 0,
        _ if most == 0 => untold,
        _ => untold - untold / 4,
    }
}

/// Releases of a heap that are told one by one, and afterwards together, to those who may join EMPTY runs.
const RELEASES_TOLD: u64 = 16;

/// How many releases a heap that has released `released` slabs is to tell of now. In a small program each counts,
/// see [`joining_pays`]; in a large one the sum may be behind by 15 for each heap.
pub const fn releases_to_tell(released: u64) -> u64 {
    match released {
        0..=RELEASES_TOLD => 1,
        _ if released.is_multiple_of(RELEASES_TOLD) => RELEASES_TOLD,
        _ => 0,
    }
}

/// Whether to join EMPTY runs for one of `want_slots` when `warm_slots` are EMPTY and `released_runs`
/// were released since the last time: a join looks at every run, so an eighth as many releases must pay
/// for it, and more of it is warm than can lie about in single slots by chance.
pub const fn joining_pays(want_slots: u64, warm_slots: u64, released_runs: u64) -> bool {
    warm_slots >= 2 * want_slots && released_runs > warm_slots / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_is_told_in_the_end() {
        for released in [1, 15, 16, 32, 48, 1600] {
            assert_eq!((1..=released).map(releases_to_tell).sum::<u64>(), released);
        }
        assert_eq!([17, 31, 33].map(releases_to_tell), [0, 0, 0]);
    }

    #[test]
    fn a_heap_can_spare_a_slab_when_more_than_half_of_several_is_free() {
        assert!(has_surplus(2, 8, 16) && !has_surplus(2, 9, 16), "no slab and a half are free");
        assert!(has_surplus(5, 39, 16) && !has_surplus(5, 40, 16), "as much is in use as is free");
        assert!(!has_surplus(1, 0, 16) && !has_surplus(0, 0, 16), "the one that serves it stays");
        assert!(!has_surplus(2, 100, 16), "the counters may be behind each other");
    }

    #[test]
    fn empty_slots_that_go_to_and_fro_are_not_told() {
        let (mut untold, mut told, mut times) = (0, 0, 0);
        let mut swing = |by: i64| {
            for _ in 0..by.abs() {
                untold += by.signum();
                let tell = empty_slots_to_tell(untold, most_untold_empty_slots(8));
                (untold, told, times) = (untold - tell, told + tell, times + u32::from(tell != 0));
            }
            (untold + told, times)
        };
        let (_, before) = (swing(20), swing(-20).1);
        assert!(before > 0);
        assert_eq!((0..99).map(|_| (swing(20).0, swing(-20))).last(), Some((20, (0, before))));
        assert_eq!(swing(1000).0, 1000, "every slot counts once");
        assert_eq!([0, 1, -1, 16, 17, -18].map(|untold| empty_slots_to_tell(untold, 16)), [0, 0, 0, 0, 13, -14]);
        assert_eq!([0, 1, -5].map(|untold| empty_slots_to_tell(untold, 0)), [0, 1, -5], "none may be untold");
        assert_eq!([0, 63, 99, 1000, 2000].map(most_untold_empty_slots), [16, 16, 10, 1, 0]);
    }

    #[test]
    fn who_gives_slabs_grows_by_a_part_of_them() {
        assert!(!owes_growth(15, 0) && owes_growth(16, 0) && !owes_growth(31, 1) && owes_growth(1600, 99));
    }

    #[test]
    fn a_slab_fills_if_it_is_short_and_not_the_first() {
        assert!(will_fill(1, 2) && !will_fill(1, 1) && !will_fill(2, 100));
        assert!(fill_huge_pages(16 * MIB) && !fill_huge_pages(16 * MIB - 1));
    }

    #[test]
    fn a_join_is_paid_for_by_releases_and_finds_more_than_chance() {
        assert!(joining_pays(4, 8, 2));
        assert!(!joining_pays(4, 7, 100), "too little is warm");
        assert!(!joining_pays(4, 80, 10), "too few were released");
    }
}
