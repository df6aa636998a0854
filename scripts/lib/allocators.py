"""Which allocators there are on this machine, and how a program is put under one."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BENCH_DIR = ROOT / "out" / "bench"
DEBIAN_LIB_DIRS = (Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib"))
DEBIAN_LIBRARIES = (
    ("mimalloc", "libmimalloc.so.2"),
    ("jemalloc", "libjemalloc.so.2"),
    ("tcmalloc", "libtcmalloc_minimal.so.4"),
)
PEERS_DIR = ROOT / "peers" / "lib"
# Allocators of bench-c that are no peers, but bounds: of system calls, and of time.
BASELINES = ("bump", "bare", "null")


@dataclass(frozen=True)
class Allocator:
    """A malloc to run programs under. `library` is None for the one in libc.

    `settings` are variables without which it does not run as its authors mean it.
    """

    name: str
    library: Path | None
    settings: dict = field(default_factory=dict, compare=False)

    def preload(self):
        """The variables that put a program under this allocator."""
        return {} if self.library is None else {"LD_PRELOAD": str(self.library), **self.settings}

    def preload_words(self):
        """The same as words, NAME=VALUE."""
        return [f"{name}={value}" for name, value in self.preload().items()]


GLIBC = Allocator("glibc", None)


@dataclass(frozen=True)
class Variant:
    """One row of a comparison: an allocator, and variables set for this row only.

    A variable whose value is None is unset for the row.
    """

    label: str
    allocator: Allocator
    env: dict = field(default_factory=dict)


def target_dir():
    """Where cargo puts what it builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def hakmem():
    """This project's library, whether it is built yet or not."""
    return Allocator("hakmem", target_dir() / "release" / "libhakmem.so")


def compiler_of(library):
    """The Rust compiler that a library names in its .comment section."""
    text = subprocess.run(["readelf", "-p", ".comment", library], env={**os.environ, "LC_ALL": "C"}, capture_output=True,
                          text=True, check=True).stdout
    match = re.search(r"rustc version (.*)$", text, re.MULTILINE)
    return f"rustc {match[1].strip()}" if match else "an unknown compiler"


def debian_peers():
    """The allocators that Debian's packages put on this machine."""
    for name, file_name in DEBIAN_LIBRARIES:
        for directory in DEBIAN_LIB_DIRS:
            if (directory / file_name).exists():
                yield Allocator(name, directory / file_name)
                break


def built_peers():
    """The allocators that scripts/peers built, named peer-NAME after libNAME.so."""
    for library in sorted(PEERS_DIR.glob("*.so")):
        beside = library.with_suffix(".env")
        lines = beside.read_text(encoding="utf-8").split() if beside.exists() else []
        short_name = re.sub(r"^lib|\.so$", "", library.name)
        yield Allocator(f"peer-{short_name}", library, dict(line.split("=", 1) for line in lines))


def installed():
    """Every allocator found: glibc first, then hakmem if built, then its peers."""
    own = hakmem()
    found = [GLIBC] + ([own] if own.library.exists() else [])
    return found + list(debian_peers()) + list(built_peers())


def known():
    """What may be asked for by name: all of installed(), hakmem, and the baselines."""
    by_name = {allocator.name: allocator for allocator in installed()}
    by_name.setdefault("hakmem", hakmem())
    for name in BASELINES:
        library = BENCH_DIR / f"lib{name}.so"
        if library.exists():
            by_name[name] = Allocator(name, library)
    return by_name


def named_library(word):
    """The allocator that NAME=PATH means. Raises ValueError with a sentence for the user.

    Only hakmem may be another file than the one its name stands for. ld.so splits LD_PRELOAD at spaces and colons.
    """
    name, _, path = word.partition("=")
    if not re.fullmatch(r"[\w.+-]+", name):
        raise ValueError(f"'{name}' is not a name for an allocator: letters, digits and any of . + - _")
    if name != "hakmem" and (name == "all" or name in known()):
        raise ValueError(f"{name}={path}: {name} is the name of another allocator")
    library = Path(path).resolve()
    if not library.is_file():
        raise ValueError(f"{name}: no file {library}")
    if re.search(r"[\s:]", str(library)):
        raise ValueError(f"{name}: {library} cannot be preloaded, with a space or a colon in its path")
    return Allocator(name, library)


def absolute(text):
    """A list of allocators with the paths of NAME=PATH made absolute: whoever reads it may be in another folder."""
    pairs = (word.partition("=") for word in text.split(","))
    return ",".join(f"{name}={Path(path).absolute()}" if path else name + equals for name, equals, path in pairs)


def select(text):
    """The allocators of a list like `glibc,hakmem,mine=/path/lib.so`, or `all`.

    Raises ValueError with a sentence for the user.
    """
    if text == "all":
        return installed()
    chosen = []
    for word in text.split(","):
        allocator = named_library(word) if "=" in word else known().get(word)
        if allocator is None:
            raise ValueError(f"unknown allocator '{word}'; known here: {', '.join(known())}, or NAME=PATH")
        if allocator.library is not None and not allocator.library.exists():
            raise ValueError(f"{allocator.name}: no file {allocator.library}; build or install it first")
        if allocator.name in (other.name for other in chosen):
            raise ValueError(f"allocator '{allocator.name}' is listed twice")
        chosen.append(allocator)
    return chosen
