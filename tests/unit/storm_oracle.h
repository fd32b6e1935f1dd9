/* SPDX-License-Identifier: BSD-2-Clause */
/* A token bucket that is refilled: what core/storm must let through. */
#ifndef TESTS_UNIT_STORM_ORACLE_H
#define TESTS_UNIT_STORM_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

/* Tokens are counted in 10^-9 of a packet or byte; they may fall below zero once. */
struct storm_tokens {
	uint64_t rate; /* per second; 0 = no limit */
	__int128 tokens, most;
};

struct storm_oracle {
	struct storm_tokens packets, bytes;
	uint64_t last_ns;
};

static inline void storm_oracle_init(struct storm_oracle *o, uint64_t packets,
				     uint64_t bytes, uint32_t burst_ms)
{
	__int128 ns = (__int128)burst_ms * 1000000;

	o->packets = (struct storm_tokens){packets, ns * packets, ns * packets};
	o->bytes = (struct storm_tokens){bytes, ns * bytes, ns * bytes};
	o->last_ns = 0;
}

static inline void storm_oracle_fill(struct storm_tokens *t, uint64_t ns)
{
	t->tokens += (__int128)ns * t->rate;
	if (t->tokens > t->most)
		t->tokens = t->most;
}

static inline bool storm_oracle_take(struct storm_oracle *o, uint32_t packets,
				     uint32_t bytes, uint64_t now_ns)
{
	storm_oracle_fill(&o->packets, now_ns - o->last_ns);
	storm_oracle_fill(&o->bytes, now_ns - o->last_ns);
	o->last_ns = now_ns;
	if ((o->packets.rate && o->packets.tokens < 0) ||
	    (o->bytes.rate && o->bytes.tokens < 0))
		return false;
	o->packets.tokens -= (__int128)packets * 1000000000;
	o->bytes.tokens -= (__int128)bytes * 1000000000;
	return true;
}

#endif
