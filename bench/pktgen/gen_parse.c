/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_parse: reads nothing outside of the frame, whatever it says about itself. */
#include "bench/pktgen/gen_parse.h"

#include <netinet/in.h>

enum { TAGS_MAX = 2 };

static bool is_tag(uint16_t ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8;
}

/* The lengths of IP and UDP; avail: bytes from l3 on, headers and mark are among them. */
static void read_lengths(const struct gen_frame_proto *proto, uint32_t avail,
			 struct gen_parse *p)
{
	uint32_t ip_len = gen_frame_get16(p->l3 + 2);

	if (proto->l3_len == 40)
		ip_len = 40U + gen_frame_get16(p->l3 + 4);
	p->is_whole =
		ip_len <= avail &&
		ip_len >= (uint32_t)proto->l3_len + proto->l4_len + GEN_FRAME_MARK_LEN;
	if (!p->is_whole)
		return;
	p->l4_len = ip_len - proto->l3_len;
	p->payload_len = p->l4_len - proto->l4_len;
	if (proto->ip_proto == IPPROTO_UDP)
		p->is_whole = gen_frame_get16(p->l3 + proto->l3_len + 4) == p->l4_len;
}

bool gen_parse_frame(const struct gen_spec *s, const uint8_t *frame, size_t len,
		     struct gen_parse *p)
{
	const struct gen_frame_proto *proto = gen_frame_proto_of(s);
	size_t at = 12, need;

	*p = (struct gen_parse){.frame = frame};
	for (; len >= at + 6 && is_tag(gen_frame_get16(frame + at)); at += 4)
		if (++p->n_tags > TAGS_MAX)
			return false;
	need = at + 2 + proto->l3_len + proto->l4_len + GEN_FRAME_MARK_LEN;
	if (len < need || gen_frame_get16(frame + at) != proto->ethertype)
		return false;
	p->l3 = frame + at + 2;
	p->payload = frame + need - GEN_FRAME_MARK_LEN;
	p->payload_len = (uint32_t)(len - (need - GEN_FRAME_MARK_LEN));
	p->is_whole = true;
	if (!proto->ip_proto)
		return true;
	if (proto->l3_len == 20 && (p->l3[0] != 0x45 || p->l3[9] != proto->ip_proto))
		return false;
	if (proto->l3_len == 40 && (p->l3[0] >> 4 != 6 || p->l3[6] != proto->ip_proto))
		return false;
	read_lengths(proto, (uint32_t)(len - at - 2), p);
	return true;
}

bool gen_parse_has_csums(const struct gen_spec *s, const struct gen_parse *p, bool l4)
{
	const struct gen_frame_proto *proto = gen_frame_proto_of(s);
	const uint8_t *at = p->l3 + proto->l3_len;
	uint64_t sum;

	if (!proto->ip_proto)
		return true;
	if (proto->l3_len == 20 && gen_frame_fold(gen_frame_sum(p->l3, 20)) != 0xffff)
		return false;
	if (!l4)
		return true;
	if (proto->ip_proto == IPPROTO_UDP && !gen_frame_get16(at + proto->csum_off))
		return s->csum == GEN_SPEC_CSUM_NONE;
	sum = gen_frame_pseudo_sum(s, p->l3) + htobe16((uint16_t)p->l4_len) +
	      gen_frame_sum(at, p->l4_len);
	return gen_frame_fold(sum) == 0xffff;
}

bool gen_parse_has_tags(const struct gen_spec *s, const struct gen_parse *p,
			uint32_t flow)
{
	uint8_t tags[TAGS_MAX * 4];
	unsigned n = 0;

	if (!p->n_tags)
		return true;
	for (unsigned id = GEN_SPEC_QINQ;; id = GEN_SPEC_VLAN) {
		if (s->field[id].is_set) {
			gen_frame_put16(tags + 4 * n,
					id == GEN_SPEC_QINQ ? 0x88a8 : 0x8100);
			gen_frame_put16(tags + 4 * n + 2,
					(uint16_t)gen_spec_value(s, id, flow));
			n++;
		}
		if (id == GEN_SPEC_VLAN)
			break;
	}
	return p->n_tags <= n &&
	       memcmp(p->frame + 12, tags + 4 * (n - p->n_tags), 4 * p->n_tags) == 0;
}
