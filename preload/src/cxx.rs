//! The replaceable operator new and delete of C++, all 20 forms.
//!
//! A throwing form is assembly with an unwind table, since the exception leaves through it: it
//! calls the allocator and returns what that gives; only where that is null it goes on to
//! [`throwing_new_slow`]. Unwind offsets are absolute: the assembler does not follow relative ones
//! over a restored state.
#![allow(unsafe_code)] // exported symbols, some of them assembly

use core::arch::naked_asm;

use hakmem_core::{alloc, c_semantics, free};

use crate::cxx_runtime::{nothrow_new_slow, throwing_new_slow};

/// The alignment of an operator new that names none.
const DEFAULT_ALIGN: usize = 16;

/// The body of a throwing operator new: `rdi` is the size, `rsi` the alignment where one is named.
/// The pushes keep both for the slow path and align the stack for the call.
macro_rules! throwing_new {
    (plain) => {
        naked_asm!(
            ".cfi_startproc",
            "push rdi",
            ".cfi_def_cfa_offset 16",
            "call {allocate}",
            "pop rdi",
            ".cfi_def_cfa_offset 8",
            "test rax, rax",
            "je 2f",
            "ret",
            "2:",
            "mov esi, {align}",
            "jmp {slow}",
            ".cfi_endproc",
            allocate = sym allocate,
            slow = sym throwing_new_slow,
            align = const DEFAULT_ALIGN,
        )
    };
    (aligned) => {
        naked_asm!(
            ".cfi_startproc",
            "push rdi",
            ".cfi_def_cfa_offset 16",
            "push rsi",
            ".cfi_def_cfa_offset 24",
            "push rax",
            ".cfi_def_cfa_offset 32",
            "call {allocate}",
            "pop rcx",
            ".cfi_def_cfa_offset 24",
            "pop rsi",
            ".cfi_def_cfa_offset 16",
            "pop rdi",
            ".cfi_def_cfa_offset 8",
            "test rax, rax",
            "je 2f",
            "ret",
            "2:",
            "jmp {slow}",
            ".cfi_endproc",
            allocate = sym allocate_aligned,
            slow = sym throwing_new_slow,
        )
    };
}

extern "C" fn allocate(size: usize) -> *mut u8 {
    alloc::allocate(size)
}

extern "C" fn allocate_aligned(size: usize, align: usize) -> *mut u8 {
    c_semantics::operator_new_aligned(size, align)
}

/// `operator new(size_t)`.
///
/// # Safety
///
/// Called from code that an exception may pass through, as C++ code may be.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn _Znwm(size: usize) -> *mut u8 {
    throwing_new!(plain)
}

/// `operator new[](size_t)`.
///
/// # Safety
///
/// As [`_Znwm`].
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn _Znam(size: usize) -> *mut u8 {
    throwing_new!(plain)
}

/// `operator new(size_t, align_val_t)`.
///
/// # Safety
///
/// As [`_Znwm`].
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn _ZnwmSt11align_val_t(size: usize, align: usize) -> *mut u8 {
    throwing_new!(aligned)
}

/// `operator new[](size_t, align_val_t)`.
///
/// # Safety
///
/// As [`_Znwm`].
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn _ZnamSt11align_val_t(size: usize, align: usize) -> *mut u8 {
    throwing_new!(aligned)
}

/// The block, or what the new-handler makes possible.
#[inline]
fn or_nothrow_slow(block: *mut u8, size: usize, align: usize) -> *mut u8 {
    if block.is_null() { nothrow_new_slow(size, align) } else { block }
}

/// `operator new(size_t, nothrow_t const&)`.
#[unsafe(no_mangle)]
pub extern "C" fn _ZnwmRKSt9nothrow_t(size: usize, _: usize) -> *mut u8 {
    or_nothrow_slow(alloc::allocate(size), size, DEFAULT_ALIGN)
}

/// `operator new[](size_t, nothrow_t const&)`.
#[unsafe(no_mangle)]
pub extern "C" fn _ZnamRKSt9nothrow_t(size: usize, _: usize) -> *mut u8 {
    or_nothrow_slow(alloc::allocate(size), size, DEFAULT_ALIGN)
}

/// `operator new(size_t, align_val_t, nothrow_t const&)`.
#[unsafe(no_mangle)]
pub extern "C" fn _ZnwmSt11align_val_tRKSt9nothrow_t(size: usize, align: usize, _: usize) -> *mut u8 {
    or_nothrow_slow(allocate_aligned(size, align), size, align)
}

/// `operator new[](size_t, align_val_t, nothrow_t const&)`.
#[unsafe(no_mangle)]
pub extern "C" fn _ZnamSt11align_val_tRKSt9nothrow_t(size: usize, align: usize, _: usize) -> *mut u8 {
    or_nothrow_slow(allocate_aligned(size, align), size, align)
}

/// Makes the forms of operator delete that free by the pointer alone.
macro_rules! deletes {
    ($($(#[$doc:meta])* $name:ident($($rest:ty),*);)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(ptr: *mut u8 $(, _: $rest)*) {
            // SAFETY: C's promise
            unsafe { free::deallocate(ptr) }
        }
    )*};
}

deletes! {
    /// `operator delete(void*)`.
    _ZdlPv();
    /// `operator delete[](void*)`.
    _ZdaPv();
    /// `operator delete(void*, nothrow_t const&)`.
    _ZdlPvRKSt9nothrow_t(usize);
    /// `operator delete[](void*, nothrow_t const&)`.
    _ZdaPvRKSt9nothrow_t(usize);
    /// `operator delete(void*, align_val_t)`.
    _ZdlPvSt11align_val_t(usize);
    /// `operator delete[](void*, align_val_t)`.
    _ZdaPvSt11align_val_t(usize);
    /// `operator delete(void*, align_val_t, nothrow_t const&)`.
    _ZdlPvSt11align_val_tRKSt9nothrow_t(usize, usize);
    /// `operator delete[](void*, align_val_t, nothrow_t const&)`.
    _ZdaPvSt11align_val_tRKSt9nothrow_t(usize, usize);
}

/// `operator delete(void*, size_t)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _ZdlPvm(ptr: *mut u8, size: usize) {
    // SAFETY: C's promise
    unsafe { free::deallocate_sized(ptr, size) }
}

/// `operator delete[](void*, size_t)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _ZdaPvm(ptr: *mut u8, size: usize) {
    // SAFETY: C's promise
    unsafe { free::deallocate_sized(ptr, size) }
}

/// `operator delete(void*, size_t, align_val_t)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _ZdlPvmSt11align_val_t(ptr: *mut u8, size: usize, align: usize) {
    // SAFETY: C's promise
    unsafe { free::deallocate_aligned_sized(ptr, align, size) }
}

/// `operator delete[](void*, size_t, align_val_t)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _ZdaPvmSt11align_val_t(ptr: *mut u8, size: usize, align: usize) {
    // SAFETY: C's promise
    unsafe { free::deallocate_aligned_sized(ptr, align, size) }
}
