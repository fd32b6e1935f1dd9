# SPDX-License-Identifier: BSD-2-Clause
"""A running ringway: started, asked for its report, held to conservation, stopped."""
import os
import re
import signal

from tests.lib.lab import LIMIT, ROOT, wait_for

KERNEL = ("rx_packets", "rx_bytes", "rx_dropped", "rx_errors", "tx_packets", "tx_bytes", "tx_dropped", "tx_errors")


def binary():
    return os.environ.get("RINGWAY") or str(ROOT / "build/ringway")


def sanitized():
    return bool(re.search(r"/(san|tsan)/ringway$", binary())) or bool(os.environ.get("RINGWAY_SANITIZED"))


class Fields(dict):
    """key=value words of a line; figures are int, `-` is None."""

    def __init__(self, words):
        super().__init__()
        for w in words:
            k, _, v = w.partition("=")
            self[k] = None if v == "-" else int(v) if re.fullmatch(r"\d+", v) else v

    def __getattr__(self, key):
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None


class Report:
    def __init__(self, lines):
        self.lines = lines
        self.ports, self.queues, self.drops, self.workers, self.total = {}, {}, {}, [], None
        self.bridges = {}
        for line in lines:
            words = line.split()
            if not words:
                continue
            kind = words[0].partition("=")[0]
            f = Fields(words)
            if kind == "port":
                self.ports[str(f["port"])] = f
            elif kind == "queue":
                self.queues[f["queue"]] = f
            elif kind == "drop":
                self.drops[(f["drop"], f["reason"])] = f["packets"]
            elif kind == "bridge":
                self.bridges[str(f["bridge"])] = f
            elif kind == "worker":
                self.workers.append(f)
            elif kind == "total":
                self.total = Fields(words[1:])

    def drop(self, port, reason=None):
        """Frames dropped at a port (all queues), for a reason or a prefix of reasons."""
        return sum(
            n for (q, r), n in self.drops.items()
            if q.rsplit("/", 1)[0] == port and (reason is None or r == reason or r.startswith(reason))
        )

    def reasons(self):
        return {r for (_, r), n in self.drops.items() if n}

    def queue_sum(self, port, key):
        return sum(q[key] for name, q in self.queues.items() if name.rsplit("/", 1)[0] == port)

    def worker_sum(self, key):
        return sum(w[key] for w in self.workers)

    def __str__(self):
        return "\n".join(self.lines)


