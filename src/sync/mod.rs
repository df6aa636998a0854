//! The only place that names atomics: `core`'s in every build, loom's under `cfg(loom)`.
//!
//! Beside them stand the lock-free building blocks that know nothing of the heap: a stack of
//! tagged indices ([`tagged_stack`]), a queue emptied whole ([`batch_queue`]), the ownership word
//! of a heap ([`tenancy`]).

#[cfg(not(loom))]
pub use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
};
#[cfg(loom)]
pub use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

pub mod batch_queue;
#[cfg(not(loom))]
pub mod counter;
#[cfg(all(test, loom))]
mod hint_model;
pub mod tagged_stack;
pub mod tenancy;

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
