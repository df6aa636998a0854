//! Decisions: numbers in, a decision out. What is weighed against memory, time or
//! fairness stands here; what the layout fixes stands in `geometry`.

use crate::config;
use crate::geometry::*;

/// Places of a magazine: with its header it fills exactly 1 KiB.
pub const MAGAZINE_BLOCKS: usize = 126;
// a bin stands in a magazine, whatever the options ask for
const _: () = assert!(config::FRONT_CACHE_MAX_BLOCKS as usize <= MAGAZINE_BLOCKS);

/// A bin keeps at most this many bytes, but at least one block; the same for a batch of another thread that becomes
/// a bin whole.
pub const BIN_MAX_BYTES: usize = 256 * KIB;
/// The depot keeps at most this many bytes of one class.
pub const DEPOT_CLASS_MAX_BYTES: usize = MIB;
/// The depot keeps at most this many bytes in all.
pub const DEPOT_MAX_BYTES: usize = 2 * MIB;
/// So many threads may each cache as much as the three bounds above say; of more threads each may cache less.
const FULL_SHARES: usize = 8;
/// The bounds are halved this many times at most.
const MOST_HALVINGS: u32 = 3;
/// Halving leaves a bin room for so many blocks, if it has that much at all: a refill is to be shared by several.
const BIN_LEAST_BLOCKS: usize = 16;
/// Free bytes of a class in the slabs of a heap that are worth giving up its cached blocks for.
const SHRINKING_MIN_BYTES: usize = MIB;
/// Empty magazines that are given away or taken at a time: who has a stock of them has twice as many at most.
pub const MAGAZINE_CHAIN: usize = 8;

/// Owners for which an outbox collects at the same time.
pub const OUTBOX_LANES: usize = 32;
/// A lane posts when it holds this many bytes, but not before [`OUTBOX_MIN_BLOCKS`].
const OUTBOX_LANE_BYTES: usize = 64 * KIB;
/// Fewest blocks of a posted batch, unless it is flushed or has [`OUTBOX_LANE_MAX_BYTES`].
const OUTBOX_MIN_BLOCKS: usize = 40;
/// A lane posts when it holds this many bytes, however few blocks these are: 24 of the largest. A batch
/// takes a quarter more than two atomic operations on its way, less than one tenth for each of these.
const OUTBOX_LANE_MAX_BYTES: usize = 3 * MIB / 2;
/// Blocks of a batch for an owner that sleeps.
const SLEEPER_BATCH_BLOCKS: usize = 16;
/// Posts to an owner that has not asked for blocks in between, after which it is taken to sleep: its
/// queue is drained in its place, and smaller batches are sent, so that little is left on its way.
const QUIET_POSTS: u8 = 8;
/// The outbox of a thread holds at most about this many bytes in all.
pub const OUTBOX_MAX_BYTES: usize = 2 * MIB;
/// Bytes that may wait in the queue of a heap before a poster drains it in its owner's place: a few batches
/// of the largest blocks, for an owner that is awake.
pub const QUEUE_BACKLOG_BYTES: usize = 4 * MIB;
/// How long the lock of `HAKMEM_STAGE2=0` is waited for before all do without it.
pub const CONTROL_LOCK_WAIT_MS: u32 = 1000;

/// Visits that a thread makes in a row: forwarded blocks may need help in their turn. What is wanted
/// beyond that is left to the next thread that comes by.
pub const VISIT_CHAIN: usize = 64;
/// Times in a row that a visitor takes what was sent to the heap while it was inside.
pub const VISIT_ROUNDS: usize = 16;
/// How often a heap that somebody is inside is asked whether it holds a block that may be free.
pub const CONFIRM_TRIES: usize = 1000;

/// Rounds in which a check of the heap brings blocks home that are on their way: each may be
/// forwarded a few times.
pub const SETTLING_ROUNDS: usize = 8;

/// Parked heaps that one acquire looks at for a slab to adopt.
pub const ADOPT_PROBES: usize = 8;
/// Blocks of at least this many bytes are looked for in untouched memory by calloc.
pub const CALLOC_FRESH_BYTES: usize = 4 * KIB;

/// Bytes of the metadata pool that are committed at a time, at least.
pub const METADATA_COMMIT_BYTES: usize = 128 * KIB;
/// Bytes of the metadata pool that are reserved at the start, and at least at a time.
pub const METADATA_RESERVE_BYTES: usize = 2 * MIB;
/// Bytes that the metadata pool may have.
pub const METADATA_MAX_BYTES: usize = 16 * GIB - 2 * MIB;
/// SuperSlabs whose headers are made at a time.
pub const HEADER_GROUP_SUPERSLABS: usize = 16;
/// SuperSlabs whose part of the slot table is committed at a time.
pub const TABLE_COMMIT_SUPERSLABS: usize = 512;

