//! Every C and C++ program under tests/c, compiled, run under the library and judged by its
//! header comment (the directives: tests/support/header.rs).
//!
//! `HAKMEM_LIB=path` takes another library, `HAKMEM_LIB=none` the C library's own allocator:
//! that shows that the programs are right, another allocator shows that they can fail.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

use support::compile::{Kind, compile};
use support::header::{self, Header};
use support::library::{self, Library};
use support::{judge, process};

/// The variable in which check.h finds the library that must serve the program.
const SERVED_BY: &str = "TEST_SERVED_BY";

/// One run of one program.
#[derive(Clone)]
struct Case {
    name: String,
    source: PathBuf,
    header: Header,
    /// The name that `each-env` set, else empty.
    variable: String,
    library: Library,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match library::locate() {
        Ok(library) => discover(&library),
        Err(why) => vec![Trial::test("library", move || Err(why.into()))],
    };
    process::forbid_core_files();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial for each run of each program.
fn discover(library: &Library) -> Vec<Trial> {
    let root = library::tests_dir().join("c");
    let mut sources: Vec<PathBuf> = [root.clone(), root.join("misuse")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|e| e == "c" || e == "cc"))
        .collect();
    sources.sort();
    let mut trials: Vec<Trial> = sources.iter().flat_map(|source| trials_of(source, &root, library)).collect();
    if trials.is_empty() {
        let why = format!("no program found under {}", root.display());
        trials.push(Trial::test("programs", move || Err(why.into())));
    }
    trials
}

/// The trials of one program: one, or one for each word of `each-args` or `each-env`.
fn trials_of(source: &Path, root: &Path, library: &Library) -> Vec<Trial> {
    let name = source.strip_prefix(root).unwrap_or(source).with_extension("");
    let name = name.to_string_lossy().into_owned();
    let text = fs::read_to_string(source).map_err(|error| error.to_string());
    let header = match text.and_then(|text| header::parse(&text)) {
        Ok(header) => header,
        Err(why) => return vec![Trial::test(name, move || Err(why.into()))],
    };
    let base = Case { name, source: source.into(), header, variable: String::new(), library: library.clone() };
    variants(base)
        .into_iter()
        .map(|case| {
            let skipped = case.header.hakmem_only && case.library == Library::None;
            Trial::test(case.name.clone(), move || run_case(&case)).with_ignored_flag(skipped)
        })
        .collect()
}

/// The case itself, or one for each word of its `each-` directives.
fn variants(base: Case) -> Vec<Case> {
    let with_args = base.header.each_args.iter().map(|word| {
        let mut case = base.clone();
        case.name = format!("{}::{word}", base.name);
        case.header.args.push(word.clone());
        case
    });
    let with_env = base.header.each_env.iter().map(|(variable, value)| {
        let mut case = base.clone();
        case.name = format!("{}::{variable}={value}", base.name);
        case.header.env.push((variable.clone(), value.clone()));
        case.variable = variable.clone();
        case
    });
    let all: Vec<Case> = with_args.chain(with_env).collect();
    if all.is_empty() { vec![base] } else { all }
}

/// Compiles the program, runs it as often as its header says, and judges each run.
fn run_case(case: &Case) -> Result<(), Failed> {
    let out_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c_programs");
    let folder = case.name.split("::").next().unwrap_or_default().replace('/', "_");
    let program = compile(&case.source, &out_dir.join(folder), &case.header.flags, Kind::Program)?;
    let plugin = match &case.header.plugin {
        Some(file) => {
            let source = library::tests_dir().join("c/plugins").join(file);
            compile(&source, &out_dir.join("plugins"), &[], Kind::Plugin)?
        }
        None => PathBuf::new(),
    };
    for round in 1..=case.header.repeat {
        let dir = fresh_dir(out_dir.join("cwd").join(file_name(&case.name)))?;
        let mut command = command_of(case, &program, &plugin);
        command.current_dir(&dir);
        let finished = process::run(&mut command, case.header.timeout)?;
        judge::judge(&case.header, &finished, &case.variable)
            .map_err(|why| format!("run {round} of {}: {why}", case.header.repeat))?;
    }
    Ok(())
}

/// The command line and the environment of a case: nothing is inherited but the PATH.
fn command_of(case: &Case, program: &Path, plugin: &Path) -> Command {
    let library = case.library.path().unwrap_or(Path::new(""));
    let expand =
        |text: &str| text.replace("{lib}", &library.to_string_lossy()).replace("{plugin}", &plugin.to_string_lossy());
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C");
    if case.header.preload
        && let Library::At(path) = &case.library
    {
        command.env("LD_PRELOAD", path).env(SERVED_BY, path);
    }
    command.envs(case.header.env.iter().map(|(name, value)| (name, expand(value))));
    command.args(case.header.args.iter().map(|arg| expand(arg)));
    command
}

/// An empty folder for one run.
fn fresh_dir(dir: PathBuf) -> Result<PathBuf, String> {
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(dir)
}

/// The case's name as a file name.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}
