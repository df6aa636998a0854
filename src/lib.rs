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
//! | I-SLAB | a slab's fields are touched only by the tenant of the set that its entry words name, or by whoever owns its run; a drain's look for a double free and the walk of the heap read them, racing (`slab::owned::seems_free`, `adopted_from`) |
//! | I-BIN | `base..top` of a bin are initialised places of its home or of the magazine it stands in, and a home belongs to one bin, `top..end` are free places; only the owner thread writes them (of an orphan, `front_cache::orphan`, the tenant), others read them as hints |
//! | I-OUTBOX | an outbox is touched only by the thread whose heap it stands in (of an orphan by the tenant), and moves with it; reports count what waits in it, and a suspected double free is looked for in it, racing |
//! | I-MAGAZINE | a magazine belongs to whoever took its pointer out of a bin, depot, lane, queue or the recycling stack |
//! | I-STRAY | a freed block without a magazine belongs to the list it is linked in, then to who takes the list |
//! | I-POOL | pieces of the metadata pool are never unmapped, and keep their type |
//! | I-TABLE | table entries below the readable mark, and those of claimed runs, are committed |
//! | I-HEADER | the header of a SuperSlab that was made is committed, for ever |
//! | I-HUGE | an entry of the huge registry is 0 or the address of a record, which is never unmapped |
//! | I-RANGE | memory of a run, a reservation or a mapping is purged, resized, moved or unmapped by its owner alone, and holds no live block's bytes then |
//! | I-RADIX | nodes of the huge registry are published once and never unmapped |
#![cfg_attr(not(test), no_std)]

// -- surface
#[cfg(not(any(loom, shuttle)))]
pub mod c_semantics;
#[cfg(not(any(loom, shuttle)))]
pub mod lifecycle;
#[cfg(not(any(loom, shuttle)))]
pub mod report;
#[cfg(not(any(loom, shuttle)))]
mod global;
#[cfg(not(any(loom, shuttle)))]
pub use global::Hakmem;
// -- the data path
#[cfg(not(any(loom, shuttle)))]
pub mod realloc;
#[cfg(not(any(loom, shuttle)))]
pub mod free;
#[cfg(not(any(loom, shuttle)))]
pub mod alloc;
#[cfg(not(any(loom, shuttle)))]
pub mod foreign;
#[cfg(not(any(loom, shuttle)))]
pub(crate) mod front_cache;
#[cfg(not(any(loom, shuttle)))]
pub mod large;
#[cfg(not(any(loom, shuttle)))]
pub mod remote;
#[cfg(not(any(loom, shuttle)))]
pub mod shared_pool;
#[cfg(not(any(loom, shuttle)))]
pub mod slab;
#[cfg(not(any(loom, shuttle)))]
pub mod magazine;
#[cfg(not(any(loom, shuttle)))]
pub mod mark;
#[cfg(not(any(loom, shuttle)))]
pub mod superslab;
// -- decisions and facts
#[cfg(not(any(loom, shuttle)))]
pub mod policy;
#[cfg(not(any(loom, shuttle)))]
pub mod stats;
// -- foundation
#[cfg(not(any(loom, shuttle)))]
pub mod os;
#[cfg(not(any(loom, shuttle)))]
pub mod config;
#[cfg(not(any(loom, shuttle)))]
pub mod fatal;
#[cfg(not(any(loom, shuttle)))]
pub mod errno;
#[cfg(not(any(loom, shuttle)))]
pub mod text;
pub mod sync;
#[cfg(not(any(loom, shuttle)))]
pub mod geometry;
#[cfg(not(any(loom, shuttle)))]
pub(crate) mod bits;
