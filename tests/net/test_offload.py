# SPDX-License-Identifier: BSD-2-Clause
"""Offloads: agreed per pair, used when both can, and correct traffic when one cannot."""
import socket

import pytest

from tests.lib.lab import LIMIT
from tests.lib.traffic import ping, tcp

B4 = "10.99.0.2"


def features(ns, dev):
    out = ns.run("ethtool", "-k", dev).stdout
    return dict(x.strip().split(": ")[:2] for x in out.splitlines()[1:] if ": " in x)


@pytest.mark.san
def test_gso_off_and_on_again(pair, form):
    p = pair(form=form)
    for ns, dev in ((p.na, "tapa"), (p.nb, "tapb")):
        ns.run("ethtool", "-K", dev, "tso", "off", "gso", "off", "tx-udp-segmentation", "off")
    tcp(p.na, p.nb, B4, size="10M")
    tcp(p.na, p.nb, B4, "-R", size="10M")
    rep = p.r.quiet()
    assert rep.ports["a"].rx_gso_packets == 0 == rep.ports["b"].rx_gso_packets
    for ns, dev in ((p.na, "tapa"), (p.nb, "tapb")):
        ns.run("ethtool", "-K", dev, "tso", "on", "gso", "on")
    tcp(p.na, p.nb, B4, size="10M")
    assert p.r.quiet().ports["a"].rx_gso_packets > 0


@pytest.mark.parametrize("which", ["a", "b", "both"])
def test_vnet_hdr_off(pair, form, which):
    off = ",vnet_hdr=off"
    p = pair(form=form, a=off if which in ("a", "both") else ",vnet_hdr=on",
             b=off if which in ("b", "both") else ",vnet_hdr=on")
    ping(p.na, B4)
    tcp(p.na, p.nb, B4, size="10M")
    tcp(p.na, p.nb, B4, "-R", size="10M")
    rep = p.r.quiet()
    # nobody offers what the other side cannot take
    assert not any(x.rx_gso_packets or x.tx_gso_packets for x in rep.ports.values())
    for ns, dev in ((p.na, "tapa"), (p.nb, "tapb")):
        f = features(ns, dev)
        assert f["tcp-segmentation-offload"] == "off", f"{dev} offers TSO to a port that takes none"
        assert f["tx-checksumming"] == "off", f"{dev} offers partial checksums to a port that takes none"
    assert not rep.drop("a", "tx_offload") and not rep.drop("b", "tx_offload")


def test_offloads_are_offered(pair):
    p = pair()
    for ns, dev in ((p.na, "tapa"), (p.nb, "tapb")):
        f = features(ns, dev)
        assert f["tcp-segmentation-offload"] == "on" and f["tx-checksumming"] == "on", f
        assert f["tx-tcp6-segmentation"] == "on"


def test_send_buffer_is_unlimited_by_default(pair):
    """A burst into a slow reader: nothing is refused for want of a send buffer."""
    p = pair(ipv6=False)
    tcp(p.na, p.nb, B4, size="40M")
    rep = p.r.quiet()
    assert not rep.drop("b", "tx_full") and not rep.drop("a", "tx_full")


@pytest.mark.parametrize("addr", ["10.99.0.2", "fd00:99::2"], ids=["v4", "v6"])
def test_udp_super_packets(pair, form, addr):
    """UDP_SEGMENT: ten datagrams travel as one super-packet, and arrive as ten or merged."""
    p = pair(form=form)
    if features(p.na, "tapa")["tx-udp-segmentation"] != "on":
        pytest.skip("the kernel offers no USO")
    kind = socket.AF_INET6 if ":" in addr else socket.AF_INET
    with p.nb.inside():
        rx = socket.socket(kind, socket.SOCK_DGRAM)
    with p.na.inside():
        tx = socket.socket(kind, socket.SOCK_DGRAM)
    with rx, tx:
        rx.bind((addr, 4000))
        rx.settimeout(LIMIT)
        tx.setsockopt(socket.IPPROTO_UDP, 103, 1000)  # UDP_SEGMENT
        for i in range(20):
            data = bytes([i]) * 10000
            tx.sendto(data, (addr, 4000))
            got = b""
            while len(got) < len(data):
                got += rx.recv(65536)
            assert got == data
    rep = p.r.quiet()
    assert rep.ports["a"].rx_gso_packets == 20 == rep.ports["b"].tx_gso_packets
