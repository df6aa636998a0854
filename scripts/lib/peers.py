"""The newest peers: where their sources come from, and how each is built.

The sources are those that crates of the Rust registry carry. They are compiled
here as their authors build the library that replaces malloc: optimised, with
initial-exec TLS, the allocator's own entry points exported under the names of
libc, nothing between caller and allocator.
"""

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from lib import measure
from lib.allocators import PEERS_DIR, ROOT
from lib.measure import RunFailed, describe_status

STEP_TIMEOUT_S = 600
SHARED = ("-shared", "-pthread", "-Wl,-z,defs", "-Wl,--as-needed")
# What mimalloc and rpmalloc are compiled with; the others bring a build system or need C++.
C_FLAGS = ("-O3", "-DNDEBUG", "-D_GNU_SOURCE", "-fPIC", "-fvisibility=hidden", "-ftls-model=initial-exec",
           "-fno-builtin-malloc", "-w")
MIMALLOC_DEFINES = ("MI_MALLOC_OVERRIDE", "MI_SHARED_LIB", "MI_SHARED_LIB_EXPORT", "MI_BUILD_RELEASE", "MI_DEBUG=0")
RPMALLOC_DEFINES = ("ENABLE_PRELOAD=1", "ENABLE_OVERRIDE=1")
TCMALLOC_FLAGS = ("-std=c++17", "-O2", "-DNDEBUG", "-DNOMINMAX", "-DTCMALLOC_INTERNAL_8K_PAGES", "-fPIC",
                  "-fvisibility=hidden", "-ftls-model=initial-exec", "-w")


class PeerFailed(Exception):
    """A peer cannot be built or does not serve; the text says why, in one line."""


@dataclass(frozen=True)
class Source:
    """An unpacked crate, and where its peer is built."""

    crate: Path
    work: Path
    log: Path

    def run(self, *command, cwd=None):
        """Runs one step of a build; what it prints goes to the log."""
        words = [str(word) for word in command]
        try:
            code, out, err = measure.run(words, None, STEP_TIMEOUT_S, cwd=cwd or self.work)
        except (OSError, RunFailed) as reason:
            raise PeerFailed(f"{words[0]}: {reason}") from None
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(words)}\n".encode() + out + err)
        if code != 0:
            raise PeerFailed(f"{words[0]}: {describe_status(code)}; see {self.log.relative_to(ROOT)}")


@dataclass(frozen=True)
class Peer:
    """One allocator. `build` compiles a Source and returns the library; `version` reads the sources."""

    name: str
    crate: str
    crate_version: str
    build: Callable
    version: Callable
    how: str
    remark: str = ""
    settings: dict = field(default_factory=dict)

    def library(self):
        return PEERS_DIR / f"lib{self.name}.so"

    def recipe(self):
        """All that decides what comes out: while it is the same, nothing is built again."""
        return "\n".join([self.crate, self.crate_version, self.how, self.remark, *MIMALLOC_DEFINES, *RPMALLOC_DEFINES,
                          *C_FLAGS, *TCMALLOC_FLAGS, *SHARED])


def defines(names):
    return [f"-D{name}" for name in names]


def build_mimalloc(source, major):
    """mimalloc is one C file that includes the others."""
    base, library = source.crate / "c_src" / "mimalloc" / major, source.work / "libmimalloc.so"
    source.run("gcc", *C_FLAGS, *defines(MIMALLOC_DEFINES), f"-I{base}/include", f"-I{base}/src", *SHARED,
               "-o", library, base / "src" / "static.c")
    return library


def build_rpmalloc(source):
    """rpmalloc as well: rpmalloc.c includes malloc.c, which defines libc's names."""
    library = source.work / "librpmalloc.so"
    source.run("gcc", "-std=gnu11", *C_FLAGS, *defines(RPMALLOC_DEFINES), *SHARED,
               "-o", library, source.crate / "rpmalloc" / "rpmalloc" / "rpmalloc.c")
    return library


