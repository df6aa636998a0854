//! What the integration tests share: where the library is, how a C or C++ program is compiled,
//! run under it with a time-out, and what its header comment says must come out.

// each test binary takes the parts that it needs
#![allow(dead_code)]

pub mod compile;
pub mod header;
pub mod judge;
pub mod library;
pub mod pattern;
pub mod process;
