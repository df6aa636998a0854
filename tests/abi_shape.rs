//! The shape of the built library, read with readelf and nm: what it needs, what it exports, what
//! it leaves undefined, how it is linked. The library is the one of `HAKMEM_LIB`, else
//! target/release/libhakmem.so.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::library::{self, Library};

/// The library under test; the panic says how to build it.
fn library_path() -> PathBuf {
    match library::locate() {
        Ok(Library::At(path)) => path,
        Ok(Library::None) => panic!("HAKMEM_LIB=none has no shape to test"),
        Err(why) => panic!("{why}"),
    }
}

/// What a command prints about a file.
fn output_of(program: &str, options: &[&str], file: &Path) -> String {
    let run = Command::new(program).env("LC_ALL", "C").args(options).arg(file).output();
    let run = run.unwrap_or_else(|error| panic!("{program}: {error} (package binutils)"));
    assert!(run.status.success(), "{program} {options:?} {}: {run:?}", file.display());
    String::from_utf8_lossy(&run.stdout).into_owned()
}

fn readelf(option: &str) -> String {
    output_of("readelf", &[option], &library_path())
}

/// The values in brackets of the dynamic section's entries of one kind: `(NEEDED) ... [libc.so.6]`.
fn dynamic_values(kind: &str) -> Vec<String> {
    let tag = format!("({kind})");
    let text = readelf("-dW");
    let lines = text.lines().filter(|line| line.contains(&tag));
    lines
        .map(|line| line.split_once('[').map_or(line, |(_, rest)| rest.trim_end().trim_end_matches(']')).to_owned())
        .collect()
}

/// A line of the dynamic section: whether the entry of that kind has the flag.
fn has_dynamic_flag(kind: &str, flag: &str) -> bool {
    let tag = format!("({kind})");
    readelf("-dW").lines().any(|line| line.contains(&tag) && line.split([' ', ':']).any(|word| word == flag))
}

/// The names of a file's dynamic symbols that nm lists with these options, without versions.
fn symbols(options: &[&str], file: &Path) -> BTreeSet<String> {
    output_of("nm", options, file)
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .map(|name| name.split('@').next().unwrap_or(name).to_owned())
        .collect()
}

fn golden_exports() -> BTreeSet<String> {
    let file = library::tests_dir().join("golden/exports.txt");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn the_soname_is_versioned() {
    assert_eq!(dynamic_values("SONAME"), ["libhakmem.so.1"]);
}

#[test]
fn it_needs_libc_only() {
    let needed = dynamic_values("NEEDED");
    assert!(needed.iter().any(|name| name == "libc.so.6"), "{needed:?}");
    for name in &needed {
        assert!(name == "libc.so.6" || name.starts_with("ld-linux-"), "NEEDED {name}");
    }
}

#[test]
fn it_is_found_without_a_search_path() {
    assert!(dynamic_values("RPATH").is_empty());
    assert!(dynamic_values("RUNPATH").is_empty());
}

#[test]
fn static_tls_is_one_pointer() {
    let segments = readelf("-lW");
    let tls: Vec<Vec<&str>> = segments
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.first() == Some(&"TLS"))
        .collect();
    assert_eq!(tls.len(), 1, "one TLS segment in\n{segments}");
    // Type Offset VirtAddr PhysAddr FileSiz MemSiz Flg Align
    let bytes = u64::from_str_radix(tls[0][5].trim_start_matches("0x"), 16).unwrap();
    assert_eq!(bytes, 8, "{:?}", tls[0]);
}

#[test]
fn no_relocation_asks_for_dynamic_tls() {
    let relocations = readelf("-rW");
    assert!(relocations.contains("R_X86_64_"), "no relocation listed:\n{relocations}");
    for kind in ["DTPMOD", "DTPOFF", "TLSDESC"] {
        assert!(!relocations.contains(kind), "{kind} in\n{relocations}");
    }
    assert!(relocations.contains("R_X86_64_TPOFF64"), "the TLS pointer is initial-exec:\n{relocations}");
    let undefined = symbols(&["-D", "--undefined-only"], &library_path());
    assert!(!undefined.contains("__tls_get_addr"));
}

