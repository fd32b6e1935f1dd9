# SPDX-License-Identifier: BSD-2-Clause
"""vhost-net fds that someone gave, and a vhost-net that cannot be had: one sentence, and nothing left behind."""
import contextlib
import fcntl
import os
import shutil

import pytest

from tests.lib.frames import End, Flow
from tests.lib.lab import wait_for
from tests.lib.ringway import Ringway, binary
from tests.lib.served import by_vhost, chosen, words_on_vhost
from tests.lib.traffic import ping
from tests.net.test_sources import given, words

VHOST_SET_OWNER = 0xAF01


@contextlib.contextmanager
def vhost_given(lab, n, path="/dev/vhost-net"):
    """n fds to be inherited; closed here when the block ends."""
    fds = [lab.own_fd(os.open(path, os.O_RDWR)) for _ in range(n)]
    for fd in fds:
        os.set_inheritable(fd, True)
    try:
        yield fds
    finally:
        for fd in fds:
            lab.release_fd(fd)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("mode", ["", ",vhost=on", ",vhost=auto"], ids=["unset", "on", "auto"])
def test_given_with_the_queues(lab, n, mode):
    """Who gives them wants vhost-net, but for auto, which looks at the CPUs all the same."""
    na, nb = lab.netns("a", ipv6=False), lab.netns("b", ipv6=False)
    key = "vhostfd" if n == 1 else "vhostfds"
    with given(lab, na, "tapa", n) as fds, vhost_given(lab, n) as vfds:
        na.ip("link", "set", "tapa", "up")
        na.ip("addr", "add", "10.99.0.1/24", "dev", "tapa")
        r = Ringway(lab, "--port", f"tap,id=a,{words(fds)},{key}={':'.join(map(str, vfds))}{mode}",
                    "--port", f"tap,id=b,ifname=tapb,netns={nb.name},addr=10.99.0.2/24,vhost=off",
                    connects=["a:b"], pass_fds=fds + vfds)
    rep = r.report()
    assert by_vhost(rep, "a") is (mode != ",vhost=auto" or chosen("auto")) and by_vhost(rep, "b") is False, str(rep)
    a, b = End(lab, na, "tapa"), End(lab, nb, "tapb")
    Flow(a, b, n_flows=8).run(300)
    Flow(b, a, n_flows=8).run(300)
    ping(na, "10.99.0.2")
    r.stop()
    wait_for(lambda: not na.link("tapa"), "the device to go with its last fd")


def test_given_with_a_name(lab):
    na = lab.netns("a", ipv6=False)
    with vhost_given(lab, 1) as vfds:
        r = Ringway(lab, "--port", f"tap,id=a,ifname=tapa,netns={na.name},vhostfd={vfds[0]},vhost=on",
                    "--port", f"tap,id=b,ifname=tapb,netns={na.name},vhost=on", connects=["a:b"], pass_fds=vfds)
    assert by_vhost(r.report(), "a", "b")
    Flow(End(lab, na, "tapa"), End(lab, na, "tapb")).run(300)


def refused(lab, ns, *cmd, **kw):
    """Ends with an error and exactly one line; that line."""
    p = lab.spawn(ns.cmd(*cmd), **kw)
    assert p.wait() not in (0, None), str(p)
    assert len(p.err) == 1 and p.err[0].startswith("ringway: "), f"one sentence\n{p}"
    return p.err[0]


def test_a_given_fd_that_has_an_owner(lab):
    ns = lab.netns("a", ipv6=False)
    with vhost_given(lab, 1) as vfds:
        fcntl.ioctl(vfds[0], VHOST_SET_OWNER)
        line = refused(lab, ns, binary(), "run", "--port", f"tap,id=a,ifname=tapa,vhostfd={vfds[0]},vhost=on", pass_fds=vfds)
    assert "vhost" in line and "owner" in line, line
    assert not ns.link("tapa")


