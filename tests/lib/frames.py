# SPDX-License-Identifier: BSD-2-Clause
"""Raw frames in and out of a namespace's device, and a small generator with sequence numbers."""
import errno
import select
import socket
import struct
import time

from tests.lib.lab import LIMIT

ETH_P_ALL, ETH_P_TEST = 0x0003, 0x88B5  # IEEE local experimental
SOL_PACKET, PACKET_AUXDATA, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 8, 15, 23
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 1 << 4, 1 << 6
SO_RCVBUFFORCE, SO_SNDBUFFORCE = 33, 32
VNET = struct.Struct("<BBHHHH")  # flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
VNET_NONE = VNET.pack(0, 0, 0, 0, 0, 0)
MAC_A, MAC_B = bytes.fromhex("020000000a01"), bytes.fromhex("020000000b01")
BROADCAST = b"\xff" * 6


def sock(ns, dev, vnet=False):
    """An AF_PACKET socket on a device: sends raw, receives what comes in, never what goes out."""
    with ns.inside():
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
    s.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20)
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    if vnet:
        s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    with ns.inside():
        s.bind((dev, ETH_P_ALL))
    s.setblocking(False)
    return s


class End:
    """One side of a test: a device in a namespace, spoken to in frames."""

    def __init__(self, lab, ns, dev, vnet=False):
        self.ns, self.dev, self.vnet = ns, dev, vnet
        self.s = sock(ns, dev, vnet)
        self.sent = 0
        lab.undo.append(self.close)

    def close(self):
        self.s.close()

    def send(self, frame, vnet_hdr=VNET_NONE):
        """Send one frame; False = the device's queue was full."""
        data = vnet_hdr + frame if self.vnet else frame
        while True:
            try:
                self.s.send(data)
                self.sent += 1
                return True
            except BlockingIOError:
                select.select([], [self.s], [], LIMIT)
            except OSError as e:
                if e.errno == errno.ENOBUFS:
                    return False
                raise

    def recv(self, timeout=LIMIT):
        """The next frame, its VLAN tag put back; None after the timeout."""
        while True:
            try:
                data, anc, _, _ = self.s.recvmsg(70000, 256)
                break
            except BlockingIOError:
                if not timeout or not select.select([self.s], [], [], timeout)[0]:
                    return None
            except OSError as e:
                if e.errno != errno.ENETDOWN:  # told once, when the device goes; what came before is there
                    raise
        head = b""
        if self.vnet:
            head, data = data[:VNET.size], data[VNET.size:]
        for level, kind, aux in anc:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", aux[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        return (head, data) if self.vnet else data

    def expect(self, frames, skip=None, timeout=LIMIT):
        """These frames come next, in this order, byte for byte; skip(frame) = noise."""
        for i, want in enumerate(frames):
            while True:
                got = self.recv(timeout)
                if got is None:
                    raise AssertionError(f"frame {i} of {len(frames)} ({len(want)} bytes) never came")
                if got == want:
                    break
                if skip and skip(got):
                    continue
                n = next((k for k, (x, y) in enumerate(zip(got, want)) if x != y), min(len(got), len(want)))
                raise AssertionError(
                    f"frame {i} of {len(frames)}: {len(got)} bytes came, {len(want)} expected, they differ from "
                    f"byte {n}:\n{got[n:n + 32].hex()}\n{want[n:n + 32].hex()}"
                )

    def none_comes(self, timeout=0.0):
        got = self.recv(timeout)
        assert got is None, f"a frame too many: {got[:64].hex()}"

    def drain(self):
        n = 0
        while self.recv(0) is not None:
            n += 1
        return n


# --- a flow of numbered frames -------------------------------------------------

SEQ = struct.Struct("!4sHI")  # magic, flow, number


def numbered(flow, number, size=60, src=MAC_A, dst=MAC_B):
    """A UDP/IPv4 frame of a flow (its ports) with its number; checksum 0 = none."""
    body = SEQ.pack(b"rwsq", flow, number)
    ip_len = size - 14
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, ip_len, 0, 0, 64, 17, 0, bytes([10, 99, 0, 1]), bytes([10, 99, 0, 2]))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", 0xFFFF - total) + ip[12:]
    udp = struct.pack("!HHHH", 20000 + flow, 9, ip_len - 20, 0)
    return (dst + src + b"\x08\x00" + ip + udp + body).ljust(size, b"\0")


def number_of(frame):
    """(flow, number) of a numbered frame, or None."""
    if len(frame) < 42 + SEQ.size or frame[42:46] != b"rwsq":
        return None
    return SEQ.unpack_from(frame, 42)[1:]


class Flow:
    """Numbered frames from one end to another, at most `window` of them under way:
    nothing may be lost, doubled or overtaken within a flow."""

    def __init__(self, src, dst, n_flows=1, window=64, size=60):
        self.src, self.dst, self.window, self.size = src, dst, window, size
        self.next = [0] * n_flows
        self.seen = [0] * n_flows
        self.turn = 0
        self.dst.s.setblocking(False)

    @property
    def sent(self):
        return sum(self.next)

    @property
    def received(self):
        return sum(self.seen)

    def _send(self):
        f = self.turn % len(self.next)
        self.turn += 1
        assert self.src.send(numbered(f, self.next[f], self.size)), "the generator's own queue is full"
        self.next[f] += 1

    def _recv(self, timeout):
        got = self.dst.recv(timeout)
        if got is None:
            return False
        n = number_of(got)
        if n:
            f, k = n
            assert k == self.seen[f], f"flow {f}: frame {k} came, {self.seen[f]} was due"
            self.seen[f] += 1
        return True

    def run(self, n):
        """Send n more frames and see each of them arrive."""
        goal = self.sent + n
        while self.received < goal:
            while self.sent < goal and self.sent - self.received < self.window:
                self._send()
            if not self._recv(LIMIT):
                raise AssertionError(f"{self.sent - self.received} of {self.sent} frames were lost")
            while self._recv(0):
                pass

    def run_while(self, condition, timeout=LIMIT):
        """Frames as long as condition() holds; at least one window."""
        end = time.monotonic() + timeout
        self.run(self.window)
        while condition():
            assert time.monotonic() < end, "the condition did not end"
            self.run(self.window)


def flood(end, n, n_flows=1, size=60):
    """n numbered frames as fast as they go, loss allowed; how many the device's queue took."""
    ready = [[numbered(f, 0, size) for f in range(n_flows)]][0]
    sent = 0
    for i in range(n):
        f = ready[i % n_flows]
        sent += end.send(f[:48] + struct.pack("!I", i // n_flows) + f[52:])
    return sent
