//! The only place that names atomics: `core`'s in every build, loom's under `cfg(loom)`, shuttle's
//! under `cfg(shuttle)`, and those of [`observed`] with the features `yield-injection`, which gives the
//! processor away around read-modify-writes, and `count-atomics`, which counts them ([`census`]).
//!
//! Beside them stand the lock-free building blocks that know nothing of the heap: a stack of
//! tagged indices ([`tagged_stack`]), a queue emptied whole ([`batch_queue`]), a set of numbers
//! ([`id_set`]), the claimed slots of a SuperSlab ([`claim_word`]), hints at what is to be had
//! ([`hint_word`]), marks that rise with the work done ([`watermark`]), the ownership word of a heap
//! ([`tenancy`]), work that one thread at a time does ([`election`]), counters (`counter`). Their loom
//! models stand with them; `exit_model` lets shuttle run them together.

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
#[cfg(all(test, shuttle))]
mod exit_model;
pub mod hint_word;
pub mod id_set;
pub mod lock_word;
#[cfg(all(any(feature = "yield-injection", feature = "count-atomics"), not(any(loom, shuttle))))]
pub mod observed;
pub mod published;
pub mod record_entry;
pub mod record_place;
pub mod slot_table;
pub mod tagged_stack;
pub mod tenancy;
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
