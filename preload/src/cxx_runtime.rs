//! The failing half of operator new: the new-handler, and `std::bad_alloc`.
//!
//! No Rust frame may be unwound, so whatever a C++ exception passes through is written here as
//! assembly with its unwind table. The C++ runtime is reached through weak symbols: they are null
//! in a program without one, and stay null when one comes in later by dlopen with RTLD_LOCAL.
//!
//! ```text
//! throwing_new_slow   until memory is there: ask for the new-handler; none -> throw bad_alloc
//! nothrow_new_slow    the same, but none, or a handler that throws, -> null
//!   -> run_new_handler_nothrow   a call with a `catch (...)` around it
//! ```
#![allow(unsafe_code)] // assembly that a C++ exception passes through

use core::arch::{global_asm, naked_asm};

use hakmem_core::{c_semantics, fatal};

global_asm!(
    ".weak _ZSt15get_new_handlerv",
    ".weak _ZSt17__throw_bad_allocv",
    ".weak __gxx_personality_v0",
    ".weak __cxa_begin_catch",
    ".weak __cxa_end_catch",
);

/// Memory for a throwing operator new whose first attempt failed; returns it, or throws. An
/// alignment that is no power of two throws at once, as no handler can help.
///
/// # Safety
///
/// Called by C++ code or by a frame with an unwind table.
#[unsafe(naked)]
pub unsafe extern "C" fn throwing_new_slow(size: usize, align: usize) -> *mut u8 {
    naked_asm!(
        ".cfi_startproc",
        "push rbx",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbx, -16",
        "push r14",
        ".cfi_def_cfa_offset 24",
        ".cfi_offset r14, -24",
        "push rax", // aligns the stack for the calls
        ".cfi_def_cfa_offset 32",
        "mov rbx, rdi",
        "mov r14, rsi",
        "lea rax, [rsi - 1]",
        "test rax, rsi",
        "jne 3f",
        // while there is a handler: call it, which may throw, and try again
        "2:",
        "mov rax, qword ptr [rip + _ZSt15get_new_handlerv@GOTPCREL]",
        "test rax, rax",
        "je 3f",
        "call rax",
        "test rax, rax",
        "je 3f",
        "call rax",
        "mov rdi, rbx",
        "mov rsi, r14",
        "call {attempt}",
        "test rax, rax",
        "je 2b",
        ".cfi_remember_state",
        "pop rcx",
        ".cfi_def_cfa_offset 24",
        "pop r14",
        ".cfi_def_cfa_offset 16",
        ".cfi_restore r14",
        "pop rbx",
        ".cfi_def_cfa_offset 8",
        ".cfi_restore rbx",
        "ret",
        ".cfi_restore_state",
        // no handler: throw
        "3:",
        "mov rax, qword ptr [rip + _ZSt17__throw_bad_allocv@GOTPCREL]",
        "test rax, rax",
        "je 4f",
        "call rax",
        "4:",
        "call {cannot_throw}",
        "ud2",
        ".cfi_endproc",
        attempt = sym attempt,
        cannot_throw = sym cannot_throw,
    )
}

/// Memory for a non-throwing operator new whose first attempt failed, or null.
#[cold]
#[inline(never)]
pub fn nothrow_new_slow(size: usize, align: usize) -> *mut u8 {
    // SAFETY: the function keeps every exception to itself
    while align.is_power_of_two() && unsafe { run_new_handler_nothrow() } {
        let block = attempt(size, align);
        if !block.is_null() {
            return block;
        }
    }
    core::ptr::null_mut()
}

/// Calls the new-handler. True if there is one and it returned, false if there is none or it threw.
///
/// # Safety
///
/// Runs a function of the program.
#[unsafe(naked)]
unsafe extern "C" fn run_new_handler_nothrow() -> bool {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_personality 0x9b, .Lhakmem_personality", // indirect, relative, four bytes
        ".cfi_lsda 0x1b, .Lhakmem_exceptions",         // relative, four bytes
        ".Lhakmem_run_handler:",
        "push rax",
        ".cfi_def_cfa_offset 16",
        "mov rax, qword ptr [rip + _ZSt15get_new_handlerv@GOTPCREL]",
        "test rax, rax",
        "je .Lhakmem_no_handler",
        "call rax",
        "test rax, rax",
        "je .Lhakmem_no_handler",
        ".Lhakmem_try:",
        "call rax",
        ".Lhakmem_try_end:",
        "mov eax, 1",
        "pop rcx",
        ".cfi_remember_state",
        ".cfi_def_cfa_offset 8",
        "ret",
        ".cfi_restore_state",
        // the exception object is in rax; who threw has these two functions
        ".Lhakmem_catch:",
        "mov rdi, rax",
        "call qword ptr [rip + __cxa_begin_catch@GOTPCREL]",
        "call qword ptr [rip + __cxa_end_catch@GOTPCREL]",
        ".Lhakmem_no_handler:",
        "xor eax, eax",
        "pop rcx",
        ".cfi_def_cfa_offset 8",
        "ret",
        ".cfi_endproc",
        // the table that the C++ personality reads: one call, one catch-all
        ".pushsection .gcc_except_table, \"a\", @progbits",
        ".p2align 2",
        ".Lhakmem_exceptions:",
        ".byte 0xff", // landing pads count from the function's start
        ".byte 0x03", // types are four bytes
        ".uleb128 .Lhakmem_types_end - .Lhakmem_calls",
        ".Lhakmem_calls:",
        ".byte 0x01", // the call table is in uleb128
        ".uleb128 .Lhakmem_actions - .Lhakmem_first_call",
        ".Lhakmem_first_call:",
        ".uleb128 .Lhakmem_try - .Lhakmem_run_handler",
        ".uleb128 .Lhakmem_try_end - .Lhakmem_try",
        ".uleb128 .Lhakmem_catch - .Lhakmem_run_handler",
        ".uleb128 1", // the first action
        ".Lhakmem_actions:",
        ".sleb128 1", // the first type
        ".sleb128 0", // and no other action
        ".p2align 2",
        ".long 0", // the first type: any
        ".Lhakmem_types_end:",
        ".popsection",
        ".pushsection .data.rel.ro.hakmem_personality, \"aw\", @progbits",
        ".p2align 3",
        ".Lhakmem_personality:",
        ".quad __gxx_personality_v0",
        ".popsection",
    )
}

/// One more attempt at the memory of an operator new.
extern "C" fn attempt(size: usize, align: usize) -> *mut u8 {
    c_semantics::operator_new_aligned(size, align)
}

/// The end where an exception is due and nothing can throw it.
extern "C" fn cannot_throw() -> ! {
    fatal::cannot_throw_bad_alloc()
}
