/* SPDX-License-Identifier: BSD-2-Clause */
/* wire: what senders and receivers of frames share: where an interface is, which frames
 * count, and what was counted. */
#ifndef BENCH_WIRE_WIRE_H
#define BENCH_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/pktgen/gen_spec.h"
#include "core/err.h"
#include "io/port/link.h"

/*
 * How it works: wire_tx puts prepared frames on an interface, wire_rx counts them or
 * hands each to a function, wire_pace says when the next ones are due, wire_send joins
 * a gen, a pace and a wire_tx. An interface is known by a namespace's fd and a name; the
 * calling thread goes there for the opening only, and is back afterwards. Every clock is
 * CLOCK_MONOTONIC in nanoseconds (bench/bench_clock.h), the time stamps of arrival too.
 */
enum {
	WIRE_BATCH = 64,    /* frames given to the kernel at once */
	WIRE_VNET_LEN = 12, /* virtio-net header before a frame, where there is one */
	WIRE_LEN_MAX = 65535 + 14 + 8, /* frame without FCS: IP's largest and two tags */
	WIRE_OVERHEAD = 24, /* FCS, preamble and gap: on a wire, not in a buffer */
};

struct wire_place {
	int netns; /* fd; -1 = the thread's own */
	const char *ifname;
};

/* Frames with value under mask in the 32 bits at one of the offsets, and the ethertype
 * right before the headers that end there. */
struct wire_match {
	uint32_t value, mask;	  /* as numbers, of bytes in network order */
	uint16_t ethertype, back; /* it is so many bytes before the offset */
	uint16_t at[3];		  /* more than one where tags may have been taken off */
	uint16_t n_at;		  /* 0 = every frame */
};

struct wire_count {
	uint64_t frames, bytes; /* without FCS and virtio-net header */
	uint64_t units;		/* a super-packet counts as its segments */
	uint64_t lost;		/* that our own ring had no room for */
};

/* Can it be an interface's name? 0, or -EINVAL with a sentence. */
int wire_check_name(const char *ifname, struct err *e);

/*
 * Find the interface and say what is wrong with it: 0, -ENODEV (none of that name),
 * -ENETDOWN (not up), -EPERM. max_len: the longest frame that will be sent, without FCS
 * and virtio-net header, 0 = none will be; -EMSGSIZE if the MTU does not let it through.
 */
int wire_find(const struct wire_place *p, size_t max_len, struct link_info *info,
	      struct err *e);

/* The frames of this spec, by their mark; of a pcap: every frame. */
struct wire_match wire_match_of(const struct gen_spec *s);

/* The sentence for a frame that the MTU does not let through; returns -EMSGSIZE. */
int wire_too_long(struct err *e, const char *ifname, size_t len, uint32_t mtu);

/* The sentence for a socket or program that was refused, and returns code: what needs
 * which right. */
int wire_refused(struct err *e, int code, const char *what);

#endif
