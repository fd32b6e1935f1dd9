# SPDX-License-Identifier: BSD-2-Clause
"""ringway-bench run: what it counts, what it says when a case is broken, and that nothing stays."""
import json
import os
import random
import re
import signal
import time

import pytest

from tests.lib.lab import ROOT, Process, run, wait_for
from tests.lib.ringway import binary

BENCH = os.path.join(os.path.dirname(binary()), "ringway-bench")
MARK = "RINGWAY_BENCH_TEST"
SHORT = ("--seconds", "0", "--rate", "2000", "--count", "1000", "--warmup", "0.05", "--no-ceiling")


def bench(lab, *args):
    return Process([BENCH, *args], env={MARK: lab.tag, "RINGWAY": binary()})


def finish(lab, *args):
    p = bench(lab, *args)
    lab.processes.append(p)
    rc = p.wait(120)
    return rc, "\n".join(p.out), "\n".join(p.err)


def measure(lab, *args):
    rc, out, err = finish(lab, "run", *args, "--json")
    assert rc == 0, err
    return json.loads(out)


def refused(lab, *args):
    """Its one sentence."""
    rc, out, err = finish(lab, *args)
    assert rc > 0 and not out, f"exit {rc}\n{out}{err}"
    assert err.startswith("ringway-bench: ") and "\n" not in err, err
    assert not marked(lab)
    return err


def marked(lab):
    """The processes that a bench of this test has started, itself included."""
    found, mark = [], f"{MARK}={lab.tag}".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if mark in f.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


def net_spaces(pids):
    """The namespaces that these processes are in or have open, but for ours."""
    found = set()
    for pid in pids:
        for folder in ("ns", "fd"):
            try:
                names = os.listdir(f"/proc/{pid}/{folder}")
            except OSError:
                continue
            for n in names:
                try:
                    to = os.readlink(f"/proc/{pid}/{folder}/{n}")
                except OSError:
                    continue
                if to.startswith("net:["):
                    found.add(to)
    return found - {os.readlink("/proc/self/ns/net")}


def holders(spaces):
    """Who keeps one of these namespaces: processes, and mounts of ours."""
    found = [p for p in filter(str.isdigit, os.listdir("/proc")) if net_spaces([p]) & spaces]
    with open("/proc/self/mountinfo", encoding="ascii") as f:
        found += [line for line in f if any(s in line for s in spaces)]
    return found


def case_file(lab, text, name="broken"):
    path = lab.dir / f"{name}.case"
    path.write_text("[case]\n" + text)
    return str(path)


# --- counts -----------------------------------------------------------------------

@pytest.mark.san
@pytest.mark.parametrize("how", [(), ("--check",)], ids=["count", "check"])
@pytest.mark.parametrize("case", ["ringway", "ringway-epoll", "bridge", "rwloop", "rwloop-epoll"])
def test_frames_are_conserved(lab, case, how):
    m = measure(lab, case, *SHORT, *how)
    assert m["sent"] == 1000 == m["received"] + m["lost"]
    assert m["lost"] == m["duplicated"] == m["reordered"] == m["corrupted"] == 0
    assert ("latency_ns" in m) == bool(how)
    if how:
        assert m["latency_ns"]["count"] == 1000
    assert ("cpu_ns_packet" in m) == (case != "bridge"), "a bridge has no process to look at"
    assert not marked(lab)


@pytest.mark.parametrize("case, ports, queues", [("ringway", 8, 2), ("bridge", 64, 1), ("ringway", 64, 1)])
def test_many_ports_and_queues(lab, case, ports, queues):
    m = measure(lab, case, *SHORT, "--count", "50", "--ports", ports, "--queues", queues)
    assert m["sent"] == 50 * ports // 2 == m["received"] + m["lost"]
    assert m["received"]


@pytest.mark.parametrize("frames", ["size=1518,flows=3,vlan=5", "proto=tcp6,size=imix", "proto=arp,flows=2"])
def test_frames_of_other_kinds(lab, frames):
    m = measure(lab, "ringway", *SHORT, "--frames", frames, "--check")
    assert (m["sent"], m["received"], m["corrupted"]) == (1000, 1000, 0)


def test_known_loss_is_found_exactly(lab):
    """A forwarder that knows three of four UDP ports: 250 of 1000 frames are lost."""
    path = case_file(lab, "links = veth\nvnet = yes\nstart = tc qdisc add dev port0 clsact\n" + "".join(
        f"start = tc filter add dev port0 ingress protocol ip u32 match ip dport {port} 0xffff"
        " action mirred egress redirect dev port1\n" for port in (20000, 20002, 20003)), "lossy")
    for how in ((), ("--check",)):
        m = measure(lab, path, *SHORT, "--frames", "flows=4,dport=20000+1%4", *how)
        assert (m["sent"], m["received"], m["lost"]) == (1000, 750, 250)
        assert m["duplicated"] == m["corrupted"] == m["reordered"] == 0


