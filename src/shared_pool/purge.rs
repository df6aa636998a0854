//! Giving memory back to the system: EMPTY -> UNUSED.
//!
//! Nothing can be taken from the middle of a stack of EMPTY runs, so a purge detaches a whole
//! stack, purges its old end and pushes the young part back. Above the retention limit this happens
//! at the release itself, by the releasing thread, down to three quarters of the limit (what is kept since
//! it was purged in vain, refault.rs, stays whole), so that a purge is paid for by many releases. What is below the limit goes when it has not been used for
//! `HAKMEM_PURGE_DELAY_MS`, on slow paths.

use super::empty_of_heaps::StackOfHeap;
use super::purge_batch::PurgeBatch;
use super::{empty, empty_of_heaps, refault, unused};
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::stats::POOL;
use crate::superslab::registry::{self, SlotLinks};
use crate::sync::interval::Interval;
use crate::sync::tagged_stack::{END, Links};
use crate::sync::{AtomicU32, AtomicU64, Ordering};

static DECAY: Interval = Interval::new();
static DRAINING: Draining = Draining::new();
static PURGES: AtomicU32 = AtomicU32::new(0);

/// Tells whether the process only gives memory up, by the runs acquired since the last purge. They are counted up to
/// [`policy::DRAINING_MAX_RUNS`], and a few more where threads race, so that most acquisitions write to no line that
/// all threads share.
struct Draining(AtomicU64);

// relaxed, all: a hint
impl Draining {
    const fn new() -> Self {
        Self(AtomicU64::new(policy::DRAINING_MAX_RUNS))
    }

    fn note_purge(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn note_acquired(&self) {
        if self.is_so() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed) < policy::DRAINING_MAX_RUNS
    }
}

/// Bytes of EMPTY runs, but for what heaps have not told of since somebody looked.
pub fn warm_bytes() -> usize {
    empty_of_heaps::told_slots() as usize * SLOT_BYTES
}

/// Bytes of ACTIVE and EMPTY runs.
pub fn claimed_bytes() -> usize {
    POOL.claimed_slots.get() as usize * SLOT_BYTES
}

/// Those of them that are spans, and no heap's.
pub(super) fn span_bytes() -> usize {
    POOL.span_slots.get() as usize * SLOT_BYTES
}

/// Bytes of ACTIVE runs.
fn live_bytes() -> usize {
    claimed_bytes().saturating_sub(warm_bytes())
}

/// Purges EMPTY runs while there is more warm memory than may be retained: the longest first, of
/// each code the oldest, and then what stands with heaps, of each heap likewise.
#[inline]
pub fn purge_excess() {
    if warm_bytes() > limit_bytes() {
        purge_excess_known();
    }
}

#[cold]
fn purge_excess_known() {
    empty_of_heaps::look_at_untold();
    let limit = limit_bytes();
    if warm_bytes() > limit {
        purge_down_to(policy::purge_target_bytes(limit, refault::kept_bytes()));
    }
}

/// Whether a run of `bytes` that is given back now has no room below the retention limit: it may then go
/// to the system as it is.
pub(super) fn has_no_room(bytes: usize) -> bool {
    warm_bytes() + bytes > limit_bytes()
}

/// Bytes of EMPTY runs that may stay warm.
fn limit_bytes() -> usize {
    if config::get().purge_delay_ms() == 0 {
        return 0;
    }
    let retained = kept_in_any_case();
    refault::kept_bytes() + if is_draining() { policy::draining_bytes(retained) } else { retained }
}

/// Purges so much of what is kept beyond the limit that `more_bytes` of fresh memory take its place: it did
/// not serve. The rest may serve yet.
pub(super) fn purge_kept(more_bytes: usize) {
    if warm_bytes() <= kept_in_any_case() {
        return;
    }
    empty_of_heaps::look_at_untold();
    let (warm, limit) = (warm_bytes(), kept_in_any_case());
    if warm > limit {
        purge_down_to(limit.max(warm.saturating_sub(policy::replaced_bytes(warm, more_bytes))));
    }
}

