# SPDX-License-Identifier: BSD-2-Clause
"""ringway-bench gen, sink, rtt, ceiling: round trips, every way to end, what cannot be."""
import json
import os
import re
import signal
import subprocess

import pytest

from tests.lib.lab import LIMIT, wait_for
from tests.lib.wire import BENCH, Device, Sink, bench, gen, veth  # noqa: F401

USAGE, UNAVAILABLE, OSERR, IOERR, TEMPFAIL, NOPERM = 64, 69, 71, 74, 75, 77


# --- round trips --------------------------------------------------------------------

def addressed(a, dev_a, b, dev_b):
    a.ip("addr", "add", "10.77.0.1/24", "dev", dev_a)
    b.ip("addr", "add", "10.77.0.2/24", "dev", dev_b)


def server(lab, ns, *args):
    p = lab.spawn([BENCH, "rtt", "server", "--netns", ns.name, *args])
    p.wait_line(p.err, lambda s: s == "ready", "a server that is ready")
    return p


def client(ns, *args):
    return json.loads(bench("rtt", "client", "10.77.0.2", "--netns", ns.name, "--json", *args).stdout)


def test_round_trips(lab, veth, tmp_path):
    a, b = veth
    addressed(a, "v0", b, "v1")
    p = server(lab, b, "--port", "999")
    f = tmp_path / "rtt.hgrm"
    r = client(a, "--port", "999", "--count", 300, "--size", 1400, "--gap-us", 500, "--hgrm", f)
    assert (r["count"], r["lost"], r["size"], r["gap_us"]) == (300, 0, 1400, 500)
    assert 0 < r["min"] <= r["p50"] <= r["p90"] <= r["p99"] <= r["p99.9"] <= r["max"] * 1.001
    assert r["seconds"] >= 0.15, "think time"
    assert "Percentile" in f.read_text()
    p.signal(signal.SIGTERM)
    assert p.wait() == 0


def test_lost_round_trips_are_counted(lab):
    device = Device(lab, "drop=25")
    addressed(device.a, "ta", device.b, "tb")
    server(lab, device.b)
    r = client(device.a, "--count", 50, "--warmup", 0)
    assert (r["count"], r["lost"]) == (48, 2)
    assert device.finish()["drop"] == 2


def test_a_delay_is_in_the_round_trip(lab):
    device = Device(lab, "delay=15")
    addressed(device.a, "ta", device.b, "tb")
    server(lab, device.b)
    assert client(device.a, "--count", 20, "--warmup", 0)["min"] >= 15000


# --- the end ------------------------------------------------------------------------

def test_a_signal_ends_it_with_the_result_so_far(lab, veth):
    a, b = veth
    sink = Sink(lab, b, "v1", "tc")
    p = lab.spawn([BENCH, "gen", "v0", "--netns", a.name, "--seconds", 1000, "--rate", "10kpps", "--json",
                   "--no-ceiling"])
    wait_for(lambda: sink.so_far()["received"] > 100, "a hundred frames")
    p.signal(signal.SIGINT)
    assert p.wait() == 0, p
    sent = json.loads(p.out[-1])
    assert sent["offered"] == sent["sent"] > 100
    assert sink.finish(sent["sent"])["received"] == sent["sent"]


def test_idle_and_count_end_a_sink(lab, veth):
    a, b = veth
    sink = Sink(lab, b, "v1", "mmap", args=["--idle", 200, "--count", 600])
    gen(a, "v0", "--count", 500)
    assert sink.p.wait() == 0
    got = json.loads(sink.p.out[-1])
    assert (got["received"], got["lost"], got["expected"]) == (500, 100, 600)
    sink = Sink(lab, b, "v1", "tc", args=["--count", 500])
    gen(a, "v0", "--count", 500)
    assert sink.p.wait() == 0
    assert json.loads(sink.p.out[-1])["lost"] == 0


def links(ns):
    return {n: x["ifindex"] for n, x in ns.links().items()}


