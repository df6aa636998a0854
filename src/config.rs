//! The options of hakmem: one table, read once from the environment.
//!
//! ```text
//! get              the options; the first calls read `environ`, later ones are one load
//!   -> Environment config/environment.rs: the strings, also before libc's own start
//!   -> scan        config/scan.rs: pure, bytes in, words out
//! report_problems  one line on stderr for each unknown variable and each bad value
//! rows             the table, for help, man page and README
//! ```
//!
//! `environ` is read directly: getenv is not safe before libc has started. There is no lock and no
//! waiting: each option is one word, 0 while nobody has read the environment. Several first callers
//! may read it at once; the first to store a word wins, so that no option changes once it was
//! seen. Should no environment be found, the options have their defaults and nothing is stored.
//!
//! A program that runs with raised privileges (AT_SECURE) has the defaults, whatever is set.

// asking for AT_SECURE is a call of libc
#![allow(unsafe_code)]

use crate::sync::settled::Settled;
use crate::sync::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use crate::errno;
use crate::fatal;

mod environment;
mod path;
mod scan;

use environment::Environment;
pub use path::PathTemplate;
pub use scan::PATH_MAX_BYTES;
use scan::{Problem, Values};

/// The most blocks that one bin of a thread's front cache holds.
pub const FRONT_CACHE_MAX_BLOCKS: u32 = 126;

/// The kind of value that an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 0, 1, on, off, true, false, yes or no.
    Switch,
    /// A decimal number within the bounds, both included.
    Number {
        /// The smallest value taken.
        least: u32,
        /// The largest value taken.
        most: u32,
        /// What is counted, for the documentation.
        unit: &'static str,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A path of 1 to [`PATH_MAX_BYTES`] bytes; `%p` stands for the process id, `%%` for `%`.
    Path,
}

/// One row of the table of options.
#[derive(Clone, Copy, Debug)]
pub struct OptionRow {
    /// The environment variable.
    pub name: &'static str,
    /// The values it takes.
    pub kind: Kind,
    /// The value without it: the number, 0 or 1 of a switch, the index of a choice.
    pub default: u32,
    /// What it does, in one sentence.
    pub sentence: &'static str,
}

/// What `free` does with a pointer that hakmem did not give out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignFree {
    /// Fatal where the pointer cannot be a heap block of glibc; else handed to glibc's free.
    Auto,
    /// One line on stderr; the block is left alone.
    Warn,
    /// The block is left alone.
    Ignore,
    /// Fatal.
    Abort,
}

const FOREIGN_FREE_WORDS: &[&str] = &["auto", "warn", "ignore", "abort"];

/// Which memory the system may back with huge pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thp {
    /// That of a large heap, and huge blocks, as the system is set up.
    Auto,
    /// All, also where the system leaves it to programs to ask.
    Always,
    /// None.
    Never,
}

const THP_WORDS: &[&str] = &["auto", "always", "never"];

/// Makes the table, the position of each row, and the typed reader of each option.
macro_rules! options {
    ($($field:ident: $type:ty = $name:literal, $kind:expr, $default:expr, $sentence:literal;)*) => {
        /// The position of each option in the table.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy)]
        enum Position { $($field),* }

        /// The table.
        const ROWS: &[OptionRow] =
            &[$(OptionRow { name: $name, kind: $kind, default: $default, sentence: $sentence }),*];

        impl Config {
            $(
                #[doc = concat!("`", $name, "`: ", $sentence)]
                #[inline]
                #[must_use]
                pub fn $field(&'static self) -> $type {
                    FromWord::from_word(self, self.word(Position::$field))
                }
            )*
        }
    };
}

use Kind::{Choice, Number, Path, Switch};

