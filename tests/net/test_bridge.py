# SPDX-License-Identifier: BSD-2-Clause
"""A learning bridge of several TAPs: who gets which frames, with real traffic."""
import struct

import pytest

from tests.lib.frames import BROADCAST, ETH_P_TEST, End, Flow
from tests.lib.ringway import Ringway
from tests.lib.traffic import iperf, ping

WAYS = [(1, "A"), (2, "A"), (1, "E"), (2, "E")]
BPDU, PAUSE, LLDP = (bytes.fromhex(f"0180c20000{n}") for n in ("00", "01", "0e"))
MCAST = bytes.fromhex("01005e000009")


def mac(n):
    return bytes([2, 0, 0, 0, 0, n])


def frame(dst, src, number=0, vid=None, prio=0, tpid=0x8100):
    tag = struct.pack("!HH", tpid, prio << 13 | vid) if vid is not None else b""
    return dst + src + tag + struct.pack("!HI", ETH_P_TEST, number) + bytes(50)


class Bridge:
    """TAPs a, b, ... of a bridge, each in a namespace of its own."""

    def __init__(self, lab, n=3, ways=(1, "A"), settings="", ports=None, more="", args=(), ipv6=False, strict=True):
        ids = "abcdefghijklmnop"[:n]
        self.ns = {i: lab.netns(i, ipv6=ipv6) for i in ids}
        words = []
        for k, i in enumerate(ids, 1):
            option = (ports or {}).get(i, "")
            words += ["--port", f"tap,id={i},ifname=t{i},netns={self.ns[i].name},addr=10.99.0.{k}/24{more}{option}"]
        self.r = Ringway(lab, *words, "--bridge", f"br0={','.join(ids)}{settings}", "--workers", ways[0], *args,
                         form=ways[1])
        self.r.strict = strict
        self.e = {i: End(lab, self.ns[i], f"t{i}") for i in ids}
        self.n = 0

    def to(self, src, data):
        """Send it at a port; what each port got, as (port, frame)."""
        self.n += 1
        assert self.e[src].send(data)
        before = self.n
        # a last frame to everybody is behind it in the same queues, hence all has come when this one has
        mark = frame(BROADCAST, mac(0xEE), 0xFFFF0000 + before)
        assert self.e[src].send(mark)
        got = []
        for i, e in self.e.items():
            if i == src:
                continue
            while (f := e.recv()) != mark:
                assert f is not None, f"the mark did not come to {i}"
                got.append((i, f))
        back = self.e[src].recv(0)
        assert back is None, f"came back: {back.hex()}"
        return got

    def where(self, src, dst, who):
        """The ports that a frame of the kind comes to, as in "bc"."""
        data = frame(dst, mac(who) if isinstance(who, int) else who, self.n)
        got = self.to(src, data)
        assert all(f == data for _, f in got)
        return "".join(i for i, _ in got)


@pytest.fixture
def bridge(lab):
    return lambda *a, **kw: Bridge(lab, *a, **kw)


@pytest.mark.san
@pytest.mark.tsan
@pytest.mark.parametrize("ways", WAYS, ids=str)
def test_everybody_hears_everybody(bridge, ways):
    b = bridge(3, ways, ipv6=True)
    for i in "abc":
        for k, other in enumerate("abc", 1):
            if i != other:
                ping(b.ns[i], f"10.99.0.{k}")
    iperf(b.ns["a"], b.ns["b"], "10.99.0.2", "-n", "20M", "-P", 2)
    iperf(b.ns["c"], b.ns["a"], "10.99.0.1", "-n", "20M", "-R")
    rep = b.r.quiet()
    assert rep.ports["a"].rx_gso_packets and rep.ports["b"].tx_gso_packets, "no super-packet passed"
    assert rep.bridges["br0"].entries == 3 and rep.bridges["br0"].ports == 3


@pytest.mark.san
@pytest.mark.parametrize("ways", WAYS, ids=str)
def test_learning(bridge, ways):
    b = bridge(4, ways)
    assert b.where("a", mac(2), 1) == "bcd"  # not known yet
    assert b.where("b", mac(1), 2) == "a"
    assert b.where("a", mac(2), 1) == "b"
    assert b.where("c", mac(1), 3) == "a"
    assert b.where("a", BROADCAST, 1) == "bcd"
    assert b.where("a", MCAST, 1) == "bcd"
    # behind the port it came from
    assert b.where("a", mac(1), 5) == ""
    # it moves
    assert b.where("d", BROADCAST, 1) == "abc"
    assert b.where("b", mac(1), 2) == "d"
    # no source of a group, nor zero
    assert b.where("a", mac(2), bytes.fromhex("030000000001")) == ""
    assert b.where("a", mac(2), bytes(6)) == ""
    rep = b.r.quiet()
    assert rep.drop("a", "rx_source") == 2
    assert rep.drop("a", "rx_same_port") == 1
    assert rep.bridges["br0"].moves >= 1
    assert rep.total.copies == rep.total.tx_packets + rep.total.drops - rep.total.rx_packets


