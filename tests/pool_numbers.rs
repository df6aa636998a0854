//! What the shared pool promises in numbers: no lock in the steady state, and a control that counts
//! some; warm memory that serves, also the next size; few atomic operations for a block that another
//! thread frees; heaps of ended threads that serve again; nothing kept for blocks that outlive them.
//!
//! Each test runs in a process of its own. `HAKMEM_TEST_LONG=1` makes the numbers
//! those of the specification.

// blocks by address
#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread::spawn;

use hakmem::c_semantics::introspection;
use hakmem::geometry::*;
use hakmem::policy;
use hakmem::report::{heap_check, snapshot};
use hakmem::stats::{SYSTEM_CALL_NAMES, Snapshot, Stage};
use hakmem::superslab::header::Packing;
use hakmem::superslab::{extent, registry};
use hakmem::{alloc, free};

/// Set in the process that a test starts for itself.
const CASE: &str = "HAKMEM_TEST_CASE";

/// Runs `case` of the test with this name in a process of its own, with options set: this program
/// again, for that test alone. (A fork of it could inherit a lock of std's from another test.)
fn in_child(name: &str, options: &[(&str, &str)], case: impl FnOnce()) {
    if std::env::var_os(CASE).is_some() {
        return case();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(CASE, name).envs(options.iter().copied());
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{name}: {status}");
}

/// Writes a line past the harness's capture.
fn say(text: &str) {
    eprintln!("pool_numbers: {text}");
}

fn is_long() -> bool {
    std::env::var_os("HAKMEM_TEST_LONG").is_some()
}

/// A block of at least 64 bytes, written to.
fn block(size: usize) -> usize {
    let block = alloc::allocate(size);
    assert!(!block.is_null());
    // SAFETY: fresh, of that size
    unsafe { block.cast::<usize>().add(3).write(size) };
    block as usize
}

fn release(block: usize) {
    // SAFETY: a live block, not used afterwards
    unsafe { free::deallocate(block as *mut u8) };
}

/// Fills and frees `bytes` of each size in turn.
fn churn(sizes: &[usize], bytes: usize, phases: usize) {
    for phase in 0..phases {
        let size = sizes[phase % sizes.len()];
        let blocks: Vec<_> = (0..bytes / size).map(|_| block(size)).collect();
        blocks.into_iter().for_each(release);
    }
}

fn locks(s: &Snapshot) -> u64 {
    s.lock_acquire_slab + s.lock_release_slab
}

/// Stages 1 and 1b serve nine in ten of at least a hundred thousand acquisitions, without a lock.
fn assert_warm(name: &str, sizes: &'static [usize], bytes: usize, phases: usize) {
    in_child(name, &[], || {
        let threads = [0, 1].map(|_| spawn(move || churn(sizes, bytes, phases)));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let s = snapshot();
        let served: u64 = s.stage_hits.iter().sum();
        let warm = s.stage_hits[Stage::ReuseSame as usize] + s.stage_hits[Stage::ReuseOther as usize];
        say(&format!("{warm} of {served} acquisitions warm, {} MiB purged", s.purged_bytes >> 20));
        assert!(served >= 100_000 && warm * 10 > served * 9);
        assert_eq!(locks(&s), 0);
        assert_eq!(heap_check::count_faults(), 0);
    });
}

#[test]
fn slabs_that_empty_serve_again() {
    assert_warm("slabs_that_empty_serve_again", &[256], 4096 * KIB, 1400);
}

#[test]
fn slabs_that_empty_serve_other_sizes() {
    let sizes = &[256, 1024, 64, 4096, 448, 2048, 128, 8192];
    assert_warm("slabs_that_empty_serve_other_sizes", sizes, 4096 * KIB, 1200);
}

#[test]
fn slabs_that_empty_serve_longer_slabs_and_spans() {
    let sizes = &[256, 40_000, 1024, 12_000, 64, 20_000, 4096, 60_000, 448, 8192, 100_000, 2048, 300_000];
    assert_warm("slabs_that_empty_serve_longer_slabs_and_spans", sizes, 4096 * KIB, 2000);
}

#[test]
fn the_control_counts_its_locks() {
    in_child("the_control_counts_its_locks", &[("HAKMEM_STAGE2", "0")], || {
        churn(&[256, 5000], 4096 * KIB, 50);
        let s = snapshot();
        assert!(s.lock_acquire_slab > 0 && s.lock_release_slab > 0);
        assert_eq!(locks(&s), s.lock_unlocks);
    });
}

/// From producer to consumer in lists of 63, of which `waiting` may wait.
fn hand_over(name: &str, size: usize, waiting: usize, lists: usize) {
    const LIST: usize = 63;
    in_child(name, &[], || {
        let (to, from) = sync_channel::<Vec<usize>>(waiting);
        let consumer = spawn(move || from.into_iter().flatten().for_each(release));
        (0..lists).for_each(|_| to.send((0..LIST).map(|_| block(size)).collect()).unwrap());
        drop(to);
        consumer.join().unwrap();
        let s = snapshot();
        // post it, take it; get and give back a magazine, by the chain
        let chains = (s.posted_batches + s.drained_batches) / policy::MAGAZINE_CHAIN as u64;
        let atomics = s.posted_batches + s.post_retries + s.drains + chains;
        let Snapshot { remote_blocks, visits, .. } = s;
        say(&format!("{size} bytes: {atomics} atomics for {remote_blocks} remote frees, {visits} visits"));
        let handed_over = (LIST * lists) as u64;
        // and a few of the channel; an owner that is visited may take another heap and carry the old one's bin along
        let carried = visits * policy::bin_capacity(size, policy::MAGAZINE_BLOCKS, 0) as u64;
        assert!((handed_over..=handed_over + 100 + carried).contains(&remote_blocks));
        assert!(atomics * 10 <= s.remote_blocks);
        assert_eq!(locks(&s), 0);
    });
}

#[test]
fn a_remote_free_of_a_small_block_takes_a_tenth_of_an_atomic_operation() {
    hand_over("a_remote_free_of_a_small_block_takes_a_tenth_of_an_atomic_operation", 64, 8, 10_000);
}

#[test]
fn a_remote_free_of_a_kib_takes_a_tenth_of_an_atomic_operation() {
    hand_over("a_remote_free_of_a_kib_takes_a_tenth_of_an_atomic_operation", KIB, 8, 10_000);
}

#[test]
fn a_remote_free_of_16_kib_takes_a_tenth_of_an_atomic_operation() {
    hand_over("a_remote_free_of_16_kib_takes_a_tenth_of_an_atomic_operation", 16 * KIB, 0, 2000);
}

#[test]
fn a_remote_free_of_the_largest_block_takes_a_tenth_of_an_atomic_operation() {
    hand_over("a_remote_free_of_the_largest_block_takes_a_tenth_of_an_atomic_operation", 64 * KIB, 0, 2000);
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Each thread leaves blocks to the next one and frees those of the one before.
#[test]
fn threads_come_and_go_without_a_trace() {
    const WARM_UP: usize = 1000;
    const MAY_GROW_KIB: u64 = 1024;
    let threads = if is_long() { 100_000 } else { 20_000 };
    in_child("threads_come_and_go_without_a_trace", &[], || {
        let mut left: Vec<usize> = vec![];
        let mut resident = 0;
        for number in 0..threads {
            let of_the_last = std::mem::take(&mut left);
            let live = move || {
                let blocks = (0..20).map(|at| block(64 + (number * 7 + at * 131) % 3000)).collect();
                of_the_last.into_iter().for_each(release);
                blocks
            };
            left = spawn(live).join().unwrap();
            if number == WARM_UP {
                resident = resident_kib();
            }
        }
        left.into_iter().for_each(release);
        let (s, now) = (snapshot(), resident_kib());
        say(&format!("{threads} threads, {} heaps, {resident} KiB after {WARM_UP}, {now} KiB at the end", s.heaps));
        assert!(now <= resident + MAY_GROW_KIB, "RSS grows");
        assert!(s.heaps <= 4);
        assert_eq!((s.live_bytes, heap_check::count_faults()), (0, 0));
    });
}

/// A program that goes on to other sizes: what was cached of the sizes before serves them.
#[test]
fn sizes_that_are_not_used_any_more_give_up_what_is_cached_of_them() {
    let name = "sizes_that_are_not_used_any_more_give_up_what_is_cached_of_them";
    in_child(name, &[], || {
        let before = snapshot();
        let sizes: Vec<usize> = (0..32).map(|i| 64 * (i + 1)).collect();
        churn(&sizes, 1 << 20, sizes.len());
        let s = snapshot();
        let claimed = |s: &Snapshot| s.warm_bytes + s.front_cached_bytes;
        let kib = (claimed(&s) - claimed(&before)) / KIB as u64;
        say(&format!("{kib} KiB claimed after 32 phases of 1 MiB, each of another size"));
        assert!(kib < 3500);
    });
}

/// KiB that each of so many threads caches, all of them alive, when it has freed 1 MiB of a size, so many times.
fn cached_kib(threads: usize, times: usize) -> u64 {
    let all_wait = Arc::new(Barrier::new(threads + 1));
    let live = move |all_wait: Arc<Barrier>| {
        churn(&[64], 64, 1); // has a heap before the others have ended their work
        all_wait.wait();
        churn(&[256], 1 << 20, times);
        all_wait.wait();
        all_wait.wait();
    };
    let running: Vec<_> = (0..threads).map(|_| all_wait.clone()).map(|all| spawn(move || live(all))).collect();
    all_wait.wait();
    all_wait.wait();
    let kib = snapshot().front_cached_bytes / KIB as u64 / threads as u64;
    all_wait.wait();
    running.into_iter().for_each(|thread| thread.join().unwrap());
    say(&format!("{kib} KiB cached by each of {threads} threads after {times} times"));
    kib
}

#[test]
#[cfg_attr(debug_assertions, ignore = "64 busy threads disturb the tests beside it for seconds")]
fn where_threads_are_many_each_caches_less() {
    in_child("where_threads_are_many_each_caches_less", &[], || {
        assert!(cached_kib(4, 6) > 900);
        assert!(cached_kib(64, 6) < 300);
        assert!(cached_kib(4, 6) > 900, "as before, when the others have ended");
        assert_eq!(heap_check::count_faults(), 0);
    });
}

/// A class that was used much a short while ago, and of which only caches are left, serves the next size.
#[test]
fn a_class_of_which_all_is_cached_or_free_gives_it_up_before_the_heap_grows() {
    in_child("a_class_of_which_all_is_cached_or_free_gives_it_up_before_the_heap_grows", &[], || {
        // freed in an order in which the last ones, which stay cached, stand in slabs of their own
        let blocks: Vec<_> = (0..4 * MIB / 512).map(|_| block(512)).collect();
        let (last, first): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|(at, _)| at % 127 == 0);
        first.into_iter().chain(last).for_each(|(_, block)| release(block));
        let before = snapshot();
        let next: Vec<_> = (0..3 * MIB / 1024).map(|_| block(1024)).collect();
        let now = snapshot();
        let claimed = |s: &Snapshot| s.live_bytes + s.front_cached_bytes + s.warm_bytes + s.free_bytes;
        let grown_kib = claimed(&now).saturating_sub(claimed(&before)) / KIB as u64;
        say(&format!("{grown_kib} KiB more for 3 MiB of another size"));
        assert!(grown_kib < 512);
        next.into_iter().for_each(release);
        assert_eq!(heap_check::count_faults(), 0);
    });
}

/// Owners that rest have 15 blocks of 16 free, and no slab is whole: what another thread needs comes from them.
#[test]
fn slabs_of_resting_owners_serve_before_the_process_grows() {
    const SIZE: usize = 4 * KIB;
    in_child("slabs_of_resting_owners_serve_before_the_process_grows", &[], || {
        let all_rest = Arc::new(Barrier::new(9));
        let rest = |all_rest: Arc<Barrier>| {
            let blocks: Vec<_> = (0..8 * MIB / SIZE).map(|_| block(SIZE)).collect();
            all_rest.wait(); // none of them grows any more
            let (kept, freed): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|(at, _)| at % 16 == 0);
            freed.into_iter().for_each(|(_, block)| release(block));
            all_rest.wait();
            all_rest.wait();
            kept.into_iter().for_each(|(_, block)| release(block));
        };
        let resting: Vec<_> = (0..8).map(|_| all_rest.clone()).map(|all| spawn(move || rest(all))).collect();
        all_rest.wait();
        all_rest.wait();
        // no condition to wait for: who has just given memory up is not taken to rest
        std::thread::sleep(std::time::Duration::from_millis(40));
        let before = snapshot();
        let blocks: Vec<_> = (0..16 * MIB / SIZE).map(|_| block(SIZE)).collect();
        let now = snapshot();
        let grown_mib = now.superslabs.saturating_sub(before.superslabs) as usize * SUPERSLAB_BYTES / MIB;
        let adopted = now.adopted_slabs - before.adopted_slabs;
        say(&format!("16 MiB in {adopted} slabs of resting owners and {grown_mib} MiB of fresh SuperSlabs"));
        assert!(adopted > 200 && grown_mib < 4);
        assert_eq!(heap_check::count_faults(), 0);
        all_rest.wait();
        resting.into_iter().for_each(|thread| thread.join().unwrap());
        blocks.into_iter().for_each(release);
        assert_eq!(heap_check::count_faults(), 0);
    });
}

