/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading of Ethernet, VLAN, IPv4 and IPv6 headers. */
#include "core/frame.h"

#include <linux/if_ether.h>

enum {
	IPV6_HOPOPTS = 0,
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_DSTOPTS = 60,
	IPV6_EXT_MAX = 8,
};

static uint16_t be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

/* RFC 791, 3.1 */
static void parse_ipv4(const struct pkt *p, struct frame *f)
{
	uint8_t copy[20];
	const uint8_t *ip = pkt_bytes(p, f->l3_off, sizeof(copy), copy);
	unsigned header_len;

	if (!ip || ip[0] >> 4 != 4)
		return;
	header_len = (ip[0] & 0xfu) * 4;
	if (header_len < 20)
		return;
	f->is_fragment = be16(ip + 6) & 0x3fff; /* MF or an offset */
	if (be16(ip + 6) & 0x1fff)
		return;
	f->l4_proto = ip[9];
	f->l4_off = (uint16_t)(f->l3_off + header_len);
}

/* RFC 8200, 4 */
static void parse_ipv6(const struct pkt *p, struct frame *f)
{
	uint8_t copy[40];
	const uint8_t *ip = pkt_bytes(p, f->l3_off, sizeof(copy), copy);
	uint32_t off = f->l3_off + 40u;
	uint8_t proto;

	if (!ip || ip[0] >> 4 != 6)
		return;
	proto = ip[6];
	for (int i = 0; i <= IPV6_EXT_MAX; i++) { /* the last look is at what follows */
		const uint8_t *ext;

		if (proto != IPV6_HOPOPTS && proto != IPV6_ROUTING &&
		    proto != IPV6_DSTOPTS && proto != IPV6_FRAGMENT) {
			f->l4_proto = proto;
			f->l4_off = (uint16_t)off;
			return;
		}
		ext = pkt_bytes(p, off, 8, copy);
		if (!ext)
			return;
		if (proto == IPV6_FRAGMENT) {
			f->is_fragment = true;
			if (be16(ext + 2) & 0xfff8)
				return;
			off += 8;
		} else {
			off += (ext[1] + 1u) * 8;
		}
		proto = ext[0];
	}
}

bool frame_parse(const struct pkt *p, struct frame *f)
{
	uint32_t off = PKT_ETH_LEN - 2;
	uint8_t copy[2];

	*f = (struct frame){0};
	for (int tags = 0; tags <= PKT_TAGS_MAX; tags++, off += 4) {
		const uint8_t *type = pkt_bytes(p, off, 2, copy);

		if (!type)
			return false;
		f->ethertype = be16(type);
		if (f->ethertype == ETH_P_8021Q || f->ethertype == ETH_P_8021AD)
			continue; /* IEEE 802.1Q, 9.3: the next type lies 4 bytes on */
		f->l3_off = (uint16_t)(off + 2);
		if (f->ethertype == ETH_P_IP)
			parse_ipv4(p, f);
		else if (f->ethertype == ETH_P_IPV6)
			parse_ipv6(p, f);
		return true;
	}
	return false;
}
