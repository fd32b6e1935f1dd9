/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kinds of wire_rx have in common, for wire_rx*.c alone. */
#ifndef BENCH_WIRE_WIRE_RX_OWN_H
#define BENCH_WIRE_WIRE_RX_OWN_H

#include "bench/wire/wire_bpf.h"
#include "bench/wire/wire_rx.h"

struct wire_rx_ops {
	int (*open)(struct wire_rx *r, struct err *e); /* in the namespace; on failure
							  close follows */
	void (*close)(struct wire_rx *r);
	int (*reap)(struct wire_rx *r, struct err *e);
	int (*drain)(struct wire_rx *r, struct err *e); /* NULL = as reap */
};

extern const struct wire_rx_ops wire_rx_mmap_ops, wire_rx_tap_ops, wire_rx_count_ops;

struct wire_rx {
	const struct wire_rx_ops *ops;
	struct wire_rx_wish wish; /* at.ifname is ifname */
	char ifname[IFNAMSIZ];
	struct link_info info;
	int fd; /* -1 = none to poll */
	struct wire_bpf bpf;
	struct wire_count count;
	void *own; /* of the kind */
};

#endif
