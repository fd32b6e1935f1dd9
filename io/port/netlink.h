/* SPDX-License-Identifier: BSD-2-Clause */
/* A route netlink socket in one namespace: one request, one answer. */
#ifndef IO_PORT_NETLINK_H
#define IO_PORT_NETLINK_H

#include <netlink/msg.h>
#include <stdint.h>

#include "core/err.h"

struct netlink {
	int fd; /* -1 = none */
	uint32_t seq;
	char reason[200]; /* of the last failure: the errno's text and the kernel's words
			   */
};

enum { NETLINK_REPLY_MAX = 32768 }; /* bytes */

void netlink_init(struct netlink *nl);

/* Open the socket inside the namespace of ns_fd (-1 = the thread's own). */
int netlink_open(struct netlink *nl, int ns_fd, struct err *e);

/* Accepts the closed one. */
void netlink_close(struct netlink *nl);

/*
 * Send msg (freed here; NULL is -ENOMEM) and take the answer. With reply the
 * first message of the answer is copied there (NETLINK_REPLY_MAX bytes), else
 * an acknowledgement is asked for. 0, or the kernel's negative errno, with
 * nl->reason filled.
 */
int netlink_talk(struct netlink *nl, struct nl_msg *msg, struct nlmsghdr *reply);

#endif
