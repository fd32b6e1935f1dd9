# SPDX-License-Identifier: BSD-2-Clause
"""The runner itself: what a command in a guest gives back, and what it leaves."""
import pathlib
import re

import pytest

from tests.vm import guest

RUN = pathlib.Path(__file__).with_name("run-in-guest")
pytestmark = pytest.mark.host


@pytest.fixture
def run(lab):
    try:
        guest.kernel("6.1")
    except guest.Absent as e:
        pytest.skip(f"no guest can be had: {e}")

    def run(*words):
        p = lab.spawn([RUN, *words])
        p.status = p.wait(300)
        return p
    return run


def test_a_command_in_a_guest(lab, run):
    mark = lab.dir / "only in the guest"
    work = lab.dir / "work"
    work.mkdir()
    text = f"""uname -r; echo "$0 $1"; cat; test -c /dev/vhost-net && test -c /dev/net/tun && ls "{RUN}"
               echo mine >"{mark}"; cat "{mark}"; echo back >"{work}/file"; echo said >&2; exit 7"""
    p = run("--work", work, "--", "sh", "-c", text, "it's", 'a "word"')
    assert p.status == 7, str(p)
    version, *rest = p.out
    assert version == guest.kernel("6.1").version
    assert rest == ["it's a \"word\"", str(RUN), "mine"] and p.err == ["said"], str(p)
    assert not mark.exists() and (work / "file").read_text() == "back\n"


def test_much_output(run):
    p = run("--", "seq", 200000)
    assert p.status == 0 and p.out == [str(i) for i in range(1, 200001)]


def test_the_time_is_over(lab, run):
    p = run("--timeout", 2, "--", "sleep", 1000)
    assert p.status == 124 and p.err == ["run-in-guest: the time of 2 s is over"], str(p)


def test_no_such_kernel(lab):
    p = lab.spawn([RUN, "--kernel", lab.dir, "--", "true"])
    assert p.wait() == 77 and p.err[-1].startswith("no guest can be had: "), str(p)


SOURCES = {
    "debian.sources": """# a comment
Types: deb
URIs: http://mirror.example/debian
Suites: oldone oldone-updates
Components: main
Signed-By: /usr/share/keyrings/a.gpg

Types: deb
URIs: http://mirror.example/security
Suites: oldone-security
Components: main
""",
    "debian.list": "# deb http://no.example oldone main\ndeb [signed-by=/a.gpg arch=amd64] http://mirror.example/debian oldone main\n",
    "plain.list": "deb http://mirror.example/debian oldone main contrib",
}


@pytest.mark.parametrize("name", SOURCES)
def test_source_of_the_backports(tmp_path, name):
    """The mirror and its options are the machine's own."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / name).write_text(SOURCES[name])
    ext, text = guest.backports_source("oldone", tmp_path)
    assert name.endswith(ext)
    assert "http://mirror.example/debian" in text and "oldone-backports" in text and "no.example" not in text
    assert not re.search(r"oldone(-updates|-security)?(\s|$)", text) and ("a.gpg" in text) == (name != "plain.list")
    with pytest.raises(guest.Absent):
        guest.backports_source("another", tmp_path)