#[test]
fn relocations_are_read_only_and_bound_at_load() {
    assert!(readelf("-lW").contains("GNU_RELRO"), "no GNU_RELRO segment");
    let is_bound_at_load = has_dynamic_flag("FLAGS", "BIND_NOW") || has_dynamic_flag("FLAGS_1", "NOW");
    assert!(is_bound_at_load, "not linked with -z now");
}

#[test]
fn it_has_no_text_relocation_and_no_executable_stack() {
    assert!(!readelf("-dW").contains("TEXTREL"));
    let segments = readelf("-lW");
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).expect("no GNU_STACK segment");
    assert!(!stack.contains("RWE"), "{stack}");
    let writable_code = segments.lines().any(|line| line.contains("LOAD") && line.contains("RWE"));
    assert!(!writable_code, "a segment is writable and executable:\n{segments}");
}

/// What no thread has written yet is the system's page of zeros (src/front_cache/tls.rs).
#[test]
fn shims_take_no_memory() {
    let names = output_of("nm", &["-C", "--defined-only"], &library_path());
    for name in ["hakmem::front_cache::tls::FRESH", "hakmem::front_cache::tls::EXITED"] {
        let kind = names.lines().find_map(|line| line.strip_suffix(name)?.split_whitespace().last());
        assert_eq!(kind, Some("b"), "{name} is not in .bss, or the library is stripped");
    }
}

/// What lies where is not looked at in a debug build, whose code is too large.
fn is_debug_build(library: &Path) -> bool {
    let is_debug = library.components().any(|part| part.as_os_str() == "debug");
    if is_debug {
        println!("abi_shape: a debug build: not looked at");
    }
    is_debug
}

/// preload/sections.ld, docs/adr/0019-resident-code.md.
#[test]
fn code_that_programs_run_is_in_the_first_two_times_64_kib() {
    let (library, segments) = (library_path(), readelf("-lW"));
    if is_debug_build(&library) {
        return;
    }
    let number = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap();
    let code = segments.lines().find(|line| line.contains("LOAD") && line.contains(" R E "));
    // Type Offset VirtAddr
    let start = number(code.expect("a segment of code").split_whitespace().nth(2).unwrap());
    assert_eq!(start % 0x1_0000, 0, "{segments}");
    let names = output_of("nm", &["-CS", "--defined-only"], &library);
    let of_every_program = [
        "malloc",
        "free",
        "malloc_usable_size",
        "aligned_alloc",
        "<hakmem::front_cache::bind::Tenant as core::ops::drop::Drop>::drop",
        "hakmem::config::read_environment_slow",
        "hakmem::front_cache::bind::enter_without_heap",
        "hakmem::front_cache::flush::push_slow",
        "hakmem::front_cache::larger::take",
        "hakmem::front_cache::refill::fill_bin",
        "hakmem::large::cache::decay",
        "hakmem::shared_pool::acquire_warm_run",
        "hakmem::shared_pool::purge::decay",
        "hakmem::shared_pool::unused::grow_with_new_superslab",
        "hakmem::superslab::reservation::reserve",
    ];
    let of_larger_ones = [
        "hakmem::large::huge::allocate",
        "hakmem::lifecycle::in_forked_child",
        "hakmem::os::map_aligned",
        "hakmem::realloc::reallocate_other",
        "hakmem::remote::drain::drain",
        "hakmem::shared_pool::release::give_back",
        "hakmem::slab::owned::Slab::put_following",
    ];
    let places = of_every_program.map(|name| (name, start)).into_iter();
    for (name, from) in places.chain(of_larger_ones.map(|name| (name, start + 0x1_0000))) {
        // address, bytes, kind, name
        let words = names.lines().map(|line| line.splitn(4, ' ').collect::<Vec<_>>());
        let found =
            words.filter(|words| words.get(3) == Some(&name)).map(|words| (number(words[0]), number(words[1]))).next();
        let (address, bytes) = found.unwrap_or_else(|| panic!("{name} is inlined or has another name"));
        let is_within = address >= start && address + bytes <= from + 0x1_0000;
        assert!(is_within, "{name}: {bytes} bytes at {address:#x}, the code begins at {start:#x}");
    }
}

