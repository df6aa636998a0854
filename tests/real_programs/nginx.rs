//! nginx with two workers under wrk: pages, compression, a proxy to itself, a
//! change of workers while it runs. wrk and curl run under the preload as well.

use std::net::TcpListener;
use std::process::Command;

use crate::harness::inputs;
use crate::harness::plan::Plan;
use crate::harness::process::{Running, wait_until};
use crate::harness::run::{Run, check_success, programs_dir};
use crate::harness::served::{Importer, malloc_of};

const PAGES: [&str; 5] = ["/small.txt", "/large.txt", "/listing/", "/proxy/large.txt", "/missing"];

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    const NGINX: &[Importer] = &[malloc_of("nginx"), malloc_of("wrk"), malloc_of("curl")];
    vec![Plan::threaded("nginx/wrk", NGINX, wrk)]
}

fn wrk(run: &mut Run) -> Result<(), String> {
    let port = free_port()?;
    write_site(run, port)?;
    let mut command = run.server("nginx")?;
    command.args(["-p", "./", "-c", "nginx.conf", "-e", "error.log"]);
    let mut server = run.start(command)?;
    let deadline = run.deadline();
    wait_until(&mut server, deadline, || run.succeed(curl(run, port, "/small.txt")?))?;

    observe_pages(run, port, "before")?;
    for page in ["/small.txt", "/large.txt", "/proxy/small.txt"] {
        load(run, port, page)?;
    }
    replace_workers(run, &mut server)?;
    load(run, port, "/large.txt")?;
    observe_pages(run, port, "after")?;

    let finished = server.stop("QUIT")?;
    run.check_messages(&finished)?;
    run.record.add("status of nginx", finished.status_text().as_bytes());
    check_success(&finished)?;
    check_error_log(run)
}

/// A port of the loopback interface that nobody had a moment ago.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("no free port: {e}"))?;
    Ok(listener.local_addr().map_err(|e| e.to_string())?.port())
}

fn write_site(run: &Run, port: u16) -> Result<(), String> {
    let template = programs_dir().join("nginx.conf");
    let text = std::fs::read_to_string(&template).map_err(|e| format!("{}: {e}", template.display()))?;
    run.write("nginx.conf", text.replace("@PORT@", &port.to_string()).as_bytes())?;
    std::fs::create_dir_all(run.dir().join("site/listing")).map_err(|e| e.to_string())?;
    run.write("site/small.txt", b"a small page\n")?;
    run.write("site/large.txt", inputs::lines(20_000).as_bytes())?;
    for number in 0..60 {
        run.write(&format!("site/listing/page{number}.txt"), b"x")?;
    }
    Ok(())
}

/// Each page as it is and compressed. The port, which differs between runs, is
/// in no page; modification times are, in the listing, and are dropped.
fn observe_pages(run: &mut Run, port: u16, when: &str) -> Result<(), String> {
    for page in PAGES {
        let body = run.succeed(curl(run, port, page)?)?.text();
        let body: Vec<&str> = body.lines().map(|line| line.split("</a>").next().unwrap_or(line)).collect();
        run.record.add(&format!("{page} {when}"), body.join("\n").as_bytes());
    }
    let mut compressed = curl(run, port, "/large.txt")?;
    compressed.args(["-H", "Accept-Encoding: gzip"]);
    run.observe(&format!("compressed {when}"), compressed).map(drop)
}

/// Two seconds of wrk; the rates are dropped, the errors must be none.
fn load(run: &mut Run, port: u16, page: &str) -> Result<(), String> {
    let mut wrk = run.command("wrk")?;
    wrk.args(["-t", "2", "-c", "24", "-d", "1s", "--timeout", "20s", "-H", "Accept-Encoding: gzip"]);
    wrk.arg(format!("http://127.0.0.1:{port}{page}"));
    let finished = run.succeed(wrk)?;
    let text = finished.text();
    if text.contains("Socket errors") || text.contains("Non-2xx") || !text.contains("Requests/sec") {
        return Err(format!("wrk on {page}: {text}"));
    }
    if text.contains("\n  0 requests in") {
        return Err(format!("wrk on {page} got no answer: {text}"));
    }
    Ok(())
}

/// SIGHUP: the master forks new workers, the old ones finish and exit.
fn replace_workers(run: &mut Run, server: &mut Running) -> Result<(), String> {
    let log = run.dir().join("error.log");
    server.signal("HUP");
    wait_until(server, run.deadline(), || {
        let text = std::fs::read_to_string(&log).map_err(|e| format!("error.log: {e}"))?;
        let gone = text.lines().filter(|line| line.contains("exited with code 0")).count();
        if gone >= 2 { Ok(()) } else { Err("the old workers do not leave".to_owned()) }
    })
}

fn check_error_log(run: &Run) -> Result<(), String> {
    let path = run.dir().join("error.log");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("error.log: {e}"))?;
    let bad = ["exited on signal", "exited with fatal", "[alert]", "[emerg]", "[crit]", "hakmem:"];
    match text.lines().find(|line| bad.iter().any(|mark| line.contains(mark))) {
        Some(line) => Err(format!("error.log: {line}")),
        None => Ok(()),
    }
}

fn curl(run: &Run, port: u16, page: &str) -> Result<Command, String> {
    let mut command = run.command("curl")?;
    command.args(["-s", "-S", "--max-time", "20"]).arg(format!("http://127.0.0.1:{port}{page}"));
    Ok(command)
}
