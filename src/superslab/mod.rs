//! The window of the heap: addresses, the slot table, SuperSlab headers, and the metadata pool.
//!
//! ```text
//!   | ... metadata pool | slot table | window of SuperSlabs ... |
//! ```
//!
//! [`reservation`] says where all of it is; [`registry`] finds an address's slot, entry word and
//! header; [`header`] is the atomic state of a SuperSlab's slots; [`extent`] makes new SuperSlabs;
//! [`pool`] hands out metadata that is never given back, the headers among it; [`huge_pages`] advises
//! the system.

pub mod extent;
pub mod header;
pub mod huge_pages;
pub mod pool;
pub mod registry;
pub mod reservation;
