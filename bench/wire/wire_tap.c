/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening the user side of a TAP. */
#include "bench/wire/wire_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/port/tap.h"

void wire_tap_init(struct wire_tap *t)
{
	memset(t, 0, sizeof(*t));
	t->fd = -1;
}

static int open_named(struct wire_tap *t, const char *ifname, bool vnet, struct err *e)
{
	struct tap_wish wish = {.vnet_hdr = vnet ? TRI_on : TRI_off};
	struct link_info before;
	struct netlink nl;
	int rc;

	rc = wire_check_name(ifname, e);
	if (rc)
		return rc;
	netlink_init(&nl);
	rc = netlink_open(&nl, -1, e);
	if (rc)
		return rc;
	(void)link_get(&nl, ifname, 0, &before);
	netlink_close(&nl);
	if (before.ifindex && before.is_tap) {
		wish.is_multi_queue = before.is_multi_queue;
		wish.vnet_hdr = before.has_vnet_hdr ? TRI_on : TRI_off;
	}
	strcpy(wish.ifname, ifname);
	rc = tap_open(&wish, &before, e);
	if (rc < 0)
		return rc;
	t->fd = rc;
	t->is_own = true;
	return 0;
}

static int adopt(struct wire_tap *t, int fd, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return err_set(e, -errno, "fd %d: %s (give an open fd of a TAP)", fd,
			       strerror(errno));
	t->fd = fd;
	t->had_block = !(flags & O_NONBLOCK);
	if (t->had_block && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_set(e, -errno, "fd %d: O_NONBLOCK: %s", fd, strerror(errno));
	return 0;
}

static int set_up(struct wire_tap *t, struct err *e)
{
	struct link_info info;
	struct netlink nl;
	int rc;

	netlink_init(&nl);
	rc = netlink_open(&nl, -1, e);
	if (rc)
		return rc;
	rc = link_get(&nl, t->ifname, 0, &info);
	if (!rc && !info.up)
		rc = link_set_up(&nl, info.ifindex, true);
	if (rc)
		err_set(e, rc, "%s: set up: %s", t->ifname, nl.reason);
	netlink_close(&nl);
	return rc;
}

static int headers(struct wire_tap *t, const struct tap_state *st, bool vnet, bool for_rx,
		   struct err *e)
{
	int rc;

	if (!st->has_vnet_hdr)
		return vnet ? err_set(e, -EOPNOTSUPP,
				      "%s: this TAP has no virtio-net header (make it "
				      "with "
				      "vnet_hdr, or send without vnet=yes)",
				      t->ifname)
			    : 0;
	/* 12 bytes; what was given may be set otherwise, and is another's */
	if (t->is_own)
		(void)tap_set_hdr_len(t->fd, WIRE_VNET_LEN);
	rc = tap_get_hdr_len(t->fd, &t->hdr_len);
	if (rc || t->hdr_len < 10 || t->hdr_len > 64)
		return err_set(e, rc ? rc : -EINVAL,
			       "%s: its virtio-net header has %d bytes", t->ifname,
			       t->hdr_len);
	if (t->is_own && for_rx && vnet) {
		rc = tap_set_offloads(t->fd, TAP_OFFLOADS_ALL, e);
		return rc < 0 ? rc : 0;
	}
	return 0;
}

int wire_tap_open(struct wire_tap *t, int fd, const char *ifname, bool vnet, bool for_rx,
		  struct err *e)
{
	struct tap_state st;
	int rc;

	wire_tap_init(t);
	rc = fd >= 0 ? adopt(t, fd, e) : open_named(t, ifname, vnet, e);
	if (!rc && tap_probe(t->fd, &st) < 0)
		rc = err_set(e, -ENOTTY, "fd %d is no TAP", t->fd);
	else if (!rc && !st.is_tap)
		rc = err_set(e, -ENOTTY,
			     "%s is a TUN device: it carries no Ethernet frames",
			     st.ifname);
	if (!rc) {
		memcpy(t->ifname, st.ifname, sizeof(t->ifname));
		rc = headers(t, &st, vnet, for_rx, e);
	}
	if (!rc && t->is_own)
		rc = set_up(t, e);
	if (rc)
		wire_tap_close(t);
	return rc;
}

void wire_tap_close(struct wire_tap *t)
{
	if (t->fd >= 0 && t->is_own)
		close(t->fd);
	else if (t->fd >= 0 && t->had_block)
		(void)fcntl(t->fd, F_SETFL, fcntl(t->fd, F_GETFL) & ~O_NONBLOCK);
	wire_tap_init(t);
}
