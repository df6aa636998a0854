"""What a report has to say besides figures: machine, kernel, compiler, versions, date, rows."""

import hashlib
import os
import platform
import re
import subprocess
import tomllib
from datetime import datetime, timezone
from pathlib import Path

from lib import allocators
from lib.bench_judge import AGAIN, SUBJECT


def output_of(*command):
    """The first line a command prints, or `unknown` where it is missing or fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    lines = result.stdout.strip().splitlines()
    return lines[0] if result.returncode == 0 and lines else "unknown"


def field_of(path, name):
    """The value after `name:` in a file of /proc."""
    match = re.search(rf"^{name}\s*:\s*(.+)$", Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    return match[1].strip() if match else "unknown"


def huge_pages():
    """The kernel's setting for transparent huge pages."""
    path = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    match = re.search(r"\[(\w+)\]", path.read_text(encoding="ascii")) if path.exists() else None
    return match[1] if match else "unknown"


def machine():
    """What the figures were taken on. No name of the machine is in it."""
    memory_kib = int(field_of("/proc/meminfo", "MemTotal").split()[0])
    return {
        "processor": field_of("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{memory_kib / 1024 / 1024:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "transparent huge pages": huge_pages(),
        "libc": " ".join(platform.libc_ver()),
        "gcc": output_of("gcc", "--version"),
        "rustc": output_of("rustc", "--version"),
    }


def debian_version(library):
    """The version of the Debian package that a file belongs to, or nothing."""
    # dpkg knows files by the path before /usr was merged as well as after
    for path in (library, library.resolve(), Path(str(library.resolve()).removeprefix("/usr"))):
        package = output_of("dpkg-query", "--search", str(path)).split(":")[0]
        if package != "unknown":
            return f"{output_of('dpkg-query', '-W', '-f=${Version}', package)} ({package})"
    return ""


def own_version():
    """hakmem's version and commit; a star when sources differ from it."""
    cargo = tomllib.loads((allocators.ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    version = cargo["workspace"]["package"]["version"]
    commit = output_of("git", "-C", str(allocators.ROOT), "rev-parse", "--short", "HEAD")
    changed = output_of("git", "-C", str(allocators.ROOT), "status", "--porcelain", "--", "src", "preload", "Cargo.toml")
    return f"{version}, commit {commit}{'' if changed == 'unknown' else '*'}"


def version(allocator):
    """The version of an allocator, from where it comes from."""
    if allocator.library is None or allocator.library.name.startswith("libc.so."):
        return platform.libc_ver()[1]
    if allocator.library == allocators.hakmem().library:
        return own_version()
    if allocator.name == AGAIN:
        return f"a copy of {SUBJECT}'s file"
    beside = allocator.library.with_suffix(".version")
    if beside.exists():
        return beside.read_text(encoding="utf-8").strip()
    return debian_version(allocator.library) or "unknown"


def digest(allocator):
    """The first digits of a library's SHA-256: what was measured, and whether it is still that."""
    if allocator.library is None:
        return ""
    return hashlib.sha256(allocator.library.read_bytes()).hexdigest()[:16]


def describe(rows, chosen, runs, form, words):
    """The session: all that the report needs besides the figures."""
    return {
        "form": form,
        "command": " ".join(["scripts/bench", *words]),
        "started": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "runs": runs,
        "machine": machine(),
        "allocators": {one.name: {"version": version(one), "sha256": digest(one)} for one in chosen},
        "rows": {row.name: row.as_dict() for row in rows},
    }


def difference(old, new):
    """Why a session cannot be gone on with, in a sentence; None when it can."""
    for name, is_now in new["allocators"].items():
        was = old["allocators"].get(name)
        if was is not None and was["sha256"] != is_now["sha256"]:
            return f"{name} is another file than in the run that was begun"
    for name, row in new["rows"].items():
        if name in old["rows"] and old["rows"][name]["command"] != row["command"]:
            return f"row {name} is another command than in the run that was begun"
    return None


def merge(old, new):
    """The session of a run that goes on: rows and allocators of both."""
    return {**old, "runs": max(old["runs"], new["runs"]),
            "allocators": {**old["allocators"], **new["allocators"]}, "rows": {**old["rows"], **new["rows"]}}
