/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_rx: takes frames in at an interface: counts them, or hands each to a function. */
#ifndef BENCH_WIRE_WIRE_RX_H
#define BENCH_WIRE_WIRE_RX_H

#include "bench/wire/wire.h"

/*
 * How it works: tc and xdp are eBPF programs that count the frames of the match and end
 * them there: nothing is handed out, wire_rx_reap() only reads the counters. mmap and tap
 * hand out each frame. Whoever waits polls wire_rx_fd() for input, or where there is
 * none looks again after some milliseconds. All of it goes with the fds, also when the
 * process is killed (before Linux 6.6 a tc filter stays behind then, until the next
 * wire_rx at the interface replaces it).
 */
enum wire_rx_kind {
	WIRE_RX_mmap, /* AF_PACKET with TPACKET_V3: each frame handed out */
	WIRE_RX_tc,   /* counted and dropped at tc ingress */
	WIRE_RX_xdp,  /* counted and dropped by the driver, where it has XDP */
	WIRE_RX_tap,  /* the user side of a TAP, as if a forwarder received */
	WIRE_RX_N_KINDS,
};

/*
 * One frame, [virtio-net header if the wish has vnet][frame]; gone after the return.
 * now_ns: when it arrived; of mmap, when the kernel put it into the ring.
 */
typedef void wire_rx_take(void *arg, const uint8_t *frame, size_t len, uint64_t now_ns);

struct wire_rx_wish {
	enum wire_rx_kind kind;
	struct wire_place at;
	int fd;	   /* tap: one that is open, stays the caller's; -1 = open at.ifname */
	bool vnet; /* mmap, tap: frames are handed out with a header of WIRE_VNET_LEN */
	bool ends; /* mmap: the frames of the match end here, as with tc, where eBPF is
		      permitted; otherwise they go on to the kernel's stack */
	struct wire_match match; /* tc, xdp, and where frames end */
	wire_rx_take *take;	 /* mmap, tap; NULL = count all */
	void *arg;
};

struct wire_rx;

const char *wire_rx_kind_name(enum wire_rx_kind kind);
int wire_rx_kind_parse(const char *word, enum wire_rx_kind *kind, struct err *e);

/* *w is copied, its ifname too. On failure nothing is left and *r is NULL. */
int wire_rx_open(struct wire_rx **r, const struct wire_rx_wish *w, struct err *e);
void wire_rx_close(struct wire_rx *r); /* NULL is fine */

/* To poll for POLLIN; -1 with tc and xdp. */
int wire_rx_fd(const struct wire_rx *r);

/* Take all that is there (of an endless stream: some 10 ms of it). 0 or a negative errno
 * (the interface is gone). */
int wire_rx_reap(struct wire_rx *r, struct err *e);

/* The same until nothing of what has arrived so far is left in the kernel's hands: for
 * the end, when the sender is quiet. Takes up to 50 ms. */
int wire_rx_drain(struct wire_rx *r, struct err *e);

/* As of the last reap. Of mmap and tap: every frame; of tc and xdp: those of the match.
 */
struct wire_count wire_rx_count_of(const struct wire_rx *r);

#endif
