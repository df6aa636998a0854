//! The text against its golden file, the JSON against a parser that is not ours.

use super::*;
use crate::geometry::NUM_CLASSES;
use crate::stats::{ClassSnapshot, Snapshot};
use crate::sync::census::AtomicCounts;
use std::io::Write;
use std::process::{Command, Stdio};

/// A snapshot whose numbers are all different, so that none can stand in another's place.
fn fixed_snapshot() -> Snapshot {
    let mut classes = [ClassSnapshot::default(); NUM_CLASSES];
    classes[3] = ClassSnapshot { slabs: 2, blocks_out: 301, blocks_cached: 101 };
    classes[NUM_CLASSES - 1] = ClassSnapshot { slabs: 1, blocks_out: 7, blocks_cached: 4 };
    Snapshot {
        classes,
        heaps: 9,
        heaps_parked: 20,
        live_bytes: 1_000_100,
        front_cached_bytes: 200_020,
        warm_bytes: 30_003,
        free_bytes: 4_004,
        committed_bytes: 1_234_127,
        metadata_bytes: 65_432,
        span_live_bytes: 131_072,
        huge_live_bytes: 262_144,
        purged_bytes: 524_288,
        refaulted_bytes: 4_096,
        huge_page_bytes: 2_097_152,
        superslabs: 18,
        stage_hits: [12, 900, 50, 30, 8],
        stage_misses: [4, 88, 38, 10, 7],
        stage_retries: [29, 17, 5, 25, 6],
        stage_ns: [61, 62, 63, 12_345, 67_890],
        purge_ns: 98_765,
        release_retries: 19,
        acquires: 970,
        releases: 881,
        adopted_slabs: 13,
        refills: 150_000,
        refilled_blocks: 4_000_000,
        served_by_larger: 72_000,
        flushes: 140_000,
        flushed_blocks: 3_900_000,
        depot_takes: 70_000,
        depot_puts: 71_000,
        drains: 2_500,
        drained_batches: 6_100,
        drained_blocks: 190_001,
        remote_blocks: 190_500,
        posted_batches: 6_150,
        post_retries: 44,
        visits: 21,
        heaps_given_away: 24,
        heaps_bound: 11,
        heaps_borrowed: 33,
        lock_acquire_slab: 331,
        lock_release_slab: 327,
        lock_unlocks: 657,
        lock_waits: 77,
        span_allocations: 28_149,
        huge_allocations: 14,
        huge_cache_hits: 23,
        stray_blocks: 15,
        foreign_frees: 16,
        system_calls: [41, 42, 43, 45, 46, 47, 48],
        atomics: Some(AtomicCounts { read_modify_writes: 51, own: 52, statistics: 53, failures: 54, fences: 55 }),
    }
}

/// The same with one number everywhere.
fn snapshot_full_of(n: u64) -> Snapshot {
    Snapshot { atomics: fixed_snapshot().atomics, ..Snapshot::all(n) }
}

fn collected(s: &Snapshot, writer: fn(&Snapshot, Sink) -> bool) -> String {
    let mut text = Vec::new();
    assert!(writer(s, &mut |piece| {
        text.extend_from_slice(piece);
        true
    }));
    String::from_utf8(text).unwrap()
}

/// scripts/regen-golden sets REGEN_GOLDEN and has the file written instead of compared.
#[test]
fn the_text_is_the_golden_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/lock_statistics.txt");
    let text = collected(&fixed_snapshot(), write_text);
    if std::env::var_os("REGEN_GOLDEN").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, golden, "after a wanted change: scripts/regen-golden");
}

