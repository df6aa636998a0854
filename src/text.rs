//! A line of text in a fixed buffer: what every message and report is built with.
//!
//! Appending never allocates, never fails and never panics: what does not fit is cut off, and the
//! last byte is kept for the newline, so that a message is one whole line however long its parts.

/// A buffer of `N` bytes that is filled from the left. `N` is at least 2.
pub struct Line<const N: usize> {
    bytes: [u8; N],
    used: usize,
}

impl<const N: usize> Line<N> {
    /// Bytes of text that fit before the newline.
    pub const CAPACITY: usize = N - 1;

    /// An empty line.
    #[must_use]
    pub const fn new() -> Self {
        Line { bytes: [0; N], used: 0 }
    }

    /// Appends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let room = Self::CAPACITY.saturating_sub(self.used);
        for (place, byte) in self.bytes.iter_mut().skip(self.used).zip(bytes.iter().take(room)) {
            *place = *byte;
        }
        self.used += bytes.len().min(room);
        self
    }

    /// Appends text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Appends bytes that a user chose: what is not printable ASCII becomes `?`, and of more than
    /// `most` bytes the first `most` are shown, with `...` behind.
    pub fn printable(&mut self, bytes: &[u8], most: usize) -> &mut Self {
        for byte in bytes.iter().take(most) {
            let shown = if (0x20..0x7f).contains(byte) { *byte } else { b'?' };
            self.bytes(&[shown]);
        }
        if bytes.len() > most {
            self.text("...");
        }
        self
    }

    /// Appends a number in decimal.
    pub fn decimal(&mut self, number: u64) -> &mut Self {
        self.digits(number, 10)
    }

    /// Appends a number in hexadecimal, without a prefix.
    pub fn hex(&mut self, number: u64) -> &mut Self {
        self.digits(number, 16)
    }

    /// Appends an address as C's `%p` prints it: `0x` and lower-case hexadecimal.
    pub fn address(&mut self, address: usize) -> &mut Self {
        self.text("0x").hex(address as u64)
    }

    /// The text so far, without a newline.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.split_at_checked(self.used).map_or(&[], |(text, _)| text)
    }

    /// Ends the line with a newline and gives the whole of it; appending may go on afterwards (a
    /// buffer can gather several lines).
    pub fn finish(&mut self) -> &[u8] {
        if let Some(place) = self.bytes.get_mut(self.used) {
            *place = b'\n';
        }
        self.bytes.split_at_checked(self.used + 1).map_or(&[], |(line, _)| line)
    }

    /// Appends a number in the given radix (2 to 16), most significant digit first.
    fn digits(&mut self, number: u64, radix: u64) -> &mut Self {
        // 64 places hold a u64 in any radix
        let mut reversed = [0_u8; 64];
        let mut rest = number;
        let mut count = 0;
        for place in &mut reversed {
            let digit = (rest % radix) as u8;
            *place = if digit < 10 { b'0' + digit } else { b'a' + (digit - 10) };
            rest /= radix;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        for digit in reversed.iter().take(count).rev() {
            self.bytes(&[*digit]);
        }
        self
    }
}

impl<const N: usize> Default for Line<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn parts_are_appended_in_order() {
        let mut line = Line::<64>::new();
        line.text("a=").decimal(0).text(" b=").decimal(u64::MAX).text(" ").address(0x7f00_beef);
        assert_eq!(line.finish(), b"a=0 b=18446744073709551615 0x7f00beef\n");
    }

    #[test]
    fn what_does_not_fit_is_cut_and_the_newline_stays() {
        let mut line = Line::<8>::new();
        line.text("12345").decimal(67890);
        assert_eq!(line.as_bytes(), b"1234567");
        line.text("more");
        assert_eq!(line.finish(), b"1234567\n");
    }

    #[test]
    fn a_value_is_made_printable_and_short() {
        let mut line = Line::<64>::new();
        line.printable(b"ok\n\xff\x1b[0m", 64).text("|").printable(b"abcdef", 3);
        assert_eq!(line.as_bytes(), b"ok???[0m|abc...");
    }

    #[test]
    fn zero_has_one_digit() {
        let mut line = Line::<16>::new();
        assert_eq!(line.hex(0).address(0).as_bytes(), b"00x0");
    }
}
