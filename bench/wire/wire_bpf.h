/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_bpf: an eBPF program at a link's tc ingress or in its driver (XDP) that counts the
 * frames of a match and ends them there. */
#ifndef BENCH_WIRE_WIRE_BPF_H
#define BENCH_WIRE_WIRE_BPF_H

#include "bench/wire/wire.h"

enum wire_bpf_at { WIRE_BPF_tc, WIRE_BPF_xdp };

enum { WIRE_BPF_CPUS_MAX = 8192 };

struct wire_bpf {
	int map, prog, link; /* fds, -1 = none */
	int lock;	     /* fd, -1 = none: held by who has such a filter */
	int ifindex;	     /* of a filter that no fd holds, 0 = none */
	int n_cpus;	     /* possible ones: the length of a map read */
	bool own_qdisc;
	struct netlink nl; /* for taking such a filter off */
};

void wire_bpf_init(struct wire_bpf *b);

/* Load and attach to a link of the thread's namespace; a failure leaves nothing. */
int wire_bpf_open(struct wire_bpf *b, enum wire_bpf_at at, const char *ifname,
		  int ifindex, const struct wire_match *m, struct err *e);

/* Take it off again; for every half-open state, any number of times. */
void wire_bpf_close(struct wire_bpf *b);

/* How many possible CPUs a list of theirs ("0-3") means; WIRE_BPF_CPUS_MAX if none. */
int wire_bpf_cpus(const char *list);

/* The sum over all CPUs so far. */
struct wire_count wire_bpf_read(const struct wire_bpf *b);

#endif
