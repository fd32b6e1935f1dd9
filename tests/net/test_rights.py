# SPDX-License-Identifier: BSD-2-Clause
"""Fewer rights: no root, no io_uring, no locked memory."""
import os
import pathlib
import re
import shutil
import signal

import pytest

from tests.lib import sysnet
from tests.lib.frames import Flow
from tests.lib.lab import wait_for
from tests.lib.ringway import Ringway, binary
from tests.lib.traffic import ping

pytestmark = pytest.mark.nocov

# Without CAP_IPC_LOCK, and less locked memory than any ring needs.
NO_MEMLOCK = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "prlimit", "--memlock=4096:4096"]


def about_uring(r):
    return [x for x in r.p.err if "io_uring" in x and not x.startswith("ringway: ready")]


def check_fallback(p, reason):
    lines = about_uring(p.r)
    assert len(lines) == 1 and "epoll" in lines[0], f"one line that says why: {lines}\n{p.r.p}"
    assert any(x in lines[0] for x in reason), lines
    rep = p.r.report()
    assert {w.form for w in rep.workers} == {"E"}
    assert {q.io for q in rep.queues.values()} == {"epoll"}
    Flow(*p.ends()).run(500)
    ping(p.na, "10.99.0.2")


def test_uring_forbidden_by_seccomp(pair):
    p = pair(preexec=sysnet.no_io_uring)
    check_fallback(p, ["EPERM", "not permitted", "seccomp"])


def test_only_entering_forbidden(pair):
    """A filter that lets a ring be made and nothing be done with it."""
    check_fallback(pair(preexec=lambda: sysnet.no_io_uring(426)), ["EPERM", "not permitted"])


@pytest.mark.parametrize("workers", [1, 2])
def test_uring_without_locked_memory(pair, workers):
    p = pair(prefix=NO_MEMLOCK, args=("--workers", workers))
    check_fallback(p, ["ENOMEM", "memlock", "memory", "MEMLOCK"])


def refused(p, **kw):
    q = p.lab.spawn([*kw.pop("prefix", []), binary(), "run", "--port", p.spec_a, "--port", p.spec_b, "--connect", "a:b",
                     *kw.pop("args", [])], **kw)
    assert q.wait() not in (0, None), str(q)
    lines = [x for x in q.err if "io_uring" in x]
    assert len(lines) == 1, str(q)
    assert not p.na.link("tapa") and not p.nb.link("tapb")
    return lines[0]


@pytest.mark.parametrize("how", ["seccomp", "memlock"])
def test_uring_demanded_but_forbidden(pair, how):
    p = pair(a=",io=uring", start=False)
    if how == "seccomp":
        line = refused(p, preexec=sysnet.no_io_uring)
    else:
        line = refused(p, prefix=NO_MEMLOCK)
    assert "io=" in line, f"the sentence names no option that helps: {line}"


def test_a_form_demanded_but_forbidden(pair):
    p = pair(start=False)
    refused(p, preexec=sysnet.no_io_uring, args=["--uring-form", "A"])


def test_io_epoll_needs_no_uring(pair):
    """All ports on epoll: io_uring is not asked for, so nothing is said."""
    p = pair(a=",io=epoll", b=",io=epoll", preexec=sysnet.no_io_uring)
    assert not about_uring(p.r), str(p.r.p)
    Flow(*p.ends()).run(300)


# --- the rights of the systemd unit ------------------------------------------------

UNIT = pathlib.Path(__file__).resolve().parents[2] / "contrib/systemd/ringway@.service"


def of_unit(without=()):
    """Words that run a program with no capability but those of the unit."""
    caps = re.search(r"^CapabilityBoundingSet=(.*)$", UNIT.read_text(), re.M).group(1).split()
    caps = [c.removeprefix("CAP_").lower() for c in caps]
    return ["setpriv", "--inh-caps=-all", "--bounding-set=" + ",".join(["-all", *("+" + c for c in caps if c not in without)])]