def test_round_trips_and_silence(lab):
    m = measure(lab, "ringway", "--job", "rtt", "--round-trips", "200")
    assert m["received"] == 200 == m["latency_ns"]["count"]
    assert measure(lab, "ringway", "--job", "idle", "--seconds", "0.2")["cpu_percent"] < 50


def test_tcp(lab):
    assert measure(lab, "bridge", "--job", "tcp", "--seconds", "1")["bps"] > 1e6


def test_calls_are_counted(lab):
    m = measure(lab, "ringway", *SHORT, "--probe", "calls")
    assert 0 < m["calls_packet"] < 20
    assert m["received"] == 1000
    rc, out, err = finish(lab, "run", "rwloop", *SHORT, "--probe", "calls", "--json")
    if rc == 0:  # one read() and one write() for each frame, by the kernel's own count
        assert 1.9 < json.loads(out)["calls_packet"] < 2.5
    else:
        assert "cannot be counted here" in err


def test_every_case_is_listed(lab):
    rc, out, err = finish(lab, "cases")
    assert rc == 0, err
    names = {line.split()[0] for line in out.splitlines()}
    assert names == {p.stem for p in (ROOT / "bench/cases").glob("*.case")}
    assert re.search(r"^ringway +ringway, as it comes +installed$", out, re.M), out


def test_every_installed_case_forwards(lab):
    """Those that are not installed are not missed."""
    _, out, _ = finish(lab, "cases")
    names = [line.split()[0] for line in out.splitlines() if " installed" in line]
    assert {"ringway", "rwloop", "bridge"} <= set(names)
    for name in names:
        m = measure(lab, name, *SHORT, "--count", "200", "--check")
        assert m["sent"] == 200 == m["received"] + m["lost"], name
        assert m["received"] and not m["corrupted"], name


# --- broken cases -------------------------------------------------------------------

