//! glibc's looks inside an allocator, in hakmem's terms; the numbers come from [`crate::report`].
//!
//! | member of mallinfo | hakmem's number |
//! |---|---|
//! | arena | committed bytes less those of huge blocks: uordblks + fordblks |
//! | ordblks | blocks that lie free in slabs or in front caches, of all classes |
//! | smblks, fsmblks | blocks, bytes in front caches and on their way between heaps |
//! | hblks | 0: huge blocks are counted by bytes only |
//! | hblkhd | bytes of huge blocks in the program's hands |
//! | usmblks | 0, as in glibc |
//! | uordblks | bytes of all other blocks in the program's hands |
//! | fordblks | the rest of arena: cached, warm and free |
//! | keepcost | bytes that malloc_trim could give back at once |

// a C stream is the caller's
#![allow(unsafe_code)]

use libc::{EINVAL, FILE, c_int, mallinfo, mallinfo2};

use crate::errno;
use crate::front_cache::elsewhere::Elsewhere;
use crate::front_cache::trim;
use crate::large;
use crate::report::{self, Arena};
use crate::stats::Snapshot;

/// The parameters of `mallopt` that are taken, though hakmem decides these things itself.
const TAKEN_PARAMETERS: [c_int; 5] =
    [libc::M_TRIM_THRESHOLD, libc::M_MMAP_THRESHOLD, libc::M_PERTURB, libc::M_ARENA_TEST, libc::M_ARENA_MAX];

/// The result of `mallopt`: 1 for the parameters that are taken, 0 for others.
pub fn mallopt(parameter: c_int) -> c_int {
    c_int::from(TAKEN_PARAMETERS.contains(&parameter))
}

/// `malloc_trim`: gives all unused memory back that can be; 1 if there was any, else 0. How much
/// should stay is not asked: the next request takes what it needs.
pub fn malloc_trim() -> c_int {
    let _elsewhere = Elsewhere::enter();
    let given_back_bytes = trim::trim_all() + large::cache::purge_all();
    c_int::from(given_back_bytes > 0)
}

/// `mallinfo2` of these counters.
pub fn mallinfo2_of(snapshot: &Snapshot) -> mallinfo2 {
    let arena = Arena::of(snapshot);
    mallinfo2 {
        arena: arena.bytes as usize,
        ordblks: arena.free_blocks as usize,
        smblks: arena.cached_blocks as usize,
        hblks: 0,
        hblkhd: snapshot.huge_live_bytes as usize,
        usmblks: 0,
        fsmblks: arena.cached_bytes as usize,
        uordblks: arena.live_bytes as usize,
        fordblks: arena.free_bytes as usize,
        keepcost: snapshot.warm_bytes as usize,
    }
}

/// `mallinfo` of these counters: what exceeds an int is the largest int.
pub fn mallinfo_of(snapshot: &Snapshot) -> mallinfo {
    let wide = mallinfo2_of(snapshot);
    mallinfo {
        arena: saturated(wide.arena),
        ordblks: saturated(wide.ordblks),
        smblks: saturated(wide.smblks),
        hblks: saturated(wide.hblks),
        hblkhd: saturated(wide.hblkhd),
        usmblks: saturated(wide.usmblks),
        fsmblks: saturated(wide.fsmblks),
        uordblks: saturated(wide.uordblks),
        fordblks: saturated(wide.fordblks),
        keepcost: saturated(wide.keepcost),
    }
}

fn saturated(number: usize) -> c_int {
    c_int::try_from(number).unwrap_or(c_int::MAX)
}

/// `malloc_info`: 0, or -1 with errno EINVAL for options other than 0, or with that of a failed
/// write.
///
/// The XML goes through fwrite, as the caller's stream may have no descriptor (open_memstream) or
/// hold text that must come first. fwrite may allocate: an ordinary call of malloc here, since the
/// counters were read before.
///
/// # Safety
///
/// `stream` is null or open for writing.
pub unsafe fn malloc_info(options: c_int, stream: *mut FILE) -> c_int {
    if options != 0 || stream.is_null() {
        errno::set(EINVAL);
        return -1;
    }
    let written = report::write_xml(&report::snapshot(), &mut |line| {
        // SAFETY: the caller's promise
        unsafe { libc::fwrite(line.as_ptr().cast(), 1, line.len(), stream) == line.len() }
    });
    if written { 0 } else { -1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_its_number() {
        let mut snapshot = report::snapshot();
        (snapshot.committed_bytes, snapshot.huge_live_bytes, snapshot.live_bytes) = (1000, 300, 500);
        (snapshot.front_cached_bytes, snapshot.warm_bytes) = (50, 100);
        for class in &mut snapshot.classes {
            (class.slabs, class.blocks_out, class.blocks_cached) = (0, 0, 0);
        }
        snapshot.classes[3].blocks_cached = 4;
        let info = mallinfo2_of(&snapshot);
        assert_eq!((info.arena, info.uordblks, info.fordblks), (700, 200, 500));
        assert_eq!((info.hblkhd, info.fsmblks, info.keepcost), (300, 50, 100));
        assert_eq!((info.ordblks, info.smblks, info.hblks, info.usmblks), (4, 4, 0, 0));
    }

    #[test]
    fn numbers_above_an_int_saturate() {
        let mut snapshot = report::snapshot();
        snapshot.committed_bytes = 1 << 40;
        snapshot.huge_live_bytes = c_int::MAX as u64;
        snapshot.live_bytes = snapshot.huge_live_bytes;
        let info = mallinfo_of(&snapshot);
        assert_eq!((info.arena, info.hblkhd, info.uordblks), (c_int::MAX, c_int::MAX, 0));
    }

    #[test]
    fn mallopt_takes_the_parameters_of_the_contract() {
        for parameter in [-1, -3, -6, -7, -8] {
            assert_eq!(mallopt(parameter), 1);
        }
        for parameter in [libc::M_MXFAST, libc::M_CHECK_ACTION, libc::M_TOP_PAD, 0, 99] {
            assert_eq!(mallopt(parameter), 0);
        }
    }

    #[test]
    fn malloc_info_refuses_options_and_a_null_stream() {
        for (options, stream) in [(1, 8 as *mut FILE), (0, core::ptr::null_mut())] {
            errno::set(0);
            // SAFETY: the stream is not touched
            unsafe {
                assert_eq!(malloc_info(options, stream), -1);
                assert_eq!(errno::get(), EINVAL);
            }
        }
    }
}
