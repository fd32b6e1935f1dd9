/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow hashing. */
#include "core/flow.h"

#include <linux/if_ether.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/frame.h"

enum { PROTO_TCP = 6, PROTO_UDP = 17, PROTO_SCTP = 132, KEY_MAX = 40 };

/* Append n bytes of the frame; false if it ends before. */
static bool put(uint8_t *key, uint32_t *len, const struct pkt *p, uint32_t off,
		uint32_t n)
{
	uint8_t copy[KEY_MAX];
	const uint8_t *from = pkt_bytes(p, off, n, copy);

	if (!from)
		return false;
	memcpy(key + *len, from, n);
	*len += n;
	return true;
}

static bool put_addresses(uint8_t *key, uint32_t *len, const struct pkt *p,
			  const struct frame *f)
{
	if (f->ethertype == ETH_P_IP)
		return put(key, len, p, f->l3_off + 12u, 8);
	if (f->ethertype == ETH_P_IPV6)
		return put(key, len, p, f->l3_off + 8u, 32);
	return false;
}

/* The key is hashed whole, zeros behind: a constant length is the quicker way. */
uint32_t flow_hash(const struct pkt *p, uint64_t seed)
{
	uint8_t key[KEY_MAX] = {0};
	uint32_t len = 0;
	struct frame f;

	if (!frame_parse(p, &f) || !put_addresses(key, &len, p, &f)) {
		put(key, &len, p, 0, PKT_ETH_LEN);
	} else if (!f.is_fragment && f.l4_off) {
		if (f.l4_proto == PROTO_TCP || f.l4_proto == PROTO_UDP ||
		    f.l4_proto == PROTO_SCTP)
			put(key, &len, p, f.l4_off, 4);
	}
	return (uint32_t)XXH3_64bits_withSeed(key, sizeof(key), seed);
}
