"""Servers under an allocator, their clients without one.

A server runs in a folder of its own (@DIR@ in the rows), is filled and then asked by its
client, and ends on SIGTERM. What is measured is the server; the time of the
client is the row's timed part.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lib import measure
from lib.allocators import GLIBC, Variant
from lib.measure import RunFailed, describe_status, environment, last_line
from lib.rows import CPU, SERVERS, Row

POLL_S = 0.01
PLACE = "@DIR@"
SOCKET = f"{PLACE}/socket"
CLIENT = ("/usr/bin/python3", "scripts/lib/bench_client.py")
PAGE_LINES = 6000
NGINX_CONF = """daemon off;
worker_processes 1;
pid @DIR@/nginx.pid;
error_log @DIR@/error.log notice;
@USER@
events { worker_connections 256; }
http {
    access_log @DIR@/access.log;
    client_body_temp_path @DIR@/body;
    proxy_temp_path @DIR@/proxy;
    fastcgi_temp_path @DIR@/fastcgi;
    uwsgi_temp_path @DIR@/uwsgi;
    scgi_temp_path @DIR@/scgi;
    default_type text/plain;
    gzip on;
    gzip_types text/plain;
    keepalive_requests 1000000;
    server { listen unix:@DIR@/socket; root @DIR@; }
}
"""


@dataclass(frozen=True)
class Server:
    """What a server's row needs beside its command."""

    client: tuple  # timed
    fill: tuple = ()  # before it, not timed
    prepare: object = None  # called with the folder before the start

    def execute(self, arguments, env, timeout_s, pass_fds=()):
        """Like measure.run for a server: its code, its output with elapsed_s= of the client, its messages."""
        with tempfile.TemporaryDirectory(prefix="hakmem-server-") as folder, \
                tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            if self.prepare is not None:
                self.prepare(Path(folder))
            process = subprocess.Popen(placed(arguments, folder), env=env, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=err, pass_fds=pass_fds, start_new_session=True)
            try:
                wait_until_ready(process, f"{folder}/socket", timeout_s, err)
                elapsed_s = self.ask(folder, timeout_s)
                os.kill(served_process(process), signal.SIGTERM)
                code = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise RunFailed(f"the server does not end on SIGTERM within {timeout_s:g} s") from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            out.seek(0)
            err.seek(0)
            return code, out.read() + f"\nelapsed_s={elapsed_s:.6f}\n".encode(), err.read()

    def ask(self, folder, timeout_s):
        """Fills the server, then runs the client; returns the client's seconds."""
        if self.fill:
            run_client(placed(self.fill, folder), timeout_s)
        started = time.monotonic()
        run_client(placed(self.client, folder), timeout_s)
        return time.monotonic() - started


def placed(words, folder):
    """The words with the server's folder put in."""
    return [word.replace(PLACE, folder) for word in words]


def run_client(command, timeout_s):
    """Runs a client under libc's allocator; raises RunFailed."""
    code, _, err = measure.run(command, environment(Variant("", GLIBC), {}), timeout_s)
    if code != 0:
        raise RunFailed(f"client: {describe_status(code)}: {last_line(err)}")


def wait_until_ready(process, path, timeout_s, err):
    """Waits until the server accepts connections."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(path)
            return
        except OSError:
            pass
        if process.poll() is not None:
            err.seek(0)
            raise RunFailed(f"the server ended at its start: {last_line(err.read())}")
        if time.monotonic() > deadline:
            raise RunFailed(f"the server is not ready after {timeout_s:g} s")
        time.sleep(POLL_S)


def served_process(process):
    """The server's process: the child of measure_child, or what env has become. Raises RunFailed when it is gone."""
    own = Path(f"/proc/{process.pid}")
    if (own / "comm").read_text(encoding="ascii").strip() != measure.LAUNCHER.name:
        return process.pid
    children = (own / "task" / str(process.pid) / "children").read_text(encoding="ascii").split()
    if not children:
        raise RunFailed("the server has ended before it was told to")
    return int(children[0])


def prepare_site(folder):
    """nginx's configuration and pages."""
    user = "user root;" if os.geteuid() == 0 else ""
    text = NGINX_CONF.replace("@USER@", user).replace(PLACE, str(folder))
    (folder / "nginx.conf").write_text(text, encoding="ascii")
    for page in range(20):
        (folder / f"page{page}.txt").write_text(f"page {page}\n" * (20 * (page + 1)), encoding="ascii")
    lines = (f"line {line} {line * 7919 % 10007}\n" for line in range(PAGE_LINES))
    (folder / "large.txt").write_text("".join(lines), encoding="ascii")


def server_rows():
    """All rows of this file."""
    return [
        Row(name="redis-server", group=SERVERS, judged=CPU, seconds=1.5, quick=True, links_an_allocator=True,
            phenomenon="keys of all types, then 200 000 requests of redis-benchmark on 50 000 keys",
            command=("redis-server", "--port", "0", "--unixsocket", SOCKET, "--dir", PLACE, "--daemonize", "no",
                     "--save", "", "--appendonly", "no"),
            server=Server(client=("redis-benchmark", "-s", SOCKET, "-q", "-n", "25000", "-c", "20", "-P", "16",
                                  "-d", "300", "-r", "50000", "-t", "set,get,incr,lpush,lpop,sadd,hset,mset"),
                          fill=("redis-cli", "-s", SOCKET, "--eval", "tests/programs/redis_load.lua"))),
        Row(name="memcached", group=SERVERS, judged=CPU, seconds=1.5,
            phenomenon="60 000 requests for values of 10 to 8000 bytes",
            command=("memcached", "-u", "root", "-s", SOCKET, "-m", "64", "-t", "2"),
            server=Server(client=(*CLIENT, "memcached", SOCKET, "60000"))),
        Row(name="nginx", group=SERVERS, judged=CPU, seconds=1.5,
            phenomenon="12 000 requests for pages, a third of them compressed",
            command=("/usr/sbin/nginx", "-p", PLACE, "-c", "nginx.conf", "-e", "error.log"),
            server=Server(client=(*CLIENT, "http", SOCKET, "12000"), prepare=prepare_site)),
    ]
