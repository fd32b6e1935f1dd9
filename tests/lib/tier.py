# SPDX-License-Identifier: BSD-2-Clause
"""What tests/check counts and prints of one tier, and which skips it allows."""
import pathlib
import re
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

_printing = threading.Lock()
_printed = time.monotonic()  # when the last line went out


def say(*lines):
    """Lines that stay together, whoever else prints."""
    global _printed
    with _printing:
        sys.stdout.write("".join(line + "\n" for line in lines))
        sys.stdout.flush()
        _printed = time.monotonic()


def silence():
    """Seconds since the last line."""
    return time.monotonic() - _printed


def minutes(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def allowed_skips():
    lines = (ROOT / "tests/lib/allowed_skips").read_text().splitlines()
    return [re.compile(x) for x in lines if x.strip() and not x.startswith("#")]


class Tier:
    """Counts of one tier; prints each test as one line, and more where it failed."""

    skips = allowed_skips()

    def __init__(self, name, log):
        self.name, self.log = name, log
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.now = ""  # what runs at present
        self.start = time.monotonic()
        self.seconds = None

    def ok(self, test, seconds=None):
        self.passed += 1
        say(f"ok      {self.name}: {test}" + (f" ({seconds:.1f} s)" if seconds and seconds >= 1 else ""))

    def fail(self, test, output=""):
        self.failed += 1
        lines = output.rstrip().splitlines()
        if len(lines) > 200:
            lines = lines[:60] + [f"... ({len(lines) - 200} lines more in {self.log})"] + lines[-140:]
        say(f"FAILED  {self.name}: {test}", *("    | " + line for line in lines))

    def skip(self, test, reason):
        reason = re.sub(r"^(Skipped: |SKIP:? *)", "", reason).strip()
        if any(r.fullmatch(reason) for r in self.skips):
            self.skipped += 1
            say(f"skipped {self.name}: {test}: {reason}")
        else:
            self.fail(test, f"skipped for a reason that tests/lib/allowed_skips does not name: {reason or '(none)'}")

    def doing(self):
        """One phrase for a line of progress."""
        return f"{self.name} for {minutes(time.monotonic() - self.start)}{f' ({self.now})' if self.now else ''}"

    def end(self):
        if not self.passed and not self.failed:
            self.fail("the tier", "every test was skipped" if self.skipped else "there is no test in it")
        self.seconds = time.monotonic() - self.start
        say(f"--- {self.name}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped in {self.seconds:.0f} s")
