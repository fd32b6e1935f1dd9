# SPDX-License-Identifier: BSD-2-Clause
"""Bad input, as a table: one line with value, reason and remedy, a sysexits status, nothing left."""
import ctypes
import fcntl
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess

import pytest

RINGWAY = os.path.abspath(os.environ.get("RINGWAY") or pathlib.Path(__file__).resolve().parents[2] / "build/ringway")
NS = f"rwcli{os.getpid()}x"
LIMIT = 60  # seconds for a run that ends in milliseconds: machines differ
USAGE, UNAVAILABLE, OSERR, IOERR, TEMPFAIL, NOPERM, CONFIG, NOINPUT = 64, 69, 71, 74, 75, 77, 78, 66
TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE = 0x400454CA, 1, 2, 0x1000, 0x100


def sh(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=LIMIT).stdout


class Ctx:
    """What a case's setup may make; all of it ends with the case."""

    def __init__(self, tmp):
        self.tmp, self.fds, self.keep, self.spare = tmp, {}, [], []

    def ip(self, words):
        sh("ip", "-n", NS, *words.split())

    def own(self, name, fd):
        """Hand fd to ringway; {name} in its words is the number."""
        self.fds[name] = fd

    def tun(self, ifname, flags=IFF_TAP):
        """An fd of a device of that name inside the namespace; ifname None: not attached."""
        libc = ctypes.CDLL(None, use_errno=True)
        here, there = os.open("/proc/thread-self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{NS}", os.O_RDONLY)
        try:
            assert libc.setns(there, 0x40000000) == 0, os.strerror(ctypes.get_errno())
            fd = os.open("/dev/net/tun", os.O_RDWR)  # belongs to the namespace it is opened in
            self.keep.append(fd)
            if ifname:
                fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", ifname.encode(), flags | IFF_NO_PI))
        finally:
            assert libc.setns(here, 0x40000000) == 0
            os.close(here)
            os.close(there)
        return fd

    def file(self, name, text, mode=0o644):
        path = self.tmp / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)

    def close(self):
        for fd in [*self.keep, *(f for f in self.fds.values() if f not in self.keep)]:
            os.close(fd)


def dev_null(c):
    c.own("fd", os.open("/dev/null", os.O_RDWR))


def a_socket(c):
    a, b = socket.socketpair()
    c.own("fd", a.detach())
    c.keep.append(b.detach())


def two_taps(c):
    c.own("fd", c.tun("t0", IFF_TAP | IFF_MULTI_QUEUE))
    c.own("fd2", c.tun("t1", IFF_TAP | IFF_MULTI_QUEUE))


def held_pidfile(c):
    c.file("pid", "4711\n")
    fd = os.open(c.tmp / "pid", os.O_RDWR)
    c.keep.append(fd)
    fcntl.flock(fd, fcntl.LOCK_EX)


def twin(c):
    c.own("fd", c.tun("t0"))
    c.own("fd2", os.dup(c.fds["fd"]))


def conf(text, name="r.conf"):
    return lambda c: c.file(name, text)


def many_ports(c):
    c.file("r.conf", "".join(f"[port p{i}]\nifname = t{i}\n" for i in range(10000)))


def drop_in_twice(c):
    c.file("r.conf", "[port a]\nmtu = 1500\n")
    c.file("r.conf.d/10.conf", "\n[port a]\nmtu = 9000\n")


def shell(script):
    """The program is run at the end of a shell's script, in a mount namespace of its own."""
    return ["unshare", "-m", "--propagation", "private", "sh", "-ec", script + '\nexec "$@"', "sh"]


NO_CAP = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]
T0 = "--port tap,id=a,ifname=t0"
CF = "-c {tmp}/r.conf"
P = "--port tap,id=a"

