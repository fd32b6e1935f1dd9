/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Software segmentation and checksums.
 *
 * How it works: the field of a partial checksum holds the sum of the pseudo-header
 * (virtio 1.2, 5.1.6.2), and a segment's differs from it in the length alone. It is
 * taken from there and not made anew, for a routing header changes the address that
 * belongs into it (RFC 8200, 8.1), and what was wrong before must not become right.
 */
#include "core/offload.h"

#include <linux/if_ether.h>

#include "core/compat.h"
#include "core/csum.h"
#include "core/frame.h"

enum {
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	TCP_SEQ = 4,
	TCP_DATA_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_CSUM = 16,
	UDP_LEN = 4,
	UDP_CSUM = 6,
	IPV4_LEN = 2,
	IPV4_ID = 4,
	IPV4_CSUM = 10,
	IPV6_LEN = 4,
	IPV6_HEADER = 40,
	/* RFC 9293, 3.1; RFC 3168, 6.1 */
	TCP_FIN = 0x01,
	TCP_PSH = 0x08,
	TCP_CWR = 0x80,
};

static void put16(uint8_t *b, uint16_t value)
{
	b[0] = (uint8_t)(value >> 8);
	b[1] = (uint8_t)value;
}

static void put32(uint8_t *b, uint32_t value)
{
	put16(b, (uint16_t)(value >> 16));
	put16(b + 2, (uint16_t)value);
}

static uint16_t get16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static uint32_t get32(const uint8_t *b)
{
	return (uint32_t)get16(b) << 16 | get16(b + 2);
}

/* What an output must take to get a gso_type whole. */
static unsigned needs(uint8_t type)
{
	unsigned ecn = type & VIRTIO_NET_HDR_GSO_ECN ? OFFLOAD_ECN : 0;

	switch (type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return OFFLOAD_CSUM | OFFLOAD_TSO4 | ecn;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return OFFLOAD_CSUM | OFFLOAD_TSO6 | ecn;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return OFFLOAD_CSUM | OFFLOAD_USO;
	default:
		return OFFLOAD_CSUM | OFFLOAD_UFO;
	}
}

enum offload_fit offload_fit(const struct pkt *p, unsigned caps)
{
	unsigned need;

	if (pkt_is_gso(p)) {
		need = needs(pkt_vnet(p)->gso_type);
		return (caps & need) == need ? OFFLOAD_FIT_pass : OFFLOAD_FIT_gso;
	}
	if (pkt_is_offloaded(p) && !(caps & OFFLOAD_CSUM))
		return OFFLOAD_FIT_csum;
	return OFFLOAD_FIT_pass;
}

/* One byte of the frame, wherever it lies. */
static void poke(struct pkt *p, uint32_t off, uint8_t value)
{
	uint32_t skip = PKT_VNET_LEN + off;

	for (; p && skip >= p->len; p = p->next)
		skip -= p->len;
	if (p)
		p->data[skip] = value;
}

void offload_csum(struct pkt *p)
{
	struct virtio_net_hdr_v1 *h = pkt_vnet(p);
	uint16_t sum = (uint16_t)~csum_frame(p, h->csum_start);
	uint32_t at = (uint32_t)h->csum_start + h->csum_offset;
	uint8_t b[2];

	if (!sum)
		sum = 0xffff;
	memcpy(b, &sum, sizeof(b));
	poke(p, at, b[0]);
	poke(p, at + 1, b[1]);
	h->flags = 0;
	h->hdr_len = h->csum_start = h->csum_offset = 0;
}

/* Copy the frame's first n bytes, which are there. */
static void copy_header(struct offload_gso *g, const struct pkt *p, uint32_t n)
{
	uint32_t skip = PKT_VNET_LEN, done = 0;

	for (;;) {
		uint32_t some = p->len - skip < n - done ? p->len - skip : n - done;

		memcpy(g->header + done, p->data + skip, some);
		done += some;
		if (done == n) {
			g->part = p;
			g->part_off = skip + some;
			return;
		}
		skip = 0;
		p = p->next;
	}
}

/* The next n bytes of payload, which are there. */
static void copy_payload(struct offload_gso *g, uint8_t *to, uint32_t n)
{
	while (n) {
		uint32_t some = g->part->len - g->part_off;

		if (some > n)
			some = n;
		memcpy(to, g->part->data + g->part_off, some);
		to += some;
		n -= some;
		g->part_off += some;
		if (n) {
			g->part = g->part->next;
			g->part_off = 0;
		}
	}
}

/* Length of all headers, or 0 if they are not what the virtio-net header says. */
static uint32_t header_len(const struct pkt *p, const struct frame *f)
{
	const struct virtio_net_hdr_v1 *h = pkt_vnet(p);
	uint32_t fixed = f->l4_proto == PROTO_TCP ? 20 : 8, len = fixed;
	uint8_t copy[20];
	const uint8_t *l4 = pkt_bytes(p, f->l4_off, fixed, copy);

	if (!l4 || !h->gso_size || h->csum_start != f->l4_off ||
	    h->csum_offset != (f->l4_proto == PROTO_TCP ? TCP_CSUM : UDP_CSUM))
		return 0;
	if (f->l4_proto == PROTO_TCP)
		len = (l4[TCP_DATA_OFFSET] >> 4) * 4u;
	if (len < fixed || len > pkt_frame_len(p) - f->l4_off ||
	    f->l4_off + len > OFFLOAD_HEADER_MAX)
		return 0;
	return f->l4_off + len;
}

