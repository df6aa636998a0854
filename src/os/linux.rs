//! Linux on x86-64: raw system calls, the auxiliary vector, the vdso clock.
#![allow(unsafe_code)] // every system call is unsafe to make

use super::Errno;
use crate::sync::{AtomicU64, AtomicUsize, Ordering};
use core::arch::asm;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
compile_error!("hakmem runs on x86-64 Linux with glibc: its TLS access and system calls are written for it");

/// Protection of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// No access.
    None,
    /// Read and write.
    ReadWrite,
}

/// One system call with up to six arguments.
///
/// # Safety
/// The kernel does what the number and arguments say; the caller answers for it.
#[inline]
unsafe fn syscall(number: libc::c_long, a: [usize; 6]) -> Result<usize, Errno> {
    let ret: isize;
    // SAFETY: the x86-64 system call convention: rcx and r11 are clobbered, no stack is used.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => ret,
            in("rdi") a[0], in("rsi") a[1], in("rdx") a[2], in("r10") a[3], in("r8") a[4], in("r9") a[5],
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    if (-4095..0).contains(&ret) { Err(Errno(-ret as i32)) } else { Ok(ret as usize) }
}

/// A mapping at `place` and nowhere else, or where the system likes.
pub(super) fn mmap(place: Option<usize>, bytes: usize, protection: Protection) -> Result<usize, Errno> {
    let prot = match protection {
        Protection::None => libc::PROT_NONE,
        Protection::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
    };
    // a reservation promises no memory; a mapping of its own is charged like any other
    let reserve = if protection == Protection::None { libc::MAP_NORESERVE } else { 0 };
    let flags =
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | reserve | if place.is_some() { libc::MAP_FIXED_NOREPLACE } else { 0 };
    // SAFETY: an anonymous mapping that replaces nothing.
    unsafe { syscall(libc::SYS_mmap, [place.unwrap_or(0), bytes, prot as usize, flags as usize, usize::MAX, 0]) }
}

/// # Safety
/// As for `os::unmap_checked`.
pub(super) unsafe fn munmap(address: usize, bytes: usize) -> Result<usize, Errno> {
    // SAFETY: the caller's promise.
    unsafe { syscall(libc::SYS_munmap, [address, bytes, 0, 0, 0, 0]) }
}

/// # Safety
/// As for `os::resize_in_place` and `os::move_pages`.
pub(super) unsafe fn mremap(address: usize, old: usize, new: usize, place: Option<usize>) -> Result<usize, Errno> {
    let flags = if place.is_some() { libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED } else { 0 };
    // SAFETY: the caller's promise.
    unsafe { syscall(libc::SYS_mremap, [address, old, new, flags as usize, place.unwrap_or(0), 0]) }
}

pub(super) fn mprotect(address: usize, bytes: usize) -> Result<usize, Errno> {
    let prot = (libc::PROT_READ | libc::PROT_WRITE) as usize;
    // SAFETY: makes our own reserved pages usable.
    unsafe { syscall(libc::SYS_mprotect, [address, bytes, prot, 0, 0, 0]) }
}

/// # Safety
/// The caller owns the pages; where the advice takes their content, as for `os::purge`.
pub(super) unsafe fn madvise(address: usize, bytes: usize, advice: i32) -> Result<usize, Errno> {
    // SAFETY: the caller's promise.
    unsafe { syscall(libc::SYS_madvise, [address, bytes, advice as usize, 0, 0, 0]) }
}

/// Sleeps while the word at `word` is `expected`, at most for `wait_ms`; may wake for no reason.
pub fn futex_wait(word: *const u32, expected: u32, wait_ms: u32) {
    super::counts::FUTEX.add();
    let op = (libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG) as usize;
    let time = libc::timespec { tv_sec: i64::from(wait_ms / 1000), tv_nsec: i64::from(wait_ms % 1000) * 1_000_000 };
    let arguments = [word as usize, op, expected as usize, (&raw const time) as usize, 0, 0];
    // SAFETY: time outlives the call; the word is only read, by the system, which checks its address.
    let _ = unsafe { syscall(libc::SYS_futex, arguments) };
}