/// `mib` MiB in blocks of `size`.
fn blocks_of(size: usize, mib: usize) -> Vec<usize> {
    (0..mib * MIB / size).map(|_| block(size)).collect()
}

/// Runs `before` while another thread has `mib` MiB in blocks of `size`, and `after` when it has freed them and rests.
fn beside_freed_memory<T>(size: usize, mib: usize, before: impl FnOnce() -> T, after: impl FnOnce(T)) {
    let meets = Arc::new(Barrier::new(2));
    let other = meets.clone();
    let thread = spawn(move || {
        let blocks = blocks_of(size, mib);
        other.wait();
        other.wait();
        blocks.into_iter().for_each(release);
        other.wait();
        other.wait();
    });
    meets.wait();
    let made = before();
    meets.wait();
    meets.wait();
    after(made);
    meets.wait();
    thread.join().unwrap();
    assert_eq!(heap_check::count_faults(), 0);
}

/// Runs `after` when another thread has freed `mib` MiB in blocks of `size` and rests.
fn after_another_has_freed(size: usize, mib: usize, after: impl FnOnce()) {
    beside_freed_memory(size, mib, || (), |()| after());
}

#[test]
fn a_thread_gets_back_the_slabs_that_it_has_given_back() {
    in_child("a_thread_gets_back_the_slabs_that_it_has_given_back", &[], || {
        let slabs_of = |blocks: &[usize]| blocks.iter().map(|block| block / SLOT_BYTES).collect::<BTreeSet<_>>();
        let allocate_and_free = || {
            let blocks = blocks_of(KIB, 4);
            let slabs = slabs_of(&blocks);
            blocks.into_iter().for_each(release);
            slabs
        };
        beside_freed_memory(KIB, 8, allocate_and_free, |before| {
            // another size: nothing comes from what is cached
            let blocks = blocks_of(768, 3);
            let (now, hits) = (slabs_of(&blocks), snapshot().stage_hits[Stage::ReuseOther as usize]);
            let again = now.intersection(&before).count();
            say(&format!("{again} of {} slabs are those that the thread had, {hits} by stage 1b", now.len()));
            assert!(now.is_subset(&before) && hits as usize + 2 >= now.len());
            blocks.into_iter().for_each(release);
        });
    });
}

