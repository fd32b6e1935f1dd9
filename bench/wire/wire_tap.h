/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_tap: the user side of a TAP, given or opened by name. */
#ifndef BENCH_WIRE_WIRE_TAP_H
#define BENCH_WIRE_WIRE_TAP_H

#include "bench/wire/wire.h"

struct wire_tap {
	int fd;		/* -1 = none; non-blocking */
	bool is_own;	/* opened here, and closed by wire_tap_close */
	bool had_block; /* a given one: it was blocking before */
	int hdr_len;	/* of its virtio-net header; 0 = none */
	char ifname[IFNAMSIZ];
};

void wire_tap_init(struct wire_tap *t);

/*
 * fd >= 0: use that one, which stays the caller's. Else open ifname in the thread's
 * namespace, as one more queue if it has many, and set it up; it is created if there is
 * none. A new one has a virtio-net header if vnet is set; an existing one that has
 * none is refused then (-EOPNOTSUPP). for_rx: with vnet, all offloads are turned on.
 */
int wire_tap_open(struct wire_tap *t, int fd, const char *ifname, bool vnet, bool for_rx,
		  struct err *e);
void wire_tap_close(struct wire_tap *t);

#endif
