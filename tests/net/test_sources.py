# SPDX-License-Identifier: BSD-2-Clause
"""Where the fds of a port come from, and what is done to its link."""
import contextlib
import os
import shutil

import pytest

from tests.lib import sysnet
from tests.lib.frames import End, Flow
from tests.lib.lab import wait_for
from tests.lib.ringway import Ringway, binary
from tests.lib.traffic import ping

HELPER = "/usr/lib/qemu/qemu-bridge-helper"
FLAGS = sysnet.IFF_TAP | sysnet.IFF_NO_PI


@contextlib.contextmanager
def given(lab, ns, name, n=1, flags=FLAGS | sysnet.IFF_VNET_HDR, nonblock=True):
    """n queue fds of a device in ns, to be inherited; closed here when the block ends."""
    if n > 1:
        flags |= sysnet.IFF_MULTI_QUEUE
    with ns.inside():
        fds = [lab.own_fd(sysnet.tap_open(name, flags, nonblock)) for _ in range(n)]
    for fd in fds:
        os.set_inheritable(fd, True)
    try:
        yield fds
    finally:
        for fd in fds:
            lab.release_fd(fd)


def words(fds):
    return ("fd=" if len(fds) == 1 else "fds=") + ":".join(map(str, fds))


@pytest.mark.san
@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("vnet", [True, False], ids=["vnet_hdr", "plain"])
def test_given_fds(lab, form, n, vnet):
    na, nb = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    flags = FLAGS | (sysnet.IFF_VNET_HDR if vnet else 0)
    io = ",io=epoll" if form == "mixed" else ""
    with given(lab, na, "tapa", n, flags, nonblock=False) as fds:
        na.ip("link", "set", "tapa", "up", "mtu", 1400)
        na.ip("addr", "add", "10.99.0.1/24", "dev", "tapa")
        r = Ringway(lab, "--port", f"tap,id=a,{words(fds)}{io}",
                    "--port", f"tap,id=b,ifname=tapb,netns={nb.name},addr=10.99.0.2/24,queues=2",
                    connects=["a:b"], form=form, pass_fds=fds)
    # ours are closed: ringway's alone hold the device
    assert na.link("tapa")["mtu"] == 1400, "the link of given fds is left alone"
    there, back = Flow(End(lab, na, "tapa"), End(lab, nb, "tapb"), n_flows=8), Flow(End(lab, nb, "tapb"), End(lab, na, "tapa"))
    there.run(500)
    back.run(500)
    ping(na, "10.99.0.2")
    rep = r.quiet()
    assert rep.ports["a"].queues == n and rep.ports["a"].ifname == "tapa"
    r.stop()
    wait_for(lambda: not na.link("tapa"), "the device to go with its last fd")


def test_given_fd_is_left_down(lab):
    na, nb = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    with given(lab, na, "tapa") as fds:
        Ringway(lab, "--port", f"tap,id=a,{words(fds)}", "--port", f"tap,id=b,ifname=tapb,netns={nb.name}",
                connects=["a:b"], pass_fds=fds)
    assert "UP" not in na.link("tapa")["flags"]
    na.ip("link", "set", "tapa", "up")
    Flow(End(lab, na, "tapa"), End(lab, nb, "tapb")).run(100)


@pytest.mark.parametrize("form", ["A", "D", "E"])
@pytest.mark.parametrize("off", [[1], [0], [0, 2, 3]], ids=str)
def test_detached_queues_are_taken_as_they_are(lab, form, off):
    """A detached queue is neither read nor written; the others carry everything."""
    na, nb = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    with given(lab, na, "tapa", 4) as fds:
        for i in off:
            sysnet.tap_queue(fds[i], False)
        na.ip("link", "set", "tapa", "up")
        r = Ringway(lab, "--port", f"tap,id=a,{words(fds)}", "--port", f"tap,id=b,ifname=tapb,netns={nb.name},queues=2",
                    connects=["a:b"], form=form, pass_fds=fds)
        for i in range(4):
            assert bool(sysnet.tap_flags(fds[i]) & sysnet.IFF_DETACH_QUEUE) == (i in off), "ringway changed a queue"
    there = Flow(End(lab, na, "tapa"), End(lab, nb, "tapb"), n_flows=16)
    back = Flow(End(lab, nb, "tapb"), End(lab, na, "tapa"), n_flows=16)
    there.run(800)
    back.run(800)
    rep = r.quiet()
    for i in range(4):
        q = rep.queues[f"a/{i}"]
        assert (q.io == "off") == (i in off)
        if i in off:
            assert q.rx_packets == 0 == q.tx_packets


