# SPDX-License-Identifier: BSD-2-Clause
"""Each source of a TAP x queues x vhost: the port comes up, says by whom it is served, and carries all traffic."""
import contextlib

import pytest

from tests.lib.frames import End, Flow, flood
from tests.lib.ringway import Ringway
from tests.lib.served import by_vhost, check_choice
from tests.lib.traffic import iperf, ping
from tests.net.test_sources import HELPER, given, own_etc, words

MODES = ("on", "auto", "off")
MATRIX = [(source, n) for source in ("name", "fds") for n in (1, 4)] + [("helper", 1)]


class Setup:
    """Port a from the source under test, port b by name; namespaces with 10.99.0.1 and .2, fd00:99::1 and ::2."""

    def __init__(self, lab, source, n, mode, peer=None, args=()):
        self.lab, self.na, self.nb = lab, lab.netns("a"), lab.netns("b")
        self.more = {}
        b = (f"tap,id=b,ifname=tapb,netns={self.nb.name},queues={n},vhost={peer or mode},"
             "addr=10.99.0.2/24,addr=fd00:99::2/64")
        with getattr(self, source)(n) as spec:
            self.r = Ringway(lab, "--port", f"tap,id=a,{spec},vhost={mode}", "--port", b, *args, connects=["a:b"], **self.more)
        self.dev = "br0" if source == "helper" else self.r.report().ports["a"].ifname

    @contextlib.contextmanager
    def name(self, n):
        yield f"ifname=tapa,netns={self.na.name},queues={n},addr=10.99.0.1/24,addr=fd00:99::1/64"

    @contextlib.contextmanager
    def fds(self, n):
        with given(self.lab, self.na, "tapa", n) as fds:
            self.na.ip("link", "set", "tapa", "up")
            self.addresses("tapa")
            self.more = {"pass_fds": fds}
            yield words(fds)

    @contextlib.contextmanager
    def helper(self, _):
        self.na.ip("link", "add", "br0", "type", "bridge")
        self.addresses("br0")
        # promiscuous: it gets frames that are for nobody, too
        self.na.ip("link", "set", "br0", "up", "promisc", "on")
        self.more = {"ns": self.na, "prefix": own_etc(self.lab)}
        yield f"helper={HELPER}"

    def addresses(self, dev):
        self.na.ip("addr", "add", "10.99.0.1/24", "dev", dev)
        self.na.ip("addr", "add", "fd00:99::1/64", "dev", dev)

    def carries(self):
        """ping, ping6, TCP, numbered frames in order, and a flood of which no frame is unaccounted for."""
        ping(self.na, "10.99.0.2")
        ping(self.nb, "fd00:99::1")
        assert iperf(self.na, self.nb, "10.99.0.2", "-t", 2)["sum_received"]["bytes"] > 0
        a, b = End(self.lab, self.na, self.dev), End(self.lab, self.nb, "tapb")
        Flow(a, b, n_flows=8).run(500)
        Flow(b, a, n_flows=8).run(500)
        before = self.r.quiet()
        taken = flood(b, 2000, n_flows=8)

        def arrived(rep):
            p, q = rep.ports["b"], before.ports["b"]
            return p.rx_packets + p.kernel_tx_dropped - q.rx_packets - q.kernel_tx_dropped >= taken
        self.r.wait_report(arrived, f"{taken} frames, received or dropped by the kernel")
        rep = self.r.quiet()
        assert arrived(rep) and rep.ports["a"].tx_packets > before.ports["a"].tx_packets


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("source, n", MATRIX, ids=lambda x: str(x))
def test_matrix(lab, source, n, mode):
    s = Setup(lab, source, n, mode)
    check_choice(s.r, mode, "a", "b")
    s.carries()
    assert s.r.report().ports["a"].queues == n
    s.r.stop()


@pytest.mark.parametrize("modes", [("on", "off"), ("off", "on")], ids="-".join)
def test_one_port_by_vhost_the_other_by_its_fd(lab, modes):
    s = Setup(lab, "name", 2, modes[0], peer=modes[1])
    rep = s.r.report()
    assert (by_vhost(rep, "a"), by_vhost(rep, "b")) == tuple(m == "on" for m in modes), str(rep)
    s.carries()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_auto_counts_the_spare_cpus(lab, workers):
    s = Setup(lab, "name", 4, "auto", args=("--workers", workers))
    check_choice(s.r, "auto", "a", "b", workers=workers)
    Flow(End(lab, s.na, "tapa"), End(lab, s.nb, "tapb"), n_flows=8).run(300)


@pytest.mark.parametrize("workers", [1, 2])
def test_vhost_with_workers(lab, workers):
    """Order within a flow, whichever worker owns a queue."""
    s = Setup(lab, "name", 4, "on", args=("--workers", workers))
    a, b = End(lab, s.na, "tapa"), End(lab, s.nb, "tapb")
    for there in (Flow(a, b, n_flows=32, window=256), Flow(b, a, n_flows=32, window=256)):
        there.run(1500)
    rep = s.r.quiet()
    assert by_vhost(rep, "a", "b") and sum(w.rx_queues for w in rep.workers) == 8
