"""The sqlite3 module at work: types, factories, user functions, aggregates,
collations, hooks, blobs, backup, serialisation, rollback and threads.
Each part checks itself; the output and dump.sql are compared between runs."""
import datetime
import hashlib
import random
import sqlite3
import threading


def types_and_factories(db):
    """Round trips of every storage class, through row and text factories."""
    rng = random.Random(1)
    db.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, a, b REAL, c TEXT, d BLOB)")
    rows = [(i, None if i % 7 == 0 else rng.randrange(-2**62, 2**62), rng.random(),
             "é" * rng.randrange(400), rng.randbytes(rng.randrange(900))) for i in range(5000)]
    db.executemany("INSERT INTO t VALUES(?,?,?,?,?)", rows)
    assert db.execute("SELECT * FROM t ORDER BY i").fetchall() == rows
    db.row_factory = sqlite3.Row
    row = db.execute("SELECT i, c AS name FROM t WHERE i = 8").fetchone()
    assert row.keys() == ["i", "name"] and row["name"] == rows[8][3]
    db.row_factory = None
    db.text_factory = bytes
    assert db.execute("SELECT c FROM t WHERE i = 8").fetchone()[0] == rows[8][3].encode()
    db.text_factory = str
    print("types", db.execute("SELECT count(*), sum(length(d)), total(b) FROM t").fetchone())


class Longest:
    """An aggregate that keeps python objects between its calls."""

    def __init__(self):
        self.best = ""

    def step(self, value):
        """Takes one row."""
        self.best = max(self.best, value, key=len)

    def finalize(self):
        """Gives the result."""
        return len(self.best)


def functions(db):
    """Python code that sqlite calls back, also where it raises."""
    db.create_function("digest", 1, lambda v: hashlib.md5(str(v).encode()).hexdigest(), deterministic=True)
    db.create_aggregate("longest", 1, Longest)
    db.create_collation("backwards", lambda x, y: (x[::-1] > y[::-1]) - (x[::-1] < y[::-1]))
    print("functions", db.execute("SELECT max(digest(a)), longest(c) FROM t").fetchone())
    names = [r[0] for r in db.execute("SELECT digest(i) AS n FROM t ORDER BY n COLLATE backwards LIMIT 4")]
    print("collation", names)
    db.create_function("broken", 1, lambda v: 1 // 0)
    for _ in range(200):
        try:
            db.execute("SELECT broken(i) FROM t").fetchall()
            raise SystemExit("the error of a user function was lost")
        except sqlite3.OperationalError:
            pass
    seen = []
    db.set_authorizer(lambda *args: seen.append(args[0]) or sqlite3.SQLITE_OK)
    db.execute("SELECT i FROM t LIMIT 1").fetchall()
    db.set_authorizer(None)
    print("authorizer", len(seen))


def copies(db):
    """Backup, serialisation, dump, incremental blobs, rollback."""
    other = sqlite3.connect(":memory:")
    db.commit()
    db.backup(other, pages=20)
    image = other.serialize()
    third = sqlite3.connect(":memory:")
    third.deserialize(image)
    assert third.execute("SELECT sum(i) FROM t").fetchone() == db.execute("SELECT sum(i) FROM t").fetchone()
    with third.blobopen("t", "d", 17) as blob:
        size = len(blob)
        blob.write(b"z" * size)
    try:
        with third:
            third.execute("DELETE FROM t")
            raise KeyError
    except KeyError:
        pass
    print("copies", len(image), size, third.execute("SELECT count(*) FROM t").fetchone())
    with open("dump.sql", "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in third.iterdump())


def threads():
    """One connection for each thread on a shared in-memory database."""
    uri, results = "file:shared?mode=memory&cache=shared", []
    keeper = sqlite3.connect(uri, uri=True)
    keeper.execute("CREATE TABLE log(thread, n, text)")
    keeper.commit()
    turn = threading.Lock()

    def work(number):
        own = sqlite3.connect(":memory:")
        own.execute("CREATE TABLE x(n, s)")
        own.executemany("INSERT INTO x VALUES(?,?)", ((i, "s" * (i * number % 700)) for i in range(3000)))
        results.append((number, own.execute("SELECT sum(length(s)) FROM x").fetchone()[0]))
        with turn, sqlite3.connect(uri, uri=True) as shared:
            shared.execute("INSERT INTO log SELECT ?, ?, 'x'", (number, number * number))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("threads", sorted(results), keeper.execute("SELECT sum(n) FROM log").fetchone())


def main():
    """All parts on one file database."""
    db = sqlite3.connect("module.db", detect_types=sqlite3.PARSE_DECLTYPES)
    types_and_factories(db)
    functions(db)
    db.execute("CREATE TABLE dates(d DATE)")
    day = datetime.date(2024, 2, 29)
    db.execute("INSERT INTO dates VALUES(?)", (day,))
    assert db.execute("SELECT d FROM dates").fetchone()[0] == day
    copies(db)
    db.close()
    threads()


main()
