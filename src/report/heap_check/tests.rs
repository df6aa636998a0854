//! Each structure damaged in turn: the walker complains, and is silent again when it was put right. One test,
//! in a process of its own, since the heap is the process's and the walk is exact only while nobody uses it.

use super::*;
use crate::front_cache::bin::Bin;
use crate::sync::tagged_stack::{END, Links};
use crate::{alloc, free};
use std::process::Command;

const CHILD: &str = "HAKMEM_TEST_CHILD";
const NAME: &str = "report::heap_check::tests::damage_to_any_structure_is_seen";

/// The faults that `damage` makes; `repair` takes them away.
fn faults_between(what: &str, damage: impl FnOnce(), repair: impl FnOnce()) {
    assert_eq!(count_faults(), 0, "before: {what}");
    damage();
    let faults = count_faults();
    repair();
    assert!(faults > 0, "nobody sees: {what}");
    assert_eq!(count_faults(), 0, "after: {what}");
}

fn free_all(blocks: Vec<usize>) {
    // SAFETY: live blocks, freed once.
    blocks.into_iter().for_each(|block| unsafe { free::deallocate(block as *mut u8) });
}

fn allocate(size: usize, count: usize) -> Vec<usize> {
    (0..count).map(|_| alloc::allocate(size) as usize).collect()
}

