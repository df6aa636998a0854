//! Linker arguments of libhakmem.so; `readelf -dlSW` shows what each one does.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=sections.ld");
    let sections = format!("{}/sections.ld", std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it, in UTF-8"));
    if reads_linker_scripts() {
        for argument in [
            // the code starts where the kernel's 64 KiB do
            "-Wl,-z,max-page-size=65536",
            "-Wl,-z,separate-code",
            // what few programs run lies apart; not by -Wl, which ends at a comma of the path
            "-Xlinker",
            "-T",
            "-Xlinker",
            &sections,
        ] {
            println!("cargo:rustc-cdylib-link-arg={argument}");
        }
    }
    for argument in [
        // the name that programs linked with the library record
        "-Wl,-soname,libhakmem.so.1",
        // full RELRO: every relocation at load, then the table is read-only
        "-Wl,-z,relro",
        "-Wl,-z,now",
        // never unloaded: thread-exit keys and the fork handlers point here
        "-Wl,-z,nodelete",
        // a symbol that libc does not have must be weak, or the link fails
        "-Wl,-z,defs",
        // code has no address to patch
        "-Wl,-z,text",
        // only what is used is NEEDED: libc
        "-Wl,--as-needed",
    ] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}

/// Whether the linker takes sections.ld: lld, which is rustc's, and GNU ld do; gold and mold end with an error. Without it
/// the library takes more memory, nothing else.
fn reads_linker_scripts() -> bool {
    println!("cargo:rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    !["gold", "mold"].iter().any(|linker| flags.contains(&format!("fuse-ld={linker}")))
}
