//! The end of a process that misused its heap: one function per kind of misuse, none returns.
//!
//! ```text
//! double_free, free_of_*, realloc_of_*, size_mismatch, ...
//!   -> die            puts the line together in a stack buffer
//!      -> write_fully write(2) to stderr, EINTR and short writes retried; stderr.rs says whether
//!      -> abort       SIGABRT as abort(3) sends it, then SIG_DFL and again, then ud2
//! ```
//!
//! Nothing here allocates, takes a lock, calls stdio or passes a cancellation point: system calls
//! go through `syscall(2)`, which is none. [`warn`] prints a line and returns; it keeps errno.

// system calls and the one instruction that cannot return
#![allow(unsafe_code)]

pub mod stderr;

use libc::{c_int, c_long};

use crate::errno;
use crate::sync::{AtomicU32, Ordering};
use crate::text::Line;

/// Bytes of the longest message; a longer one is cut, its newline is not.
pub const MESSAGE_BYTES: usize = 512;

/// A message on its way to stderr.
pub type Message = Line<MESSAGE_BYTES>;

/// The thread id of the thread that is aborting, 0 before that. Written by any dying thread, read
/// by the same: it only tells a nested death (in a SIGABRT handler) from a first one.
static DYING_THREAD: AtomicU32 = AtomicU32::new(0);

/// `free` of a block that is free already.
#[cold]
#[inline(never)]
pub fn double_free(ptr: usize) -> ! {
    die(message("double free of ").address(ptr))
}

/// `free` of an address in the window where nothing stands.
#[cold]
#[inline(never)]
pub fn free_of_no_block_start(ptr: usize) -> ! {
    die(message("invalid free of ").address(ptr).text(": not the start of a block"))
}

/// `free` of an address within a block, span or huge block, or behind the last block of a slab.
#[cold]
#[inline(never)]
pub fn free_of_interior(ptr: usize) -> ! {
    die(message("invalid free of ").address(ptr).text(": interior or misaligned pointer"))
}

/// `free` of memory that no allocator of this process gave out.
#[cold]
#[inline(never)]
pub fn free_of_foreign(ptr: usize) -> ! {
    die(message("invalid free of ").address(ptr).text(": not allocated by this process"))
}

/// `realloc` of a block that is free already.
#[cold]
#[inline(never)]
pub fn realloc_of_freed(ptr: usize) -> ! {
    die(message("invalid realloc of ").address(ptr).text(": already freed"))
}

/// `realloc` of an address in the window where nothing stands.
#[cold]
#[inline(never)]
pub fn realloc_of_no_block_start(ptr: usize) -> ! {
    die(message("invalid realloc of ").address(ptr).text(": not the start of a block"))
}

/// `realloc` of an address within a block, span or huge block.
#[cold]
#[inline(never)]
pub fn realloc_of_interior(ptr: usize) -> ! {
    die(message("invalid realloc of ").address(ptr).text(": interior or misaligned pointer"))
}

/// `realloc` of memory that no allocator of this process gave out.
#[cold]
#[inline(never)]
pub fn realloc_of_foreign(ptr: usize) -> ! {
    die(message("invalid realloc of ").address(ptr).text(": not allocated by this process"))
}

/// Hardened mode: a sized free whose size is not one that this block can have been asked for.
#[cold]
#[inline(never)]
pub fn size_mismatch(ptr: usize, given_bytes: usize, usable_bytes: usize) -> ! {
    die(message("size mismatch in sized free of ")
        .address(ptr)
        .text(": ")
        .decimal(given_bytes as u64)
        .text(" bytes given, the block has ")
        .decimal(usable_bytes as u64))
}

/// Hardened mode: a sized free whose alignment is none, or not that of the block.
#[cold]
#[inline(never)]
pub fn alignment_mismatch(ptr: usize, given_bytes: usize) -> ! {
    die(message("size mismatch in sized free of ").address(ptr).text(": not aligned to ").decimal(given_bytes as u64))
}

