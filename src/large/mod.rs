//! Requests above the size classes.
//!
//! ```text
//! span.rs       64 KiB to 1 MiB: runs of slots of the window; the shared pool caches them
//! huge.rs       above: mappings of their own, with room behind the block, resized by mremap beyond that
//! huge_page_use.rs  which of those may have huge pages
//! cache.rs      mappings that were freed and are still warm
//! recover.rs    what other threads had in their hands at a fork
//! registry.rs   from an address to its huge block
//! ```

pub mod cache;
pub mod huge;
mod huge_page_use;
pub mod recover;
pub mod registry;
pub mod span;