# name: (words behind `ringway run`, exit status, words of the sentence[, setup[, what runs it]])
CASES = {
    # the command line
    "nothing": ("", USAGE, ["no port", "--port SPEC"]),
    "unknown option": ("--prot x", USAGE, ["--prot", "no such option", "help run"]),
    "stray word": (f"{T0} t1", USAGE, ["'t1'", "no option"]),
    "missing value": ("--port", USAGE, ["--port", "needs a value"]),
    "needless value": ("--check=yes", USAGE, ["--check", "takes no value"]),
    "workers 0": (f"{T0} --workers 0", USAGE, ["workers=0", "1 to 256"]),
    "workers twice": (f"{T0} --workers 1 --workers 2", USAGE, ["workers", "twice"]),
    "cpus syntax": (f"{T0} --cpus 3-1", USAGE, ["cpus=3-1", "0-3,5"]),
    "cpus absent": (f"{T0} --cpus 1023", UNAVAILABLE, ["CPU 1023", "taskset"]),
    "busy-poll": (f"{T0} --busy-poll on", USAGE, ["busy-poll=on", "auto, off"]),
    "uring-form": (f"{T0} --uring-form Z", USAGE, ["uring-form=Z", "A, B, C, D or E"]),
    "uring form E": (f"{T0},io=uring --uring-form E", USAGE, ["port 'a'", "io=uring", "leave one out"]),
    "no such file": ("-c {tmp}/none.conf", NOINPUT, ["none.conf", "No such file", "ringway.conf(5)"]),
    "a folder as file": ("-c {tmp}", NOINPUT, ["Is a directory"]),
    "pidfile folder": (f"{T0} --pidfile /no/such/pid", UNAVAILABLE, ["/no/such/pid", "mkdir"]),
    "pidfile is a folder": (f"{T0} --pidfile {{tmp}}", OSERR, ["Is a directory", "file in it"]),
    "pidfile loop": (f"{T0} --pidfile {{tmp}}/l", OSERR, ["symbolic link", "file itself"],
                     lambda c: (c.tmp / "l").symlink_to("l")),
    "pidfile of others": (f"{T0} --pidfile {{tmp}}/pid", USAGE, ["something else", "another path"],
                          lambda c: c.file("pid", "root:x:0\n")),
    "pidfile held": (f"{T0} --pidfile {{tmp}}/pid", TEMPFAIL, ["4711", "stop that one"], held_pidfile),
    # a port's words
    "no tap": ("--port user,id=a", USAGE, ["'user'", "tap,"]),
    "no id": ("--port tap,ifname=t0", USAGE, ["needs an id", "id=a"]),
    "bad id": ("--port tap,id=-a", USAGE, ["id=-a", "letter or digit"]),
    "id twice": (f"{T0} {P}", USAGE, ["port 'a' is there already", "once"]),
    "key twice": (f"{T0},mtu=1500,mtu=9000", USAGE, ["mtu=9000", "twice"]),
    "unknown key": (f"{P},colour=red", USAGE, ["colour", "no such option"]),
    "bare key": (f"{P},vhost", USAGE, ["vhost", "needs a value"]),
    "ifname long": (f"{P},ifname=abcdefghijklmnop", USAGE, ["abcdefghijklmnop", "15 bytes"]),
    "ifname slash": (f"{P},ifname=a/b", USAGE, ["ifname=a/b", "no '/'"]),
    "ifname template": (f"{P},ifname=t%s", USAGE, ["ifname=t%s", "%d"]),
    "queues 0": (f"{P},queues=0", USAGE, ["queues=0", "1 to 256"]),
    "queues 257": (f"{P},queues=257", USAGE, ["queues=257", "kernel's limit", "256"]),
    "queues junk": (f"{P},queues=4x", USAGE, ["queues=4x", "whole number"]),
    "vnet_hdr": (f"{P},vnet_hdr=auto", USAGE, ["vnet_hdr=auto", "on or off"]),
    "sndbuf": (f"{P},sndbuf=4G", USAGE, ["sndbuf=4G", "1M"]),
    "mtu": (f"{P},mtu=67", USAGE, ["mtu=67", "68 to 65521"]),
    "mac": (f"{P},mac=01:00:5e:00:00:01", USAGE, ["01:00:5e", "multicast", "even"]),
    "addr": (f"{P},addr=10.0.0.1/33", USAGE, ["10.0.0.1/33", "1 to 32"]),
    "user": (f"{P},user=no-such-user", USAGE, ["no-such-user", "getent passwd"]),
    "group": (f"{P},group=no-such-group", USAGE, ["no-such-group", "getent group"]),
    "io": (f"{P},io=fast", USAGE, ["io=fast", "uring or epoll"]),
    "vhost-workers": (f"{P},vhost-workers=4", USAGE, ["vhost-workers=4", "shared or per-queue"]),
    "vhost-cpus junk": (f"{P},vhost-cpus=0-", USAGE, ["vhost-cpus=0-", "0-3,5"]),
    "vhost-cpus range": (f"{P},vhost-cpus=1024", USAGE, ["vhost-cpus=1024", "0 to 1023"]),
    "vhost-cpus twice": (f"{P},vhost-cpus=0-2,,1", USAGE, ["vhost-cpus=", "CPU 1", "twice"]),
    "vhost-cpus comma": (f"{P},vhost-cpus=0,1", USAGE, ["1: no such option"]),
    # contradictions
    "fd and ifname": (f"{P},fd=5,ifname=t0,queues=1", USAGE, ["fd=", "ifname=, queues=", "leave them out"]),
    "fd and fds": (f"{P},fd=5,fds=6", USAGE, ["fd=", "fds=", "one source"]),
    "fd and netns": (f"{P},fd=5,netns=x", USAGE, ["netns=", "already"]),
    "helper and netns": (f"{P},helper=/h,netns=x", USAGE, ["helper=", "netns="]),
    "helper and master": (f"{P},helper=/h,master=br9", USAGE, ["master=br9", "br=br9"]),
    "br alone": (f"{P},br=br9", USAGE, ["br=br9", "master=br9"]),
    "fd twice": (f"{P},fds=5:5", USAGE, ["file descriptor 5", "twice"]),
    "fd in two ports": (f"{P},fd=5 --port tap,id=b,fd=5", USAGE, ["5", "'a'", "'b'"]),
    "fd negative": (f"{P},fd=-1", USAGE, ["fd=-1", "number"]),
    "257 fds": (f"{P},fds=" + ":".join(map(str, range(10, 267))), USAGE, ["more than 256", "at most 256"]),
    "vhost off and fd": (f"{P},fd=5,vhost=off,vhostfd=6", USAGE, ["vhost=off", "vhostfd="]),
    "vhost off and workers": (f"{P},vhost=off,vhost-workers=shared,vhost-cpus=0", USAGE,
                              ["vhost=off", "vhost-workers=, vhost-cpus=", "leave them out"]),
    "vhostfds count": (f"{P},fds=5:6,vhostfds=7,vhost=auto", USAGE, ["vhostfds=", "1 file", "2 queues"]),
    "vhost and no header": (f"{P},vhost=on,vnet_hdr=off", USAGE, ["vhost=on", "vnet_hdr=on"]),
    "connect form": (f"{T0} --connect a", USAGE, ["--connect a", "a:b"]),
    "connect unknown": (f"{T0} --connect a:z", USAGE, ["a:z", "no port 'z'", "add it"]),
    "connect itself": (f"{T0} --connect a:a", USAGE, ["a:a", "itself"]),
    "connected twice": (f"{T0} --port tap,id=b --port tap,id=c --connect a:b --connect c:a", USAGE,
                        ["c:a", "'a' is connected already"]),
    # configuration files
    "long line": (CF, CONFIG, ["r.conf:2: ", "198 bytes", "shorten"], conf("[port a]\nscript = " + "x" * 190 + "\n")),
    "line of 1 MB": (CF, CONFIG, ["r.conf:1: ", "198 bytes"], conf("x" * (1 << 20))),
    "NUL": (CF, CONFIG, ["r.conf:1: ", "NUL"], conf(b"[port a\0]\n")),
    "inline comment": (CF, CONFIG, ["r.conf:2: ", "own"], conf("[port a]\nifname = t0 ; mine\n")),
    "continuation": (CF, CONFIG, ["r.conf:3: ", "remove the blank"], conf("[port a]\nifname = t0\n  mtu = 9\n")),
    "long section": (CF, CONFIG, ["r.conf:1: ", "49 bytes"], conf("[port " + "x" * 60 + "]\n")),
    "unknown section": (CF, CONFIG, ["r.conf:1: ", "[router x]", "[connect]"], conf("[router x]\n")),
    "file's unknown key": (CF, CONFIG, ["r.conf:2: ", "colour"], conf("[port a]\ncolour = red\n")),
    "file's bad value": (CF, CONFIG, ["r.conf:3: ", "mtu=5", "68"], conf("[port a]\n\nmtu = 5\n")),
    "file's contradiction": (CF, CONFIG, ["r.conf:1: ", "port 'a'", "netns="], conf("[port a]\nfd = 5\nnetns = x\n")),
    "file's pair": (CF, CONFIG, ["r.conf:3: ", "no port 'b'"], conf("[port a]\n[connect]\npair = a:b\n")),
    "same port in drop-in": (CF, CONFIG, ["10.conf:2: ", "'a' is there already", "r.conf:1"], drop_in_twice),
    "file and --port": (f"{CF} {P}", USAGE, ["--port tap,id=a", "r.conf:1"], conf("[port a]\n")),
    "10,000 ports": (CF, CONFIG, ["r.conf:2049: ", "more than 1024 ports"], many_ports),
    "empty file": (CF, CONFIG, ["r.conf: no [port ID]", "r.conf.d/"], conf("")),
    "only comments": (CF, CONFIG, ["r.conf: no [port ID]"], conf("# [port a]\n; none\n")),
    "file's cpus": (CF, UNAVAILABLE, ["r.conf:3: ", "CPU 1023"], conf("[port a]\n[ringway]\ncpus = 1023\n")),
    # --check looks without touching
    "check netns": (f"--check {T0},netns=no-such-ns", UNAVAILABLE, ["no-such-ns", "ip netns add"]),
    "check script": (f"--check {T0},script=/no/such", UNAVAILABLE, ["script=/no/such", "executable"]),
    "check helper": (f"--check {P},helper={{tmp}}/h", NOPERM, ["helper=", "executable"], lambda c: c.file("h", "")),
    "check helper's words": (f"--check {P},helper=/no/such\t-x", UNAVAILABLE, ["/no/such", "executable"]),
    "check no namespace": (f"--check {T0},netns=/etc/passwd", OSERR, ["not a network namespace"]),
    "check fd": (f"--check {P},fd={{fd}}", OSERR, ["/dev/null", "no TAP"], dev_null),
    # given file descriptors
    "fd 1": (f"{P},fd=1", USAGE, ["port 'a'", "standard output"]),
    "fd 2": (f"{P},fds=0:2", USAGE, ["port 'a'", "standard error"]),
    "one TAP, two numbers": (f"{P},fd={{fd}} --port tap,id=b,fd={{fd2}}", USAGE, ["'a'", "'b'", "same open file"], twin),
    "fd closed": (f"{P},fd=399", USAGE, ["port 'a'", "399", "not open"]),
    "fd of /dev/null": (f"{P},fd={{fd}}", OSERR, ["/dev/null", "no TAP"], dev_null),
    "fd of a socket": (f"{P},fd={{fd}}", OSERR, ["socket", "no TAP"], a_socket),
    "fd of a TUN": (f"{P},fd={{fd}}", OSERR, ["TUN", "IFF_TAP"], lambda c: c.own("fd", c.tun("t0", IFF_TUN))),
    "fd unattached": (f"{P},fd={{fd}}", OSERR, ["TUNSETIFF"], lambda c: c.own("fd", c.tun(None))),
    "fds of two TAPs": (f"{P},fds={{fd}}:{{fd2}}", OSERR, ["t0", "t1", "one device"], two_taps),
    # the device is there already, and different
    "a TUN": (T0, OSERR, ["ifname=t0", "TUN", "ip tuntap"], lambda c: c.ip("tuntap add t0 mode tun")),
    "a veth": (T0, OSERR, ["ifname=t0", "no TAP", "another name"], lambda c: c.ip("link add t0 type veth peer name t9")),
    "single queue": (f"{T0},queues=2", OSERR, ["t0", "single-queue", "queues=1"],
                     lambda c: c.ip("tuntap add t0 mode tap")),
    "multi queue": (T0, OSERR, ["t0", "multi-queue", "queues=2"], lambda c: c.ip("tuntap add t0 mode tap multi_queue")),
    "busy": (T0, TEMPFAIL, ["t0", "already open", "another name"], lambda c: c.tun("t0")),
    "one name in two ports": (f"{T0} --port tap,id=b,ifname=t0 --check", USAGE, ["'b'", "ifname=t0", "'a'"]),
    "no bridge": (f"{T0},master=br9", UNAVAILABLE, ["br9"]),
    "second port fails": (f"{T0} --port tap,id=b,ifname=t1,master=br9", UNAVAILABLE, ["port 'b'", "br9"]),
    "persistent port before it": (f"{T0},persist=on --port tap,id=b,ifname=lo", OSERR, ["port 'b'", "lo"]),
    # programs
    "no downscript": (f"{T0},downscript=/no/such", UNAVAILABLE, ["downscript=/no/such", "executable"]),
    "no script": (f"{T0},script=/no/such", UNAVAILABLE, ["/no/such"]),
    "script fails": (f"{T0},script=/bin/false", OSERR, ["/bin/false", "status 1"]),
    "no helper": (f"{P},helper=/no/such", UNAVAILABLE, ["/no/such"]),
    "helper without fd": (f"{P},helper=/bin/true", OSERR, ["/bin/true"]),
    "no namespace": (f"{T0},netns=no-such-ns", UNAVAILABLE, ["no-such-ns"]),
    "no namespace path": (f"{T0},netns=/etc/passwd", OSERR, ["not a network namespace", "/proc/PID/ns/net"]),
    # rights and limits
    "no capability": (T0, NOPERM, ["t0", "CAP_NET_ADMIN", "unshare -Urn"], None, NO_CAP),
    "no /dev/net/tun": (T0, UNAVAILABLE, ["/dev/net/tun", "modprobe"], None, shell("mount -t tmpfs none /dev/net")),
    "no right to /dev/net/tun": (T0, NOPERM, ["/dev/net/tun", "chmod"], None,
                                 shell("mount -t tmpfs -o nodev none /dev/net; mknod /dev/net/tun c 10 200")),
    "no room for the pidfile": (f"{T0} --pidfile {{tmp}}/pid", OSERR, ["pidfile", "too large"], None, ["prlimit", "--fsize=0"]),
    "few open files": (f"{T0},queues=100", OSERR, ["100 queues", "limit is 64", "ulimit -n"], None,
                       ["prlimit", "--nofile=64:64"]),
}


