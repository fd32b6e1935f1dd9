/* SPDX-License-Identifier: BSD-2-Clause */
/* Summing of counters. */
#include "core/counters.h"

#include <stddef.h>

_Static_assert(sizeof(struct counters) % sizeof(uint64_t) == 0,
	       "counters are 64-bit values only");

/*
 * Backwards: what is counted first (received, made, handed over) stands before what
 * follows from it (failed, dropped), and is read after it. So a sum never shows
 * more failures or drops than packets.
 */
void counters_add(struct counters *sum, const struct counters *c)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)c;

	for (size_t i = sizeof(*c) / sizeof(*from); i-- > 0;)
		to[i] += counter_get(&from[i]);
}

/* failed before handed over, so that a reader never sees more failed than sent */
uint64_t counters_sent_packets(const struct counters *c)
{
	uint64_t failed = counter_get(&c->tx_failed_packets);

	return counter_get(&c->tx_packets) - failed;
}

uint64_t counters_sent_bytes(const struct counters *c)
{
	uint64_t failed = counter_get(&c->tx_failed_bytes);

	return counter_get(&c->tx_bytes) - failed;
}

uint64_t counters_drops(const struct counters *c)
{
	uint64_t n = 0;

	for (int i = 0; i < DROP_N; i++)
		n += counter_get(&c->drops[i]);
	return n;
}
