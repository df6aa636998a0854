//! How far a heap has fallen, and whether its owner only gives memory up or will need it again at once.

use crate::config;
use crate::os;
use crate::policy;

/// What the owner of a heap has flushed to its slabs, beyond what it took out of them since. Belongs to the tenant.
#[derive(Debug)]
pub struct Fall {
    bytes: usize,
    /// When something was flushed last, in milliseconds of the coarse clock.
    put_ms: u32,
    /// The most of it since it was nothing, as seen when something was taken.
    deepest_bytes: usize,
    /// Falls of less are swings: one about as deep was made up for.
    swing_bytes: usize,
    /// When that was, in milliseconds of the coarse clock.
    swung_ms: u32,
}

impl Fall {
    /// Nothing was flushed.
    pub const fn new() -> Self {
        Self { bytes: 0, put_ms: 0, deepest_bytes: 0, swing_bytes: 0, swung_ms: 0 }
    }

    /// Notes bytes that were flushed.
    #[inline]
    pub fn put(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.put_ms = os::now_ms();
    }

    /// Whether something was flushed so short a while ago that more will follow.
    pub fn goes_on(&self) -> bool {
        os::now_ms().wrapping_sub(self.put_ms) < policy::RESTS_AFTER_MS
    }

    /// Notes bytes that were taken out of the slabs.
    #[inline]
    pub fn take(&mut self, bytes: usize) {
        if self.bytes > self.deepest_bytes {
            self.deepest_bytes = self.bytes;
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.bytes == 0 && self.deepest_bytes >= policy::GIVING_UP_BYTES_LEAST {
            self.end_swing();
        }
    }

    #[cold]
    fn end_swing(&mut self) {
        self.swing_bytes = policy::swing_bytes(self.deepest_bytes);
        self.swung_ms = os::now_ms();
        self.deepest_bytes = 0;
    }

    /// Bytes that were flushed and are not expected to be needed again soon: none while they are few, or the fall is no
    /// deeper than those that were made up for lately.
    #[inline]
    pub fn bytes_for_good(&self) -> usize {
        if self.bytes < policy::GIVING_UP_BYTES_LEAST || self.is_swing() { 0 } else { self.bytes }
    }

    #[cold]
    fn is_swing(&self) -> bool {
        // as of the last flush: after a rest a swing is taken for one until something is flushed again
        let delays_ms = || self.put_ms.wrapping_sub(self.swung_ms) / policy::KEPT_HALF_LIFE_DELAYS;
        self.bytes < self.swing_bytes && delays_ms() < config::get().purge_delay_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::MIB;

    #[test]
    fn a_fall_is_for_good_unless_one_as_deep_was_made_up_for() {
        let mut fall = Fall::new();
        fall.put(16 * MIB);
        assert_eq!(fall.bytes_for_good(), 16 * MIB);
        fall.take(10 * MIB);
        assert_eq!(fall.bytes_for_good(), 6 * MIB, "taken again in part");
        fall.take(10 * MIB);
        fall.put(20 * MIB);
        assert_eq!(fall.bytes_for_good(), 0, "as the last one");
        fall.put(4 * MIB);
        assert_eq!(fall.bytes_for_good(), 24 * MIB, "half as much again");
    }

    #[test]
    fn small_falls_are_no_swings() {
        let mut fall = Fall::new();
        fall.put(policy::GIVING_UP_BYTES_LEAST - 1);
        fall.take(MIB);
        fall.put(8 * MIB);
        assert_eq!(fall.bytes_for_good(), 8 * MIB);
    }
}
