//! Blocks that are mappings, and blocks that stay in place.

use super::PAGE_BYTES;
use super::slabs::HUGE_PAGE_BYTES;
use crate::geometry::*;

/// Cached huge mappings, at most.
pub const HUGE_CACHE_ENTRIES: usize = 128;
/// How far before an address a huge block may start that it is still found to lie in.
pub const HUGE_LOOK_BACK_BYTES: usize = 16 * GIB;
/// No thread's stack is taken to be larger than this, when a foreign pointer is judged.
pub const LARGEST_THREAD_STACK_BYTES: usize = GIB;
/// Blocks of at least this many bytes are looked for in untouched memory by calloc.
pub const CALLOC_FRESH_BYTES: usize = 4 * KIB;
/// Room that mappings may hold in all, however little is in use.
const ROOM_MIN_BYTES: usize = 256 * MIB;

/// Least bytes of a block whose use is looked at, and whose mapping may have huge pages by default; NumPy asks for them
/// from the same size on.
const DENSITY_MIN_BYTES: usize = 4 * MIB;
/// Bytes that a program has in huge blocks before one may have huge pages by default.
const HUGE_PAGES_MIN_LIVE_BYTES: usize = 16 * MIB;
/// Pages of a block that are looked at for what the program did with it.
pub const LOOKED_AT_PAGES: usize = 4;
/// Words of each such page that are looked at where the program may still use the block.
pub const LOOKED_AT_WORDS: usize = 4;
/// Fresh blocks that are remembered, to be looked at when the next ones are asked for.
pub const REMEMBERED_BLOCKS: usize = 4;
/// log2 of the fresh blocks from one look at them to the next, where many in a row were in vain.
const MOST_SPARED_LOOKS_SHIFT: u32 = 4;
/// log2 of the frees from one look to the next, where many in a row found blocks used in part: a look may bring a page.
const SPARSE_LOOK_SHIFT: u32 = 8;
/// Frees between two looks where blocks are used from end to end.
const SPARED_FREES_DENSE: u32 = 3;

/// A block grows in small steps where what it asks for is above what it has by one of so many parts at most. Containers that
/// grow by an eighth, as Python's lists do, have room of their own; where their block had room left they still come here.
const PARTS_OF_SMALL_STEPS: usize = 16;

/// So many pages of spans a thread gives back for calloc at once, and those of one more span. Each may bring a fault in vain,
/// which takes a microsecond or two.
pub const MOST_CLEARED_PAGES: u32 = 32768;
/// In each millisecond it gives back so many more: faults in vain may take a tenth of its time then.
pub const CLEARED_PAGES_PER_MS: u32 = 32;

/// Frees before the next look, after `sparse_looks` in a row that found a block used in part: none, then more and more.
/// The first block of a program says little of the others.
pub const fn spared_frees(sparse_looks: u32) -> u32 {
    match sparse_looks {
        0 => SPARED_FREES_DENSE,
        1..=SPARSE_LOOK_SHIFT => (1 << (sparse_looks - 1)) - 1,
        _ => (1 << SPARSE_LOOK_SHIFT) - 1,
    }
}

/// Fresh blocks before the next look at those that the program has, after `vain_looks` in a row. A look costs less than a fresh
/// block itself.
pub const fn spared_looks(vain_looks: u32) -> u32 {
    match vain_looks {
        0 => 0,
        1..=MOST_SPARED_LOOKS_SHIFT => (1 << (vain_looks - 1)) - 1,
        _ => (1 << MOST_SPARED_LOOKS_SHIFT) - 1,
    }
}

/// Whether a block of `bytes` is one of those whose use is looked at.
pub const fn tells_density(bytes: usize) -> bool {
    bytes >= DENSITY_MIN_BYTES
}

/// Whether a mapping of `bytes` may have huge pages by default, where `live_bytes` are in huge blocks.
pub const fn may_have_huge_pages(bytes: usize, live_bytes: usize) -> bool {
    tells_density(bytes) && live_bytes >= HUGE_PAGES_MIN_LIVE_BYTES
}

