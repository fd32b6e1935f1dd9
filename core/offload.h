/* SPDX-License-Identifier: BSD-2-Clause */
/* What an output does not take from us, done here: segmentation and checksums. */
#ifndef CORE_OFFLOAD_H
#define CORE_OFFLOAD_H

#include <stdint.h>

#include "core/pkt.h"
#include "core/pool.h"

/*
 * How it works: what an output takes is a set of flags, offload_fit() says what has
 * to be done for it. Packets have passed vnet_check(); where one has changed since
 * (a tag pushed), its header must have been changed with it.
 *
 * A super-packet is cut piece by piece: offload_start() reads its headers once,
 * each offload_more() adds the next segments to a burst for as long as there is
 * place and the pool has buffers. So 64 KiB in segments of 36 bytes need no more
 * buffers at once than one burst has. Segments are packets like any others, of one
 * buffer of the pool each; whoever gets them owns them. The super-packet is only
 * read, stays its owner's, and must be there until the last segment is made.
 * Flooding to outputs that take different things therefore cuts once for each set
 * of flags, and gives each burst of segments to its outputs as it gives packets.
 */
enum {
	OFFLOAD_CSUM = 1 << 0, /* partial checksums; without it nothing else counts */
	OFFLOAD_TSO4 = 1 << 1,
	OFFLOAD_TSO6 = 1 << 2,
	OFFLOAD_ECN = 1 << 3, /* beside TSO4, TSO6 */
	OFFLOAD_USO = 1 << 4, /* UDP_L4 */
	OFFLOAD_UFO = 1 << 5, /* datagrams to be fragmented by IP */
	OFFLOAD_ALL = (1 << 6) - 1,
	/* Of the headers that each segment repeats. IPv6 extension headers could have
	 * 16 KiB, and make 64 KiB of them 30 MiB; real ones have some tens of bytes. */
	OFFLOAD_HEADER_MAX = 512,
};

enum offload_fit {
	OFFLOAD_FIT_pass, /* it may leave as it is */
	OFFLOAD_FIT_csum, /* after offload_csum() */
	OFFLOAD_FIT_gso,  /* in segments, by offload_start() */
};

/* What a packet needs for an output that takes caps (OFFLOAD_*). */
enum offload_fit offload_fit(const struct pkt *p, unsigned caps);

/*
 * Finish the partial checksum where it lies, in any of the buffers. A sum of 0 is
 * stored as 0xffff, which says the same but for UDP, where 0 says "none" (RFC 768).
 * Writes to p: not while another queue may still read it.
 */
void offload_csum(struct pkt *p);

/* A super-packet being cut. */
struct offload_gso {
	const struct pkt *part; /* where the next byte of payload lies */
	uint32_t part_off;
	uint32_t left;	 /* bytes of payload to come */
	uint32_t n_segs; /* all of them */
	uint32_t n_made;
	uint32_t seq; /* TCP: of the next segment */
	uint16_t id;  /* IPv4: of the next segment */
	uint16_t size;
	uint16_t l3_off, l4_off, header_len;
	uint16_t pseudo; /* the pseudo-header's sum but for the length */
	uint8_t tcp_flags;
	bool is_v4, is_tcp, is_partial;
	uint8_t header[OFFLOAD_HEADER_MAX];
};

/*
 * Begin with p, for an output that takes caps: checksums stay partial if it takes
 * these. Returns the number of segments: at least 1; 0 = it cannot be cut, being
 * UFO, or with headers beyond OFFLOAD_HEADER_MAX or other than the header says.
 */
unsigned offload_start(struct offload_gso *g, const struct pkt *p, unsigned caps);

/* Add segments to b until it is full, all are made, or the pool is empty. */
void offload_more(struct offload_gso *g, struct pool *pool, struct burst *b);

/* Segments still to be made. */
static inline uint32_t offload_n_left(const struct offload_gso *g)
{
	return g->n_segs - g->n_made;
}

#endif
