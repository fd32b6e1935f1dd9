# SPDX-License-Identifier: BSD-2-Clause
"""The vm tests need a real /dev/vhost-net: run-in-guest's, or this machine's. Else they are as the net tests."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.net import conftest as net  # noqa: E402
from tests.net.conftest import lab, pair, pytest_runtest_makereport, the_program  # noqa: E402, F401


def pytest_configure(config):
    net.pytest_configure(config)
    config.addinivalue_line("markers", "host: never in a guest; may boot one itself")


@pytest.fixture(scope="session")
def vhost_net():
    if not os.path.exists("/dev/vhost-net"):
        assert not os.environ.get("IN_GUEST"), "a guest without /dev/vhost-net"
        pytest.skip("no /dev/vhost-net")


@pytest.fixture(autouse=True)
def needs_vhost_net(request):
    if not request.node.get_closest_marker("host"):
        request.getfixturevalue("vhost_net")
