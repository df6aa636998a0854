//! The mark that free leaves in the second word of a block, so that a second free is suspected.
//!
//! | mark | left by | becomes |
//! |---|---|---|
//! | local, `secret ^ address` | a free of the owner's | cleared by malloc |
//! | remote, its complement | a free of another thread's | local, when the owner's queue is drained |
//!
//! A drain that finds the local mark in a block looks for the block among the free ones: two threads
//! that free one block at the same time cannot see each other, but their batches meet there. (Blocks
//! that their owner posts one by one arrive with the local mark as well.) A mark is only a suspicion, since
//! memory may be copied; see `front_cache/confirm.rs`.
#![allow(unsafe_code)] // writes into blocks

use crate::os;

/// The mark of a free by the owner.
#[inline(always)]
pub fn local(secret: u64, block: *mut u8) -> u64 {
    secret ^ block as u64
}

/// # Safety
/// `block` has at least 16 bytes.
#[inline(always)]
unsafe fn word(block: *mut u8) -> *mut u64 {
    // SAFETY: the caller's promise.
    unsafe { block.cast::<u64>().add(1) }
}

/// Whether a block carries either mark.
///
/// # Safety
/// `block` has at least 16 readable bytes.
pub unsafe fn is_marked(block: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { is_marked_with(os::process_secret(), block) }
}

/// The same for who has the secret at hand.
///
/// # Safety
/// As for [`is_marked`].
#[inline(always)]
pub unsafe fn is_marked_with(secret: u64, block: *mut u8) -> bool {
    let mark = local(secret, block);
    // SAFETY: the caller's promise.
    let found = unsafe { word(block).read() };
    found == mark || found == !mark
}

/// Whether a block carries the local mark.
///
/// # Safety
/// As for [`is_marked`].
pub unsafe fn is_local(block: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { word(block).read() == local(os::process_secret(), block) }
}

/// Leaves the local mark.
///
/// # Safety
/// `block` has at least 16 bytes and is being freed.
pub unsafe fn leave_local(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { word(block).write(local(os::process_secret(), block)) }
}

/// Leaves the remote mark.
///
/// # Safety
/// As for [`leave_local`].
pub unsafe fn leave_remote(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { leave_remote_with(os::process_secret(), block) }
}

/// The same for who has the secret at hand.
///
/// # Safety
/// As for [`leave_local`].
#[inline(always)]
pub unsafe fn leave_remote_with(secret: u64, block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { word(block).write(!local(secret, block)) }
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