/// A throwing operator new is out of memory and no C++ runtime is there to throw.
#[cold]
#[inline(never)]
pub fn cannot_throw_bad_alloc() -> ! {
    die(message("out of memory in operator new: ").text("no C++ runtime in sight to throw std::bad_alloc"))
}

/// The allocator's own data contradict themselves: overwritten by the program, or a defect here.
#[cold]
#[inline(never)]
pub fn corrupted(what: &str, address: usize) -> ! {
    die(message("corrupted ").text(what).text(" at ").address(address))
}

/// A Rust panic inside the library, at `file:line`.
#[cold]
#[inline(never)]
pub fn panicked(file: &str, line: u32) -> ! {
    die(message("internal error at ").text(file).text(":").decimal(u64::from(line)))
}

/// A message that begins with the prefix of every message, then `start`.
#[must_use]
pub fn message(start: &str) -> Message {
    let mut line = Message::new();
    line.text("hakmem: ").text(start);
    line
}

/// Writes one line to stderr and returns. Keeps errno.
#[cold]
pub fn warn(line: &mut Message) {
    note(line.finish());
}

/// Writes a whole line to stderr, as long as stderr is what it was at load. Keeps errno.
#[cold]
pub fn note(line: &[u8]) {
    if stderr::takes_messages() {
        write_fully(libc::STDERR_FILENO, line);
    }
}

/// Writes all of `bytes` to `fd` by write(2), again after EINTR and after a short write. Gives
/// false when the descriptor takes no more (closed, full, a broken pipe). Keeps errno.
pub fn write_fully(fd: c_int, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        let address = rest.as_ptr() as c_long;
        // the kernel writes at most isize::MAX bytes, so no length is lost in the cast
        let written = raw_call(libc::SYS_write, [c_long::from(fd), address, rest.len() as c_long, 0]);
        match written {
            Ok(count) if count > 0 => rest = rest.get(count as usize..).unwrap_or(&[]),
            Err(libc::EINTR) => {}
            _ => return false,
        }
    }
    true
}

/// Prints the line and ends the process.
#[cold]
fn die(line: &mut Message) -> ! {
    if stderr::was_not_closed_at_load() {
        write_fully(libc::STDERR_FILENO, line.finish());
    }
    abort()
}

/// Ends the process by SIGABRT as abort(3) does, without its lock: the program's handler runs
/// once; when it returns, or ends here again, the default action follows.
#[cold]
pub fn abort() -> ! {
    let thread = raw_call(libc::SYS_gettid, [0; 4]).unwrap_or(0) as u32;
    // relaxed: a thread looks for its own earlier store only
    let nested = DYING_THREAD.swap(thread, Ordering::Relaxed) == thread;
    if !nested {
        send_abort_signal(thread);
    }
    reset_abort_action();
    send_abort_signal(thread);
    // SAFETY: an illegal instruction touches no memory and does not return
    unsafe { core::arch::asm!("ud2", options(noreturn, nomem, nostack)) }
}

/// Unblocks SIGABRT in this thread and sends it to this thread.
fn send_abort_signal(thread: u32) {
    let only_abort: u64 = 1 << (libc::SIGABRT - 1);
    let set = (&raw const only_abort) as c_long;
    let _ = raw_call(libc::SYS_rt_sigprocmask, [c_long::from(libc::SIG_UNBLOCK), set, 0, 8]);
    let process = raw_call(libc::SYS_getpid, [0; 4]).unwrap_or(0);
    let _ = raw_call(libc::SYS_tgkill, [process, c_long::from(thread), c_long::from(libc::SIGABRT), 0]);
}

/// Gives SIGABRT its default action.
fn reset_abort_action() {
    // the kernel's struct sigaction: handler (0 is SIG_DFL), flags, restorer, mask
    let default_action = [0_u64; 4];
    let action = (&raw const default_action) as c_long;
    let _ = raw_call(libc::SYS_rt_sigaction, [c_long::from(libc::SIGABRT), action, 0, 8]);
}

