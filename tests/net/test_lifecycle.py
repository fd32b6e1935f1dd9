# SPDX-License-Identifier: BSD-2-Clause
"""Start, stop, kill, pause: what stays, what goes, and who is told."""
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess

import pytest

from tests.lib import sysnet
from tests.lib.frames import End, Flow, numbered
from tests.lib.lab import wait_for
from tests.lib.programs import held, program
from tests.lib.ringway import Ringway, binary
from tests.lib.traffic import blast, blast_stop, ping

TUNGETVNETHDRSZ = 0x800454D7


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


def test_a_report_asked_for_before_the_stop_is_given(pair):
    """`kill -USR1` and `kill` one after the other, as in a script."""
    p = pair(ipv6=False)
    pause(p.r)
    for sig in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM, signal.SIGCONT):
        p.r.p.signal(sig)
    p.r.stopped = True
    assert p.r.p.wait() == 0 and list(p.r.p.out)[-1:] == ["end"], str(p.r.p)
    assert any("SIGHUP is ignored" in x for x in p.r.p.err)


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
    with ns.inside():
        fd = lab.own_fd(sysnet.tap_open("given"))
    lab.keeps.add((ns, "given"))
    before = ns.links().keys()
    os.set_inheritable(fd, True)
    pid, mark = lab.dir / "pid", lab.dir / "ran"
    script = lab.dir / "script"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    p = lab.spawn(ns.cmd(binary(), "run", "--check", "--port", f"tap,id=a,ifname=t0,persist=on,script={script}",
                         "--port", f"tap,id=b,fd={fd}", "--connect", "a:b", "--pidfile", pid), pass_fds=(fd,))
    assert p.wait() == 0, str(p)
    assert ns.links().keys() == before
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


# --- a run that does not come about -------------------------------------------------


def settings(ns, dev):
    """What a link was set to, without what changes by itself."""
    x = ns.link(dev)
    return x and {k: x.get(k) for k in ("ifindex", "flags", "mtu", "address", "txqlen", "ifalias", "master")}


FAILURES = {
    "port": (["--port", "tap,id=z,ifname=lo"], {}),
    "engine": (["--uring-form", "A"], {"preexec": sysnet.no_io_uring}),
    "io=uring": (["--port", "tap,id=z,ifname=t9,io=uring"], {"preexec": sysnet.no_io_uring}),
}


@pytest.mark.parametrize("why", FAILURES)
def test_a_failed_start_leaves_all_as_it_was(lab, why):
    """Ports that were open already are undone, not closed: persist=on and all."""
    ns = lab.netns("a", ipv6=False)
    ns.ip("tuntap", "add", "old", "mode", "tap")
    lab.keeps.add((ns, "old"))
    before, words = settings(ns, "old"), FAILURES[why][0]
    p = lab.spawn(ns.cmd(binary(), "run", "--port", "tap,id=a,ifname=new,persist=on", "--port",
                         "tap,id=b,ifname=old,persist=on,mtu=9000,txqueuelen=77,mac=02:00:00:00:00:07", *words),
                  **FAILURES[why][1])
    assert p.wait() not in (0, None), str(p)
    assert sorted(ns.links()) == ["lo", "old"], str(p)
    assert settings(ns, "old") == before


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_stop_while_a_script_runs(lab, sig):
    ns, pid = lab.netns("a"), lab.dir / "pid"
    with listening(str(lab.dir / "notify")) as s:
        p = lab.spawn(ns.cmd(binary(), "run", "--port", "tap,id=a,ifname=t0,persist=on", "--port",
                             f"tap,id=b,ifname=t1,script={held(lab)}", "--port", "tap,id=c,ifname=t2", "--pidfile", pid),
                      env={"NOTIFY_SOCKET": str(lab.dir / "notify")})
        wait_for((lab.dir / "mark").exists, lambda: f"the script\n{p}")
        p.signal(sig)
        assert p.wait() == 128 + sig, str(p)
        assert p.err == [f"ringway: interrupted by {sig.name} during set-up"]
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            s.recv(100)
    assert list(ns.links()) == ["lo"] and not pid.exists()


def test_stop_between_ports(lab):
    """The signal comes with a script that ends well; the next port is not opened."""
    ns, mark = lab.netns("a"), lab.dir / "mark"
    first = program(lab, "first", "kill -TERM $PPID\n")
    p = lab.spawn(ns.cmd(binary(), "run", "--port", f"tap,id=a,ifname=t0,script={first}", "--port",
                         f"tap,id=b,ifname=t1,script={program(lab, 'second', f'echo >{mark}')}"))
    assert p.wait() == 128 + signal.SIGTERM, str(p)
    assert p.err == ["ringway: interrupted by SIGTERM during set-up"]
    assert list(ns.links()) == ["lo"] and not mark.exists()


