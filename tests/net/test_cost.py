# SPDX-License-Identifier: BSD-2-Clause
"""What ringway costs: nothing when idle, little memory, and bounded bursts."""
import time

import pytest

from tests.lib.frames import Flow, flood
from tests.lib.ringway import sanitized
from tests.lib.traffic import blast, blast_stop
from tests.net.test_lifecycle import pause

pytestmark = pytest.mark.nocov


def watch(seconds):
    """An observation of a length of time, not a wait for something."""
    time.sleep(seconds)


@pytest.mark.parametrize("workers", [1, 2])
def test_idle_costs_no_cpu(pair, form, workers):
    p = pair(form=form, ipv6=False, a=",queues=2", b=",queues=2", args=("--workers", workers))
    Flow(*p.ends()).run(500)  # after work, too
    p.r.quiet()
    before, ticks = p.r.report(), p.r.cpu_ticks()
    watch(2)
    # 10 ms units: one may fall to the report itself
    assert p.r.cpu_ticks() - ticks <= 1
    after = p.r.report()
    assert after.worker_sum("sleeps") - before.worker_sum("sleeps") <= 4 * workers
    assert after.worker_sum("syscalls") - before.worker_sum("syscalls") <= 20 * workers


@pytest.mark.skipif(sanitized(), reason="the sanitizers' own system calls would be counted")
def test_memory_is_small_and_flat(pair, form):
    p = pair(form=form, ipv6=False)
    floods = [blast(p.na, "tapa", size=1514), blast(p.nb, "tapb", size=1514)]
    p.r.wait_report(lambda r: r.total.rx_packets > 100000, "a first load")
    rss, data = p.r.status("VmRSS"), p.r.status("VmData")
    assert rss < 64 * 1024, f"{rss} kB"
    p.r.wait_report(lambda r: r.total.rx_packets > 400000, "more load", timeout=90)
    assert p.r.status("VmData") == data, "something was allocated after the start"
    assert p.r.status("VmRSS") <= rss + 256, f"{rss} kB grew to {p.r.status('VmRSS')} kB"
    for f in floods:
        blast_stop(f)
    p.r.quiet()


def test_a_burst_longer_than_the_buffers(pair, form):
    """What waits in the TAP ring comes in rounds; none of it is lost."""
    p = pair(form=form, ipv6=False, a=",txqueuelen=2000")
    a, b = p.ends()
    Flow(a, b).run(10)
    pause(p.r)
    assert flood(a, 1900) == 1900
    p.r.p.signal(18)
    rep = p.r.wait_report(lambda r: r.ports["a"].rx_packets >= 1910, "1,900 frames")
    assert rep.ports["a"].kernel_tx_dropped == 0
    p.r.quiet()
    assert b.drain() == 1900
    if form in "AB":
        assert rep.queue_sum("a", "rx_no_buffer") > 0, "a multishot read that never ran out of buffers"


def test_what_the_tap_ring_cannot_take(pair, form):
    """Beyond txqueuelen the kernel drops, and says so: sent = received + its count."""
    p = pair(form=form, ipv6=False, a=",txqueuelen=100")
    a, b = p.ends()
    pause(p.r)
    taken = flood(a, 1000)
    p.r.p.signal(18)
    rep = p.r.wait_report(lambda r: r.ports["a"].rx_packets + r.ports["a"].kernel_tx_dropped >= taken, "all frames")
    assert rep.ports["a"].rx_packets + rep.ports["a"].kernel_tx_dropped == taken
    p.r.quiet()
    assert b.drain() == rep.ports["a"].rx_packets
    Flow(a, b).run(100)


def test_a_flood_adds_up(pair, form):
    """Generator, kernel, ringway, kernel, sink: one sum, whatever was lost on the way."""
    p = pair(form=form, ipv6=False)
    a, b = p.ends()
    seen, taken = 0, 0
    for _ in range(20):
        taken += flood(a, 2000)
        seen += b.drain()
    rep = p.r.wait_report(lambda r: r.ports["a"].rx_packets + r.ports["a"].kernel_tx_dropped >= taken, "all frames")
    rep = p.r.quiet()
    seen += b.drain()
    assert rep.ports["a"].rx_packets + rep.ports["a"].kernel_tx_dropped == taken
    assert rep.ports["b"].tx_packets == seen


@pytest.mark.skipif(sanitized(), reason="the sanitizers' own system calls would be counted")
@pytest.mark.parametrize("form", ["A", "B"])
def test_one_call_serves_a_burst(pair, form):
    """Frames that wait are taken in bursts: far fewer calls than frames."""
    p = pair(form=form, ipv6=False)
    a, b = p.ends()
    before = p.r.report()
    for _ in range(5):
        pause(p.r)
        assert flood(a, 900) == 900
        p.r.p.signal(18)
        n = before.ports["a"].rx_packets
        p.r.wait_report(lambda r: r.ports["a"].rx_packets >= n + 900, "900 frames")
        after = p.r.quiet()
        calls = after.worker_sum("syscalls") - before.worker_sum("syscalls")
        assert calls <= 0.1 * 900, f"{calls} system calls for 900 frames"
        b.drain()
        before = after
