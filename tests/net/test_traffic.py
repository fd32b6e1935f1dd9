# SPDX-License-Identifier: BSD-2-Clause
"""Real traffic between two namespaces, over each form of the loop."""
import select
import socket
import struct

import pytest

from tests.lib.lab import LIMIT
from tests.lib.traffic import iperf, ping, tcp

A4, B4, A6, B6 = "10.99.0.1", "10.99.0.2", "fd00:99::1", "fd00:99::2"


@pytest.mark.san
def test_ping(pair, form):
    p = pair(form=form)
    ping(p.na, B4)
    ping(p.nb, A4)


@pytest.mark.san
def test_ping6(pair, form):
    p = pair(form=form)
    ping(p.na, B6)
    ping(p.nb, A6)


@pytest.mark.san
def test_fragments(pair, form):
    p = pair(form=form)
    ping(p.na, B4, "-s", 20000)
    ping(p.nb, A6, "-s", 20000)


@pytest.mark.san
def test_tcp_both_ways(pair, form):
    p = pair(form=form)
    there = tcp(p.na, p.nb, B4)
    back = tcp(p.na, p.nb, B4, "-R")
    rep = p.r.quiet()
    assert rep.ports["a"].rx_bytes > there and rep.ports["b"].rx_bytes > back
    # the kernel hands over super-packets and they leave as such
    assert rep.ports["a"].rx_gso_packets > 0 and rep.ports["b"].tx_gso_packets > 0
    assert rep.ports["b"].rx_gso_packets > 0 and rep.ports["a"].tx_gso_packets > 0
    assert not rep.total.drops


def test_tcp6(pair, form):
    p = pair(form=form)
    tcp(p.na, p.nb, B6, size="20M")
    rep = p.r.quiet()
    assert rep.ports["a"].rx_gso_packets > 0


@pytest.mark.san
def test_udp_both_ways(pair, form):
    p = pair(form=form)
    for way in ((), ("-R",)):
        end = iperf(p.na, p.nb, B4, "-u", "-b", "20M", "-l", 1000, "-n", "2M", *way)
        assert end["sum"]["packets"] >= 2000
    rep = p.r.quiet()
    assert rep.ports["a"].rx_packets >= 2000 and rep.ports["b"].rx_packets >= 2000
    assert not rep.total.drops


def test_parallel_tcp_in_both_directions_at_once(pair, form):
    p = pair(form=form)
    iperf(p.na, p.nb, B4, "-n", "10M", "-P", 4, "--bidir")
    p.r.quiet()


@pytest.mark.san
def test_jumbo(pair, form):
    p = pair(form=form, mtu=9000)
    ping(p.na, B4, "-s", 8972, "-M", "do")
    ping(p.nb, A6, "-s", 8952, "-M", "do")
    tcp(p.na, p.nb, B4)


@pytest.mark.parametrize("form", ["A", "E"])
def test_mtu_65521(pair, form):
    p = pair(form=form, mtu=65521)
    ping(p.na, B4, "-s", 65493, "-M", "do")
    tcp(p.na, p.nb, B4)


def udp(ns, addr=None, port=0):
    with ns.inside():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if port:
        s.bind((addr or "0.0.0.0", port))
    return s


def test_multicast_and_broadcast(pair, form):
    p = pair(form=form)
    group = "239.9.9.9"
    rx, tx = udp(p.nb, port=4000), udp(p.na)
    with rx, tx:
        rx.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(B4))
        tx.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(A4))
        tx.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for i in range(50):
            for to in (group, "10.99.0.255"):
                tx.sendto(struct.pack("!I", i) + to.encode(), (to, 4000))
        for i in range(50):
            for to in (group, "10.99.0.255"):
                assert select.select([rx], [], [], LIMIT)[0], f"datagram {i} to {to} never came"
                assert rx.recv(100) == struct.pack("!I", i) + to.encode()