#[test]
fn what_a_resting_thread_has_given_back_serves_others() {
    in_child("what_a_resting_thread_has_given_back_serves_others", &[], || {
        after_another_has_freed(KIB, 16, || {
            let before = snapshot();
            // single slots for slabs of several, and for spans, are joined
            let sizes = [1024, 768, 4 * KIB, 24 * KIB, 100 * KIB, 700 * KIB];
            let blocks: Vec<_> = sizes.iter().flat_map(|&size| (0..2 * MIB / size).map(move |_| block(size))).collect();
            let now = snapshot();
            let fresh = now.stage_hits[Stage::Claim as usize] - before.stage_hits[Stage::Claim as usize];
            say(&format!("{fresh} fresh runs for 12 MiB, {} KiB warm before", before.warm_bytes / KIB as u64));
            assert!(fresh <= 2 && now.superslabs == before.superslabs);
            blocks.into_iter().for_each(release);
        });
    });
}

#[test]
fn what_a_resting_thread_has_given_back_goes_to_the_system_in_time() {
    let name = "what_a_resting_thread_has_given_back_goes_to_the_system_in_time";
    in_child(name, &[("HAKMEM_PURGE_DELAY_MS", "50")], || {
        after_another_has_freed(KIB, 16, || {
            let before = snapshot();
            let blocks: Vec<_> = (0..8)
                .flat_map(|_| {
                    // no condition to wait for: the delay is what is tested
                    std::thread::sleep(std::time::Duration::from_millis(30));
                    blocks_of(32 * KIB, 1)
                })
                .collect();
            let purged_mib = (snapshot().purged_bytes - before.purged_bytes) as usize / MIB;
            say(&format!("{purged_mib} of {} MiB purged", before.warm_bytes as usize / MIB));
            assert!(purged_mib >= 12);
            blocks.into_iter().for_each(release);
        });
    });
}