def test_every_queue_detached(lab):
    na, nb = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    with given(lab, na, "tapa", 2) as fds:
        for fd in fds:
            sysnet.tap_queue(fd, False)
        na.ip("link", "set", "tapa", "up")
        r = Ringway(lab, "--port", f"tap,id=a,{words(fds)}", "--port", f"tap,id=b,ifname=tapb,netns={nb.name}",
                    connects=["a:b"], pass_fds=fds)
    b = End(lab, nb, "tapb")
    for _ in range(50):
        assert b.send(b"\xff" * 12 + b"\x88\xb5" + bytes(46))
    r.wait_report(lambda x: x.ports["b"].rx_packets == 50, "50 frames")
    rep = r.quiet()
    assert rep.drop("a", "tx_queue_off") == 50


# --- the bridge helper -----------------------------------------------------------

def own_etc(lab, acl="allow br0\n"):
    """Words that run a program in a mount namespace whose /etc has its own qemu/bridge.conf."""
    etc = lab.dir / "etc"
    (etc / "qemu").mkdir(parents=True)
    for f in ("passwd", "group", "nsswitch.conf", "ld.so.cache", "protocols", "services"):
        if os.path.exists("/etc/" + f):
            shutil.copy("/etc/" + f, etc / f)
    (etc / "qemu/bridge.conf").write_text(acl)
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", f'mount --bind {etc} /etc && exec "$@"', "sh"]


@pytest.mark.parametrize("form", ["A", "E"])
def test_bridge_helper(lab, form):
    na, nb = lab.netns("a"), lab.netns("b")
    na.ip("link", "add", "br0", "type", "bridge")
    na.ip("addr", "add", "10.99.0.1/24", "dev", "br0")
    na.ip("link", "set", "br0", "up")
    r = Ringway(lab, "--port", f"tap,id=a,helper={HELPER}",
                "--port", f"tap,id=b,ifname=tapb,netns={nb.name},addr=10.99.0.2/24",
                connects=["a:b"], form=form, ns=na, prefix=own_etc(lab))
    rep = r.report()
    dev = rep.ports["a"].ifname
    assert na.link(dev)["master"] == "br0" and "UP" in na.link(dev)["flags"]
    ping(na, "10.99.0.2")
    ping(nb, "10.99.0.1")
    r.quiet()
    children = open(f"/proc/{r.pid}/task/{r.pid}/children").read().split()
    assert not children, "the helper was not reaped"
    r.stop()
    wait_for(lambda: not na.link(dev), "the helper's device to go")


def test_bridge_helper_with_another_bridge(lab):
    na = lab.netns("a")
    na.ip("link", "add", "lan", "type", "bridge")
    na.ip("link", "set", "lan", "up")
    r = Ringway(lab, "--port", f"tap,id=a,helper={HELPER},br=lan", ns=na, prefix=own_etc(lab, "allow lan\n"))
    assert na.link(r.report().ports["a"].ifname)["master"] == "lan"


def test_bridge_helper_that_refuses(lab):
    na = lab.netns("a")
    na.ip("link", "add", "br0", "type", "bridge")
    p = lab.spawn(na.cmd(*own_etc(lab, "deny all\n"), binary(), "run", "--port", f"tap,id=a,helper={HELPER}"))
    assert p.wait() not in (0, None)
    assert any("helper" in x for x in p.err), str(p)


# --- persistence and ownership ---------------------------------------------------

