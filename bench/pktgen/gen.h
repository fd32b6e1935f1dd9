/* SPDX-License-Identifier: BSD-2-Clause */
/* gen: makes the frames of a gen_spec, one after the other, numbered and time-stamped. */
#ifndef BENCH_PKTGEN_GEN_H
#define BENCH_PKTGEN_GEN_H

#include <stddef.h>
#include <stdint.h>

#include "bench/pktgen/gen_spec.h"
#include "core/err.h"

/*
 * How it works: frame number n belongs to flow n % flows, and is that flow's number
 * n / flows (counted in units where there are super-packets): so one number says both.
 * What a flow has in common (its headers, their hash and sum) and what a size has
 * (payload's hash and sum) is computed once, at gen_open; a frame is the flow's headers,
 * a mark of 18 bytes, and filler that is the same in all frames; hash and checksum are
 * put together from the two halves and the mark. So a buffer that held a frame already
 * needs its headers and mark only, and where it was one of the same flow and size (as
 * when the flows go round as the buffers do) the mark and a checksum.
 *
 * Use: one thread at a time per struct gen. A sender with a ring of buffers gives each a
 * struct gen_slot, zeroed, and calls gen_stamp again and again; who has no ring calls
 * gen_next. Both take the next number; a frame that could not be sent is a lost one
 * (give its number back with gen_untake before the next one is taken).
 */
struct gen;

/* What a buffer holds from the last gen_stamp on; zeroed = nothing known. */
struct gen_slot {
	uint32_t filled;      /* bytes from its start where the filler stands */
	uint32_t flow, shape; /* whose headers stand there; from 1 */
};

/* *s is copied. 0, or a negative errno with a sentence; *g is NULL then. */
int gen_open(struct gen **g, const struct gen_spec *s, struct err *e);
void gen_close(struct gen *g); /* NULL is fine */

/* Bytes that any frame of it needs, with the virtio-net header if there is one. */
size_t gen_max_len(const struct gen *g);

/* Mean of [vnet] + frame over a cycle of sizes, in bytes as in the buffer. */
double gen_mean_len(const struct gen *g);

/*
 * Write the next frame to buf: [virtio-net header if the spec has vnet][frame]. Returns
 * its length; 0 when cap is too small (nothing is taken) or a pcap has ended.
 */
size_t gen_next(struct gen *g, uint8_t *buf, size_t cap, uint64_t now_ns);

/* The same into a buffer of gen_max_len bytes that only gen_stamp writes, with its slot.
 */
size_t gen_stamp(struct gen *g, struct gen_slot *slot, uint8_t *buf, uint64_t now_ns);

/* Of the frame that is next: its length, and when it is due, in ns since the first one,
 * as recorded (0 in frames that are made). */
size_t gen_next_len(const struct gen *g);
uint64_t gen_next_due_ns(const struct gen *g);

/* Undo the last gen_next or gen_stamp: its numbers are given out again. May be repeated,
 * back to the first frame; does nothing before it. */
void gen_untake(struct gen *g);

/* Taken so far. A super-packet is one frame and as many units as it has segments. */
struct gen_taken {
	uint64_t frames, units, bytes; /* bytes: frames without virtio-net header */
};
struct gen_taken gen_taken_of(const struct gen *g);
uint64_t gen_taken_flow(const struct gen *g, uint32_t flow); /* units */

#endif