BROKEN = {
    "missing": ("links = tap\nneeds = no-such-program\npackage = no-such-package\nstart = true\n",
                "broken: no no-such-program here (Debian's package no-such-package has it)"),
    "start fails": ("links = tap\nstart = echo one >&2\nstart = echo it is broken >&2\nstart = exit 3\n",
                    "broken: its start exited with status 3; its last words: it is broken"),
    "not started": ("links = veth\nstart = /no/such/program\n", "not found"),
    "killed": ("links = tap\nstart = kill -9 $$\n", "its start was killed by signal 9"),
    "never ready": ("links = tap\npatience = 1\nstart = echo waiting\nstart = exec sleep 1000\nready = false\n",
                    "broken: not ready in 1000 ms; its last words: waiting"),
    "hanging ready": ("links = tap\npatience = 1\nstart = true\nready = sleep 1000\n", "broken: not ready in 1000 ms"),
    "no device": ("links = tap\nstart = true\n", "made no device tap0 in end0"),
    "no device to move": ("links = move\nstart = true\n", "made no device port0"),
    "bad key": ("links = tap\nstart = true\nstrat = x\n", "broken.case:4: there is no key 'strat' in a case"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_case_says_why(lab, what):
    text, part = BROKEN[what]
    assert part in refused(lab, "run", case_file(lab, text), *SHORT)


def test_a_daemon_that_dies_says_so(lab):
    text = "links = veth\nstart = sleep 1000 & echo $! > $RW_DIR/pid\n"
    said = refused(lab, "run", case_file(lab, text), "--seconds", "2", "--rate", "1000", "--no-ceiling",
                   "--event", 'kill -9 "$(cat "$RW_DIR/pid")"')
    assert "broken: a process of it has ended" in said


def test_a_forwarder_that_dies_says_so(lab):
    for event, part in (('kill -9 "$(cat "$RW_DIR/pid")"', "ringway: it was killed by signal 9"),
                        ('kill "$(cat "$RW_DIR/pid")"', "ringway: it exited with status 0")):
        said = refused(lab, "run", "ringway", "--seconds", "2", "--rate", "1000", "--no-ceiling", "--event", event)
        assert part in said
    assert "the event" in refused(lab, "run", "bridge", "--seconds", "1", "--rate", "1000", "--no-ceiling",
                                  "--event", "echo no such luck >&2; exit 1")


@pytest.mark.parametrize("args, part", [
    (["nosuch"], "there is no case 'nosuch'; there are bridge"),
    (["/no/such.case"], "/no/such.case"),
    (["/no/such/ringway"], "no program /no/such/ringway"),
    (["ringway --no-such-option"], "ringway: its start exited with status 64"),
    ([], "which CASE?"),
    (["ringway", "bridge"], "one CASE"),
    (["bridge", "--ports", "3"], "in pairs"),
    (["rwloop", "--ports", "4"], "4 ports, and it takes 2"),
    (["rwloop", "--queues", "2"], "2 queues, and it takes 1"),
    (["bridge", "--frames", "size=3"], "size=3"),
    (["bridge", "--frames", "size=9018"], "MTU"),
    (["bridge", "--rate", "fast"], "fast"),
    (["bridge", "--seconds", "0"], "no end"),
    (["bridge", "--seconds", "nan"], "nan"),
    (["bridge", "--no-such"], "--no-such"),
    (["bridge", "--rate"], "--rate needs a value, R"),
    (["bridge", "--job", "sing"], "rate|tcp|rtt|idle"),
    (["bridge", "--mtu", "20"], "--mtu 20"),
    (["bridge", "--gen-cpu", "1023"], "--gen-cpu 1023: there is no such CPU"),
    (["bridge", "--fwd-cpu", "1023"], "--fwd-cpu 1023: there is no such CPU"),
    (["bridge", "--fwd-cpu", "-1"], "a CPU's number, or free"),
    (["bridge", "--job", "tcp", "--rate", "5kpps"], "--rate: --job tcp has no use for it; it is for --job rate"),
    (["bridge", "--job", "rtt", "--check"], "for --job rate"),
    (["bridge", "--job", "idle", "--probe", "calls"], "for --job rate"),
    (["bridge", "--streams", "4"], "for --job tcp"),
    (["bridge", "--gap-us", "4"], "for --job rtt"),
    (["bridge", "--hgrm", "x"], "--check takes it"),
    (["bridge", "--check", "--seconds", "1000", "--hgrm", "/nonexistent/x"], "--hgrm /nonexistent/x: No such file"),
    (["bridge", "--check", "--seconds", "1000", "--hgrm", "/etc"], "--hgrm /etc: Is a directory"),
], ids=lambda a: " ".join(a) if isinstance(a, list) else "")
def test_bad_words(lab, args, part):
    assert part in refused(lab, "run", *args)


def test_without_the_right(lab):
    r = run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", BENCH, "run", "bridge", *SHORT,
            check=False)
    assert r.returncode == 77 and "run it as root" in r.stderr, r.stderr


# --- nothing stays ------------------------------------------------------------------

LONG = {"ringway": ("ringway",), "bridge": ("bridge", "--ports", "8"), "rwloop": ("rwloop", "--check"),
        "tcp": ("ringway", "--job", "tcp"), "rtt": ("rwloop", "--job", "rtt", "--round-trips", "100000000"),
        "daemon": None}


def start_long(lab, kind):
    if kind == "daemon":  # it leaves its session and its parent, ignores what it can, and makes a TAP
        path = case_file(lab, "links = veth\nstart = (trap '' TERM HUP INT; setsid sleep 1000 &) &\n"
                         "start = ip tuntap add mode tap persistent0\n", "daemon")
        args = (path, "--frames", "flows=1")
    else:
        args = LONG[kind]
    rate = () if kind in ("tcp", "rtt") else ("--rate", "1000")
    return bench(lab, "run", *args, "--seconds", "1000", *rate)


def end_and_look(lab, p, signum):
    pids = marked(lab)
    spaces = net_spaces(pids)
    p.signal(signum)
    p.wait()
    wait_for(lambda: not marked(lab), lambda: f"the end of {marked(lab)}")
    wait_for(lambda: not holders(spaces), lambda: f"the end of namespaces: {holders(spaces)}")
    assert not os.path.exists("/run/ringway-bench")
    with open("/proc/self/mountinfo", encoding="ascii") as f:
        assert "ringway-bench" not in f.read()
    return len(spaces)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL],
                         ids=lambda s: s.name)
@pytest.mark.parametrize("kind", LONG)
def test_nothing_stays_of_a_running_trial(lab, kind, signum):
    p = start_long(lab, kind)
    lab.processes.append(p)
    # both ends' namespaces and the box's are there
    wait_for(lambda: p.running and len(net_spaces(marked(lab))) >= 3, lambda: f"a running trial\n{p}")
    assert end_and_look(lab, p, signum) >= 3


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
@pytest.mark.parametrize("kind", LONG)
def test_nothing_stays_at_random_points(lab, kind, signum):
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    for _ in range(12):
        p = start_long(lab, kind)
        lab.processes.append(p)
        time.sleep(rng.random() ** 2 * 0.5)  # not a wait: a point in time, most of them early
        assert p.running, f"seed {seed}\n{p}"
        end_and_look(lab, p, signum)


