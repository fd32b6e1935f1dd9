# SPDX-License-Identifier: BSD-2-Clause
"""Start, stop, kill, pause: what stays, what goes, and who is told."""
import os
import pathlib
import signal
import socket

import pytest

from tests.lib.frames import End, Flow, numbered
from tests.lib.lab import wait_for
from tests.lib.ringway import Ringway, binary
from tests.lib.traffic import blast, blast_stop, ping


def stopped(r):
    """All threads of a process stand still."""
    states = [pathlib.Path(f"/proc/{r.pid}/task/{t}/stat").read_text().rsplit(")", 1)[1].split()[0]
              for t in os.listdir(f"/proc/{r.pid}/task")]
    return all(s == "T" for s in states)


def pause(r):
    r.p.signal(signal.SIGSTOP)
    wait_for(lambda: stopped(r), "the process to stand still")


@pytest.mark.san
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_stop_under_load(pair, form, sig):
    p = pair(form=form, ipv6=False)
    floods = [blast(p.na, "tapa"), blast(p.nb, "tapb")]
    p.r.wait_report(lambda r: r.total.rx_packets > 2000, "traffic")
    p.r.stop(sig)
    for f in floods:
        blast_stop(f)
    assert not p.na.link("tapa") and not p.nb.link("tapb")


@pytest.mark.san
def test_stop_drains_what_was_queued(pair, form):
    p = pair(form=form, ipv6=False)
    a, b = p.ends()
    Flow(a, b).run(10)
    pause(p.r)
    sent = [numbered(0, i, 200) for i in range(200)]
    for f in sent:
        assert a.send(f)
    p.r.p.signal(signal.SIGTERM)
    p.r.p.signal(signal.SIGCONT)
    b.expect(sent)
    p.r.stop()


def test_pause_and_go_on(pair, form):
    p = pair(form=form, ipv6=False)
    a, b = p.ends()
    for _ in range(3):
        pause(p.r)
        sent = [numbered(0, i, 100) for i in range(200)]
        for f in sent:
            assert a.send(f)
        b.none_comes()
        p.r.p.signal(signal.SIGCONT)
        b.expect(sent)


def test_kill_and_start_again(pair, form):
    p = pair(form=form, ipv6=False)
    floods = [blast(p.na, "tapa"), blast(p.nb, "tapb")]
    p.r.wait_report(lambda r: r.total.rx_packets > 2000, "traffic")
    p.r.kill()
    for f in floods:
        blast_stop(f)
    wait_for(lambda: not p.na.link("tapa") and not p.nb.link("tapb"), "the devices to go with their process")
    p.start()
    Flow(*p.ends()).run(500)
    ping(p.na, "10.99.0.2")


@pytest.mark.parametrize("form", ["A", "E"])
def test_kill_with_persistent_devices(pair, form):
    p = pair(form=form, ipv6=False, a=",persist=on", b=",persist=on")
    for ns, dev in ((p.na, "tapa"), (p.nb, "tapb")):
        p.lab.keeps.add((ns, dev))
    Flow(*p.ends()).run(300)
    idx = p.na.link("tapa")["ifindex"]
    p.r.kill()
    assert p.na.link("tapa") and p.nb.link("tapb"), "persistent devices outlive the process"
    base = {}
    for port, ns, dev in (("a", p.na, "tapa"), ("b", p.nb, "tapb")):
        st = ns.link(dev)["stats64"]
        base[port] = {f"{d}_{k}": st[d][k] for d in ("rx", "tx") for k in ("packets", "bytes", "dropped", "errors")}
    # a killed process's last fd may go a moment after it: the carrier tells
    for ns, dev in ((p.na, "tapa"), (p.nb, "tapb")):
        wait_for(lambda: "LOWER_UP" not in ns.link(dev)["flags"], f"the queue of {dev} to be free")
    p.start(ready=False)
    p.r.base = base
    p.r.wait_ready()
    assert p.na.link("tapa")["ifindex"] == idx, "attached again, not made anew"
    Flow(*p.ends()).run(300)
    ping(p.na, "10.99.0.2")


