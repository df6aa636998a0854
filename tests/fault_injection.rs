//! Refused system calls: for each kind the Nth is refused, or all from the Nth on, while a workload
//! of every size runs. A request is then served or gets null and ENOMEM; what was handed out stays
//! as it is. When the system grants again everything is served and the counters agree.
//!
//! Each case runs in a forked child whose heap has never been used, so that the calls of its start
//! are refused in their turn.

// fork, and blocks by address
#![allow(unsafe_code)]

mod shadow;

use std::any::Any;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread::spawn;

use hakmem::magazine::{Magazine, stock};
use hakmem::os::fake::{self, Call};
use hakmem::report::{heap_check, snapshot};
use hakmem::{alloc, free, realloc};

use shadow::{Block, bytes_add_up};

/// Calls of each kind that are refused in turn.
const CASES: u32 = 100;
/// The same under the default options, where the first ones differ most.
const DEFAULT_CASES: u32 = 20;

/// How the process of a case is set up.
type Options = &'static [(&'static CStr, &'static CStr)];
/// Small steps and nothing kept: as many system calls as can be.
const EAGER: Options = &[
    (c"HAKMEM_POOL_TLS_ARENA_MB_INIT", c"1"),
    (c"HAKMEM_POOL_TLS_ARENA_MB_MAX", c"1"),
    (c"HAKMEM_PURGE_DELAY_MS", c"0"),
    (c"HAKMEM_CACHE_MIN_MB", c"0"),
];
/// As programs run.
const DEFAULT: Options = &[];

/// Runs `case` in a child with a fresh heap. A panic's message, or the signal, comes back as error.
fn in_child(options: Options, case: impl FnOnce()) -> Result<(), String> {
    // SAFETY: the child leaves by _exit. It is a copy of a process that never uses the heap and, but
    // for libc's allocator, which fork looks after, holds no lock that the case needs.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: names and values are C strings; the child has one thread.
        options.iter().for_each(|(name, value)| unsafe {
            let _ = libc::setenv(name.as_ptr(), value.as_ptr(), 1);
        });
        std::panic::set_hook(Box::new(|info| report_from_child(&info.to_string())));
        let status = i32::from(catch_unwind(AssertUnwindSafe(case)).is_err());
        // SAFETY: ends the child.
        unsafe { libc::_exit(status) };
    }
    assert!(child > 0, "no child");
    let mut status = 0;
    // SAFETY: waits for the child just made.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    if status == 0 { Ok(()) } else { Err(format!("status {status:#x}")) }
}

/// Writes a line to stderr, past the test harness's capture, which ends with the child.
fn report_from_child(text: &str) {
    let line = format!("child: {text}\n");
    // SAFETY: a buffer of this length.
    unsafe { libc::write(2, line.as_ptr().cast(), line.len()) };
}

/// Sets errno of this thread and returns what it was.
fn swap_errno(value: i32) -> i32 {
    // SAFETY: errno of this thread.
    unsafe { std::mem::replace(&mut *libc::__errno_location(), value) }
}

/// Null comes with ENOMEM, a block leaves errno alone. Returns whether it was a block.
fn served(pointer: *mut u8) -> bool {
    let errno = swap_errno(0);
    let expected = if pointer.is_null() { libc::ENOMEM } else { 0 };
    assert_eq!(errno, expected, "errno after {pointer:?}");
    !pointer.is_null()
}

/// What became of the requests.
#[derive(Default)]
struct Workload {
    blocks: Vec<Block>,
    refused: usize,
}

impl Workload {
    fn keep(&mut self, pointer: *mut u8, size: usize) {
        if !served(pointer) {
            self.refused += 1;
            return;
        }
        let block = Block::new(pointer, size, self.blocks.len() * 263);
        block.fill_ends();
        self.blocks.push(block);
    }

    fn allocate(&mut self, size: usize) {
        self.keep(alloc::allocate(size), size);
    }

    fn allocate_zeroed(&mut self, size: usize) {
        let pointer = alloc::allocate_zeroed(size);
        assert!(pointer.is_null() || Block::new(pointer, size, 0).is_zero());
        self.keep(pointer, size);
    }

    fn allocate_aligned(&mut self, align: usize, size: usize) {
        let pointer = alloc::allocate_aligned(align, size);
        assert!((pointer as usize).is_multiple_of(align));
        self.keep(pointer, size);
    }

