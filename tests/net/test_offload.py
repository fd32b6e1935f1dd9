# SPDX-License-Identifier: BSD-2-Clause
"""Offloads: used when both can, and done here where one cannot."""
import socket
import struct

import pytest

from tests.lib.frames import VNET, End
from tests.lib.lab import LIMIT
from tests.lib.traffic import ping, tcp

B4, B6 = "10.99.0.2", "fd00:99::2"


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


BAD_SUMS = ("TcpInCsumErrors", "UdpInCsumErrors", "Udp6InCsumErrors", "IpInHdrErrors", "Ip6InHdrErrors")


def bad_sums(ns):
    """What the receiving stack refused for a checksum or an IP header."""
    out = ns.run("nstat", "-asz", *BAD_SUMS).stdout
    got = dict(x.split()[:2] for x in out.splitlines() if x and not x.startswith("#"))
    assert set(got) >= {"TcpInCsumErrors", "UdpInCsumErrors", "IpInHdrErrors"}, out
    return {k: v for k, v in got.items() if v != "0"}


@pytest.mark.san
@pytest.mark.parametrize("which", ["a", "b", "both"])
def test_vnet_hdr_off(pair, form, which):
    """A port with the header sends super-packets all the same; what it gets has been finished."""
    off = [x for x in "ab" if which in (x, "both")]
    p = pair(form=form, **{x: ",vnet_hdr=off" if x in off else ",vnet_hdr=on" for x in "ab"})
    ping(p.na, B4)
    tcp(p.na, p.nb, B4, size="10M")
    tcp(p.na, p.nb, B4, "-R", size="10M")
    tcp(p.na, p.nb, B6, size="5M")
    tcp(p.na, p.nb, B6, "-R", size="5M")
    rep = p.r.quiet()
    for x, ns, dev in (("a", p.na, "tapa"), ("b", p.nb, "tapb")):
        f, peer, port = features(ns, dev), "b" if x == "a" else "a", rep.ports[x]
        offers = "off" if x in off else "on"
        assert f["tcp-segmentation-offload"] == offers == f["tx-checksumming"], f"{dev}: {f}"
        assert bool(port.rx_gso_packets) == (x not in off)
        # to one without the header goes what its peer offered, undone by us
        assert not port.tx_gso_packets
        assert bool(port.tx_sw_gso) == bool(port.tx_sw_csum) == (x in off and peer not in off), rep
        assert port.tx_sw_gso == (rep.ports[peer].rx_gso_packets if x in off else 0)
        assert not rep.drop(x), rep
        assert not bad_sums(ns)


@pytest.mark.parametrize("queues", [1, 3])
def test_segments_to_a_port_that_is_down(pair, form, queues):
    """Each segment that the device refuses is a drop of its own: conserved to the last one."""
    p = pair(form=form, a=f",queues={queues}", b=f",vnet_hdr=off,queues={queues}", ipv6=False)
    a = End(p.lab, p.na, "tapa", vnet=True)
    p.nb.ip("link", "set", "tapb", "down")
    frame, head = tcp_super(payload=60000, size=100)
    for _ in range(40):
        assert a.send(frame, head)
    rep = p.r.wait_report(lambda r: r.drop("b") >= 40 * 600, "each segment's drop")
    assert rep.drop("b", "tx_link_down") == 40 * 600, rep
    p.r.quiet()


def tcp_super(payload, size, flags="PA", tag=b""):
    """A TCP super-packet from a to b, and its virtio-net header, as a kernel would hand them over."""
    from scapy.layers.inet import IP, TCP, Ether

    data = bytes(i * 7 & 0xFF for i in range(payload))
    ip = IP(src="10.99.0.1", dst=B4, id=0xFFFE, flags="DF")
    tcp_ = TCP(sport=4000, dport=4001, seq=0xFFFFF000, flags=flags, options=[("Timestamp", (1, 2)), ("NOP", 0), ("NOP", 0)])
    n = len(tcp_) + payload
    frame = bytearray(bytes(Ether(src="02:00:00:00:0a:01", dst="02:00:00:00:0b:01") / ip / tcp_ / data))
    frame[50:52] = struct.pack("!H", pseudo_sum(bytes(frame[26:34]), n))
    return bytes(frame[:12]) + tag + bytes(frame[12:]), VNET.pack(1, 1, 66 + len(tag), size, 34 + len(tag), 16)


def pseudo_sum(addresses, n):
    total = sum(struct.unpack("!4H", addresses)) + socket.IPPROTO_TCP + n
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@pytest.mark.parametrize("tag", [False, True], ids=["untagged", "tagged"])
def test_segments_as_scapy_reads_them(pair, form, tag):
    """Fields of each segment, its checksums made anew by scapy, and the payload put together again."""
    from scapy.layers.inet import IP, TCP, Ether

    p = pair(form=form, b=",vnet_hdr=off", ipv6=False)
    a, b = End(p.lab, p.na, "tapa", vnet=True), End(p.lab, p.nb, "tapb")
    frame, head = tcp_super(payload=10500, size=1000, flags="CFPA", tag=b"\x81\x00\x00\x05" if tag else b"")
    assert a.send(frame, head)
    got = []
    while len(got) < 11:
        data = b.recv()
        assert data, f"{len(got)} of 11 segments came"
        if data[:6] == frame[:6]:
            got.append(data)
    whole = b""
    for i, data in enumerate(got):
        x = Ether(data)
        assert x[IP].id == (0xFFFE + i) & 0xFFFF and x[IP].flags == "DF" and x[IP].len == len(data) - (18 if tag else 14)
        assert x[TCP].seq == (0xFFFFF000 + i * 1000) & 0xFFFFFFFF
        assert x[TCP].flags == {0: "CA", 10: "FPA"}.get(i, "A")
        assert x[TCP].options[0] == ("Timestamp", (1, 2))
        again = x.copy()
        del again[IP].chksum, again[TCP].chksum
        assert bytes(again) == data, f"segment {i}: a checksum is wrong"
        whole += bytes(x[TCP].payload)
    assert whole == frame[-10500:]
    rep = p.r.quiet()
    assert rep.ports["b"].tx_sw_gso == 1 and rep.ports["b"].tx_made_packets == 10


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
@pytest.mark.parametrize("header", ["on", "off"])
def test_udp_super_packets(pair, form, addr, header):
    """UDP_SEGMENT: ten datagrams travel as one super-packet, and arrive as ten or merged."""
    p = pair(form=form, b=f",vnet_hdr={header}")
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
    assert rep.ports["a"].rx_gso_packets == 20 == rep.ports["b"]["tx_gso_packets" if header == "on" else "tx_sw_gso"]
    assert rep.ports["b"].tx_made_packets == (0 if header == "on" else 20 * 9)
    assert not bad_sums(p.nb)
