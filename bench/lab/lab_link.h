/* SPDX-License-Identifier: BSD-2-Clause */
/* The links of a lab: veth pairs, and what an end's device is given. */
#ifndef BENCH_LAB_LAB_LINK_H
#define BENCH_LAB_LAB_LINK_H

#include "bench/lab/lab_inside.h"
#include "core/err.h"

/* A new network namespace without IPv6, its loopback up: an fd, or a negative errno. */
int lab_link_new_ns(struct err *e);

/* The forwarder's half is "port<n>" in its namespace; both are up. */
int lab_link_make_veth(struct lab *l, unsigned port, struct err *e);

/* "port<n>" goes from the forwarder's namespace into the end's, as tap0. */
int lab_link_move(struct lab *l, unsigned port, struct err *e);

/* The end's device gets its addresses, its neighbour, its MTU, and is up. */
int lab_link_dress(struct lab *l, unsigned port, struct err *e);

#endif
