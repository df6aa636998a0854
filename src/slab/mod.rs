//! Slabs: a run of slots cut into blocks of one class, owned by one heap.
//!
//! Slab states and who may change them (the slot's word is the truth for UNUSED, membership in a
//! stack of EMPTY runs for EMPTY, the owner's [`set::SlabSet`] for the rest):
//!
//! | from | to | by | where |
//! |---|---|---|---|
//! | UNUSED | ATTACHED | a claim | `shared_pool/unused.rs` |
//! | EMPTY | ATTACHED | a pop | `shared_pool/empty.rs` |
//! | ATTACHED | DETACHED (listed when it has a free block) | the set's tenant | [`set`] |
//! | DETACHED | ATTACHED | the set's tenant | [`set`] |
//! | ATTACHED, DETACHED | ABANDONED | park: the owner exits, or has given the heap to a visitor | `front_cache/bind.rs`, `visit.rs` |
//! | ABANDONED | ATTACHED | adopt, by who borrows the parked heap | `shared_pool/adopt.rs` |
//! | DETACHED, ABANDONED | EMPTY | whoever returns the last block as the set's tenant | `shared_pool/release.rs` |
//! | ATTACHED | EMPTY | park, when all of its blocks are in it | `front_cache/bind.rs` |
//! | ATTACHED | UNUSED | the same, with no room below the retention limit | `shared_pool/release.rs` |
//! | EMPTY | UNUSED | purge | `shared_pool/purge.rs` |
//!
//! A slab's fields are plain memory: they belong to the tenant of its set (see
//! `sync/tenancy.rs`), be that the owner, a visitor or a borrower. Remote frees never touch
//! them; they travel in batches and are settled by a tenant.

pub mod directory;
pub mod owned;
pub mod set;
pub mod shared;
