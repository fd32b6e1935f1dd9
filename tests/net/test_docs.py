# SPDX-License-Identifier: BSD-2-Clause
"""README and the manual: their examples run word for word, their lists are complete."""
import os
import re
import subprocess
import textwrap

import pytest

from tests.lib.lab import LIMIT, ROOT
from tests.lib.ringway import binary

README = (ROOT / "README.md").read_text()
MAN, CONF = ((ROOT / "man" / name).read_text() for name in ("ringway.8", "ringway.conf.5"))

# Namespaces of any name, in a /run of the test's own; all processes go with the first.
APART = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-euc",
         'mount -t tmpfs tmpfs /run; mkdir /run/netns; ip link set lo up; cd "$0"; . "$1"']


def indented(text, after):
    """The first block of indented lines behind a word."""
    lines = text[text.index(after):].split("\n    ", 1)[1].split("\n")
    n = next(i for i, x in enumerate(lines[1:], 1) if x and not x.startswith("    "))
    return textwrap.dedent("\n".join(["    " + lines[0], *lines[1:n]]))


def literal(text, after):
    """The first .Bd -literal behind a word."""
    block = text[text.index(after):].split(".Bd -literal", 1)[1].split("\n", 1)[1].split(".Ed")[0]
    return block.replace("\\e", "\\")