fn damage_everything() {
    // EMPTY runs, cached blocks, a huge mapping kept, a parked heap with partial slabs, slots that are free,
    free_all(allocate(4096, 2000));
    shared_pool::purge_all();
    free_all(allocate(4096, 500));
    // and records of huge blocks that wait to be used again
    free_all(allocate(5 << 20, 2));
    cache::purge_all();
    free_all(allocate(5 << 20, 1));
    let left = std::thread::spawn(|| {
        let mut blocks = allocate(1024, 500);
        free_all(blocks.split_off(30));
        blocks
    });
    let mut left = left.join().unwrap();
    free_all(allocate((MAX_SPAN_SLOTS - 1) * SLOT_BYTES, 1));
    let mine = tls::current();

    // SAFETY: [I-HEAP] this thread's own.
    let (id, runs) = unsafe { (Heap::id(mine), &Heap::shared(mine).empty_runs) };
    let code = (0..NUM_CLASSES).find(|&code| runs.top(code) != END).expect("no EMPTY run");
    let run = runs.top(code) as usize;
    let stamp = registry::record(run).released_ms();
    faults_between(
        "an EMPTY run that is said to be ACTIVE",
        || registry::record(run).transition_activate(code),
        || registry::record(run).transition_empty(code, stamp),
    );
    let hide = || runs.damage_hint(code);
    faults_between("an EMPTY stack of a heap without its hint", hide, hide);
    let hide = || shared_pool::damage_shown(id);
    faults_between("a heap with EMPTY runs that is not shown", hide, hide);
    let span_code = RunKind::span(MAX_SPAN_SLOTS - 1).code();
    let hide = || shared_pool::damage_hint(span_code);
    faults_between("an EMPTY stack of all heaps without its hint", hide, hide);
    let next = registry::SlotLinks.next(run as u32);
    faults_between(
        "a stack that is cut or goes in a circle",
        || registry::SlotLinks.set_next(run as u32, if next == END { run as u32 } else { END }),
        || registry::SlotLinks.set_next(run as u32, next),
    );
    let free = (0..extent::superslabs_made())
        .find(|at| registry::header(*at).claimed.bits() != u32::MAX)
        .expect("no free slot");
    let hide = || shared_pool::damage_hints(free);
    faults_between("free slots without a hint", hide, hide);
    let place = registry::header(free).claimed.bits().trailing_ones() as usize;
    let slot = free * SLOTS_PER_SUPERSLAB + place;
    let enter = |entry| registry::set_entries(slot, 1, entry, entry);
    faults_between("a free slot with an entry", || enter(SPAN_BODY_CODE), || enter(ENTRY_UNUSED));
    faults_between(
        "a run that a join has left behind",
        || assert!(registry::header(free).gather(run_mask(place, 1), END)),
        || _ = registry::header(free).take_gathered(),
    );
    faults_between("a claimed slot too many", || POOL.claimed_slots.add(), || POOL.claimed_slots.sub_n(1));
    faults_between("an EMPTY slot too many", || POOL.empty_slots.add(), || POOL.empty_slots.sub_n(1));
    let class = class_of(1024);
    faults_between(
        "a partial slab too many advertised",
        || shared_pool::damage_advertised(class, 1),
        || {
            shared_pool::damage_advertised(class, 1u64.wrapping_neg());
        },
    );
    let id = directory::next_parked(0).expect("no parked heap");
    faults_between("a parked heap that nobody finds", || directory::note_bound(id), || directory::note_parked(id));
    // SAFETY: [I-TENANT] nobody is inside a parked heap of a process in which nobody else runs.
    let parked_set = || unsafe { &mut *directory::find(id).unwrap().set.get() };
    let led = std::cell::Cell::new(0);
    faults_between(
        "a list of slabs that goes in a circle",
        || led.set(parked_set().damage_list(class, |first| first)),
        || _ = parked_set().damage_list(class, |_| led.get()),
    );
    let post_to_parked = |block: usize| {
        let slot = registry::slot_of(block).expect("no block of a slab");
        let record = directory::find(entry_owner(registry::entry(slot))).expect("no owner");
        assert!(record.shared.tenancy.is_parked());
        let batch = stock::obtain().expect("no magazine");
        // SAFETY: [I-MAGAZINE] obtained above, filled with a block that is freed by it, and given away.
        unsafe {
            (*batch).clear(class as u8);
            (*batch).push(block as *mut u8);
            record.shared.queue.push(batch);
        }
        entry_owner(registry::entry(slot))
    };
    let [posted, wanted] = [left.pop().unwrap(), left.pop().unwrap()];
    // the walk itself brings the mail home
    faults_between("mail of a parked heap that is nobody's concern", || _ = post_to_parked(posted), || ());
    directory::want_visit(post_to_parked(wanted));
    assert_eq!(count_faults(), 0, "mail of a parked heap that somebody is to visit");
    let class = class_of(4096);
    // SAFETY: [I-TENANT] this thread's own set, of a process in which nobody visits it.
    let list = || unsafe { (*(*mine).record.set.get()).attached(class).expect("no attached slab").damage_listed() };
    faults_between("an attached slab that says it is listed", list, list);
    // SAFETY: [I-TENANT] this thread's own depot, of a process in which nobody visits it.
    let miscount = |blocks: u32| unsafe { (*(*mine).depot.get()).damage(class, blocks) };
    faults_between("a block too many in the depot", || miscount(1), || miscount(1u32.wrapping_neg()));
    // SAFETY: [I-OUTBOX] this thread's own.
    let flip = || unsafe { (*mine).front.outbox.damage() };
    faults_between("a byte too many in the outbox", flip, flip);
    // SAFETY: [I-BIN] this thread's own bin; what it holds is put back.
    let exchange = |by: isize| unsafe {
        let bin = &raw mut (*mine).front.bins[class];
        let block = Bin::pop(bin);
        assert!(!block.is_null() && Bin::push(bin, block.wrapping_byte_offset(by)));
    };
    faults_between("a bin with what is no block", || exchange(16), || exchange(-16));
    faults_between("room of huge blocks", || POOL.huge_room_bytes.add_n(1), || POOL.huge_room_bytes.sub_n(1));
    faults_between("bytes of huge blocks", || POOL.huge_cached_bytes.add_n(1), || POOL.huge_cached_bytes.sub_n(1));
    let lost = std::cell::Cell::new(std::ptr::null_mut());
    faults_between(
        "a huge block lost by the cache",
        || lost.set(cache::damage(lost.get())),
        || _ = cache::damage(lost.get()),
    );
    faults_between("a recycled chain that is too short or too long", stock::damage, stock::damage);
    let cut = huge_registry::damage_recycled;
    faults_between("a recycled record that leads to none", cut, cut);
    free_all(left);
    assert_eq!(count_faults(), 0);
}

#[test]
fn damage_to_any_structure_is_seen() {
    if std::env::var_os(CHILD).is_some() {
        return damage_everything();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args([NAME, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
