# SPDX-License-Identifier: BSD-2-Clause
"""A vhost-net that stops serving: descriptors are spoilt by the hook of a debug build (make DEBUG=1)."""
import os

import pytest

from tests.lib.frames import numbered, number_of
from tests.lib.lab import LIMIT, ROOT, wait_for
from tests.lib.served import by_vhost

DEBUG = ROOT / "build/debug/ringway"
# short: nothing tells of it but that nothing moves (the watchdog sees it), and the frame goes by the TAP fd;
# address: the error eventfd fires, and the frame is lost
HOW = [("short", "finished with no frame", 0), ("address", "could not use a descriptor", 1)]


@pytest.fixture
def spoilt(pair, monkeypatch):
    """Two ports by vhost-net; each N-th descriptor towards it is spoilt."""
    def make(how, each):
        assert os.access(DEBUG, os.X_OK), f"{DEBUG} is missing: make DEBUG=1"
        monkeypatch.setenv("RINGWAY", str(DEBUG))
        monkeypatch.setenv("RINGWAY_SPOIL", f"{how}:{each}")
        p = pair(ipv6=False, a=",vhost=on", b=",vhost=on")
        p.r.strict = False  # of a frame that vhost-net never finished the kernel counts nothing
        return p
    return make


def numbers_that_arrive(a, b, n, lost):
    """Send n numbered frames at once; the numbers of those that arrive, in the order in which they do."""
    for i in range(n):
        assert a.send(numbered(0, i)), "the generator's own queue is full"
    got = []
    while len(got) < n - lost:
        frame = b.recv(LIMIT)
        assert frame is not None, f"{n - lost - len(got)} frames never came, after {got[-1:]}"
        if number_of(frame):
            got.append(number_of(frame)[1])
    return got


@pytest.mark.parametrize("how, words, lost", HOW)
def test_a_rebuild_loses_only_what_was_spoilt(spoilt, how, words, lost):
    p = spoilt(how, 40)
    got = numbers_that_arrive(*p.ends(), 90, 2 * lost)
    assert got == sorted(set(got)), "once, and in order"
    rep = p.r.quiet()
    q = rep.queues["b/0"]
    assert (q.vhost_rebuilds, q.vhost_fallbacks, rep.drop("b", "tx_ring_stuck")) == (2, 0, 2 * lost), str(rep)
    assert rep.reasons() == ({"tx_ring_stuck"} if lost else set()) and by_vhost(rep, "a", "b") is True
    wait_for(lambda: any(words in x for x in p.r.p.err), "the line that tells of it")


@pytest.mark.parametrize("how, words, lost", HOW)
def test_the_third_time_it_is_given_up(spoilt, how, words, lost):
    p = spoilt(how, 40)
    a, b = p.ends()
    got = numbers_that_arrive(a, b, 200, 3 * lost)
    assert got == sorted(set(got)), "once, and in order"
    p.r.wait_report(lambda r: by_vhost(r, "b") is False, "the TAP fd to serve")
    rep = p.r.quiet()
    q = rep.queues["b/0"]
    assert (q.vhost_rebuilds, q.vhost_fallbacks, rep.drop("b", "tx_ring_stuck")) == (3, 1, 3 * lost), str(rep)
    assert rep.reasons() == ({"tx_ring_stuck"} if lost else set()) and by_vhost(rep, "a") is True
    wait_for(lambda: any("three times in 60 s" in x for x in p.r.p.err), "the line that says so")
    said = [x for x in p.r.p.err if "three times in 60 s" in x]
    assert len(said) == 1 and words in said[0], said
    assert len(numbers_that_arrive(a, b, 100, 0)) == 100
