# SPDX-License-Identifier: BSD-2-Clause
"""Tiers side by side: each of n lanes takes the next one as soon as it is free."""
import collections
import threading
import time

from tests.lib import command
from tests.lib.tier import minutes, say, silence

QUIET = 20  # seconds without a line, after which one says what runs
OFTEN = 60  # and at least so often


class Lanes:
    """run(tiers, play): play(tier) for each, in this order; what it raises is a failed test of that tier."""

    def __init__(self, n, quiet=QUIET, often=OFTEN):
        self.n, self.quiet, self.often = n, quiet, often
        self.start = time.monotonic()
        self.running = []  # tiers, in the order of their start

    def elapsed(self):
        return time.monotonic() - self.start

    def progress(self, waiting):
        parts = ["; ".join(t.doing() for t in list(self.running))]
        if waiting:
            parts.append("then " + " ".join(t.name for t in list(waiting)))
        say(f"... {minutes(self.elapsed())}  {'; '.join(parts)}")

    def _play(self, tier, play):
        tier.start = time.monotonic()
        beside = ", ".join(t.name for t in list(self.running))
        self.running.append(tier)
        say("", f"=== {tier.name} (begins at {minutes(self.elapsed())}{', beside ' + beside if beside else ''})")
        try:
            play(tier)
        except Exception as e:  # a fault of the caller is a failed test, the other tiers run
            tier.fail("the tier itself", f"{type(e).__name__}: {e}")
        finally:
            self.running.remove(tier)
        tier.end()

    def _lane(self, waiting, play, ended):
        try:
            while True:
                try:
                    tier = waiting.popleft()
                except IndexError:
                    return
                self._play(tier, play)
        except command.Stopped:
            pass
        finally:
            ended.set()

    def run(self, tiers, play):
        waiting = collections.deque(tiers)
        n = min(self.n, len(waiting))
        # events, not joins: a join that a signal's exception interrupts takes its thread for ended
        ends = [threading.Event() for _ in range(n)]
        told = time.monotonic()
        try:
            for end in ends:
                threading.Thread(target=self._lane, args=(waiting, play, end), daemon=True).start()
            for end in ends:
                while not end.wait(min(1, self.quiet)):
                    if not self.running:
                        continue
                    if silence() >= self.quiet or time.monotonic() - told >= self.often:
                        self.progress(waiting)
                        told = time.monotonic()
        finally:  # a signal's exception, too: nothing of ours runs on
            if not all(end.is_set() for end in ends):
                waiting.clear()
                command.stop()
                for end in ends:  # one whose thread never began has nothing to wait for
                    if self.running:
                        end.wait(30)
