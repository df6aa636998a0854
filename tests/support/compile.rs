//! Compiling a test program, once for each change of its source or its command line.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A lock for each result, so that two runs of one program do not both compile it.
static IN_WORK: Mutex<Option<HashMap<PathBuf, Arc<Mutex<()>>>>> = Mutex::new(None);

/// What is made of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A program.
    Program,
    /// A shared library that a program loads.
    Plugin,
}

/// Flags for every program: warnings are shown when the compiler fails, and no call of malloc or
/// free is optimised on the grounds of what the standard says it does.
const COMMON_FLAGS: &[&str] =
    &["-O1", "-g", "-fno-builtin", "-pthread", "-Wall", "-Wextra", "-Wno-alloc-size-larger-than"];

/// Compiles `source` (C11 for `.c`, C++17 for `.cc`) into `out_dir` with `flags` after the common
/// ones, unless the result there is newer than the source and `check.h` and was made by the same
/// command. Gives the path of the result; the error is what the compiler said.
pub fn compile(source: &Path, out_dir: &Path, flags: &[String], kind: Kind) -> Result<PathBuf, String> {
    let output = output_path(source, out_dir, kind);
    let lock = lock_of(&output);
    let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = compiler(source);
    command.args(COMMON_FLAGS).args(flags);
    if kind == Kind::Plugin {
        command.args(["-shared", "-fPIC"]);
    }
    command.arg(source).arg("-o").arg(&output);

    let stamp = output.with_extension("command");
    let line = format!("{command:?}");
    if is_fresh(&output, source) && fs::read_to_string(&stamp).is_ok_and(|made_by| made_by == line) {
        return Ok(output);
    }
    fs::create_dir_all(out_dir).map_err(|error| format!("{}: {error}", out_dir.display()))?;
    let made = command.output().map_err(|error| format!("{line}: {error}"))?;
    if !made.status.success() {
        return Err(format!("{line}\n{}", String::from_utf8_lossy(&made.stderr)));
    }
    fs::write(&stamp, line).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(output)
}

/// The lock of one result.
fn lock_of(output: &Path) -> Arc<Mutex<()>> {
    let mut locks = IN_WORK.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(locks.get_or_insert_default().entry(output.to_path_buf()).or_default())
}

/// The compiler for the source's language; `CC` and `CXX` name another one.
fn compiler(source: &Path) -> Command {
    let is_cxx = source.extension().is_some_and(|extension| extension == "cc");
    let (variable, usual, standard) = if is_cxx { ("CXX", "c++", "-std=gnu++17") } else { ("CC", "cc", "-std=gnu11") };
    let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| usual.into()));
    command.arg(standard);
    command
}

fn output_path(source: &Path, out_dir: &Path, kind: Kind) -> PathBuf {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    out_dir.join(match kind {
        Kind::Program => stem.into_owned(),
        Kind::Plugin => format!("{stem}.so"),
    })
}

/// Whether the result is newer than its source and the header beside or above it.
fn is_fresh(output: &Path, source: &Path) -> bool {
    let headers = source.ancestors().skip(1).take(2).map(|folder| folder.join("check.h"));
    let newest = headers.chain([source.to_path_buf()]).filter_map(|file| modified(&file)).max();
    matches!((modified(output), newest), (Some(made), Some(newest)) if made > newest)
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}
