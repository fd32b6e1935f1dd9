# SPDX-License-Identifier: BSD-2-Clause
"""ringway-bench gen, sink, ceiling: what is sent is counted once, what is spoilt is found."""
import json
import os
import re
import signal

import pytest

from tests.lib import sysnet
from tests.lib.lab import wait_for
from tests.lib.wire import Device, Sink, bench, gen, tap, veth  # noqa: F401

PLAIN = ""
RICH = "proto=tcp6,vlan=5,qinq=7,size=imix,flows=64"
SUPER = "proto=tcp,gso=1400,size=30000,vnet=yes,csum=partial"
SEGMENTS = 22  # of 29976 bytes behind 54 + 20 of headers, by 1400


def exact(sent, got, n, per_frame=1):
    assert sent["offered"] == sent["sent"] == n and sent["refused"] == 0
    assert sent["units"] == got["received"] == n * per_frame
    if "unique" in got:
        clean = {k: got[k] for k in ("lost", "duplicates", "reordered", "late", "corrupted", "bad_csum", "negative")}
        assert not any(clean.values()), clean


@pytest.mark.parametrize("frames", [PLAIN, RICH])
@pytest.mark.parametrize("rx", ["tc", "xdp", "mmap"])
@pytest.mark.parametrize("tx", ["sendmmsg", "txring"])
def test_each_frame_is_counted_once(lab, veth, tx, rx, frames):
    a, b = veth
    sink = Sink(lab, b, "v1", rx, frames)
    sent = gen(a, "v0", "--io", tx, "--frames", frames, "--count", 5000, "--rate", "50kpps")
    got = sink.finish(5000)
    exact(sent, got, 5000)
    if frames == PLAIN:
        assert sent["bytes"] == 5000 * 60


@pytest.mark.parametrize("frames", [PLAIN, RICH])
@pytest.mark.parametrize("rx", ["tc", "xdp", "mmap"])
def test_a_tap_is_written_to(lab, tap, rx, frames):
    ns = tap()
    sink = Sink(lab, ns, "t0", rx, frames)
    sent = gen(ns, "t0", "--io", "tap", "--frames", frames, "--count", 5000, "--rate", "50kpps")
    exact(sent, sink.finish(5000), 5000)


@pytest.mark.parametrize("frames", [PLAIN, RICH])
@pytest.mark.parametrize("tx", ["sendmmsg", "txring"])
def test_a_tap_is_read_from(lab, tap, tx, frames):
    ns = tap()
    sink = Sink(lab, ns, "t0", "tap", frames)
    # 800 wait in the TAP's queue at worst: it has room for 1000
    sent = gen(ns, "t0", "--io", tx, "--frames", frames, "--count", 800, "--rate", "10kpps")
    exact(sent, sink.finish(800), 800)


@pytest.mark.parametrize("rx", ["tc", "mmap"])
@pytest.mark.parametrize("tx", ["sendmmsg", "txring"])
def test_super_packets(lab, veth, tx, rx):
    a, b = veth
    sink = Sink(lab, b, "v1", rx, SUPER)
    sent = gen(a, "v0", "--io", tx, "--frames", SUPER, "--count", 1000, "--rate", "5kpps")
    got = sink.finish(1000 * SEGMENTS)
    exact(sent, got, 1000, SEGMENTS)
    assert got["frames"] == 1000, "nobody has cut them"


@pytest.mark.parametrize("tx,rx", [("tap", "tc"), ("tap", "mmap"), ("sendmmsg", "tap"), ("txring", "tap")])
def test_super_packets_of_a_tap(lab, tap, tx, rx):
    ns = tap("vnet_hdr")
    sink = Sink(lab, ns, "t0", rx, SUPER)
    sent = gen(ns, "t0", "--io", tx, "--frames", SUPER, "--count", 500, "--rate", "5kpps")
    exact(sent, sink.finish(500 * SEGMENTS), 500, SEGMENTS)


def test_frames_without_header_through_a_tap_with_one(lab, tap):
    ns = tap("vnet_hdr")
    sink = Sink(lab, ns, "t0", "mmap")
    exact(gen(ns, "t0", "--io", "tap", "--count", 500, "--rate", "10kpps"), sink.finish(500), 500)
    sink = Sink(lab, ns, "t0", "tap")
    exact(gen(ns, "t0", "--count", 500, "--rate", "10kpps"), sink.finish(500), 500)


