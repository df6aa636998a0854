//! Blocks that arrive at a heap whose slab another heap has adopted meanwhile: on to that one, as
//! many of one owner as follow each other in one batch. They carry the remote mark on their way, as all that is
//! sent: the child of a fork tells by it what was sent already (`front_cache/orphan.rs`).
#![allow(unsafe_code)] // fills magazines by pointer

use super::outbox::{self, Posted};
use crate::geometry::CLASSES;
use crate::magazine::{Magazine, stock};
use crate::mark;
use crate::policy::MAGAZINE_BLOCKS;
use crate::slab::directory;
use crate::stats::POOL;
use core::ptr;

/// The batch being filled; posted by [`Forward::post`].
#[derive(Debug)]
pub(crate) struct Forward {
    owner: u32,
    bytes: usize,
    batch: *mut Magazine,
}

impl Forward {
    /// Nothing to forward yet.
    pub(crate) fn new() -> Self {
        Self { owner: 0, bytes: 0, batch: ptr::null_mut() }
    }

    /// Adds a block of `class` that belongs to `owner`.
    ///
    /// # Safety
    /// A free block of a slab of that class, which the caller gives away.
    #[cold]
    pub(crate) unsafe fn add(&mut self, owner: u32, class: usize, block: *mut u8) {
        // SAFETY: the caller's promise; blocks have at least 16 bytes.
        unsafe { mark::leave_remote(block) };
        if self.owner != owner {
            self.post();
            self.owner = owner;
        }
        if self.batch.is_null() {
            let Some(batch) = stock::obtain() else { return want(outbox::post_stray(owner, class, block)) };
            // SAFETY: [I-MAGAZINE] an obtained magazine belongs to the caller.
            unsafe { (*batch).clear(class as u8) };
            self.batch = batch;
        }
        // SAFETY: [I-MAGAZINE] this value's own.
        let batch = unsafe { &mut *self.batch };
        batch.push_of(class, block);
        self.bytes += CLASSES[class].bytes as usize;
        if batch.blocks().len() == MAGAZINE_BLOCKS {
            self.post();
        }
    }

    /// Posts what was added. Heaps that need help are wanted afterwards.
    pub(crate) fn post(&mut self) {
        let batch = core::mem::replace(&mut self.batch, ptr::null_mut());
        if batch.is_null() {
            return;
        }
        let bytes = core::mem::take(&mut self.bytes);
        // SAFETY: [I-MAGAZINE] this value's own, given away.
        unsafe {
            POOL.account_post_without_outbox((*batch).blocks().len(), bytes);
            want(outbox::post(self.owner, batch, bytes).0);
        }
    }
}

/// The caller is inside a heap, so that the visit has to wait until it has left.
fn want(posted: Posted) {
    if let Posted::OwnerNeedsHelp(owner) = posted {
        directory::want_visit(owner);
    }
}
