# SPDX-License-Identifier: BSD-2-Clause
"""What a throw-away guest boots: a kernel package of Debian's, unpacked but never installed, and an initramfs.

Kernels are kept in build/vm, or in $RINGWAY_VM_CACHE; the machine's own apt
configuration is read and never changed. Absent says what the machine lacks.
"""
import fcntl
import lzma
import os
import pathlib
import re
import shutil
import stat
import struct
import subprocess
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("RINGWAY_VM_CACHE") or ROOT / "build/vm").absolute()
QEMU = "qemu-system-x86_64"
PACKAGE = "linux-image-amd64"  # the cloud image has no 9p
SBIN = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


class Absent(Exception):
    """A guest cannot be had here; the text says why."""


def tool(name, package):
    path = shutil.which(name, path=SBIN)
    if not path:
        raise Absent(f"{name} (Debian's package {package}) is missing")
    return path


def tools():
    if os.uname().machine != "x86_64":
        raise Absent(f"this machine is {os.uname().machine}, the guests are x86_64")
    tool(QEMU, "qemu-system-x86")
    tool("busybox", "busybox-static")
    tool("depmod", "kmod")


# --- the package -----------------------------------------------------------------

def release():
    words = dict(x.split("=", 1) for x in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in x)
    suite = words.get("VERSION_CODENAME", "").strip('"')
    if not suite:
        raise Absent("/etc/os-release names no release")
    return suite


def backports_source(suite, etc=pathlib.Path("/etc/apt")):
    """The machine's own apt source of a release, changed to its backports: how the file's name ends, its text."""
    for f in sorted(etc.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", f.read_text()):
            lines = [x for x in stanza.splitlines() if not x.startswith("#")]
            words = {x.split(":", 1)[0].lower(): x.split(":", 1)[1].split() for x in lines if re.match(r"[\w-]+:", x)}
            if "deb" in words.get("types", ()) and suite in words.get("suites", ()) and words.get("enabled") != ["no"]:
                kept = [x for x in lines if not re.match(r"(?i)(types|suites|components|enabled):", x)]
                return ".sources", "\n".join([*kept, "Types: deb", f"Suites: {suite}-backports", "Components: main"]) + "\n"
    for f in [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]:
        for line in f.read_text().splitlines() if f.exists() else ():
            m = re.match(r"\s*deb\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s", line + " ")
            if m and m.group(3) == suite:
                return ".list", f"deb {m.group(1) or ''}{m.group(2)} {suite}-backports main\n"
    raise Absent(f"no apt source for {suite} to derive that of its backports from")


def apt_options(which, folder):
    """apt with lists and caches of its own, and for backports a source of its own."""
    for d in ("lists/partial", "cache/archives/partial", "parts"):
        (folder / d).mkdir(parents=True, exist_ok=True)
    options = [f"Dir::State::lists={folder}/lists", f"Dir::Cache={folder}/cache"]
    if which == "backports":
        ext, text = backports_source(release())
        (folder / f"parts/backports{ext}").write_text(text)
        options += ["Dir::Etc::sourcelist=/dev/null", f"Dir::Etc::sourceparts={folder}/parts"]
    return [x for o in options for x in ("-o", o)]


def apt(tool_name, *words, cwd=None):
    r = subprocess.run([tool(tool_name, "apt"), *words], cwd=cwd, capture_output=True, text=True, timeout=600,
                       env=dict(os.environ, LC_ALL="C"), stdin=subprocess.DEVNULL)
    return r.stdout if r.returncode == 0 else None, r.stderr.strip()


def download(options, into):
    """The package that the meta package stands for now; None if apt does not know or have it."""
    out, why = apt("apt-cache", *options, "depends", PACKAGE)
    names = re.findall(r"Depends: (linux-image-[0-9]\S+)", out or "")
    if not names:
        return None, why or f"apt knows no {PACKAGE}"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    out, why = apt("apt-get", *options, "-q", "download", names[0], cwd=into)
    return next(into.glob("*.deb"), None), why


def fetch(which, target):
    """Unpack the kernel package into target."""
    folder = CACHE / f"{which}.apt"
    deb, why = download((), folder / "deb") if which == "own" else (None, "")
    if not deb:  # lists of our own, as the machine's are missing or old
        options = apt_options(which, folder)
        out, why = apt("apt-get", *options, "-q", "update")
        if out is not None:
            deb, why = download(options, folder / "deb")
    if not deb:
        last = why.splitlines()[-1:] or ["no reason given"]
        raise Absent(f"no kernel package ({which}): {last[0]}")
    new = target.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    subprocess.run(["dpkg", "-x", str(deb), str(new)], check=True)
    new.rename(target)
    shutil.rmtree(folder)


# --- the kernel ------------------------------------------------------------------

def unpacked(image):
    """The ELF kernel within a bzImage, which boots faster than by its own slow loader; None: unknown packing."""
    data = image.read_bytes()
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = (data[0x1F1] + 1) * 512 + offset
    payload = data[start:start + length]
    if payload.startswith(b"\xfd7zXZ"):
        elf = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(b"\x1f\x8b"):
        elf = zlib.decompressobj(31).decompress(payload)
    elif payload.startswith(b"\x28\xb5\x2f\xfd") and shutil.which("zstd"):
        # what follows the frame, its size, is an error to zstd
        elf = subprocess.run(["zstd", "-dqc"], input=payload, capture_output=True).stdout
    else:
        return None
    return elf if elf.startswith(b"\x7fELF") else None


class Kernel:
    """An unpacked kernel package: its version, the image to boot, its modules."""

    def __init__(self, folder):
        folder = pathlib.Path(folder).resolve()
        found = [d for d in (*folder.glob("lib/modules/*"), *folder.glob("usr/lib/modules/*")) if (d / "kernel").is_dir()]
        if not found:
            raise Absent(f"no kernel modules in {folder}")
        self.modules = found[0]
        self.version = self.modules.name
        self.image = next((p for p in (folder / f"boot/vmlinuz-{self.version}", self.modules / "vmlinuz") if p.exists()), None)
        if not self.image:
            raise Absent(f"no kernel image in {folder}")
        if not (self.modules / "modules.dep").exists():
            base = str(self.modules).rsplit("/lib/modules/", 1)[0]
            subprocess.run([tool("depmod", "kmod"), "-b", base, self.version], check=True)
        elf = CACHE / f"vmlinux-{self.version}"
        if not elf.exists():
            data = unpacked(self.image)
            if data:
                elf.with_suffix(".new").write_bytes(data)
                elf.with_suffix(".new").rename(elf)
        if elf.exists():
            self.image = elf

    def module_files(self, wanted):
        """(name, bytes) of modules and what they depend on, in the order of loading."""
        deps = dict(x.split(":", 1) for x in (self.modules / "modules.dep").read_text().splitlines())
        at = {re.sub(r"\.ko.*", "", os.path.basename(p)).replace("-", "_"): p for p in deps}
        order = []

        def load(path):
            for d in reversed(deps[path].split()):
                load(d)
            if path not in order:
                order.append(path)

        for name in wanted:
            if name in at:  # others are part of the kernel
                load(at[name])
        for path in order:
            data = (self.modules / path).read_bytes()
            if path.endswith(".xz"):
                data = lzma.decompress(data)
            elif path.endswith(".zst"):
                data = subprocess.run(["zstd", "-dqc"], input=data, capture_output=True, check=True).stdout
            yield re.sub(r"\.ko.*", "", os.path.basename(path)), data


NAMES = {"6.1": "own", "6.12": "backports"}  # as Debian 12 has them


def kernel(name):
    """A Kernel: 6.1 = the release's own, 6.12 = its backports', else a folder; raises Absent."""
    tools()
    which = NAMES.get(name, name)
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if which not in NAMES.values():
            return Kernel(which)
        target = CACHE / which
        if not target.exists():
            fetch(which, target)
        return Kernel(target)


# --- the initramfs ---------------------------------------------------------------

def cpio(files):
    """A newc archive of (path, bytes, is executable); folders are made as needed."""
    out, seen = [], set()

    def entry(path, mode, data=b""):
        name = path.encode() + b"\0"
        fields = (len(seen), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % x for x in fields) + name
        out.append(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))
        seen.add(path)

    for path, data, executable in files:
        for parent in reversed(pathlib.PurePath(path).parents):
            if str(parent) not in seen | {"."}:
                entry(str(parent), stat.S_IFDIR | 0o755)
        if data is None:
            entry(path, stat.S_IFDIR | 0o755)
        else:
            entry(path, stat.S_IFREG | (0o755 if executable else 0o644), data)
    entry("TRAILER!!!", 0)
    return b"".join(out)


