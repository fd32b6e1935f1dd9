/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_parse: where in a frame that arrived the parts of a gen's frame lie. */
#ifndef BENCH_PKTGEN_GEN_PARSE_H
#define BENCH_PKTGEN_GEN_PARSE_H

#include "bench/pktgen/gen_frame.h"

struct gen_parse {
	const uint8_t *frame, *l3, *payload; /* payload: the first mark */
	uint32_t payload_len, l4_len; /* l4_len: header and payload; 0 = no UDP, TCP */
	unsigned n_tags;	      /* at frame + 12, 4 bytes each */
	bool is_whole; /* the lengths in its headers agree with it and with each other */
};

/* false: it has not the headers of the spec's proto; *p is meaningless then. Bytes behind
 * the IP packet are taken for a device's padding. */
bool gen_parse_frame(const struct gen_spec *s, const uint8_t *frame, size_t len,
		     struct gen_parse *p);

/* Are the checksums right: of the IPv4 header, and, with l4, of UDP or TCP? */
bool gen_parse_has_csums(const struct gen_spec *s, const struct gen_parse *p, bool l4);

/* Are its tags those of this flow, or the inner ones of them? */
bool gen_parse_has_tags(const struct gen_spec *s, const struct gen_parse *p,
			uint32_t flow);

#endif
