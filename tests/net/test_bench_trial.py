# SPDX-License-Identifier: BSD-2-Clause
"""What a trial of ringway-bench is charged with: the right bits, the right sender, a forwarder that lives."""
import json
import os

import pytest

from tests.lib.lab import Process
from tests.net.test_bench_run import BENCH, MARK, case_file, measure, refused

FAKE_IPERF = """#!/bin/sh
case "$*" in
*-s*) echo 'Server listening'; exec sleep 1000 ;;
esac
cat <<END
{"intervals": [{"sum": {"bytes": 125000000, "omitted": true}}, {"sum": {"bytes": 125000, "omitted": false}}],
 "end": {"sum_sent": {"seconds": 1, "retransmits": 0}, "sum_received": {"bits_per_second": 1e6}}}
END
"""


def test_tcp_costs_what_all_of_it_costs(lab):
    """A second that is left out of the rate has taken CPU time and carried bits: 1001 times as many here."""
    bin_dir = lab.dir / "bin"
    bin_dir.mkdir()
    (bin_dir / "iperf3").write_text(FAKE_IPERF)
    (bin_dir / "iperf3").chmod(0o755)
    path = case_file(lab, "links = veth\nready = true\nstart = while :; do :; done\n", "spinning")
    p = Process([BENCH, "run", path, "--job", "tcp", "--seconds", "1", "--json"],
                env={MARK: lab.tag, "PATH": f"{bin_dir}:{os.environ['PATH']}"})
    lab.processes.append(p)
    assert p.wait(120) == 0, p.err
    m = json.loads("\n".join(p.out))
    assert m["bps"] == 1e6
    assert 0 < m["cpu_ns_gbit"] < 60e9, "a trial takes no minute"


def test_the_share_of_the_ceiling_is_of_what_came(lab):
    """Three of four frames are lost behind the sender: it is not to blame."""
    path = case_file(lab, "links = veth\nvnet = yes\nstart = tc qdisc add dev port0 clsact\n"
                     "start = tc filter add dev port0 ingress protocol ip u32 match ip dport 20001 0xffff"
                     " action mirred egress redirect dev port1\n", "lossy")
    m = measure(lab, path, "--seconds", "0.3", "--frames", "flows=4,dport=20000+1%4")
    assert m["received"] * 3.9 < m["sent"] < m["received"] * 4.1
    assert m["ceiling_share"] * m["ceiling_pps"] == pytest.approx(m["received_pps"])


def test_one_that_is_dead_at_the_end_has_no_result(lab):
    """It dies in the silence that is measured, where nobody looks."""
    text = "links = veth\nstart = sleep 2.5 & :\n"
    said = refused(lab, "run", case_file(lab, text), "--job", "idle", "--seconds", "3")
    assert "broken: a process of it has ended" in said