options! {
    pool_tls: bool = "HAKMEM_POOL_TLS", Switch, 1,
        "Serves 8 to 64 KiB from thread-owned slabs; 0 maps each such block on its own, for comparison.";
    stage1: bool = "HAKMEM_STAGE1", Switch, 1,
        "Lets the shared pool reuse EMPTY slots before it touches fresh pages.";
    stage2: bool = "HAKMEM_STAGE2", Switch, 1,
        "Reuses, claims and gives back slots lock-free; 0 does it under a lock, which the lock statistics must then show.";
    arena_init_mib: u32 = "HAKMEM_POOL_TLS_ARENA_MB_INIT",
        Number { least: 1, most: 1024, unit: "MiB" }, 1,
        "A thread's first commit step.";
    arena_max_mib: u32 = "HAKMEM_POOL_TLS_ARENA_MB_MAX",
        Number { least: 1, most: 1024, unit: "MiB" }, 8,
        "A thread's largest commit step; the steps double up to it.";
    lock_stats: bool = "HAKMEM_SHARED_POOL_LOCK_STATS", Switch, 0,
        "Prints the statistics of the shared pool when the process ends.";
    acquire_debug: bool = "HAKMEM_SS_ACQUIRE_DEBUG", Switch, 0,
        "Prints one line for each slot that the shared pool hands out, takes back or purges.";
    stats_file: Option<PathTemplate> = "HAKMEM_STATS_FILE", Path, 0,
        "The file that the statistics go to instead of stderr, where they are printed; %p stands for the process id.";
    fast_cap_blocks: u32 = "HAKMEM_FAST_CAP",
        Number { least: 1, most: FRONT_CACHE_MAX_BLOCKS, unit: "blocks" }, FRONT_CACHE_MAX_BLOCKS,
        "The most blocks that one bin of a thread's front cache holds.";
    refill_tiny_blocks: u32 = "HAKMEM_REFILL_COUNT_TINY",
        Number { least: 0, most: FRONT_CACHE_MAX_BLOCKS, unit: "blocks" }, 0,
        "How many blocks of up to 128 bytes a refill of the front cache brings; 0 adapts to use, and lets larger blocks serve.";
    refill_small_blocks: u32 = "HAKMEM_REFILL_COUNT_SMALL",
        Number { least: 0, most: FRONT_CACHE_MAX_BLOCKS, unit: "blocks" }, 0,
        "How many blocks of 129 bytes to 1 KiB a refill of the front cache brings; 0 adapts to use, and lets larger blocks serve.";
    refill_mid_blocks: u32 = "HAKMEM_REFILL_COUNT_MID",
        Number { least: 0, most: FRONT_CACHE_MAX_BLOCKS, unit: "blocks" }, 0,
        "How many blocks above 1 KiB a refill of the front cache brings; 0 adapts to use, and lets larger blocks serve.";
    drain_interval_refills: u32 = "HAKMEM_DRAIN_INTERVAL",
        Number { least: 1, most: 65536, unit: "refills" }, 1,
        "How many refills of a thread lie between two drains of its remote-free queue.";
    foreign_free: ForeignFree = "HAKMEM_FOREIGN_FREE", Choice(FOREIGN_FREE_WORDS), 0,
        "What free and realloc do with a pointer that hakmem did not give out; auto hands what can be glibc's to glibc.";
    purge_delay_ms: u32 = "HAKMEM_PURGE_DELAY_MS",
        Number { least: 0, most: 3_600_000, unit: "ms" }, 1000,
        "How long unused memory stays warm before it goes back to the system.";
    cache_min_mib: u32 = "HAKMEM_CACHE_MIN_MB",
        Number { least: 0, most: 65536, unit: "MiB" }, 32,
        "Unused memory up to this much is kept whatever the live memory; above it, up to an eighth of that.";
    memory_limit_mib: u32 = "HAKMEM_MEMORY_LIMIT",
        Number { least: 0, most: 1 << 30, unit: "MiB" }, 0,
        "The most memory taken from the system: what is cached goes back first, then requests fail; 0 sets none.";
    thp: Thp = "HAKMEM_THP", Choice(THP_WORDS), 0,
        "Which memory huge pages back: auto asks for them where slabs of small blocks will fill, and for blocks from 4 MiB on of programs that use those from end to end; always everywhere.";
    hardened: bool = "HAKMEM_HARDENED", Switch, 0,
        "Ends the process when a sized free or delete names a size above the block's, or so far below that none like it gets such a block.";
    window_gib: u32 = "HAKMEM_WINDOW_GB",
        Number { least: 0, most: 1024, unit: "GiB" }, 0,
        "The most addresses that blocks of up to 1 MiB may span; 0 is 512 GiB, or what the limits of the process allow.";
}

/// How many options there are.
const OPTION_COUNT: usize = ROWS.len();

