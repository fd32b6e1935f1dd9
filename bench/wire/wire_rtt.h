/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_rtt: UDP round trips, one request in flight, between a client and a server. */
#ifndef BENCH_WIRE_WIRE_RTT_H
#define BENCH_WIRE_WIRE_RTT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/stats/hist.h"
#include "core/err.h"

enum {
	WIRE_RTT_PORT = 7777,
	WIRE_RTT_SIZE_MIN = 8,
	WIRE_RTT_SIZE_MAX = 65507,
	WIRE_RTT_WAIT_MS = 500,	 /* for an answer */
	WIRE_RTT_LOST_MAX = 100, /* then it is given up */
};

struct wire_rtt_wish {
	int netns;	    /* fd; -1 = the thread's own */
	const char *server; /* client: IPv4 or IPv6 address */
	uint16_t port;
	unsigned size;		 /* bytes of UDP payload */
	uint64_t count;		 /* round trips that are measured */
	uint64_t warmup;	 /* and before them, that are not */
	uint64_t gap_ns;	 /* silence between an answer and the next request */
	double seconds;		 /* at most; 0 = no limit */
	const atomic_bool *stop; /* may be NULL */
	void (*progress)(void *arg, uint64_t done, double seconds); /* each second */
	void *arg;
};

struct wire_rtt_result {
	uint64_t done, lost; /* lost: no answer in time; not in the histogram */
	double seconds;
};

void wire_rtt_defaults(struct wire_rtt_wish *w);

/* A socket for wire_rtt_serve, bound in that namespace; -1 and below: negative errno. */
int wire_rtt_listen(const struct wire_rtt_wish *w, struct err *e);

/* Echo until stop is set (looked at each 50 ms) or the socket fails. */
int wire_rtt_serve(int fd, const atomic_bool *stop, struct err *e);

/* Measure; h is given initialised. 0 or a negative errno; no answer at all is -ETIMEDOUT.
 */
int wire_rtt_measure(const struct wire_rtt_wish *w, struct hist *h,
		     struct wire_rtt_result *r, struct err *e);

#endif
