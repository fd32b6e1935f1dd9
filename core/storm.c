/* SPDX-License-Identifier: BSD-2-Clause */
/* Token buckets. */
#include "core/storm.h"

enum { UNITS = 16 }; /* of a nanosecond */

#define SECOND (1000000000ull * UNITS)

void storm_init(struct storm *s, uint64_t packets, uint64_t bytes, uint32_t burst_ms)
{
	*s = (struct storm){
		.packets = packets, .bytes = bytes, .burst_ns = burst_ms * 1000000ull};
}

/* n at the rate, in time; whole seconds apart, so that it does not overflow. */
static uint64_t cost(uint64_t n, uint64_t rate)
{
	return n / rate * SECOND + (n % rate * SECOND + rate - 1) / rate;
}

static bool take(uint64_t *full_at, uint64_t price, uint64_t now, uint64_t burst)
{
	uint64_t at = __atomic_load_n(full_at, __ATOMIC_RELAXED), from;

	do {
		if (at > now && at - now > burst)
			return false;
		from = at > now ? at : now;
	} while (!__atomic_compare_exchange_n(full_at, &at, from + price, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

bool storm_take(struct storm *s, uint32_t packets, uint32_t bytes, uint64_t now_ns)
{
	uint64_t now = now_ns * UNITS, burst = s->burst_ns * UNITS;
	uint64_t price = s->packets ? cost(packets, s->packets) : 0;

	if (s->packets && !take(&s->packets_full_at, price, now, burst))
		return false;
	if (!s->bytes || take(&s->bytes_full_at, cost(bytes, s->bytes), now, burst))
		return true;
	if (s->packets) /* it did not pass: it costs nothing */
		__atomic_fetch_sub(&s->packets_full_at, price, __ATOMIC_RELAXED);
	return false;
}