/// Cached huge mappings, at most.
pub const HUGE_CACHE_ENTRIES: usize = 128;
/// How far before an address a huge block may start that it is still found to lie in.
pub const HUGE_LOOK_BACK_BYTES: usize = 16 * GIB;
/// No thread's stack is taken to be larger than this, when a foreign pointer is judged.
pub const LARGEST_THREAD_STACK_BYTES: usize = GIB;

/// log2 of the smallest window, in bytes.
pub const MIN_WINDOW_SHIFT: u32 = 27;
/// log2 of the bytes that the window may span, unless an option or a limit says otherwise.
pub const WINDOW_SHIFT: u32 = 39;
/// Bytes of the window that are reserved at the start, and at least at a time.
pub const WINDOW_RESERVE_BYTES: usize = 16 * MIB;
/// The most SuperSlabs that are reserved at a time.
const EXTENSION_MAX_SUPERSLABS: usize = GIB / SUPERSLAB_BYTES;
/// Places that are tried for the window, one after the other.
pub const PLACES_TRIED: usize = 4;
/// Steps by which an extension of the window may leave a hole, before it is asked for smaller.
pub const EXTENSION_PROBES: usize = 64;
/// Each refused extension asks for this part of the one before.
pub const EXTENSION_CUT: usize = 4;

/// Which option sets the refill count of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefillGroup {
    /// Up to 128 bytes.
    Tiny,
    /// Up to 1 KiB.
    Small,
    /// Above.
    Mid,
}

/// The group of blocks of `bytes`.
pub const fn refill_group(bytes: usize) -> RefillGroup {
    match bytes {
        0..=128 => RefillGroup::Tiny,
        129..=1024 => RefillGroup::Small,
        _ => RefillGroup::Mid,
    }
}

/// Bytes of the metadata pool of a window of `window_bytes` that is reserved whole.
pub const fn metadata_pool_bytes(window_bytes: usize) -> usize {
    let share = window_bytes / 32;
    if share < 8 * MIB {
        8 * MIB
    } else if share > METADATA_MAX_BYTES {
        METADATA_MAX_BYTES
    } else {
        share
    }
}

/// Bytes by which to extend a metadata pool of `reserved_bytes` that has no room for `bytes`.
pub const fn metadata_step_bytes(reserved_bytes: usize, bytes: usize) -> usize {
    let share = reserved_bytes / 4;
    (if share > METADATA_RESERVE_BYTES { share } else { METADATA_RESERVE_BYTES }) + bytes
}

/// SuperSlabs by which to extend a window of `reserved`, of which `reserved_first` were at the start:
/// what is reserved ahead of its use is missing elsewhere when the program limits its addresses.
pub fn extension_superslabs(reserved: usize, reserved_first: usize) -> usize {
    (reserved / 8).max(reserved_first).clamp(1, EXTENSION_MAX_SUPERSLABS)
}

/// Address of a slot table whose metadata pool and window have room to grow: low enough that the
/// system, which maps from the top, or from a third of the addresses on, does not come there by itself,
/// and above what runtimes choose for their own heaps. `secret` makes it differ from run to run.
pub const fn place_address(secret: u64, place: usize) -> usize {
    let random = (secret.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 45) as usize;
    (34 + 2 * place) * 1024 * GIB + random * SUPERSLAB_BYTES
}

/// Bytes of the metadata pool to commit beyond what is needed, when `committed_bytes` are.
pub const fn metadata_ahead_bytes(committed_bytes: usize) -> usize {
    if committed_bytes / 4 > METADATA_COMMIT_BYTES { committed_bytes / 4 } else { METADATA_COMMIT_BYTES }
}

/// How often what a thread may cache is halved where `heaps` are in use: with more than `FULL_SHARES` all of them
/// together keep about what those would, down to an eighth each. The idea is that of TCMalloc's bound on the
/// caches of all threads, `max_total_thread_cache_bytes`; here no thread gives up for another.
pub const fn cache_halvings(heaps: usize) -> u32 {
    if heaps <= FULL_SHARES {
        return 0;
    }
    let halvings = usize::BITS - ((heaps - 1) / FULL_SHARES).leading_zeros();
    if halvings < MOST_HALVINGS { halvings } else { MOST_HALVINGS }
}

