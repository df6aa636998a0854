use std::string::{String, ToString};
use std::vec::Vec;

use super::scan::{parse, scan};
use super::*;

/// Words and messages of an environment.
fn scanned(strings: &[&str]) -> (Vec<u32>, Vec<String>) {
    let mut lines = Vec::new();
    let values = scan(strings.iter().map(|string| string.as_bytes()), |problem| {
        lines.push(std::str::from_utf8(problem.line().as_bytes()).unwrap().to_string());
    });
    (values.words.to_vec(), lines)
}

fn value_of(strings: &[&str], position: Position) -> u32 {
    let (words, lines) = scanned(strings);
    assert_eq!(lines, Vec::<String>::new());
    words[position as usize]
}

#[test]
fn an_empty_environment_gives_the_defaults() {
    let (words, lines) = scanned(&["PATH=/bin", "HAKMEM=1", "XHAKMEM_STAGE1=0", "HAKMEM_STAGE1"]);
    assert_eq!(words, ROWS.iter().map(|row| row.default).collect::<Vec<_>>());
    assert!(lines.is_empty());
}

#[test]
fn every_default_is_a_value_that_the_option_takes() {
    for row in ROWS {
        let text = match row.kind {
            Kind::Choice(words) => words[row.default as usize].to_string(),
            Kind::Path => continue,
            _ => row.default.to_string(),
        };
        assert_eq!(parse(row.kind, text.as_bytes()), Some(row.default), "{}", row.name);
    }
}

#[test]
fn names_are_ours_and_unique_and_sentences_are_sentences() {
    for (index, row) in ROWS.iter().enumerate() {
        assert!(row.name.starts_with("HAKMEM_"));
        assert!(row.sentence.ends_with('.'), "{}", row.name);
        assert!(ROWS[..index].iter().all(|other| other.name != row.name));
    }
}

#[test]
fn numbers_are_taken_within_their_bounds_only() {
    let kind = Kind::Number { least: 1, most: 126, unit: "" };
    for (text, word) in [("1", Some(1)), ("126", Some(126)), ("007", Some(7)), ("0", None), ("127", None)] {
        assert_eq!(parse(kind, text.as_bytes()), word, "{text}");
    }
    for text in ["", " 1", "1 ", "+1", "-1", "1k", "0x10", "4294967297", "99999999999999999999"] {
        assert_eq!(parse(kind, text.as_bytes()), None, "{text}");
    }
}

#[test]
fn switches_take_eight_words_in_any_case() {
    for text in ["1", "on", "TRUE", "Yes"] {
        assert_eq!(value_of(&[&["HAKMEM_HARDENED=", text].concat()], Position::hardened), 1);
    }
    for text in ["0", "off", "False", "NO"] {
        assert_eq!(value_of(&[&["HAKMEM_STAGE2=", text].concat()], Position::stage2), 0);
    }
    assert_eq!(parse(Kind::Switch, b"2"), None);
    assert_eq!(parse(Kind::Switch, b""), None);
}

#[test]
fn choices_are_their_index() {
    assert_eq!(value_of(&["HAKMEM_FOREIGN_FREE=abort"], Position::foreign_free), 3);
    assert_eq!(FOREIGN_FREE_WORDS.len(), 4);
    for (word, choice) in
        [ForeignFree::Auto, ForeignFree::Warn, ForeignFree::Ignore, ForeignFree::Abort].into_iter().enumerate()
    {
        assert_eq!(ForeignFree::from_word(&CONFIG, word as u32), choice);
    }
}

#[test]
fn the_first_of_two_counts() {
    assert_eq!(value_of(&["HAKMEM_FAST_CAP=5", "HAKMEM_FAST_CAP=9"], Position::fast_cap_blocks), 5);
}

