//! The lock statistics as text (S4): locks first, then what the pool, the heaps and the system did.
//! `tests/golden/lock_statistics.txt` is this text for a fixed snapshot.

use super::ratio::{append_percent, append_quotient};
use super::{LockCounts, LockTotals, STAGE_NAMES, Sink, slow_path_operations, sum};
use crate::policy::MAGAZINE_CHAIN;
use crate::stats::{SYSTEM_CALL_NAMES, Snapshot, Stage};
use crate::text::Line;

/// Bytes of the longest line: its words and eight numbers of 20 digits.
pub(super) const LINE_BYTES: usize = 384;
type TextLine = Line<LINE_BYTES>;

/// Writes the report. False when the sink takes no more.
pub fn write_text(s: &Snapshot, out: Sink) -> bool {
    out(b"=== SHARED POOL LOCK STATISTICS ===\n")
        && write_locks(s, out)
        && write_stages(s, out)
        && write_slabs(s, out)
        && write_remote(s, out)
        && write_heaps(s, out)
        && write_large(s, out)
        && write_memory(s, out)
        && write_system_calls(s, out)
        && write_atomics(s, out)
}

/// All locks together, by path and as a share of the operations, then each by name.
fn write_locks(s: &Snapshot, out: Sink) -> bool {
    let locks = LockCounts::all(s);
    let total = LockTotals::of(&locks);
    let operations = slow_path_operations(s);
    let together = |line: &mut TextLine| {
        numbers(line, "locks: ", &[(total.acquisitions, "acquisitions"), (total.releases, "releases")])
    };
    let share = |line: &mut TextLine| {
        append_percent(line.text("share of operations: "), total.acquisitions, operations, 3);
        line.text("% of ").decimal(operations).text(
            " slow-path operations (refills, flushes, slabs acquired and released, spans; \
             what the front cache serves alone is not counted, so that counting costs it nothing)",
        );
    };
    one_line(out, together)
        && one_line(out, |line| path(line, "acquire_slab(): ", total.acquire_slab, total.acquisitions))
        && one_line(out, |line| path(line, "release_slab(): ", total.release_slab, total.acquisitions))
        && one_line(out, share)
        && locks.iter().all(|lock| one_line(out, |line| named_lock(line, lock)))
}

fn path(line: &mut TextLine, name: &str, acquisitions: u64, of_all: u64) {
    line.text("  ").text(name).decimal(acquisitions).text(" (");
    append_percent(line, acquisitions, of_all, 1);
    line.text("%)");
}

fn named_lock(line: &mut TextLine, lock: &LockCounts) {
    let counts = [(lock.acquisitions(), "acquisitions"), (lock.releases, "releases"), (lock.waits, "waits")];
    numbers(line.text("lock ").text(lock.name), ": ", &counts);
    line.text(" (taken with HAKMEM_STAGE2=0 only)");
}

/// What each stage of an acquire did, for slabs and spans.
fn write_stages(s: &Snapshot, out: Sink) -> bool {
    let served = sum(&s.stage_hits);
    let reused = sum(&[s.stage_hits[Stage::ReuseSame as usize], s.stage_hits[Stage::ReuseOther as usize]]);
    let share = |line: &mut TextLine| {
        append_percent(line.text("  stages 1 and 1b served "), reused, served, 1);
        line.text("% of ").decimal(served).text(" acquisitions of slabs and spans");
    };
    let releases = |line: &mut TextLine| {
        numbers(
            line,
            "  releases: ",
            &[(s.release_retries, "CAS retries"), (s.purge_ns, "ns in the system calls of purges")],
        )
    };
    one_line(out, |line| numbers(line, "stages: ", &[(served, "acquisitions served")]))
        && STAGE_NAMES.iter().enumerate().all(|(stage, name)| one_line(out, |line| one_stage(line, s, stage, name)))
        && one_line(out, share)
        && one_line(out, releases)
}

fn one_stage(line: &mut TextLine, s: &Snapshot, stage: usize, name: &str) {
    let counts = [
        (s.stage_hits[stage], "hits"),
        (s.stage_misses[stage], "misses"),
        (s.stage_retries[stage], "CAS retries"),
        (s.stage_ns[stage], "ns in system calls"),
    ];
    numbers(line.text(if stage == Stage::Adopt as usize { "  " } else { "  stage " }).text(name), ": ", &counts);
}

fn write_slabs(s: &Snapshot, out: Sink) -> bool {
    let slabs = [(s.acquires, "acquired"), (s.releases, "released"), (s.adopted_slabs, "adopted")];
    let caches = |line: &mut TextLine| {
        moved(line.text("front caches: "), s.refills, "refills", s.refilled_blocks);
        moved(line.text(", "), s.flushes, "flushes", s.flushed_blocks);
        let more = [
            (s.depot_takes, "depot takes"),
            (s.depot_puts, "depot puts"),
            (s.served_by_larger, "blocks of larger classes"),
        ];
        numbers(line, ", ", &more);
    };
    one_line(out, |line| numbers(line, "slabs: ", &slabs)) && one_line(out, caches)
}

/// `12 refills (345 blocks)`
fn moved(line: &mut TextLine, times: u64, name: &str, blocks: u64) {
    line.decimal(times).text(" ").text(name).text(" (").decimal(blocks).text(" blocks)");
}