#[test]
fn a_report_of_nothing_divides_by_nothing() {
    let text = collected(&snapshot_full_of(0), write_text);
    for line in [
        "locks: 0 acquisitions, 0 releases\n",
        "  acquire_slab(): 0 (0.0%)\n",
        "  release_slab(): 0 (0.0%)\n",
        "share of operations: 0.000% of 0 slow-path operations ",
        "  stages 1 and 1b served 0.0% of 0 acquisitions",
        ", 0.0 blocks per batch,",
        ", 0.000 drains per refill\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn the_longest_lines_are_whole() {
    let text = collected(&snapshot_full_of(u64::MAX), write_text);
    for line in text.split_inclusive('\n') {
        assert!(line.len() < text::LINE_BYTES && line.ends_with('\n'), "{line}");
    }
    assert!(text.contains("acquire_slab(): 18446744073709551615 (100.0%)\n"));
}

#[test]
fn bytes_that_do_not_add_up_are_not_said_to() {
    let exact = collected(&fixed_snapshot(), write_text);
    assert!(exact.contains("memory: live 1000100 + cached 230023 + free 4004 = committed 1234127 bytes\n"));
    let mut torn = fixed_snapshot();
    torn.free_bytes += 1;
    let torn = collected(&torn, write_text);
    assert!(torn.contains(" + free 4005 ~ committed 1234127 bytes (they changed while they were read)\n"));
}

#[test]
fn a_sink_that_takes_no_more_ends_every_report() {
    for writer in [write_text, write_json] {
        let mut pieces = 0;
        assert!(!writer(&fixed_snapshot(), &mut |_| {
            pieces += 1;
            pieces < 5
        }));
        assert_eq!(pieces, 5);
    }
}

/// Parses each line with Python, which refuses names that come twice, and prints what `expression`
/// makes of the object `d`.
fn python(json: &str, expression: &str) -> String {
    let program = format!(
        "import json, sys\n\
         def unique(pairs):\n    assert len(dict(pairs)) == len(pairs), pairs\n    return dict(pairs)\n\
         for line in sys.stdin:\n    d = json.loads(line, object_pairs_hook=unique)\n    print({expression})\n"
    );
    let mut child = Command::new("python3")
        .args(["-c", &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3, which scripts/setup installs");
    child.stdin.take().unwrap().write_all(json.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "python3 refuses {json}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_json_is_one_object_on_one_line_with_its_version_first() {
    let json = collected(&fixed_snapshot(), write_json);
    assert_eq!(json.matches('\n').count(), 1);
    let shown = python(&json, "list(d)[0], d['version'], sorted(d)");
    let expected = "version 1 ['atomics', 'classes', 'front_caches', 'heaps', 'locks', 'memory', 'pool', \
        'remote_frees', 'system_calls', 'version']\n";
    assert_eq!(shown, expected);
}

#[test]
fn the_json_has_the_numbers_of_the_text() {
    let json = collected(&fixed_snapshot(), write_json);
    let shown = python(
        &json,
        "d['locks']['share_of_operations_percent'], d['locks']['by_name']['stage2_control']['waits'], \
         d['pool']['stages']['1b'], d['pool']['stages_1_and_1b_percent'], d['remote_frees']['blocks_per_batch'], \
         d['memory']['cached_bytes'], d['classes'], d['system_calls']['futex']",
    );
    let expected = "0.206 77 {'hits': 50, 'misses': 38, 'cas_retries': 5, 'system_call_ns': 63} 95.0 31.0 230023 \
        {'64': {'slabs': 2, 'blocks_out': 301, 'blocks_cached': 101}, \
        '65536': {'slabs': 1, 'blocks_out': 7, 'blocks_cached': 4}} 47\n";
    assert_eq!(shown, expected);
}

#[test]
fn the_emptiest_and_the_fullest_json_are_valid() {
    let empty = collected(&snapshot_full_of(0), write_json);
    let full = collected(&snapshot_full_of(u64::MAX), write_json);
    let shown = python(&(empty + &full), "len(d['classes']), d['memory']['live_bytes']");
    assert_eq!(shown, format!("0 0\n{NUM_CLASSES} {}\n", u64::MAX));
}

#[test]
fn a_build_that_does_not_count_atomics_says_nothing_of_them() {
    let s = Snapshot { atomics: None, ..fixed_snapshot() };
    assert!(!collected(&s, write_text).contains("\natomics"));
    assert_eq!(python(&collected(&s, write_json), "'atomics' in d"), "False\n");
}

/// Every number of the fixed snapshot is in both reports. They are all different, and larger than
/// those of the stages' names.
#[test]
fn no_counter_is_left_out() {
    let s = fixed_snapshot();
    let scalars = [
        s.heaps,
        s.heaps_parked,
        s.live_bytes,
        s.front_cached_bytes,
        s.warm_bytes,
        s.free_bytes,
        s.committed_bytes,
        s.metadata_bytes,
        s.span_live_bytes,
        s.huge_live_bytes,
        s.purged_bytes,
        s.refaulted_bytes,
        s.huge_page_bytes,
        s.superslabs,
        s.purge_ns,
        s.release_retries,
        s.acquires,
        s.releases,
        s.adopted_slabs,
        s.refills,
        s.refilled_blocks,
        s.served_by_larger,
        s.flushes,
        s.flushed_blocks,
        s.depot_takes,
        s.depot_puts,
        s.drains,
        s.drained_batches,
        s.drained_blocks,
        s.remote_blocks,
        s.posted_batches,
        s.post_retries,
        s.visits,
        s.heaps_given_away,
        s.heaps_bound,
        s.heaps_borrowed,
        s.lock_acquire_slab,
        s.lock_release_slab,
        s.lock_unlocks,
        s.lock_waits,
        s.span_allocations,
        s.huge_allocations,
        s.huge_cache_hits,
        s.stray_blocks,
        s.foreign_frees,
    ];
    let atomics = s.atomics.map(|a| [a.read_modify_writes, a.own, a.statistics, a.failures, a.fences]).unwrap();
    let arrays =
        [&s.stage_hits[..], &s.stage_misses, &s.stage_retries, &s.stage_ns, &s.system_calls, &atomics].concat();
    let mut different = [&scalars[..], &arrays].concat();
    different.sort_unstable();
    different.dedup();
    assert!(different.len() == scalars.len() + arrays.len() && different[0] > 3);
    for writer in [write_text, write_json] {
        let report = collected(&s, writer);
        let shown: Vec<u64> =
            report.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
        for number in &different {
            assert!(shown.contains(number), "{number} is not in\n{report}");
        }
    }
}
