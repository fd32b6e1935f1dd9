# SPDX-License-Identifier: BSD-2-Clause
"""ringway-bench report: documents validate, pages and pictures are made, bad files get one sentence."""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest

from tests.lib.lab import LIMIT, ROOT

BUILD = ROOT / os.environ.get("BUILD", "build")
BENCH = BUILD / "ringway-bench"
SCHEMA = json.loads((ROOT / "bench/report/document.schema.json").read_text())
GNUPLOT = shutil.which("gnuplot")
HGRM = """\
       Value     Percentile TotalCount 1/(1-Percentile)

      20.000 0.000000000000          1           1.00
      30.000 0.500000000000         50           2.00
      45.000 0.990000000000         99         100.00
      90.000 1.000000000000        100            inf
#[Mean    =       31.000, StdDeviation   =        8.000]
"""

KPPS = {"name": "kpps", "title": "delivered", "unit": "kpps", "better": "more", "notes": ["loss_percent"]}
LOSS = {"name": "loss_percent", "title": "loss", "unit": "%"}
P50 = {"name": "p50", "title": "median", "unit": "us", "better": "less", "notes": []}


def job(name, title, unit, metrics, samples, **more):
    return {"job": name, "title": title, "unit": unit, "metrics": metrics, "samples": samples, **more}


def rates(*values):
    return [{"kpps": v, "loss_percent": 12.5} for v in values]


def sample():
    size = {"axis": "frame size, bytes"}
    return {
        "format": "ringway-bench/1", "title": "Peers side by side", "date": "2026-11-24T12:00:00+0000",
        "argv": ["ringway-bench", "peers", "--case", "ringway --busy-poll off"],
        "machine": {
            "cpu": "A CPU", "cpus": 2, "kernel": "6.1.0", "mitigations": {"retbleed": "Not affected"}, "clocksource": "tsc",
            "governor": None, "hypervisor": "none", "memory_mib": 2048, "load": [0.5, 0.2, 0.1]},
        "versions": {"ringway-bench": "0.1.0", "iperf3": "iperf 3.12"}, "rounds": 3, "baselines": ["rwloop"],
        "cases": {"rwloop": {"title": "read and write"}, "ringway": {"title": "this"}, "it's \"x\"": {"title": "odd"}},
        "jobs": [
            job("pps64", "64-byte frames", "kpps", [KPPS, LOSS], {
                "rwloop": rates(400, 410, 390), "ringway": rates(700, 690, 720),
                "it's \"x\"": [{"error": "it did not start"}, *rates(395, 405)]}, x={**size, "value": 64}),
            job("pps1518", "1518-byte frames", "kpps", [KPPS, LOSS], {
                "rwloop": rates(300, 310, 305), "ringway": rates(500, 501, 502)}, x={**size, "value": 1518}),
            job("rtt", "UDP round trip", "us", [P50], {
                "rwloop": [{"p50": 50.0, "hgrm": "rtt-0.hgrm"}] * 3,
                "ringway": [{"p50": 40.0, "hgrm": "rtt-1.hgrm"}] * 3}),
        ]}


def report(*words, text=None):
    return subprocess.run([BENCH, "report", *map(str, words)], input=text, capture_output=True, text=True, timeout=LIMIT,
                          check=False)


@pytest.fixture
def path(tmp_path):
    p = tmp_path / "results.json"
    p.write_text(json.dumps(sample()))
    for n in range(2):
        (tmp_path / f"rtt-{n}.hgrm").write_text(HGRM)
    return p


def test_the_schema_takes_it():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(sample(), SCHEMA)


def test_table(path):
    r = report(path)
    assert (r.returncode, r.stderr) == (0, "")
    assert re.search(r"  ringway +700 \[690\.\.720\] +1\.75 \[1\.68\.\.1\.85\]  loss 12\.5 %\n", r.stdout)
    # 395..405 and 390..410 share points: not shown to be real, and the table says so
    assert re.search(r"""it's "x" +400 \[395\.\.405\]  1\.0\d \[.*\] ~ +loss 12\.5 %, FAILED 1x: it did not start\n""", r.stdout)
    assert "\n~ the spreads of the two share a point" in r.stdout
    same = report("-", text=path.read_text())
    assert same.stdout == r.stdout


def test_another_baseline(path):
    r = report(path, "--baseline", "ringway")
    assert r.returncode == 0 and "x ringway" in r.stdout and "x rwloop" not in r.stdout
    r = report(path, "--baseline", "bridge")
    assert r.returncode == 64 and "bridge" in r.stderr


