"""A client that sends a fixed number of requests to a server on a unix socket.

usage: /usr/bin/python3 scripts/lib/bench_client.py http|memcached SOCKET REQUESTS

Eight connections in turn, requests in batches of 16 that are sent together, and
every answer read to its end and checked. The requests are the same in each run.
"""

import socket
import sys

CONNECTIONS = 8
BATCH = 16


class Connection:
    """A socket and what was read from it beyond the last answer."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.buffer = b""

    def read_more(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise SystemExit("bench_client: the server closed the connection")
        self.buffer += data

    def take_line(self):
        """The next line, without its end."""
        while b"\r\n" not in self.buffer:
            self.read_more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def drop(self, count_bytes):
        """Reads past a body."""
        while len(self.buffer) < count_bytes:
            self.read_more()
        self.buffer = self.buffer[count_bytes:]


def http_request(number):
    """Every eighth asks for the large page, every third for a compressed one."""
    page = "large.txt" if number % 8 == 0 else f"page{number % 20}.txt"
    coding = "Accept-Encoding: gzip\r\n" if number % 3 == 0 else ""
    return f"GET /{page} HTTP/1.1\r\nHost: localhost\r\n{coding}\r\n".encode("ascii")


def read_http(connection):
    """One answer, with a length or in chunks."""
    status = connection.take_line()
    if b" 200 " not in status:
        raise SystemExit(f"bench_client: {status!r}")
    length, is_chunked = 0, False
    while line := connection.take_line():
        name, _, value = line.lower().partition(b":")
        if name == b"content-length":
            length = int(value)
        is_chunked = is_chunked or (name == b"transfer-encoding" and b"chunked" in value)
    if not is_chunked:
        connection.drop(length)
        return
    while size := int(connection.take_line(), 16):
        connection.drop(size + 2)
    connection.take_line()


def memcached_request(number):
    """Every third stores a value of 10 to 8000 bytes, the others ask for one."""
    key = f"key{number * 7919 % 4999}"
    if number % 3:
        return f"get {key}\r\n".encode("ascii")
    value = "v" * (10 + number * 104729 % 7990)
    return f"set {key} 0 0 {len(value)}\r\n{value}\r\n".encode("ascii")


def read_memcached(connection):
    """One answer: STORED, END, or a value and END."""
    line = connection.take_line()
    if line.startswith(b"VALUE "):
        connection.drop(int(line.split()[3]) + 2)
        line = connection.take_line()
    if line not in (b"STORED", b"END"):
        raise SystemExit(f"bench_client: {line!r}")


KINDS = {"http": (http_request, read_http), "memcached": (memcached_request, read_memcached)}


def talk(kind, path, requests):
    """Sends all requests and reads all answers."""
    make_request, read_answer = KINDS[kind]
    connections = [Connection(path) for _ in range(CONNECTIONS)]
    for start in range(0, requests, BATCH):
        connection = connections[start // BATCH % CONNECTIONS]
        numbers = range(start, min(start + BATCH, requests))
        connection.socket.sendall(b"".join(make_request(number) for number in numbers))
        for _ in numbers:
            read_answer(connection)


def main(argv):
    if len(argv) != 4 or argv[1] not in KINDS or not argv[3].isdecimal():
        print("usage: bench_client.py http|memcached SOCKET REQUESTS", file=sys.stderr)
        return 2
    talk(argv[1], argv[2], int(argv[3]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