@pytest.mark.parametrize("ways", WAYS, ids=str)
def test_ageing(bridge, ways):
    b = bridge(3, ways, settings=",ageing-time=1")
    assert b.where("b", mac(9), 2) == "ac"
    # known until it is a second old, and for longer when it is heard again
    b.r.wait_report(lambda _: b.where("a", mac(2), 1) == "bc", "the entry's end")
    # swept: counted no more, though nobody speaks
    b.r.wait_report(lambda rep: rep.bridges["br0"].entries == 0, "the sweep of the table")


def test_a_link_that_goes_down(bridge):
    """What was behind it is forgotten, so that a silent station is found where it went."""
    b = bridge(3, strict=False)
    assert b.where("b", mac(9), 2) == "ac"
    b.ns["b"].ip("link", "set", "tb", "down")
    assert b.e["a"].send(frame(mac(2), mac(1), 1))
    rep = b.r.wait_report(lambda r: r.bridges["br0"].flushed, "the flush")
    assert rep.drop("b", "tx_link_down") and rep.bridges["br0"].flushed == 2
    assert b.e["a"].send(frame(mac(2), mac(1), 2))
    b.e["c"].expect([frame(mac(2), mac(1), 2)], skip=lambda got: got[6:12] == mac(0xEE) or got[6:12] == mac(2))


def test_a_full_table(bridge):
    """Who brings too many addresses displaces his own: the others stay known."""
    b = bridge(3, settings=",fdb-size=20")
    assert b.where("b", mac(9), 2) == "ac"
    for n in range(300):
        assert b.e["a"].send(frame(mac(2), bytes([2, 0, 0, 0, 9, n % 256]), n))
    rep = b.r.wait_report(lambda r: r.ports["a"].rx_packets == 300, "the frames")
    st = rep.bridges["br0"]
    assert st.evicted + st.refused_full > 100 and st.entries < 100
    b.e["b"].expect([frame(mac(2), bytes([2, 0, 0, 0, 9, n % 256]), n) for n in range(300)])
    b.e["c"].drain()
    assert b.where("c", mac(2), 3) == "b"


def test_without_ageing_nothing_is_learnt(bridge):
    b = bridge(3, settings=",ageing-time=0")
    assert b.where("b", mac(9), 2) == "ac"
    assert b.where("a", mac(2), 1) == "bc"
    assert b.r.quiet().bridges["br0"].entries == 0


@pytest.mark.san
def test_port_switches(bridge):
    b = bridge(4, ports={"b": ",flood=off", "c": ",mcast-flood=off", "d": ",bcast-flood=off,learning=off"})
    assert b.r.running
    e = b.e

    def heard(data):
        """Who hears it before the mark, which goes to one after the other."""
        assert e["a"].send(data)
        for i in "bcd":
            assert e["a"].send(frame(mac(0x40 + ord(i)), mac(1), 7))
        got = ""
        for i in "bcd":
            while (f := e[i].recv()) != frame(mac(0x40 + ord(i)), mac(1), 7):
                assert f is not None
                got += i if f == data else ""
        return got

    assert e["d"].send(frame(mac(0x60), mac(0x44), 1))  # not learnt
    for i in "bcd":
        assert e[i].send(frame(mac(0x70), mac(0x40 + ord(i)), 1))
    b.r.wait_report(lambda r: r.bridges["br0"].entries == 2, "two stations learnt")
    for i in "abcd":
        e[i].drain()
    # the mark for d is flooded, as d learns nothing: b (flood=off) does not see it
    assert heard(frame(mac(0x50), mac(1), 5)) == "cd"
    assert heard(frame(MCAST, mac(1), 6)) == "bd"
    assert heard(frame(BROADCAST, mac(1), 8)) == "bc"


@pytest.mark.san
@pytest.mark.parametrize("option", ["isolated=on", "split-horizon=7"])
def test_isolation(bridge, option):
    b = bridge(4, ports={"c": f",{option}", "d": f",{option}"})
    b.e["d"].send(frame(BROADCAST, mac(4), 1))
    for i in "ab":
        b.e[i].expect([frame(BROADCAST, mac(4), 1)])
    b.e["c"].none_comes()
    b.e["c"].send(frame(mac(4), mac(3), 2))
    rep = b.r.wait_report(lambda r: r.drop("c", "rx_barred") == 1, "the drop")
    assert rep.drop("c") == 1
    assert b.where("a", mac(4), 1) == "d"
    b.r.quiet()


