# SPDX-License-Identifier: BSD-2-Clause
"""ping, iperf3 and the flood process, from namespace to namespace."""
import json
import re
import signal
import sys

from tests.lib.lab import ROOT, run, wait_for

PYTHON = sys.executable


def echo_replies(look, addr):
    """ICMP echo replies that came in so far."""
    if ":" in addr:
        return int(re.search(r"^Icmp6InEchoReplies\s+(\d+)", look("cat", "/proc/net/snmp6").stdout, re.M)[1])
    names, values = re.findall(r"^Icmp: (.*)$", look("cat", "/proc/net/snmp").stdout, re.M)
    return int(dict(zip(names.split(), values.split()))["InEchoReps"])


def ping(ns, addr, *args, count=5, prefix=None):
    """
    Every request is answered. ping itself gives the last ones 10 ms only, which a busy
    machine may need longer for: so it goes on until `count` answers are there, and the
    kernel's counter says when each of those that it sent has its own.
    """
    def look(*cmd):
        return run(*prefix, *cmd) if prefix else ns.run(*cmd)

    before = echo_replies(look, addr)
    cmd = ["ping", "-n", "-q", "-c", count, "-i", "0.01", "-w", "40", *args, addr]
    r = run(*prefix, *cmd, check=False) if prefix else ns.run(*cmd, check=False)
    m = re.search(r"(\d+) packets transmitted, (\d+) received", r.stdout)
    assert r.returncode == 0 and m and int(m[2]) >= count and "duplicate" not in r.stdout, r.stdout + r.stderr
    wait_for(lambda: echo_replies(look, addr) - before >= int(m[1]), f"each of {m[1]} requests of ping is answered")
    assert echo_replies(look, addr) - before == int(m[1])


def iperf(client, server, addr, *args):
    """One iperf3 run; its end section."""
    s = server.spawn("iperf3", "-s", "-1", "--forceflush")
    s.wait_line(s.out, lambda x: "Server listening" in x, "iperf3 -s")
    r = client.run("iperf3", "-c", addr, "-J", "--connect-timeout", "20000", *args, check=False, timeout=120)
    assert r.returncode == 0, r.stdout[-2000:] + r.stderr
    s.wait()
    return json.loads(r.stdout)["end"]


def tcp(client, server, addr, *args, size="40M"):
    """A TCP transfer; bytes that arrived."""
    end = iperf(client, server, addr, "-n", size, *args)
    n = end["sum_received"]["bytes"]
    assert n > 0
    return n


def blast(ns, dev, size=60, flows=1):
    """The flood process, already sending."""
    p = ns.spawn(PYTHON, ROOT / "tests/lib/blast.py", dev, size, flows)
    p.wait_line(p.out, lambda x: x == "on", "blast.py's start")
    return p


def blast_stop(p):
    """End the flood; how many frames the device's queue took."""
    p.signal(signal.SIGTERM)
    assert p.wait() == 0, str(p)
    return int(re.search(r"sent=(\d+)", "\n".join(p.out)).group(1))
