//! Decisions: numbers in, a decision out. What is weighed against memory, time or
//! fairness stands here; what the layout fixes stands in `geometry`.

mod address_space;
mod caches;
mod giving_up;
mod large;
mod purge;
mod remote;
mod slabs;

pub use address_space::*;
pub use caches::*;
pub use giving_up::*;
pub use large::*;
pub use purge::*;
pub use remote::*;
pub use slabs::*;

/// A page of the system, on most of them.
pub const PAGE_BYTES: usize = 4 * crate::geometry::KIB;
