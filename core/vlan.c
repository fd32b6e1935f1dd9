/* SPDX-License-Identifier: BSD-2-Clause */
/* VLAN tags: putting on, taking off, and a port's rules for them. */
#include "core/vlan.h"

#include "core/pool.h"

enum {
	MACS_LEN = 12,
	TAGGED_LEN = PKT_ETH_LEN + VLAN_TAG_LEN,
	VID_MASK = 0xfff,
};

/* --- a port's VLANs -------------------------------------------------------- */

static void bit_set(uint64_t *bits, uint16_t vid, bool on)
{
	uint64_t bit = 1ull << vid % 64;

	bits[vid / 64] = on ? bits[vid / 64] | bit : bits[vid / 64] & ~bit;
}

void vlan_add(struct vlan_port *v, uint16_t vid, unsigned flags)
{
	if (vid == 0 || vid > VLAN_VID_MAX)
		return;
	bit_set(v->member, vid, true);
	bit_set(v->untagged, vid, flags & VLAN_UNTAGGED);
	if (flags & VLAN_NATIVE)
		v->native = vid;
	else if (v->native == vid)
		v->native = 0;
}

void vlan_del(struct vlan_port *v, uint16_t vid)
{
	if (vid == 0 || vid > VLAN_VID_MAX)
		return;
	bit_set(v->member, vid, false);
	bit_set(v->untagged, vid, false);
	if (v->native == vid)
		v->native = 0;
}

void vlan_set_access(struct vlan_port *v, uint16_t vid)
{
	*v = (struct vlan_port){0};
	vlan_add(v, vid, VLAN_NATIVE | VLAN_UNTAGGED);
}

void vlan_set_trunk(struct vlan_port *v, uint16_t native, uint16_t first, uint16_t last)
{
	*v = (struct vlan_port){0};
	for (uint32_t vid = first; vid <= last; vid++)
		vlan_add(v, (uint16_t)vid, 0);
	vlan_add(v, native, VLAN_NATIVE | VLAN_UNTAGGED);
}

/* --- a frame's tag ----------------------------------------------------------- */

static uint16_t be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static void put_be16(uint8_t *b, uint16_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

/* Move bytes of the buffers behind to the head, until it has the frame's first n. */
static bool gather(struct pkt *p, uint32_t n)
{
	uint32_t want = PKT_VNET_LEN + n;

	if (p->total_len < want || p->data + want > p->buf + PKT_BUF_LEN)
		return false;
	while (p->len < want) {
		struct pkt *from = p->next;
		uint32_t part = want - p->len < from->len ? want - p->len : from->len;

		memcpy(p->data + p->len, from->data, part);
		p->len += part;
		from->data += part;
		from->len -= part;
		if (from->len) /* then it was enough */
			break;
		p->next = from->next;
		p->n_bufs--;
		from->next = NULL;
		pool_put(from);
	}
	return true;
}

bool vlan_push(struct pkt *p, uint16_t proto, uint16_t tci)
{
	struct virtio_net_hdr_v1 *h;
	uint8_t *frame;

	if (!gather(p, MACS_LEN) || p->data - p->buf < VLAN_TAG_LEN)
		return false;
	h = pkt_vnet(p);
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (h->csum_start > UINT16_MAX - VLAN_TAG_LEN)
			return false;
		h->csum_start = (uint16_t)(h->csum_start + VLAN_TAG_LEN);
	}
	/* a hint: 0 says nothing */
	if (h->hdr_len && h->hdr_len <= UINT16_MAX - VLAN_TAG_LEN)
		h->hdr_len = (uint16_t)(h->hdr_len + VLAN_TAG_LEN);
	memmove(p->data - VLAN_TAG_LEN, p->data, PKT_VNET_LEN + MACS_LEN);
	p->data -= VLAN_TAG_LEN;
	p->len += VLAN_TAG_LEN;
	p->total_len += VLAN_TAG_LEN;
	frame = p->data + PKT_VNET_LEN;
	put_be16(frame + MACS_LEN, proto); /* IEEE 802.1Q, 9.5 */
	put_be16(frame + MACS_LEN + 2, tci);
	return true;
}

bool vlan_pop(struct pkt *p)
{
	struct virtio_net_hdr_v1 *h;

	if (!gather(p, TAGGED_LEN))
		return false;
	h = pkt_vnet(p);
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (h->csum_start < TAGGED_LEN)
			return false;
		h->csum_start = (uint16_t)(h->csum_start - VLAN_TAG_LEN);
	}
	if (h->hdr_len >= TAGGED_LEN)
		h->hdr_len = (uint16_t)(h->hdr_len - VLAN_TAG_LEN);
	else if (h->hdr_len > PKT_ETH_LEN)
		h->hdr_len = PKT_ETH_LEN;
	memmove(p->data + VLAN_TAG_LEN, p->data, PKT_VNET_LEN + MACS_LEN);
	p->data += VLAN_TAG_LEN;
	p->len -= VLAN_TAG_LEN;
	p->total_len -= VLAN_TAG_LEN;
	return true;
}

bool vlan_rewrite(struct pkt *p, uint16_t tci)
{
	if (!gather(p, TAGGED_LEN))
		return false;
	put_be16(p->data + PKT_VNET_LEN + PKT_ETH_LEN, tci);
	return true;
}

/* --- in and out --------------------------------------------------------------- */

enum drop vlan_ingress(const struct vlan_port *v, uint16_t proto, const struct pkt *p,
		       struct vlan_tag *tag)
{
	uint8_t copy[TAGGED_LEN];
	const uint8_t *type = pkt_bytes(p, MACS_LEN, 2, copy), *tci;

	*tag = (struct vlan_tag){0};
	tag->is_tagged = type && be16(type) == proto;
	if (tag->is_tagged) {
		/* with the ethertype behind it, which a frame without tag must have */
		tci = pkt_bytes(p, PKT_ETH_LEN, VLAN_TAG_LEN, copy);
		if (!tci)
			return DROP_rx_vlan_cut;
		tag->tci = be16(tci);
	}
	tag->vid = tag->tci & VID_MASK;
	tag->is_exact = tag->is_tagged && tag->vid;
	if (!tag->vid) {
		if (!v->native)
			return DROP_rx_vlan;
		tag->vid = v->native;
		tag->tci |= v->native;
	}
	return vlan_is_member(v, tag->vid) ? DROP_none : DROP_rx_vlan;
}

bool vlan_egress(const struct vlan_port *v, uint16_t proto, const struct vlan_tag *tag,
		 struct pkt *p)
{
	if (vlan_is_untagged(v, tag->vid))
		return !tag->is_tagged || vlan_pop(p);
	if (!tag->is_tagged)
		return vlan_push(p, proto, tag->tci);
	return tag->is_exact || vlan_rewrite(p, tag->tci);
}