@pytest.fixture(scope="module", autouse=True)
def namespace():
    sh("ip", "netns", "add", NS)
    yield
    sh("ip", "netns", "del", NS)


@pytest.fixture
def ctx(tmp_path, namespace):
    c = Ctx(tmp_path)
    yield c
    c.close()
    while links() != ["lo"]:  # one by one: a veth takes its peer along
        c.ip(f"link del {next(x for x in links() if x != 'lo')}")


def links():
    return sorted(line.split(":")[1].split("@")[0].strip() for line in sh("ip", "-n", NS, "-o", "link").splitlines())


def state(tmp):
    """All that a run might leave behind."""
    files = {str(p): p.read_bytes() if p.is_file() else b"" for p in tmp.rglob("*")}
    return links(), sorted(n for n in os.listdir("/run/netns") if n.startswith(NS)), files


def words_of(text, c):
    return text.format(tmp=c.tmp, **c.fds).split(" ") if text else []


def inside(c, words, wrap=()):
    cmd = ["nsenter", f"--net=/run/netns/{NS}", *wrap, RINGWAY, *words]
    return dict(args=cmd, pass_fds=list(c.fds.values()), stdin=subprocess.DEVNULL, text=True)


@pytest.mark.parametrize("name", CASES)
def test_bad_input(ctx, name):
    words, status, sentence, setup, wrap = (*CASES[name], None, None)[:5]
    if setup:
        setup(ctx)
    before = state(ctx.tmp)
    run = subprocess.run(**inside(ctx, ["run", *words_of(words, ctx)], wrap or ()), capture_output=True, timeout=LIMIT)
    assert run.returncode == status, run.stderr
    # a coverage build that may write no file says so itself
    lines = [x for x in run.stderr.splitlines() if not x.startswith("libgcov profiling error:")]
    assert len(lines) == 1 and lines[0].startswith("ringway: "), run.stderr
    missing = [w for w in sentence if w not in lines[0]]
    assert not missing, f"{missing} not in: {lines[0]}"
    assert run.stdout == ""
    assert state(ctx.tmp) == before