/// Bytes that may stay warm though nothing was purged in vain.
fn kept_in_any_case() -> usize {
    policy::retained_bytes(live_bytes(), config::get().cache_min_mib() as usize * MIB)
}

/// Notes that a run was acquired, warm or fresh.
pub(super) fn note_acquired() {
    DRAINING.note_acquired();
}

/// Whether the process only gives memory up: it had to purge, and hardly a run was acquired since.
pub fn is_draining() -> bool {
    DRAINING.is_so()
}

/// Purges so far, for whatever reason: retention, decay, malloc_trim, the memory limit.
pub fn purges() -> u32 {
    // relaxed: a hint
    PURGES.load(Ordering::Relaxed)
}

/// Purges every EMPTY run, and what no run has used yet of huge pages; returns the bytes given back.
pub fn purge_all() -> usize {
    note_purge();
    let mut choice = Choice { now_ms: os::now_ms(), least_age_ms: 0, target: None, purged_bytes: 0 };
    purge_chosen(&mut PurgeBatch::new(), &mut choice);
    choice.purged_bytes + purge_brought(|_| true)
}

/// Purges what huge pages brought of dense SuperSlabs and no slab has used yet, where that is `old`. Returns the
/// bytes.
fn purge_brought(old: impl Fn(u32) -> bool) -> usize {
    let (mut batch, mut slots) = (PurgeBatch::new(), 0);
    unused::claim_brought(old, |slot| {
        batch.add(slot, 1);
        slots += 1;
    });
    slots * SLOT_BYTES
}

/// Notes that memory is purged: what the process has is more than it needs.
pub(super) fn note_purge() {
    DRAINING.note_purge();
    // relaxed: a hint
    PURGES.fetch_add(1, Ordering::Relaxed);
}

#[cold]
fn purge_down_to(target: usize) {
    note_purge();
    let mut batch = PurgeBatch::new();
    let mut choice = Choice { now_ms: os::now_ms(), least_age_ms: 0, target: Some(target), purged_bytes: 0 };
    purge_shared(&mut batch, &mut choice);
    for least_age_ms in [policy::PURGE_YOUNG_MS, 0] {
        choice.least_age_ms = least_age_ms;
        purge_heaps(&mut batch, &mut choice);
    }
}

/// Purges EMPTY runs that have not been used for the purge delay; at most one thread at a time, and
/// not more often than four times in that delay.
pub fn decay() {
    let delay = config::get().purge_delay_ms();
    if delay == 0 || POOL.empty_slots.get() == 0 && !empty_of_heaps::may_be_some() {
        return;
    }
    let now = os::now_ms();
    if DECAY.transition_elect(now, policy::decay_interval_ms(delay)) {
        decay_all(now, delay);
    }
}

#[cold]
fn decay_all(now: u32, delay: u32) {
    let mut choice = Choice { now_ms: now, least_age_ms: delay, target: None, purged_bytes: 0 };
    purge_brought(|since_ms| choice.is_old(since_ms));
    purge_chosen(&mut PurgeBatch::new(), &mut choice);
}

/// Which EMPTY runs to purge.
struct Choice {
    now_ms: u32,
    /// Those that were released so long ago.
    least_age_ms: u32,
    /// Until no more bytes are warm; `None`: all of them.
    target: Option<usize>,
    purged_bytes: usize,
}

impl Choice {
    /// What was released after `now_ms` was read is young.
    fn is_old(&self, since_ms: u32) -> bool {
        let age_ms = self.now_ms.wrapping_sub(since_ms);
        self.least_age_ms == 0 || age_ms >= self.least_age_ms && age_ms <= u32::MAX / 2
    }

    /// Bytes to purge still; others may purge as well.
    fn left_bytes(&self) -> usize {
        self.target.map_or(usize::MAX, |target| warm_bytes().saturating_sub(target))
    }
}

/// Purges what stands with no heap and what stands with heaps.
fn purge_chosen(batch: &mut PurgeBatch, choice: &mut Choice) {
    purge_shared(batch, choice);
    purge_heaps(batch, choice);
}