def persistent(ns, name):
    link = ns.link(name)
    return bool(link) and link["linkinfo"]["info_data"].get("persist") is True


def test_persist_unset_leaves_no_device_of_ours(lab):
    ns = lab.netns("a")
    r = Ringway(lab, "--port", f"tap,id=a,ifname=t0,netns={ns.name}")
    assert not persistent(ns, "t0")
    r.stop()
    assert not ns.link("t0")


def test_persist_on(lab):
    ns = lab.netns("a")
    lab.keeps.add((ns, "t0"))
    port = f"tap,id=a,ifname=t0,netns={ns.name},persist=on,addr=10.99.0.1/24"
    r = Ringway(lab, "--port", port)
    idx = ns.link("t0")["ifindex"]
    assert persistent(ns, "t0")
    r.stop()
    assert persistent(ns, "t0") and "10.99.0.1/24" in ns.addrs("t0")
    # the second run finds what the first one left
    r = Ringway(lab, "--port", port, checked=False)
    assert ns.link("t0")["ifindex"] == idx
    r.stop()
    assert persistent(ns, "t0")


@pytest.mark.parametrize("persist", ["", ",persist=off", ",persist=on"], ids=["unset", "off", "on"])
@pytest.mark.parametrize("n", [1, 2])
def test_a_device_that_was_there_stays(lab, persist, n):
    ns = lab.netns("a", ipv6=False)
    ns.ip("tuntap", "add", "t0", "mode", "tap", "vnet_hdr", *(["multi_queue"] if n > 1 else []))
    lab.keeps.add((ns, "t0"))
    idx = ns.link("t0")["ifindex"]
    r = Ringway(lab, "--port", f"tap,id=a,ifname=t0,netns={ns.name},queues={n}{persist}")
    assert ns.link("t0")["ifindex"] == idx
    r.stop()
    link = ns.link("t0")
    assert link and link["ifindex"] == idx, "a device that others made is gone"
    assert persistent(ns, "t0")


def test_persist_off_removes_what_it_created(lab):
    ns = lab.netns("a")
    r = Ringway(lab, "--port", f"tap,id=a,ifname=t0,netns={ns.name},persist=off,queues=4")
    r.stop()
    assert not ns.link("t0")


def test_user_and_group(lab):
    ns = lab.netns("a")
    Ringway(lab, "--port", f"tap,id=a,ifname=t0,netns={ns.name},user=nobody,group=65534")
    out = ns.ip("-d", "-o", "link", "show", "t0").stdout
    assert "user nobody" in out and "group nogroup" in out, out


# --- the link --------------------------------------------------------------------

def test_link_options(lab):
    ns = lab.netns("a")
    ns.ip("link", "add", "br7", "type", "bridge")
    Ringway(lab, "--port", f"tap,id=a,ifname=t0,netns={ns.name},mac=02:00:5e:00:53:01,mtu=4321,txqueuelen=777,master=br7,"
                           "addr=10.1.2.3/24,addr=fd00:1::5/64,addr=192.0.2.1/32")
    link = ns.link("t0")
    assert link["address"] == "02:00:5e:00:53:01" and link["mtu"] == 4321 and link["txqlen"] == 777
    assert link["master"] == "br7" and "UP" in link["flags"]
    assert {"10.1.2.3/24", "fd00:1::5/64", "192.0.2.1/32"} <= ns.addrs("t0")


def test_defaults_of_the_link(lab):
    ns = lab.netns("a")
    Ringway(lab, "--port", "tap,id=a,netns=" + ns.name)
    dev = lab.ringways[0].report().ports["a"].ifname
    link = ns.link(dev)
    assert "UP" in link["flags"] and link["mtu"] == 1500 and "master" not in link
    assert link["linkinfo"]["info_data"]["vnet_hdr"] is True and link["linkinfo"]["info_data"]["multi_queue"] is False


def test_up_off(lab):
    ns = lab.netns("a")
    Ringway(lab, "--port", f"tap,id=a,ifname=t0,netns={ns.name},up=off,addr=10.1.2.3/24")
    assert "UP" not in ns.link("t0")["flags"] and "10.1.2.3/24" in ns.addrs("t0")


