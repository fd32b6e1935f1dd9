# SPDX-License-Identifier: BSD-2-Clause
"""ringway-bench peers and compare: documents validate, whatever happens; nothing is left behind."""
import json
import os
import re
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest

from tests.lib.lab import LIMIT, ROOT, wait_for

BUILD = ROOT / os.environ.get("BUILD", "build")
BENCH = BUILD / "ringway-bench"
SCHEMA = json.loads((ROOT / "bench/report/document.schema.json").read_text())
SHORT = ["--quick", "--seconds", "0.2"]


def bench(*words, timeout=4 * LIMIT, **kw):
    return subprocess.run([BENCH, *map(str, words)], capture_output=True, text=True, timeout=timeout, check=False, **kw)


def loaded(path):
    doc = json.loads(path.read_text())
    jsonschema.validate(doc, SCHEMA)
    return doc


def figures(doc, job, case, metric):
    samples = next(j for j in doc["jobs"] if j["job"] == job)["samples"][case]
    return [s.get(metric) for s in samples]


def test_two_cases_two_rounds(tmp_path):
    out = tmp_path / "out"
    r = bench("peers", *SHORT, "--rounds", 2, "--cases", "rwloop,ringway", "--jobs", "pps64,rtt,idle", "--out", out, "--json",
              tmp_path / "x.json", "--markdown", tmp_path / "R.md")
    assert r.returncode == 0, r.stderr
    doc = loaded(tmp_path / "x.json")
    assert doc == loaded(out / "results.json")
    assert doc["argv"][:2] == ["ringway-bench", "peers"] and doc["rounds"] == 2 and doc["baselines"] == ["rwloop"]
    assert "ringway" in doc["versions"] and "exec" in doc["cases"]["rwloop"]["start"]
    for case in ("rwloop", "ringway"):
        assert all(v > 0 for v in figures(doc, "pps64", case, "kpps")), doc
        assert all(0 <= v < 100 for v in figures(doc, "pps64", case, "loss_percent"))
        assert all(v > 0 for v in figures(doc, "pps64", case, "cpu_us"))
        assert all(v > 0 for v in figures(doc, "rtt", case, "p50"))
        assert figures(doc, "rtt", case, "lost") == [0, 0]
        assert all(v >= 0 for v in figures(doc, "idle", case, "cpu_percent"))
    order = [tuple(x.split()[2:4]) for x in re.findall(r"round .*", r.stderr)]
    turns = [(job, case + ":") for job in ("pps64", "rtt", "idle") for case in ("rwloop", "ringway")]
    assert order == 2 * [t for t in sorted(turns, key=lambda t: [x[0] for x in order].index(t[0]))]
    assert "x rwloop" in r.stdout
    assert (tmp_path / "R.md").read_text() == (out / "RESULTS.md").read_text()
    hgrm = (out / figures(doc, "rtt", "ringway", "hgrm")[0]).read_text()
    assert "1/(1-Percentile)" in hgrm and re.search(r"^#\[Mean", hgrm, re.M)
    again = bench("report", out / "results.json")
    assert again.stdout == r.stdout
    for p in out.glob("*.svg"):
        ElementTree.parse(p)


