//! The mark that free leaves in the second word of a block, so that a second free is suspected.
//!
//! | mark | left by | becomes |
//! |---|---|---|
//! | local, `secret ^ address` | a free of the owner's | cleared by malloc |
//! | remote, the same but for its upper half | a free of another thread's | local, when the owner's queue is drained |
//!
//! Both have one lower half, so that the fast paths look for either with one comparison; by the upper half a drain tells
//! one from the other. A drain that finds the local mark in a block looks for the block among the free ones: two threads
//! that free one block at the same time cannot see each other, but their batches meet there. (Blocks
//! that their owner posts one by one arrive with the local mark as well.) A mark is only a suspicion, since
//! memory may be copied; see `front_cache/confirm.rs`.
#![allow(unsafe_code)] // writes into blocks

use crate::os;

/// What the remote mark differs in from the local one.
const REMOTE: u64 = !0 << u32::BITS;

const _: () = assert!(cfg!(target_endian = "little"), "is_suspect reads the half that both marks have in common");

/// The mark of a free by the owner.
#[inline(always)]
pub fn local(secret: u64, block: *mut u8) -> u64 {
    secret ^ block as u64
}

/// The mark of a free by another thread.
#[inline(always)]
pub fn remote(secret: u64, block: *mut u8) -> u64 {
    local(secret, block) ^ REMOTE
}

/// # Safety
/// `block` has at least 16 bytes.
#[inline(always)]
unsafe fn word(block: *mut u8) -> *mut u64 {
    // SAFETY: the caller's promise.
    unsafe { block.cast::<u64>().add(1) }
}

/// Whether a block may carry a mark, of which one is `mark`: one block in 2^32 does by chance. Ask [`is_marked`] then.
///
/// # Safety
/// `block` has at least 16 readable bytes.
#[inline(always)]
pub unsafe fn is_suspect(mark: u64, block: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { word(block).cast::<u32>().read() == mark as u32 }
}

/// Whether a block carries either mark.
///
/// # Safety
/// `block` has at least 16 readable bytes.
pub unsafe fn is_marked(block: *mut u8) -> bool {
    let mark = local(os::process_secret(), block);
    // SAFETY: the caller's promise.
    let found = unsafe { word(block).read() };
    found == mark || found == mark ^ REMOTE
}

/// Whether a block carries the local mark.
///
/// # Safety
/// As for [`is_marked`].
pub unsafe fn is_local(block: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { word(block).read() == local(os::process_secret(), block) }
}

/// Leaves a mark of the block's.
///
/// # Safety
/// `block` has at least 16 bytes and is being freed.
#[inline(always)]
pub unsafe fn leave(mark: u64, block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { word(block).write(mark) }
}

/// Leaves the local mark.
///
/// # Safety
/// As for [`leave`].
pub unsafe fn leave_local(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { leave(local(os::process_secret(), block), block) }
}

/// Leaves the remote mark.
///
/// # Safety
/// As for [`leave`].
pub unsafe fn leave_remote(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { leave(remote(os::process_secret(), block), block) }
}

/// Remote -> local, for a block that has arrived. `false`: the mark was local already, so the block
/// may be free twice.
///
/// # Safety
/// `block` came out of a batch, which alone holds it.
#[inline]
#[must_use]
pub unsafe fn receive(secret: u64, block: *mut u8) -> bool {
    let mark = local(secret, block);
    // SAFETY: the caller's promise.
    unsafe {
        let found = word(block).read();
        word(block).write(mark);
        found != mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_mark_is_suspect_and_only_a_whole_one_is_a_mark() {
        let mut memory = [0u64; 2];
        let block = memory.as_mut_ptr().cast::<u8>();
        let secret = os::process_secret();
        let (local, remote) = (local(secret, block), remote(secret, block));
        // SAFETY: 16 bytes of this function's own.
        unsafe {
            for (mark, is_of_owner) in [(local, true), (remote, false)] {
                leave(mark, block);
                assert!(is_suspect(local, block) && is_suspect(remote, block));
                assert!(is_marked(block) && is_local(block) == is_of_owner);
                assert_eq!((receive(secret, block), is_local(block)), (!is_of_owner, true));
            }
            leave(local ^ 1 << 40, block);
            assert!(is_suspect(local, block) && !is_marked(block));
            leave(local ^ 1, block);
            assert!(!is_suspect(local, block) && !is_suspect(remote, block) && !is_marked(block));
        }
    }
}