#[test]
fn a_bad_value_is_told_with_what_is_used_instead() {
    let cases = [
        ("HAKMEM_FAST_CAP=abc", "HAKMEM_FAST_CAP=abc is not a number from 1 to 126; using 126"),
        ("HAKMEM_FAST_CAP=", "HAKMEM_FAST_CAP= is not a number from 1 to 126; using 126"),
        ("HAKMEM_STAGE1=perhaps", "HAKMEM_STAGE1=perhaps is not 0, 1, on, off, true, false, yes or no; using 1"),
        ("HAKMEM_FOREIGN_FREE=\x1b[", "HAKMEM_FOREIGN_FREE=?[ is not auto, warn, ignore or abort; using auto"),
        ("HAKMEM_STATS_FILE=", "HAKMEM_STATS_FILE= is not a path of 1 to 4095 bytes; using none"),
        ("HAKMEM_FOO=1", "unknown variable HAKMEM_FOO ignored"),
    ];
    for (variable, message) in cases {
        let (words, lines) = scanned(&[variable]);
        assert_eq!(lines, [["hakmem: ", message].concat()]);
        assert_eq!(words, ROWS.iter().map(|row| row.default).collect::<Vec<_>>());
    }
}

#[test]
fn a_long_value_is_shown_cut() {
    let variable = ["HAKMEM_WINDOW_GB=", &"9".repeat(5000)].concat();
    let (_, lines) = scanned(&[&variable]);
    assert!(lines[0].contains("999... is not a number from 0 to 1024; using 0"));
    assert!(lines[0].len() < 200);
}

#[test]
fn the_largest_step_is_at_least_the_first() {
    let set = ["HAKMEM_POOL_TLS_ARENA_MB_INIT=4", "HAKMEM_POOL_TLS_ARENA_MB_MAX=2"];
    let (words, lines) = scanned(&set);
    assert_eq!(words[Position::arena_max_mib as usize], 4);
    assert_eq!(lines, ["hakmem: HAKMEM_POOL_TLS_ARENA_MB_MAX=2 is below HAKMEM_POOL_TLS_ARENA_MB_INIT=4; using 4"]);
    // the default of 8 follows without a word
    assert_eq!(value_of(&["HAKMEM_POOL_TLS_ARENA_MB_INIT=16"], Position::arena_max_mib), 16);
}

/// A config of its own with this environment published.
fn published(strings: &[&str]) -> &'static Config {
    let config = std::boxed::Box::leak(std::boxed::Box::new(Config {
        words: [const { AtomicU32::new(0) }; OPTION_COUNT],
        ready: Settled::new(),
        path: [const { AtomicU8::new(0) }; PATH_MAX_BYTES],
    }));
    config.publish(&scan(strings.iter().map(|string| string.as_bytes()), |_| {}));
    config
}

#[test]
fn typed_readers_give_what_was_published_and_nothing_changes_later() {
    let config = published(&["HAKMEM_FAST_CAP=3", "HAKMEM_STAGE1=no", "HAKMEM_CACHE_MIN_MB=0"]);
    config.publish(&Values::defaults());
    assert_eq!(config.fast_cap_blocks(), 3);
    assert!(!config.stage1());
    assert_eq!(config.cache_min_mib(), 0);
    assert!(config.pool_tls());
    assert!(config.stats_file().is_none());
}

#[test]
fn before_the_environment_is_there_options_have_their_defaults() {
    let config = std::boxed::Box::leak(std::boxed::Box::new(Config {
        words: [const { AtomicU32::new(0) }; OPTION_COUNT],
        ready: Settled::new(),
        path: [const { AtomicU8::new(0) }; PATH_MAX_BYTES],
    }));
    assert_eq!(config.purge_delay_ms(), 1000);
    assert_eq!(config.foreign_free(), ForeignFree::Auto);
}

#[test]
fn the_path_template_is_expanded() {
    let expanded = |value: &str| {
        let template = published(&[&["HAKMEM_STATS_FILE=", value].concat()]).stats_file().unwrap();
        let mut buffer = [0xff; 32];
        template.expand(4711, &mut buffer).map(|path| path.to_str().unwrap().to_string())
    };
    assert_eq!(expanded("logs/h.%p.txt").unwrap(), "logs/h.4711.txt");
    assert_eq!(expanded("100%%_%x_%").unwrap(), "100%_%x_%");
    assert_eq!(expanded(&"x".repeat(31)).unwrap().len(), 31);
    assert_eq!(expanded(&"x".repeat(32)), None);
}

#[test]
fn this_process_has_its_options_read_once() {
    let first = get();
    assert_eq!(first.ready.get(), 1);
    assert!(core::ptr::eq(first, get()));
}