    /// Changes the size of block `which`; where that is refused it stays as it is.
    fn reallocate(&mut self, which: usize, size: usize) {
        let Some(old) = self.blocks.get(which).copied() else { return };
        // SAFETY: a live block, not used after a success.
        let pointer = unsafe { realloc::reallocate(old.pointer(), size) };
        if !served(pointer) {
            self.refused += 1;
            assert!(old.has_ends_of(&old), "a refused realloc changed its block");
            return;
        }
        let moved = Block::new(pointer, size, old.tag);
        assert!(moved.has_ends_of(&old), "content lost by realloc");
        moved.fill_ends();
        self.blocks[which] = moved;
    }

    fn free(&mut self, which: usize) {
        let block = self.blocks.swap_remove(which);
        assert!(block.has_ends_of(&block), "content changed: {block:?}");
        // SAFETY: a live block, not used afterwards.
        unsafe { free::deallocate(block.pointer()) };
        assert_eq!(swap_errno(0), 0, "free changed errno");
    }

    fn free_every(&mut self, step: usize) {
        (0..self.blocks.len()).rev().step_by(step).for_each(|which| self.free(which));
    }

    /// Sizes of every path, one after the other.
    fn run_mixed(&mut self) {
        for round in 0..3 {
            [1, 40, 1000, 5000, 30_000, 64 * 1024].iter().for_each(|size| {
                (0..20).for_each(|at| self.allocate(size + round * 16 + at / 10));
                self.allocate_zeroed(*size);
            });
            [70_000, 300_000, 1 << 20].iter().for_each(|size| self.allocate(size + round));
            self.allocate_zeroed((1 << 20) + 4096 * round + 1);
            self.allocate_aligned(1 << 12, 100);
            self.allocate_aligned(1 << 21, 300_000);
            self.allocate_aligned(1 << 22, 5000);
            self.free_every(3);
        }
    }

    /// Many SuperSlabs and mappings, little of them touched.
    fn run_growth(&mut self) {
        (0..90).for_each(|at| self.allocate((1 << 20) - at * 64));
        (0..80).for_each(|at| self.allocate((1 << 20) + 5000 * (at + 1)));
    }

    /// A huge block and a span grow and shrink step by step, beside others.
    fn run_resizes(&mut self) {
        let (huge, span) = (self.blocks.len(), self.blocks.len() + 1);
        self.allocate(3 << 20);
        self.allocate(100_000);
        for step in 1..55 {
            self.reallocate(huge, (3 << 20) + step * 40_000);
            self.reallocate(huge, (3 << 20) + step * 40_000 + 20_000);
            self.reallocate(span, 66_000 + step * 20_000);
            self.reallocate(huge, (3 << 20) - step * 40_000);
        }
        self.reallocate(huge, 500);
        self.reallocate(span, 20_000);
        self.free_every(4);
    }

    /// Another thread frees half of the blocks and leaves some of its own.
    fn run_thread(&mut self) {
        let mut theirs = Workload { blocks: self.blocks.split_off(self.blocks.len() / 2), refused: 0 };
        let work = move || {
            theirs.free_every(1);
            (0..40).for_each(|at| theirs.allocate(at * 500));
            theirs
        };
        let left = std::thread::spawn(work).join().unwrap();
        swap_errno(0);
        self.blocks.extend(left.blocks);
        self.refused += left.refused;
    }

    fn run(&mut self) {
        swap_errno(0);
        self.run_mixed();
        self.run_growth();
        self.run_resizes();
        self.run_thread();
        self.run_mixed();
    }
}

/// A case: the workload under the plan, then much of it again without one, then nothing is left.
fn run_case(kind: Call, pass: u32, fail: u32) {
    fake::plan(kind, pass, fail);
    let mut workload = Workload::default();
    workload.run();
    fake::clear();
    assert_heap_is_sound(&workload);
    workload.refused = 0;
    workload.run_mixed();
    workload.run_growth();
    assert_eq!(workload.refused, 0, "refused though the system grants all");
    assert_heap_is_sound(&workload);
    workload.free_every(1);
    assert_heap_is_sound(&workload);
}

/// The counters agree with what the workload holds.
fn assert_heap_is_sound(workload: &Workload) {
    assert!(workload.blocks.iter().all(|block| block.has_ends_of(block)));
    // SAFETY: live blocks.
    let usable = |block: &Block| unsafe { free::usable_size(block.pointer()) } as u64;
    assert_eq!(heap_check::count_faults(), 0, "faults in the heap");
    let now = snapshot();
    bytes_add_up(&now).unwrap();
    assert_eq!(now.live_bytes, workload.blocks.iter().map(usable).sum::<u64>(), "live bytes");
}

