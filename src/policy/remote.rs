//! Remote frees: batches on their way to owners, and visits to those that sleep.

use super::caches::MAGAZINE_BLOCKS;
use crate::geometry::*;

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
/// Blocks posted to an owner that has not asked for any in between, after which it is taken to sleep: its
/// queue is drained in its place, and smaller batches are sent, so that little is left on its way. Blocks, not
/// posts, since batches of larger blocks are shorter: between two turns of an owner that waits for a core many come.
const QUIET_BLOCKS: u16 = 1024;
/// The outbox of a thread holds at most about this many bytes in all: two batches of the largest blocks, since an
/// owner that was visited goes on in another heap, and for a while blocks of both are freed in turn.
pub const OUTBOX_MAX_BYTES: usize = 2 * OUTBOX_LANE_MAX_BYTES;
/// Bytes that may wait in the queue of any heap: a batch of the largest blocks, and half a MiB.
pub const BACKLOG_LEAST_BYTES: usize = OUTBOX_LANE_MAX_BYTES + MIB / 2;
/// The same where heaps are few: two of them.
pub const BACKLOG_MOST_BYTES: usize = 2 * OUTBOX_LANE_MAX_BYTES;
/// Bytes that may wait in all queues together, however little the process has.
const BACKLOGS_MIN_BYTES: usize = 32 * MIB;
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

/// Bytes that may wait in the queue of a heap before a poster drains it in its owner's place, which may be about to do so,
/// where `heaps` are in use and `claimed_bytes` of the window: all together an eighth of these.
pub const fn backlog_bytes(claimed_bytes: usize, heaps: usize) -> usize {
    let all = if claimed_bytes / 8 > BACKLOGS_MIN_BYTES { claimed_bytes / 8 } else { BACKLOGS_MIN_BYTES };
    match all / (heaps + 1) {
        BACKLOG_MOST_BYTES.. => BACKLOG_MOST_BYTES,
        share @ BACKLOG_LEAST_BYTES.. => share,
        _ => BACKLOG_LEAST_BYTES,
    }
}

/// Whether an owner sleeps to whom `quiet_blocks` blocks were posted since it last asked for any.
pub const fn owner_sleeps(quiet_blocks: u16) -> bool {
    quiet_blocks >= QUIET_BLOCKS
}

/// `quiet_blocks` after one more batch of `blocks`; a post counts as one of the smallest batches at least, so that an
/// owner to whom others send a block now and then is found to sleep as well.
pub const fn quiet_blocks_after(quiet_blocks: u16, blocks: usize) -> u16 {
    let counted = if blocks > SLEEPER_BATCH_BLOCKS { blocks } else { SLEEPER_BATCH_BLOCKS };
    quiet_blocks.saturating_add(counted as u16)
}

/// Blocks of a batch for an owner to whom `quiet_blocks` blocks were posted since it last asked for any.
pub const fn batch_blocks(quiet_blocks: u16) -> u8 {
    (if owner_sleeps(quiet_blocks) { SLEEPER_BATCH_BLOCKS } else { MAGAZINE_BLOCKS }) as u8
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lane_is_full_before_it_is_looked_at() {
        for most in [0, QUIET_BLOCKS].map(batch_blocks) {
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
    fn what_waits_in_all_queues_is_an_eighth_of_all() {
        let mib = |claimed_mib: usize, heaps| backlog_bytes(claimed_mib * MIB, heaps) as f64 / MIB as f64;
        assert_eq!([mib(8, 0), mib(8, 9), mib(320, 15), mib(8, 1000)], [3.0, 3.0, 2.5, 2.0]);
        assert_eq!([mib(640, 31), mib(1 << 20, 63)], [2.5, 3.0]);
    }

    #[test]
    fn who_asks_for_nothing_for_long_sleeps_and_is_sent_less() {
        assert!(!owner_sleeps(QUIET_BLOCKS - 1) && owner_sleeps(QUIET_BLOCKS));
        assert!(batch_blocks(QUIET_BLOCKS) < batch_blocks(QUIET_BLOCKS - 1));
        assert_eq!(batch_blocks(0) as usize, MAGAZINE_BLOCKS);
    }

    #[test]
    fn an_owner_sleeps_after_as_many_blocks_in_batches_of_any_size_or_after_a_few_posts() {
        let posts_until_asleep = |blocks: usize| {
            let mut quiet_blocks = 0;
            let asleep = |_: &usize| {
                quiet_blocks = quiet_blocks_after(quiet_blocks, blocks);
                owner_sleeps(quiet_blocks)
            };
            (1..).find(asleep).unwrap()
        };
        assert_eq!([1, 16, 40, 126].map(posts_until_asleep), [64, 64, 26, 9]);
        assert_eq!(quiet_blocks_after(u16::MAX, 1), u16::MAX);
    }
}