def test_link_options_for_given_fds(lab):
    """Not touched unless asked."""
    ns = lab.netns("a")
    with given(lab, ns, "t0") as fds:
        Ringway(lab, "--port", f"tap,id=a,{words(fds)},up=on,mtu=2000,addr=10.1.2.3/24", ns=ns, pass_fds=fds)
    link = ns.link("t0")
    assert "UP" in link["flags"] and link["mtu"] == 2000 and "10.1.2.3/24" in ns.addrs("t0")


def test_namespace_by_path(lab):
    """/proc/PID/ns/net of a process whose namespace has no name; nothing shows in ours."""
    home, na, nb = lab.netns("h"), lab.netns("a"), lab.netns("b")
    holder = nb.spawn("sleep", "600")
    r = Ringway(lab, "--port", f"tap,id=a,ifname=same,netns={na.path},addr=10.99.0.1/24",
                "--port", f"tap,id=b,ifname=same,netns=/proc/{holder.pid}/ns/net,addr=10.99.0.2/24",
                connects=["a:b"], ns=home)
    ping(na, "10.99.0.2")
    assert set(home.links()) == {"lo"}
    assert os.readlink(f"/proc/{r.pid}/ns/net") != os.readlink(f"/proc/{holder.pid}/ns/net")


def test_same_name_in_three_namespaces(lab):
    spaces = [lab.netns(x, ipv6=False) for x in "hab"]
    p = [w for i, ns in enumerate(spaces) for w in ("--port", f"tap,id=p{i},ifname=t0" + (f",netns={ns.name}" if i else ""))]
    Ringway(lab, *p, connects=["p1:p2"], ns=spaces[0])
    assert all(ns.link("t0") for ns in spaces)
    Flow(End(lab, spaces[1], "t0"), End(lab, spaces[2], "t0")).run(100)


# --- scripts ---------------------------------------------------------------------

def script(lab, name, rc=0):
    """A script that notes its arguments and open fds; the note's path."""
    f, note = lab.dir / name, lab.dir / (name + ".note")
    f.write_text(f'#!/bin/sh\necho "$0 $*" >> {note}\nls -l /proc/$$/fd >> {note}.fds\nexit {rc}\n')
    f.chmod(0o755)
    return f, note


def test_scripts_run_once(lab):
    ns = lab.netns("a", ipv6=False)
    up, up_note = script(lab, "up")
    down, down_note = script(lab, "down")
    r = Ringway(lab, "--port", f"tap,id=a,ifname=t0,queues=3,script={up},downscript={down}", ns=ns)
    assert up_note.read_text() == f"{up} t0\n"
    assert not down_note.exists()
    # no fd but 0 to 2, the script itself (which sh reads) and the tap
    fds = [x.split(" -> ")[1] for x in (lab.dir / "up.note.fds").read_text().splitlines() if " -> " in x]
    assert [x for x in fds if "tun" in x] == ["/dev/net/tun"], fds
    assert not [x for x in fds if "io_uring" in x or "socket" in x or "eventfd" in x], fds
    r.stop()
    assert down_note.read_text() == f"{down} t0\n" and up_note.read_text() == f"{up} t0\n"


def test_a_script_that_fails(lab):
    ns = lab.netns("a", ipv6=False)
    up, up_note = script(lab, "up", rc=3)
    down, down_note = script(lab, "down")
    p = lab.spawn(ns.cmd(binary(), "run", "--port", f"tap,id=a,ifname=t0,script={up},downscript={down}"))
    assert p.wait() not in (0, None)
    assert any(str(up) in x and "3" in x for x in p.err), str(p)
    assert up_note.exists() and not down_note.exists() and not ns.link("t0")


def test_no_script(lab):
    ns = lab.netns("a", ipv6=False)
    r = Ringway(lab, "--port", "tap,id=a,ifname=t0,script=no,downscript=no", ns=ns)
    r.stop()
