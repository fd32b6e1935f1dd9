/* SPDX-License-Identifier: BSD-2-Clause */
/* struct pkt: one packet's bytes, and the burst of packets that travel together. */
#ifndef CORE_PKT_H
#define CORE_PKT_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * How it works: a pkt describes one buffer of a pool and never leaves it. A
 * packet is the pkt that heads it, with the buffers of a mergeable receive
 * chained behind by next. The bytes are always
 *
 *	headroom | virtio-net header, 12 bytes | frame, from the Ethernet header on
 *
 * with the header whole in the head's buffer; a port without virtio-net header
 * has zeros there (nothing to finish). data points at the header in the head,
 * at payload in the others. Who holds the head owns the chain: a queue_tx takes
 * it, pool_put returns it.
 */
enum {
	PKT_VNET_LEN = sizeof(struct virtio_net_hdr_v1),
	PKT_HEADROOM = 64, /* keeps room for tags to be pushed */
	PKT_ETH_LEN = 14,
	PKT_TAGS_MAX = 4,
	/* the longest frame a kernel interface has a use for */
	PKT_FRAME_MAX = 65535 + PKT_ETH_LEN + 4 * PKT_TAGS_MAX,
	/* one byte more than that, so that "full" means "cut"; whole cache lines */
	PKT_ROOM = (PKT_VNET_LEN + PKT_FRAME_MAX + 1 + 63) / 64 * 64,
	/* 16 pages and some lines: the heads of neighbours fall in different cache sets
	 */
	PKT_BUF_LEN = PKT_HEADROOM + PKT_ROOM + 64,
	BURST_MAX = 64,
};

struct pool;

struct pkt {
	struct pkt *next;   /* next buffer of this packet, NULL in the last */
	uint8_t *data;	    /* first byte in use */
	uint32_t len;	    /* bytes in use in this buffer */
	uint32_t total_len; /* head only: bytes of all buffers, header included */
	uint8_t *buf;	    /* the buffer, PKT_BUF_LEN bytes; fixed */
	struct pool *pool;  /* where it goes home to; fixed */
	uint16_t idx;	    /* its number in the pool; fixed */
	uint16_t n_bufs;    /* head only: buffers in the chain, 1 or more */
};

struct burst {
	unsigned n;
	struct pkt *pkts[BURST_MAX];
};

static inline struct virtio_net_hdr_v1 *pkt_vnet(const struct pkt *p)
{
	return (struct virtio_net_hdr_v1 *)(void *)p->data;
}

/* Bytes of the frame; a packet too short for its header has none. */
static inline uint32_t pkt_frame_len(const struct pkt *p)
{
	return p->total_len > PKT_VNET_LEN ? p->total_len - PKT_VNET_LEN : 0;
}

static inline bool pkt_is_gso(const struct pkt *p)
{
	return pkt_vnet(p)->gso_type != VIRTIO_NET_HDR_GSO_NONE;
}

/* Does the receiver have to segment it or finish its checksum? */
static inline bool pkt_is_offloaded(const struct pkt *p)
{
	return pkt_is_gso(p) || (pkt_vnet(p)->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
}

/* Make p a packet of one buffer: len bytes (header included) at the usual place. */
static inline void pkt_reset(struct pkt *p, uint32_t len)
{
	p->next = NULL;
	p->data = p->buf + PKT_HEADROOM;
	p->len = p->total_len = len;
	p->n_bufs = 1;
}

/* Append a packet's buffers (of a mergeable receive) to another's. */
void pkt_chain(struct pkt *head, struct pkt *tail);

/*
 * The one door to a packet's bytes: n bytes of the frame from offset off, or
 * NULL if the frame ends before. A pointer into the packet where they lie in
 * one buffer; else they are gathered in copy (n bytes, the caller's).
 */
const uint8_t *pkt_bytes_slow(const struct pkt *p, uint32_t off, uint32_t n, void *copy);

static inline const uint8_t *pkt_bytes(const struct pkt *p, uint32_t off, uint32_t n,
				       void *copy)
{
	if (p->len >= PKT_VNET_LEN && n <= p->len - PKT_VNET_LEN &&
	    off <= p->len - PKT_VNET_LEN - n)
		return p->data + PKT_VNET_LEN + off;
	return pkt_bytes_slow(p, off, n, copy);
}

static inline void burst_add(struct burst *b, struct pkt *p)
{
	b->pkts[b->n++] = p;
}

#endif
