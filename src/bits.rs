//! Words as sets of numbers.

/// The places of the bits that are set, in rising order; of the word as it was given.
#[inline]
pub fn places_of(bits: impl Into<u128>) -> impl Iterator<Item = usize> {
    let mut left = bits.into();
    core::iter::from_fn(move || {
        let place = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        (place < 128).then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_has_one_place_in_rising_order() {
        let places = |bits: u128| places_of(bits).collect::<Vec<_>>();
        assert_eq!(places(0), []);
        assert_eq!(places(0b1011), [0, 1, 3]);
        assert_eq!(places(1 << 127 | 1 << 64 | 1 << 63), [63, 64, 127]);
        assert_eq!(places_of(u32::MAX).count(), 32);
    }
}