class Ringway:
    """`ringway run` with the given words; ready when the constructor returns."""

    def __init__(self, lab, *args, ns=None, prefix=(), connects=(), bridges=(), form=None, ready=True, checked=True, **kw):
        words = [str(a) for a in args]
        for pair in connects:
            words += ["--connect", pair]
        if form and form != "mixed":
            words += ["--uring-form", form]
        self.form = form
        self.pairs = [c.split(":") for c in connects] or [
            words[i + 1].split(":") for i, w in enumerate(words) if w == "--connect"
        ]
        # the ports of each bridge; one that a file makes is told by its test
        self.bridges = bridges or [
            [p for p in words[i + 1].split("=", 1)[1].split(",") if "=" not in p]
            for i, w in enumerate(words) if w == "--bridge"
        ]
        cmd = [*prefix, binary(), "run", *words]
        self.lab, self.ns = lab, ns
        self.p = lab.spawn(ns.cmd(*cmd) if ns else cmd, **kw)
        self.pid = self.p.pid
        self.ends = 0
        self.base = {}  # port -> kernel counters before ringway had it (persistent devices)
        self.checked = checked  # asserted to conserve at the end of the test
        self.strict = True  # ... and reconciled with the kernel's counters
        self.stopped = False
        lab.ringways.append(self)
        if ready:
            self.wait_ready()

    def wait_ready(self):
        self.p.wait_line(self.p.err, lambda x: x.startswith("ringway: ready"), "the line `ringway: ready`")
        if self.form and self.form != "mixed":
            forms = {w.form for w in self.report().workers}
            assert forms == {self.form}, f"asked for form {self.form}, got {forms}\n{self.p}"

    @property
    def running(self):
        return self.p.running

    def report(self):
        """Ask with SIGUSR1."""
        start = len(self.p.out)
        n = sum(1 for x in self.p.out if x == "end")
        self.p.signal(signal.SIGUSR1)

        def done():
            lines = list(self.p.out)
            if not self.running:
                raise AssertionError(f"ringway ended (exit {self.p.p.returncode})\n{self.p}")
            return lines if sum(1 for x in lines if x == "end") > n else None

        lines = wait_for(done, lambda: f"a report\n{self.p}")[start:]
        return Report(lines[: lines.index("end")])

    def wait_report(self, condition, what, timeout=LIMIT):
        last = [None]

        def look():
            last[0] = self.report()
            return last[0] if condition(last[0]) else None

        return wait_for(look, lambda: f"{what}\nlast report:\n{last[0]}\n{self.p}", timeout)

    # --- conservation -------------------------------------------------------

    def imbalances(self, rep):
        """Each way in which a report does not add up, as sentences."""
        bad = []
        for ports in self.bridges:
            came = sum(rep.ports[a].rx_packets + rep.ports[a].copies for a in ports)
            went = sum(rep.ports[a].tx_packets - rep.ports[a].tx_made_packets + rep.drop(a) for a in ports)
            if came != went:
                bad.append(f"bridge of {','.join(ports)}: received and copied {came} != sent and dropped {went}")
        bridged = {a for ports in self.bridges for a in ports}
        peer = {a: b for a, b in self.pairs} | {b: a for a, b in self.pairs}
        for a, p in rep.ports.items():
            rx_drops = rep.drop(a, "rx_")
            if a in peer:
                b = peer[a]
                out = rep.ports[b].tx_packets - rep.ports[b].tx_made_packets
                tx_drops = rep.drop(b, "tx_")
                if p.rx_packets != out + tx_drops + rx_drops:
                    bad.append(f"{a}: received {p.rx_packets} != {b} sent {out} (beside those made by segmentation) + {tx_drops} tx drops + {rx_drops} rx drops")
            elif a not in bridged and p.rx_packets != rx_drops:
                bad.append(f"{a} (unconnected): received {p.rx_packets} != dropped {rx_drops}")
            for key in ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes", "tx_made_packets", "copies", "drops"):
                if rep.queue_sum(a, key) != p[key]:
                    bad.append(f"{a}: its queues' {key} sum up to {rep.queue_sum(a, key)}, not {p[key]}")
            if rep.drop(a) != p.drops:
                bad.append(f"{a}: its drop lines sum up to {rep.drop(a)}, not {p.drops}")
        for key in ("rx_packets", "tx_packets", "tx_made_packets", "copies", "drops"):
            s = sum(p[key] for p in rep.ports.values())
            if rep.total is None or rep.total[key] != s:
                bad.append(f"total {key}: {rep.total and rep.total[key]}, the ports sum up to {s}")
        known = {"rx_unconnected"}
        if "tx_error" in rep.reasons() - known:
            bad.append("drops without a known reason (tx_error)")
        return bad

    def unreconciled(self, rep):
        """Where ringway's figures differ from the kernel's own of the devices."""
        bad = []
        for a, p in rep.ports.items():
            if p.kernel_tx_packets is None:
                continue
            base = self.base.get(a, {})
            k = {key: p["kernel_" + key] - base.get(key, 0) for key in KERNEL}
            # the device's tx is what we read, its rx what it took from us
            for ours, theirs in (("rx_packets", "tx_packets"), ("rx_bytes", "tx_bytes"),
                                 ("tx_packets", "rx_packets"), ("tx_bytes", "rx_bytes")):
                if p[ours] != k[theirs]:
                    bad.append(f"{a}: {ours} {p[ours]}, but the kernel's {theirs} {k[theirs]}")
            down = rep.drop(a, "tx_link_down")
            if k["rx_dropped"] + k["rx_errors"] < down:
                bad.append(f"{a}: {down} tx_link_down, but the kernel counts only {k['rx_dropped']}")
        return bad

    def quiet(self):
        """Wait until all adds up (frames in flight have landed); the report then."""
        last = [None, None]

        def look():
            rep = self.report()
            last[:] = rep, self.imbalances(rep) + (self.unreconciled(rep) if self.strict else [])
            return rep if not last[1] else None

        return wait_for(look, lambda: "conservation:\n" + "\n".join(last[1] or []) + f"\n{last[0]}\n{self.p}", LIMIT / 2)

    # --- the end ------------------------------------------------------------

    def stop(self, sig=signal.SIGTERM, status=0):
        """SIGTERM; it must exit with the status. Returns its whole stderr."""
        if not self.stopped:
            self.stopped = True
            assert self.running, f"ringway is gone (exit {self.p.p.returncode})\n{self.p}"
            self.p.signal(sig)
            rc = self.p.wait()
            assert rc == status, f"exit {rc}, not {status}\n{self.p}"
            bad = [x for x in self.p.err if "Sanitizer" in x or "runtime error:" in x]
            assert not bad, str(self.p)
        return self.p.err

    def kill(self):
        self.stopped = True
        self.p.kill()
        self.p.wait()

    # --- what the kernel tells of the process -------------------------------

    def status(self, key):
        """A figure of /proc/PID/status (VmRSS in kB, ...)."""
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(key + ":"))

    def cpu_ticks(self):
        with open(f"/proc/{self.pid}/stat") as f:
            words = f.read().rsplit(")", 1)[1].split()
        return int(words[11]) + int(words[12])

    def n_fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))