/// The options of this process. Any thread may store a word that is still 0; nobody changes one.
pub struct Config {
    /// One word per row: 0 before the environment was read, then the value plus 1.
    words: [AtomicU32; OPTION_COUNT],
    /// 1 after all words were stored.
    ready: Settled,
    /// The bytes of the path option: its word holds their number. Copied, because a program may
    /// write over its environment (for a title in ps).
    path: [AtomicU8; PATH_MAX_BYTES],
}

static CONFIG: Config = Config {
    words: [const { AtomicU32::new(0) }; OPTION_COUNT],
    ready: Settled::new(),
    path: [const { AtomicU8::new(0) }; PATH_MAX_BYTES],
};

/// Whether [`report_problems`] has run.
static REPORTED: AtomicBool = AtomicBool::new(false);

/// The options of this process. Async-signal-safe, without a lock, from any thread, at any time.
#[inline]
#[must_use]
pub fn get() -> &'static Config {
    // [SETTLE]: who sees `ready` sees every word
    if CONFIG.ready.get() == 0 {
        read_environment_slow();
    }
    &CONFIG
}

/// The table of options, in the order of the documentation.
#[must_use]
pub fn rows() -> &'static [OptionRow] {
    ROWS
}

/// Prints one line on stderr for each `HAKMEM_` variable that is unknown or has a bad value, with
/// what is used instead. Only the first call prints, and nothing under AT_SECURE. It also settles the
/// options, before the program can write over its environment.
pub fn report_problems() {
    let _ = get();
    // relaxed: the flag guards no data
    if REPORTED.swap(true, Ordering::Relaxed) || is_secure() {
        return;
    }
    if let Some(variables) = Environment::of_this_process() {
        let _ = scan::scan(variables, |problem: Problem| fatal::warn(&mut problem.line()));
    }
}

#[cold]
#[inline(never)]
fn read_environment_slow() {
    if is_secure() {
        CONFIG.publish(&Values::defaults());
    } else if let Some(variables) = Environment::of_this_process() {
        CONFIG.publish(&scan::scan(variables, |_| {}));
    }
}

/// Whether the program runs with more rights than its caller has.
fn is_secure() -> bool {
    // SAFETY: getauxval reads a table of the loader.
    errno::kept(|| unsafe { libc::getauxval(libc::AT_SECURE) }) != 0
}

impl Config {
    /// Stores each value that no other thread has stored yet.
    fn publish(&self, values: &Values) {
        // relaxed, all: ordered by `ready`; the racers of one start store the same bytes
        for (place, byte) in self.path.iter().zip(values.path) {
            place.store(*byte, Ordering::Relaxed);
        }
        for (word, value) in self.words.iter().zip(values.words) {
            // a lost race keeps the winner's
            let _ = word.compare_exchange(0, value + 1, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.ready.settle(1); // [SETTLE]
    }

    /// The value of an option, its default while the environment is not there yet.
    #[inline]
    fn word(&self, position: Position) -> u32 {
        let row = position as usize;
        // relaxed: `get` has acquired; the index is a row's, so the bound check folds
        match self.words[row].load(Ordering::Relaxed) {
            0 => ROWS[row].default,
            stored => stored - 1,
        }
    }
}

/// An option's type, made from its word.
trait FromWord {
    fn from_word(config: &'static Config, word: u32) -> Self;
}

impl FromWord for bool {
    #[inline]
    fn from_word(_: &'static Config, word: u32) -> Self {
        word != 0
    }
}

impl FromWord for u32 {
    #[inline]
    fn from_word(_: &'static Config, word: u32) -> Self {
        word
    }
}

impl FromWord for ForeignFree {
    #[inline]
    fn from_word(_: &'static Config, word: u32) -> Self {
        match word {
            1 => ForeignFree::Warn,
            2 => ForeignFree::Ignore,
            3 => ForeignFree::Abort,
            _ => ForeignFree::Auto,
        }
    }
}

impl FromWord for Thp {
    #[inline]
    fn from_word(_: &'static Config, word: u32) -> Self {
        match word {
            1 => Thp::Always,
            2 => Thp::Never,
            _ => Thp::Auto,
        }
    }
}

impl FromWord for Option<PathTemplate> {
    fn from_word(config: &'static Config, word: u32) -> Self {
        let path = config.path.get(..word as usize)?;
        (!path.is_empty()).then(|| PathTemplate::new(path))
    }
}

#[cfg(test)]
mod tests;