/// Blocks that a bin of blocks of `bytes` may hold, whose bytes are halved so often; `fast_cap_blocks` is
/// `HAKMEM_FAST_CAP`.
pub const fn bin_capacity(bytes: usize, fast_cap_blocks: usize, halvings: u32) -> usize {
    let full = BIN_MAX_BYTES / bytes;
    let least = if full < BIN_LEAST_BLOCKS { full } else { BIN_LEAST_BLOCKS };
    let by_bytes = if full >> halvings > least { full >> halvings } else { least };
    let cap = if by_bytes < MAGAZINE_BLOCKS { by_bytes } else { MAGAZINE_BLOCKS };
    let cap = if cap < fast_cap_blocks { cap } else { fast_cap_blocks };
    if cap == 0 { 1 } else { cap }
}

/// Blocks that the first refill of a bin asks for; each further one asks for twice as many, up to
/// the capacity, so that a class that is used once stays small.
pub const fn first_refill(bytes: usize) -> usize {
    let blocks = 4 * KIB / bytes;
    if blocks == 0 {
        1
    } else if blocks > 16 {
        16
    } else {
        blocks
    }
}

/// The next refill after one of `last_blocks`, into a bin of `capacity_blocks`.
pub const fn next_refill(last_blocks: usize, capacity_blocks: usize) -> usize {
    let twice = last_blocks * 2;
    if twice < capacity_blocks { twice } else { capacity_blocks }
}

/// Whether the depot may take one more magazine of `blocks` blocks of `bytes`, when it holds
/// `class_blocks` of this class and `all_bytes` in all, and its bounds are halved so often.
pub const fn depot_has_room(bytes: usize, blocks: usize, class_blocks: usize, all_bytes: usize, halvings: u32) -> bool {
    (class_blocks + blocks) * bytes <= DEPOT_CLASS_MAX_BYTES >> halvings
        && all_bytes + blocks * bytes <= DEPOT_MAX_BYTES >> halvings
}

/// Whether the blocks that a heap caches of a class should go back to their slabs, when `free_bytes` of
/// its slabs are free and `out_bytes` are cached or in use: each cached block may keep a slab that is
/// free otherwise, so a class of which most is free gives its cache up.
pub const fn is_shrinking(free_bytes: usize, out_bytes: usize) -> bool {
    free_bytes > SHRINKING_MIN_BYTES && free_bytes > out_bytes
}

/// Whether a program that only gives memory up does so with a class: since the last refill from slabs, when
/// `filled_bytes` were cached or in use, a quarter of them came back, and enough is free or cached to matter: more than
/// a slab of `slab_bytes`, and 1/32 of what is in use.
pub const fn is_falling(idle_bytes: usize, used_bytes: usize, filled_bytes: usize, slab_bytes: usize) -> bool {
    idle_bytes > slab_bytes && idle_bytes > used_bytes / 32 && used_bytes < filled_bytes / 4 * 3
}

/// Blocks that a bin may hold while its class falls, when `used_bytes` are in use: each may keep a slab of
/// `slab_bytes`.
pub const fn falling_bin_blocks(used_bytes: usize, slab_bytes: usize, capacity_blocks: usize) -> usize {
    let blocks = used_bytes / 32 / slab_bytes;
    if blocks == 0 {
        1
    } else if blocks < capacity_blocks {
        blocks
    } else {
        capacity_blocks
    }
}

/// Whether an owner sleeps to whom `quiet_posts` posts were made since it last asked for blocks.
pub const fn owner_sleeps(quiet_posts: u8) -> bool {
    quiet_posts >= QUIET_POSTS
}

/// Blocks of a batch for an owner to whom `quiet_posts` posts were made since it last asked for blocks.
pub const fn batch_blocks(quiet_posts: u8) -> u8 {
    (if owner_sleeps(quiet_posts) { SLEEPER_BATCH_BLOCKS } else { MAGAZINE_BLOCKS }) as u8
}

/// Whether a lane of the outbox is to be posted, whose batches have at most `most_blocks`.
pub const fn lane_is_full(blocks: usize, bytes: usize, most_blocks: u8) -> bool {
    blocks >= most_blocks as usize
        || bytes >= OUTBOX_LANE_MAX_BYTES
        || (bytes >= OUTBOX_LANE_BYTES && blocks >= OUTBOX_MIN_BLOCKS)
}

/// At how many blocks or bytes a lane with `blocks`, whose batches have at most `most_blocks`, is to be looked at
/// next: [`lane_is_full`] says no before.
pub const fn lane_look(blocks: usize, most_blocks: u8) -> (u8, usize) {
    match blocks < OUTBOX_MIN_BLOCKS {
        true if OUTBOX_MIN_BLOCKS < most_blocks as usize => (OUTBOX_MIN_BLOCKS as u8, OUTBOX_LANE_MAX_BYTES),
        true => (most_blocks, OUTBOX_LANE_MAX_BYTES),
        false => (most_blocks, OUTBOX_LANE_BYTES),
    }
}

