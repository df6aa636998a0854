//! Which file stderr was when the library was loaded.
//!
//! A program may close its stderr, and the next file that it opens then has descriptor 2: a report
//! or a message must not land in there. So descriptor 2 is written to only while it is the file that
//! it was at the start. Only the last words of a process and what it asks for by a call of
//! malloc_stats may go to another file, as a daemon's log; also they to none if descriptor 2 was
//! closed at the start.

#![allow(unsafe_code)] // fstat(2)

use core::mem::MaybeUninit;

use crate::errno;
use crate::sync::settled::Settled;
use crate::sync::{AtomicU64, Ordering};

/// Device and inode of descriptor 2 at load; read only where `AT_LOAD` says that it was open.
static DEVICE: AtomicU64 = AtomicU64::new(0);
static INODE: AtomicU64 = AtomicU64::new(0);
/// 0 while nobody has looked: before the constructor.
static AT_LOAD: Settled = Settled::new();

const OPEN: u32 = 1;
const CLOSED: u32 = 2;

/// Remembers which file stderr is. Called by the constructor, before the program's own code.
pub fn remember() {
    let identity = identity_of(libc::STDERR_FILENO);
    let (device, inode) = identity.unwrap_or((0, 0));
    // relaxed, both: ordered by `AT_LOAD`
    DEVICE.store(device, Ordering::Relaxed);
    INODE.store(inode, Ordering::Relaxed);
    AT_LOAD.settle(if identity.is_some() { OPEN } else { CLOSED }); // [SETTLE]
}

/// Whether descriptor 2 is open and the file that it was at load. False if nobody looked then.
pub fn is_as_at_load() -> bool {
    AT_LOAD.get() == OPEN // [SETTLE]
        // relaxed, both: as above
        && identity_of(libc::STDERR_FILENO) == Some((DEVICE.load(Ordering::Relaxed), INODE.load(Ordering::Relaxed)))
}

/// Whether descriptor 2 may be stderr: anything but a file of the program that was opened because
/// there was no stderr.
pub fn was_not_closed_at_load() -> bool {
    AT_LOAD.peek() != CLOSED
}

/// Whether a message may be written that the program has not asked for; also before anybody looked.
pub(super) fn takes_messages() -> bool {
    AT_LOAD.peek() == 0 || is_as_at_load()
}

/// Device and inode of an open descriptor. Keeps errno.
fn identity_of(fd: i32) -> Option<(u64, u64)> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the kernel's struct stat is libc's on x86-64.
    let failed = errno::kept(|| unsafe { libc::syscall(libc::SYS_fstat, fd, status.as_mut_ptr()) });
    (failed == 0).then(|| {
        // SAFETY: it was filled in.
        let status = unsafe { status.assume_init() };
        (status.st_dev, status.st_ino)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_file_has_one_identity_by_whatever_descriptor() {
        let null = File::open("/dev/null").unwrap();
        let again = File::open("/dev/null").unwrap();
        let zero = File::open("/dev/zero").unwrap();
        assert!(identity_of(null.as_raw_fd()).is_some());
        assert_eq!(identity_of(null.as_raw_fd()), identity_of(again.as_raw_fd()));
        assert_ne!(identity_of(null.as_raw_fd()), identity_of(zero.as_raw_fd()));
    }

    #[test]
    fn a_closed_descriptor_has_none_and_errno_stays() {
        errno::set(77);
        assert_eq!(identity_of(-1), None);
        assert_eq!(errno::get(), 77);
    }

    /// The status of a forked child that runs `check` and exits 0 if it holds.
    fn holds_in_child(check: fn() -> bool) -> bool {
        // SAFETY: the child only makes system calls before it ends
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::_exit(i32::from(!check()));
            }
            let mut status = 0;
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
            status == 0
        }
    }

    /// Makes descriptor 2 what `path` opens.
    fn reopen_stderr(path: &core::ffi::CStr) {
        // SAFETY: descriptors of a forked child
        unsafe {
            libc::close(2);
            assert_eq!(libc::open(path.as_ptr(), libc::O_RDWR), 2);
        }
    }

    #[test]
    fn stderr_is_known_until_it_is_closed_or_another_file() {
        assert!(holds_in_child(|| {
            reopen_stderr(c"/dev/null");
            remember();
            let same = is_as_at_load();
            reopen_stderr(c"/dev/zero");
            let other = is_as_at_load();
            // SAFETY: a descriptor of this child
            unsafe { libc::close(2) };
            same && !other && !is_as_at_load() && !takes_messages() && was_not_closed_at_load()
        }));
    }

    #[test]
    fn what_takes_the_place_of_a_stderr_that_was_closed_at_load_is_not_stderr() {
        assert!(holds_in_child(|| {
            // SAFETY: a descriptor of this child
            unsafe { libc::close(2) };
            remember();
            reopen_stderr(c"/dev/null");
            !is_as_at_load() && !takes_messages() && !was_not_closed_at_load()
        }));
    }
}
