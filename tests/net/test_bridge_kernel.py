# SPDX-License-Identifier: BSD-2-Clause
"""The same frames through a Linux bridge and through ringway's: what comes out of each port is equal."""
import os
import random
import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, LLC, STP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.packet import Raw

from tests.lib.bridge_differences import concerns
from tests.lib.frames import End
from tests.lib.lab import wait_for
from tests.lib.ringway import Ringway

PORTS = "abcd"
PHASES = int(os.environ.get("RINGWAY_PHASES", "120"))
FLAGS = {"learning": "learning", "flood": "flood", "mcast-flood": "mcast_flood", "bcast-flood": "bcast_flood",
         "isolated": "isolated"}
VIDS = (1, 10, 20, 30)


def random_flags(r):
    """Per port some switches off (isolated: on)."""
    return {i: {f: "on" if f == "isolated" else "off" for f in FLAGS if r.random() < 0.3} for i in PORTS}


def random_vlans(r):
    """Per port its VLANs: an access port, or a trunk with or without native VLAN."""
    ports = {}
    for i in PORTS:
        if r.random() < 0.4:
            ports[i] = {"access": r.choice(VIDS)}
            continue
        trunk = sorted(r.sample(VIDS, r.randrange(1, len(VIDS))))
        ports[i] = {"trunk": trunk}
        if r.random() < 0.7:
            ports[i]["native"] = r.choice([v for v in VIDS if v not in trunk])
    return ports


# name -> settings of ringway's bridge, of the Linux bridge, and what makes options of the ports
SETUPS = {
    "plain": ("", (), None),
    "no ageing": (",ageing-time=0", ("ageing_time", 0), None),
    "groups": (",group-fwd-mask=0x4000", ("group_fwd_mask", 0x4000), None),
    "all groups": (",group-fwd-mask=0xfff8", ("group_fwd_mask", 0xFFF8), None),
    "switches": ("", (), random_flags),
    "802.1Q": (",vlan-filtering=on", ("vlan_filtering", 1), random_vlans),
    "802.1ad": (",vlan-filtering=on,vlan-protocol=802.1ad", ("vlan_filtering", 1, "vlan_protocol", "802.1ad"),
                random_vlans),
}


class Kernel:
    """A Linux bridge of veth pairs; End i speaks where a neighbour of port i would."""

    def __init__(self, lab, settings, ports):
        self.ns = ns = lab.netns("k", ipv6=False)
        if ns.ip("link", "add", "sw", "type", "bridge", "stp_state", 0, "mcast_snooping", 0, *settings,
                 check=False).returncode:
            pytest.skip(f"this kernel's bridge cannot do: {' '.join(map(str, settings))}")
        for what in ("iptables", "ip6tables", "arptables"):
            if os.path.exists(f"/proc/sys/net/bridge/bridge-nf-call-{what}"):
                ns.sysctl(f"bridge/bridge-nf-call-{what}", 0)
        self.local = set()
        ns.ip("link", "set", "sw", "up")
        for n, i in enumerate(PORTS):
            ns.ip("link", "add", f"k{i}", "address", f"06:00:00:00:00:{n:02x}", "type", "veth", "peer", "name", f"p{i}")
            ns.ip("link", "set", f"k{i}", "master", "sw")
            self.set_up(f"k{i}", ports.get(i, {}))
            for dev in (f"k{i}", f"p{i}"):
                ns.ip("link", "set", dev, "up")
        for name, link in ns.links().items():
            if name != "lo":
                self.local.add(bytes.fromhex(link["address"].replace(":", "")))
        wait_for(lambda: all(x["operstate"] == "UP" for n, x in ns.links().items() if n[0] in "kp"), "the links")
        self.e = {i: End(lab, ns, f"p{i}") for i in PORTS}

    def set_up(self, dev, options):
        for key, value in options.items():
            if key in FLAGS:
                self.ns.run("bridge", "link", "set", "dev", dev, FLAGS[key], value)
        if not {"access", "trunk", "native"} & set(options):
            return
        self.ns.run("bridge", "vlan", "del", "dev", dev, "vid", 1)
        for vid in options.get("trunk", ()):
            self.ns.run("bridge", "vlan", "add", "dev", dev, "vid", vid)
        for key in ("access", "native"):
            if key in options:
                self.ns.run("bridge", "vlan", "add", "dev", dev, "vid", options[key], "pvid", "untagged")


def start_ringway(lab, settings, ports, workers, form):
    words = []
    ns = {i: lab.netns(i, ipv6=False) for i in PORTS}
    for i in PORTS:
        options = "".join(f",{k}={',,'.join(map(str, v)) if isinstance(v, list) else v}" for k, v in ports.get(i, {}).items())
        words += ["--port", f"tap,id={i},ifname=t{i},netns={ns[i].name}{options}"]
    r = Ringway(lab, *words, "--bridge", f"br0={','.join(PORTS)}{settings}", "--workers", workers, form=form)
    return r, {i: End(lab, ns[i], f"t{i}") for i in PORTS}


