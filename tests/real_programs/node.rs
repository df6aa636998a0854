//! node: worker threads, the thread pool (zlib, crypto, files), streams, buffers.

use crate::harness::plan::Plan;
use crate::harness::run::Run;
use crate::harness::served::{Importer, malloc_of};

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    // Debian keeps node in a library, other packages in the program.
    const NODE: &[Importer] = &[malloc_of("node|libnode.so.108")];
    vec![Plan::threaded("node/workers", NODE, workers)]
}

fn workers(run: &mut Run) -> Result<(), String> {
    run.bring("node_workers.js")?;
    let mut node = run.command("node")?;
    node.args(["--max-old-space-size=256", "--expose-gc", "node_workers.js"]);
    run.observe("workers", node)?;
    run.record_file("squeezed.gz")
}
