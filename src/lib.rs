//! hakmem: a malloc replacement for Linux.
//!
//! ```text
//! malloc -> alloc -> front_cache (bins) -> slab <- shared_pool <- superslab <- os
//! free   -> free  -> front_cache (bins) -> slab -> shared_pool
//!                 -> remote (outbox, queue of the owner)
//!                 -> large (spans, huge mappings)
//! ```
//!
//! The modules stand in layer order: each uses only those below it (`scripts/check-layers`).
//! docs/design.md walks through an allocation from the outside in.
//!
//! # Invariants
//!
//! The `SAFETY` comments cite these by name.
//!
//! | name | says |
//! |---|---|
//! | I-HEAP | heaps, once published, are never unmapped; an id stays with its heap |
//! | I-TENANT | the fields of a slab set and a depot are touched only by the tenant that `sync::tenancy` names; reports read the depot's counts, racing |
//! | I-SLAB | a slab's fields are touched only by the tenant of the set that its entry words name, or by whoever owns its run; a drain's look for a double free reads them, racing |
//! | I-BIN | `base..top` of a bin are initialised places of its magazine, `top..end` are free places; only the owner thread writes them, others read them as hints |
//! | I-OUTBOX | an outbox is touched only by the thread whose heap it stands in, and moves with it |
//! | I-MAGAZINE | a magazine belongs to whoever took its pointer out of a bin, depot, lane, queue or the recycling stack |
//! | I-STRAY | a freed block without a magazine belongs to the list it is linked in, then to who takes the list |
//! | I-POOL | pieces of the metadata pool are never unmapped, and keep their type |
//! | I-TABLE | table entries below the readable mark, and those of claimed runs, are committed |
//! | I-HEADER | the header of a SuperSlab that was made is committed, for ever |
//! | I-HUGE | an entry of the huge registry is 0 or the address of a record, which is never unmapped |
//! | I-RADIX | nodes of the huge registry are published once and never unmapped |
#![cfg_attr(not(test), no_std)]

// -- surface
#[cfg(not(loom))]
pub mod c_semantics;
#[cfg(not(loom))]
pub mod lifecycle;
#[cfg(not(loom))]
pub mod report;
#[cfg(not(loom))]
mod global;
#[cfg(not(loom))]
pub use global::Hakmem;
// -- the data path
#[cfg(not(loom))]
pub mod realloc;
#[cfg(not(loom))]
pub mod free;
#[cfg(not(loom))]
pub mod alloc;
#[cfg(not(loom))]
pub mod foreign;
#[cfg(not(loom))]
pub(crate) mod front_cache;
#[cfg(not(loom))]
pub mod large;
#[cfg(not(loom))]
pub mod remote;
#[cfg(not(loom))]
pub mod shared_pool;
#[cfg(not(loom))]
pub mod slab;
#[cfg(not(loom))]
pub mod magazine;
#[cfg(not(loom))]
pub mod mark;
#[cfg(not(loom))]
pub mod superslab;
// -- decisions and facts
#[cfg(not(loom))]
pub mod policy;
#[cfg(not(loom))]
pub mod stats;
// -- foundation
#[cfg(not(loom))]
pub mod os;
#[cfg(not(loom))]
pub mod config;
#[cfg(not(loom))]
pub mod fatal;
#[cfg(not(loom))]
pub mod text;
pub mod sync;
#[cfg(not(loom))]
pub mod geometry;
