/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_shape: super-packets and their virtio-net header, hashes and sums of filler. */
#include "bench/pktgen/gen_shape.h"

#include <linux/virtio_net.h>

void gen_shape_filler(const struct gen_spec *s, uint8_t *payload, uint32_t len)
{
	uint64_t key = gen_frame_mix(s->seed ^ 0x66696c6c);

	for (uint32_t i = 0; i < len; i++) {
		uint32_t at = s->gso ? i % s->gso : i;

		payload[i] = (uint8_t)(gen_frame_mix(key + at / 8) >> at % 8 * 8);
	}
}

static void set_vnet(struct gen_shape *z, const struct gen_spec *s)
{
	const struct gen_frame_proto *proto = gen_frame_proto_of(s);
	unsigned head_len = gen_spec_header_len(s);
	struct virtio_net_hdr h = {0};

	if (z->is_partial) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = htole16((uint16_t)(head_len - proto->l4_len));
		h.csum_offset = htole16(proto->csum_off);
	}
	if (z->units > 1) {
		h.gso_type = proto->gso_type;
		h.gso_size = htole16((uint16_t)s->gso);
		h.hdr_len = htole16((uint16_t)head_len);
	}
	memcpy(z->vnet, &h, sizeof(h)); /* num_buffers stays 0 (virtio 1.2, 5.1.6.2) */
}

void gen_shape_init(struct gen_shape *z, const struct gen_spec *s, uint32_t size,
		    const uint8_t *payload)
{
	const uint8_t *filler = payload + GEN_FRAME_MARK_LEN;
	uint32_t head_len = gen_spec_header_len(s), gso = s->gso;
	uint32_t len = size - GEN_SPEC_FCS - head_len, last = len;

	*z = (struct gen_shape){.units = 1};
	if (gso && len > gso) {
		if (len % gso < GEN_FRAME_MARK_LEN)
			len -= len % gso;
		z->units = (len + gso - 1) / gso;
		last = len - (z->units - 1) * gso;
		z->full_hash = gen_frame_payload_hash(filler, gso - GEN_FRAME_MARK_LEN);
	}
	z->len = head_len + len;
	z->last_hash = gen_frame_payload_hash(filler, last - GEN_FRAME_MARK_LEN);
	if (z->units == 1)
		z->sum = gen_frame_fold(gen_frame_sum(filler, last - GEN_FRAME_MARK_LEN));
	z->is_partial = z->units > 1 || s->csum == GEN_SPEC_CSUM_PARTIAL;
	set_vnet(z, s);
}
