/* SPDX-License-Identifier: BSD-2-Clause */
/* Well-formed super-packets at random, and what their segments must be, byte by byte. */
#ifndef TESTS_UNIT_OFFLOAD_ORACLE_H
#define TESTS_UNIT_OFFLOAD_ORACLE_H

#include "tests/unit/frame_make.h"

#include <stdbool.h>
#include <stdint.h>

struct super {
	struct made m;
	struct virtio_net_hdr_v1 h;
	bool is_v4, is_tcp;
	uint32_t header_len, payload;
};

static inline void oracle_put16(uint8_t *b, uint32_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static inline uint32_t oracle_get(const uint8_t *b, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *b++;
	return v;
}

/* RFC 1071 as it stands there: words, a zero behind an odd byte, carries at the end. */
static inline uint64_t oracle_words(const uint8_t *b, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? b[i] : b[i] * 256u;
	return sum;
}

static inline uint16_t oracle_fold(uint64_t sum)
{
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	return (uint16_t)sum;
}

/* The pseudo-header: addresses, protocol, length of what follows. */
static inline uint64_t oracle_pseudo(const struct super *s, const uint8_t *b, uint32_t n)
{
	const uint8_t *ip = b + s->m.l3;
	uint64_t sum = s->is_v4 ? oracle_words(ip + 12, 8) : oracle_words(ip + 8, 32);

	return sum + (s->is_tcp ? 6 : 17) + n;
}

/* Lengths and the header's checksum of IP, the length of UDP. */
static inline void oracle_lengths(const struct super *s, uint8_t *b, uint32_t len)
{
	uint8_t *ip = b + s->m.l3;

	if (s->is_v4) {
		oracle_put16(ip + 2, len - s->m.l3);
		oracle_put16(ip + 10, 0);
		oracle_put16(ip + 10,
			     0xffffu - oracle_fold(oracle_words(ip, (ip[0] & 15u) * 4)));
	} else {
		oracle_put16(ip + 4, len - s->m.l3 - 40);
	}
	if (!s->is_tcp)
		oracle_put16(b + s->m.l4 + 4, len - s->m.l4);
}

static inline uint8_t *oracle_csum_at(const struct super *s, uint8_t *b)
{
	return b + s->m.l4 + (s->is_tcp ? 16 : 6);
}

/* Segment i of the super-packet into b; returns its length. partial: for an output that
 * takes partial checksums. */
static inline uint32_t oracle_segment(const struct super *s, uint32_t i, bool partial,
				      uint8_t *b)
{
	uint32_t first = i * s->h.gso_size, n = s->payload - first;
	bool is_last = n <= s->h.gso_size;
	uint32_t len, l4_len;
	uint64_t sum;

	if (!is_last)
		n = s->h.gso_size;
	len = s->header_len + n;
	l4_len = len - s->m.l4;
	memcpy(b, s->m.at, s->header_len);
	memcpy(b + s->header_len, s->m.at + s->header_len + first, n);
	if (s->is_v4)
		oracle_put16(b + s->m.l3 + 4, oracle_get(b + s->m.l3 + 4, 2) + i);
	if (s->is_tcp) {
		uint8_t *tcp = b + s->m.l4;
		uint32_t seq = oracle_get(tcp + 4, 4) + first;

		oracle_put16(tcp + 4, seq >> 16);
		oracle_put16(tcp + 6, seq);
		if (i > 0)
			tcp[13] &= 0x7f; /* CWR */
		if (!is_last)
			tcp[13] &= 0xf6; /* PSH, FIN */
	}
	oracle_lengths(s, b, len);
	oracle_put16(oracle_csum_at(s, b), 0);
	sum = oracle_pseudo(s, b, l4_len);
	if (partial) {
		oracle_put16(oracle_csum_at(s, b), oracle_fold(sum));
		return len;
	}
	sum = 0xffffu - oracle_fold(sum + oracle_words(b + s->m.l4, l4_len));
	if (!sum && (!s->is_tcp || s->payload <= s->h.gso_size))
		sum = 0xffff;
	oracle_put16(oracle_csum_at(s, b), (uint32_t)sum);
	return len;
}

static inline uint32_t oracle_n_segs(const struct super *s)
{
	uint32_t n = s->payload / s->h.gso_size + (s->payload % s->h.gso_size != 0);

	return n ? n : 1;
}

static inline void super_ip(struct super *s, uint64_t *rnd)
{
	static const uint8_t ext[] = {0, 60, 43}; /* in an order that RFC 8200 likes */
	uint8_t proto = s->is_tcp ? PROTO_TCP : PROTO_UDP;
	unsigned from = make_below(rnd, 6);

	if (s->is_v4) {
		make_ipv4(&s->m, make_below(rnd, 3) ? 0 : make_below(rnd, 11), proto,
			  make_below(rnd, 2) ? 0x4000 : 0);
		oracle_put16(s->m.at + s->m.l3 + 4,
			     make_below(rnd, 4) ? make_below(rnd, 65536) : 0xfffe);
		return;
	}
	make_ipv6(&s->m, from < 3 ? ext[from] : proto);
	for (unsigned i = from; i < 3; i++)
		make_ext(&s->m, i < 2 ? ext[i + 1] : proto, (uint8_t)make_below(rnd, 3));
}

/* The sizes: bounds of vnet_check are met. */
static inline void super_size(struct super *s, uint64_t *rnd)
{
	static const uint16_t usual[] = {1448, 1428, 1460, 536, 1000, 1, 8948};
	uint32_t room = 65535 - (s->header_len - s->m.l3), most = s->is_tcp ? 1821 : 128;
	uint32_t size = make_below(rnd, 2) ? usual[make_below(rnd, 7)]
					   : 1 + make_below(rnd, 9000);

	if (s->is_tcp && size < 36)
		most = 64;
	s->payload = make_below(rnd, 8) ? make_below(rnd, room + 1)
					: (1 + make_below(rnd, 9)) * size; /* no rest */
	if (!make_below(rnd, 30) && s->is_tcp) {
		size = 36;
		s->payload = room;
	}
	if (s->payload > room)
		s->payload = room;
	if (s->payload > most * size)
		s->payload = most * size;
	s->h.gso_size = (uint16_t)size;
}

/* Random addresses, ports, flags, options, payload: all but what has a meaning above. */
static inline void super_bytes(struct super *s, uint64_t *rnd)
{
	uint32_t at = s->m.l3 + (s->is_v4 ? 12 : 8);

	for (uint32_t end = at + (s->is_v4 ? 8 : 32); at < end; at++)
		s->m.at[at] = (uint8_t)make_random(rnd);
	for (at = s->m.l4; at < s->m.len; at++)
		s->m.at[at] = (uint8_t)(make_random(rnd) >> 40);
	/* unicast, and no address of a TAP */
	memcpy(s->m.at, "\x02\x11\x22\x33\x44\x55\x02\x52\x57\x00\x00\x01", 12);
}

/* Make the sum of one segment all ones: its checksum is 0, and that of UDP is not. */
static inline void super_zero_sum(struct super *s, uint64_t *rnd)
{
	static uint8_t seg[MAKE_MAX];
	uint32_t i = make_below(rnd, s->payload / s->h.gso_size + 1);
	uint8_t *word = s->m.at + s->header_len + i * s->h.gso_size;

	if (s->payload < i * s->h.gso_size + 2 || s->h.gso_size < 2)
		return;
	oracle_put16(word, 0);
	oracle_segment(s, i, false, seg);
	memcpy(word, oracle_csum_at(s, seg), 2);
}

static inline void super_make(struct super *s, uint64_t *rnd)
{
	unsigned words = 5 + (make_below(rnd, 2) ? 3 : make_below(rnd, 11));
	uint8_t type;

	s->is_v4 = make_below(rnd, 2);
	s->is_tcp = make_below(rnd, 3);
	type = !s->is_tcp ? GSO_UDP_L4 : s->is_v4 ? GSO_TCPV4 : GSO_TCPV6;
	make_eth(&s->m, make_below(rnd, 2) ? 0 : make_below(rnd, 4),
		 s->is_v4 ? ETHERTYPE_V4 : ETHERTYPE_V6);
	super_ip(s, rnd);
	s->header_len = s->m.l4 + (s->is_tcp ? words * 4 : 8);
	super_size(s, rnd);
	make_fill(&s->m, s->header_len + s->payload - s->m.l4);
	super_bytes(s, rnd);
	if (s->is_tcp)
		s->m.at[s->m.l4 + 12] =
			(uint8_t)(words << 4 | (s->m.at[s->m.l4 + 12] & 15));
	if (s->is_tcp && s->m.at[s->m.l4 + 13] & 0x80)
		type |= GSO_ECN;
	s->h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	s->h.gso_type = type;
	s->h.hdr_len = (uint16_t)s->header_len;
	s->h.csum_start = (uint16_t)s->m.l4;
	s->h.csum_offset = s->is_tcp ? 16 : 6;
	s->h.num_buffers = 0;
	oracle_lengths(s, s->m.at, s->m.len);
	oracle_put16(oracle_csum_at(s, s->m.at),
		     oracle_fold(oracle_pseudo(s, s->m.at, s->m.len - s->m.l4)));
	if (make_below(rnd, 2))
		super_zero_sum(s, rnd);
}

#endif