def run_apart(lab, text, names=()):
    """The words of an example as a shell takes them, and then: does all end with 0, and is nothing left?"""
    path = lab.dir / "example"
    path.write_text(text + textwrap.dedent("""
        status=0; wait $! || status=$?
        for n in $(ip netns | cut -d" " -f1); do
            links=$(ip -n $n -o link | grep -vc ": lo:" || true); echo "$n: $links links"
        done
        exit $status
        """))
    tools = lab.dir / "bin"
    tools.mkdir()
    (tools / "ringway").symlink_to(binary())
    build = lab.dir / "build"
    build.mkdir()
    (build / "ringway").symlink_to(binary())
    r = subprocess.run([*APART, str(lab.dir), str(path)], capture_output=True, text=True, timeout=2 * LIMIT,
                       env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    told = f"exit {r.returncode}\n{r.stdout}\n{r.stderr}"
    assert r.returncode == 0, told
    left = [x for x in r.stdout.splitlines() if x.endswith(" links")]
    assert left and all(x.endswith(": 0 links") for x in left), told
    return r.stdout


@pytest.mark.parametrize("which", ["README", "man"])
def test_the_first_example(lab, which):
    text = indented(README, "## A first configuration") if which == "README" else literal(MAN, "Two namespaces")
    assert "ping" in text and "kill -USR1" in text
    out = run_apart(lab, text)
    assert "3 received" in out and "\nend\n" in out, out


@pytest.mark.parametrize("which", ["README", "man"])
def test_the_example_file(lab, which):
    text = indented(README, "The same as a file") if which == "README" else literal(CONF, "Two pairs of namespaces")
    path = lab.dir / "example.conf"
    path.write_text(text)
    spaces = " ".join(sorted(set(re.findall(r"netns = (\w+)", text))))
    address = re.search(r"netns = red\n.*\naddr = ([\d.]+)/", text).group(1)
    out = run_apart(lab, f"""
        for n in {spaces}; do ip netns add $n; done
        ringway run --check -c {path}
        ringway run -c {path} 2>said &
        until grep -q '^ringway: ready' said; do kill -0 $! || {{ cat said; exit 1; }}; done
        until ip netns exec blue ping -c 1 -W 1 {address}; do :; done
        kill $!
        """)
    assert "configuration ok" in out


def keys():
    text = (ROOT / "io/port/port_spec.c").read_text() + (ROOT / "io/port/port_bridge.c").read_text()
    found = re.findall(r'^\t\{"([\w-]+)", take_', text, re.M)
    assert len(found) > 25 and "addr" in found
    return [k for k in found if k != "type"]


def test_every_key_is_told_of():
    table = README[README.index("## Options of a port"):README.index("## Counters")]
    helped = subprocess.run([binary(), "help", "run"], capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    ports = MAN[MAN.index(".Ss Ports"):MAN.index(".Ss Forms of the loop")]
    listed = CONF[CONF.index(".Ss Ports"):CONF.index(".Ss Connections")]
    for key in keys():
        assert key == "id" or f"`{key}=" in table, f"{key}= is not in README's table"
        assert re.search(rf"\b{key}=", helped), f"{key}= is not in `ringway help run`"
        assert re.search(rf"\.It .*\bCm {key} Ns =", ports) or re.search(rf", Cm {key} Ns =", ports), f"{key}= is not in ringway(8)"
        assert key == "id" or re.search(rf"[ ,]{key}[ ,\n]", listed), f"{key} is not in ringway.conf(5)"


def test_every_option_is_told_of():
    helped = subprocess.run([binary(), "help", "run"], capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    found = re.findall(r"^  .{3} --([\w-]+)", helped, re.M)
    assert len(found) > 8
    for option in found:
        assert re.search(rf"^\.It .*Fl -{option}\b", MAN, re.M), f"--{option} is not in ringway(8)"
    for key in ("workers", "cpus", "busy-poll", "uring-form", "pidfile"):
        assert re.search(rf"^\.It Cm {key} Ns =", CONF, re.M), f"{key} is not in ringway.conf(5)"
    for key in re.findall(r'\{"([\w-]+)", take_', (ROOT / "io/control/config_bridge.c").read_text()):
        assert re.search(rf"^\.It Cm {key} Ns =", CONF, re.M), f"{key} is not in ringway.conf(5)"
        assert key == "ports" or re.search(rf"^\.It Cm {key} Ns =", MAN, re.M), f"{key} is not in ringway(8)"
        assert key == "ports" or re.search(rf"\b{key}=", helped), f"{key}= is not in `ringway help run`"


def test_every_reason_is_told_of():
    found = re.findall(r"^\tX\((\w+),", (ROOT / "core/drop.h").read_text(), re.M)
    assert len(found) > 10
    for name in found:
        assert re.search(rf"^\.It Cm {name}$", MAN, re.M), f"the drop reason {name} is not in ringway(8)"


BENCH_MAN = (ROOT / "man/ringway-bench.1").read_text()


def bench_help(*words):
    program = ROOT / os.environ.get("BUILD", "build") / "ringway-bench"
    return subprocess.run([program, "help", *words], capture_output=True, text=True, timeout=LIMIT, check=True).stdout


def test_every_command_of_the_bench_is_told_of():
    found = re.findall(r"^  ringway-bench (\w+)", bench_help(), re.M)
    assert {"help", "version", "cases", "report"} <= set(found)
    for command in found:
        assert re.search(rf"^\.It Cm {command}\b", BENCH_MAN, re.M), f"{command} is not in ringway-bench(1)"


@pytest.mark.parametrize("command, section", [("peers", "Side by side"), ("compare", "Two builds"), ("report", "Results")])
def test_every_option_of_the_bench_is_told_of(command, section):
    text = re.split(r"\n\.S[hs] ", BENCH_MAN[BENCH_MAN.index(f".Ss {section}"):], 1)[0]
    found = re.findall(r"^  --([\w-]+)", bench_help(command), re.M)
    assert len(found) >= 4
    for option in found:
        assert re.search(rf"^\.It .*Fl -{option}\b", text, re.M), f"--{option} is not told of with {command}"


@pytest.mark.parametrize("command", ["gen", "sink", "ceiling", "rtt", "pcap", "run", "search"])
def test_every_option_of_the_bench_is_named(command):
    text = re.sub(r"\n(?=[^.])", " ", BENCH_MAN)
    found = re.findall(r"^  --([\w-]+)", bench_help(command), re.M)
    assert found
    for option in found:
        assert re.search(rf"Fl (-[\w-]+ , )*-{option}\b", text), f"--{option} of {command} is not told of"


def test_the_three_commands_of_measuring():
    """Those of README's section, with a short time."""
    block = indented(README, "Three commands to begin with")
    program = ROOT / os.environ.get("BUILD", "build") / "ringway-bench"
    commands = re.findall(r"^ringway-bench (\S.*?) {2,}#", block, re.M)
    assert [c.split()[0] for c in commands] == ["run", "search", "peers"]
    short = {"run": "--seconds 0.3", "search": "--seconds 0.1 --resolution 0.5 --keep-disturbed --max 2000",
             "peers": "--quick --rounds 1 --seconds 0.2"}
    for c in commands:
        r = subprocess.run([program, *c.split(), *short[c.split()[0]].split()], capture_output=True, text=True,
                           timeout=4 * LIMIT, check=False)
        assert r.returncode == 0 and r.stdout, f"{c}: {r.returncode}\n{r.stdout}\n{r.stderr}"


@pytest.mark.parametrize("page", ["ringway.8", "ringway.conf.5", "ringway-bench.1"])
def test_pages_are_well_formed(page):
    r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", ROOT / "man" / page], capture_output=True, text=True,
                       timeout=LIMIT, check=False)
    assert r.returncode == 0, r.stdout


def test_an_appliance_of_one_s_own(lab):
    """The page's example of a case file is one, and frames pass through it."""
    text = literal(BENCH_MAN, "a case file of one's own").split("ringway-bench run")[0]
    program = ROOT / os.environ.get("BUILD", "build") / "ringway-bench"
    subprocess.run(["sh", "-euc", text], cwd=lab.dir, timeout=LIMIT, check=True)
    r = subprocess.run([program, "peers", "--quick", "--seconds", "0.2", "--jobs", "cpu50", "--cases", "./appliance.case"],
                       cwd=lab.dir, capture_output=True, text=True, timeout=4 * LIMIT, check=False)
    assert r.returncode == 0 and "FAILED" not in r.stdout, r.stdout + r.stderr