def test_an_open_fd(lab, tap):
    ns = tap("multi_queue")
    with ns.inside():
        fd = lab.own_fd(sysnet.tap_open("t0", sysnet.IFF_TAP | sysnet.IFF_NO_PI | sysnet.IFF_MULTI_QUEUE,
                                        nonblock=False))
    sink = Sink(lab, ns, "t0", "mmap")
    sent = json.loads(bench("gen", f"fd:{fd}", "--io", "tap", "--count", 500, "--rate", "10kpps", "--json",
                            pass_fds=(fd,)).stdout)
    exact(sent, sink.finish(500), 500)
    assert os.get_blocking(fd), "it is given back as it was"


def frames_waiting(fd):
    n = 0
    while True:
        try:
            n += os.read(fd, 2048)[12:14] == b"\x08\x00"
        except BlockingIOError:
            return n


@pytest.mark.parametrize("args", [(), ("--frames", "flows=5,size=64-1518~"), ("--rate", "20kpps")])
@pytest.mark.parametrize("tx", ["sendmmsg", "txring"])
def test_what_a_full_queue_refuses_is_told_exactly(lab, tap, tx, args):
    """Nobody reads: the TAP's queue fills up. What was sent is what is in it then."""
    ns = tap()
    with ns.inside():
        fd = lab.own_fd(sysnet.tap_open("t0", sysnet.IFF_TAP | sysnet.IFF_NO_PI))
    frames_waiting(fd)
    for _ in range(2):  # the second time with buffers that have been refused before
        sent = gen(ns, "t0", "--io", tx, "--count", 3000, *args)
        assert sent["offered"] == 3000 == sent["sent"] + sent["refused"]
        assert frames_waiting(fd) == sent["sent"] > 0
        assert sent["refused"] > 0


def test_no_carrier_is_told(tap):
    ns = tap()
    r = bench("gen", "t0", "--netns", ns.name, "--count", 100, "--no-ceiling", "--json")
    assert json.loads(r.stdout)["refused"] == 100
    assert "not one frame: has it a carrier" in r.stderr


def test_what_our_own_ring_had_no_room_for_is_told(lab, veth):
    """A sink that stands still while more comes than its ring of 32 MiB holds."""
    a, b = veth
    sink = Sink(lab, b, "v1", "mmap", "size=1518")
    sink.p.signal(signal.SIGSTOP)
    wait_for(lambda: "T (stopped)" in open(f"/proc/{sink.p.pid}/status").read(), "a sink that stands still")
    sent = gen(a, "v0", "--frames", "size=1518", "--count", 40000)
    sink.p.signal(signal.SIGCONT)
    got = sink.finish()
    assert got["ring_lost"] > 10000
    assert got["received"] + got["ring_lost"] == sent["sent"]
    assert got["unique"] == got["received"]


def test_other_runs_pass(lab, veth):
    """A counter takes its own frames only; the others go on to the next one."""
    if tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2]) < (6, 6):
        pytest.skip("before Linux 6.6 one counter at a time")
    a, b = veth
    one, two = Sink(lab, b, "v1", "tc", "run=1"), Sink(lab, b, "v1", "tc", "run=2,vlan=3")
    gen(a, "v0", "--frames", "run=2,vlan=3", "--count", 300)
    gen(a, "v0", "--frames", "run=1", "--count", 200)
    assert two.finish(300)["received"] == 300
    assert one.finish(200)["received"] == 200


def test_the_rate_is_kept(veth):
    a, _ = veth
    g = gen(a, "v0", "--rate", "1%@1Gbit", "--seconds", "0.5")
    # 10 Mbit/s by 84 bytes: 14880.95 frames per second; the number is exact unless it was too late
    assert g["wish_pps"] == pytest.approx(1e7 / (84 * 8))
    assert g["offered"] == 7440 or g["is_slow"]
    assert g["seconds"] >= 0.49


