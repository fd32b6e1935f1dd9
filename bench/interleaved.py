# SPDX-License-Identifier: BSD-2-Clause
"""interleaved: rounds, jobs and tables of bench/vm, in the guest and outside of it.

How it works: speed drifts between minutes, so nothing is compared over time. In
each round every job is run for every forwarder in turn (A B C A B C), each
freshly started and alone; ratios are taken within a round and then the median,
lowest and highest of them are shown. No figure is asserted. bench/vm says which
forwarders, jobs and baselines there are.
"""
import json
import os
import platform
import statistics
import sys
import time

sys.dont_write_bytecode = True
import lab  # noqa: E402

ADDR = {"a": "10.52.0.1", "b": "10.52.0.2"}
ABSENT = "-"  # what stands where there is no figure
BASES = []    # what ratios are taken to
FORWARDERS, JOBS = {}, {}


# --- forwarders: each joins tap0 in namespace a with tap0 in namespace b -------

class Ringway:
    def __init__(self, *options, binary=lab.RINGWAY):
        self.binary, self.options = binary, options

    def start(self, bench, cpu):
        argv = [self.binary, "run"]
        for port in "ab":
            argv += ["--port", f"tap,id={port},ifname=tap0,netns={bench.ns[port]},"
                     f"addr={ADDR[port]}/24"]
        argv += ["--connect", "a:b", *self.options]
        argv += [] if cpu is None else ["--cpus", str(cpu)]
        self.proc = bench.lab.start(argv, ready="^ringway: ready")


# --- jobs: each returns {metric: value} -----------------------------------------

class Bench:
    def __init__(self, box, args):
        self.lab, self.args = box, args
        self.ns = {s: box.namespace(s, ipv6=False) for s in "ab"}
        cpus = sorted(os.sched_getaffinity(0))
        self.gen_cpu = cpus[0]
        self.fwd_cpu = cpus[1] if len(cpus) > 1 else None
        self.seconds = 1.0 if args.quick else 3.0

    def tcp(self, fwd, streams):
        seconds = 2 if self.args.quick else 5
        server = self.lab.start(["iperf3", "-s", "-1", "--forceflush"], self.ns["b"],
                                ready="Server listening")
        out = lab.run("nsenter", f"--net=/run/netns/{self.ns['a']}", "iperf3", "-c", ADDR["b"],
                      "-P", str(streams), "-t", str(seconds), "-J", timeout=seconds + lab.WAIT)
        self.lab.end(server)
        end = json.loads(out)["end"]
        m = {"gbit": end["sum_received"]["bits_per_second"] / 1e9,
             "retransmits": end["sum_sent"].get("retransmits", 0)}
        if fwd.proc:
            m["rss_mib"] = lab.rss_kib(fwd.proc.pid) / 1024
        return m


class Job:
    def __init__(self, title, call, blocks, pinned=False):
        self.title, self.call, self.pinned = title, call, pinned
        self.blocks = blocks  # (metric, what it is, unit, notes beside it); the first leads


LOSS = ("loss_percent", "loss {:.1f} %")
AGAIN = ("retransmits", "{:.0f} retransmits")
RTT = [("p50", "median", "us", (("min", "min {:.1f}"), ("lost", "{:.0f} lost"))),
       ("p99", "99 of 100 are shorter", "us", (("p99.9", "p99.9 {:.1f}"), ("max", "max {:.1f}")))]


# --- the rounds -------------------------------------------------------------------

def sample(bench, job, name):
    kind, options = FORWARDERS[name]
    fwd, mark = kind(*options), len(bench.lab.undo)
    try:
        fwd.start(bench, bench.fwd_cpu if job.pinned else None)
        return job.call(bench, fwd)
    except lab.LabError as e:
        return {"error": str(e)}
    finally:
        bench.lab.unwind(mark)


def rounds(bench, args, results):
    for n in range(args.rounds):
        for job in args.jobs:
            results.setdefault(job, {})
            for name in args.forwarders:
                m = sample(bench, JOBS[job], name)
                results[job].setdefault(name, []).append(m)
                metric, _, unit, _ = JOBS[job].blocks[0]
                value = m.get(metric)
                text = m.get("error") or ("-" if value is None else f"{value:.4g} {unit}")
                print(f"round {n + 1}/{args.rounds}  {job:8} {name:15} {text}", flush=True)


# --- the table --------------------------------------------------------------------

def spread(values, form):
    text = form.format(statistics.median(values))
    if len(values) > 1:
        text += f" [{form.format(min(values))}..{form.format(max(values))}]"
    return text


def ratios(samples, base, metric):
    return [s[metric] / b[metric] for s, b in zip(samples, base)
            if s.get(metric) is not None and b.get(metric)]


def row(block, name, all_samples, bases, width):
    metric, _, _, notes = block
    samples = all_samples[name]
    values = [s[metric] for s in samples if s.get(metric) is not None]
    text = f"  {name:{width}}{spread(values, '{:.4g}') if values else ABSENT:>24}"
    for base in bases:
        r = ratios(samples, all_samples[base], metric) if base != name else []
        text += f" {spread(r, '{:.2f}') if r else '':>19}"
    beside = []
    for m, form in notes:
        v = [s[m] for s in samples if s.get(m) is not None]
        if v:
            beside.append(form.format(statistics.median(v)))
    errors = [s["error"].splitlines()[0] for s in samples if "error" in s]
    return text + "  " + ", ".join(beside) + (f"  FAILED: {errors[0]}" if errors else "")


def table(results):
    for key, all_samples in results.items():
        for block in JOBS[key].blocks:
            metric, what, unit, _ = block
            bases = [b for b in BASES if metric != "cpu_percent" and
                     any(s.get(metric) for s in all_samples.get(b, []))]
            print(f"\n{JOBS[key].title}: {what}, {unit}")
            width = max(15, *(len(name) + 1 for name in all_samples))
            print(f"  {'':{width}}{'':>24}" + "".join(f"{'x ' + b:>20}" for b in bases))
            for name in all_samples:
                print(row(block, name, all_samples, bases, width).rstrip())


def machine():
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            model = next(line.split(":", 1)[1].strip() for line in f if "model name" in line)
    except (OSError, StopIteration):
        pass
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d %H:%M:%S %z")}
