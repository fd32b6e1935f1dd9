# SPDX-License-Identifier: BSD-2-Clause
"""impair.py NETNS_A TAP_A NETNS_B TAP_B [RULE=N...] - a forwarder that spoils what it is told to.

A device under test for tests: frames from A to B, each Nth UDP frame of IPv4 treated by
the rules; those from B to A, and all others but IPv6, pass. drop: lost; double: sent
twice; hold: sent behind the three that follow it; flip: its last byte changed; delay=MS:
all of them late. "ready" when both TAPs are there and up; at SIGTERM it sends what it
still has, prints what it did as JSON, and stays, so that the TAPs do, until it is killed.
"""
import collections
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.lib import sysnet  # noqa: E402

HELD = 3  # frames that overtake a held one


def tap(netns, name):
    with sysnet.inside(netns):
        fd = sysnet.tap_open(name, sysnet.IFF_TAP | sysnet.IFF_NO_PI)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
    return fd


class Device:
    def __init__(self, out, rules):
        self.out, self.rules = out, rules
        self.n, self.done = 0, collections.Counter()
        self.held = []  # (number of the frame it is sent behind, frame)
        self.late = collections.deque()  # (when, frame)

    def hit(self, rule):
        every = self.rules.get(rule)
        if not every or self.n % every:
            return False
        self.done[rule] += 1
        return True

    def send(self, frame):
        if self.rules.get("delay"):
            self.late.append((time.monotonic() + self.rules["delay"] / 1e3, frame))
        else:
            os.write(self.out, frame)

    def take(self, frame):
        if frame[12:14] == b"\x86\xdd":
            return
        if frame[12:14] != b"\x08\x00" or frame[23] != 17:
            os.write(self.out, frame)
            return
        self.n += 1
        self.done["seen"] += 1
        if self.hit("drop"):
            return
        if self.hit("flip"):
            frame = frame[:-1] + bytes([frame[-1] ^ 1])
        if self.hit("hold"):
            self.held.append((self.n + HELD, frame))
            return
        self.send(frame)
        if self.hit("double"):
            self.send(frame)
        while self.held and self.held[0][0] <= self.n:
            self.send(self.held.pop(0)[1])

    def release(self, everything):
        if everything:
            for _, frame in self.held:
                self.send(frame)
            self.held = []
        while self.late and (everything or self.late[0][0] <= time.monotonic()):
            due, frame = self.late.popleft()
            time.sleep(max(0.0, due - time.monotonic()))
            os.write(self.out, frame)

    def wait(self):
        return max(0.0, self.late[0][0] - time.monotonic()) if self.late else None


def each(fd, take):
    """All frames that are there."""
    while True:
        try:
            take(os.read(fd, 65536))
        except BlockingIOError:
            return


def main():
    ns_a, name_a, ns_b, name_b = sys.argv[1:5]
    rules = {k: int(v) for k, v in (w.split("=") for w in sys.argv[5:])}
    a, b = tap(ns_a, name_a), tap(ns_b, name_b)
    wake_r, wake_w = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.set_wakeup_fd(wake_w)
    device = Device(b, rules)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([a, b, wake_r], [], [], device.wait())
        each(a, device.take)
        each(b, lambda frame: os.write(a, frame))
        device.release(False)
        if wake_r in ready:
            break
    device.release(True)
    print(json.dumps(device.done), flush=True)
    while True:
        signal.pause()


main()
