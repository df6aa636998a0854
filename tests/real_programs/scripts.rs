//! Interpreters with one thread: perl, lua and bash, each with a script of its own.

use crate::harness::plan::Plan;
use crate::harness::run::Run;
use crate::harness::served::{Importer, malloc_of};

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    const PERL: &[Importer] = &[malloc_of("perl")];
    // Lua allocates through realloc only.
    const LUA: &[Importer] = &[Importer { object: "lua5.4", symbol: "realloc" }];
    const BASH: &[Importer] = &[malloc_of("bash"), malloc_of("sed"), malloc_of("sort")];
    vec![
        Plan::single("perl/text", PERL, perl),
        Plan::single("lua/tables", LUA, lua),
        Plan::single("bash/words", BASH, bash),
    ]
}

fn perl(run: &mut Run) -> Result<(), String> {
    let mut command = script(run, "perl", "perl_text.pl")?;
    // Fixes the order of hash keys, which perl randomises per process.
    command.env("PERL_HASH_SEED", "0").env("PERL_PERTURB_KEYS", "0");
    run.observe("perl", command).map(drop)
}

fn lua(run: &mut Run) -> Result<(), String> {
    let command = script(run, "lua5.4", "lua_tables.lua")?;
    run.observe("lua", command).map(drop)
}

fn bash(run: &mut Run) -> Result<(), String> {
    let command = script(run, "bash", "bash_words.sh")?;
    run.observe("bash", command)?;
    run.record_file("words.txt")
}

fn script(run: &Run, interpreter: &str, name: &str) -> Result<std::process::Command, String> {
    run.bring(name)?;
    let mut command = run.command(interpreter)?;
    command.arg(name);
    Ok(command)
}
