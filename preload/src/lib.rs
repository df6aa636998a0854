//! libhakmem.so: the symbols that programs see. No logic stands here: each export is a line of
//! `hakmem::{alloc, free, realloc, c_semantics, report}`.
//!
//! | file | exports |
//! |---|---|
//! | [`c`] | malloc, free and the rest of C's |
//! | [`glibc`] | glibc's aliases, mallinfo and the other looks inside |
//! | [`cxx`] | operator new and delete; [`cxx_runtime`] throws for them |
//! | [`api`] | `hakmem_*`, the source of include/hakmem.h |
//!
//! # Safety
//!
//! Every pointer parameter is the C caller's promise, as the standard states it for the function
//! of that name: blocks are live and given up by `free`, result places may be written. The SAFETY
//! comments below name this as *C's promise*.

#![no_std]
// stated once, above
#![allow(clippy::missing_safety_doc)]

pub mod api;
pub mod c;
pub mod cxx;
pub mod cxx_runtime;
pub mod glibc;

ctor::declarative::ctor! {
    /// The work that cannot wait for a first slow path: the fork handler, glibc's free, messages.
    #[ctor(unsafe)]
    fn load() {
        hakmem_core::lifecycle::on_load();
    }
}

/// Prints the report after the program's own destructors, without atexit's lock or memory.
#[used]
#[allow(unsafe_code)] // a place in the array of destructors
#[unsafe(link_section = ".fini_array")]
static REPORT_AT_END: extern "C" fn() = report_at_end;

extern "C" fn report_at_end() {
    hakmem_core::lifecycle::on_unload_report();
}

/// A defect of the library: one line, then SIGABRT. A test build, which clippy makes, has std's.
#[cfg(not(test))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    match info.location() {
        Some(place) => hakmem_core::fatal::panicked(place.file(), place.line()),
        None => hakmem_core::fatal::panicked("an unknown place", 0),
    }
}

// A debug build links core as it was compiled, with unwind tables that name Rust's personality. No
// Rust frame is ever unwound here, so it is never called.
#[cfg(debug_assertions)]
mod personality {
    #![allow(unsafe_code)] // a symbol made by assembly
    core::arch::global_asm!(".globl rust_eh_personality", ".hidden rust_eh_personality", "rust_eh_personality:", "ud2",);
}
