//! Large inputs, made on the spot instead of stored: the same bytes every time.

use std::fmt::Write as _;

/// A linear congruential generator: plain, fast, and the same on every machine.
pub struct Numbers {
    state: u64,
}

impl Numbers {
    /// A sequence that depends on `seed` only.
    pub fn from_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, from 0 to `bound` exclusive.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % bound
    }
}

/// `rows` lines `number,name,group,amount` for a database import.
pub fn csv(rows: u64) -> String {
    let mut numbers = Numbers::from_seed(2);
    let mut text = String::with_capacity(rows as usize * 32);
    for row in 1..=rows {
        let (name, group) = (numbers.below(1 << 31), numbers.below(1000));
        let amount = numbers.below(1_000_000);
        let _ = writeln!(text, "{row},name{name:010},group{group},{}.{:02}", amount / 100, amount % 100);
    }
    text
}

/// `count` lines of one to eight words, in no order.
pub fn lines(count: usize) -> String {
    let mut numbers = Numbers::from_seed(3);
    let mut text = String::new();
    for _ in 0..count {
        for _ in 0..=numbers.below(8) {
            let word = numbers.below(50_000);
            let _ = write!(text, "w{word} ");
        }
        text.push('\n');
    }
    text
}