/// Bytes to map for a block of `bytes` that is opened to huge pages: the last of these is whole, and what of it lies behind the
/// block is room, if that wastes a sixteenth at most. Otherwise small pages back its end.
pub const fn open_mapping_bytes(bytes: usize) -> usize {
    match round_up(bytes, HUGE_PAGE_BYTES) {
        Some(whole) if whole - bytes <= bytes / 16 => whole,
        _ => bytes,
    }
}

/// Where the page stands in a span of `bytes` that is looked at.
pub const fn looked_at_offset_of_span(bytes: usize) -> usize {
    even_offset(bytes, 1)
}

/// Where a page stands that is `part` of [`LOOKED_AT_PAGES`] at equal distances, from 1 on.
const fn even_offset(bytes: usize, part: usize) -> usize {
    round_down(bytes / (LOOKED_AT_PAGES + 1) * part, PAGE_BYTES)
}

/// Where the page stands in a block of `bytes` that is looked at as the one with number `part`, of [`LOOKED_AT_PAGES`] from 1 on:
/// at equal distances, and then an odd number of pages further, where no program that touches one page of each MiB comes by.
pub const fn looked_at_offset(bytes: usize, part: usize) -> usize {
    even_offset(bytes, part) + (2 * part + 1) * PAGE_BYTES
}

/// What a freed block of `bytes` that was used from end to end lets be opened to huge pages: as much for each of those that
/// will be freed before the next look.
pub const fn earned_by_freed(bytes: usize) -> usize {
    bytes.saturating_mul(1 + SPARED_FREES_DENSE as usize)
}

/// Whether `credit_bytes` suffice to open `bytes` to huge pages: half of it must be there, or a program whose blocks rise in
/// size would never have as much. The other half is owed.
pub const fn suffices(credit_bytes: isize, bytes: usize) -> bool {
    (bytes / 2) as isize <= credit_bytes
}

/// Whether a block of `usable` bytes may stay in place for a request of `size` bytes: it fits, and
/// at least half of it is used.
pub const fn fits_in_place(usable: usize, size: usize) -> bool {
    size <= usable && size >= usable / 2
}

/// Whether a block of `usable` bytes that moves to grow to `size` grows in small steps, and a class has room for more of
/// them. Spans grow where they stand.
pub const fn grows_in_small_steps(usable: usize, size: usize) -> bool {
    size - usable <= usable / PARTS_OF_SMALL_STEPS && room_to_grow(usable) <= MAX_CLASS_BYTES
}

/// Bytes to ask for then, if those can be had: a quarter more than it had, so that a program that appends a little at a
/// time has its block moved half as often.
pub const fn room_to_grow(usable: usize) -> usize {
    usable + usable / 4
}

/// Whether a cached mapping of `have_bytes` may serve a request for `want_bytes`: at most one eighth
/// larger.
pub const fn cache_fits(have_bytes: usize, want_bytes: usize) -> bool {
    have_bytes >= want_bytes && have_bytes - want_bytes <= want_bytes / 8
}

/// Whether a span of `slots` for `bytes` is to be a mapping, when `claimed_bytes` of the window are in
/// use under a limit of `limit_bytes`: at least 80 % of what glibc gets can be had if no more than an
/// eighth of the limit goes to spans that waste more than an eighth.
pub const fn span_wastes_limit(bytes: usize, slots: usize, claimed_bytes: usize, limit_bytes: usize) -> bool {
    limit_bytes != usize::MAX && slots * SLOT_BYTES - bytes > bytes / 8 && claimed_bytes > limit_bytes / 8
}

/// Whether a cached mapping of `have_bytes` is worth being cut or stretched to `want_bytes`: at least half of
/// the pages wanted are there, and at least a quarter of those that are there is wanted.
pub const fn may_be_reshaped(have_bytes: usize, want_bytes: usize) -> bool {
    have_bytes >= want_bytes / 2 && have_bytes / 4 <= want_bytes
}

