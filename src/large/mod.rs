//! Requests above the size classes.
//!
//! ```text
//! span.rs       64 KiB to 1 MiB: runs of slots of the window; the shared pool caches them
//! huge.rs       above: mappings of their own, with room behind the block, resized by mremap beyond that
//! density.rs    whether the program uses those from end to end, and so whether they may have huge pages
//! looks.rs      looks for that at blocks that the program has still
//! zero.rs       for calloc: zeros are written, or pages go back
//! cache.rs      mappings that were freed and are still warm
//! recover.rs    what other threads had in their hands at a fork
//! registry.rs   from an address to its huge block
//! ```

pub mod cache;
mod density;
pub mod huge;
mod looks;
pub mod recover;
pub mod registry;
pub mod span;
pub mod zero;
