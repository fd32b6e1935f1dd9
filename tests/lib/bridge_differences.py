# SPDX-License-Identifier: BSD-2-Clause
"""Where ringway's bridge does otherwise than the Linux bridge, and why: the one list.

Each is a sentence and a condition on what is compared; test_bridge_kernel.py leaves such
frames out of its mix, and nothing else. What concerns no frame has no condition.
"""

# (name, reason, does it concern the frame that comes in at a port?)
DIFFERENCES = [
    ("own address", "the Linux bridge is a host, too: it takes frames to its own addresses, and none from them; "
     "ringway's ports have no addresses of the bridge", lambda data, local, vlans: data[:6] in local or data[6:12] in local),
    ("longer than the MTU", "the Linux bridge drops a frame that is longer than the output's MTU; ringway leaves that "
     "to the output device", lambda data, local, vlans: len(data) > 1500 + 14 + 4),
    ("a tag cut short", "Linux drops a frame that ends within its outermost tag, or within two bytes behind it, before "
     "any bridge sees it; to ringway it is a frame like others (vlan-filtering=on: drop reason rx_vlan_cut)",
     lambda data, local, vlans: data[12:14] in (b"\x81\x00", b"\x88\xa8") and len(data) < 20),
    ("too short for a tag", "the same at the other end: a tag that is put on a frame of less than 16 bytes is one cut "
     "short to the kernel behind the TAP, where the Linux bridge carries it beside the frame",
     lambda data, local, vlans: vlans and len(data) < 16),
    ("netfilter", "br_netfilter, where it is loaded, drops frames whose IP headers are not in order; the test turns it off",
     None),
    ("link down", "the Linux bridge forgets at once what is behind a port whose link goes down; ringway within two seconds of the "
     "first frame that it cannot deliver there", None),
    ("ageing", "an entry lives for the ageing time in both; Linux sweeps by jiffies, ringway by ticks of 1/4096 of "
     "the ageing time, up to two ticks late", None),
    ("table size", "ringway's table is bounded from the start (fdb-size=), that of Linux only if fdb_max_learned is set",
     None),
]


def concerns(data, local, vlans):
    """The names of the differences that a frame would show; local: the Linux bridge's addresses;
    vlans: with VLAN filtering."""
    return [name for name, _, hits in DIFFERENCES if hits and hits(data, local, vlans)]
