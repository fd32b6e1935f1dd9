/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strict checks of length and virtio-net header. The header's fields are
 * little-endian on the wire of virtio 1; a TAP uses the host's order, which is
 * the same on every machine ringway is built for.
 */
#include "core/vnet.h"

#include <linux/if_ether.h>

#include "core/compat.h"
#include "core/frame.h"

enum { PROTO_TCP = 6, PROTO_UDP = 17, TCP_CSUM_OFF = 16, UDP_CSUM_OFF = 6 };

#define KNOWN_FLAGS (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)

/* Only a frame beyond the plain limit needs its tags counted. */
static bool is_giant(const struct pkt *p)
{
	struct frame f;

	if (pkt_frame_len(p) <= 65535 + PKT_ETH_LEN)
		return false;
	return !frame_parse(p, &f) || pkt_frame_len(p) > 65535u + f.l3_off;
}

static enum drop check_csum(const struct pkt *p, const struct virtio_net_hdr_v1 *h)
{
	uint32_t start = h->csum_start, end = start + h->csum_offset + 2;

	if (start < PKT_ETH_LEN || end > pkt_frame_len(p))
		return DROP_rx_vnet_csum;
	return DROP_none;
}

/* Length of the TCP or UDP header, 0 if it is not whole. */
static uint32_t l4_header_len(const struct pkt *p, const struct frame *f)
{
	uint8_t copy[20];
	const uint8_t *tcp;
	uint32_t len;

	if (f->l4_proto == PROTO_UDP)
		return pkt_bytes(p, f->l4_off, 8, copy) ? 8 : 0;
	tcp = pkt_bytes(p, f->l4_off, 20, copy);
	if (!tcp)
		return 0;
	len = (tcp[12] >> 4) * 4u; /* RFC 9293, 3.1: data offset */
	return len >= 20 && f->l4_off + len <= pkt_frame_len(p) ? len : 0;
}

/* What the frame must be for each gso_type; ECN is TCP's (virtio 1.2, 5.1.6.2). */
static bool type_fits(uint8_t type, const struct frame *f)
{
	switch (type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
		return f->ethertype == ETH_P_IP && f->l4_proto == PROTO_TCP;
	case VIRTIO_NET_HDR_GSO_TCPV6:
	case VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN:
		return f->ethertype == ETH_P_IPV6 && f->l4_proto == PROTO_TCP;
	case VIRTIO_NET_HDR_GSO_UDP:
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return f->l4_proto == PROTO_UDP;
	default:
		return false;
	}
}

/* How much one frame may become: by type, floor and cap. */
static enum drop check_size(uint8_t type, uint32_t size, uint32_t payload)
{
	uint32_t segs = (payload + size - 1) / size;

	if (type == VIRTIO_NET_HDR_GSO_UDP_L4)
		return segs > VNET_UDP_SEGS_MAX ? DROP_rx_vnet_segs : DROP_none;
	if (size < VNET_GSO_SIZE_MIN &&
	    (type == VIRTIO_NET_HDR_GSO_UDP || segs > VNET_SMALL_SEGS_MAX))
		return DROP_rx_vnet_size;
	return segs > VNET_TCP_SEGS_MAX ? DROP_rx_vnet_segs : DROP_none;
}

static enum drop check_gso(const struct pkt *p, const struct virtio_net_hdr_v1 *h)
{
	uint8_t type = h->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	uint32_t header_len, csum_off;
	struct frame f;

	if (!frame_parse(p, &f) || !f.l4_off || f.is_fragment ||
	    !type_fits(h->gso_type, &f))
		return DROP_rx_vnet_type;
	if (h->gso_size == 0)
		return DROP_rx_vnet_size;
	header_len = l4_header_len(p, &f);
	if (!header_len)
		return DROP_rx_vnet_type;
	csum_off = f.l4_proto == PROTO_TCP ? TCP_CSUM_OFF : UDP_CSUM_OFF;
	if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || h->csum_start != f.l4_off ||
	    h->csum_offset != csum_off)
		return DROP_rx_vnet_csum;
	return check_size(type, h->gso_size, pkt_frame_len(p) - f.l4_off - header_len);
}

enum drop vnet_check(const struct pkt *p)
{
	const struct virtio_net_hdr_v1 *h = pkt_vnet(p);

	if (pkt_frame_len(p) < PKT_ETH_LEN || p->len < PKT_VNET_LEN)
		return DROP_rx_runt;
	if (is_giant(p))
		return DROP_rx_giant;
	if (h->flags & ~KNOWN_FLAGS)
		return DROP_rx_vnet_flags;
	if (h->hdr_len > pkt_frame_len(p))
		return DROP_rx_vnet_hdr_len;
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return check_gso(p, h);
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		return check_csum(p, h);
	return DROP_none;
}
