//! javac compiling and java running a program with several threads.

use std::process::Command;

use crate::harness::plan::Plan;
use crate::harness::run::Run;
use crate::harness::served::{Importer, malloc_of};

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    const JAVA: &[Importer] = &[malloc_of("libjvm.so"), malloc_of("libjli.so")];
    vec![Plan::threaded("java/compile_and_run", JAVA, compile_and_run)]
}

fn compile_and_run(run: &mut Run) -> Result<(), String> {
    run.bring("Work.java")?;
    let mut javac = jvm(run, "javac", "-J")?;
    javac.args(["-d", "classes", "Work.java"]);
    run.observe("javac", javac)?;
    let classes = run.dir().join("classes");
    run.record.add_tree(&classes)?;
    for collector in ["-XX:+UseParallelGC", "-XX:+UseG1GC"] {
        let mut java = jvm(run, "java", "")?;
        java.args([collector, "-cp", "classes", "Work"]);
        run.observe(collector, java)?;
    }
    Ok(())
}

/// A small heap, two collector threads, and no file shared with other machines.
fn jvm(run: &Run, program: &str, prefix: &str) -> Result<Command, String> {
    let mut command = run.command(program)?;
    for option in ["-Xmx160m", "-XX:-UsePerfData", "-XX:ActiveProcessorCount=2"] {
        command.arg(format!("{prefix}{option}"));
    }
    Ok(command)
}
