//! The header comment of a test program: what to build, how to run it, what must come out.
//!
//! The `//` lines at the top of the file are read up to the first other line. A line of the form
//! `// key: value` or a bare `// hakmem-only` is a directive when the key is one of these; all
//! other lines are prose.
//!
//! | directive | meaning |
//! |---|---|
//! | `expect: ok` | exit status 0 (the default) |
//! | `expect: exit N` | exit status N |
//! | `expect: abort "pattern" ...` | killed by SIGABRT; each pattern as with `expect-stderr` |
//! | `expect: no-hang` | ends within the time-out, in whatever way |
//! | `expect-stderr: "pattern" ...` | one of these patterns matches a line of stderr; may repeat |
//! | `expect-stderr-lines: N` | stderr has exactly N lines (`any` takes every number); without it: as many as there are `expect-stderr` and `expect: abort` directives with patterns |
//! | `expect-stdout: "pattern"` | one line of stdout matches; may repeat. Without it, and unless the patterns use `{ptr}`, stdout must be empty |
//! | `env: A=B C=D` | set for the program |
//! | `args: ...` | arguments, separated by blanks |
//! | `each-args: a b c` | one run for each word, appended to the arguments |
//! | `each-env: A=B C=D` | one run for each, set for the program |
//! | `flags: ...` | for the compiler |
//! | `plugin: file` | `plugins/file` is built as a shared library, `{plugin}` is its path |
//! | `preload: no` | the library is not preloaded (the program loads `{lib}` itself) |
//! | `hakmem-only` | not run under the C library's allocator |
//! | `repeat: N` | run N times |
//! | `timeout: N` | seconds, instead of 60 |
//!
//! In patterns `*` stands for any text, `{ptr}` for the last line that the program wrote to stdout
//! (see `say_pointer` in check.h), `{var}` for the name that `each-env` set; in arguments and
//! variables `{lib}` is the library's path, `{plugin}` the plugin's.

use std::time::Duration;

/// How a program must end.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// With this exit status.
    Exit(i32),
    /// Killed by SIGABRT.
    Abort,
    /// In any way, within the time-out.
    Any,
}

/// How many lines stderr must have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LineCount {
    /// As many as there are groups of patterns.
    AsPatterns,
    /// This many.
    Exactly(usize),
    /// Any number.
    Any,
}

/// What a header says. A group of patterns is a list of alternatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub ending: Ending,
    pub stderr: Vec<Vec<String>>,
    pub stderr_lines: LineCount,
    pub stdout: Vec<Vec<String>>,
    pub env: Vec<(String, String)>,
    pub each_env: Vec<(String, String)>,
    pub args: Vec<String>,
    pub each_args: Vec<String>,
    pub flags: Vec<String>,
    pub plugin: Option<String>,
    pub preload: bool,
    pub hakmem_only: bool,
    pub repeat: usize,
    pub timeout: Duration,
}

impl Default for Header {
    fn default() -> Self {
        Header {
            ending: Ending::Exit(0),
            stderr: Vec::new(),
            stderr_lines: LineCount::AsPatterns,
            stdout: Vec::new(),
            env: Vec::new(),
            each_env: Vec::new(),
            args: Vec::new(),
            each_args: Vec::new(),
            flags: Vec::new(),
            plugin: None,
            preload: true,
            hakmem_only: false,
            repeat: 1,
            timeout: Duration::from_secs(60),
        }
    }
}

/// Reads the header of a source text. The error names the line that makes no sense.
pub fn parse(source: &str) -> Result<Header, String> {
    let mut header = Header::default();
    for line in source.lines() {
        let Some(text) = line.strip_prefix("//") else {
            break;
        };
        let text = text.trim();
        let (key, value) = text.split_once(':').unwrap_or((text, ""));
        apply(&mut header, key, value.trim()).map_err(|why| format!("{why} in `{line}`"))?;
    }
    Ok(header)
}

/// Takes over one directive; prose changes nothing.
fn apply(header: &mut Header, key: &str, value: &str) -> Result<(), String> {
    match key {
        "expect" => apply_expect(header, value)?,
        "expect-stderr" => header.stderr.push(quoted(value)?),
        "expect-stdout" => header.stdout.push(quoted(value)?),
        "expect-stderr-lines" if value == "any" => header.stderr_lines = LineCount::Any,
        "expect-stderr-lines" => header.stderr_lines = LineCount::Exactly(number(value)?),
        "env" => header.env.extend(assignments(value)?),
        "each-env" => header.each_env.extend(assignments(value)?),
        "args" => header.args.extend(words(value)),
        "each-args" => header.each_args.extend(words(value)),
        "flags" => header.flags.extend(words(value)),
        "plugin" => header.plugin = Some(value.to_owned()),
        "preload" if value == "no" => header.preload = false,
        "hakmem-only" if value.is_empty() => header.hakmem_only = true,
        "repeat" => header.repeat = number(value)?,
        "timeout" => header.timeout = Duration::from_secs(number(value)?),
        _ if key.starts_with("expect-") || key == "preload" => {
            return Err("unknown directive".into());
        }
        _ => {}
    }
    Ok(())
}

/// Takes over the value of `expect:`.
fn apply_expect(header: &mut Header, value: &str) -> Result<(), String> {
    let (word, rest) = value.split_once(' ').unwrap_or((value, ""));
    header.ending = match word {
        "ok" => Ending::Exit(0),
        "exit" => Ending::Exit(number(rest)?),
        "abort" => Ending::Abort,
        "no-hang" => Ending::Any,
        _ => return Err("unknown ending".into()),
    };
    match header.ending {
        Ending::Any => header.stderr_lines = LineCount::Any,
        Ending::Abort if rest.is_empty() => header.stderr_lines = LineCount::Any,
        Ending::Abort => header.stderr.push(quoted(rest)?),
        Ending::Exit(_) => {}
    }
    Ok(())
}

/// The strings between double quotes; there is no escape.
fn quoted(value: &str) -> Result<Vec<String>, String> {
    let pieces: Vec<&str> = value.split('"').collect();
    let strings: Vec<String> = pieces.iter().skip(1).step_by(2).map(|s| s.to_string()).collect();
    let between_is_blank = pieces.iter().step_by(2).all(|piece| piece.trim().is_empty());
    if strings.is_empty() || pieces.len().is_multiple_of(2) || !between_is_blank {
        return Err("patterns belong in double quotes".into());
    }
    Ok(strings)
}

fn words(value: &str) -> impl Iterator<Item = String> {
    value.split_whitespace().map(str::to_owned)
}

fn assignments(value: &str) -> Result<Vec<(String, String)>, String> {
    words(value)
        .map(|word| {
            let (name, set) = word.split_once('=').ok_or("a variable without `=`")?;
            Ok((name.to_owned(), set.to_owned()))
        })
        .collect()
}

fn number<T: std::str::FromStr>(value: &str) -> Result<T, String> {
    value.trim().parse().map_err(|_| "not a number".to_owned())
}
