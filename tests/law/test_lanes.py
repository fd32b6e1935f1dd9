# SPDX-License-Identifier: BSD-2-Clause
"""tests/check itself: its lanes, its commands, and what a signal leaves of them."""
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.lib import command, lanes
from tests.lib.tier import ROOT, Tier

LIMIT = 60  # seconds for what takes none


@pytest.fixture
def lines(monkeypatch):
    said = []
    for module in (lanes, sys.modules[Tier.__module__]):
        monkeypatch.setattr(module, "say", lambda *x: said.extend(x))
    return said


def tiers(tmp_path, names):
    return [Tier(n, tmp_path) for n in names]


def test_two_at_the_same_time_and_never_more(tmp_path, lines):
    together, lock, n, most = threading.Barrier(2, timeout=LIMIT), threading.Lock(), 0, 0

    def play(tier):
        nonlocal n, most
        with lock:
            n += 1
            most = max(most, n)
        together.wait()
        with lock:
            n -= 1
        together.wait()
        tier.ok("together")

    all_of_them = tiers(tmp_path, "abcdef")
    lanes.Lanes(2).run(all_of_them, play)
    assert most == 2 and [t.passed for t in all_of_them] == [1] * 6
    assert all(t.seconds is not None for t in all_of_them)
    assert sum(x.startswith("=== ") for x in lines) == sum(x.startswith("--- ") for x in lines) == 6


def test_one_lane_keeps_the_order(tmp_path, lines):
    seen = []

    def play(tier):
        seen.append(tier.name)
        tier.ok("it")

    lanes.Lanes(1).run(tiers(tmp_path, "badc"), play)
    assert seen == list("badc")


def test_a_fault_of_one_tier_is_a_failed_test(tmp_path, lines):
    def play(tier):
        if tier.name == "a":
            raise ValueError("no good")
        if tier.name == "b":
            tier.ok("it")

    a, b, c = all_of_them = tiers(tmp_path, "abc")
    lanes.Lanes(2).run(all_of_them, play)
    assert (a.failed, b.failed, c.failed) == (1, 0, 1), "c ran no test"
    assert any("a: the tier itself" in x for x in lines) and any("no good" in x for x in lines)


def test_silence_is_filled(tmp_path, lines):
    def play(tier):
        tier.now = "thinking"
        end = time.monotonic() + LIMIT
        while not any(x.startswith("... ") for x in lines) and time.monotonic() < end:
            time.sleep(0.01)
        tier.ok("it")

    lanes.Lanes(1, quiet=0.05).run(tiers(tmp_path, ["first", "second"]), play)
    assert any(x.startswith("... 0:") and "first for 0:0" in x and "(thinking)" in x and x.endswith("then second") for x in lines), lines


def test_commands(tmp_path):
    log, seen = tmp_path / "log", []
    assert command.run(["sh", "-c", "echo a; echo b >&2; exit 3"], log, ROOT, each=seen.append) == (3, "a\nb\n")
    assert seen == ["a\n", "b\n"] and log.read_text() == "$ sh -c echo a; echo b >&2; exit 3\na\nb\n"
    assert command.run(["sh", "-c", "echo a; sleep 600 & sleep 600"], log, ROOT, timeout=0.5) == ("timeout", "a\n")
    assert command.run(["sh", "-c", "echo $MAKEFLAGS$X"], log, ROOT, env={"X": "x"}) == (0, "x\n")


SIGNALLED = """
import pathlib, signal, sys
sys.path.insert(0, sys.argv[1])
from tests.lib import command, lanes
from tests.lib.tier import Tier
here = pathlib.Path(sys.argv[2])
signal.signal(signal.SIGTERM, lambda sig, _: sys.exit(128 + sig))

def play(tier):
    try:
        command.run(["sh", "-c", f"echo $$ >{here}/{tier.name}.new; mv {here}/{tier.name}.new {here}/{tier.name}; sleep 600"],
                    here / "log", here)
        command.run(["touch", here / "one more"], here / "log", here)
    finally:
        (here / f"{tier.name} cleaned up").touch()

lanes.Lanes(2).run([Tier(x, here) for x in "abc"], play)
"""


def test_a_signal_ends_all_of_it(tmp_path):
    p = subprocess.Popen([sys.executable, "-c", SIGNALLED, str(ROOT), str(tmp_path)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + LIMIT
    while not all((tmp_path / x).exists() for x in "ab"):
        assert p.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    p.send_signal(signal.SIGTERM)
    assert p.wait(LIMIT) == 143
    names = {x.name for x in tmp_path.iterdir()}
    assert names == {"a", "b", "a cleaned up", "b cleaned up", "log"}, "nothing was begun after the signal"
    for x in "ab":
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / x).read_text()), 0)