@pytest.mark.parametrize("io", ["tc", "xdp", "mmap"])
def test_a_killed_sink_leaves_nothing(lab, veth, io):
    a, b = veth
    before = links(b)
    sink = Sink(lab, b, "v1", io)
    gen(a, "v0", "--count", 100)
    sink.p.kill()
    assert links(b) == before
    # nothing takes the frames away any more: they come as far as tc, with xdp gone before it
    after = Sink(lab, b, "v1", "tc")
    sent = gen(a, "v0", "--count", 500, "--rate", "10kpps")
    assert after.finish(500)["received"] == sent["sent"] == 500
    assert "xdp" not in b.ip("link", "show", "v1").stdout


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("io", ["sendmmsg", "tap"])
def test_a_killed_self_loop_leaves_nothing(lab, io, sig):
    ns = lab.netns("c", ipv6=False)
    before, spaces = links(ns), set(os.listdir("/run/netns"))
    p = ns.spawn(BENCH, "ceiling", "--seconds", 1000, "--io", io, "--json")
    wait_for(lambda: len(os.listdir(f"/proc/{p.pid}/task")) > 1, "its thread")
    p.signal(sig)
    assert p.wait() == (0 if sig == signal.SIGTERM else -sig), p
    assert links(ns) == before
    assert not {s for s in set(os.listdir("/run/netns")) - spaces if s.startswith(lab.tag)}


def test_the_ceiling(veth):
    a, _ = veth
    for io in ("sendmmsg", "txring", "tap"):
        c = json.loads(bench("ceiling", "--io", io, "--seconds", "0.2", "--json").stdout)
        assert c["pps"] > 0 and c["offered"] == c["sent"] == c["received"]
    r = bench("gen", "v0", "--netns", a.name, "--seconds", "0.5", "--json")
    g = json.loads(r.stdout)
    assert g["ceiling_pps"] > 0 and g["ceiling_share"] == pytest.approx(g["pps"] / g["ceiling_pps"])
    assert ("of what the sender can do at all" in r.stderr) == (g["ceiling_share"] > 0.8)


# --- what cannot be -----------------------------------------------------------------

BAD = [
    ("gen", USAGE, "takes one interface"),
    ("gen v0", USAGE, "for how long"),
    ("gen v0 --count 0", USAGE, "whole number from 1"),
    ("gen v0 --count -5", USAGE, "whole number"),
    ("gen v0 --count 1e3", USAGE, "whole number"),
    ("gen v0 --count 1 --rate fast", USAGE, "is no rate"),
    ("gen v0 --count 1 --rate 10%", USAGE, "of what line"),
    ("gen v0 --count 1 --rate recorded", USAGE, "pcap"),
    ("gen v0 --count 1 --burst 0", USAGE, "--burst"),
    ("gen v0 --count 1 --io xdp", USAGE, "sendmmsg, txring or tap"),
    ("gen v0 --count 1 --frames size=12", USAGE, "size"),
    ("gen v0 --count 1 --nonsense", USAGE, "'--nonsense' is no option of gen"),
    ("gen v0 --count", USAGE, "--count needs a value, N"),
    ("gen v0 --seconds nan", USAGE, "number from"),
    ("gen v0 v1 --count 1", USAGE, "one interface, not 2"),
    ("gen fd:3 --count 1", USAGE, "--io tap"),
    ("gen fd:x --io tap --count 1", USAGE, "whole number"),
    ("gen fd:1 --io tap --count 1", OSERR, "no TAP"),
    ("gen v0 --count 1 --cpu 1000", OSERR, "no such CPU"),
    ("gen v0 --count 1 --netns no-such-space", UNAVAILABLE, "no namespace"),
    ("gen nolink0 --count 1", UNAVAILABLE, "no such interface"),
    ("gen a-name-that-is-much-too-long --count 1", USAGE, "name of an interface"),
    ("gen a-name-that-is-much-too-long --io tap --count 1", USAGE, "name of an interface"),
    ("gen down0 --count 1", OSERR, "is down .ip link set down0 up"),
    ("gen v0 --count 1 --frames size=9018", OSERR, "do not fit its MTU of 1500 .*mtu 9000"),
    ("gen v0 --count 1 --frames size=1522", OSERR, "do not fit its MTU"),
    ("gen v0 --count 1 --io txring --frames size=1522", OSERR, "do not fit its MTU"),
    ("gen t0 --io tap --count 1 --frames vnet=yes", UNAVAILABLE, "no virtio-net header"),
    ("gen v0 --io tap --count 1", "any", "v0"),
    ("sink", USAGE, "takes one interface"),
    ("sink v0 --io sendmmsg", USAGE, "mmap, tc, xdp or tap"),
    ("sink v0 --idle 0", USAGE, "--idle"),
    ("sink v0 --io tc --hgrm x", USAGE, "latency"),
    ("sink nolink0", UNAVAILABLE, "no such interface"),
    ("sink down0", OSERR, "is down"),
    ("sink v0 --seconds 0.1 --hgrm /nonexistent/x", UNAVAILABLE, "/nonexistent/x"),
    ("ceiling v0", USAGE, "options only"),
    ("ceiling --link lo", USAGE, "one of veth.dummy"),
    ("rtt", USAGE, "'rtt server' or 'rtt client"),
    ("rtt client", USAGE, "'rtt server' or 'rtt client"),
    ("rtt client nowhere --count 1", USAGE, "neither an IPv4 nor an IPv6"),
    ("rtt client 10.88.0.1 --count 1", OSERR, "unreachable"),
    ("rtt client 10.77.0.9 --size 7", USAGE, "--size"),
    ("rtt server --port 65536", USAGE, "--port"),
]


