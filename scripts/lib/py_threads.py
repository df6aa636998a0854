"""A real program for `make run` and `make bench`: threads that build a large structure and serialise it.

usage: PYTHONMALLOC=malloc /usr/bin/python3 scripts/lib/py_threads.py [THREADS [RECORDS]]

Each thread builds RECORDS nested records (defaults: 4 threads, 4000 records),
writes them as JSON and reads them back, pickles and unpickles them, and sorts
them. With PYTHONMALLOC=malloc every object is a block of the allocator under
test. The last line gives a digest of all results, which does not depend on
the allocator, and the time taken.
"""

import hashlib
import json
import pickle
import sys
import threading
import time


def make_record(number):
    """One nested record of strings, lists and a dictionary of a few hundred bytes each."""
    return {
        "id": number,
        "name": f"record-{number:08d}" * (1 + number % 5),
        "tags": [f"tag-{number % 97}-{i}" for i in range(number % 13)],
        "values": [number * 1.5 + i for i in range(8)],
        "inner": {f"key-{i}": {"n": number ^ i, "text": "x" * (number * 7 % 600)} for i in range(3)},
    }


def build_and_serialise(thread_number, record_count, digests):
    """The work of one thread; leaves the digest of what it made in `digests`."""
    records = [make_record(thread_number * record_count + i) for i in range(record_count)]
    text = json.dumps(records)
    from_json = json.loads(text)
    pickled = pickle.dumps(from_json)
    copies = pickle.loads(pickled)
    copies.sort(key=lambda record: (record["name"], record["id"]))
    if from_json != records or len(copies) != record_count:
        raise SystemExit("py_threads: what came back differs from what was written")
    lines = "\n".join(record["name"] for record in copies)
    digests[thread_number] = hashlib.sha256((text + lines).encode()).hexdigest()


def number(text):
    """A whole number of at least 1, or exit status 2."""
    if not text.isdecimal() or int(text) < 1:
        print(f"py_threads: '{text}' is not a number of at least 1", file=sys.stderr)
        sys.exit(2)
    return int(text)


def main(argv):
    thread_count = number(argv[1]) if len(argv) > 1 else 4
    record_count = number(argv[2]) if len(argv) > 2 else 4000
    digests = [None] * thread_count
    started = time.monotonic()
    threads = [threading.Thread(target=build_and_serialise, args=(i, record_count, digests))
               for i in range(thread_count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if None in digests:
        sys.exit("py_threads: a thread did not finish")
    digest = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
    print(f"py_threads threads={thread_count} records={record_count} digest={digest} "
          f"elapsed_s={time.monotonic() - started:.6f}")


if __name__ == "__main__":
    main(sys.argv)
