/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_pace: rates as people write them, and when which frame is due. No clock, no wait.
 */
#ifndef BENCH_WIRE_WIRE_PACE_H
#define BENCH_WIRE_WIRE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

enum wire_pace_kind {
	WIRE_PACE_max,	/* flat out */
	WIRE_PACE_pps,	/* frames per second */
	WIRE_PACE_line, /* bits per second on the wire, preamble, gap and FCS counted */
	WIRE_PACE_recorded, /* as a pcap was recorded */
};

struct wire_pace_rate {
	enum wire_pace_kind kind;
	double value; /* pps, or bits per second */
};

/*
 * "max", "recorded", "50kpps", "1.5Mpps", "20000" (frames per second), "1Gbit" (line
 * rate), "10%@10Gbit".
 */
int wire_pace_parse(struct wire_pace_rate *r, const char *text, struct err *e);

/*
 * Frames per second of this rate when frames have mean_len bytes (without FCS and
 * virtio-net header); 0 for max and recorded.
 */
double wire_pace_pps(const struct wire_pace_rate *r, double mean_len);

/*
 * How it works: step k of `burst` frames is due at base + k * burst / pps, computed anew
 * for each step so that no rounding adds up. A sender that is late catches up, until it
 * is more than WIRE_PACE_LATE_NS late: then the schedule begins anew (counted in slipped)
 * because a long burst to catch up would be no steady load.
 */
enum { WIRE_PACE_LATE_NS = 10000000, WIRE_PACE_STEP_NS = 20000 };

struct wire_pace {
	double pps; /* 0 = flat out */
	unsigned burst;
	uint64_t base, step; /* step: of those since base */
	uint64_t slipped, late_max_ns;
};

/* burst 0: chosen: one frame at a time up to 50 kpps, then a step each 20 us. */
void wire_pace_init(struct wire_pace *p, double pps, unsigned burst, uint64_t now_ns);

/* When the next step is due (0: at once). */
uint64_t wire_pace_due(const struct wire_pace *p);

/* It is about to be sent at now_ns. */
void wire_pace_step(struct wire_pace *p, uint64_t now_ns);

#endif