/// All magazines there are, while the system refuses memory for more.
fn take_every_magazine() -> Vec<*mut Magazine> {
    fake::plan(Call::Protect, 0, u32::MAX);
    std::iter::from_fn(stock::obtain).collect()
}

/// Blocks freed by others while no magazine is to be had: none is lost, with a live owner, a sleeping
/// one, or none.
fn free_without_magazines() {
    let (to_owner, from_main) = channel::<()>();
    let owner = spawn(move || {
        let blocks: Vec<_> = (0..300).map(|at| alloc::allocate(100 + at) as usize).collect();
        from_main.recv().unwrap();
        blocks
    });
    // this thread has a heap of its own before the owner's is to be had
    let own = alloc::allocate(48);
    to_owner.send(()).unwrap();
    let left = owner.join().unwrap();
    let (to_sleeper, wake_up) = channel::<()>();
    let (hand_over, taken_over) = channel();
    let sleeper = spawn(move || {
        hand_over.send((0..300).map(|at| alloc::allocate(100 + at) as usize).collect::<Vec<_>>()).unwrap();
        wake_up.recv().unwrap();
    });
    let of_sleeper = taken_over.recv().unwrap();
    let magazines = take_every_magazine();
    for block in of_sleeper.into_iter().chain(left) {
        // SAFETY: a live block, not used afterwards
        unsafe { free::deallocate(block as *mut u8) };
    }
    fake::clear();
    // SAFETY: obtained above, and empty
    magazines.into_iter().for_each(|magazine| unsafe { stock::recycle(magazine) });
    // SAFETY: as above
    unsafe { free::deallocate(own) };
    assert!(snapshot().stray_blocks >= 600, "{} blocks without a magazine", snapshot().stray_blocks);
    to_sleeper.send(()).unwrap();
    sleeper.join().unwrap();
    assert_eq!(heap_check::count_faults(), 0);
    let now = snapshot();
    bytes_add_up(&now).unwrap();
    assert_eq!(now.live_bytes, 0);
    assert!(now.classes.iter().skip(4).all(|class| class.blocks_out == 0), "a block did not come home");
}

#[test]
fn blocks_come_home_without_magazines() {
    in_child(DEFAULT, free_without_magazines).unwrap();
}

/// Every case of a kind: the Nth call is refused, or all from the Nth on.
fn refuse(kind: Call) {
    let mut failures = vec![];
    for (options, cases) in [(EAGER, CASES), (DEFAULT, DEFAULT_CASES)] {
        for (pass, fail) in (0..cases).flat_map(|pass| [(pass, 1), (pass, u32::MAX)]) {
            if let Err(why) = in_child(options, || run_case(kind, pass, fail)) {
                failures.push(format!("{kind:?} pass {pass} fail {fail} options {}: {why}", options.len()));
            }
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn mmap_is_refused() {
    refuse(Call::Map);
}

#[test]
fn munmap_is_refused() {
    refuse(Call::Unmap);
}

#[test]
fn mprotect_is_refused() {
    refuse(Call::Protect);
}

#[test]
fn madvise_is_refused() {
    refuse(Call::Advise);
}

#[test]
fn mremap_is_refused() {
    refuse(Call::Remap);
}

/// The workload is served when nothing is refused, and makes enough calls of each kind for the
/// cases to mean something.
#[test]
fn the_workload_makes_calls_of_every_kind() {
    let case = || {
        let mut workload = Workload::default();
        workload.run();
        assert_eq!(workload.refused, 0);
        let [mmap, munmap, mprotect, madvise, mremap, ..] = snapshot().system_calls;
        let calls = [mmap, munmap, mprotect, madvise, mremap];
        assert!(calls.iter().all(|count| *count >= u64::from(CASES)), "{calls:?}");
    };
    in_child(EAGER, case).unwrap();
}

/// The judge of the cases is not blind: a panic and a signal both come back.
#[test]
fn a_child_that_fails_is_noticed() {
    assert!(in_child(DEFAULT, || {}).is_ok());
    let panics: Box<dyn Any + Send> = Box::new("on purpose");
    assert!(in_child(DEFAULT, move || std::panic::resume_unwind(panics)).is_err());
    // SAFETY: ends the child.
    assert!(in_child(DEFAULT, || unsafe { libc::abort() }).is_err());
}
