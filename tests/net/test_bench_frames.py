# SPDX-License-Identifier: BSD-2-Clause
"""ringway-bench's generated frames, read back by scapy and tcpdump byte for byte."""
import os
import pathlib
import shutil
import struct
import subprocess

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import rdpcap

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / os.environ.get("BUILD", "build") / "ringway-bench"
LIMIT = 60  # seconds for a run that ends in milliseconds: machines differ
USAGE, OSERR, UNAVAILABLE = 64, 71, 69


@pytest.fixture(autouse=True)
def lab():
    """Nothing here runs a forwarder."""


def pcap(*words):
    return subprocess.run([BENCH, "pcap", *map(str, words)], capture_output=True, text=True, timeout=LIMIT)


def frames(tmp_path, spec, count=100):
    r = pcap("--count", count, spec, tmp_path / "x.pcap")
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    found = rdpcap(str(tmp_path / "x.pcap"))
    assert len(found) == count
    return found


def rebuilt(p):
    """The frame with all lengths and checksums computed by scapy."""
    p = Ether(bytes(p))
    for layer, fields in ((IP, ("len", "chksum")), (IPv6, ("plen",)), (UDP, ("len", "chksum")), (TCP, ("chksum", "dataofs"))):
        if p.haslayer(layer):
            for f in fields:
                p[layer].delfieldval(f)
    return bytes(p)


def mark(p):
    """run, flow, number, time of the payload's first 14 bytes"""
    raw = bytes(p)
    at = 14 + 4 * (raw[12:14] in (b"\x81\x00", b"\x88\xa8")) + 4 * (raw[12:14] == b"\x88\xa8")
    kind = raw[at - 2:at]
    at += {b"\x08\x00": 20, b"\x86\xdd": 40, b"\x08\x06": 28, b"\x88\xb5": 0}[kind]
    at += 8 if p.haslayer(UDP) else 20 if p.haslayer(TCP) else 0
    run, flow, seq, high, low = struct.unpack_from(">HHIHI", raw, at)
    return run, flow, seq, high << 32 | low


SPECS = [
    "flows=3",
    "flows=3,size=imix",
    "flows=7,size=rfc2544,proto=tcp",
    "flows=2,proto=udp6",
    "flows=2,proto=tcp6,size=96-1518~",
    "vlan=5,size=100-200",
    "qinq=9,vlan=5,proto=tcp,size=9000",
    "proto=arp,flows=2",
    "proto=eth,flows=2,size=64-90",
    "proto=udp,size=65539",  # scapy reads no more than 65,535 bytes
]