/// Bytes of warm but unused memory that may be kept when `live_bytes` are in use and the user's
/// floor is `floor_bytes`.
pub const fn retained_bytes(live_bytes: usize, floor_bytes: usize) -> usize {
    if live_bytes / 8 > floor_bytes { live_bytes / 8 } else { floor_bytes }
}

/// Bytes down to which a purge goes once there are more than `limit_bytes`: a purge is paid for by
/// many releases. Of the limit, `kept_bytes` are kept since as many were purged in vain: they stay whole.
pub const fn purge_target_bytes(limit_bytes: usize, kept_bytes: usize) -> usize {
    limit_bytes - limit_bytes.saturating_sub(kept_bytes) / 4
}

/// Runs that a purge gathers before it gives them back.
pub const PURGE_BATCH_RUNS: usize = 64;

/// Bytes to purge of `warm_bytes` where `more_bytes` of fresh memory are to take their place: a sixteenth at
/// least, since each purge looks at every run.
pub const fn replaced_bytes(warm_bytes: usize, more_bytes: usize) -> usize {
    if warm_bytes / 16 > more_bytes { warm_bytes / 16 } else { more_bytes }
}

/// Whether a fresh slab of `slots` will most likely fill, when the heap has `slabs` of its class already: long slabs
/// are touched from their start and often stay half empty, short ones of a class that has two fill.
pub const fn will_fill(slots: usize, slabs: usize) -> bool {
    slots == 1 && slabs >= 2
}

/// Slabs that will fill stand in dense SuperSlabs, behind huge pages, once so many bytes are claimed: the last huge
/// page may be touched in vain, which a small program would notice.
pub const DENSE_MIN_CLAIMED_BYTES: usize = 16 * MIB;

/// Bytes of a huge page.
pub const HUGE_PAGE_BYTES: usize = SUPERSLAB_BYTES;
/// Below so many bytes of window a heap has small pages only, unless an option says otherwise.
pub const HUGE_PAGE_MIN_HEAP_BYTES: usize = 256 * MIB;

/// What to keep of huge mappings where `bytes` were unmapped and mapped again soon after: an eighth more, since
/// the next ones are of other sizes and not all of these fit.
pub const fn with_room_for_sizes(bytes: usize) -> usize {
    bytes + bytes / 8
}

/// Purge delays in which half of what is kept since it was given back in vain, runs or huge mappings, is forgotten.
pub const KEPT_HALF_LIFE_DELAYS: u32 = 16;

/// Runs acquired since the last purge, below which the process only gives memory up.
pub const DRAINING_MAX_RUNS: u64 = 16;

/// Blocks that a bin keeps of a class that is idle.
pub const IDLE_BIN_BLOCKS: usize = 4;

/// Slabs that a heap of `slabs` acquires in a generation: a class that was not used for two is idle.
pub const fn usage_generation_slabs(slabs: u64) -> u64 {
    if slabs / 8 > 24 { slabs / 8 } else { 24 }
}

/// A thread that gave so many slabs back in a row is taken to only give memory up, whatever other threads do.
const GIVING_UP_SLABS: u64 = 64;
/// The same of blocks that went back to their slabs, several times what a thread may cache: no slab may have become
/// whole yet.
const GIVING_UP_BYTES: usize = 4 * DEPOT_MAX_BYTES;
/// The same where threads are many.
pub const GIVING_UP_BYTES_LEAST: usize = GIVING_UP_BYTES >> MOST_HALVINGS;

/// Up to which depth a fall is a swing, after one of `deepest_bytes` that was made up for: half as much again.
pub const fn swing_bytes(deepest_bytes: usize) -> usize {
    deepest_bytes + deepest_bytes / 2
}

/// How often a thread has given up so much that it is taken to only give memory up, when it gave `slabs` back in a row,
/// and `fallen_bytes` of blocks more than it took out of its slabs, where the bounds of caches are halved so often.
/// With each time all classes are looked through.
pub const fn giving_up_waves(slabs: u64, fallen_bytes: usize, halvings: u32) -> u32 {
    (slabs / GIVING_UP_SLABS) as u32 + ((fallen_bytes << halvings) / GIVING_UP_BYTES) as u32
}

/// What may be kept of `retained_bytes` while the process only gives memory up.
pub const fn draining_bytes(retained_bytes: usize) -> usize {
    retained_bytes / 8
}

