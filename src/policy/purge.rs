//! What is kept of unused memory, and when it is given back to the system.

/// Runs that a purge gathers before it gives them back.
pub const PURGE_BATCH_RUNS: usize = 64;
/// Purge delays in which half of what is kept since it was given back in vain, runs or huge mappings, is forgotten.
pub const KEPT_HALF_LIFE_DELAYS: u32 = 16;
/// What heaps have released in the last so many milliseconds is purged last: their owners may be about to take it back.
pub const PURGE_YOUNG_MS: u32 = 16;
/// Runs acquired since the last purge, below which the process only gives memory up.
pub const DRAINING_MAX_RUNS: u64 = 16;

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

/// Bytes to purge of `warm_bytes` where `more_bytes` of fresh memory are to take their place: a sixteenth at
/// least, since each purge looks at every run.
pub const fn replaced_bytes(warm_bytes: usize, more_bytes: usize) -> usize {
    if warm_bytes / 16 > more_bytes { warm_bytes / 16 } else { more_bytes }
}

/// What to keep of huge mappings where `bytes` were unmapped and mapped again soon after: an eighth more, since
/// the next ones are of other sizes and not all of these fit.
pub const fn with_room_for_sizes(bytes: usize) -> usize {
    bytes + bytes / 8
}

/// What may be kept of `retained_bytes` while the process only gives memory up.
pub const fn draining_bytes(retained_bytes: usize) -> usize {
    retained_bytes / 8
}

/// Milliseconds between two looks for memory that has been unused for `delay_ms`.
pub const fn decay_interval_ms(delay_ms: u32) -> u32 {
    delay_ms / 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::*;

    #[test]
    fn an_eighth_of_what_is_live_is_kept_and_no_less_than_the_floor() {
        let kept = |live_bytes| retained_bytes(live_bytes, 32 * MIB);
        assert_eq!([0, 256 * MIB, GIB].map(kept), [32 * MIB, 32 * MIB, 128 * MIB]);
        assert_eq!(draining_bytes(32 * MIB), 4 * MIB);
    }

    #[test]
    fn a_purge_takes_a_quarter_of_what_was_not_kept_for_a_reason() {
        assert_eq!(purge_target_bytes(100, 0), 75);
        assert_eq!(purge_target_bytes(100, 60), 90);
        assert_eq!(purge_target_bytes(100, 200), 100);
    }

    #[test]
    fn warm_memory_makes_room_in_steps_that_pay() {
        assert_eq!([0, 15, 16, 17].map(|more| replaced_bytes(256, more)), [16, 16, 16, 17]);
        assert_eq!([0, 80].map(with_room_for_sizes), [0, 90]);
        assert_eq!([0, 3, 1000].map(decay_interval_ms), [0, 0, 250]);
    }
}
