//! The window of the heap: addresses, the slot table, SuperSlab headers, and the metadata pool.
//!
//! ```text
//! one reservation:  | metadata pool | slot table | SuperSlab headers | window of SuperSlabs ... |
//! ```
//!
//! [`registry`] finds an address's slot, entry word and header; [`header`] is the atomic state of a
//! SuperSlab's slots; [`extent`] makes new SuperSlabs; [`pool`] hands out metadata that is never
//! given back.

pub mod extent;
pub mod header;
pub mod pool;
pub mod registry;
