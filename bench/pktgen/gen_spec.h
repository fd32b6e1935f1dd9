/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_spec: the wish for a stream of frames, as plain data, and the words it is read
 * from. */
#ifndef BENCH_PKTGEN_GEN_SPEC_H
#define BENCH_PKTGEN_GEN_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

/*
 * Words: KEY=VALUE, separated by commas; no word is needed ("" is 64-byte UDP, one flow).
 *
 *   proto   udp (default), tcp, udp6, tcp6, arp (requests), eth (ethertype 0x88b5)
 *   size    of the frame on the wire as RFC 2544 counts it, with the FCS of 4 bytes that
 * no buffer holds: size=64 (default) makes 60 bytes. VLAN tags count. One of
 *             N[*W]/N[*W]...  in turn, each N for W frames
 *             A-B or A-B+STEP every size of the range in turn
 *             A-B~            seeded random, each size as likely
 *             rfc2544         64/128/256/512/1024/1280/1518
 *             imix            64*7/594*4/1518
 *             genome:LETTERS  RFC 6985: a 64, b 128, c 256, d 512, e 1024, f 1280, g
 * 1518, h 2112, i 9000, j 16000; a number repeats: genome:7a4d1g Each flow goes through
 * all of it. A size too small for proto and tags is refused, but of the four names raised
 * to the smallest possible. flows   1 (default) .. 65536, visited in turn dmac smac vlan
 * qinq sip dip sport dport: what flow i = 0, 1, .. has there. One of BASE            the
 * same in each flow BASE+STEP       BASE + i * STEP BASE+STEP%N     BASE + (i % N) * STEP
 *             BASE~N          one of BASE .. BASE+N-1, seeded random
 *           vlan is an 802.1Q tag, qinq an 802.1ad tag outside of it. Defaults:
 *           dmac=02:52:57:00:00:02 smac=02:52:57:00:00:01, no tags, sport=10000+1%50000
 *           dport=20000, sip=198.18.0.1 dip=198.18.0.2 or sip=2001:2::1 dip=2001:2::2
 *   csum    full (default), partial (needs vnet=yes: NEEDS_CSUM), none (UDP over IPv4: 0)
 *   vnet    no (default), yes: a virtio-net header of 12 bytes before each frame
 *   gso     MSS: frames with a larger payload become super-packets (needs vnet=yes and
 *           proto udp, tcp, udp6 or tcp6); each segment has a mark of its own, counts as
 *           one in all counts, and the whole is shortened by a last segment that could
 *           not hold a mark
 *   seed    of all that is random, 1 by default
 *   run     tag of 16 bits that tells one run's frames from another's; from seed by
 * default mac     check (default) or any: may the device under test rewrite MAC addresses
 * and TTL? pcap    FILE: no frames made, those of this file (pcap, pcapng) replayed;
 * allows beside it only loops=N (1; 0 = without end), vnet=yes (empty headers), flows=1
 */
enum {
	GEN_SPEC_SIZES_MAX = 64,    /* entries of a list */
	GEN_SPEC_CYCLE_MAX = 65536, /* frames until the sizes repeat */
	GEN_SPEC_FLOWS_MAX = 65536,
	GEN_SPEC_SIZE_MIN = 64,
	GEN_SPEC_SIZE_MAX = 65535 + 14 + 8 + 4, /* IP's largest, two tags, FCS */
	GEN_SPEC_SEGS_MAX = 128,		/* Linux's UDP_MAX_SEGMENTS */
	GEN_SPEC_FCS = 4,
};

enum gen_spec_proto {
	GEN_SPEC_UDP,
	GEN_SPEC_TCP,
	GEN_SPEC_UDP6,
	GEN_SPEC_TCP6,
	GEN_SPEC_ARP,
	GEN_SPEC_ETH,
};

enum gen_spec_csum { GEN_SPEC_CSUM_FULL, GEN_SPEC_CSUM_PARTIAL, GEN_SPEC_CSUM_NONE };

/* Value of flow i: base + (i % n) * step, or base + random(0 .. n-1); n >= 1. */
struct gen_spec_field {
	bool is_set, is_random, is_v6;
	uint64_t hi; /* upper half of an IPv6 address */
	uint64_t base, step, n;
};

enum gen_spec_field_id {
	GEN_SPEC_DMAC,
	GEN_SPEC_SMAC,
	GEN_SPEC_VLAN,
	GEN_SPEC_QINQ,
	GEN_SPEC_SIP,
	GEN_SPEC_DIP,
	GEN_SPEC_SPORT,
	GEN_SPEC_DPORT,
	GEN_SPEC_N_FIELDS,
};

struct gen_spec_size {
	uint32_t from, to, step; /* step 0: random */
	uint32_t weight;	 /* of a single size, from == to */
};

struct gen_spec {
	enum gen_spec_proto proto;
	enum gen_spec_csum csum;
	bool vnet, may_rewrite;
	uint32_t n_flows, gso;
	uint64_t seed;
	uint16_t run;
	struct gen_spec_field field[GEN_SPEC_N_FIELDS];
	struct gen_spec_size size[GEN_SPEC_SIZES_MAX]; /* a list, or one range */
	unsigned n_sizes;
	bool may_raise;	 /* sizes that are too small */
	char pcap[1024]; /* "" = frames are made */
	uint64_t loops;	 /* of the pcap */
};

/* Fill *s whole from words, checked against each other. 0, or -EINVAL with a sentence. */
int gen_spec_parse(struct gen_spec *s, const char *words, struct err *e);

/* The (lower half of the) value that flow has in this field. */
uint64_t gen_spec_value(const struct gen_spec *s, enum gen_spec_field_id id,
			uint32_t flow);

/* Bytes before the mark: Ethernet, tags, and the headers of proto. */
unsigned gen_spec_header_len(const struct gen_spec *s);

/* The smallest size (with FCS) that holds headers and mark. */
unsigned gen_spec_min_size(const struct gen_spec *s);

#endif
