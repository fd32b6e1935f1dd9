/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_replay: the frames of a capture file, in memory, one after the other. */
#ifndef BENCH_PKTGEN_GEN_REPLAY_H
#define BENCH_PKTGEN_GEN_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum {
	GEN_REPLAY_FRAMES_MAX = 1 << 22,
	GEN_REPLAY_BYTES_MAX = 1 << 29,
	GEN_REPLAY_LEN_MAX = 65535 + 14 + 8,
};

struct gen_replay;

/*
 * Read all of path (pcap or pcapng, Ethernet) into memory, at most GEN_REPLAY_FRAMES_MAX
 * frames and GEN_REPLAY_BYTES_MAX bytes. loops: how often it is played, 0 = without end.
 * 0, or a negative errno with a sentence; a file without frames or with one that was cut
 * when it was captured is refused.
 */
int gen_replay_open(struct gen_replay **r, const char *path, uint64_t loops,
		    struct err *e);
void gen_replay_close(struct gen_replay *r); /* NULL is fine */

/* The frame that is next, valid until close; NULL at the end. */
const uint8_t *gen_replay_frame(const struct gen_replay *r, size_t *len);

/* When it is due, in ns since the first one: never before its predecessor. A loop begins
 * after the last frame of the one before by the mean gap. */
uint64_t gen_replay_due_ns(const struct gen_replay *r);

void gen_replay_step(struct gen_replay *r); /* to the next frame; stays at the end */
void gen_replay_back(struct gen_replay *r); /* to the one before; stays at the first */

size_t gen_replay_max_len(const struct gen_replay *r);
double gen_replay_mean_len(const struct gen_replay *r);

#endif