def test_a_rate_that_cannot_be_reached_is_told(veth):
    a, _ = veth
    r = bench("gen", "v0", "--netns", a.name, "--rate", "900Mpps", "--seconds", "0.2", "--json", "--no-ceiling")
    assert json.loads(r.stdout)["is_slow"]
    assert "did not reach the rate" in r.stderr


def test_bursts(lab, veth):
    a, b = veth
    sink = Sink(lab, b, "v1", "tc")
    g = gen(a, "v0", "--rate", "10kpps", "--burst", 100, "--count", 1050)
    assert g["burst"] == 100
    exact(g, sink.finish(1050), 1050)
    assert g["seconds"] >= 0.1


def test_a_pcap_is_replayed_as_recorded(lab, veth, tmp_path):
    a, b = veth
    f = tmp_path / "x.pcap"
    bench("pcap", "--count", 201, "--rate", 1000, "size=64-128", f)
    sink = Sink(lab, b, "v1", "tc", f"pcap={f}")
    sent = gen(a, "v0", "--frames", f"pcap={f}", "--rate", "recorded")
    assert sent["seconds"] >= 0.2, "200 gaps of a millisecond"
    exact(sent, sink.finish(201), 201)
    sink = Sink(lab, b, "v1", "tc", f"pcap={f}")
    exact(gen(a, "v0", "--frames", f"pcap={f},loops=3"), sink.finish(603), 603)


# --- what is spoilt on the way is found -------------------------------------------

def through(lab, n, *rules, frames=PLAIN, rx="mmap"):
    device = Device(lab, *rules)
    sink = Sink(lab, device.b, "tb", rx, frames, ["--count", n * 10])
    sent = gen(device.a, "ta", "--frames", frames, "--count", n, "--rate", "2kpps")
    did = device.finish()
    assert sent["refused"] == 0, "the device under test was too slow for its queue of 1000"
    assert did["seen"] == n
    return did, sink.finish()


def test_no_damage_no_report(lab):
    did, got = through(lab, 900, frames="flows=7")
    assert did == {"seen": 900}
    assert got["received"] == got["unique"] == 900
    assert not got["duplicates"] + got["reordered"] + got["corrupted"] + got["late"]


def test_loss_is_found_exactly(lab):
    did, got = through(lab, 900, "drop=7")
    assert did["drop"] == 128
    assert got["received"] == got["unique"] == 900 - 128
    assert got["lost"] == got["lost_max"] == 9000 - 772  # of ten times as many expected
    assert not got["duplicates"] + got["reordered"] + got["corrupted"]


def test_loss_is_counted_at_tc(lab):
    did, got = through(lab, 900, "drop=7", rx="tc")
    assert got["received"] == 900 - did["drop"]


def test_duplicates_are_found_exactly(lab):
    did, got = through(lab, 900, "double=5", frames="flows=4")
    assert did["double"] == 180
    assert got["duplicates"] == 180 and got["unique"] == 900
    assert not got["reordered"] + got["corrupted"]


def test_reordering_is_found_exactly(lab):
    did, got = through(lab, 903, "hold=10")
    assert did["hold"] == 90
    assert got["reordered"] == 90 and got["unique"] == 903 and got["max_distance"] >= 3
    assert not got["duplicates"] + got["corrupted"]


def test_corruption_is_found_exactly(lab):
    did, got = through(lab, 900, "flip=9")
    assert did["flip"] == 100
    assert got["corrupted"] == 100 and got["unique"] == 800


def test_delay_is_found(lab):
    _, got = through(lab, 300, "delay=25")
    assert got["unique"] == 300
    assert got["latency_us"]["min"] >= 25000


def test_all_at_once(lab):
    did, got = through(lab, 800, "drop=11", "double=13", "hold=17")
    assert got["unique"] == 800 - did["drop"]
    assert got["duplicates"] == did["double"]
    assert got["reordered"] == did["hold"]


def test_the_distribution_is_written(lab, veth, tmp_path):
    a, b = veth
    f = tmp_path / "x.hgrm"
    sink = Sink(lab, b, "v1", "mmap", args=["--hgrm", f])
    gen(a, "v0", "--count", 500, "--rate", "10kpps")
    sink.finish(500)
    lines = f.read_text().splitlines()
    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    assert any(re.match(r"#\[Max .*500", x) for x in lines)
