# SPDX-License-Identifier: BSD-2-Clause
"""Frames come out as they went in: byte for byte, in order."""
import random
import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, LLC, Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

from tests.lib.frames import ETH_P_TEST, MAC_A, MAC_B, VNET

SEED = 20240611


def mac(r):
    return ":".join(f"{r.randrange(256):02x}" for _ in range(6))


def layers(r, kind):
    """One frame's headers; addresses that belong to nobody, so that nobody answers."""
    eth = Ether(dst=mac(r), src="02:" + mac(r)[3:])
    v4 = IP(src="198.51.100.1", dst="198.51.100.2", id=r.randrange(65536), ttl=r.randrange(1, 256))
    v6 = IPv6(src="2001:db8::1", dst="2001:db8::2", fl=r.randrange(1 << 20))
    l4 = r.choice([UDP, TCP])(sport=r.randrange(1, 65536), dport=r.randrange(1, 65536))
    tag = Dot1Q(vlan=r.randrange(1, 4095), prio=r.randrange(8))
    return {
        "ip": lambda: eth / v4 / l4,
        "ip6": lambda: eth / v6 / l4,
        "arp": lambda: eth / ARP(op=2, psrc="198.51.100.1", pdst="198.51.100.2"),
        "vlan": lambda: eth / tag / v4 / l4,
        "vlan6": lambda: eth / tag / v6 / l4,
        "qinq": lambda: eth / Dot1AD(vlan=r.randrange(1, 4095)) / tag / v4 / l4,
        "three tags": lambda: eth / Dot1AD(vlan=7) / tag / Dot1Q(vlan=9) / v4 / l4,
        "llc": lambda: eth / LLC(dsap=0x42, ssap=0x42, ctrl=3),
        "frag": lambda: eth / IP(src="198.51.100.1", dst="198.51.100.2", flags="MF", frag=r.randrange(100)),
        "raw": lambda: Ether(dst=mac(r), src="02:" + mac(r)[3:], type=ETH_P_TEST),
    }[kind]()


KINDS = ("ip", "ip6", "arp", "vlan", "vlan6", "qinq", "three tags", "llc", "frag", "raw")


def frame(r, kind, size):
    head = layers(r, kind)
    if kind == "llc":
        data = bytes(head / Raw(r.randbytes(max(0, size - len(head)))))
        return (data[:12] + struct.pack("!H", len(data) - 14) + data[14:])[:max(size, 17)]
    data = bytes(head / Raw(r.randbytes(max(0, size - len(head)))))
    return data


def travel(src, dst, frames, window=100):
    """Send them in windows and expect each; noise of the kernel is told by its content."""
    known = set(frames)
    for i in range(0, len(frames), window):
        part = frames[i:i + window]
        for f in part:
            assert src.send(f)
        dst.expect(part, skip=lambda got: got not in known)


@pytest.mark.san
@pytest.mark.parametrize("direction", ["a to b", "b to a"])
def test_random_frames(pair, form, direction):
    p = pair(form=form, ipv6=False)
    a, b = p.ends()
    if direction == "b to a":
        a, b = b, a
    r = random.Random(SEED)
    frames = [frame(r, r.choice(KINDS), r.randrange(60, 1515)) for _ in range(600)]
    travel(a, b, frames)
    b.none_comes()


@pytest.mark.san
@pytest.mark.parametrize("kind", ["vlan", "qinq"])
def test_tagged_frames_of_full_size(pair, form, kind):
    p = pair(form=form, ipv6=False)
    # a packet socket takes a second tag for a part of the packet; the wire behind it does not
    p.na.ip("link", "set", "tapa", "mtu", 1504)
    a, b = p.ends()
    r = random.Random(SEED)
    # a tag comes on top of the MTU
    travel(a, b, [frame(r, kind, 1514 + 4) for _ in range(50)])


def raw(r, size):
    return (MAC_B + MAC_A + struct.pack("!H", ETH_P_TEST) + r.randbytes(size))[:size]


@pytest.mark.san
def test_sizes(pair, form):
    """Each length around the borders of headers, buffers and pages, up to the longest the kernel sends."""
    p = pair(form=form, ipv6=False, mtu=65521)
    a, b = p.ends()
    r = random.Random(SEED)
    borders = [14, 60, 64, 128, 256, 512, 1024, 1500, 1514, 1518, 2036, 2048, 4096, 8192, 9014, 16384, 32768, 65523]
    sizes = sorted({n + d for n in borders for d in range(-12, 13) if 14 <= n + d <= 65535})
    travel(a, b, [raw(r, n) for n in sizes], window=20)
    travel(b, a, [raw(r, n) for n in reversed(sizes)], window=20)


def test_small_buffers_take_what_the_mtu_allows(pair, form):
    """Without offloads no super-packet comes: buffers may be small, but every legal frame fits."""
    p = pair(form=form, ipv6=False, a=",vnet_hdr=off", b=",vnet_hdr=off")
    a, b = p.ends()
    r = random.Random(SEED)
    travel(a, b, [raw(r, n) for n in range(1400, 1515)] + [frame(r, "vlan", 1518) for _ in range(5)], window=20)


@pytest.mark.parametrize("form", ["A", "E"])
def test_mtu_raised_after_the_start(pair, form):
    """The MTU is the kernel's business: longer frames pass once it allows them."""
    p = pair(form=form, ipv6=False)
    a, b = p.ends()
    r = random.Random(SEED)
    travel(a, b, [raw(r, 1514)])
    for ns, dev in ((p.na, "tapa"), (p.nb, "tapb")):
        ns.ip("link", "set", dev, "mtu", 9000)
    travel(a, b, [raw(r, n) for n in (1515, 2048, 4096, 9014)])


def super_packet(r, payload, gso):
    """A TCP/IPv4 super-packet and its virtio-net header."""
    head = Ether(dst="02:00:00:00:0b:01", src="02:00:00:00:0a:01") / IP(src="198.51.100.1", dst="198.51.100.2")
    head /= TCP(sport=1000, dport=2000, flags="A", seq=r.randrange(1 << 32))
    data = bytearray(bytes(head / Raw(r.randbytes(payload))))
    # the checksum field holds the pseudo header's sum, as a kernel leaves it
    total = sum(struct.unpack("!4H", data[26:34])) + 6 + 20 + payload
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    data[50:52] = struct.pack("!H", total)
    return VNET.pack(1, 1, 54, gso, 34, 16), bytes(data)


@pytest.mark.san
def test_super_packets_pass_untouched(pair, form):
    p = pair(form=form, ipv6=False)
    a, b = p.ends(vnet=True)
    r = random.Random(SEED)
    sent = [super_packet(r, n, 1448) for n in (1449, 10000, 40000, 64000, 65535 - 54)]
    for head, data in sent:
        assert a.send(data, head)
    for head, data in sent:
        got = b.recv()
        assert got is not None, f"the super-packet of {len(data)} bytes never came"
        assert got[1] == data, f"{len(got[1])} bytes came, {len(data)} expected"
        flags, kind, _, size, start, offset = VNET.unpack(got[0])
        assert (flags & 1, kind, size, start, offset) == (1, 1, 1448, 34, 16)
    rep = p.r.quiet()
    assert rep.ports["a"].rx_gso_packets == len(sent) == rep.ports["b"].tx_gso_packets