/// Read-modify-writes from the free of remote blocks to their owners: to post a batch and to take what
/// was posted; magazines are got and given back by the chain.
fn remote_atomics(s: &Snapshot) -> u64 {
    let chains = sum(&[s.posted_batches, s.drained_batches]) / MAGAZINE_CHAIN as u64;
    sum(&[s.posted_batches, s.post_retries, s.drains, chains])
}

fn write_remote(s: &Snapshot, out: Sink) -> bool {
    let frees = |line: &mut TextLine| {
        numbers(line, "remote frees: ", &[(s.remote_blocks, "blocks"), (s.posted_batches, "batches")]);
        append_quotient(line.text(", "), s.remote_blocks, s.posted_batches, 1);
        append_quotient(line.text(" blocks per batch, "), remote_atomics(s), s.remote_blocks, 3);
        line.text(" atomics per block");
        numbers(line, ", ", &[(s.post_retries, "CAS retries"), (s.visits, "visits")]);
    };
    let drains = |line: &mut TextLine| {
        numbers(
            line,
            "drains: ",
            &[(s.drains, "drains"), (s.drained_batches, "batches"), (s.drained_blocks, "blocks")],
        );
        append_quotient(line.text(", "), s.drains, s.refills, 3);
        line.text(" drains per refill");
    };
    one_line(out, frees) && one_line(out, drains)
}

fn write_heaps(s: &Snapshot, out: Sink) -> bool {
    let counts = [
        (s.heaps, "existing"),
        (s.heaps_parked, "parked"),
        (s.heaps_bound, "bound"),
        (s.heaps_given_away, "given away"),
        (s.heaps_borrowed, "calls with a borrowed heap"),
    ];
    one_line(out, |line| numbers(line, "heaps: ", &counts))
}

fn write_large(s: &Snapshot, out: Sink) -> bool {
    let spans = [(s.span_allocations, "allocations"), (s.span_live_bytes, "bytes live")];
    let huge = [
        (s.huge_allocations, "allocations"),
        (s.huge_cache_hits, "served by the cache"),
        (s.huge_live_bytes, "bytes live"),
    ];
    one_line(out, |line| numbers(line, "spans: ", &spans)) && one_line(out, |line| numbers(line, "huge: ", &huge))
}

/// The bytes, and whether they add up: other threads may allocate while they are read.
fn write_memory(s: &Snapshot, out: Sink) -> bool {
    let cached = sum(&[s.front_cached_bytes, s.warm_bytes]);
    let adds_up = sum(&[s.live_bytes, cached, s.free_bytes]) == s.committed_bytes;
    let identity = |line: &mut TextLine| {
        line.text("memory: live ").decimal(s.live_bytes).text(" + cached ").decimal(cached);
        line.text(" + free ").decimal(s.free_bytes).text(if adds_up { " = committed " } else { " ~ committed " });
        line.decimal(s.committed_bytes).text(" bytes");
        if !adds_up {
            line.text(" (they changed while they were read)");
        }
    };
    let cache = [(s.front_cached_bytes, "bytes in front caches"), (s.warm_bytes, "bytes warm")];
    let apart =
        [(s.metadata_bytes, "bytes of metadata"), (s.purged_bytes, "bytes purged"), (s.superslabs, "SuperSlabs")];
    let pages = [
        (s.refaulted_bytes, "bytes claimed again soon after they were purged"),
        (s.huge_page_bytes, "bytes open to huge pages"),
    ];
    let odd = [(s.stray_blocks, "blocks sent without a magazine"), (s.foreign_frees, "foreign frees handed on")];
    one_line(out, identity)
        && one_line(out, |line| numbers(line, "  cached: ", &cache))
        && one_line(out, |line| numbers(line, "  apart from these: ", &apart))
        && one_line(out, |line| numbers(line, "  pages: ", &pages))
        && one_line(out, |line| numbers(line, "  exceptions: ", &odd))
}

fn write_system_calls(s: &Snapshot, out: Sink) -> bool {
    one_line(out, |line| {
        let mut before = "system calls: ";
        for (name, count) in SYSTEM_CALL_NAMES.iter().zip(s.system_calls) {
            line.text(before).text(name).text(" ").decimal(count);
            before = ", ";
        }
    })
}

/// Only where a build counts them.
fn write_atomics(s: &Snapshot, out: Sink) -> bool {
    s.atomics.is_none_or(|atomics| {
        let counts = [
            (atomics.read_modify_writes, "read-modify-writes"),
            (atomics.own, "of them of owners on words of their heaps"),
            (atomics.statistics, "statistics"),
            (atomics.failures, "failed compare-and-swaps"),
            (atomics.fences, "full fences"),
        ];
        one_line(out, |line| numbers(line, "atomics: ", &counts))
    })
}

/// `TITLE12 name, 34 name`
fn numbers(line: &mut TextLine, title: &str, counts: &[(u64, &str)]) {
    let mut before = title;
    for (count, name) in counts {
        line.text(before).decimal(*count).text(" ").text(name);
        before = ", ";
    }
}

fn one_line(out: Sink, fill: impl FnOnce(&mut TextLine)) -> bool {
    let mut line = TextLine::new();
    fill(&mut line);
    out(line.finish())
}
