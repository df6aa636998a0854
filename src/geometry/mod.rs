//! Sizes, classes and layout of the heap: constants and pure functions, no state, no unsafe code.
//!
//! Everything here can be evaluated at compile time; the relations the rest of the crate relies on
//! are stated as `const` assertions beside the numbers.

pub mod layout;
pub mod size_class;
pub mod units;

pub use layout::*;
pub use size_class::*;
pub use units::*;