/// Wakes one sleeper of the word at `word`.
pub fn futex_wake_one(word: *const u32) {
    super::counts::FUTEX.add();
    let op = (libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: the word is only used as an address.
    let _ = unsafe { syscall(libc::SYS_futex, [word as usize, op, 1, 0, 0, 0]) };
}

/// Lets another thread that is ready to run have this one's core, once.
pub fn yield_core() {
    super::counts::SCHED_YIELD.add();
    // SAFETY: no arguments.
    let _ = unsafe { syscall(libc::SYS_sched_yield, [0; 6]) };
}

/// The process id.
pub fn getpid() -> i32 {
    // SAFETY: no arguments.
    unsafe { syscall(libc::SYS_getpid, [0; 6]) }.unwrap_or(0) as i32
}

/// Opens the file of a NUL-terminated path for appending, creating it with mode 0644; a FIFO that nobody
/// reads is an error, not a wait.
pub fn open_for_append(path: &[u8]) -> Result<i32, Errno> {
    debug_assert_eq!(path.last(), Some(&0));
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_NONBLOCK | libc::O_CLOEXEC;
    let args = [libc::AT_FDCWD as usize, path.as_ptr() as usize, flags as usize, 0o644, 0, 0];
    // SAFETY: the path is NUL-terminated.
    unsafe { syscall(libc::SYS_openat, args) }.map(|fd| fd as i32)
}

/// Closes a descriptor that this crate opened.
pub fn close(fd: i32) {
    // SAFETY: a descriptor of our own.
    let _ = unsafe { syscall(libc::SYS_close, [fd as usize, 0, 0, 0, 0, 0]) };
}

/// Whether the byte at `address` can be read, without touching it from user space: the kernel
/// copies the new mask before it looks at the invalid `how`.
pub fn is_readable(address: usize) -> bool {
    if address < 4096 {
        return false; // a null mask would not be read at all
    }
    let args = [libc::c_int::MAX as usize, address & !7, 0, 8, 0, 0];
    // SAFETY: an invalid `how` changes nothing.
    !matches!(unsafe { syscall(libc::SYS_rt_sigprocmask, args) }, Err(Errno(libc::EFAULT)))
}

/// Whether the word at `address`, a multiple of 4, can be read and is not 0, without touching it from user space, whatever
/// others do with the page meanwhile. The kernel compares the word, and then wakes and moves none of the sleepers that may
/// wait for it. It brings the page first as any read would: where the program serves faults itself (userfaultfd) that is a wait
/// for the program.
pub fn is_readable_and_not_zero(address: usize) -> bool {
    super::counts::FUTEX.add();
    let op = (libc::FUTEX_CMP_REQUEUE | libc::FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: wakes and moves no one; the word is only read, by the system, which checks its address.
    matches!(unsafe { syscall(libc::SYS_futex, [address, op, 0, 0, address, 0]) }, Err(Errno(libc::EAGAIN)))
}

/// Does `work` while no signal can interrupt the calling thread: all are blocked, and the mask put back afterwards. If
/// the kernel refuses, the work is done all the same.
pub fn without_signals(work: impl FnOnce()) {
    let (all, mut before) = (u64::MAX, 0_u64);
    let args = [libc::SIG_SETMASK as usize, (&raw const all) as usize, (&raw mut before) as usize, 8, 0, 0];
    // SAFETY: the kernel reads the first mask and writes the second, eight bytes each.
    let is_blocked = unsafe { syscall(libc::SYS_rt_sigprocmask, args) }.is_ok();
    work();
    if is_blocked {
        let args = [libc::SIG_SETMASK as usize, (&raw const before) as usize, 0, 8, 0, 0];
        // SAFETY: as above; the mask is the one that was found.
        let _ = unsafe { syscall(libc::SYS_rt_sigprocmask, args) };
    }
}

/// Milliseconds of the coarse monotonic clock, wrapping after 49 days.
pub fn now_ms() -> u32 {
    let t = clock(libc::CLOCK_MONOTONIC_COARSE);
    (t.tv_sec as u32).wrapping_mul(1000).wrapping_add((t.tv_nsec / 1_000_000) as u32)
}

/// Nanoseconds of the monotonic clock.
pub(super) fn now_ns() -> u64 {
    let t = clock(libc::CLOCK_MONOTONIC);
    (t.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(t.tv_nsec as u64)
}

fn clock(id: libc::clockid_t) -> libc::timespec {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is writable; served by the vdso.
    unsafe { libc::clock_gettime(id, &mut t) };
    t
}

/// The page size in bytes.
#[inline]
pub fn page_bytes() -> usize {
    static PAGE: AtomicUsize = AtomicUsize::new(0);
    // relaxed: every racer stores the same value
    match PAGE.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: getauxval reads a vector that never changes.
            let bytes = unsafe { libc::getauxval(libc::AT_PAGESZ) } as usize;
            let bytes = if bytes.is_power_of_two() { bytes } else { 4096 };
            PAGE.store(bytes, Ordering::Relaxed);
            bytes
        }
        bytes => bytes,
    }
}

/// Eight random bytes that the kernel gave this process (AT_RANDOM), mixed so that the stack
/// protector's value cannot be read off them.
pub fn process_secret() -> u64 {
    static SECRET: AtomicU64 = AtomicU64::new(0);
    // relaxed: every racer stores the same value, which is never 0
    match SECRET.load(Ordering::Relaxed) {
        0 => {
            let secret = auxiliary_secret();
            SECRET.store(secret, Ordering::Relaxed);
            secret
        }
        secret => secret,
    }
}

fn auxiliary_secret() -> u64 {
    // SAFETY: AT_RANDOM, where there, points to 16 readable bytes.
    let bytes = unsafe {
        let at = libc::getauxval(libc::AT_RANDOM) as *const u64;
        if at.is_null() { 0x9e37_79b9_7f4a_7c15 } else { at.add(1).read_unaligned() }
    };
    let mut x = bytes ^ 0xd6e8_feb8_6659_fd93;
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ x >> 31) | 1
}

/// The smaller of the soft limits on address space and on data, in bytes; `None` where there is none.
pub fn memory_limit() -> Option<usize> {
    [libc::RLIMIT_AS, libc::RLIMIT_DATA].into_iter().filter_map(soft_limit).min()
}

fn soft_limit(resource: libc::__rlimit_resource_t) -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let args = [0, resource as usize, 0, &raw mut limit as usize, 0, 0];
    // SAFETY: the structure is writable.
    let got = unsafe { syscall(libc::SYS_prlimit64, args) };
    (got.is_ok() && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur as usize)
}

/// The stack pointer of the caller, about.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// The thread pointer: no other living thread has the same, none has 0; for a thread with a mapped stack, just above
/// that stack.
#[inline(always)]
pub fn thread_pointer() -> usize {
    let tp: usize;
    // SAFETY: the first word of the thread control block is its own address.
    unsafe { asm!("mov {}, fs:[0]", out(reg) tp, options(readonly, nostack, preserves_flags)) };
    tp
}
