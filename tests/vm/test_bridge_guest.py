# SPDX-License-Identifier: BSD-2-Clause
"""A bridge whose ports vhost-net serves, and VLANs beside the Linux bridge: the guests' kernels have both."""
import random
import signal

import pytest

from tests.lib.frames import BROADCAST, Flow
from tests.lib.served import by_vhost
from tests.lib.traffic import iperf, ping
from tests.net.test_bridge import Bridge, frame, mac
from tests.net.test_bridge_kernel import Twin, one_cpu  # noqa: F401

MIXED = {"a": ",vhost=on", "b": ",vhost=on,queues=2", "c": ",vhost=off"}


@pytest.mark.parametrize("ways", [(1, None), (2, None), (2, "E")], ids=str)
def test_ports_of_both_kinds(lab, ways):
    b = Bridge(lab, 3, ways, ports=MIXED)
    assert by_vhost(b.r.report(), "a", "b")
    for i in "abc":
        for k, other in enumerate("abc", 1):
            if i != other:
                ping(b.ns[i], f"10.99.0.{k}")
    iperf(b.ns["a"], b.ns["b"], "10.99.0.2", "-n", "5M", "-P", 2)
    iperf(b.ns["c"], b.ns["a"], "10.99.0.1", "-n", "5M")
    for e in b.e.values():
        e.drain()
    for src in "abc":
        flood = [frame(BROADCAST, mac(ord(src)), n) for n in range(40)]
        for f in flood:
            assert b.e[src].send(f)
        for dst in "abc".replace(src, ""):
            b.e[dst].expect(flood, skip=lambda got: got not in flood)
    rep = b.r.quiet()
    assert by_vhost(rep, "a", "b")
    assert rep.total.copies and not rep.drop("a", "tx_") and not rep.drop("b", "tx_")


def test_switched_while_it_forwards(lab):
    """SIGUSR2 under a flow that is known, and one that is flooded: nothing lost, nothing overtaken."""
    b = Bridge(lab, 3, (2, None), ports=MIXED)
    flow = Flow(b.e["a"], b.e["b"], n_flows=8, window=32)
    flow.run(200)
    for _ in range(4):
        b.r.p.signal(signal.SIGUSR2)
        flow.run(300)
    b.r.quiet()


@pytest.mark.parametrize("setup", ["802.1Q", "802.1ad"])
def test_vlans_as_the_linux_bridge(lab, setup):
    t = Twin(lab, setup, random.SystemRandom().randrange(1, 1 << 31), 1, None)
    for _ in range(60):
        t.phase()
    assert t.ringway.quiet().total.tx_packets > 20
