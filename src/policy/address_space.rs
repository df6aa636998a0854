//! How addresses are reserved and metadata is committed.

use crate::geometry::*;

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

/// Bytes of the metadata pool to commit beyond what is needed, when `committed_bytes` are.
pub const fn metadata_ahead_bytes(committed_bytes: usize) -> usize {
    if committed_bytes / 4 > METADATA_COMMIT_BYTES { committed_bytes / 4 } else { METADATA_COMMIT_BYTES }
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
    fn metadata_has_a_share_of_the_window_within_bounds() {
        let pool = |shift: u32| metadata_pool_bytes(1 << shift);
        assert_eq!([27, 30, 49].map(pool), [8 * MIB, 32 * MIB, METADATA_MAX_BYTES]);
        assert_eq!(metadata_step_bytes(0, 5), METADATA_RESERVE_BYTES + 5);
        assert_eq!(metadata_step_bytes(100 * MIB, 5), 25 * MIB + 5);
        assert_eq!([0, MIB].map(metadata_ahead_bytes), [METADATA_COMMIT_BYTES, 256 * KIB]);
    }

    #[test]
    fn the_window_grows_by_an_eighth_within_bounds() {
        assert_eq!([0, 64, 160].map(|reserved| extension_superslabs(reserved, 8)), [8, 8, 20]);
        assert_eq!(extension_superslabs(0, 0), 1);
        assert_eq!(extension_superslabs(usize::MAX, 8), EXTENSION_MAX_SUPERSLABS);
    }

    #[test]
    fn places_are_apart_and_aligned_whatever_the_secret() {
        for secret in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
            for place in 0..PLACES_TRIED {
                let address = place_address(secret, place);
                assert!(address.is_multiple_of(SUPERSLAB_BYTES));
                assert!(address >= (34 + 2 * place) * 1024 * GIB && address < (36 + 2 * place) * 1024 * GIB);
            }
        }
        assert_ne!(place_address(1, 0), place_address(2, 0));
    }

    #[test]
    fn under_a_limit_little_is_reserved_ahead() {
        assert_eq!([0, 64 * MIB, 160 * MIB].map(limited_reservation), [2 * SUPERSLAB_BYTES, 4 * MIB, 10 * MIB]);
        assert_eq!([0, GIB, usize::MAX].map(limited_window_shift), [MIN_WINDOW_SHIFT, 31, MAX_WINDOW_SHIFT]);
    }
}