/// A system call by number that leaves errno as it was; the error is its number.
fn raw_call(number: c_long, arguments: [c_long; 4]) -> Result<c_long, c_int> {
    let [first, second, third, fourth] = arguments;
    errno::kept(|| {
        // SAFETY: the callers above pass numbers, and addresses of live objects of the right size.
        let result = unsafe { libc::syscall(number, first, second, third, fourth) };
        if result == -1 { Err(errno::get()) } else { Ok(result) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_prefix_and_the_pointer() {
        let mut line = message("double free of ");
        line.address(0x7f12_3450);
        assert_eq!(line.finish(), b"hakmem: double free of 0x7f123450\n");
    }

    #[test]
    fn a_closed_descriptor_is_reported_and_errno_stays() {
        errno::set(77);
        assert!(!write_fully(-1, b"lost"));
        assert_eq!(errno::get(), 77);
    }

    #[test]
    fn all_bytes_reach_a_pipe() {
        let mut ends = [0; 2];
        // SAFETY: pipe fills two descriptors, read fills the buffer given
        unsafe {
            assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
            assert!(write_fully(ends[1], b"one line\n"));
            let mut got = [0_u8; 32];
            let count = libc::read(ends[0], got.as_mut_ptr().cast(), got.len());
            assert_eq!(&got[..count as usize], b"one line\n");
            libc::close(ends[0]);
            libc::close(ends[1]);
        }
    }

    /// A child calls `end`; gives its wait status and what it wrote to stderr.
    fn in_child(end: fn()) -> (c_int, std::vec::Vec<u8>) {
        let mut ends = [0; 2];
        // SAFETY: the child only makes system calls before it ends; the parent owns the pipe
        unsafe {
            assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
            let child = libc::fork();
            if child == 0 {
                libc::dup2(ends[1], 2);
                end();
                libc::_exit(0);
            }
            libc::close(ends[1]);
            let mut status = 0;
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child); // then all it wrote is there
            let mut got = [0_u8; 2 * MESSAGE_BYTES];
            let count = libc::read(ends[0], got.as_mut_ptr().cast(), got.len());
            libc::close(ends[0]);
            (status, got[..count.max(0) as usize].to_vec())
        }
    }

    #[test]
    fn a_misuse_prints_its_line_and_dies_by_sigabrt() {
        let (status, text) = in_child(|| double_free(0x1230));
        assert_eq!(text, b"hakmem: double free of 0x1230\n");
        assert!(libc::WIFSIGNALED(status));
        assert_eq!(libc::WTERMSIG(status), libc::SIGABRT);
    }

    #[test]
    fn a_blocked_or_ignored_sigabrt_still_ends_the_process() {
        let (status, _) = in_child(|| {
            // SAFETY: only this child's signal state changes
            unsafe {
                libc::signal(libc::SIGABRT, libc::SIG_IGN);
                let mut all: libc::sigset_t = core::mem::zeroed();
                libc::sigfillset(&raw mut all);
                libc::sigprocmask(libc::SIG_BLOCK, &raw const all, core::ptr::null_mut());
            }
            free_of_foreign(0x10)
        });
        assert!(libc::WIFSIGNALED(status));
        assert_eq!(libc::WTERMSIG(status), libc::SIGABRT);
    }

    #[test]
    fn a_handler_that_misuses_the_heap_again_does_not_loop() {
        extern "C" fn handler(_: c_int) {
            double_free(0x20)
        }
        let (status, text) = in_child(|| {
            // SAFETY: only this child's signal state changes
            unsafe { libc::signal(libc::SIGABRT, handler as *const () as libc::sighandler_t) };
            double_free(0x10)
        });
        assert_eq!(text, b"hakmem: double free of 0x10\nhakmem: double free of 0x20\n");
        assert_eq!(libc::WTERMSIG(status), libc::SIGABRT);
    }
}