def test_other_signals_wait_for_the_end_of_set_up(lab):
    ns = lab.netns("a")
    r = Ringway(lab, "--port", f"tap,id=a,ifname=t0,script={held(lab)}", ns=ns, ready=False)
    wait_for((lab.dir / "mark").exists, lambda: f"the script\n{r.p}")
    r.p.signal(signal.SIGHUP)
    r.p.signal(signal.SIGUSR1)
    (lab.dir / "mark.fifo").write_text("go\n")
    r.wait_ready()
    r.p.wait_line(r.p.err, lambda x: "SIGHUP is ignored" in x, "a word about SIGHUP")
    r.p.wait_line(r.p.out, lambda x: x == "end", "the report asked for")


def test_sigchld_ignored_by_the_parent(lab):
    ns = lab.netns("a")
    Ringway(lab, "--port", f"tap,id=a,ifname=t0,script={program(lab, 'ok', 'exit 0')}", ns=ns,
            preexec=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))


# --- lines for people ----------------------------------------------------------------


def test_nobody_reads_standard_error(lab):
    """Full before the start: signals are served all the same."""
    ns = lab.netns("a")
    out, err = os.pipe()
    lab.own_fd(out), lab.own_fd(err)
    fcntl.fcntl(err, fcntl.F_SETPIPE_SZ, 4096)
    os.write(err, b"x" * 4096)
    with listening(str(lab.dir / "notify")) as s:
        r = Ringway(lab, "--port", "tap,id=a,ifname=t0", ns=ns, ready=False, checked=False,
                    env={"NOTIFY_SOCKET": str(lab.dir / "notify")}, preexec=lambda: os.dup2(err, 2))
        assert s.recv(100) == b"READY=1"
        for _ in range(3000):
            r.p.signal(signal.SIGHUP)
        r.stop()


def test_a_notify_socket_with_control_characters(lab):
    ns = lab.netns("a")
    r = Ringway(lab, "--port", "tap,id=a,ifname=t0", ns=ns, env={"NOTIFY_SOCKET": "/no/such\n\33[2Jsocket"})
    err = r.stop()
    assert [x for x in err if "such" in x or "socket" in x] == [x for x in err if "/no/such??[2Jsocket" in x]
    assert sum("NOTIFY_SOCKET" in x for x in err) == 1 and all(x.startswith("ringway: ") for x in err), err


# --- what others do to a device ------------------------------------------------------


def test_the_header_size_is_set_back(lab):
    ns = lab.netns("a", ipv6=False)
    r = Ringway(lab, "--port", "tap,id=a,ifname=t0,queues=2", ns=ns)
    with ns.inside():
        fd = lab.own_fd(sysnet.tap_open("t0", sysnet.IFF_TAP | sysnet.IFF_NO_PI | sysnet.IFF_VNET_HDR
                                        | sysnet.IFF_MULTI_QUEUE))

    def size():
        return struct.unpack("i", fcntl.ioctl(fd, TUNGETVNETHDRSZ, bytes(4)))[0]

    for _ in range(2):
        fcntl.ioctl(fd, sysnet.TUNSETVNETHDRSZ, struct.pack("i", 10))
        wait_for(lambda: size() == 12, lambda: f"a header of 12 bytes again, not {size()}\n{r.p}")
    text = "ringway: port 'a': another process set the virtio-net header size of t0; set back to 12"
    r.p.wait_line(r.p.err, lambda x: x == text, text)
    lab.release_fd(fd)
    assert r.stop().count(text) == 1


def test_the_report_has_the_name_of_now(lab):
    ns = lab.netns("a", ipv6=False)
    r = Ringway(lab, "--port", "tap,id=a,ifname=t0", ns=ns)
    assert r.report().ports["a"].ifname == "t0"
    for words in ("t0 down", "t0 name uplink", "uplink up"):
        ns.ip("link", "set", *words.split())
    assert r.report().ports["a"].ifname == "uplink"


def test_a_terminal_that_nobody_reads(lab):
    """Counters for a terminal whose reader is stuck: SIGTERM still ends it."""
    ns = lab.netns("a", ipv6=False)
    master, slave = (lab.own_fd(fd) for fd in os.openpty())
    p = subprocess.Popen(ns.cmd(binary(), "run", "--port", "tap,id=a"), stdout=slave, stderr=subprocess.PIPE, text=True)
    try:
        assert any("ready" in line for line in p.stderr)
        for _ in range(60):  # about 500 bytes each; a terminal holds 4,096
            p.send_signal(signal.SIGUSR1)
        p.send_signal(signal.SIGTERM)
        assert p.wait(60) == 0
    finally:
        p.kill()
        p.wait()
        p.stderr.close()
        lab.release_fd(master)
        lab.release_fd(slave)
