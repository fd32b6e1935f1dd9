/* SPDX-License-Identifier: BSD-2-Clause */
/* sink_result: what the sink command has seen, as JSON and as text. */
#ifndef BENCH_CLI_SINK_RESULT_H
#define BENCH_CLI_SINK_RESULT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/pktgen/gen_check.h"
#include "bench/wire/wire_rx.h"

struct sink_result {
	const char *ifname, *io;
	struct wire_rx *rx;
	struct gen_check *check; /* NULL = only counted */
	struct hist *latency;	 /* with check */
	struct wire_count count;
	uint64_t expected;		    /* units; 0 = unknown */
	uint64_t received;		    /* units of ours so far, duplicates too */
	uint64_t start_ns, end_ns, seen_ns; /* seen: the last time that some had come */
	uint64_t first_ns, last_ns,
		before_first; /* of the units that a rate is made of */
};

json_t *sink_result_json(const struct sink_result *s); /* NULL: no memory */
void sink_result_print(FILE *f, const struct sink_result *s);

#endif
