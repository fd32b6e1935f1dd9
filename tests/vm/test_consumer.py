# SPDX-License-Identifier: BSD-2-Clause
"""QEMU takes queues of a TAP that we opened, and its guest speaks through ringway to a namespace.

    guest - virtio-net - TAP vm | bridge | TAP tapb - ringway - TAP tapa
                        '------- namespace x ------'          namespace y
"""
import hashlib
import os
import pathlib
import socket
import threading

import pytest

from tests.lib.lab import LIMIT
from tests.lib.ringway import Ringway
from tests.lib.traffic import ping
from tests.net.test_sources import given
from tests.vm import guest

pytestmark = pytest.mark.host
HERE, GUEST, SIZE = "10.99.0.1", "10.99.0.2", 4 << 20
MAC = "02:00:00:00:99:02"
SLOW = 6 * LIMIT  # an emulated guest on busy CPUs


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A kernel, and an initramfs with the guest's programs."""
    try:
        k = guest.kernel("6.1")
    except guest.Absent as e:
        pytest.skip(f"no guest can be had: {e}")
    initrd = tmp_path_factory.mktemp("consumer") / "initrd"
    init = pathlib.Path(__file__).with_name("init-consumer").read_bytes()
    initrd.write_bytes(guest.initramfs(k, ("virtio_pci", "virtio_net"), init))
    return k, initrd


def tcp_socket(ns):
    with ns.inside():
        s = socket.socket()
    s.settimeout(SLOW)
    return s


class Sums(threading.Thread):
    """A server in the namespace: answers SIZE bytes with their MD5 sum."""

    def __init__(self, lab, ns):
        super().__init__(daemon=True)
        self.s = tcp_socket(ns)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind((HERE, 9000))
        self.s.listen()
        lab.undo.append(self.s.close)
        self.start()

    def run(self):
        c, _ = self.s.accept()
        with c:
            c.settimeout(SLOW)
            md5, n = hashlib.md5(), 0
            while n < SIZE:
                data = c.recv(65536)
                if not data:
                    return
                md5.update(data)
                n += len(data)
            c.sendall(md5.hexdigest().encode() + b"\n")


def echoed(ns):
    """SIZE bytes to the guest's echo server come back as they were."""
    data = os.urandom(SIZE)
    with tcp_socket(ns) as s:
        s.connect((GUEST, 7))
        sender = threading.Thread(target=s.sendall, args=(data,), daemon=True)
        sender.start()
        got = bytearray()
        while len(got) < SIZE:
            more = s.recv(65536)
            assert more, f"{len(got)} of {SIZE} bytes came back"
            got += more
        sender.join(SLOW)
    assert got == data


def boot(lab, image, fds):
    """QEMU with the TAP's queues as its own; it knows of no name and opens nothing."""
    k, initrd = image
    which = f"fd={fds[0]}" if len(fds) == 1 else f"fds={':'.join(map(str, fds))}"
    mq = f",mq=on,vectors={2 * len(fds) + 2}" if len(fds) > 1 else ""
    cmd = guest.qemu(k, initrd, "-netdev", f"tap,id=n0,{which}", "-device", f"virtio-net-pci,netdev=n0,mac={MAC},romfile={mq}",
                     cpus=len(fds), append=f"me={GUEST} peer={HERE}", console="file:/dev/stdout")
    return lab.spawn(cmd, pass_fds=fds)


@pytest.mark.parametrize("n, io", [(1, "auto"), (2, "auto"), (2, "epoll")])
def test_a_guest_speaks_through_ringway(lab, image, n, io):
    x, y = lab.netns("x", ipv6=False), lab.netns("y", ipv6=False)
    x.ip("link", "add", "br0", "type", "bridge")
    x.ip("link", "set", "br0", "up")
    r = Ringway(lab, "--port", f"tap,id=a,ifname=tapa,netns={y.name},addr={HERE}/24,queues={n},io={io}",
                "--port", f"tap,id=b,ifname=tapb,netns={x.name},master=br0,queues={n},io={io}", connects=["a:b"])
    Sums(lab, y)
    with given(lab, x, "vm", n) as fds:
        lab.keeps.add((x, "vm"))  # it goes with QEMU
        x.ip("link", "set", "vm", "up", "master", "br0")
        q = boot(lab, image, fds)

    def says(words):
        q.wait_line(q.out, lambda line: line.strip().endswith(f"guest: {words}"), f"the guest's `{words}`", SLOW)

    says("done")
    for words in (f"queues {n}", "ping ok", "tcp ok"):
        says(words)
    ping(y, GUEST)
    echoed(y)
    rep = r.quiet()
    assert rep.ports["a"].tx_gso_packets and rep.ports["a"].rx_gso_packets, "no super-packet passed from kernel to kernel"
    assert not rep.total.drops, str(rep)
    assert MAC in x.run("bridge", "fdb", "show", "dev", "vm").stdout, "the guest's frames came in at its own TAP"
