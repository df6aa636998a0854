//! openssl: digests, ciphers, keys, and a short measurement of its speed.

use crate::harness::inputs;
use crate::harness::plan::Plan;
use crate::harness::run::Run;
use crate::harness::served::{Importer, malloc_of};

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    // The program allocates through its library, CRYPTO_malloc.
    const OPENSSL: &[Importer] = &[malloc_of("libcrypto.so.3")];
    vec![
        Plan::single("openssl/digests_and_ciphers", OPENSSL, digests_and_ciphers),
        Plan::single("openssl/speed", OPENSSL, speed),
    ]
}

fn digests_and_ciphers(run: &mut Run) -> Result<(), String> {
    run.write("plain", inputs::lines(60_000).as_bytes())?;
    for digest in ["-sha256", "-sha3-512", "-blake2b512", "-md5"] {
        openssl(run, digest, &["dgst", digest, "plain"])?;
    }
    let password = ["-pbkdf2", "-iter", "2000", "-S", "0123456789abcdef", "-pass", "pass:word"];
    for cipher in ["-aes-256-cbc", "-chacha20", "-aria-128-ctr"] {
        let there = ["enc", cipher, "-in", "plain", "-out", "secret"];
        let back = ["enc", "-d", cipher, "-in", "secret", "-out", "again"];
        openssl(run, "encrypted", &[&there[..], &password].concat())?;
        run.record_file("secret")?;
        openssl(run, "decrypted", &[&back[..], &password].concat())?;
        run.record_file("again")?;
    }
    keys(run)
}

/// Keys are new in every run, so only the verdicts are compared.
fn keys(run: &mut Run) -> Result<(), String> {
    let kinds: [(&str, &[&str]); 2] = [
        ("EC", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("RSA", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ];
    for (kind, options) in kinds {
        openssl(run, kind, &[&["genpkey", "-quiet", "-out", "key.pem"], options].concat())?;
        openssl(run, "public", &["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"])?;
        openssl(run, "sign", &["dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "plain"])?;
        let verify = ["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "plain"];
        openssl(run, "verdict", &verify)?;
        let request = ["req", "-x509", "-new", "-key", "key.pem", "-subj", "/CN=test", "-out", "cert.pem"];
        openssl(run, "certificate", &request)?;
        openssl(run, "chain", &["verify", "-CAfile", "cert.pem", "cert.pem"])?;
    }
    Ok(())
}

/// The figures differ from run to run: the first word of each line is compared.
fn speed(run: &mut Run) -> Result<(), String> {
    for options in [&["-bytes", "1024", "sha256", "aes-128-cbc"][..], &["-multi", "2", "ecdsap256"]] {
        let mut command = run.command("openssl")?;
        command.args(["speed", "-seconds", "1"]).args(options);
        let finished = run.succeed(command)?;
        let text = finished.text();
        // Lines that start with a letter name an algorithm or a property of the build;
        // with -multi the two processes' own lines come in any order.
        let mut names: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        names.retain(|name| name.starts_with(char::is_alphabetic) && !name.starts_with("Got"));
        names.sort_unstable();
        run.record.add("speed", names.join("\n").as_bytes());
    }
    Ok(())
}

fn openssl(run: &mut Run, label: &str, arguments: &[&str]) -> Result<(), String> {
    let mut command = run.command("openssl")?;
    command.args(arguments);
    run.observe(label, command).map(drop)
}
