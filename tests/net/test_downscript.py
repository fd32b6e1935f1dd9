# SPDX-License-Identifier: BSD-2-Clause
"""Stop signals at the end: they end a downscript that hangs, and nothing else."""
import signal

import pytest

from tests.lib.lab import wait_for
from tests.lib.programs import held, program
from tests.lib.ringway import binary


def start(lab, ns, *words):
    p = lab.spawn(ns.cmd(binary(), "run", *words))
    p.wait_line(p.err, lambda x: x.startswith("ringway: ready"), "the line `ringway: ready`")
    return p


def wait_mark(lab, p, mark):
    wait_for((lab.dir / mark).exists, lambda: f"the downscript to tell that it runs\n{p}")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_a_second_signal_ends_one_that_hangs(lab, sig):
    """Each of two hangs; each is ended by a signal of its own, and the port after them closes in peace."""
    ns, pid = lab.netns("a"), lab.dir / "pid"
    ok = program(lab, "ok.sh", f"echo >{lab.dir / 'ok'}\n")
    deaf = held(lab, "trap '' TERM INT\nread x <{fifo}\nread x <{fifo}\n", "deaf")
    words = [w for n, down in enumerate((ok, deaf, held(lab)))
             for w in ("--port", f"tap,id=p{n},ifname=t{n},downscript={down}")]
    p = start(lab, ns, *words, "--pidfile", pid)
    p.signal(signal.SIGTERM)
    for mark in ("mark", "deaf"):
        wait_mark(lab, p, mark)
        p.signal(sig)
    assert p.wait() == 128 + sig, str(p)
    told = sorted(x.split("'")[1] for x in p.err if "downscript=" in x and "interrupted by a signal" in x)
    assert told == ["p1", "p2"], str(p)
    assert list(ns.links()) == ["lo"] and not pid.exists() and (lab.dir / "ok").exists()


def test_a_signal_ends_one_of_the_roll_back(lab):
    ns = lab.netns("a")
    p = lab.spawn(ns.cmd(binary(), "run", "--port", f"tap,id=a,ifname=t0,downscript={held(lab)}", "--port",
                         "tap,id=b,ifname=lo"))
    wait_mark(lab, p, "mark")
    p.signal(signal.SIGTERM)
    assert p.wait() == 71, f"the first failure is the one to tell\n{p}"
    assert any("port 'a': downscript=" in x for x in p.err) and any("port 'b'" in x for x in p.err), str(p)
    assert list(ns.links()) == ["lo"]


def test_two_signals_before_it_do_not_end_it(lab):
    """Two at once, as from a terminal and from the wrapper in it, are one wish."""
    ns = lab.netns("a")
    down = program(lab, "down.sh", f"echo >{lab.dir / 'ran'}\n")
    p = start(lab, ns, "--port", f"tap,id=a,ifname=t0,downscript={down}")
    p.signal(signal.SIGSTOP)
    p.signal(signal.SIGTERM)
    p.signal(signal.SIGINT)
    p.signal(signal.SIGCONT)
    assert p.wait() == 0, str(p)
    assert (lab.dir / "ran").exists()
