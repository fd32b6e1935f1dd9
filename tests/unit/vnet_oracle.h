/* SPDX-License-Identifier: BSD-2-Clause */
/* What core/vnet.h says of a frame and its header, decided a second time from plain
 * bytes. */
#ifndef TESTS_UNIT_VNET_ORACLE_H
#define TESTS_UNIT_VNET_ORACLE_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/unit/frame_make.h"

struct vnet_oracle {
	const struct virtio_net_hdr_v1 *h;
	const uint8_t *b;
	uint32_t len, l3, l4;
	unsigned version, proto;
	bool is_fragment;
};

static inline unsigned vnet_oracle_word(const struct vnet_oracle *o, uint32_t at)
{
	return o->b[at] * 256u + o->b[at + 1];
}

static inline bool vnet_oracle_ipv6(struct vnet_oracle *o)
{
	uint32_t at = o->l3 + 40;

	if (o->l3 + 40 > o->len || o->b[o->l3] >> 4 != 6)
		return false;
	o->version = 6;
	o->proto = o->b[o->l3 + 6];
	for (int n = 0;
	     o->proto == 0 || o->proto == 43 || o->proto == 44 || o->proto == 60; n++) {
		if (n == 8 || at + 8 > o->len)
			return false;
		if (o->proto == 44) {
			o->is_fragment = true;
			o->proto = o->b[at];
			at += 8;
			continue;
		}
		o->proto = o->b[at];
		at += 8 + 8u * o->b[at + 1];
	}
	o->l4 = at;
	return true;
}

static inline bool vnet_oracle_ip(struct vnet_oracle *o)
{
	uint32_t at = 12;

	while (at + 2 <= o->len &&
	       (vnet_oracle_word(o, at) == 0x8100 || vnet_oracle_word(o, at) == 0x88a8))
		at += 4;
	if (at > 28 || at + 2 > o->len)
		return false;
	o->l3 = at + 2;
	if (vnet_oracle_word(o, at) == ETHERTYPE_V6)
		return vnet_oracle_ipv6(o);
	if (vnet_oracle_word(o, at) != ETHERTYPE_V4 || o->l3 + 20 > o->len ||
	    o->b[o->l3] >> 4 != 4)
		return false;
	o->version = 4;
	o->l4 = o->l3 + (o->b[o->l3] & 15) * 4u;
	o->proto = o->b[o->l3 + 9];
	o->is_fragment = vnet_oracle_word(o, o->l3 + 6) & 0x3fff;
	return o->l4 >= o->l3 + 20;
}

static inline bool vnet_oracle_gso(struct vnet_oracle *o)
{
	unsigned type = o->h->gso_type & 0x7fu, header;
	bool tcp = type == GSO_TCPV4 || type == GSO_TCPV6;

	if (!vnet_oracle_ip(o) || o->is_fragment ||
	    (!tcp && type != GSO_UFO && type != GSO_UDP_L4))
		return false;
	if ((type == GSO_TCPV4 && o->version != 4) ||
	    (type == GSO_TCPV6 && o->version != 6))
		return false;
	if (o->proto != (tcp ? 6 : 17) || o->l4 + (tcp ? 20 : 8) > o->len)
		return false;
	if (!tcp && (o->h->gso_type & GSO_ECN))
		return false;
	header = tcp ? (o->b[o->l4 + 12] >> 4) * 4u : 8;
	if ((tcp && header < 20) || o->l4 + header > o->len)
		return false;
	if (!(o->h->flags & 1) || o->h->csum_start != o->l4 ||
	    o->h->csum_offset != (tcp ? 16 : 6))
		return false;
	if (!o->h->gso_size || (type == GSO_UFO && o->h->gso_size < 36))
		return false;
	if (tcp && o->h->gso_size < 36) /* what GRO can make of small segments */
		return o->len - o->l4 - header <= 64u * o->h->gso_size;
	return o->len - o->l4 - header <=
	       (type == GSO_UDP_L4 ? 128u : 1821u) * o->h->gso_size;
}

/* May it pass? For frames of at most 65,549 bytes. */
static inline bool vnet_oracle(const struct virtio_net_hdr_v1 *h, const uint8_t *bytes,
			       uint32_t len)
{
	struct vnet_oracle o = {.h = h, .b = bytes, .len = len};

	if (len < 14 || (h->flags & ~3u) || h->hdr_len > len)
		return false;
	if (h->gso_type)
		return vnet_oracle_gso(&o);
	return !(h->flags & 1) ||
	       (h->csum_start >= 14 && h->csum_start + h->csum_offset + 2u <= len);
}

#endif