def build_jemalloc(source):
    """configure stands beside the sources in the crate, and wants to be among them."""
    tree = source.work / "jemalloc"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(source.crate / "jemalloc", tree)
    shutil.copy(source.crate / "configure" / "configure", tree)
    version = source.crate.name.partition("+")[2]
    source.run("sh", "configure", f"--with-version={version}", "--disable-static", "--disable-doc", cwd=tree)
    source.run("make", f"-j{os.cpu_count()}", "build_lib_shared", cwd=tree)
    return tree / "lib" / "libjemalloc.so.2"


def build_snmalloc(source):
    source.run("cmake", source.crate / "upstream", "-DCMAKE_BUILD_TYPE=Release", "-DSNMALLOC_BUILD_TESTING=OFF")
    source.run("cmake", "--build", ".", "--target", "snmallocshim")
    return source.work / "libsnmallocshim.so"


def build_tcmalloc(source):
    """The crate lists the files of tcmalloc and Abseil, but puts tcmalloc.cc into its bridge, without libc's names."""
    listed = re.findall(r'"(c_src/[^"]+\.(?:cc|S))"', (source.crate / "build.rs").read_text(encoding="utf-8"))
    files = [name for name in listed if "bridge" not in name] + ["c_src/tcmalloc/tcmalloc/tcmalloc.cc"]
    includes = [f"-I{source.crate}/c_src/abseil-cpp", f"-I{source.crate}/c_src/tcmalloc"]
    objects = [source.work / (name.replace("/", "_") + ".o") for name in files]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        compile_one = lambda pair: source.run("g++", "-c", *TCMALLOC_FLAGS, *includes, "-o", pair[1], source.crate / pair[0])
        list(pool.map(compile_one, zip(files, objects)))
    library = source.work / "libtcmalloc.so"
    source.run("g++", *SHARED, "-o", library, *objects)
    return library


def mimalloc_version(source, major):
    text = (source.crate / "c_src" / "mimalloc" / major / "include" / "mimalloc.h").read_text(encoding="utf-8")
    number = int(re.search(r"#define MI_MALLOC_VERSION\s+(\d+)", text)[1])
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def jemalloc_version(source):
    return re.search(r"\+([\d.]+)-", source.crate.name)[1]


def crate_version(source):
    return re.search(r"-([\d.]+)$", source.crate.name)[1]


def tcmalloc_version(source):
    """tcmalloc has no numbered versions: the day on which the crate took it over."""
    text = (source.crate / "CHANGELOG.md").read_text(encoding="utf-8")
    return "of " + re.search(r"^## \[[\d.]+\].* - ([\d-]+)$", text, re.MULTILINE)[1]


def rpmalloc_version(source):
    return (source.crate / "rpmalloc" / "CHANGELOG").read_text(encoding="utf-8").split(maxsplit=1)[0]


PEERS = (
    Peer("mimalloc3", "libmimalloc-sys", "0.1.49", lambda source: build_mimalloc(source, "v3"),
         lambda source: mimalloc_version(source, "v3"), "gcc -O3, MI_MALLOC_OVERRIDE"),
    Peer("mimalloc2", "libmimalloc-sys", "0.1.49", lambda source: build_mimalloc(source, "v2"),
         lambda source: mimalloc_version(source, "v2"), "gcc -O3, MI_MALLOC_OVERRIDE"),
    Peer("jemalloc", "tikv-jemalloc-sys", "0.7.1", build_jemalloc, jemalloc_version, "its configure and make, no prefix"),
    Peer("snmalloc", "snmalloc-sys", "0.7.6", build_snmalloc, crate_version, "its cmake, Release, snmallocshim"),
    # Its per-CPU caches need the rseq area that libc otherwise registers for itself.
    Peer("tcmalloc", "libtcmalloc-sys", "0.1.14", build_tcmalloc, tcmalloc_version, "g++ -O2, libc_override",
         "per-CPU caches by GLIBC_TUNABLES", {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}),
    Peer("rpmalloc", "rpmalloc-sys", "0.2.3", build_rpmalloc, rpmalloc_version, "gcc -O3, ENABLE_PRELOAD, ENABLE_OVERRIDE",
         "old: the newest that the registry has"),
)
