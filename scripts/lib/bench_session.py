"""What a report has to say besides figures: machine, kernel, compiler, versions, date, rows."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tomllib
from datetime import datetime, timezone
from pathlib import Path

from lib import allocators, bench_inputs
from lib.bench_judge import AGAIN, SUBJECT
from lib.rows import CPU, GROUPS, TIMED, WALL

SESSION_FILE = "session.json"
# What session.json holds: types; a set for one of some words; {"": form} for any names; a name with ? may be missing.
SESSION_FORM = {
    "form": str, "command": str, "started": str, "runs": int, "machine": {"": (str, int)},
    "allocators": {"": {"version": str, "sha256": str}},
    "rows": {"": {"group": set(GROUPS), "phenomenon": str, "judged": {TIMED, WALL, CPU}, "quick": bool, "command": [str]}},
    "files?": {"": str}, "counts?": str,
}
# What must be the same when a run goes on, and how a difference is told.
KEPT = (("form", "the form"), ("runs", "the number of runs"), ("machine", "the machine"), ("allocators", "the allocators"),
        ("rows", "the rows"), ("files", "the programs and inputs"))


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
    return digest_of_file(allocator.library)


def digest_of_file(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def files_of(rows):
    """The programs that rows run, and the files that are named in their commands: {word: digest}."""
    found = {}
    for row in rows:
        for words in (row.command, *((row.server.fill, row.server.client) if row.server else ())):
            paths = [(word, Path(word)) for word in words[1:] if len(word) < 200]
            paths += [(word, Path(shutil.which(word) or word)) for word in words[:1]]
            found.update({word: digest_of_file(path) for word, path in paths if word not in found and path.is_file()})
    return {**found, "inputs": bench_inputs.digest()}


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
        "files": files_of(rows),
    }


def compared(value):
    """What counts of a part of the session: of an allocator the file, whatever commit it is said to be of."""
    if isinstance(value, dict):
        return {name: one["sha256"] if isinstance(one, dict) and "sha256" in one else one for name, one in value.items()}
    return value


def difference(old, new):
    """Why a session cannot be gone on with, in a sentence; None when it can."""
    for key, words in KEPT:
        was, is_now = compared(old.get(key, {})), compared(new[key])
        if was == is_now:
            continue
        if not isinstance(is_now, dict):
            return f"{words}: {was} in the run that was begun, {is_now} now"
        names = [name for name in {**was, **is_now} if was.get(name) != is_now.get(name)]
        return f"{words} differ from the run that was begun: {', '.join(names[:3])}{', ...' if names[3:] else ''}"
    return None


def misfit(value, form, where):
    """Which part of a value is not as `form` says, in words; None when all are."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return f"{where} is no object"
        lacking = [name for name in form if name and name[-1] != "?" and name not in value]
        if lacking:
            return f"{where} lacks {', '.join(lacking)}"
        parts = ((part, form.get(name) or form.get(f"{name}?") or form.get(""), f"{where}, {name}") for name, part in value.items())
    elif isinstance(form, list):
        if not isinstance(value, list):
            return f"{where} is no list"
        parts = ((part, form[0], f"{where}, number {place}") for place, part in enumerate(value, 1))
    elif isinstance(form, set):
        return None if isinstance(value, str) and value in form else f"{where} is none of {', '.join(sorted(form))}"
    else:
        return None if isinstance(value, form) else f"{where} is of a wrong type"
    return next((reason for part, of, name in parts if of and (reason := misfit(part, of, name))), None)


def write_session(path, session):
    """All of it or nothing: an interruption leaves the file that was there."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(json.dumps(session, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_session(path):
    """What stands beside the figures: machine, versions, rows. Raises ValueError when it cannot be read."""
    try:
        session = json.loads(path.read_bytes())
    except OSError as reason:
        raise ValueError(f"{path}: {reason.strerror}") from None
    except (ValueError, RecursionError) as reason:
        raise ValueError(f"{path} is not JSON: {reason}") from None
    reason = misfit(session, SESSION_FORM, str(path))
    if reason is not None:
        raise ValueError(reason)
    return session
