# SPDX-License-Identifier: BSD-2-Clause
"""blast.py DEV [SIZE [FLOWS]] - frames into a device without end, as fast as they go.

A process of its own in the namespace; survives the device's being down or gone.
At SIGTERM it prints how many frames its socket took and ends with 0.
"""
import errno
import signal
import socket
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.lib.frames import SO_SNDBUFFORCE, numbered  # noqa: E402


def main():
    dev, size, flows = sys.argv[1], *(int(x) for x in (sys.argv[2:] + ["60", "1"][len(sys.argv) - 2:]))
    frames = [numbered(f, 0, size) for f in range(flows)]
    state = {"on": True}
    signal.signal(signal.SIGTERM, lambda *_: state.update(on=False))
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20)
    s.bind((dev, 0))
    print("on", flush=True)
    sent = i = 0
    while state["on"]:
        try:
            for _ in range(64):
                s.send(frames[i % flows])
                sent += 1
                i += 1
        except OSError as e:
            # full, down, away: the flood goes on
            if e.errno not in (errno.ENOBUFS, errno.ENETDOWN, errno.ENXIO, errno.ENODEV, errno.EINTR, errno.EMSGSIZE):
                raise
            i += 1
    print(f"sent={sent}", flush=True)


main()