def test_markdown(path):
    r = report(path, "--markdown")
    assert (r.returncode, r.stderr) == (0, "")
    assert r.stdout.startswith("# Peers side by side\n")
    assert "2026-11-24T12:00:00+0000" in r.stdout and "2 x A CPU, Linux 6.1.0" in r.stdout
    assert "\n    ringway-bench peers --case 'ringway --busy-poll off'\n" in r.stdout
    assert "| ringway | 700 \\[690..720\\] | 1.75 \\[1.68..1.85\\] | loss 12.5 % |\n" in r.stdout
    for line in r.stdout.splitlines():  # every row of a table has the columns of its head
        assert not line.startswith("|") or line.endswith("|")
    heads = re.findall(r"^(\|.*)\n(\|[-:|]+)\n((?:\|.*\n)*)", r.stdout, re.M)
    assert len(heads) >= 6
    for head, rule, rows in heads:
        columns = [len(re.findall(r"(?<!\\)\|", line)) for line in (head, rule, *rows.splitlines())]
        assert len(set(columns)) == 1, (head, columns)


def test_csv(path):
    r = report(path, "--csv")
    assert r.returncode == 0
    rows = list(csv.DictReader(io.StringIO(r.stdout)))
    assert {"job": "pps64", "case": "ringway", "round": "2", "metric": "kpps", "unit": "kpps", "value": "690"} in rows
    assert {"job": "pps64", "case": "it's \"x\"", "round": "1", "metric": "error", "unit": "", "value": "it did not start"} in rows
    figures = [v for j in sample()["jobs"] for s in j["samples"].values() for x in s for v in x]
    assert len(rows) == len(figures)


@pytest.mark.skipif(not GNUPLOT, reason="no gnuplot")
def test_pictures(path, tmp_path):
    r = report(path, "--plots", tmp_path / "out")
    assert r.returncode == 0, r.stderr
    names = {p.name for p in (tmp_path / "out").iterdir()}
    stems = {"pps64-kpps", "pps1518-kpps", "series-pps64-kpps", "rtt-p50", "rtt-latency"}
    assert names == {s + ext for s in stems for ext in (".svg", ".png")}
    for p in (tmp_path / "out").iterdir():
        if p.suffix == ".png":
            assert p.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and p.stat().st_size > 1000
        else:
            root = ElementTree.parse(p).getroot()
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert "ringway" in "".join(root.itertext())
    bars = "".join(ElementTree.parse(tmp_path / "out/pps64-kpps.svg").getroot().itertext())
    assert "it's 'x'" in bars and "64-byte frames: delivered" in bars


def test_no_gnuplot(path, tmp_path):
    r = subprocess.run([BENCH, "report", path, "--plots", tmp_path / "out"], capture_output=True, text=True, timeout=LIMIT,
                       env={"PATH": "/nonexistent"}, check=False)
    assert r.returncode == 69
    assert r.stderr.count("\n") == 1 and "gnuplot-nox" in r.stderr


@pytest.mark.parametrize("text, says", [
    ("", "no JSON at line"),
    ("{\n\"format\": }", "no JSON at line 2"),
    ("[1, 2]", "no result document"),
    ('{"format": "other/1"}', "ringway-bench/1"),
    ('{"case": "bridge", "sent": 100}', "what run and search print has no tables"),
    (json.dumps({**sample(), "rounds": 0}), "rounds"),
    (json.dumps({**sample(), "rounds": 2}), "2 rounds"),
    (json.dumps({**sample(), "jobs": [{"job": "../../x"}]}), "proper name"),
])
def test_bad_files(text, says, tmp_path):
    p = tmp_path / "bad.json"
    p.write_text(text)
    r = report(p)
    assert r.returncode in (65, 78) and r.stdout == ""
    assert r.stderr.count("\n") == 1 and says in r.stderr and str(p) in r.stderr


def test_bad_words(path, tmp_path):
    for words, says in (([], "one result document"), ([path, path], "one result document"), (["--plots"], "needs a value"),
                        (["--no-such", path], "no option"), (["--csv=1", path], "takes no value"),
                        (["--csv", "--markdown", path], "one of them"), ([tmp_path / "absent"], "No such file")):
        r = report(*words)
        assert r.returncode and r.stdout == "" and r.stderr.count("\n") == 1 and says in r.stderr, (words, r.stderr)
