//! The parts of the C harness, tested: a harness that judges wrongly would prove nothing.

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use support::header::{Ending, Header, LineCount, parse};
use support::judge::judge;
use support::pattern::matches;
use support::process::{Finished, run};

#[test]
fn a_pattern_without_a_star_must_be_the_line() {
    assert!(matches("abc", "abc"));
    assert!(!matches("abc", "abcd"));
    assert!(!matches("abc", "xabc"));
    assert!(matches("", ""));
    assert!(!matches("", "x"));
}

#[test]
fn a_star_stands_for_any_text() {
    assert!(matches("hakmem: *free of 0x*", "hakmem: double free of 0x10"));
    assert!(matches("a*", "a"));
    assert!(matches("*", ""));
    assert!(matches("*b*", "abc"));
    assert!(!matches("a*b", "abc"));
    assert!(!matches("ab*ba", "aba"));
}

#[test]
fn a_header_without_directives_expects_success_and_silence() {
    assert_eq!(parse("// prose: with a colon\nint main;\n// expect: abort"), Ok(Header::default()));
}

#[test]
fn directives_are_read() {
    let header = parse(
        "// expect: abort \"a *\" \"b\"\n// env: A=1 B=x=y\n// each-args: 1 2\n\
         // flags: -O2\n// repeat: 3\n// hakmem-only\n",
    )
    .unwrap();
    assert_eq!(header.ending, Ending::Abort);
    assert_eq!(header.stderr, [["a *", "b"]]);
    assert_eq!(header.stderr_lines, LineCount::AsPatterns);
    assert_eq!(header.env[1], ("B".to_owned(), "x=y".to_owned()));
    assert_eq!(header.each_args, ["1", "2"]);
    assert_eq!(header.flags, ["-O2"]);
    assert_eq!(header.repeat, 3);
    assert!(header.hakmem_only);
}

#[test]
fn a_directive_that_makes_no_sense_is_refused() {
    for text in ["// expect: abort unquoted", "// expect-stdrr: \"x\"", "// repeat: many", "// expect: exit"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

/// What `sh -c script` did within `seconds`.
fn shell(script: &str, seconds: u64) -> Finished {
    run(Command::new("sh").args(["-c", script]), Duration::from_secs(seconds)).unwrap()
}

/// Whether that is what the header asks for.
fn passes(header: &str, script: &str) -> bool {
    judge(&parse(header).unwrap(), &shell(script, 20), "VARIABLE").is_ok()
}

#[test]
fn silence_and_status_are_judged() {
    assert!(passes("", "exit 0"));
    assert!(!passes("", "exit 1"));
    assert!(!passes("", "kill -ABRT $$"));
    assert!(!passes("", "echo x"));
    assert!(!passes("", "echo x >&2"));
    assert!(passes("// expect: exit 3", "exit 3"));
    assert!(passes("// expect: abort", "kill -ABRT $$"));
    assert!(!passes("// expect: abort", "kill -SEGV $$"));
    assert!(!passes("// expect: abort", "exit 134"));
    assert!(passes("// expect: no-hang", "echo x; kill -SEGV $$"));
}

#[test]
fn messages_are_judged() {
    let double_free = "// expect: abort \"hakmem: double free of {ptr}\"";
    assert!(passes(double_free, "echo 0x10; echo hakmem: double free of 0x10 >&2; kill -ABRT $$"));
    assert!(!passes(double_free, "echo 0x20; echo hakmem: double free of 0x10 >&2; kill -ABRT $$"));
    assert!(!passes(double_free, "echo 0x10; echo hakmem: double free of 0x10 >&2"));
    assert!(!passes(
        double_free,
        "echo 0x10; for i in 1 2; do echo hakmem: double free of 0x10 >&2; done; kill -ABRT $$"
    ));
    assert!(passes("// expect-stderr: \"no\" \"a VARI*\"", "echo a VARIABLE >&2"));
    assert!(passes("// expect-stderr: \"*{var}\"", "echo a VARIABLE >&2"));
    assert!(!passes("// expect-stderr-lines: 2", "echo a >&2"));
    assert!(passes("// expect-stderr-lines: any", "echo a >&2"));
    assert!(passes("// expect-stdout: \"a*\"", "echo abc"));
    assert!(!passes("// expect-stdout: \"a*\"", "echo bc"));
}

#[test]
fn a_hanging_program_is_killed_with_its_children() {
    let start = Instant::now();
    let finished = shell("echo started; sleep 50 & sleep 50", 1);
    assert!(finished.status.is_none());
    assert_eq!(finished.stdout, "started\n");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(judge(&Header::default(), &finished, "").is_err());
}

/// The names of all options in the table of src/config.rs.
fn option_names() -> Vec<String> {
    let file = support::library::tests_dir().join("../src/config.rs");
    let text = std::fs::read_to_string(file).unwrap();
    let names = text.split('"').filter(|word| word.starts_with("HAKMEM_"));
    names.map(str::to_owned).collect()
}

#[test]
fn the_tests_of_bad_and_good_values_cover_every_option() {
    let names = option_names();
    assert!(names.len() > 10, "{names:?}");
    for program in ["env_bad_value.c", "env_good_values.c"] {
        let text = std::fs::read_to_string(support::library::tests_dir().join("c").join(program)).unwrap();
        let header = parse(&text).unwrap();
        for name in &names {
            assert!(header.each_env.iter().any(|(tested, _)| tested == name), "{program} lacks {name}");
        }
    }
}
