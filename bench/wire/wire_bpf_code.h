/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_bpf_code: the instructions of the counting program. */
#ifndef BENCH_WIRE_WIRE_BPF_CODE_H
#define BENCH_WIRE_WIRE_BPF_CODE_H

#include <linux/bpf.h>

#include "bench/wire/wire_bpf.h"

enum { WIRE_BPF_CODE_MAX = 128 };

/* What the program adds to, one for each possible CPU. */
struct wire_bpf_code_value {
	uint64_t frames, bytes, units;
};

struct wire_bpf_code {
	struct bpf_insn insn[WIRE_BPF_CODE_MAX];
	unsigned n;
};

/* map: fd of an array with one wire_bpf_code_value. */
void wire_bpf_code_make(struct wire_bpf_code *c, enum wire_bpf_at at,
			const struct wire_match *m, int map);

#endif
