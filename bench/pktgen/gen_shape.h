/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_shape: what all frames of one size have in common: length, segments, filler. */
#ifndef BENCH_PKTGEN_GEN_SHAPE_H
#define BENCH_PKTGEN_GEN_SHAPE_H

#include "bench/pktgen/gen_frame.h"

struct gen_shape {
	uint32_t len, units; /* len: without virtio-net header */
	uint64_t full_hash;  /* of the filler in each segment but the last */
	uint64_t last_hash;  /* of that in the last, or only, one */
	uint32_t sum;	     /* of the filler; 0 with several segments */
	bool is_partial;
	uint8_t vnet[GEN_FRAME_VNET_LEN];
};

/*
 * Filler for len bytes from the first mark on. It depends on the place in its segment
 * alone, so it is the same in all frames of a gen, whatever their flow and size.
 */
void gen_shape_filler(const struct gen_spec *s, uint8_t *payload, uint32_t len);

/* *z for this size (with FCS); payload: as gen_shape_filler left it, as long as it. */
void gen_shape_init(struct gen_shape *z, const struct gen_spec *s, uint32_t size,
		    const uint8_t *payload);

#endif
