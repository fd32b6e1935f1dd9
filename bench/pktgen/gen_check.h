/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_check: what became of a gen's frames: lost, doubled, out of order, corrupted, late.
 */
#ifndef BENCH_PKTGEN_GEN_CHECK_H
#define BENCH_PKTGEN_GEN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/pktgen/gen_spec.h"
#include "bench/stats/hist.h"
#include "core/err.h"

/*
 * How it works: per flow, next is one past the highest number seen (RFC 4737's NextExp),
 * and a bit for each of the `window` numbers below it says whether it came. A number at
 * or above next is in order. One below it came out of order (RFC 4737, 3.3) if its bit
 * was clear, and is a duplicate if it was set. One that is further below than the window
 * cannot be told: it is counted as late, and as neither; as long as late is 0, all
 * counts are exact. Duplicates are not in `received` of the units.
 *
 * A unit is one mark: a frame, or one segment of a super-packet, whoever cut or joined
 * it. The hash covers all that no tag, checksum offload or segmentation may change (with
 * mac=any of the spec also not what a router rewrites): a frame of ours with a
 * wrong hash is corrupted; its number is not believed, so it is also missing. Tags are
 * compared with the flow's own; they may have been taken off, outer ones first. What no
 * hash covers: lengths, which must agree; and IPv4's identification, TCP's sequence number
 * and flags, and checksums: found by verify_csum (the IPv4 header's is always verified).
 */
struct gen_check_config {
	const struct gen_spec *spec; /* the sender's; copied */
	bool vnet;	  /* frames come with a virtio-net header of 12 bytes */
	bool verify_csum; /* of IP, UDP and TCP, unless the virtio-net header says partial
			   */
	bool extents;	  /* RFC 4737, 4.2.1; 4 more bytes per number of the window */
	uint32_t window;  /* numbers per flow: a power of 2, 64 .. 2^20; 0 = 4096 */
	struct hist *latency; /* of units in order or not, no duplicates; may be NULL */
};

struct gen_check_counts {
	uint64_t frames, bytes; /* all that was given to it; without virtio-net header */
	uint64_t foreign;	/* frames that are none of a gen's */
	uint64_t other_runs;	/* whole frames of a gen with another tag */
	uint64_t corrupted;	/* frames of ours with a wrong hash, length or tag */
	uint64_t bad_csum;	/* frames, whole by their hash, with a wrong checksum */
	uint64_t units;		/* marks that were whole: unique + duplicates + late */
	uint64_t unique, duplicates, late;
	uint64_t reordered;		 /* of unique */
	uint64_t max_distance;		 /* largest next - number of a reordered one */
	uint64_t max_extent, sum_extent; /* RFC 4737's, in arrivals of the flow */
	uint64_t negative; /* latencies below zero: clocks that disagree; not in hist */
};

enum gen_check_kind {
	GEN_CHECK_IN_ORDER,
	GEN_CHECK_REORDERED,
	GEN_CHECK_DUPLICATE,
	GEN_CHECK_LATE,
	GEN_CHECK_CORRUPTED,
	GEN_CHECK_OTHER_RUN,
	GEN_CHECK_FOREIGN,
};

struct gen_check;

/* All memory is taken here: flows * (window / 8 + 40) bytes, more with extents. */
int gen_check_init(struct gen_check **c, const struct gen_check_config *cf,
		   struct err *e);
void gen_check_fini(struct gen_check *c); /* NULL is fine */

/* One frame that arrived at now_ns; of several units, the worst is returned. */
enum gen_check_kind gen_check_frame(struct gen_check *c, const uint8_t *frame, size_t len,
				    uint64_t now_ns);

const struct gen_check_counts *gen_check_counts_of(const struct gen_check *c);

/*
 * Missing, once quiet. sent: units the sender took in all (gen_taken_of), or 0 if that
 * is unknown: then only holes below each flow's highest number. Exact when low == high,
 * which is so when nothing was late.
 */
struct gen_check_lost {
	uint64_t low, high;
};
struct gen_check_lost gen_check_lost_of(const struct gen_check *c, uint64_t sent);

/* The same of one flow; sent: gen_taken_flow. */
struct gen_check_flow {
	uint64_t next, unique, duplicates, reordered, late;
	struct gen_check_lost lost;
};
struct gen_check_flow gen_check_flow_of(const struct gen_check *c, uint32_t flow,
					uint64_t sent);

#endif
