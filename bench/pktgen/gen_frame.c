/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_frame: headers from the fields of a gen_spec; which of their bytes are invariant.
 */
#include "bench/pktgen/gen_frame.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>

#include "core/compat.h"

const struct gen_frame_proto gen_frame_protos[] = {
	[GEN_SPEC_UDP] = {0x0800, 20, 8, IPPROTO_UDP, 6, VIRTIO_NET_HDR_GSO_UDP_L4},
	[GEN_SPEC_TCP] = {0x0800, 20, 20, IPPROTO_TCP, 16, VIRTIO_NET_HDR_GSO_TCPV4},
	[GEN_SPEC_UDP6] = {0x86dd, 40, 8, IPPROTO_UDP, 6, VIRTIO_NET_HDR_GSO_UDP_L4},
	[GEN_SPEC_TCP6] = {0x86dd, 40, 20, IPPROTO_TCP, 16, VIRTIO_NET_HDR_GSO_TCPV6},
	[GEN_SPEC_ARP] = {0x0806, 28, 0, 0, 0, 0},
	[GEN_SPEC_ETH] = {GEN_FRAME_ETHERTYPE, 0, 0, 0, 0, 0},
};

static void put32(uint8_t *p, uint64_t v)
{
	gen_frame_put16(p, (uint16_t)(v >> 16));
	gen_frame_put16(p + 2, (uint16_t)v);
}

static void put48(uint8_t *p, uint64_t v)
{
	gen_frame_put16(p, (uint16_t)(v >> 32));
	put32(p + 2, v);
}

static void put_address6(const struct gen_spec *s, enum gen_spec_field_id id,
			 uint32_t flow, uint8_t *p)
{
	uint64_t low = gen_spec_value(s, id, flow);

	put32(p, s->field[id].hi >> 32);
	put32(p + 4, s->field[id].hi);
	put32(p + 8, low >> 32);
	put32(p + 12, low);
}

/* Identification 0 with DF: an atomic datagram (RFC 6864, 4). */
static void put_ipv4(const struct gen_spec *s, uint32_t flow, uint8_t *p)
{
	p[0] = 0x45;
	p[6] = 0x40;
	p[8] = 64;
	p[9] = gen_frame_proto_of(s)->ip_proto;
	put32(p + 12, gen_spec_value(s, GEN_SPEC_SIP, flow));
	put32(p + 16, gen_spec_value(s, GEN_SPEC_DIP, flow));
}

static void put_ipv6(const struct gen_spec *s, uint32_t flow, uint8_t *p)
{
	p[0] = 0x60;
	p[6] = gen_frame_proto_of(s)->ip_proto;
	p[7] = 64;
	put_address6(s, GEN_SPEC_SIP, flow, p + 8);
	put_address6(s, GEN_SPEC_DIP, flow, p + 24);
}

/* Who has dip, tell sip (RFC 826) */
static void put_arp(const struct gen_spec *s, uint32_t flow, uint8_t *p)
{
	gen_frame_put16(p, 1);
	gen_frame_put16(p + 2, 0x0800);
	p[4] = 6;
	p[5] = 4;
	gen_frame_put16(p + 6, 1);
	put48(p + 8, gen_spec_value(s, GEN_SPEC_SMAC, flow));
	put32(p + 14, gen_spec_value(s, GEN_SPEC_SIP, flow));
	put32(p + 24, gen_spec_value(s, GEN_SPEC_DIP, flow));
}

static void put_l4(const struct gen_spec *s, uint32_t flow, uint8_t *p)
{
	gen_frame_put16(p, (uint16_t)gen_spec_value(s, GEN_SPEC_SPORT, flow));
	gen_frame_put16(p + 2, (uint16_t)gen_spec_value(s, GEN_SPEC_DPORT, flow));
	if (gen_frame_proto_of(s)->ip_proto != IPPROTO_TCP)
		return;
	put32(p + 4, 1);
	put32(p + 8, 1);
	p[12] = 5 << 4;
	p[13] = 0x10; /* ACK */
	gen_frame_put16(p + 14, 65535);
}

