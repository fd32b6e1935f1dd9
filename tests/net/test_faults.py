# SPDX-License-Identifier: BSD-2-Clause
"""What others do to a device under load: ringway lives on, the other pair loses nothing."""
import os

import pytest

from tests.lib.frames import End, Flow
from tests.lib.traffic import blast, blast_stop
from tests.net.test_pairs import Pairs

FORMS = [f for f in ("A", "C", "D", "E") if f in os.environ.get("RINGWAY_FORMS", "A,C,D,E").split(",")]
some_forms = pytest.mark.parametrize("form", FORMS)
either_side = pytest.mark.parametrize("side", ["a", "b"], ids=["input", "output"])


class Storm:
    """Pair 1 under a flood from p1a to p1b, and pair 0 that must lose nothing meanwhile."""

    def __init__(self, lab, form, **kw):
        self.p = Pairs(lab, 2, form=form, **kw)
        self.r, self.ns = self.p.r, self.p.ns
        self.good = Flow(*self.p.ends(0), window=32)
        self.flood = blast(self.ns["p1a"], "p1a")
        self.moves()

    def moves(self, port="p1a"):
        """Wait until frames of a port come in, while the good pair goes on."""
        before = self.r.report().ports[port].rx_packets
        self.r.wait_report(lambda r: self.good.run(32) or r.ports[port].rx_packets > before + 200, f"traffic at {port}")

    def calm(self, *also):
        """The end of the storm: frames were dropped for reasons of links, or `also` for these."""
        blast_stop(self.flood)
        self.good.run(500)
        rep = self.r.quiet()
        assert not rep.drop("p0a") and not rep.drop("p0b")
        assert not rep.reasons() - {"tx_link_down", "tx_gone", "tx_no_memory", *also}, str(rep)
        return rep

    def pair_one_works(self, na=None, a="p1a", nb=None, b="p1b"):
        Flow(End(self.p.lab, na or self.ns["p1a"], a), End(self.p.lab, nb or self.ns["p1b"], b)).run(300)


@pytest.mark.san
@some_forms
@either_side
def test_link_down_and_up(lab, form, side):
    s = Storm(lab, form)
    port = "p1" + side
    for _ in range(5):
        s.ns[port].ip("link", "set", port, "down")
        s.good.run(100)
        if side == "b":
            n = s.r.report().drop("p1b", "tx_link_down")
            s.r.wait_report(lambda r: r.drop("p1b", "tx_link_down") > n, "frames dropped for the link that is down")
        s.ns[port].ip("link", "set", port, "up")
        s.moves()
    s.calm()
    s.pair_one_works()


@some_forms
@either_side
def test_rename(lab, form, side):
    s = Storm(lab, form)
    port = "p1" + side
    name = port
    for i in range(3):
        new = f"new{i}"
        if s.ns[port].ip("link", "set", name, "name", new, check=False).returncode:
            s.ns[port].ip("link", "set", name, "down")
            s.ns[port].ip("link", "set", name, "name", new)
            s.ns[port].ip("link", "set", new, "up")
        name = new
        s.moves()
    s.calm()
    s.pair_one_works(**{"a" if side == "a" else "b": name})


@some_forms
@either_side
def test_mtu_change(lab, form, side):
    s = Storm(lab, form)
    port = "p1" + side
    for mtu in (9000, 68, 65521, 576, 1500):
        s.ns[port].ip("link", "set", port, "mtu", mtu)
        s.moves()
    s.calm()
    s.pair_one_works()


@pytest.mark.san
@some_forms
@either_side
def test_moved_to_another_namespace(lab, form, side):
    s = Storm(lab, form)
    port = "p1" + side
    other = lab.netns("other", ipv6=False)
    for there in (other, s.ns[port], other):
        here = s.ns[port] if there is other else other
        here.ip("link", "set", port, "netns", there.name)
        s.good.run(100)
        there.ip("link", "set", port, "up")
        if side == "b":
            s.moves()
    s.r.strict = False  # whether its figures can still be asked is not promised
    s.calm()
    s.pair_one_works(**{"na" if side == "a" else "nb": other})


@pytest.mark.san
@some_forms
@either_side
def test_deleted(lab, form, side):
    s = Storm(lab, form)
    port = "p1" + side
    s.ns[port].ip("link", "del", port)
    s.good.run(500)
    if side == "b":
        s.r.wait_report(lambda r: r.drop("p1b", "tx_gone") > 100, "frames dropped for the device that is gone")
        s.moves()
    rep = s.calm()
    assert rep.ports[port].kernel_rx_packets is None, "figures of a device that is gone"
    assert s.r.running
    # a device that is gone is nothing to work on
    ticks = s.r.cpu_ticks()
    enters = s.r.report().worker_sum("enters")
    s.r.quiet()
    assert s.r.report().worker_sum("enters") < enters + 1000 and s.r.cpu_ticks() < ticks + 50


@some_forms
@either_side
def test_namespace_unnamed(lab, form, side):
    """`ip netns del` of a namespace in which ringway opened a device takes only its name: the
    open queue holds the namespace, and the frames go on."""
    s = Storm(lab, form)
    s.ns["p1" + side].delete()
    for _ in range(3):
        s.moves()
    rep = s.calm()
    assert not rep.total.drops
    assert rep.ports["p1b"].tx_packets >= rep.ports["p1a"].rx_packets > 0


@pytest.mark.san
@some_forms
@either_side
def test_namespace_ends(lab, form, side):
    """A device that was moved dies with its new namespace."""
    s = Storm(lab, form)
    port = "p1" + side
    other = lab.netns("other", ipv6=False)
    s.ns[port].ip("link", "set", port, "netns", other.name)
    other.ip("link", "set", port, "up")
    s.moves("p1a" if side == "b" else "p0a")
    other.delete()
    if side == "b":
        s.r.wait_report(lambda r: s.good.run(32) or r.drop("p1b", "tx_gone") > 100, "the namespace's end")
        s.moves()
    else:
        s.r.wait_report(lambda r: s.good.run(32) or r.ports[port].kernel_rx_packets is None, "the namespace's end")
    s.good.run(500)
    s.r.strict = False
    s.calm()


@pytest.mark.parametrize("form", ["A", "E"])
def test_another_changes_the_master(lab, form):
    s = Storm(lab, form)
    ns = s.ns["p1b"]
    ns.ip("link", "add", "br0", "type", "bridge")
    ns.ip("link", "set", "br0", "up")
    for _ in range(3):
        ns.ip("link", "set", "p1b", "master", "br0")
        s.moves()
        ns.ip("link", "set", "p1b", "nomaster")
        s.moves()
    s.calm()
    s.pair_one_works()


@pytest.mark.parametrize("form", ["A", "E"])
def test_offloads_switched_under_load(lab, form):
    s = Storm(lab, form)
    for state in ("off", "on", "off", "on"):
        s.ns["p1a"].run("ethtool", "-K", "p1a", "tso", state, "gso", state)
        s.moves()
    s.calm()
