//! redis-server under redis-benchmark: load, fork for a snapshot, restart from it.

use std::process::Command;
use std::time::Duration;

use crate::harness::plan::Plan;
use crate::harness::process::{Running, wait_until};
use crate::harness::run::{Run, check_success};
use crate::harness::served::{Importer, malloc_of};

/// Relative to the run's folder: a socket's full path may be too long for the kernel.
const SOCKET: &str = "redis.sock";

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    const REDIS: &[Importer] = &[malloc_of("redis-server"), malloc_of("redis-benchmark"), malloc_of("redis-cli")];
    let mut plan = Plan::threaded("redis/benchmark_and_snapshot", REDIS, benchmark_and_snapshot);
    plan.limit = Duration::from_secs(90);
    vec![plan]
}

fn benchmark_and_snapshot(run: &mut Run) -> Result<(), String> {
    run.bring("redis_load.lua")?;
    let mut server = start_server(run)?;
    benchmark(run)?;
    observe(run, "load", &["--eval", "redis_load.lua"])?;
    observe_data(run, "after load")?;
    save_while_busy(run, &mut server)?;
    observe_data(run, "after snapshot")?;
    shut_down(run, server)?;

    // The second server has to read back what the forked child wrote.
    let server = start_server(run)?;
    observe_data(run, "after restart")?;
    observe(run, "flush", &["flushall", "sync"])?;
    observe_data(run, "after flush")?;
    shut_down(run, server)
}

fn start_server(run: &mut Run) -> Result<Running, String> {
    let mut redis = run.server("redis-server")?;
    redis.args(["--port", "0", "--unixsocket", SOCKET, "--daemonize", "no", "--dir", "."]);
    redis.args(["--save", "", "--appendonly", "no", "--io-threads", "2"]);
    redis.args(["--enable-debug-command", "yes", "--busy-reply-threshold", "60000"]);
    let mut server = run.start(redis)?;
    let deadline = run.deadline();
    wait_until(&mut server, deadline, || {
        let answer = text_of(run, &["ping"])?;
        if answer == "PONG" { Ok(()) } else { Err(format!("ping gives `{answer}`")) }
    })?;
    Ok(server)
}

/// Without random keys, so that the resulting data does not depend on the order.
fn benchmark(run: &mut Run) -> Result<(), String> {
    let short = "set,get,incr,lpush,rpush,lpop,sadd,hset,zadd,lrange_100,lrange_600,mset";
    let long = "set,get,incr,lpush,rpush,lpop,hset,mset";
    for (size, threads, tests) in [("3", "1", short), ("2000", "2", long)] {
        let mut command = run.command("redis-benchmark")?;
        command.args(["-s", SOCKET, "-q", "--csv", "-n", "6000", "-c", "20", "-P", "8"]);
        command.args(["-d", size, "--threads", threads, "-t", tests]);
        let finished = run.succeed(command)?;
        // Of each row only the name stays: the rest are rates and latencies.
        let text = finished.text();
        let names: Vec<&str> = text.lines().filter_map(|line| line.split('"').nth(1)).collect();
        run.record.add("benchmark", names.join("\n").as_bytes());
    }
    Ok(())
}

/// Takes a snapshot while clients go on writing: parent and child both allocate.
fn save_while_busy(run: &mut Run, server: &mut Running) -> Result<(), String> {
    let before = text_of(run, &["lastsave"])?;
    // LASTSAVE counts seconds: the snapshot must end in a later one than the start.
    std::thread::sleep(Duration::from_millis(1100));
    let mut writes = run.command("redis-benchmark")?;
    writes.args(["-s", SOCKET, "-q", "-n", "20000", "-P", "16", "-d", "500", "-t", "set,incr"]);
    let writes = run.start(writes)?;
    observe(run, "bgsave", &["bgsave"])?;
    let deadline = run.deadline();
    let finished = writes.wait(deadline)?;
    run.check_messages(&finished)?;
    check_success(&finished)?;
    wait_until(server, deadline, || {
        if text_of(run, &["lastsave"])? != before { Ok(()) } else { Err("bgsave does not end".to_owned()) }
    })?;
    let state = text_of(run, &["info", "persistence"])?;
    let is_outcome = |line: &&str| line.starts_with("rdb_last_bgsave_status");
    let outcome = state.lines().find(is_outcome).unwrap_or("no status").to_owned();
    run.record.add("bgsave outcome", outcome.trim().as_bytes());
    // What was written during the snapshot may be in it or not: save it again, so
    // that the restarted server has the same data in every run.
    observe(run, "save", &["save"])
}

fn observe_data(run: &mut Run, when: &str) -> Result<(), String> {
    for question in [&["dbsize"][..], &["debug", "digest"], &["llen", "mylist"], &["get", "counter:__rand_int__"]] {
        observe(run, &format!("{} {when}", question.join(" ")), question)?;
    }
    Ok(())
}

fn shut_down(run: &mut Run, server: Running) -> Result<(), String> {
    observe(run, "shutdown", &["shutdown", "nosave"])?;
    let finished = server.wait(run.deadline())?;
    run.check_messages(&finished)?;
    run.record.add("status of the server", finished.status_text().as_bytes());
    check_success(&finished).map_err(|text| format!("{text} {}", finished.text()))
}

fn observe(run: &mut Run, label: &str, arguments: &[&str]) -> Result<(), String> {
    let command = client(run, arguments)?;
    run.observe(label, command).map(drop)
}

fn text_of(run: &mut Run, arguments: &[&str]) -> Result<String, String> {
    let command = client(run, arguments)?;
    Ok(run.succeed(command)?.text().trim().to_owned())
}

fn client(run: &Run, arguments: &[&str]) -> Result<Command, String> {
    let mut command = run.command("redis-cli")?;
    command.args(["-s", SOCKET]).args(arguments);
    Ok(command)
}
