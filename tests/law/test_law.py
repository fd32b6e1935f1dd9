# SPDX-License-Identifier: BSD-2-Clause
"""The law of the house: who may include what, call what, and be called what."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
ROOMS = ("core", "vhost", "io")

# C headers without a system call behind them; sysexits.h holds constants only.
C_HEADERS = set(
    "assert.h ctype.h endian.h errno.h inttypes.h limits.h stdalign.h stdarg.h stdatomic.h stdbool.h "
    "stddef.h stdint.h stdio.h stdlib.h string.h sysexits.h".split()
)
CORE_SYSTEM = re.compile(r"linux/(virtio_\w+|if_ether)\.h|xxhash\.h|urcu[\w/.-]*\.h")
VHOST_SYSTEM = re.compile(r"(linux/(vhost|if_tun|virtio_\w+)|net/if|fcntl|unistd|sys/(ioctl|eventfd))\.h")

# What core's archive may leave to the C library: memory and strings given to
# it, formatting into memory given to it, and the compiler's own helpers.
CORE_SYMBOLS = re.compile(
    r"(__)?(mem(cpy|set|cmp|move|chr)|str(len|nlen|cmp|ncmp|chr|rchr)|v?snprintf)(_chk)?"
    r"|__stack_chk_fail|__assert_fail|abort|_GLOBAL_OFFSET_TABLE_|__errno_location|__ctype_\w+"
    r"|(strerror|strerrordesc_np|strerrorname_np)"  # a table of texts: no system call
    r"|XXH\w+|(urcu|rcu)_\w+"
)

# Functions that are not named after their file, each with the reason.
PREFIX_EXCEPTIONS = {"main": "the C library calls it"}

# Files that may occur once per room.
PER_ROOM = {"compat.h": "what Debian 12's headers lack stands once per room"}


def sources(*rooms, ext=("c", "h")):
    return sorted(p for r in rooms for e in ext for p in (ROOT / r).rglob(f"*.{e}"))


def name(path):
    return str(path.relative_to(ROOT))


def includes(path):
    for n, line in enumerate(path.read_text().splitlines(), 1):
        m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if m:
            yield n, m.group(1) == '"', m.group(2)


def room_of(path):
    return path.relative_to(ROOT).parts[0]


def allowed(room, own, header):
    if room == "core":
        return header.startswith("core/") if own else header in C_HEADERS or bool(CORE_SYSTEM.fullmatch(header))
    if room == "vhost":
        return header.startswith(("core/", "vhost/")) if own else header in C_HEADERS or bool(VHOST_SYSTEM.fullmatch(header))
    if own:
        return header.startswith(("core/", "io/")) or header == "vhost/vhost.h"
    # a header of ours in angle brackets would slip past the rules above
    return not (ROOT / header).exists()


def test_the_rooms_are_there():
    assert sources("core") and sources("io") and (ROOT / "vhost/vhost.h").exists()


@pytest.mark.parametrize("room", ROOMS)
def test_include_lines(room):
    bad = [
        f"{name(p)}:{n}: {room}/ may not include {h}"
        for p in sources(room)
        for n, own, h in includes(p)
        if not allowed(room, own, h)
    ]
    assert not bad, "\n".join(bad)


def test_includes_name_their_room():
    bad = [
        f"{name(p)}:{n}: {h} names no file of a room"
        for p in sources(*ROOMS, "bench")
        for n, own, h in includes(p)
        if own and not (ROOT / h).exists()
    ]
    assert not bad, "\n".join(bad)


def test_nobody_includes_bench_or_tests():
    bad = [
        f"{name(p)}:{n}: {h}"
        for p in sources(*ROOMS)
        for n, _, h in includes(p)
        if h.startswith(("bench/", "tests/")) or "/bench/" in h or "/tests/" in h
    ]
    assert not bad, "\n".join(bad)


def make(*targets):
    cmd = ["make", "--no-print-directory", "-j2", f"BUILD={BUILD}", *targets]
    r = subprocess.run(cmd, cwd=ROOT, capture_output=True, text=True)
    assert r.returncode == 0, r.stdout[-4000:] + r.stderr[-8000:]


def nm(*args):
    return subprocess.run(["nm", *map(str, args)], capture_output=True, text=True, check=True).stdout


def test_core_calls_no_kernel():
    lib = BUILD / "libcore.a"
    make(str(lib))
    defined, wanted = set(), {}
    obj = ""
    for line in nm(lib).splitlines():
        if line.endswith(":"):
            obj = line[:-1]
        elif line.strip():
            kind, symbol = line.split()[-2:]
            if kind in "Uwv":
                wanted.setdefault(symbol, set()).add(obj)
            elif kind.isupper():
                defined.add(symbol)
    assert defined
    bad = [
        f"{', '.join(sorted(objs))} of core/ calls {symbol}"
        for symbol, objs in sorted(wanted.items())
        if symbol not in defined and not CORE_SYMBOLS.fullmatch(symbol)
        and not re.match(r"__(asan|ubsan|tsan|gcov|sanitizer)", symbol)
    ]
    assert not bad, "\n".join(bad)


def test_no_file_name_twice():
    seen = {}
    for p in sources(*ROOMS, "bench"):
        if p.name not in PER_ROOM:
            seen.setdefault(p.name, []).append(name(p))
    bad = [f"{' and '.join(v)}" for v in seen.values() if len(v) > 1]
    assert not bad, "\n".join(bad)
    for n in PER_ROOM:
        rooms = [room_of(p) for p in sources(*ROOMS) if p.name == n]
        assert len(rooms) == len(set(rooms)), f"{n} stands more than once in a room"


def test_prefix_of_functions():
    make(str(BUILD / "libringway.a"), str(BUILD / "ringway"), str(BUILD / "ringway-bench"))
    bad = []
    for p in sources(*ROOMS, ext=("c",)) + sorted((ROOT / "bench").glob("*/*.c")):
        obj = BUILD / "obj" / p.relative_to(ROOT).with_suffix(".o")
        assert obj.exists(), f"{name(p)} is not built"
        for line in nm("-g", "--defined-only", obj).splitlines():
            kind, symbol = line.split()[-2:]
            if kind != "T" or symbol in PREFIX_EXCEPTIONS or symbol.startswith("__"):
                continue
            if symbol != p.stem and not symbol.startswith(p.stem + "_"):
                bad.append(f"{name(p)}: {symbol} does not begin with {p.stem}_")
    assert not bad, "\n".join(bad)


def test_vhost_switch_stands_once():
    bad = [
        f"{name(p)}:{n}: {line.strip()}"
        for p in sources(*ROOMS, "bench", "tests")
        for n, line in enumerate(p.read_text().splitlines(), 1)
        if re.match(r"\s*#\s*(el)?if", line) and "RINGWAY_VHOST" in line and name(p) != "vhost/vhost.h"
    ]
    assert not bad, "\n".join(bad)
    assert "#if RINGWAY_VHOST" in (ROOT / "vhost/vhost.h").read_text()


def head(text):
    """The comments before the first line of code."""
    return text.split("#include", 1)[0]


def says_why(text, limit):
    return re.search(rf"\b{limit} lines", head(text)) is not None


def functions(text):
    """(name, first line, lines) of each function whose braces stand in column 0."""
    lines = text.splitlines()
    start = None
    for i, line in enumerate(lines):
        if line == "{" and i and not lines[i - 1].rstrip().endswith(("=", ";")):
            start = i
            while start > 0 and lines[start - 1].strip() and not lines[start - 1].startswith(("}", "#", " */", "/*")):
                start -= 1
        elif line.startswith("}") and start is not None:
            if line == "}":
                m = re.search(r"(\w+)\s*\(", " ".join(lines[start:i]))
                yield (m.group(1) if m else "?"), start + 1, i - start + 1
            start = None


def all_code():
    scripts = [p for p in sources("tests", "bench", ext=("py", "sh")) if p.is_file()]
    for room in ("tests", "bench", ".ci"):
        for p in (ROOT / room).rglob("*"):
            if p.is_file() and not p.suffix and "__pycache__" not in p.parts:
                try:
                    if p.read_bytes()[:2] == b"#!":
                        scripts.append(p)
                except OSError:
                    pass
    return sources(*ROOMS, "bench", "tests") + sorted(scripts)


def test_files_are_short(capsys):
    long = {}
    for p in all_code():
        text = p.read_text()
        n = len(text.splitlines())
        if n > 400:
            long[name(p)] = (n, says_why(text, 400))
    with capsys.disabled():
        for f, (n, why) in long.items():
            print(f"\n  {f}: {n} lines{' (its head says why)' if why else ''}", end="")
    bad = [f"{f}: {n} lines, more than 400, and its head does not say why" for f, (n, why) in long.items() if not why]
    assert not bad, "\n".join(bad)


def test_functions_are_short(capsys):
    bad, told = [], []
    for p in sources(*ROOMS, "bench", "tests"):
        text = p.read_text()
        for f, line, n in functions(text):
            if n > 60:
                (told if says_why(text, 60) else bad).append(f"{name(p)}:{line}: {f} has {n} lines, more than 60")
    with capsys.disabled():
        for t in told:
            print(f"\n  {t} (its head says why)", end="")
    assert not bad, "\n".join(bad)


def test_nothing_is_left_to_do():
    words = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
    bad = [
        f"{name(p)}:{n}: {line.strip()}"
        for p in all_code() + [ROOT / "Makefile"]
        for n, line in enumerate(p.read_text().splitlines(), 1)
        if words.search(line)
    ]
    assert not bad, "\n".join(bad)


def test_licence_line_is_first():
    bad = []
    for p in all_code() + [ROOT / "Makefile"]:
        lines = p.read_text().splitlines()
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        if name(p) == ".ci/run":  # two lines that call make
            continue
        if not lines or "SPDX-License-Identifier: BSD-2-Clause" not in lines[0]:
            bad.append(f"{name(p)}: no SPDX line at its head")
    assert not bad, "\n".join(bad)


def test_lines_are_short():
    bad = [
        f"{name(p)}:{n}: {len(line.expandtabs(8))} columns"
        for p in sources(*ROOMS, "bench", "tests")
        for n, line in enumerate(p.read_text().splitlines(), 1)
        if len(line.expandtabs(8)) > 100
    ]
    assert not bad, "\n".join(bad)
