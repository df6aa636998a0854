//! Remote frees: blocks freed by a thread whose heap does not own them.
//!
//! ```text
//! free::deallocate_slow -> front_cache::flush::remote
//!   -> outbox::Outbox::add               collects blocks of one owner in a lane, whose places are a magazine's
//!   -> outbox::post                      one compare-and-swap gives the batch to the owner's queue
//! owner's refill -> drain::drain         one exchange takes all batches
//!                -> depot                a batch of one class becomes a full magazine, unopened
//!                -> drain::settle        other blocks go back to their slabs
//!                   -> forward            or on to the heap that has adopted their slab
//! poster, when the owner is gone or its backlog is large -> front_cache::visit -> drain
//! ```
//!
//! A block's owner is looked up when the block is settled, not when it is posted: slabs may have
//! been adopted by another heap in between, and blocks of such slabs are forwarded.
//!
//! Where metadata memory is out and no magazine can be had, a block travels alone, linked through its
//! own first word (`HeapShared::strays`): none is ever lost.

pub mod drain;
pub mod forward;
mod lane;
pub mod outbox;
