/* SPDX-License-Identifier: BSD-2-Clause */
/* TAP devices opened and brought up inside a network namespace, for the baseline
 * programs. */
#ifndef BENCH_NETNS_LINK_H
#define BENCH_NETNS_LINK_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"

/* Linux 6.2; Debian 12's headers are of 6.1 */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

struct netns_link_wish {
	const char *netns; /* name under /run/netns, a path with a '/', or NULL = ours */
	const char *ifname;
	int mtu; /* 0 = leave */
	bool vnet_hdr, nonblock;
};

/* Enter a namespace; returns an fd of the one left behind (or -1 and nothing changed). */
static inline int netns_link_enter(const char *name, struct err *e)
{
	char path[PATH_MAX];
	int old, fd, rc;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "/run/netns/",
		 name);
	old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (old < 0 || fd < 0 || setns(fd, CLONE_NEWNET) < 0) {
		rc = err_set(e, -errno, "network namespace %s: %s", path,
			     strerror(errno));
		if (old >= 0)
			close(old);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	close(fd);
	return old;
}

/* MTU and up, of a link in the current namespace. */
static inline int netns_link_up(const char *ifname, int mtu, struct err *e)
{
	struct ifreq ifr = {.ifr_mtu = mtu};
	int rc = 0, s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (mtu && ioctl(s, SIOCSIFMTU, &ifr) < 0)
		rc = err_set(e, -errno, "%s: mtu %d: %s", ifname, mtu, strerror(errno));
	if (!rc && (ioctl(s, SIOCGIFFLAGS, &ifr) < 0 || (ifr.ifr_flags |= IFF_UP) == 0 ||
		    ioctl(s, SIOCSIFFLAGS, &ifr) < 0))
		rc = err_set(e, -errno, "%s: up: %s", ifname, strerror(errno));
	close(s);
	return rc;
}

/* Header size, send buffer and every offload the kernel takes; as ringway sets them. */
static inline int netns_link_tune(int fd, bool vnet_hdr, struct err *e)
{
	unsigned base = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	int hdr_len = 12, sndbuf = INT_MAX;

	(void)ioctl(fd, TUNSETSNDBUF, &sndbuf);
	if (!vnet_hdr)
		return 0;
	if (ioctl(fd, TUNSETVNETHDRSZ, &hdr_len) < 0)
		return err_set(e, -errno, "TUNSETVNETHDRSZ 12: %s", strerror(errno));
	if (ioctl(fd, TUNSETOFFLOAD, base | TUN_F_USO4 | TUN_F_USO6) < 0 &&
	    ioctl(fd, TUNSETOFFLOAD, base) < 0)
		return err_set(e, -errno, "TUNSETOFFLOAD: %s", strerror(errno));
	return 0;
}

static inline int netns_link_tap_here(const struct netns_link_wish *w, struct err *e)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int rc, fd = open("/dev/net/tun",
			  O_RDWR | O_CLOEXEC | (w->nonblock ? O_NONBLOCK : 0));

	if (fd < 0)
		return err_set(e, -errno, "/dev/net/tun: %s", strerror(errno));
	if (w->vnet_hdr)
		ifr.ifr_flags |= IFF_VNET_HDR;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", w->ifname);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		rc = err_set(e, -errno, "TUNSETIFF %s: %s", w->ifname, strerror(errno));
	else if ((rc = netns_link_tune(fd, w->vnet_hdr, e)) == 0)
		rc = netns_link_up(ifr.ifr_name, w->mtu, e);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

/*
 * Open (create) a single-queue TAP as wished and bring it up. Returns its fd,
 * which the caller owns, or a negative errno; the thread is back in its own
 * namespace either way.
 */
static inline int netns_link_tap(const struct netns_link_wish *w, struct err *e)
{
	int old, fd;

	if (!w->netns)
		return netns_link_tap_here(w, e);
	old = netns_link_enter(w->netns, e);
	if (old < 0)
		return old;
	fd = netns_link_tap_here(w, e);
	if (setns(old, CLONE_NEWNET) < 0) {
		if (fd >= 0)
			close(fd);
		fd = err_set(e, -errno, "back to the own namespace: %s", strerror(errno));
	}
	close(old);
	return fd;
}

#endif
