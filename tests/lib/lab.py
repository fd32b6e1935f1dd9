# SPDX-License-Identifier: BSD-2-Clause
"""A laboratory for one test: namespaces and processes that go away on every path."""
import atexit
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from tests.lib import sysnet

ROOT = pathlib.Path(__file__).resolve().parents[2]
# seconds for anything to happen: machines may be ten times slower, and a guest more so
LIMIT = 60.0 if os.environ.get("IN_GUEST") else 30.0

_alive = []
_count = 0


def wait_for(condition, what, timeout=LIMIT):
    """Wait until condition() is true and return what it gave."""
    end = time.monotonic() + timeout
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            what = what() if callable(what) else what
            raise AssertionError(f"waited {timeout:.0f} s in vain for: {what}")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def run(*cmd, check=True, timeout=2 * LIMIT, **kw):
    r = subprocess.run([str(c) for c in cmd], capture_output=True, text=True, timeout=timeout,
                       stdin=subprocess.DEVNULL, **kw)
    if check and r.returncode:
        raise AssertionError(f"{' '.join(map(str, cmd))}: exit {r.returncode}\n{r.stdout}{r.stderr}")
    return r


class Process:
    """A child whose output is collected by threads; dies with us."""

    def __init__(self, cmd, env=None, preexec=None, pass_fds=(), stdin=None, cwd=None):
        self.cmd = [str(c) for c in cmd]

        def before():
            sysnet.die_with_parent()
            if preexec:
                preexec()

        self.p = subprocess.Popen(
            self.cmd, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, **(env or {})), preexec_fn=before, pass_fds=pass_fds, cwd=cwd,
        )
        self.pid = self.p.pid
        self.out, self.err = [], []
        self._readers = [
            threading.Thread(target=self._read, args=(f, lines), daemon=True)
            for f, lines in ((self.p.stdout, self.out), (self.p.stderr, self.err))
        ]
        for t in self._readers:
            t.start()

    @staticmethod
    def _read(f, lines):
        with f:
            for line in f:
                lines.append(line.decode(errors="replace").rstrip("\n"))

    @property
    def running(self):
        return self.p.poll() is None

    def signal(self, sig):
        if self.running:
            self.p.send_signal(sig)

    def wait(self, timeout=LIMIT):
        """Its exit status; all its output has been read then."""
        try:
            rc = self.p.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout:.0f} s: {self}") from None
        for t in self._readers:
            t.join(5)
        return rc

    def wait_line(self, lines, match, what=None, timeout=LIMIT):
        """Wait for a line for which match(line) holds; the process must live."""
        def look():
            for line in list(lines):
                if match(line):
                    return line
            if not self.running:
                for t in self._readers:
                    t.join(5)
                for line in list(lines):
                    if match(line):
                        return line
                raise AssertionError(f"ended (exit {self.p.returncode}) before: {what}\n{self}")
            return None
        return wait_for(look, lambda: f"{what}\n{self}", timeout)

    def kill(self):
        if self.running:
            self.p.kill()
        self.p.wait()

    def __str__(self):
        return "\n".join([" ".join(self.cmd), *("out: " + x for x in self.out[-20:]),
                          *("err: " + x for x in self.err[-60:])])


class Netns:
    """A named network namespace."""

    def __init__(self, lab, name, ipv6=True):
        self.lab, self.name = lab, name
        self.path = f"/run/netns/{name}"
        run("ip", "netns", "add", name)
        self.gone = False
        # addresses are usable at once, and nobody speaks unasked where a test counts frames
        self.sysctl("ipv6/conf/default/accept_dad", 0)
        self.sysctl("ipv6/conf/all/accept_dad", 0)
        if not ipv6:
            self.sysctl("ipv6/conf/default/disable_ipv6", 1)
            self.sysctl("ipv6/conf/all/disable_ipv6", 1)
        self.ip("link", "set", "lo", "up")

    def cmd(self, *cmd):
        return ["nsenter", f"--net={self.path}", *map(str, cmd)]

    def run(self, *cmd, **kw):
        return run(*self.cmd(*cmd), **kw)

    def ip(self, *args, **kw):
        return self.run("ip", *args, **kw)

    def sysctl(self, key, value):
        with sysnet.inside(self.path), open(f"/proc/sys/net/{key}", "w") as f:
            f.write(str(value))

    def spawn(self, *cmd, **kw):
        return self.lab.spawn(self.cmd(*cmd), **kw)

    def inside(self):
        return sysnet.inside(self.path)

    def links(self):
        """name -> what `ip -j -d -s link` tells."""
        out = self.ip("-j", "-d", "-s", "-s", "link").stdout
        return {x["ifname"]: x for x in json.loads(out or "[]")}

    def link(self, name):
        return self.links().get(name)

    def addrs(self, name):
        out = json.loads(self.ip("-j", "addr", "show", "dev", name).stdout)
        return {f"{a['local']}/{a['prefixlen']}" for x in out for a in x.get("addr_info", [])}

    def delete(self):
        if not self.gone:
            self.gone = True
            run("ip", "netns", "del", self.name, check=False)


class Lab:
    """Everything a test makes; close() takes it all away again."""

    def __init__(self):
        global _count
        _count += 1
        self.tag = f"rw{os.getpid()}x{_count}"
        self.spaces, self.processes, self.fds, self.undo = [], [], [], []
        self.ringways = []
        self.keeps = set()  # (namespace, link) that may be there after ringway ended
        self._dir = None
        _alive.append(self)

    @property
    def dir(self):
        if not self._dir:
            self._dir = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.tag}-", dir="/tmp"))
        return self._dir

    def netns(self, name, **kw):
        ns = Netns(self, f"{self.tag}{name}", **kw)
        self.spaces.append(ns)
        return ns

    def spawn(self, cmd, **kw):
        p = Process(cmd, **kw)
        self.processes.append(p)
        return p

    def own_fd(self, fd):
        self.fds.append(fd)
        return fd

    def release_fd(self, fd):
        self.fds.remove(fd)
        os.close(fd)

    def close(self):
        """Idempotent; returns what was found left over."""
        for p in reversed(self.processes):
            p.kill()
        for fd in self.fds:
            try:
                os.close(fd)
            except OSError:
                pass
        self.fds = []
        for f in reversed(self.undo):
            f()
        self.undo = []
        for ns in self.spaces:
            ns.delete()
        if self._dir:
            shutil.rmtree(self._dir, ignore_errors=True)
        if self in _alive:
            _alive.remove(self)

    def left(self):
        """Namespaces of this lab that still have a name, and children not reaped."""
        names = [n for n in os.listdir("/run/netns") if n.startswith(self.tag)] if os.path.isdir("/run/netns") else []
        return names + [str(p.pid) for p in self.processes if p.running]


def _close_all(*_):
    for lab in list(_alive):
        try:
            lab.close()
        except Exception as e:  # the others are closed all the same
            print(f"cleaning up: {e}", file=sys.stderr)


def _on_signal(sig, _):
    _close_all()
    signal.signal(sig, signal.SIG_DFL)
    os.kill(os.getpid(), sig)


def install_cleanup():
    atexit.register(_close_all)
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, _on_signal)
