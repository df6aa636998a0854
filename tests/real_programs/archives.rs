//! tar with xz on two threads, and sort with two threads and temporary files.

use std::fs;

use crate::harness::inputs;
use crate::harness::plan::Plan;
use crate::harness::run::Run;
use crate::harness::served::{Importer, malloc_of};

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    const TAR: &[Importer] = &[malloc_of("tar"), malloc_of("liblzma.so.5")];
    const SORT: &[Importer] = &[malloc_of("sort")];
    vec![Plan::threaded("tar/xz_two_threads", TAR, tar), Plan::threaded("sort/two_threads", SORT, sort)]
}

fn tar(run: &mut Run) -> Result<(), String> {
    make_tree(run)?;
    let mut pack = run.command("tar")?;
    // Blocks of 512 KiB, so that both threads have several to do.
    pack.args(["-I", "xz -T2 -2 --block-size=512KiB", "--sort=name", "--mtime=@1700000000"]);
    pack.args(["--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"]);
    pack.args(["-cvf", "tree.tar.xz", "tree"]);
    run.observe("packed names", pack)?;
    run.record_file("tree.tar.xz")?;

    let mut test = run.command("xz")?;
    test.args(["-T2", "-tv", "tree.tar.xz"]);
    run.succeed(test)?;
    fs::create_dir(run.dir().join("unpacked")).map_err(|e| e.to_string())?;
    let mut unpack = run.command("tar")?;
    unpack.args(["-I", "xz -T2", "-xvf", "tree.tar.xz", "-C", "unpacked"]);
    run.observe("unpacked names", unpack)?;
    let unpacked = run.dir().join("unpacked");
    run.record.add_tree(&unpacked)
}

/// Some hundred files of very different sizes, about 6 MB together.
fn make_tree(run: &Run) -> Result<(), String> {
    let text = inputs::lines(150_000);
    let mut numbers = inputs::Numbers::from_seed(4);
    for dir in 0..10 {
        fs::create_dir_all(run.dir().join(format!("tree/dir{dir}"))).map_err(|e| e.to_string())?;
    }
    let mut rest = text.as_bytes();
    let mut file = 0;
    while !rest.is_empty() {
        let size = numbers.below(if file % 20 == 0 { 600_000 } else { 9_000 }) as usize + 1;
        let (content, others) = rest.split_at(size.min(rest.len()));
        run.write(&format!("tree/dir{}/file{file}", file % 10), content)?;
        rest = others;
        file += 1;
    }
    Ok(())
}

fn sort(run: &mut Run) -> Result<(), String> {
    run.write("lines.txt", inputs::lines(400_000).as_bytes())?;
    // In memory; with a buffer too small for the input; by number with a limit on files.
    let ways: [(&str, &[&str]); 3] = [
        ("sorted.txt", &["-S", "200M"]),
        ("spilled.txt", &["-S", "3M", "--compress-program=gzip", "-k2,2", "-k1,1r"]),
        ("unique.txt", &["-S", "2M", "--batch-size=4", "-u", "-V"]),
    ];
    for (output, arguments) in ways {
        let mut sort = run.command("sort")?;
        sort.args(["--parallel=2", "-o", output]).args(arguments).arg("lines.txt");
        run.observe("messages", sort)?;
        run.record_file(output)?;
    }
    Ok(())
}
