/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames and packets for the unit tests: built byte by byte, at the very end of their
 * memory. */
#ifndef TESTS_UNIT_FRAME_MAKE_H
#define TESTS_UNIT_FRAME_MAKE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/pkt.h"

enum {
	MAKE_MAX = PKT_FRAME_MAX + 256,
	MAKE_PARTS = 12, /* buffers of a chained packet */
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_SCTP = 132,
	ETHERTYPE_V4 = 0x0800,
	ETHERTYPE_V6 = 0x86dd,
};

/* gso_type of the virtio-net header */
enum { GSO_TCPV4 = 1, GSO_UFO = 3, GSO_TCPV6 = 4, GSO_UDP_L4 = 5, GSO_ECN = 0x80 };

struct made {
	uint8_t at[MAKE_MAX];
	uint32_t len;
	uint32_t l3, l4; /* where the headers were put; 0 = none */
};

static inline void make8(struct made *m, uint8_t v)
{
	m->at[m->len++] = v;
}

static inline void make16(struct made *m, uint16_t v)
{
	make8(m, (uint8_t)(v >> 8));
	make8(m, (uint8_t)v);
}

/* n bytes that differ from their neighbours */
static inline void make_fill(struct made *m, uint32_t n)
{
	while (n-- > 0)
		make8(m, (uint8_t)(m->len * 7 + 1));
}

static inline void make_eth(struct made *m, unsigned n_tags, uint16_t type)
{
	m->len = m->l3 = m->l4 = 0;
	make_fill(m, 12);
	for (unsigned i = 0; i < n_tags; i++) {
		make16(m, i + 1 < n_tags ? 0x88a8 : 0x8100);
		make16(m, (uint16_t)(100 + i));
	}
	make16(m, type);
	m->l3 = m->len;
}

/* frag: the field of flags and offset */
static inline void make_ipv4(struct made *m, unsigned option_words, uint8_t proto,
			     uint16_t frag)
{
	m->l3 = m->len;
	make8(m, (uint8_t)(0x45 + option_words));
	make_fill(m, 5);
	make16(m, frag);
	make8(m, 64);
	make8(m, proto);
	make16(m, 0);
	make_fill(m, 8 + option_words * 4);
	m->l4 = m->len;
}

static inline void make_ipv6(struct made *m, uint8_t next)
{
	m->l3 = m->len;
	make8(m, 0x60);
	make_fill(m, 5);
	make8(m, next);
	make8(m, 64);
	make_fill(m, 32);
	m->l4 = m->len;
}

/* An extension header of (words + 1) * 8 bytes. */
static inline void make_ext(struct made *m, uint8_t next, uint8_t words)
{
	make8(m, next);
	make8(m, words);
	make_fill(m, 6 + words * 8u);
	m->l4 = m->len;
}

static inline void make_ext_fragment(struct made *m, uint8_t next,
				     uint16_t offset_and_more)
{
	make8(m, next);
	make8(m, 0);
	make16(m, offset_and_more);
	make_fill(m, 4);
	m->l4 = m->len;
}

/* words: the data offset; what lies beyond five is options. */
static inline void make_tcp(struct made *m, unsigned words, uint32_t payload)
{
	make_fill(m, 12);
	make8(m, (uint8_t)(words << 4));
	make_fill(m, 7 + (words > 5 ? (words - 5) * 4 : 0));
	make_fill(m, payload);
}

static inline void make_udp(struct made *m, uint32_t payload)
{
	make_fill(m, 8 + payload);
}

/* A legal super-packet of the type with this payload, and its header. */
static inline void make_gso(struct made *m, struct virtio_net_hdr_v1 *h, uint8_t type,
			    unsigned tags, uint32_t payload, uint16_t gso_size)
{
	bool tcp = (type & ~GSO_ECN) == GSO_TCPV4 || (type & ~GSO_ECN) == GSO_TCPV6;

	if ((type & ~GSO_ECN) == GSO_TCPV6) {
		make_eth(m, tags, ETHERTYPE_V6);
		make_ipv6(m, PROTO_TCP);
	} else {
		make_eth(m, tags, ETHERTYPE_V4);
		make_ipv4(m, 0, tcp ? PROTO_TCP : PROTO_UDP, 0);
	}
	if (tcp)
		make_tcp(m, 8, payload);
	else
		make_udp(m, payload);
	*h = (struct virtio_net_hdr_v1){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = type,
		.hdr_len = (uint16_t)(m->l4 + (tcp ? 32 : 8)),
		.gso_size = gso_size,
		.csum_start = (uint16_t)m->l4,
		.csum_offset = tcp ? 16 : 6,
	};
}

/* A packet whose buffers end where their memory ends, so that a sanitizer sees each step
 * beyond. */
struct exact {
	struct pkt p[MAKE_PARTS];
	uint8_t *mem[MAKE_PARTS];
	unsigned n;
};

static inline void exact_part(struct exact *x, const void *bytes, uint32_t len)
{
	struct pkt *p = &x->p[x->n];

	x->mem[x->n] = malloc(len ? len : 1);
	assert_non_null(x->mem[x->n]);
	if (len)
		memcpy(x->mem[x->n], bytes, len);
	*p = (struct pkt){.buf = x->mem[x->n],
			  .data = x->mem[x->n] + (len ? 0 : 1),
			  .len = len,
			  .total_len = len,
			  .n_bufs = 1};
	if (x->n++)
		pkt_chain(&x->p[0], p);
}

/* header (may be NULL: zeros) and frame in one buffer */
static inline struct pkt *exact_make(struct exact *x,
				     const struct virtio_net_hdr_v1 *header,
				     const uint8_t *frame, uint32_t len)
{
	uint8_t *all = calloc(1, PKT_VNET_LEN + len);

	assert_non_null(all);
	if (header)
		memcpy(all, header, PKT_VNET_LEN);
	memcpy(all + PKT_VNET_LEN, frame, len);
	x->n = 0;
	exact_part(x, all, PKT_VNET_LEN + len);
	free(all);
	return &x->p[0];
}

/* The same, cut at the given ascending offsets of the frame. */
static inline struct pkt *exact_split(struct exact *x,
				      const struct virtio_net_hdr_v1 *header,
				      const uint8_t *frame, uint32_t len,
				      const uint32_t *cuts, unsigned n_cuts)
{
	uint32_t from = 0;

	exact_make(x, header, frame, n_cuts ? cuts[0] : len);
	for (unsigned i = 0; i < n_cuts; i++) {
		from = cuts[i];
		exact_part(x, frame + from, (i + 1 < n_cuts ? cuts[i + 1] : len) - from);
	}
	return &x->p[0];
}

static inline void exact_free(struct exact *x)
{
	while (x->n)
		free(x->mem[--x->n]);
}

/* xorshift64*: the same numbers everywhere for a seed other than 0 */
static inline uint64_t make_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline uint32_t make_below(uint64_t *state, uint32_t n)
{
	return n ? (uint32_t)((make_random(state) >> 32) % n) : 0;
}

/* n ascending cuts of 0..len, several may be equal (empty buffers) */
static inline void make_cuts(uint64_t *state, uint32_t len, uint32_t *cuts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t cut = make_below(state, make_below(state, 2)
							 ? len + 1
							 : (len < 80 ? len : 80) + 1);
		unsigned j = i;

		for (; j > 0 && cuts[j - 1] > cut; j--)
			cuts[j] = cuts[j - 1];
		cuts[j] = cut;
	}
}

#endif