def test_bad_input_is_one_clear_sentence(lab, veth):
    a, _ = veth
    a.ip("link", "add", "down0", "type", "veth", "peer", "name", "down1")
    a.ip("tuntap", "add", "t0", "mode", "tap")
    lab.keeps.add((a, "t0"))
    a.ip("link", "set", "t0", "up")
    before = links(a)
    wrong = []
    for words, status, sentence in BAD:
        r = a.run(BENCH, *words.split(), check=False)
        lines = [s for s in r.stderr.splitlines() if s != "ready"]
        if (r.returncode == 0 if status == "any" else r.returncode != status) or len(lines) != 1 or \
                not re.search(sentence, lines[0]) or not lines[0].startswith("ringway-bench: "):
            wrong.append(f"{words}: {r.returncode} {r.stderr}")
    assert not wrong, "\n".join(wrong)
    assert links(a) == before


@pytest.mark.parametrize("words,what", [
    ("gen v0 --count 1", "AF_PACKET socket: not permitted"),
    ("sink v0 --io mmap", "AF_PACKET receive ring: not permitted"),
    ("sink v0 --io tc", "not permitted"),
    ("ceiling", "namespace for the self-loop: not permitted"),
])
def test_without_rights(veth, words, what):
    a, _ = veth
    caps = "-net_raw,-net_admin,-sys_admin,-bpf"
    r = a.run("setpriv", f"--bounding-set={caps}", f"--inh-caps={caps}", BENCH, *words.split(), check=False)
    assert r.returncode == NOPERM, r.stderr
    assert what in r.stderr and "run as root" in r.stderr


def test_an_interface_that_goes_away(lab, veth):
    a, b = veth
    sink = Sink(lab, b, "v1", "mmap", args=["--seconds", LIMIT])
    p = lab.spawn([BENCH, "gen", "v0", "--netns", a.name, "--seconds", LIMIT, "--rate", "1kpps", "--no-ceiling"])
    wait_for(lambda: sink.so_far()["received"] > 10, "frames")
    a.ip("link", "del", "v0")
    assert p.wait() in (OSERR, UNAVAILABLE)
    assert re.search("v0: the interface was (set down|removed)", p.err[-1])
    assert sink.p.wait() in (OSERR, UNAVAILABLE)
    assert "v1: the interface was set down or removed" in sink.p.err[-1]


def test_a_dead_server_is_told(veth):
    a, b = veth
    addressed(a, "v0", b, "v1")
    r = bench("rtt", "client", "10.77.0.2", "--netns", a.name, "--count", 20, "--warmup", 0, check=False)
    assert r.returncode == TEMPFAIL and "is 'ringway-bench rtt server' running" in r.stderr


def test_help_knows_them():
    for word in ("gen", "sink", "rtt", "ceiling"):
        text = subprocess.run([BENCH, "help", word], capture_output=True, text=True, check=True).stdout
        assert text.startswith(f"usage: ringway-bench {word} ") and "--json" in text


@pytest.mark.parametrize("words", [["help"], ["help", "pcap"], ["version"], ["cases"], ["peers", "--list"]])
@pytest.mark.parametrize("out", [">/dev/full", ">&-"])
def test_results_that_cannot_be_written(words, out):
    r = subprocess.run(["sh", "-c", f'exec "$0" "$@" {out}', BENCH, *words], stderr=subprocess.PIPE, text=True,
                       timeout=LIMIT, check=False)
    assert r.returncode == IOERR
    assert r.stderr.count("\n") == 1 and "standard output" in r.stderr, r.stderr


@pytest.mark.parametrize("words", [["gen", "--help"], ["gen", "v0", "--count", "1", "-h"], ["run", "--help", "x"]])
def test_help_is_given_wherever_it_is_asked_for(words):
    r = subprocess.run([BENCH, *words], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (r.returncode, r.stderr) == (0, "") and r.stdout.startswith(f"usage: ringway-bench {words[0]} ")
    assert max(map(len, r.stdout.splitlines())) <= 90