static bool can_cut(const struct pkt *p, const struct frame *f)
{
	switch (pkt_vnet(p)->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return f->ethertype == ETH_P_IP && f->l4_proto == PROTO_TCP;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return f->ethertype == ETH_P_IPV6 && f->l4_proto == PROTO_TCP;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return f->l4_proto == PROTO_UDP;
	default:
		return false;
	}
}

/* The sum in the header's checksum field, without the length it was made with. */
static uint16_t pseudo_sum(const struct offload_gso *g, uint32_t l4_len)
{
	uint16_t sum;

	memcpy(&sum, g->header + g->l4_off + (g->is_tcp ? TCP_CSUM : UDP_CSUM),
	       sizeof(sum));
	return csum_add(sum, (uint16_t)~csum_net((uint16_t)l4_len));
}

unsigned offload_start(struct offload_gso *g, const struct pkt *p, unsigned caps)
{
	struct frame f;
	uint32_t n;

	g->n_segs = g->n_made = 0;
	if (!frame_parse(p, &f) || !f.l4_off || f.is_fragment || !can_cut(p, &f))
		return 0;
	n = header_len(p, &f);
	if (!n)
		return 0;
	copy_header(g, p, n);
	g->left = pkt_frame_len(p) - n;
	g->size = pkt_vnet(p)->gso_size;
	g->n_segs = g->left ? (g->left + g->size - 1) / g->size : 1;
	g->l3_off = f.l3_off;
	g->l4_off = f.l4_off;
	g->header_len = (uint16_t)n;
	g->is_v4 = f.ethertype == ETH_P_IP;
	g->is_tcp = f.l4_proto == PROTO_TCP;
	g->is_partial = caps & OFFLOAD_CSUM;
	g->pseudo = pseudo_sum(g, pkt_frame_len(p) - f.l4_off);
	g->id = g->is_v4 ? get16(g->header + f.l3_off + IPV4_ID) : 0;
	g->seq = g->is_tcp ? get32(g->header + f.l4_off + TCP_SEQ) : 0;
	g->tcp_flags = g->is_tcp ? g->header[f.l4_off + TCP_FLAGS] : 0;
	return g->n_segs;
}

/* The IP header of a segment of len bytes from there on. */
static void set_ip(struct offload_gso *g, uint8_t *ip, uint32_t len)
{
	uint16_t sum;

	if (!g->is_v4) { /* RFC 8200, 3: what follows the first header */
		put16(ip + IPV6_LEN, (uint16_t)(len - IPV6_HEADER));
		return;
	}
	put16(ip + IPV4_LEN, (uint16_t)len);
	/* RFC 6864, 4.1 leaves it free where DF is set; Linux counts there, too */
	put16(ip + IPV4_ID, g->id++);
	memset(ip + IPV4_CSUM, 0, sizeof(sum));
	sum = (uint16_t)~csum_bytes(ip, (size_t)(g->l4_off - g->l3_off));
	memcpy(ip + IPV4_CSUM, &sum, sizeof(sum));
}

static void set_tcp(struct offload_gso *g, uint8_t *tcp, uint32_t n)
{
	uint8_t flags = g->tcp_flags;

	if (g->n_made) /* RFC 3168, 6.1.2: once for each reduction of the window */
		flags &= (uint8_t)~TCP_CWR;
	if (offload_n_left(g) > 1)
		flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	tcp[TCP_FLAGS] = flags;
	put32(tcp + TCP_SEQ, g->seq);
	g->seq += n;
}

/* The checksum of l4_len bytes, the field being the last to be set. */
static void set_csum(const struct offload_gso *g, struct pkt *p, uint32_t l4_len)
{
	uint8_t *l4 = p->data + PKT_VNET_LEN + g->l4_off;
	uint16_t off = g->is_tcp ? TCP_CSUM : UDP_CSUM;
	uint16_t sum = csum_add(g->pseudo, csum_net((uint16_t)l4_len));

	memcpy(l4 + off, &sum, sizeof(sum));
	if (g->is_partial) {
		pkt_vnet(p)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		pkt_vnet(p)->csum_start = g->l4_off;
		pkt_vnet(p)->csum_offset = off;
		return;
	}
	sum = (uint16_t)~csum_bytes(l4, l4_len);
	/* RFC 768: 0 is "none"; to TCP both say the same, and what is one segment
	 * gets from Linux what offload_csum() gives */
	if (!sum && (!g->is_tcp || g->n_segs == 1))
		sum = 0xffff;
	memcpy(l4 + off, &sum, sizeof(sum));
}

static void make(struct offload_gso *g, struct pkt *p)
{
	uint32_t n = g->left < g->size ? g->left : g->size;
	uint32_t len = g->header_len + n;
	uint8_t *frame;

	pkt_reset(p, PKT_VNET_LEN + len);
	memset(p->data, 0, PKT_VNET_LEN);
	frame = p->data + PKT_VNET_LEN;
	memcpy(frame, g->header, g->header_len);
	copy_payload(g, frame + g->header_len, n);
	set_ip(g, frame + g->l3_off, len - g->l3_off);
	if (g->is_tcp)
		set_tcp(g, frame + g->l4_off, n);
	else
		put16(frame + g->l4_off + UDP_LEN, (uint16_t)(len - g->l4_off));
	set_csum(g, p, len - g->l4_off);
	g->left -= n;
	g->n_made++;
}

void offload_more(struct offload_gso *g, struct pool *pool, struct burst *b)
{
	while (b->n < BURST_MAX && offload_n_left(g)) {
		struct pkt *p = pool_get(pool);

		if (!p)
			return;
		make(g, p);
		burst_add(b, p);
	}
}
