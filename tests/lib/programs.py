# SPDX-License-Identifier: BSD-2-Clause
"""Small programs that tests give as scripts."""
import os


def program(lab, name, text):
    path = lab.dir / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def held(lab, text="read x <{fifo}\n", mark="mark"):
    """A script that tells that it runs, and then does what the text says."""
    os.mkfifo(lab.dir / f"{mark}.fifo")
    return program(lab, f"{mark}.sh", f"echo >{lab.dir / mark}\n" + text.format(fifo=lab.dir / f"{mark}.fifo"))
