//! gcc and g++: assembly, objects and linked programs must not differ by a byte.

use std::time::Duration;

use crate::harness::plan::Plan;
use crate::harness::run::Run;
use crate::harness::served::{Importer, malloc_of};

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    const GCC: &[Importer] = &[malloc_of("gcc"), malloc_of("cc1"), malloc_of("as"), malloc_of("ld")];
    const GXX: &[Importer] = &[malloc_of("g++"), malloc_of("cc1plus"), malloc_of("as")];
    const LTO: &[Importer] = &[malloc_of("lto1"), malloc_of("lto-wrapper")];
    let mut cxx = Plan::single("g++/templates", GXX, cxx);
    cxx.limit = Duration::from_secs(120);
    vec![cxx, Plan::single("gcc/interpreter", GCC, c), Plan::single("gcc/link_time", LTO, link_time)]
}

fn c(run: &mut Run) -> Result<(), String> {
    run.bring("interpreter.c")?;
    build(run, "gcc", &["-O2", "-g", "-Wall", "-Wextra", "-S", "interpreter.c"], "interpreter.s")?;
    build(run, "gcc", &["-O3", "-march=x86-64-v2", "-c", "interpreter.c"], "interpreter.o")?;
    build(run, "gcc", &["-O1", "-o", "interpreter", "interpreter.c"], "interpreter")?;
    run_built(run, "interpreter")
}

fn cxx(run: &mut Run) -> Result<(), String> {
    run.bring("templates.cc")?;
    build(run, "g++", &["-std=c++20", "-O2", "-S", "templates.cc"], "templates.s")?;
    build(run, "g++", &["-o", "templates", "templates.s"], "templates")?;
    run_built(run, "templates")
}

/// Link-time optimisation: the linker loads a plugin, which starts compilers.
fn link_time(run: &mut Run) -> Result<(), String> {
    run.bring("interpreter.c")?;
    let seed = "-frandom-seed=1";
    build(run, "gcc", &["-O2", "-flto", seed, "-c", "interpreter.c"], "interpreter.o")?;
    build(run, "gcc", &["-O2", "-flto=2", seed, "-o", "whole", "interpreter.o"], "whole")?;
    run_built(run, "whole")
}

/// Runs a compiler and records its messages and the file it makes.
fn build(run: &mut Run, compiler: &str, arguments: &[&str], output: &str) -> Result<(), String> {
    let mut command = run.command(compiler)?;
    command.args(arguments);
    let finished = run.succeed(command)?;
    run.record.add("messages", finished.stderr.as_bytes());
    run.record_file(output)
}

/// Runs what was compiled; it allocates through the preload as well.
fn run_built(run: &mut Run, name: &str) -> Result<(), String> {
    let mut command = run.command("env")?;
    command.arg(run.dir().join(name));
    run.observe(name, command).map(drop)
}
