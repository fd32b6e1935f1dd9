/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_field: the words of a gen_spec that say what differs from flow to flow. */
#ifndef BENCH_PKTGEN_GEN_FIELD_H
#define BENCH_PKTGEN_GEN_FIELD_H

#include "bench/pktgen/gen_spec.h"

/* BASE, BASE+STEP, BASE+STEP%N or BASE~N into s->field[id]. 0, or -EINVAL, told. */
int gen_field_parse(struct gen_spec *s, enum gen_spec_field_id id, const char *text,
		    struct err *e);

/* Once flows and proto are known: does it suit them, and do all values fit? */
int gen_field_check(struct gen_spec *s, enum gen_spec_field_id id, struct err *e);

#endif