unsigned gen_frame_headers(const struct gen_spec *s, uint32_t flow, uint8_t *head)
{
	const struct gen_frame_proto *proto = gen_frame_proto_of(s);
	uint8_t *p = head;

	memset(head, 0, gen_spec_header_len(s));
	put48(p, gen_spec_value(s, GEN_SPEC_DMAC, flow));
	put48(p + 6, gen_spec_value(s, GEN_SPEC_SMAC, flow));
	p += 12;
	for (unsigned id = GEN_SPEC_QINQ;; id = GEN_SPEC_VLAN) {
		if (s->field[id].is_set) {
			gen_frame_put16(p, id == GEN_SPEC_QINQ ? 0x88a8 : 0x8100);
			gen_frame_put16(p + 2, (uint16_t)gen_spec_value(s, id, flow));
			p += 4;
		}
		if (id == GEN_SPEC_VLAN)
			break;
	}
	gen_frame_put16(p, proto->ethertype);
	p += 2;
	if (proto->ethertype == 0x0800)
		put_ipv4(s, flow, p);
	else if (proto->ethertype == 0x86dd)
		put_ipv6(s, flow, p);
	else if (proto->ethertype == 0x0806)
		put_arp(s, flow, p);
	if (proto->ip_proto)
		put_l4(s, flow, p + proto->l3_len);
	return gen_spec_header_len(s);
}

/* Zero in a copy of the headers what may change on the way. */
static void blank(const struct gen_spec *s, uint8_t *l3)
{
	const struct gen_frame_proto *proto = gen_frame_proto_of(s);
	uint8_t *l4 = l3 + proto->l3_len;

	if (proto->ethertype == 0x0800 && proto->ip_proto) {
		memset(l3 + 2, 0, 4);  /* length, identification */
		memset(l3 + 10, 0, 2); /* checksum */
		if (s->may_rewrite)
			l3[8] = 0; /* TTL */
	} else if (proto->ethertype == 0x86dd) {
		memset(l3 + 4, 0, 2); /* length */
		if (s->may_rewrite)
			l3[7] = 0; /* hop limit */
	}
	if (proto->ip_proto == IPPROTO_UDP) {
		memset(l4 + 4, 0, 4); /* length, checksum */
	} else if (proto->ip_proto == IPPROTO_TCP) {
		memset(l4 + 4, 0, 4);  /* sequence number */
		l4[13] = 0;	       /* flags */
		memset(l4 + 16, 0, 2); /* checksum */
	}
}

uint64_t gen_frame_head_hash(const struct gen_spec *s, const uint8_t *macs,
			     const uint8_t *l3)
{
	const struct gen_frame_proto *proto = gen_frame_proto_of(s);
	unsigned len = proto->l3_len + proto->l4_len;
	uint8_t copy[12 + GEN_FRAME_L3L4_MAX] = {0};

	if (!s->may_rewrite)
		memcpy(copy, macs, 12);
	memcpy(copy + 12, l3, len);
	blank(s, copy + 12);
	return XXH3_64bits_withSeed(copy, 12 + len, proto->ethertype);
}

uint64_t gen_frame_sum(const uint8_t *p, size_t len)
{
	uint64_t sum = 0, high = 0, v;
	uint8_t rest[8] = {0};

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, 8);
		sum += v & 0xffffffff;
		high += v >> 32;
	}
	memcpy(rest, p, len);
	memcpy(&v, rest, 8);
	sum += (v & 0xffffffff) + (v >> 32) + high;
	return (sum & 0xffffffff) + (sum >> 32);
}

uint64_t gen_frame_pseudo_sum(const struct gen_spec *s, const uint8_t *l3)
{
	const struct gen_frame_proto *proto = gen_frame_proto_of(s);
	uint64_t sum = htobe16(proto->ip_proto);

	if (proto->l3_len == 40)
		return sum + gen_frame_sum(l3 + 8, 32);
	return sum + gen_frame_sum(l3 + 12, 8);
}
