"""Threads that build large structures, hand them to other threads through
queues, serialise them and drop them: blocks are freed far from home."""
import hashlib
import json
import pickle
import queue
import random
import re
import threading
import zlib

PRODUCERS = 4
ROUNDS = 12


def build(seed):
    """A nested structure of some 4000 objects; the same for the same seed."""
    rng = random.Random(seed)
    return {
        f"key{i}": {
            "text": "x" * rng.randrange(300),
            "numbers": [rng.random() for _ in range(rng.randrange(20))],
            "bytes": rng.randbytes(rng.randrange(60)).hex(),
        }
        for i in range(600)
    }


def produce(number, handover):
    """Puts ROUNDS structures, each with the digest its receiver must find."""
    for turn in range(ROUNDS):
        data = build(number * 1000 + turn)
        text = json.dumps(data, sort_keys=True)
        handover.put((number, turn, data, hashlib.sha256(text.encode()).hexdigest()))
    handover.put(None)


def consume(handover, results):
    """Checks what arrives and notes one line for each structure."""
    while (item := handover.get()) is not None:
        number, turn, data, digest = item
        again = pickle.loads(zlib.decompress(zlib.compress(pickle.dumps(data), 1)))
        text = json.dumps(again, sort_keys=True, indent=1)
        compact = json.dumps(json.loads(text), sort_keys=True)
        assert hashlib.sha256(compact.encode()).hexdigest() == digest, "a structure changed on its way"
        words = len(re.findall(r'"[a-z]+\d*"', text))
        results.append(f"{number} {turn} {len(text)} {words} {digest[:16]}")
        del item, data, again, text, compact


def main():
    """Pairs of producers and consumers, then threads that come and go."""
    results, threads = [], []
    for number in range(PRODUCERS):
        handover = queue.Queue(maxsize=3)
        threads.append(threading.Thread(target=produce, args=(number, handover)))
        threads.append(threading.Thread(target=consume, args=(handover, results)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join(sorted(results)))

    kept = []
    for turn in range(100):
        short = [threading.Thread(target=lambda seed=turn * 4 + i: kept.append(bytearray(seed % 97 * 500)))
                 for i in range(4)]
        for thread in short:
            thread.start()
        for thread in short:
            thread.join()
        if turn % 3 == 0:
            kept.sort(key=len)
            del kept[::2]
    print(len(kept), sum(map(len, kept)))


main()
