# SPDX-License-Identifier: BSD-2-Clause
"""Several pairs in one ringway: what ails one port never touches another."""
import pytest

from tests.lib.frames import End, Flow, flood
from tests.lib.ringway import Ringway
from tests.lib.traffic import blast, blast_stop, ping, tcp


class Pairs:
    """n pairs: p0a:p0b, p1a:p1b ..., each end in a namespace of its own; 10.99.<pair>.1 and .2."""

    def __init__(self, lab, n, form=None, more=None, args=(), ipv6=False, **kw):
        more = more or {}
        self.lab, self.ns, words, connects = lab, {}, [], []
        for i in range(n):
            for k, side in enumerate("ab"):
                port = f"p{i}{side}"
                self.ns[port] = lab.netns(port, ipv6=ipv6)
                io = ",io=epoll" if form == "mixed" and side == "a" else ""
                words += ["--port", f"tap,id={port},ifname={port},netns={self.ns[port].name},"
                                    f"addr=10.99.{i}.{k + 1}/24{io}{more.get(port, '')}"]
            connects.append(f"p{i}a:p{i}b")
        self.r = Ringway(lab, *words, *args, connects=connects, form=form, **kw)

    def end(self, port):
        return End(self.lab, self.ns[port], port)

    def ends(self, i):
        return self.end(f"p{i}a"), self.end(f"p{i}b")


@pytest.mark.san
@pytest.mark.parametrize("workers", [1, 2])
def test_three_pairs_at_once(lab, form, workers):
    p = Pairs(lab, 3, form=form, args=("--workers", workers))
    flows = [Flow(*p.ends(i), window=50) for i in range(3)]
    for _ in range(10):
        for f in flows:
            f.run(200)
    for i in range(3):
        ping(p.ns[f"p{i}a"], f"10.99.{i}.2")
    rep = p.r.quiet()
    assert not rep.total.drops
    assert all(rep.ports[f"p{i}a"].rx_packets >= 2000 for i in range(3))


@pytest.mark.san
def test_a_port_that_is_down(lab, form):
    p = Pairs(lab, 2, form=form, more={"p1b": ",up=off"})
    good = Flow(*p.ends(0), window=100)
    bad = p.end("p1a")
    for _ in range(10):
        flood(bad, 200)
        good.run(500)
    p.r.wait_report(lambda r: r.ports["p1a"].rx_packets >= 2000, "2000 frames for a port that is down")
    rep = p.r.quiet()
    assert rep.drop("p1b", "tx_link_down") >= 2000
    assert rep.ports["p1b"].tx_packets == 0
    assert not rep.drop("p0a") and not rep.drop("p0b")
    # nothing ails it once it is up
    p.ns["p1b"].ip("link", "set", "p1b", "up")
    Flow(bad, p.end("p1b")).run(200)


def test_a_port_whose_reader_has_stopped(lab, form):
    """The frames of p1b stand in a queue that hardly moves, and its send buffer is small.
    Whether such a queue goes on charging the TAP's send buffer is the kernel's affair
    (6.18's bridge lets go of it): what it refuses is tx_full, and the good pair loses nothing."""
    p = Pairs(lab, 2, form=form, more={"p1b": ",sndbuf=40000"})
    good = Flow(*p.ends(0), window=100)
    ns = p.ns["p1b"]
    ns.ip("link", "add", "br0", "type", "bridge")
    ns.ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
    for dev in ("v0", "v1", "br0"):
        ns.ip("link", "set", dev, "up")
    ns.ip("link", "set", "v0", "master", "br0")
    ns.ip("link", "set", "p1b", "master", "br0")
    ns.run("tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "8kbit", "burst", "1600", "limit", "100000000")
    bad = p.end("p1a")
    for _ in range(10):
        flood(bad, 100, size=1000)
        good.run(500)
    p.r.wait_report(lambda r: r.ports["p1a"].rx_packets >= 1000, "the frames for the stopped reader")
    rep = p.r.quiet()
    assert not rep.reasons() - {"tx_full"}
    assert not rep.drop("p0a") and not rep.drop("p0b")


@pytest.mark.san
def test_an_unconnected_port(lab, form):
    na, nb, nu = (lab.netns(x, ipv6=False) for x in "abu")
    io = ",io=epoll" if form == "mixed" else ""
    r = Ringway(lab, "--port", f"tap,id=a,ifname=a0,netns={na.name}", "--port", f"tap,id=b,ifname=b0,netns={nb.name}",
                "--port", f"tap,id=u,ifname=u0,netns={nu.name}{io}", connects=["a:b"], form=form)
    u = End(lab, nu, "u0")
    good = Flow(End(lab, na, "a0"), End(lab, nb, "b0"))
    sent = sum(u.send(b"\xff" * 12 + b"\x88\xb5" + bytes(46)) for _ in range(300))
    good.run(500)
    r.wait_report(lambda x: x.ports["u"].rx_packets >= sent, "the frames of the unconnected port")
    rep = r.quiet()
    assert rep.drop("u", "rx_unconnected") == sent == rep.ports["u"].rx_packets
    assert rep.drop("a") == rep.drop("b") == 0


@pytest.mark.tsan
def test_a_flood_on_one_pair_and_tcp_on_another(lab, form):
    p = Pairs(lab, 2, form=form, args=("--workers", 2))
    f = blast(p.ns["p1a"], "p1a")
    tcp(p.ns["p0a"], p.ns["p0b"], "10.99.0.2", size="10M")
    sent = blast_stop(f)
    rep = p.r.quiet()
    # what the generator sent was read or is told as lost by the kernel
    port = rep.ports["p1a"]
    assert sent <= port.rx_packets + port.kernel_tx_dropped
    assert port.rx_packets <= sent


def test_many_ports(lab):
    """Twenty pairs over two workers."""
    na, nb = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    words = []
    for i in range(20):
        words += ["--port", f"tap,id=a{i},ifname=a{i},netns={na.name}", "--port", f"tap,id=b{i},ifname=b{i},netns={nb.name}"]
    r = Ringway(lab, *words, "--workers", 2, connects=[f"a{i}:b{i}" for i in range(20)])
    for i in range(20):
        Flow(End(lab, na, f"a{i}"), End(lab, nb, f"b{i}")).run(50)
    rep = r.quiet()
    assert rep.total.rx_packets == 1000 == rep.total.tx_packets
