# SPDX-License-Identifier: BSD-2-Clause
"""Commands of tests/check, from any thread: each in a process group of its own, and stop() ends them all."""
import os
import signal
import subprocess
import threading

_lock = threading.Lock()
_current = set()
_stopping = False
# what an outer make or a caller's shell says is not for our commands
FORGOTTEN = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "RINGWAY_FORMS", "RINGWAY_BRIEF")


class Stopped(BaseException):
    """Raised by run() once stop() was called: its thread unwinds and starts nothing more."""


def run(cmd, log, cwd, env=None, timeout=1200, each=None):
    """(exit status or "timeout", output), which is appended to the file log, too. each: called with each line."""
    full = dict(os.environ, **(env or {}))
    for key in FORGOTTEN:
        if not env or key not in env:
            full.pop(key, None)
    out, late = [], threading.Event()
    with open(log, "a") as f:
        print("$", *cmd, file=f, flush=True)
        with _lock:
            if _stopping:
                raise Stopped
            p = subprocess.Popen([str(c) for c in cmd], cwd=cwd, env=full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
            _current.add(p)

        def too_late():
            late.set()
            _kill(p, signal.SIGKILL)

        timer = threading.Timer(timeout, too_late)
        timer.daemon = True
        timer.start()
        try:
            for line in p.stdout:
                f.write(line)
                out.append(line)
                if each:
                    each(line)
            rc = p.wait()
        finally:
            timer.cancel()
            with _lock:
                _current.discard(p)
    if _stopping:
        raise Stopped
    return ("timeout" if late.is_set() else rc), "".join(out)


def _kill(p, sig):
    if p.poll() is None:
        try:
            os.killpg(p.pid, sig)
        except ProcessLookupError:  # it ended meanwhile
            pass


def stop(patience=20):
    """No command starts any more; those that run may clean up for some seconds."""
    global _stopping
    with _lock:
        _stopping = True
        running = list(_current)
    for p in running:
        _kill(p, signal.SIGTERM)
    for p in running:
        try:
            p.wait(patience)
        except subprocess.TimeoutExpired:
            _kill(p, signal.SIGKILL)
