//! Slabs: a run of slots cut into blocks of one class, owned by one heap.
//!
//! Slab states, who may change them, and what orders the change for others. The claimed word of the
//! SuperSlab is the truth for UNUSED, membership of a stack of EMPTY runs for EMPTY. ATTACHED and
//! DETACHED are where a slab stands in its owner's [`set::SlabSet`] (listed there when it has a free
//! block); ABANDONED is DETACHED in a heap without an owner.
//!
//! | from | to | by | where | ordered by |
//! |---|---|---|---|---|
//! | UNUSED | ATTACHED | a claim (stages 2, 3) | `shared_pool/unused.rs` | `[CLAIM]`: acquires the last `[UNCLAIM]` of the claimed word |
//! | EMPTY | ATTACHED | a pop (stages 1, 1b), or a join | `shared_pool/empty.rs`, `empty_of_heaps.rs`, `join.rs` | `[POP]`: acquires the `[PUSH]` |
//! | ATTACHED | DETACHED | the set's tenant | [`set`] | the tenancy |
//! | DETACHED | ATTACHED | the set's tenant | [`set`] | the tenancy |
//! | ATTACHED, DETACHED | ABANDONED | park: the owner exits, or has given the heap to a visitor | `front_cache/bind.rs`, `visit.rs` | `[LEAVE]` releases, seqcst for `[PARK]` |
//! | ABANDONED | DETACHED | bind: a thread takes the parked heap whole | `front_cache/bind.rs` | `[ENTER]` acquires the `[LEAVE]` |
//! | ABANDONED | ATTACHED | adopt, by who borrows the parked heap and has its own | `shared_pool/adopt.rs` | `[ENTER]` and `[LEAVE]` of the borrowed heap |
//! | DETACHED | ATTACHED | adopt from an owner that rests, by who visits its heap and has its own | `front_cache/surplus.rs` | `[ENTER]` and `[LEAVE]` of the visited heap |
//! | DETACHED, ABANDONED | EMPTY | whoever returns the last block as the set's tenant | `shared_pool/release.rs` | `[PUSH]` releases |
//! | ATTACHED | EMPTY | the set's tenant, all blocks in it: park; a flush of a class that falls or is idle | `front_cache/bind.rs`, `flush.rs` | `[PUSH]` releases |
//! | ATTACHED | UNUSED | park, with no room below the retention limit | `shared_pool/release.rs` | `[UNCLAIM]` releases |
//! | EMPTY | UNUSED | purge, of runs that it has detached | `shared_pool/purge.rs` | `[POP]`, then `[UNCLAIM]` |
//! | any but EMPTY, UNUSED | DETACHED | the child of a fork, in a torn heap | `front_cache/orphan.rs` | there is one thread |
//! | claimed, on no stack and in no heap | UNUSED | the child of a fork, whose maker does not exist there | `shared_pool/recover.rs` | there is one thread |
//!
//! With `HAKMEM_STAGE1=0` nothing becomes EMPTY: what is said of it goes for UNUSED, by `[UNCLAIM]`.
//!
//! A slab's fields are plain memory: they belong to the tenant of its set (see
//! `sync/tenancy.rs`), be that the owner, a visitor or a borrower: acquired by `[ENTER]`, released by
//! `[LEAVE]`. Remote frees never touch them; they travel in batches and are settled by a tenant.

pub mod directory;
mod fall;
pub mod owned;
pub mod set;
pub mod shared;
