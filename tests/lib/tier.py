# SPDX-License-Identifier: BSD-2-Clause
"""What tests/check counts and prints of one tier, and which skips it allows."""
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def allowed_skips():
    lines = (ROOT / "tests/lib/allowed_skips").read_text().splitlines()
    return [re.compile(x) for x in lines if x.strip() and not x.startswith("#")]


class Tier:
    """Counts of one tier; prints each test as one line, and more where it failed."""

    skips = allowed_skips()

    def __init__(self, name, log):
        self.name, self.log = name, log
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.start = time.monotonic()
        print(f"\n=== {name}", flush=True)

    def ok(self, test, seconds=None):
        self.passed += 1
        print(f"ok      {self.name}: {test}" + (f" ({seconds:.1f} s)" if seconds and seconds >= 1 else ""), flush=True)

    def fail(self, test, output=""):
        self.failed += 1
        print(f"FAILED  {self.name}: {test}", flush=True)
        lines = output.rstrip().splitlines()
        if len(lines) > 200:
            lines = lines[:60] + [f"... ({len(lines) - 200} lines more in {self.log})"] + lines[-140:]
        for line in lines:
            print("    | " + line)
        sys.stdout.flush()

    def skip(self, test, reason):
        reason = re.sub(r"^(Skipped: |SKIP:? *)", "", reason).strip()
        if any(r.fullmatch(reason) for r in self.skips):
            self.skipped += 1
            print(f"skipped {self.name}: {test}: {reason}", flush=True)
        else:
            self.fail(test, f"skipped for a reason that tests/lib/allowed_skips does not name: {reason or '(none)'}")

    def end(self):
        if not self.passed and not self.failed:
            self.fail("the tier", "every test was skipped" if self.skipped else "there is no test in it")
        seconds = time.monotonic() - self.start
        print(f"--- {self.name}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped in {seconds:.0f} s",
              flush=True)
        return seconds
