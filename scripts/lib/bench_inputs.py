"""Inputs of the program rows, made by this file into out/bench-inputs, from fixed seeds: the same
on every machine whose Python and git are the same.

A stamp there holds the digest of this file; inputs made by another version of it
are made again.
"""

import hashlib
import os
import random
import shutil
import subprocess
from pathlib import Path

FOLDER = Path("out/bench-inputs")

SQL = """PRAGMA temp_store = MEMORY;
CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT, team INTEGER, amount REAL);
WITH RECURSIVE series(n, x) AS (SELECT 1, 7 UNION ALL
  SELECT n + 1, (x * 1103515245 + 12345) % 2147483648 FROM series WHERE n < 60000)
  INSERT INTO items SELECT n, printf('name-%0*d', 4 + x % 60, x), x / 65536 % 97, x % 100000 / 100.0 FROM series;
CREATE INDEX by_name ON items(name);
SELECT team, count(*), round(avg(amount), 3) FROM items GROUP BY team ORDER BY 3 DESC LIMIT 5;
SELECT count(*) FROM items a JOIN items b ON b.name = a.name AND a.id < b.id;
SELECT team, length(group_concat(name, ',')) FROM items GROUP BY team ORDER BY 2 DESC LIMIT 5;
SELECT sum(json_array_length(list)) FROM (SELECT json_group_array(name) AS list FROM items GROUP BY team);
SELECT sum(length(upper(name) || replace(name, '1', 'one') || hex(name))) FROM items;
UPDATE items SET name = name || '-' || id WHERE id % 3 = 0;
DELETE FROM items WHERE id % 7 = 0;
SELECT count(*), sum(length(name)) FROM items;
"""

CXX = """#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
"""

CXX_UNIT = """struct Shape{n} {{ std::string name; std::map<int, std::vector<std::string>> parts; double weight; }};
using Any{n} = std::variant<int, std::string, Shape{n}, std::vector<Shape{n}>>;
std::size_t count{n}(const std::unordered_map<std::string, Any{n}> &all) {{
    std::ostringstream text;
    for (const auto &[key, any] : all)
        text << key << std::visit([](const auto &value) {{ return sizeof(value) + {n}; }}, any);
    auto copy = std::make_shared<Shape{n}>();
    copy->parts[{n}].push_back(text.str());
    return text.str().size() + copy->parts.size();
}}
"""


def words(seed, count):
    """Words with the frequencies of a text: few are common, many are rare."""
    rng = random.Random(seed)
    return [f"w{int(rng.paretovariate(0.8)) % 50000:x}" for _ in range(count)]


def text_lines(seed, count):
    """`count` lines of twelve words."""
    all_words = words(seed, count * 12)
    return [" ".join(all_words[i:i + 12]) for i in range(0, len(all_words), 12)]


def write_smt(path):
    """Bit-vector and array constraints whose answer z3 finds by search and rewriting."""
    rng = random.Random(5)
    lines = ["(set-logic QF_AUFBV)", "(declare-const a (Array (_ BitVec 16) (_ BitVec 16)))"]
    lines += [f"(declare-const x{i} (_ BitVec 16))" for i in range(60)]
    for _ in range(140):
        i, j, k = rng.sample(range(60), 3)
        number = rng.randrange(1, 65536)
        lines.append(f"(assert (or (= (bvadd x{i} x{j}) (bvmul x{k} (_ bv{number} 16)))"
                     f" (bvult (select a x{i}) (bvxor x{j} x{k}))))")
        lines.append(f"(assert (not (= (select a x{k}) (select a (bvadd x{i} (_ bv{number} 16))))))")
    path.write_text("\n".join([*lines, "(check-sat)", ""]), encoding="ascii")


def write_image(path):
    """A grey picture with shapes and noise, as PGM."""
    rng = random.Random(6)
    width, height = 900, 600
    noise = rng.randbytes(width * height)
    pixels = bytes((x * y // 64 + (noise[y * width + x] & 31)) & 255 for y in range(height) for x in range(width))
    path.write_bytes(b"P5\n%d %d\n255\n" % (width, height) + pixels)


def history():
    """A stream for git fast-import: 400 commits, each of which changes some of 60 files."""
    rng = random.Random(7)
    files = {f"part{i % 7}/file{i}.txt": text_lines(i, 60) for i in range(60)}
    stream = []
    for commit in range(400):
        changed = sorted(files) if commit == 0 else rng.sample(sorted(files), 4)
        stream.append(f"commit refs/heads/main\ncommitter author <author@example.org> {1700000000 + 60 * commit} +0000\n"
                      f"data {len(f'step {commit}')}\nstep {commit}\n")
        for name in changed:
            files[name][rng.randrange(60)] = " ".join(words(rng.randrange(1 << 30), 12))
            text = "\n".join(files[name]) + "\n"
            stream.append(f"M 100644 inline {name}\ndata {len(text)}\n{text}\n")
    return "".join(stream).encode("ascii")


def write_repository(path):
    """A bare repository, packed by one thread."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True, env=env)
    subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input=history(), check=True, env=env)
    subprocess.run(["git", "-C", path, "-c", "pack.threads=1", "gc", "-q"], check=True, env=env)


def write_all(folder):
    """Everything, into an empty folder."""
    (folder / "items.sql").write_text(SQL, encoding="ascii")
    (folder / "units.cc").write_text(CXX + "".join(CXX_UNIT.format(n=n) for n in range(6)), encoding="ascii")
    (folder / "text.txt").write_text("\n".join(text_lines(4, 30000)) + "\n", encoding="ascii")
    write_smt(folder / "search.smt2")
    write_image(folder / "picture.pgm")
    write_repository(folder / "history.git")


def digest():
    """What stands for the inputs: that of this file, which makes them."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def make():
    """Makes the inputs when they are missing or of another version of this file."""
    stamp = FOLDER / "stamp"
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    write_all(FOLDER)
    stamp.write_text(digest(), encoding="ascii")