@pytest.mark.parametrize("spec", SPECS)
def test_scapy_builds_the_same_bytes(tmp_path, spec):
    flows = int(dict(w.split("=") for w in spec.split(",")).get("flows", 1))
    for i, p in enumerate(frames(tmp_path, spec)):
        same = rebuilt(p) == bytes(p)
        assert same, f"frame {i}: {bytes(p)[:100].hex()}"
        run, flow, seq, ns = mark(p)
        assert (flow, seq, ns) == (i % flows, i // flows, i * 1000)
        assert int(p.time * 10**9) == i * 1000
        assert run == mark(frames(tmp_path, spec, 1)[0])[0] if i == 0 else True


def test_headers_are_those_asked_for(tmp_path):
    spec = ("flows=4,qinq=100+1,vlan=5+1%2,dmac=02:00:00:00:00:fe+1,smac=02:11:22:33:44:55,"
            "sip=10.1.0.0+256,dip=10.2.0.7,sport=1000+3,dport=53,size=200")
    for i, p in enumerate(frames(tmp_path, spec, 8)):
        f = i % 4
        want = (Ether(dst="02:00:00:00:%02x:%02x" % divmod(0xfe + f, 256), src="02:11:22:33:44:55")
                / Dot1AD(vlan=100 + f) / Dot1Q(vlan=5 + f % 2)
                / IP(src=f"10.1.{f}.0", dst="10.2.0.7", id=0, flags="DF", ttl=64)
                / UDP(sport=1000 + 3 * f, dport=53) / Raw(bytes(p[UDP].payload)))
        assert bytes(want) == bytes(p)
        assert len(p) == 196


def test_arp_is_a_request(tmp_path):
    for p in frames(tmp_path, "proto=arp,sip=10.0.0.1,dip=10.0.0.2", 3):
        a = p[ARP]
        assert (a.op, a.psrc, a.pdst, a.hwsrc) == (1, "10.0.0.1", "10.0.0.2", p.src)
        assert len(p) == 60


@pytest.mark.parametrize("spec, size", [
    ("", 60), ("proto=tcp", 72), ("proto=udp6", 80), ("proto=tcp6", 92), ("vlan=1", 64), ("proto=eth", 60)])
def test_smallest_frames(tmp_path, spec, size):
    assert {len(p) for p in frames(tmp_path, spec, 3)} == {size}


def test_sizes_in_their_shares(tmp_path):
    sizes = [len(p) + 4 for p in frames(tmp_path, "size=imix", 120)]
    assert {s: sizes.count(s) for s in sizes} == {64: 70, 594: 40, 1518: 10}


def test_partial_checksums_are_the_pseudo_header_s(tmp_path):
    for p in frames(tmp_path, "vnet=yes,csum=partial,size=128", 5):
        whole = Ether(rebuilt(p))
        ip = p[IP]
        words = struct.unpack(">10H", ip.build()[12:20] + struct.pack(">HHHHHH", 17, len(ip[UDP]), 0, 0, 0, 0))
        total = sum(words)
        assert ip[UDP].chksum == (total & 0xffff) + (total >> 16)
        assert whole[UDP].chksum != ip[UDP].chksum


def test_the_same_words_give_the_same_file(tmp_path):
    a, b, c = (tmp_path / n for n in "abc")
    for f, seed in ((a, 7), (b, 7), (c, 8)):
        assert pcap(f"size=100-1000~,sport=1~60000,flows=9,seed={seed}", f).returncode == 0
    assert a.read_bytes() == b.read_bytes() != c.read_bytes()


@pytest.mark.skipif(not shutil.which("tcpdump"), reason="tcpdump is not installed")
@pytest.mark.parametrize("spec", SPECS)
def test_tcpdump_reads_the_same_bytes(tmp_path, spec):
    found = frames(tmp_path, spec, 20)
    # -xx prints all bytes, with the link header
    r = subprocess.run(["tcpdump", "-nn", "-vv", "-xx", "-r", tmp_path / "x.pcap"], capture_output=True, text=True, timeout=LIMIT)
    assert r.returncode == 0, r.stderr
    dumped, said = [], []
    for line in r.stdout.splitlines():
        if line.startswith("\t0x"):
            offset, _, words = line.strip().partition(":")
            if int(offset, 16) == 0:
                dumped.append("")
            dumped[-1] += words.split("  ")[0 if words[:2] != "  " else 1].replace(" ", "")
        else:
            said.append(line)
    same = [bytes.fromhex(d) for d in dumped] == [bytes(p) for p in found]
    assert same, said
    text = "\n".join(said)
    assert not any(w in text for w in ("bad", "incorrect", "wrong", "truncated", "[|")), text
    if "tcp" in spec:
        assert text.count("(correct)") == 20
    elif "arp" not in spec and "eth" not in spec:
        assert text.count("udp sum ok") == 20


def test_a_capture_is_replayed(tmp_path):
    a, b = tmp_path / "a.pcap", tmp_path / "b.pcap"
    assert pcap("--count", 30, "--rate", 1000, "size=imix,flows=3", a).returncode == 0
    assert pcap(f"pcap={a}", b).returncode == 0
    assert a.read_bytes() == b.read_bytes()
    assert pcap(f"pcap={a},loops=3", b).returncode == 0
    three = rdpcap(str(b))
    assert [bytes(p) for p in three] == 3 * [bytes(p) for p in rdpcap(str(a))]
    assert [round(p.time * 1000) for p in three] == list(range(90))


@pytest.mark.parametrize("words, status, sentence", [
    (["size=60", "F"], USAGE, "size=60 is too small"),
    (["size=64,proto=tcp6", "F"], USAGE, "need 96"),
    (["nonsense", "F"], USAGE, "'nonsense' is no KEY=VALUE"),
    (["pcap=/nonexistent", "F"], OSERR, "/nonexistent: No such file"),
    (["pcap=/dev/null", "F"], OSERR, "/dev/null"),
    (["pcap=x,loops=0", "F"], USAGE, "--count"),
    (["", "/nonexistent/x"], UNAVAILABLE, "/nonexistent/x"),
    ([""], USAGE, "SPEC and FILE"),
    (["", "F", "more"], USAGE, "SPEC and FILE"),
    (["--count", "0", "", "F"], USAGE, "--count 0"),
    (["--count", "", "F"], USAGE, "--count"),
    (["--rate", "2000000000", "", "F"], USAGE, "from 1 to 1000000000"),
    (["--what", "", "F"], USAGE, "'--what' is no option"),
    (["", "F", "--count"], USAGE, "--count needs a value, N"),
])
def test_bad_input_gives_one_sentence(tmp_path, words, status, sentence):
    words = [str(tmp_path / "f") if w == "F" else w for w in words]
    r = pcap(*words)
    assert r.returncode == status, r.stderr
    assert r.stdout == "" and r.stderr.count("\n") == 1 and sentence in r.stderr, r.stderr
    assert not (tmp_path / "f").exists()


def test_a_full_disk_is_told():
    r = pcap("", "/dev/full")
    assert r.returncode != 0 and r.stderr.startswith("ringway-bench: /dev/full: "), r.stderr


def test_help_names_the_keys():
    r = subprocess.run([BENCH, "help", "pcap"], capture_output=True, text=True, timeout=LIMIT)
    assert r.returncode == 0 and all(k in r.stdout for k in ("proto=", "size=", "flows=", "--count", "gso="))


def test_to_standard_output(tmp_path):
    """What is printed is what a file of the same words holds, and nothing else."""
    r = subprocess.run([BENCH, "pcap", "--count", "3", "flows=2", "-"], capture_output=True, timeout=LIMIT, check=True)
    assert pcap("--count", "3", "flows=2", tmp_path / "f").returncode == 0
    assert r.stdout == (tmp_path / "f").read_bytes() and r.stderr == b""