def test_table_is_large():
    assert len(CASES) >= 45


@pytest.mark.parametrize("words", ["--help", "-h", "help", "help run", "run --help", "run -h", "help version"])
def test_help(ctx, words):
    run = subprocess.run(**inside(ctx, words.split()), capture_output=True, timeout=LIMIT)
    assert run.returncode == 0 and run.stderr == "" and "ringway" in run.stdout
    assert ("--connect A:B" in run.stdout) == ("run" in words)


@pytest.mark.parametrize("words", ["--version", "-V", "version"])
def test_version(ctx, words):
    run = subprocess.run(**inside(ctx, words.split()), capture_output=True, timeout=LIMIT)
    assert run.returncode == 0 and run.stdout.startswith("ringway ")


@pytest.mark.parametrize("words", ["", "rnu", "help rnu", "version 1", "-x"])
def test_bad_command(ctx, words):
    run = subprocess.run(**inside(ctx, words.split()), capture_output=True, timeout=LIMIT)
    assert run.returncode == USAGE and run.stdout == ""
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", ["help", "version", "help run", f"run --check {T0}"])
@pytest.mark.parametrize("out", [">/dev/full", ">&-"])
def test_broken_stdout(ctx, words, out):
    run = subprocess.run(["sh", "-c", f'"$@" {out}', "sh", RINGWAY, *words.split()], capture_output=True, text=True,
                         timeout=LIMIT)
    assert run.returncode == IOERR and "standard output" in run.stderr


