//! git: a repository made on the spot with fixed dates, cloned, packed, checked.

use crate::harness::plan::Plan;
use crate::harness::run::Run;
use crate::harness::served::{Importer, malloc_of};

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    const GIT: &[Importer] = &[malloc_of("git")];
    vec![Plan::threaded("git/clone_gc_fsck", GIT, clone_gc_fsck)]
}

fn clone_gc_fsck(run: &mut Run) -> Result<(), String> {
    run.bring("git_history.sh")?;
    let mut bash = run.command("bash")?;
    bash.arg("git_history.sh");
    run.observe("history", bash)?;
    run.record_file("single.tar")?;
    run.record_file("log.patch")
}
