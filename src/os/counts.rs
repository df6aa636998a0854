//! System calls made, by kind: raised by the os layer, read by the statistics.

use crate::sync::counter::SharedCounter;

/// mmap
pub static MMAP: SharedCounter = SharedCounter::new();
/// munmap
pub static MUNMAP: SharedCounter = SharedCounter::new();
/// mprotect
pub static MPROTECT: SharedCounter = SharedCounter::new();
/// madvise
pub static MADVISE: SharedCounter = SharedCounter::new();
/// mremap
pub static MREMAP: SharedCounter = SharedCounter::new();
/// futex
pub static FUTEX: SharedCounter = SharedCounter::new();
/// sched_yield
pub static SCHED_YIELD: SharedCounter = SharedCounter::new();
