# SPDX-License-Identifier: BSD-2-Clause
"""Several queues and workers: order within a flow, whatever the numbers on each side."""
import pytest

from tests.lib.frames import Flow
from tests.lib.traffic import blast, blast_stop, iperf, ping

SHAPES = [(4, 4), (1, 4), (4, 2)]


def used(rep, port, key="rx_packets"):
    return sum(1 for q, f in rep.queues.items() if q.startswith(port + "/") and f[key])


@pytest.mark.san
@pytest.mark.tsan
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s[0]}to{s[1]}")
def test_order_within_a_flow(pair, shape, workers):
    p = pair(ipv6=False, a=f",queues={shape[0]}", b=f",queues={shape[1]}", args=("--workers", workers))
    a, b = p.ends()
    there, back = Flow(a, b, n_flows=32, window=256), Flow(b, a, n_flows=32, window=256)
    for _ in range(4):
        there.run(1000)
        back.run(1000)
    rep = p.r.quiet()
    assert len(rep.workers) == workers
    assert len([q for q in rep.queues if q.startswith("a/")]) == shape[0]
    assert len([q for q in rep.queues if q.startswith("b/")]) == shape[1]
    for port, n in (("a", shape[0]), ("b", shape[1])):
        if n > 1:
            assert used(rep, port) > 1, "all flows came in at one queue"
    if min(shape) > 1:
        assert used(rep, "a", "tx_packets") > 1 and used(rep, "b", "tx_packets") > 1, "all flows left at one queue"
    # receive queues are spread: with fewer workers than queues nobody idles
    if workers <= sum(shape):
        assert all(w.rx_queues > 0 for w in rep.workers)
    assert sum(w.rx_queues for w in rep.workers) == sum(shape)


@pytest.mark.tsan
def test_forms_with_several_workers(pair, form):
    p = pair(form=form, a=",queues=4", b=",queues=2", args=("--workers", 2))
    a, b = p.ends()
    there, back = Flow(a, b, n_flows=16, window=128), Flow(b, a, n_flows=16, window=128)
    for _ in range(3):
        there.run(1000)
        back.run(1000)
    ping(p.na, "10.99.0.2")


@pytest.mark.tsan
@pytest.mark.parametrize("form", ["A", "E"])
def test_reports_while_workers_work(pair, form):
    """Counters are read by another thread at any time; they never run backwards."""
    p = pair(form=form, ipv6=False, a=",queues=2", b=",queues=2", args=("--workers", 2))
    floods = [blast(p.na, "tapa", flows=8), blast(p.nb, "tapb", flows=8)]
    last = p.r.report()
    for _ in range(30):
        rep = p.r.report()
        for kind in ("ports", "queues"):
            for name, f in getattr(rep, kind).items():
                before = getattr(last, kind)[name]
                assert all(f[k] >= before[k] for k in ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes", "drops"))
        last = rep
    for f in floods:
        blast_stop(f)
    p.r.quiet()


@pytest.mark.tsan
def test_tcp_over_four_queues(pair):
    p = pair(a=",queues=4", b=",queues=4", args=("--workers", 2))
    iperf(p.na, p.nb, "10.99.0.2", "-n", "20M", "-P", 8)
    rep = p.r.quiet()
    assert used(rep, "a") > 1


def test_workers_on_given_cpus(pair):
    import os
    cpus = sorted(os.sched_getaffinity(0))[:2]
    p = pair(a=",queues=2", b=",queues=2", args=("--workers", 2, "--cpus", ",".join(map(str, cpus))))
    ping(p.na, "10.99.0.2")
    rep = p.r.report()
    assert [w.cpu for w in rep.workers] == [cpus[i % len(cpus)] for i in range(2)]
    masks = [os.sched_getaffinity(int(t)) for t in os.listdir(f"/proc/{p.r.pid}/task")]
    for c in cpus:
        assert {c} in masks
