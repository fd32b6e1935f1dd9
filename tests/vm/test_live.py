# SPDX-License-Identifier: BSD-2-Clause
"""While vhost-net serves: the process dies, a link goes, queues come and go, and SIGUSR2 switches."""
import concurrent.futures
import signal
import threading

import pytest

from tests.lib import sysnet
from tests.lib.frames import End, Flow
from tests.lib.lab import wait_for
from tests.lib.ringway import Ringway
from tests.lib.served import by_vhost
from tests.lib.traffic import blast, blast_stop, iperf, ping
from tests.net.test_faults import Storm
from tests.net.test_sources import given, words

KERNEL_COUNTS = ("packets", "bytes", "dropped", "errors")


def counters(ns, dev):
    """A device's own, as ringway reports them; they go on over its end when the device is persistent."""
    stats = ns.link(dev)["stats64"]
    return {f"{d}_{k}": stats[d][k] for d in ("rx", "tx") for k in KERNEL_COUNTS}


@pytest.mark.parametrize("mode", ["on", "off"])
def test_killed_while_forwarding_and_started_again(pair, mode):
    """SIGKILL under load; the next one takes the persistent devices over, as they are."""
    p = pair(ipv6=False, a=f",queues=2,persist=on,vhost={mode}", b=f",queues=2,persist=on,vhost={mode}")
    devices = (("a", p.na, "tapa"), ("b", p.nb, "tapb"))
    p.lab.keeps |= {(ns, dev) for _, ns, dev in devices}
    floods = [blast(ns, dev, flows=8) for _, ns, dev in devices]
    for _ in range(2):
        p.r.wait_report(lambda r: r.ports["a"].rx_packets > 2000 and r.ports["b"].rx_packets > 2000, "traffic both ways")
        idx = p.na.link("tapa")["ifindex"]
        p.r.kill()
        for _, ns, dev in devices:
            wait_for(lambda: "LOWER_UP" not in ns.link(dev)["flags"], f"the queues of {dev} to be free")
        base = {port: counters(ns, dev) for port, ns, dev in devices}
        p.start(ready=False)
        p.r.base = base
        p.r.wait_ready()
        assert p.na.link("tapa")["ifindex"] == idx, "attached again, not made anew"
        assert by_vhost(p.r.report(), "a", "b") is (mode == "on")
    p.r.wait_report(lambda r: r.ports["a"].rx_packets > 2000, "traffic after the second start")
    for f in floods:
        blast_stop(f)
    p.r.quiet()
    a, b = p.ends()
    Flow(a, b, n_flows=4).run(500)
    Flow(b, a, n_flows=4).run(500)
    ping(p.na, "10.99.0.2")


def test_stop_under_load(pair):
    p = pair(ipv6=False, a=",queues=2,vhost=on", b=",queues=2,vhost=on")
    floods = [blast(p.na, "tapa", flows=4), blast(p.nb, "tapb", flows=4)]
    p.r.wait_report(lambda r: r.total.rx_packets > 2000, "traffic")
    p.r.stop()
    for f in floods:
        blast_stop(f)
    assert not p.na.link("tapa") and not p.nb.link("tapb")


@pytest.mark.parametrize("side", ["a", "b"], ids=["input", "output"])
def test_link_deleted_under_load(lab, side):
    """The pair beside it loses nothing; frames for the device that is gone are counted as dropped."""
    s = Storm(lab, None, more={f"p{i}{x}": ",vhost=on" for i in range(2) for x in "ab"})
    assert by_vhost(s.r.report(), "p0a", "p0b", "p1a", "p1b")
    port = "p1" + side
    s.ns[port].ip("link", "del", port)
    s.good.run(500)
    if side == "b":
        s.r.wait_report(lambda r: s.good.run(32) or r.drop("p1b", "tx_gone") > 100, "frames dropped for the device that is gone")
    else:
        s.r.wait_report(lambda r: s.good.run(32) or r.ports[port].kernel_rx_packets is None, "the device's end")
    s.r.strict = False  # what vhost-net held when the device went reached nobody
    rep = s.calm("tx_ring_full")
    assert by_vhost(rep, "p0a", "p0b")


@pytest.mark.parametrize("side", ["a", "b"], ids=["input", "output"])
def test_link_down_and_up(lab, side):
    s = Storm(lab, None, more={f"p{i}{x}": ",vhost=on" for i in range(2) for x in "ab"})
    s.r.strict = False  # vhost-net takes frames for a device that is down, and tells nobody of their end
    port = "p1" + side
    for _ in range(3):
        s.ns[port].ip("link", "set", port, "down")
        s.good.run(200)
        s.ns[port].ip("link", "set", port, "up")
        s.moves()
    s.calm("tx_ring_full")
    s.pair_one_works()


