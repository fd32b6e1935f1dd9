# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's threads behind the rings: how many there are, where they run, and that they go."""
import errno
import fcntl
import os
import pathlib

import pytest

from tests.lib.frames import Flow
from tests.lib.lab import wait_for
from tests.lib.served import by_vhost

SET_OWNER, NEW_WORKER = 0xAF01, 0x8004AF08  # <linux/vhost.h>


def can_make_threads():
    """Ask vhost-net itself: vhost-scsi has had it since 6.5, which says nothing of the other."""
    with open("/dev/vhost-net", "r+b", buffering=0) as f:
        fcntl.ioctl(f, SET_OWNER)
        try:
            fcntl.ioctl(f, NEW_WORKER, bytearray(4))
        except OSError as e:
            assert e.errno == errno.ENOTTY, e
            return False
    return True


def threads(rep, port):
    """(tid, cpu or None) of each thread that the report lists for a port."""
    line = next(x for x in rep.lines if x.startswith(f"vhost={port} "))
    words = dict(w.split("=", 1) for w in line.split(" why=")[0].split())
    found = [] if words["threads"] == "-" else words["threads"].split(",")
    return words["workers"], [(int(t), int(c) if c else None) for t, _, c in (f.partition("@") for f in found)]


def allowed(tid):
    for path in (f"/proc/{tid}/status", *pathlib.Path("/proc").glob(f"*/task/{tid}/status")):
        try:
            for line in pathlib.Path(path).read_text().splitlines():
                if line.startswith("Cpus_allowed_list:"):
                    return line.split()[1]
        except FileNotFoundError:
            continue
    raise AssertionError(f"no thread {tid}")


@pytest.mark.parametrize("queues", [1, 2])
@pytest.mark.parametrize("workers", ["shared", "per-queue"])
def test_threads_of_vhost_net(pair, workers, queues):
    p = pair(ipv6=False, a=f",queues={queues},vhost=on,vhost-workers={workers},vhost-cpus=1",
             b=f",queues={queues},vhost=on")
    rep = p.r.report()
    assert by_vhost(rep, "a", "b") is True
    can = can_make_threads()
    got, found = threads(rep, "a")
    assert got == (workers if can else "shared"), str(rep)
    assert len(found) == queues * (2 if got == "per-queue" else 1), str(rep)
    assert all(cpu == 1 and allowed(tid) == "1" for tid, cpu in found), str(rep)
    _, others = threads(rep, "b")
    assert len(others) == queues and all(cpu is None for _, cpu in others), str(rep)
    assert not {t for t, _ in found} & {t for t, _ in others}
    if workers == "per-queue" and not can:
        assert sum("cannot make threads" in x for x in p.r.p.err) == 1, str(p.r.p)
    a, b = p.ends()
    Flow(a, b, n_flows=4).run(300)
    Flow(b, a, n_flows=4).run(300)
    p.r.stop()
    wait_for(lambda: not any(os.path.exists(f"/proc/{t}") for t, _ in found + others), "the threads to end")
