//! Quotients in decimal, in integers: the target has no use for floats in a report, and printing
//! them would bring in `core::fmt`.

use crate::text::Line;

/// `part` of `whole` in percent with so many decimals; 0 of 0 is 0.
pub(super) fn append_percent<const N: usize>(line: &mut Line<N>, part: u64, whole: u64, decimals: u32) {
    append_scaled(line, 100, part, whole, decimals);
}

/// `part / whole` with so many decimals; 0 of 0 is 0.
pub(super) fn append_quotient<const N: usize>(line: &mut Line<N>, part: u64, whole: u64, decimals: u32) {
    append_scaled(line, 1, part, whole, decimals);
}

/// Rounds to nearest, a tie to the even digit, as printf does with a tie that a float can hold.
/// Anything divided by 0 is 0. `decimals` is 1 to 6.
fn append_scaled<const N: usize>(line: &mut Line<N>, scale: u128, part: u64, whole: u64, decimals: u32) {
    let unit = 10_u128.pow(decimals);
    // 64 + 7 + 20 bits: no product wraps
    let dividend = u128::from(part) * scale * unit;
    let divisor = u128::from(whole);
    let rounded = if divisor == 0 { 0 } else { divide_to_even(dividend, divisor) };
    let fraction = (rounded % unit) as u64;
    line.decimal(u64::try_from(rounded / unit).unwrap_or(u64::MAX)).text(".");
    let mut place = unit as u64 / 10;
    while place > 0 {
        line.decimal(fraction / place % 10);
        place /= 10;
    }
}

fn divide_to_even(dividend: u128, divisor: u128) -> u128 {
    let (quotient, twice_rest) = (dividend / divisor, dividend % divisor * 2);
    let up = twice_rest > divisor || (twice_rest == divisor && quotient % 2 == 1);
    quotient + u128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(part: u64, whole: u64, decimals: u32) -> String {
        let mut line = Line::<64>::new();
        append_percent(&mut line, part, whole, decimals);
        String::from_utf8(line.as_bytes().to_vec()).unwrap()
    }

    /// Whether the digits behind the decimals are exactly a half, and no float can hold them: then
    /// the float is a little off and printf rounds that.
    fn is_tie_no_float_holds(part: u64, whole: u64, decimals: u32) -> bool {
        let doubled = part * 2 * 100 * 10_u64.pow(decimals);
        let is_tie = doubled.is_multiple_of(whole) && doubled / whole % 2 == 1;
        is_tie && !(doubled / whole).is_multiple_of(5_u64.pow(decimals))
    }

    #[test]
    fn percentages_equal_printfs() {
        for decimals in [1, 3] {
            let (mut compared, mut ties_left_out) = (0, 0);
            for whole in 1..=400_u64 {
                for part in 0..=whole + 3 {
                    if is_tie_no_float_holds(part, whole, decimals) {
                        ties_left_out += 1;
                        continue;
                    }
                    let float = 100.0 * part as f64 / whole as f64;
                    let expected = if decimals == 1 { format!("{float:.1}") } else { format!("{float:.3}") };
                    assert_eq!(percent(part, whole, decimals), expected, "{part} of {whole}");
                    compared += 1;
                }
            }
            assert!(compared > 80_000 && ties_left_out < 500, "{compared} compared, {ties_left_out} not");
        }
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        assert_eq!(percent(1, 16, 1), "6.2"); // 6.25
        assert_eq!(percent(3, 16, 1), "18.8"); // 18.75
    }

    #[test]
    fn nothing_of_nothing_is_zero() {
        assert_eq!((percent(0, 0, 1), percent(0, 0, 3)), ("0.0".into(), "0.000".into()));
        assert_eq!(percent(5, 0, 1), "0.0");
    }

    #[test]
    fn the_largest_numbers_neither_wrap_nor_panic() {
        assert_eq!(percent(u64::MAX, u64::MAX, 3), "100.000");
        assert_eq!(percent(u64::MAX - 1, u64::MAX, 3), "100.000");
        assert_eq!(percent(1, u64::MAX, 3), "0.000");
        assert_eq!(percent(u64::MAX, 1, 1), format!("{}.0", u64::MAX));
    }

    #[test]
    fn the_prototypes_share_of_operations() {
        assert_eq!(percent(658, 320_000, 3), "0.206");
    }

    #[test]
    fn a_quotient_is_not_scaled() {
        let mut line = Line::<64>::new();
        append_quotient(&mut line, 1007, 100, 1);
        assert_eq!(line.as_bytes(), b"10.1");
    }
}
