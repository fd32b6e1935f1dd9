# SPDX-License-Identifier: BSD-2-Clause
"""What Python's standard library lacks: setns, TUN ioctls, seccomp, capabilities."""
import contextlib
import ctypes
import fcntl
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000

TUNSETIFF, TUNGETIFF = 0x400454CA, 0x800454D2
TUNSETPERSIST, TUNSETQUEUE = 0x400454CB, 0x400454D9
TUNSETVNETHDRSZ, TUNGETSNDBUF = 0x400454D8, 0x800454D3
IFF_TUN, IFF_TAP, IFF_NO_PI = 0x0001, 0x0002, 0x1000
IFF_VNET_HDR, IFF_MULTI_QUEUE = 0x4000, 0x0100
IFF_ATTACH_QUEUE, IFF_DETACH_QUEUE = 0x0200, 0x0400


def check(rc, what):
    if rc < 0:
        e = ctypes.get_errno()
        raise OSError(e, f"{what}: {os.strerror(e)}")
    return rc


def setns(fd, kind=CLONE_NEWNET):
    check(libc.setns(fd, kind), "setns")


@contextlib.contextmanager
def inside(path):
    """The calling thread is in the network namespace at path meanwhile."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(there)
        try:
            yield
        finally:
            setns(home)
    finally:
        os.close(there)
        os.close(home)


def ifreq(name, flags=0):
    return bytearray(struct.pack("16sH22x", name.encode(), flags))


def tap_open(name, flags=IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, nonblock=True):
    """A queue of the TAP device name in the current namespace; its fd."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | (os.O_NONBLOCK if nonblock else 0))
    try:
        fcntl.ioctl(fd, TUNSETIFF, ifreq(name, flags))
    except OSError:
        os.close(fd)
        raise
    return fd


def tap_flags(fd):
    r = ifreq("")
    fcntl.ioctl(fd, TUNGETIFF, r)
    return struct.unpack("16xH", bytes(r)[:18])[0]


def tap_queue(fd, attach):
    fcntl.ioctl(fd, TUNSETQUEUE, ifreq("", IFF_ATTACH_QUEUE if attach else IFF_DETACH_QUEUE))


def no_io_uring(call=425):
    """For preexec_fn: io_uring_setup (or io_uring_enter, 426) gives EPERM, as a container's filter has it."""
    ld_nr, jeq, ret = 0x20, 0x15, 0x06
    prog = b"".join(
        struct.pack("HBBI", *i)
        for i in (
            (ld_nr, 0, 0, 0),
            (jeq, 0, 1, call),  # the same number everywhere
            (ret, 0, 0, 0x00050000 | 1),  # SECCOMP_RET_ERRNO | EPERM
            (ret, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
        )
    )
    buf = ctypes.create_string_buffer(prog, len(prog))
    fprog = struct.pack("HxxxxxxQ", len(prog) // 8, ctypes.addressof(buf))
    check(libc.prctl(38, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    check(libc.prctl(22, 2, ctypes.create_string_buffer(fprog, len(fprog)), 0, 0), "PR_SET_SECCOMP")


def die_with_parent():
    """For preexec_fn: a test run that is killed leaves no process."""
    libc.prctl(1, 9, 0, 0, 0)