/// As above. Only what unwinds reads those sections, and only the start of those tables is touched by small programs.
#[test]
fn what_small_programs_do_not_touch_lies_apart() {
    let (library, segments) = (library_path(), readelf("-lW"));
    if is_debug_build(&library) {
        return;
    }
    let read_at_load = segments.lines().find(|line| line.contains(".dynsym")).expect("sections of the segments");
    assert!(!read_at_load.contains(".eh_frame"), "{read_at_load}");
    let names = output_of("nm", &["-C", "--defined-only"], &library);
    let page_of = |name: &str| {
        let line =
            names.lines().find(|line| line.ends_with(&format!(" {name}"))).unwrap_or_else(|| panic!("no {name}"));
        u64::from_str_radix(&line[..16], 16).unwrap() / 4096
    };
    let beside = [
        ("hakmem::slab::directory::PARKED_COUNT", "hakmem::shared_pool::empty_of_heaps::SHOWN"),
        ("hakmem::config::REPORTED", "hakmem::slab::directory::SETS"),
    ];
    for (small, table) in beside {
        assert_eq!(page_of(small), page_of(table), "{table} begins on another page than {small}");
    }
}

#[test]
fn dlclose_does_not_unload_it() {
    assert!(has_dynamic_flag("FLAGS_1", "NODELETE"), "not linked with -z nodelete");
}

#[test]
fn the_exports_are_those_of_the_golden_file() {
    let expected = golden_exports();
    let found = symbols(&["-D", "--defined-only"], &library_path());
    let missing: Vec<_> = expected.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "not exported: {missing:?}\nexported, but not in tests/golden/exports.txt: {surplus:?}"
    );
}

#[test]
fn no_export_is_data_or_weak() {
    for line in output_of("nm", &["-D", "--defined-only"], &library_path()).lines() {
        let kind = line.split_whitespace().rev().nth(1);
        assert_eq!(kind, Some("T"), "{line}");
    }
}

/// What may stay undefined where the C++ runtime, or a newer libc, is not there.
const WEAK: &[&str] = &[
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "_ZSt15get_new_handlerv",
    "_ZSt17__throw_bad_allocv",
    "__cxa_begin_catch",
    "__cxa_end_catch",
    "__cxa_finalize",
    "__gmon_start__",
    "__gxx_personality_v0",
];

#[test]
fn libc_has_every_symbol_that_is_undefined() {
    let library = library_path();
    let all = symbols(&["-D", "--undefined-only"], &library);
    let weak: BTreeSet<String> = output_of("nm", &["-D", "--undefined-only"], &library)
        .lines()
        .filter(|line| line.split_whitespace().next() == Some("w"))
        .filter_map(|line| line.split_whitespace().last())
        .map(|name| name.split('@').next().unwrap_or(name).to_owned())
        .collect();
    let mut available = BTreeSet::new();
    for file in loaded_libc_files() {
        available.extend(symbols(&["-D", "--defined-only"], &file));
    }
    let unlisted: Vec<_> = weak.iter().filter(|name| !WEAK.contains(&name.as_str())).collect();
    assert!(unlisted.is_empty(), "weak and not listed in this test: {unlisted:?}");
    let lacking: Vec<_> = all.iter().filter(|name| !weak.contains(*name) && !available.contains(*name)).collect();
    assert!(lacking.is_empty(), "libc and ld.so lack {lacking:?}");
}

/// The C library and the loader of this machine, as ldd shows them for the library.
fn loaded_libc_files() -> Vec<PathBuf> {
    let text = output_of("ldd", &[], &library_path());
    let paths = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    let files: Vec<PathBuf> = paths.map(PathBuf::from).collect();
    assert!(files.iter().any(|file| file.ends_with("libc.so.6")), "{text}");
    files
}

#[test]
fn libc_functions_that_the_contract_forbids_are_not_called() {
    let undefined = symbols(&["-D", "--undefined-only"], &library_path());
    let forbidden = [
        "getenv",
        "secure_getenv",
        "atexit",
        "__cxa_atexit",
        "__cxa_thread_atexit_impl",
        "printf",
        "fprintf",
        "dprintf",
        "fopen",
        "mincore",
        "abort",
        "getrandom",
        "pthread_mutex_lock",
        "malloc",
        "free",
        "realloc",
    ];
    for name in forbidden {
        assert!(!undefined.contains(name), "{name} is called");
    }
}