/// Whether mappings may hold `room_bytes` of addresses in all beyond their blocks, of which `live_bytes` are in use:
/// twice as many addresses as memory, where addresses are not limited.
pub const fn may_keep_room(room_bytes: usize, live_bytes: usize, limit_bytes: usize) -> bool {
    let most = if live_bytes > ROOM_MIN_BYTES { live_bytes } else { ROOM_MIN_BYTES };
    limit_bytes == usize::MAX && room_bytes <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_place_means_at_least_half_used() {
        assert!(fits_in_place(128, 64) && fits_in_place(128, 128));
        assert!(!fits_in_place(128, 63) && !fits_in_place(128, 129));
    }

    #[test]
    fn what_grows_in_small_steps_has_room_for_more_of_them() {
        assert!(grows_in_small_steps(1024, 1025) && grows_in_small_steps(1024, 1088));
        assert!(!grows_in_small_steps(1024, 1089) && !grows_in_small_steps(128, 144));
        assert_eq!(room_to_grow(1024), 1280);
        assert!(grows_in_small_steps(48 * KIB, 48 * KIB + 1));
        assert!(!grows_in_small_steps(56 * KIB, 56 * KIB + 1), "no class has so much");
    }

    #[test]
    fn a_cached_mapping_wastes_an_eighth_at_most() {
        assert!(cache_fits(80, 80) && cache_fits(90, 80));
        assert!(!cache_fits(91, 80) && !cache_fits(79, 80));
        assert!(may_be_reshaped(40, 80) && may_be_reshaped(320, 80));
        assert!(!may_be_reshaped(39, 80) && !may_be_reshaped(324, 80));
    }

    #[test]
    fn spans_waste_no_more_than_an_eighth_of_a_limit() {
        let (limit_bytes, bytes) = (800, SLOT_BYTES);
        assert!(span_wastes_limit(bytes, 2, 101, limit_bytes));
        assert!(!span_wastes_limit(bytes, 2, 100, limit_bytes), "little is in use");
        assert!(!span_wastes_limit(2 * bytes, 2, 101, limit_bytes), "nothing is wasted");
        assert!(!span_wastes_limit(bytes, 2, 101, usize::MAX), "there is no limit");
    }

    #[test]
    fn huge_pages_are_for_large_mappings_of_programs_with_many() {
        assert!(may_have_huge_pages(4 * MIB, 16 * MIB));
        assert!(!may_have_huge_pages(4 * MIB - 1, GIB) && !may_have_huge_pages(GIB, 16 * MIB - 1));
        let credit = 2 * MIB as isize;
        assert!(suffices(credit, 4 * MIB) && !suffices(credit - 1, 4 * MIB) && !suffices(-1, 0));
        assert_eq!(earned_by_freed(MIB), 4 * MIB);
        assert_eq!([4 * MIB, 31 * MIB, 4 * MIB + KIB].map(open_mapping_bytes), [4 * MIB, 32 * MIB, 4 * MIB + KIB]);
        assert!((1..=LOOKED_AT_PAGES).all(|part| !looked_at_offset(10 * MIB, part).is_multiple_of(64 * KIB)));
        assert!(looked_at_offset(DENSITY_MIN_BYTES, LOOKED_AT_PAGES) < DENSITY_MIN_BYTES);
    }

    #[test]
    fn looks_that_find_blocks_used_in_part_become_rare() {
        assert_eq!([0, 1, 2, 3, 8, 9, u32::MAX].map(spared_frees), [3, 0, 1, 3, 127, 255, 255]);
        assert_eq!([0, 1, 2, 4, 5, u32::MAX].map(spared_looks), [0, 0, 1, 7, 15, 15]);
    }

    #[test]
    fn room_is_bounded_and_there_is_none_where_addresses_are() {
        assert!(may_keep_room(ROOM_MIN_BYTES, 0, usize::MAX) && !may_keep_room(ROOM_MIN_BYTES + 1, 0, usize::MAX));
        assert!(may_keep_room(GIB, GIB, usize::MAX) && !may_keep_room(GIB + 1, GIB, usize::MAX));
        assert!(!may_keep_room(0, 0, GIB));
    }
}
