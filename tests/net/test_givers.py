# SPDX-License-Identifier: BSD-2-Clause
"""What others can do to a port while it runs: the giver of its fds, a reader that is stuck."""
import fcntl
import os

import pytest

from tests.lib import sysnet
from tests.lib.frames import MAC_A, MAC_B, End, Flow
from tests.lib.ringway import Ringway
from tests.net.test_pairs import Pairs
from tests.net.test_sources import given, words


# Of no layer-3 protocol: an IP frame gives its sender's buffer back on the way through a bridge.
FRAME = MAC_B + MAC_A + b"\x88\xb5" + bytes(1000)


def send(end, n):
    for _ in range(n):
        end.send(FRAME)


def set_blocking(fds):
    for fd in fds:
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)


@pytest.mark.san
def test_giver_makes_the_fds_blocking(lab, form):
    """O_NONBLOCK is the giver's, too: the other pair goes on, and so does stopping."""
    names = ("a", "b", "c", "d")
    ns = {x: lab.netns(x, ipv6=False) for x in names}
    io = ",io=epoll" if form == "mixed" else ""
    with given(lab, ns["a"], "tapa") as fa, given(lab, ns["b"], "tapb") as fb:
        for x in "ab":
            ns[x].ip("link", "set", "tap" + x, "up")
        r = Ringway(lab, "--port", f"tap,id=a,{words(fa)}{io}", "--port", f"tap,id=b,{words(fb)}",
                    "--port", f"tap,id=c,ifname=tapc,netns={ns['c'].name}",
                    "--port", f"tap,id=d,ifname=tapd,netns={ns['d'].name}",
                    connects=["a:b", "c:d"], form=form, pass_fds=fa + fb)
        good = Flow(End(lab, ns["c"], "tapc"), End(lab, ns["d"], "tapd"))
        shared = Flow(End(lab, ns["a"], "tapa"), End(lab, ns["b"], "tapb"))
        shared.run(100)
        for _ in range(5):
            set_blocking(fa + fb)
            shared.run(10)
            good.run(200)
        r.quiet()
        set_blocking(fa + fb)
        r.stop()


@pytest.mark.san
def test_a_full_send_buffer_stalls_nobody(lab, form):
    """A port whose frames stay in a slow queue: dropped by name, the other pair loses nothing."""
    p = Pairs(lab, 2, form=form, more={"p1b": ",sndbuf=20000"})
    ns = p.ns["p1b"]
    ns.ip("link", "add", "br0", "type", "bridge")
    ns.ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
    for dev in ("br0", "v0", "v1"):
        ns.ip("link", "set", dev, "up")
    for dev in ("v0", "p1b"):
        ns.ip("link", "set", dev, "master", "br0")
    ns.run("tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "1kbit", "burst", "1600", "limit", "100000000")
    good, bad = Flow(*p.ends(0), window=50), p.end("p1a")
    for _ in range(10):
        send(bad, 60)
        good.run(200)
    p.r.wait_report(lambda r: r.drop("p1b", "tx_full") > 100, "frames dropped for a full send buffer")
    good.run(500)
    rep = p.r.quiet()
    assert not rep.drop("p0a") and not rep.drop("p0b")
    ns.run("tc", "qdisc", "del", "dev", "v0", "root")
    rep = p.r.quiet()
    before, sent = rep.drop("p1b"), rep.ports["p1b"].tx_packets
    send(bad, 5)
    p.r.wait_report(lambda r: r.ports["p1b"].tx_packets >= sent + 5 and r.drop("p1b") == before, "sending to go on")
