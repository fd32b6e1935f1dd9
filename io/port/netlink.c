/* SPDX-License-Identifier: BSD-2-Clause */
/* Talking to the kernel's route netlink; libnl builds and takes apart the messages. */
#include "io/port/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/port/netns.h"
#include "io/port/tap.h"

/*
 * How it works: the kernel answers a request before sendto() returns, so the
 * answer is read without waiting, and a failed recv() may simply be repeated:
 * the answer is still there. Messages of another sequence number are what an
 * earlier request left behind, and are skipped.
 */

void netlink_init(struct netlink *nl)
{
	memset(nl, 0, sizeof(*nl));
	nl->fd = -1;
}

int netlink_open(struct netlink *nl, int ns_fd, struct err *e)
{
	int back, code, left, one = 1;

	code = netns_enter(ns_fd, &back, e);
	if (code)
		return code;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	code = nl->fd < 0 ? -errno : 0;
	left = netns_leave(&back, e);
	if (left) {
		netlink_close(nl);
		return left;
	}
	if (code == -EMFILE || code == -ENFILE)
		return tap_err_nofile(e, code, "a netlink socket");
	if (code)
		return err_set(e, code, "cannot open a netlink socket: %s",
			       strerror(-code));
	/* both only make the reasons better */
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return 0;
}

void netlink_close(struct netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	netlink_init(nl);
}

static int send_msg(struct netlink *nl, const struct nlmsghdr *h)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t len;

	do {
		len = sendto(nl->fd, h, h->nlmsg_len, 0, (struct sockaddr *)&kernel,
			     sizeof(kernel));
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : 0;
}

static ssize_t recv_msg(struct netlink *nl, void *buf, size_t size)
{
	struct sockaddr_nl from;
	socklen_t from_len;
	int code = 0, tries;
	ssize_t len;

	for (tries = 0; tries < 5; tries++) {
		from_len = sizeof(from);
		len = recvfrom(nl->fd, buf, size, MSG_DONTWAIT | MSG_TRUNC,
			       (struct sockaddr *)&from, &from_len);
		if (len < 0)
			code = -errno;
		else if ((size_t)len > size)
			return -EMSGSIZE;
		else if (from.nl_pid == 0) /* 0 = the kernel; others may not speak here */
			return len;
	}
	return code ? code : -EIO;
}

static void keep_reason(struct netlink *nl, struct nlmsghdr *h)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	int skip = sizeof(struct nlmsgerr);
	struct nlmsgerr *err = nlmsg_data(h);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += (int)(NLMSG_ALIGN(err->msg.nlmsg_len) - sizeof(struct nlmsghdr));
	if (nlmsg_parse(h, skip, tb, NLMSGERR_ATTR_MAX, NULL) == 0 &&
	    tb[NLMSGERR_ATTR_MSG])
		snprintf(nl->reason, sizeof(nl->reason), "%s (\"%s\")",
			 strerror(-err->error), nla_get_string(tb[NLMSGERR_ATTR_MSG]));
}

/* 1 = the answer of this request was found in h, *code is its result. */
static int take(struct netlink *nl, struct nlmsghdr *h, struct nlmsghdr *reply, int *code)
{
	if (h->nlmsg_seq != nl->seq)
		return 0;
	if (h->nlmsg_type == NLMSG_ERROR) {
		*code = ((struct nlmsgerr *)nlmsg_data(h))->error;
		if (*code)
			keep_reason(nl, h);
		return 1;
	}
	if (!reply)
		return 0;
	memcpy(reply, h, h->nlmsg_len);
	*code = 0;
	return 1;
}

static int talk(struct netlink *nl, struct nl_msg *msg, struct nlmsghdr *reply)
{
	union {
		struct nlmsghdr h;
		char bytes[NETLINK_REPLY_MAX];
	} buf;
	struct nlmsghdr *h;
	int code, len;

	if (!msg)
		return -ENOMEM;
	h = nlmsg_hdr(msg);
	h->nlmsg_flags |= NLM_F_REQUEST | (reply ? 0 : NLM_F_ACK);
	h->nlmsg_seq = ++nl->seq;
	h->nlmsg_pid = 0;
	code = send_msg(nl, h);
	nlmsg_free(msg);
	if (code)
		return code;
	for (;;) {
		len = (int)recv_msg(nl, buf.bytes, sizeof(buf.bytes));
		if (len < 0)
			return len;
		for (h = &buf.h; nlmsg_ok(h, len); h = nlmsg_next(h, &len)) {
			if (take(nl, h, reply, &code))
				return code;
		}
	}
}

int netlink_talk(struct netlink *nl, struct nl_msg *msg, struct nlmsghdr *reply)
{
	int code;

	nl->reason[0] = '\0';
	code = talk(nl, msg, reply);
	if (code && !nl->reason[0])
		snprintf(nl->reason, sizeof(nl->reason), "%s", strerror(-code));
	return code;
}
