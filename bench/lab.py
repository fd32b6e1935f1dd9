# SPDX-License-Identifier: BSD-2-Clause
"""Namespaces, processes and ringway's reports for bench/demo and bench/vm.

How it works: a Lab remembers whatever it made, newest last, and undoes it in
the reverse order when its `with` block is left, by whatever way. Signals become
exceptions, so that Ctrl-C and SIGTERM leave by that door too; children die with
us (PDEATHSIG) should we be killed outright.
"""
import ctypes
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
RINGWAY = os.environ.get("RINGWAY", os.path.join(BUILD, "ringway"))
BENCH = os.path.join(BUILD, "ringway-bench")
WAIT = 30  # seconds that anything may take to become ready; slow machines included

_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """Something could not be done; the text says what and why."""


class Stopped(BaseException):
    """SIGTERM, SIGHUP or SIGINT came."""

    def __init__(self, signum):
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


def tool(name):
    return os.path.join(BUILD, "bench", name)


def bench(command, *words):
    """A command line of ringway-bench, that ends with a line of JSON."""
    return [BENCH, command, *map(str, words), "--json"]


def frames(size):
    """The words for UDP frames of 64 flows; size: on the wire, with FCS."""
    return f"size={size},flows=64"


def catch_signals():
    def stop(signum, _frame):
        raise Stopped(signum)
    for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(s, stop)


def need_root_and(*files):
    if os.geteuid() != 0:
        raise LabError("this makes network namespaces and needs root: try sudo")
    for f in files:
        if not os.access(f, os.X_OK):
            raise LabError(f"{f} is missing: build it first (make programs)")


def run(*argv, check=True, **kw):
    """A short command to its end; its stdout, or a LabError with its stderr."""
    try:
        p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           check=False, start_new_session=True, **kw)
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv)}: no end in {kw['timeout']:.0f} s") from None
    if check and p.returncode:
        raise LabError(f"{' '.join(argv)}: {(p.stderr or p.stdout).strip()}")
    return p.stdout


class Proc:
    """A child whose lines of output can be waited for."""

    def __init__(self, argv, netns=None, cpus=None, stdin=subprocess.DEVNULL):
        def before_exec():
            _libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
            if cpus:
                os.sched_setaffinity(0, cpus)
        self.name = os.path.basename(argv[0])
        if netns:
            argv = ["nsenter", f"--net=/run/netns/{netns}", *argv]
        self.lines = queue.Queue()
        self.closed = 0  # of its two streams, those read to their end
        self.tail = []   # of stderr, for messages
        # a session of its own: Ctrl-C is for us, and we end it in our order
        self.p = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, start_new_session=True,
                                  preexec_fn=before_exec)
        self.pid = self.p.pid
        self.readers = [threading.Thread(target=self._read, args=(f,), daemon=True)
                        for f in (self.p.stdout, self.p.stderr)]
        for t in self.readers:
            t.start()

    def _read(self, f):
        for line in f:
            if f is self.p.stderr:
                self.tail = self.tail[-5:] + [line.rstrip()]
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self, pattern, timeout=WAIT):
        """The next line that matches; those before it are dropped."""
        end = time.monotonic() + timeout
        while self.closed < 2:
            try:
                text = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                break
            if text is None:
                self.closed += 1
            elif re.search(pattern, text):
                return text
        state = "has ended" if self.closed == 2 else f"did not say '{pattern}' in {timeout:.0f} s"
        raise LabError(f"{self.name} {state}" + "".join(f"\n    {t}" for t in self.tail))

    def signal(self, signum):
        if self.p.poll() is None:
            self.p.send_signal(signum)

    def wait(self, timeout=WAIT):
        try:
            return self.p.wait(timeout)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name} did not end in {timeout:.0f} s") from None

    def stop(self, timeout=10):
        """SIGTERM, and SIGKILL if that does not help; may run twice. Its exit status."""
        self.signal(signal.SIGTERM)
        try:
            self.p.wait(timeout)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
        for t in self.readers:
            t.join(1)
        return self.p.returncode

    def result(self, timeout=WAIT):
        """The JSON line it ends with."""
        self.wait(timeout)
        for t in self.readers:
            t.join(1)
        return json.loads(self.line(r"^\{", 1))


class Lab:
    def __init__(self, kind):
        self.prefix = f"rw{kind}{os.getpid()}"
        self.undo = []

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        # nothing may interrupt this
        for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(s, signal.SIG_IGN)
        self.unwind(0)

    def unwind(self, mark):
        """Undo what was made since undo had `mark` entries."""
        while len(self.undo) > mark:
            try:
                self.undo.pop()()
            except (LabError, OSError) as e:
                print(f"clean-up: {e}", file=sys.stderr)

    def namespace(self, suffix, ipv6=True):
        name = self.prefix + suffix
        # remembered before it is there: a signal may come in between
        self.undo.append(lambda: run("ip", "netns", "del", name, check=False))
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        conf = "/proc/sys/net/ipv6/conf/default/"
        knob = "accept_dad" if ipv6 else "disable_ipv6"
        run("nsenter", f"--net=/run/netns/{name}", "sh", "-c",
            f"test ! -e {conf}{knob} || echo {0 if ipv6 else 1} > {conf}{knob}")
        return name

    def start(self, argv, netns=None, cpus=None, ready=None, **kw):
        p = Proc(argv, netns, cpus, **kw)
        self.undo.append(p.stop)
        if ready:
            p.line(ready)
        return p

    def end(self, p):
        """Stop a process of ours now; its exit status."""
        rc = p.stop()
        if p.stop in self.undo:
            self.undo.remove(p.stop)
        return rc


def cpu_ns(pid):
    """CPU time of all threads of a process, from the scheduler's own clock."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        except FileNotFoundError:  # an io-wq thread that has just ended
            pass
    return total


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def idle_percent(pid, seconds=2.0):
    t0, c0 = time.monotonic_ns(), cpu_ns(pid)
    time.sleep(seconds)
    return 100.0 * (cpu_ns(pid) - c0) / (time.monotonic_ns() - t0)


class Report:
    """One SIGUSR1 report of ringway: ports[id], workers[i], total; values are int or str."""

    def __init__(self, proc, timeout=WAIT):
        self.ports, self.workers, self.queues, self.total = {}, {}, {}, {}
        proc.signal(signal.SIGUSR1)
        while True:
            text = proc.line(r"^(port=|queue=|worker=|total|end)", timeout)
            if text.split(maxsplit=1)[0] == "end":
                break
            self._take(text)
        self.at = time.monotonic()

    def _take(self, text):
        fields = dict(w.split("=", 1) for w in text.split() if "=" in w)
        fields = {k: int(v) if v.isdigit() else v for k, v in fields.items()}
        if text.startswith("port="):
            self.ports[str(fields["port"])] = fields
        elif text.startswith("queue="):
            self.queues[fields["queue"]] = fields
        elif text.startswith("worker="):
            self.workers[fields["worker"]] = fields
        else:
            self.total = fields

    def sum(self, key):
        return sum(w.get(key, 0) for w in self.workers.values())
