"""Real programs on fixed input. Their time is user plus system time; children are included."""

from lib.bench_inputs import FOLDER
from lib.rows import CPU, PROGRAMS, Row

TESTS = "tests/programs"
PYTHON_THREADS = ("/usr/bin/python3", "scripts/lib/py_threads.py", "2", "3000")
GIT_ENV = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat"}
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
# Parses, copies and drops a structure of strings and numbers; buffers from malloc beside it.
NODE_SCRIPT = """
const text = JSON.stringify(Array.from({length: 20000}, (_, i) => ({id: i, name: 'n'.repeat(i % 50), list: [i, i / 3]})));
let sum = 0;
for (let round = 0; round < 6; round++) sum += JSON.parse(text).length;
const kept = new Map();
for (let i = 0; i < 40000; i++) kept.set(i % 700, Buffer.allocUnsafeSlow(1 + i * 7919 % 6000).fill(i & 255));
for (const buffer of kept.values()) sum += buffer[0];
console.log(sum);
""".strip()


def program(name, phenomenon, command, seconds, quick=False, env=None):
    """A row of a real program."""
    return Row(name=name, group=PROGRAMS, phenomenon=phenomenon, command=tuple(str(word) for word in command),
               judged=CPU, seconds=seconds, quick=quick, env=env or {})


def program_rows():
    """All rows of this file."""
    return [
        program("sqlite3", "rows inserted, indexed, joined, grouped and changed in memory",
                ["sqlite3", ":memory:", f".read {FOLDER}/items.sql"], 0.35, quick=True),
        program("python3 malloc", "threads that build and serialise structures, each object from malloc",
                PYTHON_THREADS, 0.5, quick=True, env={**NO_BYTECODE, "PYTHONMALLOC": "malloc"}),
        program("python3", "the same with python's own allocator for small objects",
                PYTHON_THREADS, 0.4, env=NO_BYTECODE),
        program("g++ -O2", "six units of templates compiled",
                ["g++", "-std=c++20", "-O2", "-c", "-o", "/dev/null", f"{FOLDER}/units.cc"], 1.5, quick=True),
        program("lua", "tables, strings, coroutines and collections",
                ["lua5.4", f"{TESTS}/lua_tables.lua"], 0.5, quick=True),
        program("z3", "bit vectors and arrays, solved by search",
                ["z3", f"{FOLDER}/search.smt2"], 0.2, quick=True),
        program("ghostscript", "two pages of shapes, shadings and text made into rasters",
                ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=ppmraw", "-r72",
                 "-sOutputFile=/dev/null", f"{TESTS}/drawing.ps"], 0.4, quick=True),
        program("perl", "hashes, strings, regular expressions and trees",
                ["perl", f"{TESTS}/perl_text.pl"], 1.0, env={"PERL_HASH_SEED": "0", "PERL_PERTURB_KEYS": "0"}),
        program("node", "structures parsed from JSON, and buffers", ["node", "-e", NODE_SCRIPT], 0.4, quick=True),
        program("xz -T2", "a text compressed in two threads, in blocks of 512 KiB",
                ["xz", "-c", "-6", "-T2", "--block-size=512KiB", f"{FOLDER}/text.txt"], 0.7),
        program("git log", "the changes of 400 commits, with renames",
                ["git", "-C", f"{FOLDER}/history.git", "log", "-p", "-M", "--stat"], 0.15, quick=True, env=GIT_ENV),
        program("imagemagick", "a picture enlarged, blurred, turned and written as PNG",
                ["/usr/bin/convert", f"{FOLDER}/picture.pgm", "-resize", "110%", "-blur", "0x2", "-rotate", "7",
                 "png:/dev/null"], 0.7),
    ]