/// With no room to retain, all that threads give back goes, whoever has it.
#[test]
fn what_heaps_have_is_purged_above_the_limit() {
    in_child("what_heaps_have_is_purged_above_the_limit", &[("HAKMEM_CACHE_MIN_MB", "4")], || {
        let more = || after_another_has_freed(KIB, 16, || ());
        beside_freed_memory(KIB, 16, more, |()| {
            let warm_mib = snapshot().warm_bytes as usize / MIB;
            say(&format!("{warm_mib} MiB warm of 32"));
            assert!(warm_mib <= 4 + 2);
        });
    });
}

/// What a purge delay of 0 promises holds to the last slot.
#[test]
fn without_a_purge_delay_nothing_is_warm() {
    in_child("without_a_purge_delay_nothing_is_warm", &[("HAKMEM_PURGE_DELAY_MS", "0")], || {
        beside_freed_memory(
            KIB,
            4,
            || after_another_has_freed(16 * KIB, 4, || ()),
            |()| {
                blocks_of(2 * KIB, 4).into_iter().for_each(release);
                assert_eq!(snapshot().warm_bytes, 0);
            },
        );
    });
}

/// What 16 threads have given back is nothing that a limit counts, wherever it stands.
#[test]
fn what_heaps_have_makes_room_below_the_memory_limit() {
    let name = "what_heaps_have_makes_room_below_the_memory_limit";
    in_child(name, &[("HAKMEM_MEMORY_LIMIT", "64")], || {
        let meets = Arc::new(Barrier::new(17));
        let rest = |meets: Arc<Barrier>| {
            blocks_of(KIB, 2).into_iter().for_each(release);
            meets.wait();
            meets.wait();
        };
        let threads: Vec<_> = (0..16).map(|_| meets.clone()).map(|meets| spawn(move || rest(meets))).collect();
        meets.wait();
        let huge: Vec<_> = (0..12).map(|_| block(4 * MIB)).collect();
        say(&format!("48 MiB in use, {} KiB warm", snapshot().warm_bytes / KIB as u64));
        huge.into_iter().for_each(release);
        meets.wait();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(heap_check::count_faults(), 0);
    });
}