def test_more_ports_and_queues(tmp_path):
    r = bench("peers", *SHORT, "--cases", "bridge,rwloop", "--jobs", "ports4,pps64-q2", "--json", tmp_path / "x.json")
    assert r.returncode == 0, r.stderr
    doc = loaded(tmp_path / "x.json")
    for job in doc["jobs"]:  # the loop has two ports of one queue: it is not asked
        assert list(job["samples"]) == ["bridge"]
    assert figures(doc, "ports4", "bridge", "loss_percent")[0] is not None


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_broken_off(signum, tmp_path):
    """Who ends a long run has what was measured, and nothing is left."""
    path = tmp_path / "x.json"
    p = subprocess.Popen([BENCH, "peers", *SHORT, "--rounds", "500", "--cases", "ringway", "--jobs", "pps64", "--json", path],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for line in p.stderr:
            if line.startswith("[3/"):
                break
        children = subprocess.run(["pgrep", "-P", str(p.pid)], capture_output=True, text=True, check=False).stdout.split()
        p.send_signal(signum)
        out, err = p.communicate(timeout=LIMIT)
    finally:
        p.kill()
        p.wait()
    if signum == signal.SIGINT:
        assert p.returncode == 130 and re.search(r"\nringway-bench: broken off in round [34]\n$", err), err
        assert re.search(r"  ringway +\d", out), out
    else:
        assert p.returncode == -signal.SIGKILL
    assert len(figures(loaded(path), "pps64", "ringway", "kpps")) >= 3
    wait_for(lambda: not any(os.path.exists(f"/proc/{c}") for c in children), "the box to end")
    assert bench("report", path).returncode == 0


def test_a_failing_case(tmp_path):
    case = tmp_path / "broken.case"
    case.write_text("[case]\ntitle = it ends at once\nlinks = veth\nstart = echo no way >&2\nstart = exit 3\n")
    r = bench("peers", *SHORT, "--rounds", 4, "--case", case, "--cases", "bridge", "--jobs", "pps64", "--json", tmp_path / "x.json")
    assert r.returncode == 1, r.stderr
    assert "4 samples failed" in r.stderr
    doc = loaded(tmp_path / "x.json")
    errors = figures(doc, "pps64", str(case), "error")
    assert all("no way" in e or "status 3" in e for e in errors[:3]) and "3 failures in a row" in errors[3], errors
    assert all(v > 0 for v in figures(doc, "pps64", "bridge", "kpps"))
    assert "FAILED 4x" in r.stdout


def test_compare_with_itself(tmp_path):
    ringway = os.environ.get("RINGWAY", str(BUILD / "ringway"))
    r = bench("compare", *SHORT, "--rounds", 2, "--jobs", "pps64", "--fail-if-worse", 0, "--json", tmp_path / "x.json", ringway,
              ringway)
    assert r.returncode == 0, r.stderr
    assert r.stdout.startswith(f"old: {ringway}\nnew: {ringway}\n")
    assert r.stdout.count("too few rounds to show a difference") == 2
    assert list(loaded(tmp_path / "x.json")["cases"]) == ["old", "new"]
    order = re.findall(r"round \d/2 +pps64 +(\w+)", r.stderr)
    assert order == ["old", "new", "new", "old"]


def test_compare_tells_a_difference():
    """Two system calls for each packet, and one for many: six rounds leave no doubt."""
    words = ["compare", *SHORT, "--rounds", 6, "--jobs", "calls", "--fail-if-worse", 5]
    r = bench(*words, "ringway", "ringway-epoll")
    assert r.returncode == 1, (r.stdout, r.stderr)
    assert re.search(r"system calls of the forwarder, per packet +6 .* worse\n", r.stdout), r.stdout
    r = bench(*words, "ringway-epoll", "ringway")
    assert r.returncode == 0 and re.search(r" better\n", r.stdout), (r.stdout, r.stderr)


@pytest.mark.parametrize("words", [["peers", "--cases", "bridge"], ["compare", "bridge", "bridge"]])
def test_the_document_alone_on_standard_output(words):
    r = bench(*words, *SHORT, "--jobs", "pps64", "--rounds", 2, "--json", "-")
    assert r.returncode == 0, r.stderr
    doc = json.loads(r.stdout)  # once, when all is done, and nothing beside it
    jsonschema.validate(doc, SCHEMA)
    assert all(len(samples) == 2 for samples in doc["jobs"][0]["samples"].values())
    assert "64-byte frames" in r.stderr
    assert bench("report", "-", input=r.stdout).returncode == 0


@pytest.mark.parametrize("words", [["peers", "--json"], ["compare", "bridge", "bridge", "--json"]])
def test_without_the_right(words, tmp_path):
    """Said once, before anything is tried or written."""
    path = tmp_path / "x.json"
    r = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", BENCH, *words, path],
                       capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (r.returncode, r.stdout) == (77, "") and not path.exists()
    assert r.stderr.splitlines()[-1].endswith("run it as root") and r.stderr.count("run it as root") == 1, r.stderr


@pytest.mark.parametrize("words, says", [
    (["peers", "--jobs", "pps65"], "no job 'pps65'"),
    (["peers", "--cases", "nothing"], "nothing"),
    (["peers", "--cases", "bridge,bridge"], "twice"),
    (["peers", "--cases", ""], "empty"),
    (["peers", "--rounds", "0"], "rounds"),
    (["peers", "--rounds", "many"], "rounds"),
    (["peers", "--seconds", "1e9"], "seconds"),
    (["peers", "--baseline", "ringway", "--cases", "bridge"], "none of the cases"),
    (["peers", "bridge"], "options only"),
    (["peers", "--cases", "bridge", "--json", "/nonexistent/x.json"], "/nonexistent/x.json"),
    (["peers", "--cases", "bridge", "--out", "/nonexistent/x"], "/nonexistent/x"),
    (["peers", "--case", "/nonexistent/ringway"], "/nonexistent/ringway"),
    (["compare", "x"], "two builds"),
    (["compare", "/nonexistent/a", "/nonexistent/b"], "/nonexistent/a"),
    (["compare", "--confidence", "100", "a", "b"], "confidence"),
])
def test_one_sentence(words, says):
    r = bench(*words)
    assert r.returncode > 1 and r.stdout == "", (r.stdout, r.stderr)
    assert r.stderr.count("\n") == 1 and says in r.stderr and r.stderr.startswith("ringway-bench: "), r.stderr


def test_jobs_are_listed():
    r = bench("peers", "--list")
    assert r.returncode == 0
    jobs = {x.split()[0] for x in r.stdout.splitlines()}
    assert {"tcp1", "tcp4", "pps64", "pps1518", "rtt", "cpu50", "cpu150", "idle", "ports64", "calls", "insns"} <= jobs
