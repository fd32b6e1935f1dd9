/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_words: numbers in the words of a gen_spec. */
#ifndef BENCH_PKTGEN_GEN_WORDS_H
#define BENCH_PKTGEN_GEN_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Read the decimal digits at *p, leave *p behind them. false if there are none or the
 * number is larger than max; *p then stands where it stood.
 */
static inline bool gen_words_number(const char **p, uint64_t max, uint64_t *n)
{
	const char *at = *p;
	uint64_t v = 0;

	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v) || v > max)
			return false;
	*p = at;
	*n = v;
	return true;
}

#endif
