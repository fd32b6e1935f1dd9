/* SPDX-License-Identifier: BSD-2-Clause */
/* Network namespaces: find one, enter it for a while, come back. */
#ifndef IO_PORT_NETNS_H
#define IO_PORT_NETNS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

/*
 * Open a namespace by its name under /run/netns, or by path if it holds a '/':
 * an fd, which the caller closes, or a negative errno.
 */
int netns_open(const char *name, struct err *e);

/*
 * Put the calling thread into the namespace of ns_fd. *back is what
 * netns_leave needs: -1 (and nothing done) if ns_fd is -1.
 */
int netns_enter(int ns_fd, int *back, struct err *e);

/*
 * Go back. *back is closed and set to -1; -1 is accepted. Tried more than
 * once, because nobody can go on from the wrong namespace.
 */
int netns_leave(int *back, struct err *e);

/* What tells a namespace from others of its time; -1 means the thread's own, 0: unknown.
 */
uint64_t netns_ino(int fd);

/* Do two namespace fds mean the same namespace? -1 means the thread's own. */
bool netns_is_same(int a, int b);

#endif
