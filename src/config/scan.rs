//! From the strings of an environment to the value of every option: pure, no memory but its own.

use super::{Kind, OPTION_COUNT, OptionRow, Position, ROWS};
use crate::fatal::{self, Message};
use crate::text::Line;

/// Bytes of the longest path option: a system path, less its NUL.
pub const PATH_MAX_BYTES: usize = 4095;

/// Every variable of ours begins with this.
const PREFIX: &[u8] = b"HAKMEM_";

/// Bytes of a bad value that a message shows.
const SHOWN_BYTES: usize = 64;

/// The value of every option, in the order of the table.
pub(super) struct Values<'environment> {
    /// Numbers as they are, a switch as 0 or 1, a choice as its index, a path as its length.
    pub words: [u32; OPTION_COUNT],
    /// The path option's bytes.
    pub path: &'environment [u8],
}

impl Values<'_> {
    /// The values of an empty environment.
    pub fn defaults() -> Self {
        let mut words = [0; OPTION_COUNT];
        for (word, row) in words.iter_mut().zip(ROWS) {
            *word = row.default;
        }
        Values { words, path: &[] }
    }
}

/// Why a variable is not taken as it stands.
#[derive(Clone, Copy)]
pub(super) enum Problem<'environment> {
    /// No option has this name.
    Unknown {
        /// The variable.
        name: &'environment [u8],
    },
    /// The value is not one of the option's; its default is used.
    BadValue {
        /// The option.
        row: &'static OptionRow,
        /// What the variable says.
        value: &'environment [u8],
    },
    /// The largest commit step is below the first; the first is used.
    MaxBelowInit {
        /// The largest, in MiB.
        max: u32,
        /// The first, in MiB.
        init: u32,
    },
}

/// Reads `NAME=value` strings. The first of several strings with one name counts, as for getenv.
/// Each problem is told to `tell`, in the order of the strings.
pub(super) fn scan<'environment>(
    strings: impl Iterator<Item = &'environment [u8]>,
    mut tell: impl FnMut(Problem<'environment>),
) -> Values<'environment> {
    let mut values = Values::defaults();
    let mut seen = [false; OPTION_COUNT];
    for (name, value) in strings.filter_map(our_variable) {
        let Some(position) = ROWS.iter().position(|row| row.name.as_bytes() == name) else {
            tell(Problem::Unknown { name });
            continue;
        };
        if core::mem::replace(&mut seen[position], true) {
            continue;
        }
        let row = &ROWS[position];
        match parse(row.kind, value) {
            Some(word) => {
                values.words[position] = word;
                if row.kind == Kind::Path {
                    values.path = value;
                }
            }
            None => tell(Problem::BadValue { row, value }),
        }
    }
    order_arena_steps(&mut values.words, seen[Position::arena_max_mib as usize], tell);
    values
}

/// Name and value of a string that begins with our prefix.
fn our_variable(string: &[u8]) -> Option<(&[u8], &[u8])> {
    if !string.starts_with(PREFIX) {
        return None;
    }
    let end = string.iter().position(|byte| *byte == b'=')?;
    Some((string.get(..end)?, string.get(end + 1..)?))
}

/// The largest commit step is at least the first one. That is a problem to tell when the user set
/// the largest; the default follows the first in silence.
fn order_arena_steps<'environment>(
    words: &mut [u32; OPTION_COUNT],
    max_was_set: bool,
    mut tell: impl FnMut(Problem<'environment>),
) {
    let init = words[Position::arena_init_mib as usize];
    let max = words[Position::arena_max_mib as usize];
    if max < init {
        words[Position::arena_max_mib as usize] = init;
        if max_was_set {
            tell(Problem::MaxBelowInit { max, init });
        }
    }
}

/// The word of a value, none if the option does not take it.
pub(super) fn parse(kind: Kind, value: &[u8]) -> Option<u32> {
    match kind {
        Kind::Switch => parse_switch(value),
        Kind::Number { least, most, .. } => parse_number(value).filter(|number| (least..=most).contains(number)),
        Kind::Choice(words) => {
            let found = words.iter().position(|word| value.eq_ignore_ascii_case(word.as_bytes()))?;
            u32::try_from(found).ok()
        }
        Kind::Path => u32::try_from(value.len()).ok().filter(|_| (1..=PATH_MAX_BYTES).contains(&value.len())),
    }
}

fn parse_switch(value: &[u8]) -> Option<u32> {
    let is_one_of = |words: [&str; 4]| words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()));
    if is_one_of(["1", "on", "true", "yes"]) {
        Some(1)
    } else if is_one_of(["0", "off", "false", "no"]) {
        Some(0)
    } else {
        None
    }
}

/// A decimal number of digits only, up to `u32::MAX`.
fn parse_number(value: &[u8]) -> Option<u32> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

impl Problem<'_> {
    /// The line that tells the user.
    pub fn line(&self) -> Message {
        match self {
            Problem::Unknown { name } => {
                let mut line = fatal::message("unknown variable ");
                line.printable(name, SHOWN_BYTES).text(" ignored");
                line
            }
            Problem::BadValue { row, value } => {
                let mut line = fatal::message(row.name);
                line.text("=").printable(value, SHOWN_BYTES).text(" is not ");
                describe_values(&mut line, row.kind);
                line.text("; using ");
                describe_default(&mut line, row);
                line
            }
            Problem::MaxBelowInit { max, init } => {
                let mut line = fatal::message(ROWS[Position::arena_max_mib as usize].name);
                line.text("=").decimal(u64::from(*max)).text(" is below ");
                line.text(ROWS[Position::arena_init_mib as usize].name);
                line.text("=").decimal(u64::from(*init)).text("; using ").decimal(u64::from(*init));
                line
            }
        }
    }
}

/// Appends which values are taken: `a number from 1 to 126`.
fn describe_values<const N: usize>(line: &mut Line<N>, kind: Kind) {
    match kind {
        Kind::Switch => {
            line.text("0, 1, on, off, true, false, yes or no");
        }
        Kind::Number { least, most, .. } => {
            line.text("a number from ").decimal(u64::from(least));
            line.text(" to ").decimal(u64::from(most));
        }
        Kind::Choice(words) => {
            for (index, word) in words.iter().enumerate() {
                let before = if index == 0 {
                    ""
                } else if index + 1 == words.len() {
                    " or "
                } else {
                    ", "
                };
                line.text(before).text(word);
            }
        }
        Kind::Path => {
            line.text("a path of 1 to ").decimal(PATH_MAX_BYTES as u64).text(" bytes");
        }
    }
}

/// Appends the value used without the variable.
fn describe_default<const N: usize>(line: &mut Line<N>, row: &OptionRow) {
    match row.kind {
        Kind::Switch | Kind::Number { .. } => line.decimal(u64::from(row.default)),
        Kind::Choice(words) => line.text(words.get(row.default as usize).unwrap_or(&"none")),
        Kind::Path => line.text("none"),
    };
}
