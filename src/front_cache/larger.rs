//! A freed block of a class a little larger, in place of memory that no block of the class has lain in.
//!
//! Each class by itself holds as many blocks as were ever out of it at once, and classes do not reach their peaks
//! at the same moment: where few blocks of each class are in use, the sum is much more than what was ever in use.
//! So before a class takes memory that no block of it has lain in, be that fresh or warm, it looks into the bins of
//! the classes above it. The block stays one of its class; free finds that in the slot table as ever.
//!
//! Each such look costs a slow path, and a block of its own costs page faults once. So a class may be served so often
//! from above as one costs as much as the other, and is filled then: at worst both are paid, as who rents skis before
//! he buys them pays twice at most. A class that is short of blocks all the time soon has its own; one that is short
//! of them now and then has not.
//!
//! The idea of serving from the next larger bin that has something: Doug Lea's malloc, which splits what is left over.
#![allow(unsafe_code)] // takes a block out of a bin

use super::bin::Bin;
use super::heap::{Inside, fixed_refill_blocks};
use crate::config;
use crate::geometry::CLASSES;
use crate::policy;

/// A block of a larger class for one of `class`, whose bin is empty. `None`: there is none, or the class has what was in
/// use before itself, or it is to be filled now.
pub(super) fn take(inside: &mut Inside<'_>, class: usize) -> Option<*mut u8> {
    let bytes = CLASSES[class].bytes as usize;
    let allowed = policy::larger_blocks(bytes);
    if inside.front.bins[class].served_by_larger() >= allowed || has_own(inside, class) || is_ruled_out(bytes) {
        return None;
    }
    let lender = policy::larger_classes(class).find(|&larger| inside.front.bins[larger].offers_used_block())?;
    inside.front.bins[class].note_served_by_larger();
    inside.front.usage.note(lender);
    inside.set.shared().asked.add();
    inside.set.stats().served_by_larger.add();
    // SAFETY: [I-BIN] the thread's own bin.
    Some(unsafe { Bin::pop(&mut inside.front.bins[lender]) })
}

/// Whether the class has blocks that were used before, or some may be on their way.
fn has_own(inside: &mut Inside<'_>, class: usize) -> bool {
    inside.depot.blocks(class) > 0 || inside.set.has_used_blocks(class) || inside.set.shared().has_mail()
}

/// Sized frees are told the sizes of requests, and hardened mode compares those with the class; fixed counts of refills
/// mean every refill.
fn is_ruled_out(bytes: usize) -> bool {
    config::get().hardened() || fixed_refill_blocks(bytes) != 0
}