def test_nothing_is_open_twice(pair):
    """Reports, traffic and time leave no fd behind."""
    p = pair(ipv6=False)
    flow = Flow(*p.ends())
    flow.run(100)
    n = p.r.n_fds()
    for _ in range(20):
        p.r.report()
        flow.run(20)
    assert p.r.n_fds() == n


def listening(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(30)
    return s


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_readiness_is_told(lab, kind):
    ns = lab.netns("a")
    path = str(lab.dir / "notify") if kind == "path" else f"\0{lab.tag}"
    with listening(path) as s:
        # abstract names belong to a network namespace: ringway stays in ours
        Ringway(lab, "--port", f"tap,id=a,ifname=t0,netns={ns.name}", env={"NOTIFY_SOCKET": path.replace("\0", "@")})
        words = s.recv(4096).decode().splitlines()
        assert "READY=1" in words
        lab.ringways[0].stop()


def test_no_readiness_after_a_failure(lab):
    ns = lab.netns("a")
    path = str(lab.dir / "notify")
    with listening(path) as s:
        p = lab.spawn(ns.cmd(binary(), "run", "--port", "tap,id=a,ifname=t0,master=nosuch"), env={"NOTIFY_SOCKET": path})
        assert p.wait() not in (0, None)
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            s.recv(100)
    assert not ns.link("t0")


def test_pidfile(lab):
    ns = lab.netns("a")
    f = lab.dir / "pid"
    r = Ringway(lab, "--port", "tap,id=a,ifname=t0", "--pidfile", f, ns=ns)
    assert f.read_text().strip() == str(r.pid)
    r.stop()
    assert not f.exists()


def test_configuration_file_with_drop_ins(lab):
    na, nb = lab.netns("a"), lab.netns("b")
    f, d = lab.dir / "ringway.conf", lab.dir / "ringway.conf.d"
    d.mkdir()
    f.write_text(f"[ringway]\nworkers = 2\n\n[port a]\nifname = tapa\nnetns = {na.name}\naddr = 10.99.0.1/24\n")
    (d / "10-b.conf").write_text(f"[port b]\nifname=tapb\nnetns={nb.name}\naddr=10.99.0.2/24\nqueues = 2\n")
    (d / "20-connect.conf").write_text("[connect]\npair = a:b\n")
    (d / "ignored.txt").write_text("[nonsense\n")
    r = Ringway(lab, "-c", f)
    r.pairs = [["a", "b"]]
    ping(na, "10.99.0.2")
    rep = r.quiet()
    assert len(rep.workers) == 2 and rep.ports["b"].queues == 2


def test_check_has_no_side_effect(lab):
    ns = lab.netns("a")
    bridge_free = ns.links().keys()
    fd = lab.own_fd(os.open("/dev/null", os.O_RDWR))
    os.set_inheritable(fd, True)
    pid, mark = lab.dir / "pid", lab.dir / "ran"
    script = lab.dir / "script"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    p = lab.spawn(ns.cmd(binary(), "run", "--check", "--port", f"tap,id=a,ifname=t0,persist=on,script={script}",
                         "--port", f"tap,id=b,fd={fd}", "--connect", "a:b", "--pidfile", pid), pass_fds=(fd,))
    assert p.wait() == 0, str(p)
    assert ns.links().keys() == bridge_free
    assert not pid.exists() and not mark.exists()


def test_two_at_once(lab):
    """Two ringways beside each other, in the same namespaces."""
    na, nb = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    flows = []
    for i in range(2):
        Ringway(lab, "--port", f"tap,id=a,ifname=a{i},netns={na.name}", "--port", f"tap,id=b,ifname=b{i},netns={nb.name}",
                connects=["a:b"])
        flows.append(Flow(End(lab, na, f"a{i}"), End(lab, nb, f"b{i}")))
    for f in flows:
        f.run(300)
    lab.ringways[0].stop()
    flows[1].run(300)


def test_a_second_start_names_the_busy_device(pair):
    p = pair()
    q = p.lab.spawn([binary(), "run", "--port", p.spec_a])
    assert q.wait() not in (0, None)
    assert any("tapa" in x for x in q.err), str(q)
    ping(p.na, "10.99.0.2")