def test_check_is_without_side_effect(ctx):
    ctx.file("r.conf", "[port a]\nifname = t0\n[port b]\nqueues = 4\n[connect]\npair = a:b\n[ringway]\npidfile = /x/y\n")
    before = state(ctx.tmp)
    run = subprocess.run(**inside(ctx, words_of(f"run --check {CF}", ctx)), capture_output=True, timeout=LIMIT)
    assert run.returncode == 0 and run.stderr == ""
    assert run.stdout == "ringway: configuration ok: 2 ports, 1 connection\n"
    assert state(ctx.tmp) == before


class Lines:
    """The lines of a pipe, waited for one by one."""

    def __init__(self, stream):
        self.fd, self.rest = stream.fileno(), b""

    def until(self, wanted):
        """The lines up to the first that holds the word."""
        lines = []
        while not lines or wanted not in lines[-1]:
            while b"\n" not in self.rest:
                assert select.select([self.fd], [], [], LIMIT)[0], f"no '{wanted}' in {lines}"
                data = os.read(self.fd, 4096)
                assert data, f"no '{wanted}' in {lines}"
                self.rest += data
            line, self.rest = self.rest.split(b"\n", 1)
            lines.append(line.decode())
        return lines


@pytest.mark.parametrize("wrap", [[], ["prlimit", "--memlock=0:0"]], ids=["plain", "no memlock"])
def test_life(ctx, wrap):
    """Ready, pidfile, notification, ignored signals, a report, two SIGTERMs: 0, and nothing left."""
    before = state(ctx.tmp)
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(ctx.tmp / "notify"))
    manager.settimeout(LIMIT)
    args = inside(ctx, words_of(f"run {T0} --port tap,id=b --connect a:b --pidfile {{tmp}}/pid", ctx), wrap)
    p = subprocess.Popen(**args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env={**os.environ, "NOTIFY_SOCKET": str(ctx.tmp / "notify")})
    try:
        err, out = Lines(p.stderr), Lines(p.stdout)
        lines = err.until("ready:")
        assert lines[-1].startswith("ringway: ready: 2 ports, 1 connection, 1 worker (")
        assert sum("vhost-net" in x for x in lines) <= 1
        assert manager.recv(100) == b"READY=1"
        assert (ctx.tmp / "pid").read_text() == f"{p.pid}\n"
        p.send_signal(signal.SIGHUP)
        assert "SIGHUP is ignored" in err.until("SIGHUP")[-1]
        p.send_signal(signal.SIGUSR1)
        report = out.until("end")
        assert [x.split()[0].split("=")[0] for x in report] == \
            ["port", "vhost", "queue", "port", "vhost", "queue", "worker", "total", "end"]
        p.send_signal(signal.SIGTERM)
        p.send_signal(signal.SIGTERM)
        assert p.wait(LIMIT) == 0
        assert manager.recv(100) == b"STOPPING=1"
    finally:
        p.kill()
        p.wait()
        p.stdout.close()
        p.stderr.close()
        manager.close()
    os.unlink(ctx.tmp / "notify")
    assert state(ctx.tmp) == before