/// Whether to join EMPTY runs for one of `want_slots` when `warm_slots` are EMPTY and `released_runs`
/// were released since the last time: a join looks at every run, so an eighth as many releases must pay
/// for it, and more of it is warm than can lie about in single slots by chance.
pub const fn joining_pays(want_slots: u64, warm_slots: u64, released_runs: u64) -> bool {
    warm_slots >= 2 * want_slots && released_runs > warm_slots / 8
}

/// Milliseconds between two looks for memory that has been unused for `delay_ms`.
pub const fn decay_interval_ms(delay_ms: u32) -> u32 {
    delay_ms / 4
}

/// Whether a block of `usable` bytes may stay in place for a request of `size` bytes: it fits, and
/// at least half of it is used.
pub const fn fits_in_place(usable: usize, size: usize) -> bool {
    size <= usable && size >= usable / 2
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

/// Room that mappings may hold in all, however little is in use.
const ROOM_MIN_BYTES: usize = 256 * MIB;

/// Bytes to reserve at a time under an address limit of `limit_bytes`.
pub const fn limited_reservation(limit_bytes: usize) -> usize {
    let step = round_down(limit_bytes / 16, SUPERSLAB_BYTES);
    if step < 2 * SUPERSLAB_BYTES { 2 * SUPERSLAB_BYTES } else { step }
}

/// log2 of the bytes that the window may span under an address limit of `limit_bytes`.
pub const fn limited_window_shift(limit_bytes: usize) -> u32 {
    let shift = usize::BITS - limit_bytes.leading_zeros();
    if shift < MIN_WINDOW_SHIFT {
        MIN_WINDOW_SHIFT
    } else if shift > MAX_WINDOW_SHIFT {
        MAX_WINDOW_SHIFT
    } else {
        shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_at_least_one_block_and_at_most_their_bytes() {
        for info in &CLASSES {
            for cap in [1, 7, MAGAZINE_BLOCKS] {
                let blocks = bin_capacity(info.bytes as usize, cap, 0);
                assert!((1..=cap).contains(&blocks));
                assert!(blocks == 1 || blocks * info.bytes as usize <= BIN_MAX_BYTES);
            }
            assert!(first_refill(info.bytes as usize) >= 1);
        }
    }

    #[test]
    fn no_lane_is_full_before_it_is_looked_at() {
        for most in [0, QUIET_POSTS].map(batch_blocks) {
            let (mut blocks, mut looks) = (0, 0);
            while blocks < most as usize {
                let (places, bytes) = lane_look(blocks, most);
                assert!(places as usize > blocks && !lane_is_full(places as usize - 1, bytes - 1, most));
                assert!(lane_is_full(places as usize, bytes, most), "the larger ones are posted there");
                (blocks, looks) = (places as usize, looks + 1);
            }
            assert_eq!((blocks, looks), (most as usize, if most as usize > OUTBOX_MIN_BLOCKS { 2 } else { 1 }));
        }
    }

    #[test]
    fn where_threads_are_many_each_caches_less() {
        assert_eq!([0, 1, 8, 9, 16, 17, 64, 1000].map(cache_halvings), [0, 0, 0, 1, 1, 2, 3, 3]);
        let blocks = |bytes, halvings| bin_capacity(bytes, MAGAZINE_BLOCKS, halvings);
        assert_eq!([0, 1, 2, 3].map(|halvings| blocks(4096, halvings)), [64, 32, 16, 16]);
        assert_eq!([blocks(64, 3), blocks(32 * KIB, 3), blocks(MIB, 3)], [MAGAZINE_BLOCKS, 8, 1]);
        let fits = |class_blocks, all_bytes, halvings| depot_has_room(1024, 64, class_blocks, all_bytes, halvings);
        assert!(fits(960, MIB, 0) && !fits(961, MIB, 0) && !fits(0, 2 * MIB - 1024, 0));
        assert!(fits(64, 0, 3) && !fits(65, 0, 3) && !fits(0, 256 * KIB, 3));
    }

    #[test]
    fn refills_grow_to_the_capacity_and_stay_there() {
        let mut n = first_refill(64);
        for _ in 0..10 {
            n = next_refill(n, 126);
        }
        assert_eq!(n, 126);
    }

    #[test]
    fn a_class_shrinks_when_more_than_half_of_much_memory_is_free() {
        assert!(is_shrinking(8 * MIB, 8 * MIB - 1));
        assert!(!is_shrinking(8 * MIB, 8 * MIB) && !is_shrinking(MIB, 0));
    }

    #[test]
    fn in_place_means_at_least_half_used() {
        assert!(fits_in_place(128, 64) && fits_in_place(128, 128));
        assert!(!fits_in_place(128, 63) && !fits_in_place(128, 129));
    }
}