def test_a_given_fd_that_is_no_vhost_net(lab):
    ns = lab.netns("a", ipv6=False)
    with vhost_given(lab, 1, "/dev/null") as vfds:
        line = refused(lab, ns, binary(), "run", "--port", f"tap,id=a,ifname=tapa,vhostfd={vfds[0]},vhost=on", pass_fds=vfds)
    assert "vhost" in line, line
    assert not ns.link("tapa")


# --- vhost-net cannot be had -----------------------------------------------------

# A mount namespace whose /dev has what ringway needs; $1: the mode of vhost-net's
# node there and its minor number, "- -" for no node.
DEV = """set -e
d=$0 mode=$1 minor=$2; shift 2
mount -t tmpfs -o mode=755 tmpfs "$d"
mkdir "$d/net"; mknod -m 666 "$d/net/tun" c 10 200; chmod 666 "$d/net/tun"
mknod -m 666 "$d/null" c 1 3; mknod -m 444 "$d/urandom" c 1 9
[ "$mode" = - ] || { mknod "$d/vhost-net" c 10 "$minor"; chmod "$mode" "$d/vhost-net"; }
mount --bind "$d" /dev
exec "$@"
"""
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
ME = ["setpriv", "--no-new-privs"]


def minor_of_nobody():
    """A misc device's number that no driver has: a node whose module is not there."""
    taken = {int(x.split()[0]) for x in open("/proc/misc")}
    return next(n for n in range(250, 0, -1) if n not in taken)


class Without:
    """Words that run ringway where vhost-net is missing in one way, with a TAP that was opened for it."""

    WAYS = {"no node": ("-", "-", ME), "no module": ("600", None, ME), "no rights": ("600", "238", NOBODY)}

    def __init__(self, lab, way):
        mode, minor, who = self.WAYS[way]
        self.lab, self.ns = lab, lab.netns("a", ipv6=False)
        lab.dir.chmod(0o755)
        (lab.dir / "dev").mkdir()
        self.program = lab.dir / "ringway"
        shutil.copy(binary(), self.program)
        self.prefix = ["unshare", "-m", "--propagation", "private", "sh", "-c", DEV, lab.dir / "dev", mode,
                       minor or minor_of_nobody(), *who]

    @contextlib.contextmanager
    def port(self, more=""):
        """The words for the port, and its fd."""
        with given(self.lab, self.ns, "tapa") as fds:
            self.ns.ip("link", "set", "tapa", "up")
            yield ("--port", f"tap,id=a,{words(fds)}{more}"), fds


@pytest.mark.parametrize("way", Without.WAYS)
@pytest.mark.parametrize("more", [",vhost=on", ",vhostforce=on"])
def test_demanded(lab, way, more):
    w = Without(lab, way)
    with w.port(more) as (port, fds):
        line = refused(lab, w.ns, *w.prefix, w.program, "run", *port, pass_fds=fds)
    assert "/dev/vhost-net" in line, line
    if way != "no rights":
        assert "vhost_net" in line, f"the sentence names no module to load: {line}"
    wait_for(lambda: not w.ns.link("tapa"), "the device to go with its last fd")


@pytest.mark.parametrize("way", Without.WAYS)
def test_auto_goes_on_without(lab, way, monkeypatch):
    w = Without(lab, way)
    monkeypatch.setattr("tests.lib.ringway.binary", lambda: str(w.program))
    with w.port() as (port, fds):
        r = Ringway(lab, *port, ns=w.ns, prefix=w.prefix, pass_fds=fds)
    assert by_vhost(r.report(), "a") is False
    said = words_on_vhost(r)
    assert len(said) == 1, f"one line that says why: {said}\n{r.p}"
    a = End(lab, w.ns, "tapa")
    for _ in range(50):
        assert a.send(b"\xff" * 12 + b"\x88\xb5" + bytes(46))
    r.wait_report(lambda x: x.ports["a"].rx_packets >= 50, "the frames")
