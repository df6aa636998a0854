//! Real programs under `LD_PRELOAD`: each runs the same work without and with
//! the library, has to produce the same, and has to be served by the library.
//!
//! The short form (default) makes one run without and two with the preload.
//! `HAKMEM_TEST_LONG=1` makes 20 with it for every threaded program.
//! `HAKMEM_LIB` names another library than target/release/libhakmem.so;
//! `HAKMEM_TEST_KEEP=1` keeps the temporary folders. Other `HAKMEM_*` variables
//! reach the programs under preload.

mod archives;
mod compilers;
mod ghostscript;
mod git;
mod harness;
mod java;
mod nginx;
mod node;
mod openssl;
mod python;
mod redis;
mod scripts;
mod sqlite;

use libtest_mimic::{Arguments, Trial};

/// Tests at the same time, unless the command line says otherwise: some sleep a lot.
const LANES: usize = 3;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(LANES);
    libtest_mimic::run(&arguments, trials()).exit();
}

/// All tests; those that sleep most come first, so that others fill their pauses.
fn trials() -> Vec<Trial> {
    let plans = [
        python::plans(),
        nginx::plans(),
        redis::plans(),
        sqlite::plans(),
        compilers::plans(),
        java::plans(),
        node::plans(),
        git::plans(),
        ghostscript::plans(),
        archives::plans(),
        openssl::plans(),
        scripts::plans(),
    ];
    let mut trials: Vec<Trial> = plans.into_iter().flatten().map(harness::plan::Plan::into_trial).collect();
    trials.extend(harness::self_test::trials());
    trials
}