@pytest.mark.parametrize("mode", ["on"])
def test_a_queue_detached_and_attached_by_another(lab, mode):
    """All that comes goes over the queue that is left; attached again, it takes part again."""
    na, nb = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    with given(lab, na, "tapa", 2) as fds:
        na.ip("link", "set", "tapa", "up")
        r = Ringway(lab, "--port", f"tap,id=a,{words(fds)},vhost={mode}",
                    "--port", f"tap,id=b,ifname=tapb,netns={nb.name},queues=2,vhost={mode}", connects=["a:b"], pass_fds=fds)
        r.strict = False  # frames for a detached queue are taken by vhost-net and end there
        there = Flow(End(lab, na, "tapa"), End(lab, nb, "tapb"), n_flows=16)
        back = Flow(End(lab, nb, "tapb"), End(lab, na, "tapa"), n_flows=16)
        there.run(500)
        back.run(500)
        for i in (1, 0, 1):
            sysnet.tap_queue(fds[i], False)
            there.run(500)
            sysnet.tap_queue(fds[i], True)
            there.run(500)
            back.run(500)
        assert r.running
        r.quiet()


# --- switching -------------------------------------------------------------------

class Switched:
    """SIGUSR2, and the wait until all queues have changed sides."""

    def __init__(self, r, *ports):
        self.r, self.ports = r, ports
        self.state = by_vhost(r.report(), *ports)

    def toggle(self):
        self.r.p.signal(signal.SIGUSR2)
        self.state = not self.state
        how = "vhost-net" if self.state else "their fds"
        self.r.wait_report(lambda rep: by_vhost(rep, *self.ports) is self.state, f"the queues to be served by {how}")


@pytest.mark.parametrize("n, workers", [(1, 1), (4, 2)])
@pytest.mark.parametrize("first", ["on", "off"])
def test_switching_loses_nothing(pair, first, n, workers):
    """Numbered frames in both directions all the while: none lost, doubled or overtaken within its flow."""
    p = pair(ipv6=False, a=f",queues={n},vhost={first}", b=f",queues={n},vhost={first}", args=("--workers", workers))
    a, b = p.ends()
    a2, b2 = p.ends()
    s = Switched(p.r, "a", "b")
    assert s.state is (first == "on")
    end = threading.Event()
    flows = [Flow(a, b, n_flows=4 * n), Flow(b2, a2, n_flows=4 * n)]
    # each end sees the frames of its own flow only: those it sent itself are not received
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(f.run_while, lambda: not end.is_set(), 600) for f in flows]
        try:
            n_fds = None
            for i in range(6):
                s.toggle()
                goal = [f.received + 300 for f in flows]
                wait_for(lambda: any(x.done() for x in runs) or all(f.received > g for f, g in zip(flows, goal)),
                         "frames after the switch")
                if i % 2:
                    assert n_fds in (None, p.r.n_fds()), "switching to and fro leaves fds behind"
                    n_fds = p.r.n_fds()
        finally:
            end.set()
        for x in runs:
            x.result()
    rep = p.r.quiet()
    assert not rep.total.drops
    assert by_vhost(rep, "a", "b") is (first == "on")


def test_switching_under_tcp(pair):
    p = pair(a=",queues=2,vhost=on", b=",queues=2,vhost=on")
    s = Switched(p.r, "a", "b")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        run = pool.submit(iperf, p.na, p.nb, "10.99.0.2", "-t", 5, "-P", 2)
        while not run.done():
            s.toggle()
        assert run.result()["sum_received"]["bytes"] > 0
    ping(p.nb, "fd00:99::1")


def test_switching_under_a_flood(pair):
    """More than there is room for: what is lost is counted."""
    p = pair(ipv6=False, a=",vhost=on", b=",vhost=on")
    s = Switched(p.r, "a", "b")
    floods = [blast(p.na, "tapa", flows=4), blast(p.nb, "tapb", flows=4)]
    for _ in range(4):
        s.toggle()
        before = p.r.report().ports
        p.r.wait_report(lambda r: all(r.ports[x].rx_packets > before[x].rx_packets + 200 for x in "ab"), "traffic both ways")
    for f in floods:
        blast_stop(f)
    p.r.quiet()
    Flow(*p.ends()).run(300)


def test_switching_in_a_burst(pair):
    """Signals that come faster than a switch: an even or odd number of switches, and it works."""
    p = pair(ipv6=False, a=",vhost=on", b=",vhost=on")
    for _ in range(20):
        p.r.p.signal(signal.SIGUSR2)
    p.r.wait_report(lambda r: by_vhost(r, "a", "b") is not None, "all queues on one side")
    Flow(*p.ends()).run(300)
