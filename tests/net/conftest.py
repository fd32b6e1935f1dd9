# SPDX-License-Identifier: BSD-2-Clause
"""What each net test gets: a laboratory, and at its end the law of conservation."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.lib import lab as lablib  # noqa: E402
from tests.lib.frames import End  # noqa: E402
from tests.lib.ringway import Ringway, binary  # noqa: E402

# Back ends and forms of the loop; "mixed" = port a by epoll, port b by io_uring.
FORMS = ("A", "B", "C", "D", "E", "mixed")


def pytest_configure(config):
    config.addinivalue_line("markers", "san: also run under address and undefined-behaviour sanitizers")
    config.addinivalue_line("markers", "tsan: also run under the thread sanitizer (several workers)")
    config.addinivalue_line("markers", "nocov: not run for coverage (its figures or its user would be another's)")
    lablib.install_cleanup()


def pytest_generate_tests(metafunc):
    if "form" in metafunc.fixturenames and not any(
        "form" in m.args[0] for m in metafunc.definition.iter_markers("parametrize")
    ):
        forms = os.environ.get("RINGWAY_FORMS", "").split(",") if os.environ.get("RINGWAY_FORMS") else FORMS
        metafunc.parametrize("form", forms)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed_in_call = outcome.get_result().failed


@pytest.fixture(autouse=True)
def lab(request):
    """All a test makes. Afterwards: conserved, stopped with 0, nothing left."""
    lab = lablib.Lab()
    try:
        yield lab
        failed = getattr(request.node, "failed_in_call", True)
        if failed:
            for r in lab.ringways:
                print(f"--- {'running' if r.running else 'ended'}\n{r.p}")
        else:
            for r in lab.ringways:
                if r.running and r.checked and not r.stopped:
                    r.quiet()
                if not r.stopped:
                    r.stop()
            for ns in lab.spaces:
                if not ns.gone:
                    taps = {n for n, x in ns.links().items()
                            if x.get("linkinfo", {}).get("info_kind") == "tun" and (ns, n) not in lab.keeps}
                    assert not taps, f"left in {ns.name}: {taps}"
    finally:
        lab.close()
    left = lab.left()
    assert not left, f"left over: {left}"


class Pair:
    """Two namespaces with a TAP of ringway's in each, cross-connected."""

    def __init__(self, lab, a="", b="", form=None, args=(), ipv6=True, mtu=None, start=True, **kw):
        self.lab = lab
        self.na, self.nb = lab.netns("a", ipv6=ipv6), lab.netns("b", ipv6=ipv6)
        more = f",mtu={mtu}" if mtu else ""
        io = ",io=epoll" if form == "mixed" else ""
        v6 = (",addr=fd00:99::1/64", ",addr=fd00:99::2/64") if ipv6 else ("", "")
        self.spec_a = f"tap,id=a,ifname=tapa,netns={self.na.name},addr=10.99.0.1/24{v6[0]}{more}{io}{a}"
        self.spec_b = f"tap,id=b,ifname=tapb,netns={self.nb.name},addr=10.99.0.2/24{v6[1]}{more}{b}"
        self.form, self.args, self.kw = form, args, kw
        self.r = self.start() if start else None

    def start(self, **kw):
        self.r = Ringway(self.lab, "--port", self.spec_a, "--port", self.spec_b, "--connect", "a:b", *self.args,
                         form=self.form, **{**self.kw, **kw})
        return self.r

    def ends(self, **kw):
        return End(self.lab, self.na, "tapa", **kw), End(self.lab, self.nb, "tapb", **kw)


@pytest.fixture
def pair(lab):
    """pair(...) makes a Pair."""
    return lambda **kw: Pair(lab, **kw)


@pytest.fixture(scope="session", autouse=True)
def the_program():
    assert os.access(binary(), os.X_OK), f"no program {binary()}: `make programs` first, or set RINGWAY"
