/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_ceiling: the rate that a sender reaches when nothing stands in its way. */
#ifndef BENCH_WIRE_WIRE_CEILING_H
#define BENCH_WIRE_WIRE_CEILING_H

#include <stdatomic.h>

#include "bench/pktgen/gen_spec.h"
#include "bench/wire/wire_tx.h"

/*
 * How it works: a namespace without a name is made for it, with a link that leads
 * nowhere: for the AF_PACKET kinds a veth pair whose other end counts and drops
 * (WIRE_CEILING_veth) or a dummy device (WIRE_CEILING_dummy, which leaves only the cost
 * of the sender itself), for tap a TAP that is written to. The namespace is gone with the
 * return or with the process, however it ends.
 */
enum wire_ceiling_link {
	WIRE_CEILING_veth,
	WIRE_CEILING_dummy,
};

enum { WIRE_CEILING_WARN_PERCENT = 80 };

struct wire_ceiling_wish {
	const struct gen_spec *spec;
	enum wire_tx_kind kind;
	enum wire_ceiling_link link; /* for a TAP or a physical device: dummy */
	double seconds;		     /* 0: 0.5 */
	int cpu;		     /* -1: where the caller runs */
	const atomic_bool *stop;     /* may be NULL */
};

struct wire_ceiling_result {
	enum wire_ceiling_link link;	  /* veth where this kernel has no dummy */
	uint64_t offered, sent, received; /* received: 0 with dummy */
	double seconds, pps;		  /* pps: offered */
};

int wire_ceiling(const struct wire_ceiling_wish *w, struct wire_ceiling_result *r,
		 struct err *e);

/* Share of the ceiling, 0 .. 1 and above; NaN without a ceiling. */
double wire_ceiling_share(double pps, double ceiling_pps);

#endif
