//! The machinery under the scenarios, bottom up:
//!
//! - `sandbox`: a temporary folder that goes away with its owner
//! - `inputs`: large inputs made on the spot, always the same
//! - `record`: what one run produced, and where two runs differ
//! - `process`: start a program, watch its deadline, stop its process group
//! - `served`: read the dynamic linker's log and prove which allocator served
//! - `run`: one execution of a scenario, with or without the preload
//! - `plan`: the runs that one test consists of
//! - `self_test`: tests that the machinery above can fail at all

pub mod inputs;
pub mod plan;
pub mod process;
pub mod record;
pub mod run;
pub mod sandbox;
pub mod self_test;
pub mod served;
