//! The only place that names atomics: `core`'s in every build, loom's under `cfg(loom)`, shuttle's
//! under `cfg(shuttle)`, and those of `observed` with the features `yield-injection`, which gives the
//! processor away around read-modify-writes, and `count-atomics`, which counts them ([`census`]).
//!
//! Beside them stand the lock-free building blocks that know nothing of the heap: a stack of
//! tagged indices, a queue emptied whole, the ownership word of a heap, and so on. Each stands with its loom
//! models; `exit_model` lets shuttle run them together. Counters (`counter`) order nothing,
//! nor does `interval`.
//!
//! What orders what. A comment beside an access names its edge by a label; `scripts/loom` checks that each label
//! stands here, with a file that has models.
//!
//! | labels | file | what is ordered |
//! |---|---|---|
//! | `[PUBLISH]` `[MADE]` `[POOL]` `[RESERVE]` `[HEADERS]` `[KEY]` `[RADIX]` `[HEAP]` | `published.rs` | what was made, by who reads the word or pointer that says so |
//! | `[DONE]` `[COMMITTED]` | `done_bits.rs` | commits, by who sees the bits of the slots |
//! | `[MARK]` | `watermark.rs` | work below a mark that rises |
//! | `[TABLE]` | `slot_table.rs` | where slots begin, by who sees that they are readable |
//! | `[HUGE]` | `record_entry.rs` | a huge block's record, by who finds it by address |
//! | `[CACHE]` | `record_place.rs` | a cached mapping, by who takes it |
//! | `[CLAIM]` `[UNCLAIM]` | `claim_word.rs` | slots of a SuperSlab, from who gives them back to who claims them |
//! | `[HINT]` | `hint_word.rs`, `hinted_stacks.rs` | a hint and the word that it is about: one of two threads sees the other |
//! | `[PUSH]` `[POP]` | `tagged_stack.rs` | EMPTY runs, magazines and records, from who pushes to who pops |
//! | `[POST]` `[TAKE]` | `batch_queue.rs` | remote frees, from who posts a batch to who drains the queue |
//! | `[ENTER]` `[LEAVE]` `[PARK]` | `tenancy.rs`, its models in `tenancy/models.rs` | what belongs to the tenant of a heap; a poster and a parker: one of the two sees the other |
//! | `[WANTED]` | `id_set.rs` | what was noted before a number was inserted, by who removes it |
//! | `[ENTRY]` | `entry_word.rs` | frees of one run: one of them owns it |
//! | `[SETTLE]` | `settled.rs` | options and the identity of stderr, by who sees that they are settled |
//! | `[INSIDE]` | `thread_place.rs` | what a thread does outside of its heap, for the child of a fork |
//! | `[RESIGN]` | `election.rs` | work that one thread at a time does |
//! | `[LOCK]` `[UNLOCK]` | `lock_word.rs` | what stands under the control lock |

#[cfg(not(any(loom, shuttle)))]
pub use core::sync::atomic::compiler_fence;
#[cfg(not(any(loom, shuttle, feature = "yield-injection", feature = "count-atomics")))]
pub use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(loom)]
pub use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(all(any(feature = "yield-injection", feature = "count-atomics"), not(any(loom, shuttle))))]
pub use observed::{AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(shuttle)]
pub use shuttle::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

pub mod batch_queue;
#[cfg(not(any(loom, shuttle)))]
pub mod census;
pub mod claim_word;
#[cfg(not(any(loom, shuttle)))]
pub mod counter;
pub mod done_bits;
pub mod election;
pub mod entry_word;
#[cfg(all(test, shuttle))]
mod exit_model;
pub mod hint_word;
pub mod hinted_stacks;
pub mod id_set;
pub mod interval;
pub mod lock_word;
#[cfg(all(any(feature = "yield-injection", feature = "count-atomics"), not(any(loom, shuttle))))]
pub mod observed;
pub mod published;
pub mod record_entry;
pub mod record_place;
pub mod settled;
pub mod slot_table;
pub mod tagged_stack;
pub mod tenancy;
pub mod thread_place;
pub mod watermark;
#[cfg(all(feature = "yield-injection", not(any(loom, shuttle))))]
pub mod yielding;

/// Declares a `new` that is `const` but under loom, whose atomics register themselves when made.
macro_rules! const_new {
    ($(#[$meta:meta])* $vis:vis fn new() -> Self $body:block) => {
        $(#[$meta])*
        #[cfg(not(loom))]
        $vis const fn new() -> Self $body
        $(#[$meta])*
        #[cfg(loom)]
        $vis fn new() -> Self $body
    };
}
pub(crate) use const_new;
