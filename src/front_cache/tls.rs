//! The one thread-local word: the address of the thread's heap.
//!
//! Initial-exec TLS in eight bytes of `.tdata`, declared and read by assembly, because
//! `thread_local!` in a cdylib is general-dynamic: a call for each use, and one that may allocate.
//! A new thread's word leads to [`FRESH`], a heap whose bins have nothing and take nothing and
//! whose view covers no address, so that the fast paths need no check for a missing heap.
#![allow(unsafe_code)] // assembly, and statics read by pointer

use super::heap::Heap;
use core::arch::{asm, global_asm};
use core::mem::MaybeUninit;

/// Stands in for a heap: bytes of zero, which the fast paths read and nothing writes, so that they take no memory. Each
/// bin has nothing and takes nothing, every size is of the first class, and the view covers no address.
pub struct Shim(#[allow(dead_code, reason = "read as a heap")] MaybeUninit<Heap>);

// SAFETY: [I-HEAP] nobody writes; references are made to view, bins and outbox only, for which zero bytes are valid.
unsafe impl Sync for Shim {}

/// What a thread has before its first slow path.
pub static FRESH: Shim = Shim(MaybeUninit::zeroed());
/// What a thread has after its exit destructor: every call is served by a borrowed heap.
pub static EXITED: Shim = Shim(MaybeUninit::zeroed());

global_asm!(
    ".pushsection .tdata.hakmem,\"awT\",@progbits",
    ".p2align 3",
    ".globl hakmem_thread_heap",
    ".hidden hakmem_thread_heap",
    ".type hakmem_thread_heap,@object",
    ".size hakmem_thread_heap,8",
    "hakmem_thread_heap:",
    ".quad {fresh}",
    ".popsection",
    fresh = sym FRESH,
);

/// The heap of the calling thread: its own, or one of the two shims.
#[inline(always)]
pub fn current() -> *mut Heap {
    let heap: *mut Heap;
    // SAFETY: reads the thread's own word; the linker fills the offset in.
    unsafe {
        asm!("mov {0}, qword ptr [rip + hakmem_thread_heap@GOTTPOFF]",
            "mov {0}, qword ptr fs:[{0}]",
            out(reg) heap, options(pure, readonly, nostack, preserves_flags));
    }
    heap
}

/// Makes `heap` the heap of the calling thread.
pub fn set_current(heap: *mut Heap) {
    // SAFETY: writes the thread's own word.
    unsafe {
        asm!("mov {0}, qword ptr [rip + hakmem_thread_heap@GOTTPOFF]",
            "mov qword ptr fs:[{0}], {1}",
            out(reg) _, in(reg) heap, options(nostack, preserves_flags));
    }
}

/// Whether `heap` is a shim.
#[inline]
pub fn is_shim(heap: *mut Heap) -> bool {
    heap == fresh() || heap == exited()
}

/// The shim of a thread that has not begun.
#[inline]
pub fn fresh() -> *mut Heap {
    (&raw const FRESH).cast_mut().cast()
}

/// The shim of a thread that has ended.
#[inline]
pub fn exited() -> *mut Heap {
    (&raw const EXITED).cast_mut().cast()
}