@pytest.mark.parametrize("mask, lldp", [("", ""), (",group-fwd-mask=0x4000", "bc")])
def test_link_local_groups(bridge, mask, lldp):
    b = bridge(3, settings=mask)
    assert b.where("a", BPDU, 1) == "bc"
    assert b.where("a", PAUSE, 1) == ""
    assert b.where("a", LLDP, 1) == lldp
    rep = b.r.quiet()
    assert rep.drop("a", "rx_link_local") == (1 if lldp else 2)


@pytest.mark.san
@pytest.mark.parametrize("ways", WAYS, ids=str)
def test_vlans(bridge, ways):
    """a: VLAN 10; b: VLAN 20; c: 10 and 20 tagged, 30 native; d: 10."""
    b = bridge(4, ways, settings=",vlan-filtering=on",
               ports={"a": ",access=10", "b": ",access=20", "c": ",trunk=10,,20,native=30", "d": ",access=10"})
    e = b.e

    def send(src, data, **want):
        assert e[src].send(data)
        for i, f in want.items():
            e[i].expect([f])

    send("a", frame(BROADCAST, mac(1), 1), c=frame(BROADCAST, mac(1), 1, vid=10), d=frame(BROADCAST, mac(1), 1))
    send("b", frame(BROADCAST, mac(2), 2), c=frame(BROADCAST, mac(2), 2, vid=20))
    send("c", frame(BROADCAST, mac(3), 3, vid=20), b=frame(BROADCAST, mac(3), 3))
    send("c", frame(BROADCAST, mac(3), 4, vid=10), a=frame(BROADCAST, mac(3), 4), d=frame(BROADCAST, mac(3), 4))
    # the same station in another VLAN: learnt apart
    send("a", frame(mac(3), mac(1), 5), c=frame(mac(3), mac(1), 5, vid=10))
    send("a", frame(mac(2), mac(1), 6), c=frame(mac(2), mac(1), 6, vid=10), d=frame(mac(2), mac(1), 6))
    # priority-tagged: it is of the port's VLAN, and keeps its priority where there is a tag
    send("a", frame(mac(3), mac(1), 7, vid=0, prio=5), c=frame(mac(3), mac(1), 7, vid=10, prio=5))
    send("c", frame(BROADCAST, mac(3), 8, vid=30))  # nobody else is in it
    send("c", frame(BROADCAST, mac(3), 9, vid=40))
    send("a", frame(BROADCAST, mac(1), 10, vid=20))
    rep = b.r.wait_report(lambda r: r.total.drops == 3, "three drops")
    assert rep.drop("c", "rx_vlan") == rep.drop("a", "rx_vlan") == rep.drop("c", "rx_no_output") == 1
    for i in "abcd":
        e[i].none_comes()
    b.r.quiet()


def test_tcp_through_a_trunk(lab):
    """Super-packets get a tag and lose it, and the checksum's place moves with it: two bridges,
    whose trunks meet in a kernel bridge that knows no VLANs."""
    na, nm, ne = (lab.netns(i) for i in "ame")
    words = []
    for i, ns, more in (("a", na, "access=10,addr=10.99.0.1/24"), ("b", nm, "trunk=10"), ("d", nm, "trunk=10"),
                        ("e", ne, "access=10,addr=10.99.0.2/24")):
        words += ["--port", f"tap,id={i},ifname=t{i},netns={ns.name},{more}"]
    r = Ringway(lab, *words, "--bridge", "br0=a,b,vlan-filtering=on", "--bridge", "br1=d,e,vlan-filtering=on")
    nm.ip("link", "add", "mid", "type", "bridge", "mcast_snooping", 0)
    for dev in ("tb", "td"):
        nm.ip("link", "set", dev, "master", "mid")
    nm.ip("link", "set", "mid", "up")
    watch = End(lab, nm, "td")
    ping(na, "10.99.0.2")
    for extra in ((), ("-R",)):
        iperf(na, ne, "10.99.0.2", "-n", "20M", *extra)
    rep = r.quiet()
    assert rep.ports["a"].rx_gso_packets and rep.ports["e"].tx_gso_packets, "no super-packet passed"
    tagged = [f for f in iter(lambda: watch.recv(0), None) if f[12:14] == b"\x81\x00"]
    assert tagged and all(struct.unpack("!H", f[14:16])[0] & 0xFFF == 10 for f in tagged)