@pytest.mark.parametrize("user", ["root", "another"])
def test_the_unit_reaches_the_namespace_of_a_process(pair, user):
    """netns=/proc/PID/ns/net of a root with all capabilities, and of another user."""
    p = pair(start=False)
    how = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if user == "another" else []
    holder = p.na.spawn(*how, "sleep", 600)
    wait_for(lambda: pathlib.Path(f"/proc/{holder.pid}/comm").read_text() == "sleep\n", "the holder of the namespace")
    p.spec_a = p.spec_a.replace(f"netns={p.na.name}", f"netns=/proc/{holder.pid}/ns/net")
    poor = p.lab.spawn([*of_unit(["sys_ptrace"]), binary(), "run", "--port", p.spec_a, "--port", p.spec_b, "--connect", "a:b"])
    assert poor.wait() != 0 and any("may not be opened" in x and "CAP_SYS_PTRACE" in x for x in poor.err), str(poor)
    p.start(prefix=of_unit())
    assert p.na.link("tapa")
    ping(p.na, "10.99.0.2")


# --- rootless --------------------------------------------------------------------

# A /dev/net/tun that anybody may open (as udev makes it), in a mount namespace
# of its own; then a user who is nobody, in a user namespace of that user.
# In it two more namespaces, held by a sleep each; $1 is the program.
TUN = """set -e
mount -t tmpfs tmpfs "$0"; mknod "$0/tun" c 10 200; chmod 666 "$0/tun"; mount --bind "$0/tun" /dev/net/tun
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
     unshare -Urn sh -c "$1" "$2"
"""
INNER = """set -e
unshare -n sleep 600 >/dev/null 2>&1 & A=$!
unshare -n sleep 600 >/dev/null 2>&1 & B=$!
for p in $A $B; do
	until [ "$(readlink /proc/$p/ns/net)" != "$(readlink /proc/$$/ns/net)" ] && grep -q sleep /proc/$p/comm
	do :; done
done
echo "holders $A $B"
exec "$0" run --port tap,id=a,ifname=tapa,netns=/proc/$A/ns/net,addr=10.99.0.1/24 \
	--port tap,id=b,ifname=tapb,netns=/proc/$B/ns/net,addr=10.99.0.2/24 --connect a:b $MORE
"""


class Rootless(Ringway):
    def __init__(self, lab, more=""):
        program, mnt = lab.dir / "ringway", lab.dir / "mnt"
        shutil.copy(binary(), program)
        lab.dir.chmod(0o755)
        mnt.mkdir()
        self.pairs, self.form, self.lab, self.ns = [["a", "b"]], None, lab, None
        self.bridges = []
        self.base, self.checked, self.strict, self.stopped, self.ends = {}, True, True, False, 0
        self.p = lab.spawn(["unshare", "-m", "--propagation", "private", "sh", "-c", TUN, mnt, INNER, program],
                           env={"MORE": more})
        self.pid = self.p.pid
        line = self.p.wait_line(self.p.out, lambda x: x.startswith("holders "), "the two namespaces")
        self.holders = [int(x) for x in line.split()[1:]]
        lab.undo.append(self.end_holders)
        lab.ringways.append(self)
        self.wait_ready()

    def end_holders(self):
        for pid in self.holders:
            try:
                if "sleep" in open(f"/proc/{pid}/comm").read():
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                pass


@pytest.mark.parametrize("more", ["", "--workers 2", "--uring-form E"])
def test_rootless(lab, more):
    if os.path.exists("/proc/sys/user/max_user_namespaces") and \
       int(open("/proc/sys/user/max_user_namespaces").read()) == 0:
        pytest.skip("user namespaces are switched off")
    r = Rootless(lab, more)
    with open(f"/proc/{r.pid}/status") as f:
        status = dict(x.split(":\t", 1) for x in f.read().splitlines() if ":\t" in x)
    assert status["Uid"].split()[0] == "65534", "this test must not run as root"
    a, b = r.holders
    enter = ["nsenter", "-n", "-t"]
    ping(None, "10.99.0.2", prefix=[*enter, a])
    ping(None, "10.99.0.1", prefix=[*enter, b])
    r.quiet()
    r.stop()
    wait_for(lambda: not os.path.exists(f"/proc/{r.pid}"), "its end")
