/* SPDX-License-Identifier: BSD-2-Clause */
/* The TAP queue behind a ring: is it fit, and does another take its packets? */
#ifndef VHOST_BACKEND_H
#define VHOST_BACKEND_H

#include "vhost/vhost.h"

/* Who takes packets from a TAP queue; a member of struct vhost. */
struct backend_claim {
	int tap_fd; /* -1 = none */
	struct backend_claim *next;
};

/* A TAP with a virtio-net header of 12 bytes? vhost-net would take anything. */
int backend_check(int tap_fd, struct err *e);

/*
 * Be the one in this process that takes packets from tap_fd, or -EBUSY. Goes by
 * the number: two numbers of one open file are the business of whoever took them
 * over. Any thread may call it.
 */
int backend_claim(struct backend_claim *c, int tap_fd, struct err *e);

/* Give it back; accepts a claim that is none. */
void backend_release(struct backend_claim *c);

/* VHOST_NET_SET_BACKEND; tap_fd -1 = none. 0 or a negative errno. */
int backend_set(int fd, enum vhost_ring_idx ring, int tap_fd);

#endif