def test_the_box_dies_with_its_first_process(lab):
    """The processes of a trial killed from outside: said in a sentence, and nothing stays."""
    p = start_long(lab, "ringway")
    lab.processes.append(p)

    def first():
        for pid in marked(lab):
            try:
                with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                    if f.read().strip() == "bench-box":
                        return pid
            except OSError:
                pass
        return None
    os.kill(wait_for(first, "the box"), signal.SIGKILL)
    assert p.wait() > 0
    assert "killed from outside" in "\n".join(p.err), p
    wait_for(lambda: not marked(lab), "the end")


# --- searches -----------------------------------------------------------------------

def search(lab, *args):
    rc, out, err = finish(lab, "search", *args, "--keep-disturbed", "--json")
    assert rc == 0, err
    return json.loads(out)


def test_a_search_keeps_its_forwarder(lab):
    path = case_file(lab, "links = veth\nvnet = yes\n"
                     f"start = echo started >> {lab.dir}/starts\n"
                     "start = ip link add br0 type bridge\nstart = ip link set br0 up\n"
                     "start = ip link set port0 master br0\nstart = ip link set port1 master br0\n", "counted")
    found = search(lab, path, "loss", "--max", "2000", "--seconds", "0.2")
    assert (lab.dir / "starts").read_text() == "started\n"
    assert found["case"] == path
    trials = found["trials"]
    assert len(trials) >= 2
    for t in trials:
        assert 0 < t["received"] <= t["offered"]


@pytest.mark.parametrize("kind", ["throughput", "ndrpdr", "latency", "back-to-back", "soak"])
def test_searches_end(lab, kind):
    args = {"throughput": ("--max", "2000", "--resolution", "0.5"),
            "ndrpdr": ("--max", "2000", "--resolution", "0.5", "--duration-sum", "0.2"),
            "latency": ("--max", "2000", "--resolution", "0.5", "--duration-sum", "1"),
            "back-to-back": ("--max", "50", "--repeats", "1"),
            "soak": ("--rate", "1000", "--interval", "0.2")}[kind]
    seconds = () if kind == "back-to-back" else ("--seconds", "0.2")
    found = search(lab, "bridge", kind, *seconds, *args)
    assert found["trials"]
    assert not marked(lab)
    if kind == "latency":
        assert [step["share"] for step in found["latency_ns"]] == [0, 0.1, 0.5, 0.9]


def test_a_reset_is_as_long_as_it_was(lab):
    event = "ip link set port1 down; sleep 0.2; ip link set port1 up"
    found = search(lab, "bridge", "reset", "--rate", "500", "--seconds", "1", "--repeats", "1", "--event", event)
    good = [t for t in found["trials"] if not t["bad"]]
    if len(good) > 1:  # one without the event, one with it; the machine may be too busy for either
        assert good[0]["received"] == good[0]["offered"]
        assert 0.19 * 500 <= good[1]["offered"] - good[1]["received"] < good[1]["offered"]


@pytest.mark.parametrize("args, part", [
    (["bridge"], "a CASE and a KIND"),
    (["bridge", "nosuch"], "no kind of search; there are throughput"),
    (["nosuch", "loss"], "no case 'nosuch'"),
    (["bridge", "soak"], "--rate"),
    (["bridge", "reset"], "--event"),
    (["bridge", "loss", "--event", "true"], "--event: a search for loss has no use for it; it is for reset"),
    (["bridge", "back-to-back", "--seconds", "1"], "it is for throughput, ndrpdr, loss, latency, reset, soak"),
    (["bridge", "throughput", "--rate", "1000"], "it is for reset, soak"),
    (["bridge", "reset", "--event", "true", "--max", "5"], "--max"),
    (["bridge", "loss", "--count", "5"], "'--count' is no option of search"),
    (["bridge", "loss", "--step", "2"], "--step 2"),
    (["bridge", "loss", "--max", "10%"], "--max 10%: of what line?"),
    (["bridge", "loss", "--min", "recorded"], "--min recorded: a trial is of one rate"),
    (["bridge", "throughput", "--max", "1000", "--min", "2000"], "2000"),
], ids=lambda a: " ".join(a) if isinstance(a, list) else "")
def test_bad_words_of_a_search(lab, args, part):
    assert part in refused(lab, "search", *args)