def initramfs(k, modules, init, files=()):
    """busybox, the modules in /m with their order, /init, and (path, bytes, is executable) more."""
    busybox = pathlib.Path(tool("busybox", "busybox-static")).read_bytes()
    loaded = list(k.module_files(modules))
    return cpio([
        ("bin/busybox", busybox, True), ("init", init, True),
        ("m/order", "".join(n + "\n" for n, _ in loaded).encode(), False),
        *((f"m/{n}.ko", data, False) for n, data in loaded),
        *((d, None, True) for d in ("proc", "sys", "dev")), *files,
    ])


# --- QEMU ------------------------------------------------------------------------

def qemu(k, initrd, *more, cpus=1, mem=256, append="", console="null", icount=False, parallel=False):
    """
    The command of a guest on an emulated CPU: KVM is never used, the outcome is the same everywhere.
    The CPUs take turns in one thread: in threads of their own (parallel) the emulator sometimes runs
    the int3 that the kernel puts into code it is just patching (an oops, seen with QEMU 7.2).
    """
    accel = "tcg,thread=multi" if parallel and not icount else "tcg,thread=single"
    words = ["console=ttyS0", "quiet", "panic=-1", "nokaslr", "mitigations=off", "no_timer_check", "random.trust_cpu=on",
             "cryptomgr.notests", append]
    return [tool(QEMU, "qemu-system-x86"), "-nodefaults", "-no-user-config", "-nographic", "-no-reboot",
            "-machine", "q35,hpet=off,usb=off,vmport=off,smbus=off,sata=off", "-accel", accel, "-cpu", "max",
            *(["-icount", "shift=0,sleep=off"] if icount else []), "-smp", str(cpus), "-m", str(mem),
            "-kernel", str(k.image), "-initrd", str(initrd), "-append", " ".join(words).strip(),
            "-serial", console, *more]
