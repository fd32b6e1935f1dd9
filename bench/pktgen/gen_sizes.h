/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_sizes: the size= word of a gen_spec, and whether its frames can be made. */
#ifndef BENCH_PKTGEN_GEN_SIZES_H
#define BENCH_PKTGEN_GEN_SIZES_H

#include "bench/pktgen/gen_spec.h"

/* Fill size, n_sizes and may_raise of *s. 0, or -EINVAL with a sentence. */
int gen_sizes_parse(struct gen_spec *s, const char *text, struct err *e);

/* Once all else in *s is known: refuse (or raise) what is too small, refuse the too
 * large. */
int gen_sizes_check(struct gen_spec *s, struct err *e);

/* Frames until the sizes repeat; with random ones, how many different sizes there are. */
uint32_t gen_sizes_cycle(const struct gen_spec *s);

/* The size at place i of the cycle. */
uint32_t gen_sizes_at(const struct gen_spec *s, uint32_t i);

#endif