#[test]
fn a_thread_caches_more_of_a_size_that_it_comes_back_for() {
    in_child("a_thread_caches_more_of_a_size_that_it_comes_back_for", &[], || {
        assert!(cached_kib(1, 1) * 4 < cached_kib(1, 6));
        assert_eq!(heap_check::count_faults(), 0);
    });
}

fn madvise_calls(s: &Snapshot) -> u64 {
    let index = SYSTEM_CALL_NAMES.iter().position(|&name| name == "madvise").unwrap();
    s.system_calls[index]
}

/// Neighbours go to the system in one call: each call interrupts every core that runs the program.
#[test]
fn the_last_slabs_of_a_thread_are_purged_together() {
    let name = "the_last_slabs_of_a_thread_are_purged_together";
    in_child(name, &[("HAKMEM_CACHE_MIN_MB", "0")], || {
        let before = snapshot();
        let all_hold = Arc::new(Barrier::new(50));
        static IN_TURN: Mutex<()> = Mutex::new(()); // so that the slabs of a thread lie side by side
        let live = |all_hold: Arc<Barrier>| {
            let sizes = [64, 128, 256, 512, 1024, 1536, 2048, 3072, 5120, 9216];
            let blocks = {
                let _turn = IN_TURN.lock();
                sizes.map(block)
            };
            all_hold.wait();
            blocks.into_iter().for_each(release);
        };
        let threads: Vec<_> = (0..50).map(|_| all_hold.clone()).map(|all_hold| spawn(move || live(all_hold))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let s = snapshot();
        let (slabs, calls) = (s.releases - before.releases, madvise_calls(&s) - madvise_calls(&before));
        say(&format!("{slabs} slabs given back in {calls} calls of madvise"));
        assert!(slabs >= 450 && calls * 3 < slabs);
    });
}

/// Threads allocate and end; another frees what they left.
#[test]
fn blocks_freed_after_their_owners_end_are_all_counted() {
    const EACH: usize = 50_000;
    let blocks = if is_long() { 100_000_000 } else { 1_000_000 };
    in_child("blocks_freed_after_their_owners_end_are_all_counted", &[], || {
        let free_all = move || {
            release(block(64)); // has its heap before the first owner ends
            for round in 0..blocks / EACH {
                let leave = move || (0..EACH).map(|at| block(64 + (at + round) % 4 * 100)).collect::<Vec<_>>();
                spawn(leave).join().unwrap().into_iter().for_each(release);
            }
        };
        spawn(free_all).join().unwrap();
        assert_eq!(heap_check::count_faults(), 0);
        let s = snapshot();
        say(&format!("{} blocks freed after their owners' ends, {} drained", s.remote_blocks, s.drained_blocks));
        assert_eq!((s.live_bytes, s.stray_blocks), (0, 0));
        assert_eq!(s.drained_blocks, s.remote_blocks);
        assert_eq!(s.remote_blocks, blocks as u64);
        assert_eq!(locks(&s), 0);
    });
}

/// A mapping that has served a larger block serves a smaller one as it is, and a larger one after that.
#[test]
fn large_blocks_of_other_sizes_leave_their_mappings_as_they_are() {
    const OPS: usize = 4000;
    in_child("large_blocks_of_other_sizes_leave_their_mappings_as_they_are", &[], || {
        let (mut slots, mut state) = ([0; 4], 1u64);
        for _ in 0..OPS {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let (slot, size) = (state as usize >> 33 & 3, MIB + (state >> 36) as usize % (31 * MIB));
            if slots[slot] != 0 {
                release(slots[slot]);
            }
            slots[slot] = block(size);
        }
        let s = snapshot();
        let call = |name| s.system_calls[SYSTEM_CALL_NAMES.iter().position(|&other| other == name).unwrap()];
        let (mremap, mmap, munmap) = (call("mremap"), call("mmap"), call("munmap"));
        say(&format!("{OPS} blocks of 1 to 32 MiB: {mremap} mremap, {mmap} mmap, {munmap} munmap"));
        assert!((mremap + mmap + munmap) as usize * 10 < OPS);
        assert_eq!(heap_check::count_faults(), 0);
        slots.into_iter().for_each(release);
        let _ = introspection::malloc_trim();
        assert_eq!(heap_check::count_faults(), 0);
    });
}

/// MiB that are cached after two blocks of 8 MiB were freed, of which so many bytes were written to, and one of 20 MiB is
/// asked for, which neither can serve.
fn cached_mib_beside_a_larger_block(written_bytes: usize) -> u64 {
    let blocks = [0, 1].map(|_| block(8 * MIB));
    for block in blocks {
        // SAFETY: a live block of 8 MiB
        unsafe { (block as *mut u8).write_bytes(1, written_bytes) };
    }
    blocks.into_iter().for_each(release);
    let before = snapshot().warm_bytes;
    let larger = block(20 * MIB);
    let now = snapshot().warm_bytes;
    release(larger);
    say(&format!("{} MiB cached, {} MiB beside a block of 20 MiB", before >> 20, now >> 20));
    now >> 20
}

/// What is resident and of no use makes room for what was never taken before; where blocks are used in part, most of
/// what is cached is not resident, and spares the next calls.
#[test]
fn cached_blocks_that_were_used_whole_give_way_to_a_larger_one() {
    in_child("cached_blocks_that_were_used_whole_give_way_to_a_larger_one", &[], || {
        assert_eq!(cached_mib_beside_a_larger_block(8 * MIB), 0);
    });
}

#[test]
fn cached_blocks_that_were_used_in_part_stay() {
    in_child("cached_blocks_that_were_used_in_part_stay", &[], || {
        assert_eq!(cached_mib_beside_a_larger_block(64), 16);
    });
}

/// Blocks of each refill while so many of 1 KiB are allocated, at most, and the blocks.
fn refilled(count: usize) -> (u64, Vec<usize>) {
    let counts = || {
        let s = snapshot();
        (s.refills, s.refilled_blocks)
    };
    let before = counts();
    let blocks = (0..count).map(|_| block(KIB)).collect();
    let after = counts();
    ((after.1 - before.1).div_ceil((after.0 - before.0).max(1)), blocks)
}

/// Takes `count` blocks, has them freed by another thread, takes them back and as many more: blocks of a refill before and
/// after.
fn refilled_before_and_after_others_free(count: usize) -> (u64, u64) {
    let (before, blocks) = refilled(count);
    spawn(move || blocks.into_iter().for_each(release)).join().unwrap();
    let (_, again) = refilled(count);
    let (after, more) = refilled(count);
    again.into_iter().chain(more).for_each(release);
    assert_eq!(heap_check::count_faults(), 0);
    (before, after)
}

#[test]
fn refills_are_small_where_others_free() {
    in_child("refills_are_small_where_others_free", &[], || {
        let (before, after) = refilled_before_and_after_others_free(24);
        say(&format!("{before} blocks of 1 KiB a refill at first, {after} when another thread has freed"));
        assert!(before >= 8 && (1..=6).contains(&after));
    });
}

#[test]
fn refills_are_small_where_threads_are_many() {
    in_child("refills_are_small_where_threads_are_many", &[], || {
        const OTHERS: usize = 32;
        let all = Barrier::new(OTHERS + 1);
        std::thread::scope(|scope| {
            for _ in 0..OTHERS {
                scope.spawn(|| {
                    let one = block(64);
                    all.wait(); // all of them have a heap
                    all.wait();
                    release(one);
                });
            }
            all.wait();
            let (blocks, few) = spawn(|| refilled(24)).join().unwrap();
            let (later, many) = spawn(|| refilled(2000)).join().unwrap();
            all.wait();
            few.into_iter().chain(many).for_each(release);
            say(&format!("{blocks} blocks of 1 KiB a refill beside {OTHERS} threads, {later} of many"));
            assert!((1..=4).contains(&blocks) && later >= 8, "an eighth of what is out");
        });
    });
}

/// Blocks of each way through a bin that is never larger than its own places: 16 of them, one more, and all freed.
#[test]
fn bins_that_stay_in_their_own_places_lose_nothing() {
    in_child("bins_that_stay_in_their_own_places_lose_nothing", &[("HAKMEM_FAST_CAP", "16")], || {
        let rounds = || {
            for count in [1, 16, 17, 33, 1000] {
                for size in [16, 200, 3000, 30000] {
                    let mut blocks: Vec<usize> = (0..count).map(|_| block(size)).collect();
                    blocks.sort_unstable();
                    assert!(blocks.windows(2).all(|pair| pair[0] + size <= pair[1]));
                    blocks.into_iter().for_each(release);
                }
            }
        };
        rounds(); // what is allocated once
        let before = snapshot();
        (0..8).for_each(|_| spawn(rounds).join().unwrap());
        rounds();
        let after = snapshot();
        say(&format!("{} bytes live, before {}", after.live_bytes, before.live_bytes));
        assert_eq!(heap_check::count_faults(), 0);
        assert!(after.live_bytes <= before.live_bytes + 64);
    });
}

#[test]
fn refills_are_as_large_as_the_options_say() {
    in_child("refills_are_as_large_as_the_options_say", &[("HAKMEM_REFILL_COUNT_SMALL", "32")], || {
        let (before, after) = refilled_before_and_after_others_free(2000);
        say(&format!("{before} and {after} blocks of 1 KiB a refill"));
        assert!((28..=32).contains(&before) && (28..=32).contains(&after));
    });
}

/// What a refill brings on average to threads, one after the other in one heap, that need a block each; the first one
/// needs many.
fn refilled_in_short_threads() -> u64 {
    let in_thread = |count: usize| spawn(move || refilled(count)).join().unwrap();
    in_thread(2000).1.into_iter().for_each(release);
    let (blocks, held): (Vec<u64>, Vec<Vec<usize>>) = (0..50).map(|_| in_thread(1)).unzip();
    held.into_iter().flatten().for_each(release);
    blocks.iter().sum::<u64>() / blocks.len() as u64
}

#[test]
fn refills_start_anew_in_each_thread() {
    in_child("refills_start_anew_in_each_thread", &[], || {
        let blocks = refilled_in_short_threads();
        say(&format!("{blocks} blocks of 1 KiB a refill in short threads"));
        assert!(blocks <= 4);
    });
}

#[test]
fn refills_in_each_thread_are_as_large_as_the_options_say() {
    in_child("refills_in_each_thread_are_as_large_as_the_options_say", &[("HAKMEM_REFILL_COUNT_SMALL", "32")], || {
        let blocks = refilled_in_short_threads();
        say(&format!("{blocks} blocks of 1 KiB a refill in short threads"));
        assert!((28..=32).contains(&blocks));
    });
}

/// Fills `mib` MiB with blocks of one size, beside some long slabs and spans of which little is used.
fn fill(mib: usize) -> Vec<usize> {
    let rest = [20 * KIB, 40 * KIB, 64 * KIB, 300 * KIB].into_iter().flat_map(|size| (0..3).map(move |_| block(size)));
    rest.chain((0..mib * KIB).map(|_| block(KIB))).collect()
}

/// SuperSlabs that are dense; what stands in them are slabs of one slot.
fn dense_superslabs() -> usize {
    let is_dense = |superslab: &usize| registry::header(*superslab).packing() == Packing::Dense;
    let dense = (0..extent::superslabs_made()).filter(is_dense);
    let check = |superslab: usize| {
        let slots = superslab * SLOTS_PER_SUPERSLAB..(superslab + 1) * SLOTS_PER_SUPERSLAB;
        for entry in slots.map(registry::entry).filter(|&entry| entry != ENTRY_UNUSED) {
            let class = entry_class(entry).expect("a slab");
            assert_eq!(RunKind::slab(class).slots(), 1);
        }
    };
    dense.inspect(|&superslab| check(superslab)).count()
}

/// The huge pages of what [`fill`] needs with these options.
fn dense_of(name: &str, mib: usize, options: &[(&str, &str)], expected: std::ops::RangeInclusive<usize>) {
    in_child(name, options, || {
        let blocks = fill(mib);
        let (dense, asked_bytes) = (dense_superslabs(), snapshot().huge_page_bytes as usize);
        say(&format!("{mib} MiB in blocks of 1 KiB, {options:?}: {dense} dense SuperSlabs"));
        assert!(expected.contains(&dense));
        if options.is_empty() {
            assert_eq!(asked_bytes, dense * SUPERSLAB_BYTES);
        }
        blocks.into_iter().for_each(release);
        assert_eq!(heap_check::count_faults(), 0);
    });
}

#[test]
fn slabs_that_will_fill_stand_in_dense_superslabs() {
    dense_of("slabs_that_will_fill_stand_in_dense_superslabs", 64, &[], 22..=28);
}

#[test]
fn a_small_heap_has_no_dense_superslab() {
    dense_of("a_small_heap_has_no_dense_superslab", 8, &[], 0..=0);
}

#[test]
fn few_small_blocks_beside_many_large_ones_have_no_dense_superslab() {
    in_child("few_small_blocks_beside_many_large_ones_have_no_dense_superslab", &[], || {
        let large: Vec<_> = blocks_of(32 * KIB, 12).into_iter().chain(blocks_of(256 * KIB, 12)).collect();
        let small = blocks_of(KIB, 8);
        let dense_at_first = dense_superslabs();
        let more = blocks_of(KIB, 56);
        let dense = dense_superslabs();
        say(&format!(
            "12 MiB in blocks of 32 KiB, 12 of 256 KiB, then 8 of 1 KiB: {dense_at_first} dense, 56 MiB more: {dense}"
        ));
        assert!(dense_at_first == 0 && dense >= 16);
        large.into_iter().chain(small).chain(more).for_each(release);
        assert_eq!(heap_check::count_faults(), 0);
    });
}

#[test]
fn without_huge_pages_no_superslab_is_dense() {
    dense_of("without_huge_pages_no_superslab_is_dense", 64, &[("HAKMEM_THP", "never")], 0..=0);
}

#[test]
fn under_a_memory_limit_no_superslab_is_dense() {
    dense_of("under_a_memory_limit_no_superslab_is_dense", 64, &[("HAKMEM_MEMORY_LIMIT", "100")], 0..=0);
}

#[test]
fn dense_superslabs_that_were_purged_get_their_huge_pages_again() {
    let name = "dense_superslabs_that_were_purged_get_their_huge_pages_again";
    in_child(name, &[("HAKMEM_CACHE_MIN_MB", "0"), ("HAKMEM_PURGE_DELAY_MS", "20")], || {
        let open_mib = || snapshot().huge_page_bytes as usize / MIB;
        blocks_of(KIB, 64).into_iter().for_each(release);
        let first = open_mib();
        // no condition to wait for: what comes back after the delay was not purged in vain, but for the little that
        // the second half purges itself when it begins late
        std::thread::sleep(std::time::Duration::from_millis(60));
        let refaulted_before = snapshot().refaulted_bytes;
        blocks_of(KIB, 64).into_iter().for_each(release);
        let (second, refaulted) = (open_mib() - first, snapshot().refaulted_bytes - refaulted_before);
        say(&format!("{first} MiB opened to huge pages at first, {second} MiB again, {refaulted} bytes too soon"));
        assert!(second * 4 >= first * 3 && refaulted as usize * 8 <= first * MIB);
        assert_eq!(heap_check::count_faults(), 0);
    });
}

/// Also the part of the last one that no slab has used.
#[test]
fn dense_superslabs_go_back_whole() {
    in_child("dense_superslabs_go_back_whole", &[], || {
        let resident_after = |kib: usize| {
            let blocks: Vec<_> = (0..kib).map(|_| block(KIB)).collect();
            blocks.into_iter().for_each(release);
            let _ = introspection::malloc_trim();
            resident_kib()
        };
        let before = resident_after(4 * KIB);
        // each makes one more SuperSlab, of which a few slots are used
        let after = (12..20).map(|superslabs| resident_after(superslabs * 2 * KIB)).max().unwrap();
        say(&format!("{before} KiB after 4 MiB and a trim, {after} KiB after up to 38 MiB and a trim"));
        assert!(dense_superslabs() > 8 && after < before + 768);
    });
}
