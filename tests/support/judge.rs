//! Comparing what a program did with what its header says.

use std::os::unix::process::ExitStatusExt;

use super::header::{Ending, Header, LineCount};
use super::pattern;
use super::process::Finished;

/// SIGABRT on Linux.
const SIGABRT: i32 = 6;

/// Checks one run. `variable` stands for `{var}` in patterns. The error says what is wrong and
/// shows the output.
pub fn judge(header: &Header, run: &Finished, variable: &str) -> Result<(), String> {
    check_ending(header, run)
        .and_then(|()| check_stderr(header, run, variable))
        .and_then(|()| check_stdout(header, run))
        .map_err(|why| format!("{why}\n--- stdout\n{}--- stderr\n{}", run.stdout, run.stderr))
}

fn check_ending(header: &Header, run: &Finished) -> Result<(), String> {
    let Some(status) = run.status else {
        return Err(format!("did not end within {:?}", header.timeout));
    };
    let as_expected = match header.ending {
        Ending::Exit(code) => status.code() == Some(code),
        Ending::Abort => status.signal() == Some(SIGABRT),
        Ending::Any => true,
    };
    if as_expected { Ok(()) } else { Err(format!("expected {:?}, got {status}", header.ending)) }
}

fn check_stderr(header: &Header, run: &Finished, variable: &str) -> Result<(), String> {
    let pointer = run.stdout.lines().last().unwrap_or("no pointer was printed");
    for group in &header.stderr {
        let wanted: Vec<String> =
            group.iter().map(|p| p.replace("{ptr}", pointer).replace("{var}", variable)).collect();
        if !any_line_matches(&wanted, &run.stderr) {
            return Err(format!("no line of stderr matches {wanted:?}"));
        }
    }
    let lines = run.stderr.lines().count();
    let wanted = match header.stderr_lines {
        LineCount::AsPatterns => header.stderr.len(),
        LineCount::Exactly(count) => count,
        LineCount::Any => lines,
    };
    if lines == wanted { Ok(()) } else { Err(format!("stderr has {lines} lines, expected {wanted}")) }
}

fn check_stdout(header: &Header, run: &Finished) -> Result<(), String> {
    for group in &header.stdout {
        if !any_line_matches(group, &run.stdout) {
            return Err(format!("no line of stdout matches {group:?}"));
        }
    }
    let names_pointer = header.stderr.iter().flatten().any(|p| p.contains("{ptr}"));
    let may_speak = names_pointer || !header.stdout.is_empty() || header.ending == Ending::Any;
    if may_speak || run.stdout.is_empty() { Ok(()) } else { Err("stdout is not empty".into()) }
}

fn any_line_matches(patterns: &[String], text: &str) -> bool {
    text.lines().any(|line| patterns.iter().any(|p| pattern::matches(p, line)))
}
