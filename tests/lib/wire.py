# SPDX-License-Identifier: BSD-2-Clause
"""ringway-bench gen and sink in tests: started, asked, ended; links and a device between them."""
import json
import os
import signal
import sys

import pytest

from tests.lib.lab import ROOT, run, wait_for

BENCH = str(ROOT / os.environ.get("BUILD", "build") / "ringway-bench")
IMPAIR = str(ROOT / "tests/lib/impair.py")


class Sink:
    """A sink that counts, until finish()."""

    def __init__(self, lab, ns, dev, io, frames="", args=(), **kw):
        self.p = lab.spawn([BENCH, "sink", dev, "--netns", ns.name, "--io", io, "--frames", frames, "--json",
                            *map(str, args)], **kw)
        self.p.wait_line(self.p.err, lambda s: s == "ready", "a sink that is ready")

    def so_far(self):
        n = len(self.p.out)
        self.p.signal(signal.SIGUSR1)
        wait_for(lambda: len(self.p.out) > n, lambda: f"an interim result\n{self.p}")
        return json.loads(self.p.out[-1])

    def finish(self, n=0):
        """Wait until n units have come, and end it: its result."""
        if n:
            wait_for(lambda: self.so_far()["received"] >= n, lambda: f"{n} units\n{self.p}")
        self.p.signal(signal.SIGTERM)
        assert self.p.wait() == 0, self.p
        return json.loads(self.p.out[-1])


def bench(*args, check=True, **kw):
    return run(BENCH, *args, check=check, **kw)


def gen(ns, dev, *args, **kw):
    return json.loads(bench("gen", dev, "--netns", ns.name, "--no-ceiling", "--json", *args, **kw).stdout)


@pytest.fixture
def veth(lab):
    """Two namespaces with a veth pair, v0 in the first and v1 in the second."""
    a, b = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    a.ip("link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", b.name)
    a.ip("link", "set", "v0", "up")
    b.ip("link", "set", "v1", "up")
    return a, b


@pytest.fixture
def tap(lab):
    """A namespace with a persistent TAP t0."""
    def make(*words):
        ns = lab.netns("t", ipv6=False)
        ns.ip("tuntap", "add", "t0", "mode", "tap", *words)
        ns.ip("link", "set", "t0", "up")
        lab.keeps.add((ns, "t0"))
        return ns
    return make


class Device:
    """impair.py between the TAPs ta in one namespace and tb in another."""

    def __init__(self, lab, *rules):
        self.a, self.b = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
        self.p = lab.spawn([sys.executable, IMPAIR, self.a.path, "ta", self.b.path, "tb", *rules])
        lab.keeps |= {(self.a, "ta"), (self.b, "tb")}
        self.p.wait_line(self.p.out, lambda s: s == "ready", "the device under test")

    def finish(self):
        self.p.signal(signal.SIGTERM)
        return json.loads(self.p.wait_line(self.p.out, lambda s: s.startswith("{"), "what it did"))