/// Purges what stands with no heap, the longest runs first: the fewest system calls for the bytes.
#[inline(never)]
fn purge_shared(batch: &mut PurgeBatch, choice: &mut Choice) {
    let mut codes = empty::nonempty_codes();
    while codes != 0 && choice.left_bytes() > 0 {
        let code = 127 - codes.leading_zeros() as usize;
        codes &= !(1 << code);
        purge_stack(batch, Stack::Shared(code), choice);
    }
}

/// Purges what stands with heaps, of each the longest runs first.
#[inline(never)]
fn purge_heaps(batch: &mut PurgeBatch, choice: &mut Choice) {
    empty_of_heaps::for_each_stack(|stack| {
        let goes_on = choice.left_bytes() > 0;
        if goes_on {
            purge_stack(batch, Stack::OfHeap(stack), choice);
        }
        goes_on
    });
}

/// A stack of EMPTY runs.
#[derive(Clone, Copy)]
enum Stack {
    /// The one of a code that stands with no heap.
    Shared(usize),
    OfHeap(StackOfHeap),
}

impl Stack {
    fn code(self) -> usize {
        match self {
            Self::Shared(code) => code,
            Self::OfHeap(stack) => stack.code,
        }
    }

    fn detach(self) -> u32 {
        match self {
            Self::Shared(code) => empty::detach(code),
            Self::OfHeap(stack) => stack.detach(),
        }
    }

    fn push_back(self, chain: &Part) {
        match self {
            Self::Shared(code) => _ = empty::push_back(chain.first, chain.last, code),
            Self::OfHeap(stack) => stack.push_back(chain.first, chain.last),
        }
    }
}

/// Detaches a stack and dooms the oldest runs as `choice` says; pushes the others back first, so that no warm run is out
/// of reach over a system call.
#[inline(never)]
fn purge_stack(batch: &mut PurgeBatch, stack: Stack, choice: &mut Choice) {
    let slots = RunKind::from_code(stack.code()).slots();
    let (bytes, left_bytes) = (slots * SLOT_BYTES, choice.left_bytes());
    let first = stack.detach();
    let mut older_runs = empty::chain(first).count();
    let (mut kept, mut doomed) = (Part::EMPTY, Part::EMPTY);
    for run in empty::chain(first) {
        older_runs -= 1;
        let is_doomed = older_runs * bytes < left_bytes && choice.is_old(registry::record(run as usize).released_ms());
        if is_doomed { &mut doomed } else { &mut kept }.append(run);
    }
    if kept.first != END {
        stack.push_back(&kept);
    }
    let mut at = doomed.first;
    while at != END {
        // the run's link is free for others as soon as the batch is purged
        let next = if at == doomed.last { END } else { SlotLinks.next(at) };
        // before it stops to count as EMPTY: the batch may have to be purged first
        batch.add(at, slots);
        POOL.empty_slots.sub_n(slots as u64);
        choice.purged_bytes += bytes;
        at = next;
    }
}

/// A part of a detached chain; the link of its last run means nothing.
struct Part {
    first: u32,
    last: u32,
}

impl Part {
    const EMPTY: Self = Self { first: END, last: END };

    fn append(&mut self, run: u32) {
        match self.last {
            END => self.first = run,
            last => SlotLinks.set_next(last, run),
        }
        self.last = run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_released_after_a_purge_began_is_young() {
        let is_old =
            |least_age_ms, since_ms| Choice { now_ms: 5, least_age_ms, target: None, purged_bytes: 0 }.is_old(since_ms);
        assert!(is_old(4, 1) && !is_old(4, 2) && is_old(4, u32::MAX - 9), "the clock wraps");
        assert!(!is_old(4, 6) && !is_old(1, 9) && is_old(0, 6));
    }

    #[test]
    fn a_process_drains_from_a_purge_until_it_has_acquired_some_runs() {
        let draining = Draining::new();
        assert!(!draining.is_so(), "nothing was purged yet");
        draining.note_acquired();
        draining.note_purge();
        for _ in 0..policy::DRAINING_MAX_RUNS {
            assert!(draining.is_so());
            draining.note_acquired();
        }
        assert!(!draining.is_so());
    }
}