# --- frames --------------------------------------------------------------------

def station(n):
    return f"02:00:00:00:00:{n:02x}"


def addresses(r):
    dst = r.choices([station(r.randrange(8)), station(r.randrange(40, 200)), "ff:ff:ff:ff:ff:ff",
                     f"01:00:5e:00:00:{r.randrange(256):02x}", f"33:33:00:00:00:{r.randrange(256):02x}",
                     f"01:80:c2:00:00:{r.randrange(18):02x}"], [8, 2, 2, 1, 1, 2])[0]
    src = r.choices([station(r.randrange(8)), "03:00:00:00:00:01", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"],
                    [40, 1, 1, 1])[0]
    return dst, src


def tags(r):
    def tag(kind):
        return kind(vlan=r.choice([0, *VIDS, 40, 4094, 4095]), prio=r.randrange(8), id=r.randrange(2))
    return r.choices([[], [tag(Dot1Q)], [tag(Dot1AD)], [tag(Dot1AD), tag(Dot1Q)], [tag(Dot1Q), tag(Dot1Q)],
                      [tag(Dot1Q), tag(Dot1AD)]], [8, 6, 3, 3, 1, 1])[0]


def frame(r):
    """An odd frame: any headers behind any tags, any length."""
    dst, src = addresses(r)
    eth = Ether(dst=dst, src=src)
    for t in tags(r):
        eth /= t
    v4 = IP(src="198.51.100.1", dst="198.51.100.2", id=r.randrange(65536))
    body = r.choice([
        lambda: eth / v4 / UDP(sport=r.randrange(65536), dport=9),
        lambda: eth / v4 / TCP(sport=r.randrange(65536), dport=9),
        lambda: eth / IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=1, dport=9),
        lambda: eth / ARP(psrc="198.51.100.1", pdst="198.51.100.2"),
        lambda: Dot3(dst=dst, src=src) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(),
        lambda: eth / IP(src="198.51.100.1", dst="198.51.100.2", flags="MF", frag=3),
    ])()
    data = bytes(body / Raw(r.randbytes(r.choice([0, 1, 18, 46, r.randrange(1400)]))))
    if r.random() < 0.1:  # any ethertype, and a length field that says nothing true
        data = data[:12] + struct.pack("!H", r.choice([0x88B5, 0x0000, 0x05DC, 0x0600, 0x9100])) + data[14:]
    if r.random() < 0.05:
        data = data[:r.randrange(14, 20)]
    return data


# --- the comparison ---------------------------------------------------------------

def show(frames):
    return "\n".join(f.hex()[:120] for f in frames) or "nothing"


class Twin:
    def __init__(self, lab, setup, seed, workers, form):
        settings, of_kernel, make = SETUPS[setup]
        self.r = random.Random(seed)
        ports = make(self.r) if make else {}
        print(f"seed {seed}: {ports}")
        self.k = Kernel(lab, of_kernel, ports)
        self.ringway, self.e = start_ringway(lab, settings, ports, workers, form)
        self.sent, self.vlans = 0, make is random_vlans

    def phase(self):
        """Some frames at one port of both; then what came out of every port."""
        port = self.r.choice(PORTS)
        frames = [f for f in (frame(self.r) for _ in range(self.r.randrange(1, 9))) if not concerns(f, self.k.local, self.vlans)]
        for f in frames:
            assert self.e[port].send(f) and self.k.e[port].send(f)
        self.sent += len(frames)
        self.ringway.wait_report(lambda x: x.total.rx_packets == self.sent and not self.ringway.imbalances(x),
                                 f"{self.sent} frames")
        for i in PORTS:
            ours = [*iter(lambda e=self.e[i]: e.recv(0), None)]
            theirs = []

            def come(e=self.k.e[i], n=len(ours), got=theirs):
                got.extend(iter(lambda: e.recv(0), None))
                return len(got) >= n

            try:
                wait_for(come, "its frames", 5)
            except AssertionError:
                pass  # told below
            assert ours == theirs, (f"sent at {port}:\n{show(frames)}\nringway gave at {i}:\n{show(ours)}\n"
                                    f"the Linux bridge gave:\n{show(theirs)}")
        return sum(len(f) for f in frames)


@pytest.fixture(autouse=True)
def one_cpu():
    """All that the test sends is worked on by one CPU's kernel, hence in order."""
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    yield
    os.sched_setaffinity(0, cpus)


@pytest.mark.parametrize("ways", [(1, "A"), (2, "E")], ids=str)
@pytest.mark.parametrize("setup", SETUPS)
def test_equal(lab, setup, ways):
    seed = int(os.environ.get("RINGWAY_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 31)
    t = Twin(lab, setup, seed, *ways)
    for _ in range(PHASES):
        t.phase()
    rep = t.ringway.quiet()
    assert rep.total.tx_packets > PHASES / 4, "hardly anything came through"