@pytest.mark.san
@pytest.mark.parametrize("ways", WAYS, ids=str)
def test_a_port_that_takes_less(bridge, ways):
    """It gets segments, learnt or flooded; the others go on getting super-packets."""
    b = bridge(3, ways, ports={"b": ",vnet_hdr=off"}, ipv6=True)
    iperf(b.ns["a"], b.ns["b"], "10.99.0.2", "-n", "10M")
    iperf(b.ns["a"], b.ns["c"], "10.99.0.3", "-n", "10M")
    rep = b.r.quiet()
    assert rep.ports["b"].tx_sw_gso and not rep.ports["b"].tx_gso_packets
    assert rep.ports["c"].tx_gso_packets and not rep.ports["c"].tx_sw_gso


def test_mac_limit(bridge):
    b = bridge(3, ports={"a": ",mac-limit=3"})
    for n in range(1, 9):
        b.e["a"].send(frame(mac(0x70), mac(n), n))
    b.r.wait_report(lambda r: r.bridges["br0"].refused_limit == 5, "the refused")
    for i in "bc":
        b.e[i].expect([frame(mac(0x70), mac(n), n) for n in range(1, 9)])
    assert b.where("b", mac(2), 0x20) == "a"
    assert b.where("b", mac(8), 0x20) == "ac"


def test_storm_control(bridge):
    """One frame a second: of a hundred at once not all pass; other kinds are free."""
    b = bridge(3, ports={"a": ",storm-broadcast=1"})
    for n in range(100):
        assert b.e["a"].send(frame(BROADCAST, mac(1), n))
        assert b.e["a"].send(frame(MCAST, mac(1), n))
    rep = b.r.wait_report(lambda r: r.ports["a"].rx_packets >= 200, "all frames")
    dropped = rep.drop("a", "rx_storm_broadcast")
    assert 0 < dropped < 100 and rep.drop("a") == dropped
    b.r.quiet()


@pytest.mark.tsan
@pytest.mark.parametrize("form", ["A", "D", "E"])
@pytest.mark.parametrize("queues", [(1, 1, 1), (4, 1, 2)], ids=str)
@pytest.mark.parametrize("workers", [1, 2])
def test_order_within_a_flow(bridge, workers, queues, form):
    b = bridge(3, (workers, form), ports={i: f",queues={n}" for i, n in zip("abc", queues)})
    e = b.e
    # from flooded to learnt on the way: the first frames back teach where they go
    flows = [Flow(e["a"], e["b"], n_flows=16, window=64)]
    flows[0].run(500)
    e["c"].drain()
    assert e["b"].send(frame(BROADCAST, bytes.fromhex("020000000b01"), 1))
    e["a"].expect([frame(BROADCAST, bytes.fromhex("020000000b01"), 1)])
    flows[0].run(2000)
    b.r.quiet()


@pytest.mark.parametrize("form", ["A", "D", "E"])
def test_a_flood_to_many_ports(bridge, form):
    """More copies in a turn than the worker has buffers: none is lost."""
    b = bridge(16, (1, form))
    sent = 0
    for _ in range(10):
        for n in range(100):
            sent += b.e["a"].send(frame(BROADCAST, mac(1), n))
        rep = b.r.wait_report(lambda r: r.ports["a"].rx_packets >= sent, "the frames")
    rep = b.r.quiet()
    assert rep.ports["a"].copies == 14 * sent
    if form != "D":  # its writes complete only with the turn
        assert rep.total.drops == 0


def test_idle_is_idle(bridge):
    b = bridge(3)
    b.where("a", BROADCAST, 1)
    first = b.r.report()
    second = b.r.wait_report(lambda r: True, "a report")
    assert second.worker_sum("turns") - first.worker_sum("turns") <= 2
    assert second.total.rx_packets == first.total.rx_packets


def test_beside_a_connection_and_from_a_file(lab):
    ns = {i: lab.netns(i, ipv6=False) for i in "abcde"}
    text = "".join(f"[port {i}]\nnetns = {n.name}\nifname = t{i}\n" for i, n in ns.items())
    path = lab.dir / "x.conf"
    path.write_text(text + "[connect]\npair = a:b\n[bridge lan]\nports = c,d\nports = e\nageing-time = 100\n")
    r = Ringway(lab, "-c", path, bridges=["cde"], checked=False)
    r.pairs = [("a", "b")]
    e = {i: End(lab, n, f"t{i}") for i, n in ns.items()}
    e["a"].send(frame(BROADCAST, mac(1), 1))
    e["b"].expect([frame(BROADCAST, mac(1), 1)])
    e["c"].send(frame(BROADCAST, mac(3), 2))
    for i in "de":
        e[i].expect([frame(BROADCAST, mac(3), 2)])
    for i in "abc":
        e[i].none_comes()
    rep = r.quiet()
    assert rep.bridges["lan"].ports == 3
    assert any("1 connection, 1 bridge," in x for x in r.p.err)
