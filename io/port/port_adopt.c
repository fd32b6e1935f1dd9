/* SPDX-License-Identifier: BSD-2-Clause */
/* Adoption: the same checks and preparation for every fd, whatever its source. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/port/netns.h"
#include "io/port/port_setup.h"
#include "io/port/tap_err.h"

static bool is_given(const struct port *p)
{
	return port_spec_source(&p->spec) == PORT_SOURCE_fds;
}

/* Non-blocking and close-on-exec. The first lives in the open file, which the giver
 * shares. */
static int prepare(struct port *p, unsigned i, struct err *e)
{
	int fd = p->fds[i], fl, code;

	fl = fcntl(fd, F_GETFL);
	if (fl < 0)
		return tap_err_not_tap(e, -errno, fd);
	if ((fl & O_ACCMODE) != O_RDWR)
		return err_set(e, -EBADF,
			       "fd %d is not open for reading and writing (open it with "
			       "O_RDWR)",
			       fd);
	if (!(fl & O_NONBLOCK)) {
		if (is_given(p))
			p->setup->fl_before[i] = fl;
		if (fcntl(fd, F_SETFL, fl | O_NONBLOCK) < 0) {
			code = -errno;
			return err_set(e, code, "fd %d cannot be made non-blocking: %s",
				       fd, strerror(-code));
		}
	}
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		code = -errno;
		return err_set(e, code, "fd %d cannot be made close-on-exec: %s", fd,
			       strerror(-code));
	}
	return 0;
}

static int check_kind(const struct port *p, int fd, const struct tap_state *st,
		      struct err *e)
{
	if (!st->is_tap)
		return err_set(e, -EINVAL,
			       "fd %d is of %s, a TUN (layer 3): ringway forwards "
			       "Ethernet frames (open it with IFF_TAP)",
			       fd, st->ifname);
	if (p->spec.vnet_hdr == TRI_on && !st->has_vnet_hdr)
		return err_set(e, -EBUSY,
			       "vnet_hdr=on: %s is in use by another process without "
			       "virtio-net header (end that one, or leave vnet_hdr out)",
			       st->ifname);
	if (p->spec.vnet_hdr == TRI_off && st->has_vnet_hdr)
		return err_set(e, -EBUSY,
			       "vnet_hdr=off: %s is in use by another process with "
			       "virtio-net header (end that one, or leave vnet_hdr out)",
			       st->ifname);
	return 0;
}

static int not_one_device(struct err *e, int fd, const char *a, const char *b,
			  const char *where)
{
	return err_set(e, -EINVAL,
		       "fd %d is a queue of %s%s, not of %s as the ones before (all fds "
		       "of a port must be queues of one device)",
		       fd, a, where, b);
}

/* Queues of devices with one name in two namespaces are of two devices. */
static int check_netns(const struct port *p, unsigned i, struct err *e)
{
	int first = tap_get_netns(p->fds[0]), ns;
	bool same;

	/* without CAP_NET_ADMIN, or with a macvtap, nobody tells: the name decides */
	if (first < 0)
		return 0;
	ns = tap_get_netns(p->fds[i]);
	same = ns < 0 || netns_is_same(first, ns);
	close(first);
	if (ns >= 0)
		close(ns);
	if (same)
		return 0;
	return not_one_device(e, p->fds[i], p->ifname, p->ifname,
			      " in another network namespace");
}

/* The same open file under two numbers would be read twice as two queues. */
static int check_twice(const struct port *p, unsigned i, struct err *e)
{
	pid_t me = getpid();
	unsigned j;

	for (j = 0; j < i; j++) {
		if (syscall(SYS_kcmp, me, me, KCMP_FILE, (long)p->fds[j],
			    (long)p->fds[i]) == 0)
			return err_set(e, -EINVAL,
				       "fds %d and %d are the same queue twice (each "
				       "queue needs an open file of its own)",
				       p->fds[j], p->fds[i]);
	}
	return 0;
}

static int adopt_one(struct port *p, unsigned i, struct err *e)
{
	struct tap_state st;
	int fd = p->fds[i], code;

	code = prepare(p, i, e);
	if (code)
		return code;
	code = tap_probe(fd, &st);
	if (code)
		return tap_err_not_tap(e, code, fd);
	code = check_kind(p, fd, &st, e);
	if (code)
		return code;
	p->enabled[i] = !st.is_detached;
	if (i == 0) {
		memcpy(p->ifname, st.ifname, IFNAMSIZ);
		p->vnet_hdr = st.has_vnet_hdr;
		p->setup->was_persistent = st.is_persistent;
		return 0;
	}
	if (st.has_vnet_hdr != p->vnet_hdr)
		return err_set(e, -EINVAL,
			       "vnet_hdr not consistent across given tap fds: fd %d has "
			       "%s virtio-net header, fd %d has %s (open all of them "
			       "with IFF_VNET_HDR, or none)",
			       p->fds[0], p->vnet_hdr ? "a" : "no", fd,
			       p->vnet_hdr ? "none" : "one");
	if (strcmp(st.ifname, p->ifname))
		return not_one_device(e, fd, st.ifname, p->ifname, "");
	if (!is_given(p))
		return 0;
	code = check_twice(p, i, e);
	return code ? code : check_netns(p, i, e);
}

int port_adopt(struct port *p, struct err *e)
{
	unsigned i;
	int code;

	for (i = 0; i < p->n_queues; i++) {
		code = adopt_one(p, i, e);
		if (code)
			return code;
	}
	/* a device that came up between our question and TUNSETIFF is not ours */
	if (p->setup->was_persistent)
		p->setup->is_created = false;
	return 0;
}

void port_adopt_restore(struct port *p)
{
	unsigned i;

	for (i = 0; i < p->n_queues; i++) {
		int fl = p->fds[i] < 0 ? -1 : fcntl(p->fds[i], F_GETFL);

		if (fl >= 0 && p->setup->fl_before[i] >= 0)
			fcntl(p->fds[i], F_SETFL, fl & ~O_NONBLOCK);
	}
}
