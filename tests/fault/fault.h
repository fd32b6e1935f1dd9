/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs here share: TAP output, snapshots of fds and links, devices. */
#ifndef TESTS_FAULT_FAULT_H
#define TESTS_FAULT_FAULT_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/port/netns.h"
#include "io/port/port.h"
#include "io/port/tap.h"
#include "io/port/tap_features.h"

/* --- output ---------------------------------------------------------------- */

struct fault_results {
	int n, n_failed;
};

static inline void fault_result(struct fault_results *r, bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++r->n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	r->n_failed += !good;
}

static inline int fault_end(const struct fault_results *r)
{
	printf("1..%d\n", r->n);
	fflush(stdout);
	return r->n_failed ? 1 : 0;
}

/* The set-up of a test itself failed: nothing that follows would mean anything. */
static inline void fault_must(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(99);
}

/* --- snapshots ------------------------------------------------------------- */

enum { FAULT_TEXT_MAX = 16384 };

struct fault_text {
	size_t len;
	char text[FAULT_TEXT_MAX];
};

__attribute__((format(printf, 2, 3))) static inline void fault_add(struct fault_text *t,
								   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->text + t->len, sizeof(t->text) - t->len, fmt, ap);
	va_end(ap);
	fault_must(t->len < sizeof(t->text), "snapshot too long");
}

static inline bool fault_same(const struct fault_text *a, const struct fault_text *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static inline int fault_fd_before(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Each open fd and what it is; few system calls, as each is a stop of a traced process.
 */
static inline void fault_fds(struct fault_text *t)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;
	int fds[256], n = 0;

	fault_must(dir, "/proc/self/fd");
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.' || atoi(d->d_name) == dirfd(dir))
			continue;
		fault_must(n < 256, "too many fds for a snapshot");
		fds[n++] = atoi(d->d_name);
	}
	qsort(fds, (size_t)n, sizeof(*fds), fault_fd_before);
	t->len = 0;
	for (int i = 0; i < n; i++) {
		char path[32], target[256];
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		len = readlink(path, target, sizeof(target) - 1);
		fault_must(len >= 0, "readlink");
		fault_add(t, "%d=%.*s ", fds[i], (int)len, target);
	}
	closedir(dir);
}

static inline void fault_addrs(struct fault_text *t)
{
	struct ifaddrs *all, *a;
	char ip[INET6_ADDRSTRLEN];

	fault_must(getifaddrs(&all) == 0, "getifaddrs");
	for (a = all; a; a = a->ifa_next) {
		const void *bytes;

		if (!a->ifa_addr)
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			bytes = &((struct sockaddr_in *)a->ifa_addr)->sin_addr;
		else if (a->ifa_addr->sa_family == AF_INET6)
			bytes = &((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr;
		else
			continue;
		inet_ntop(a->ifa_addr->sa_family, bytes, ip, sizeof(ip));
		/* link-local ones come and go in their own time */
		if (strncmp(ip, "fe80:", 5))
			fault_add(t, "%s:%s ", a->ifa_name, ip);
	}
	freeifaddrs(all);
}

/* Each link of this namespace, with what set-up may change if full. */
static inline void fault_links(struct fault_text *t, struct netlink *nl, bool full)
{
	struct if_nameindex *all = if_nameindex(), *i;
	struct link_info l;

	fault_must(all, "if_nameindex");
	t->len = 0;
	for (i = all; i->if_index; i++) {
		fault_add(t, "%s ", i->if_name);
		if (!full || link_get(nl, i->if_name, 0, &l))
			continue;
		fault_add(t,
			  "(%02x%02x%02x%02x%02x%02x mtu %u qlen %u %s master %d alias "
			  "'%s' ",
			  l.mac[0], l.mac[1], l.mac[2], l.mac[3], l.mac[4], l.mac[5],
			  l.mtu, l.txqueuelen, l.up ? "up" : "down", l.master, l.alias);
		if (!strcmp(l.kind, "tun"))
			fault_add(t,
				  "vnet %d pi %d mq %d persist %d owner %d offloads 0x%x",
				  l.has_vnet_hdr, l.has_pi, l.is_multi_queue,
				  l.is_persistent, (int)l.owner,
				  tap_features_get(nl->fd, i->if_name));
		fault_add(t, ") ");
	}
	if_freenameindex(all);
	if (full)
		fault_addrs(t);
}

/* --- devices --------------------------------------------------------------- */

static inline void fault_new_netns(void)
{
	fault_must(unshare(CLONE_NEWNET) == 0, "unshare(CLONE_NEWNET)");
}

static inline int fault_own_netns(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static inline void fault_open_netlink(struct netlink *nl)
{
	struct err e;

	netlink_init(nl);
	fault_must(netlink_open(nl, -1, &e) == 0, "netlink_open");
}

static inline void fault_del_link(struct netlink *nl, const char *name)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELLINK, 0);

	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, name);
	netlink_talk(nl, msg, NULL);
}

static inline void fault_add_link(struct netlink *nl, const char *name, const char *kind)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	const uint8_t mac[6] = {2, 0, 0, 0, 0xbb, 0xbb};
	struct nlattr *info;

	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, name);
	nla_put(msg, IFLA_ADDRESS, 6, mac);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, kind);
	nla_nest_end(msg, info);
	errno = -netlink_talk(nl, msg, NULL);
	fault_must(errno == 0, "cannot make a device");
}

enum { FAULT_VNET = 1, FAULT_MQ = 2, FAULT_TUN = 4, FAULT_BLOCKING = 8, FAULT_PI = 16 };

/* One queue of a device in this namespace, without any of the code under test. */
static inline int fault_tap(const char *name, int how)
{
	struct ifreq ifr = {.ifr_flags = 0};
	int fd = open("/dev/net/tun",
		      O_RDWR | O_CLOEXEC | (how & FAULT_BLOCKING ? 0 : O_NONBLOCK));

	fault_must(fd >= 0, "/dev/net/tun");
	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	ifr.ifr_flags = (short)((how & FAULT_TUN ? IFF_TUN : IFF_TAP) |
				(how & FAULT_PI ? 0 : IFF_NO_PI) |
				(how & FAULT_VNET ? IFF_VNET_HDR : 0) |
				(how & FAULT_MQ ? IFF_MULTI_QUEUE : 0));
	fault_must(ioctl(fd, TUNSETIFF, &ifr) == 0, "TUNSETIFF");
	return fd;
}

/* A persistent device nobody has open. */
static inline void fault_persistent(const char *name, int how)
{
	int fd = fault_tap(name, how);

	fault_must(tap_set_persist(fd, true) == 0, "TUNSETPERSIST");
	close(fd);
}

/* --- wishes ---------------------------------------------------------------- */

static inline void fault_spec(struct port_spec *s, const char *ifname, unsigned n_queues)
{
	port_spec_init(s);
	strcpy(s->id, "a");
	snprintf(s->ifname, sizeof(s->ifname), "%s", ifname);
	s->has_ifname = ifname[0];
	s->n_queues = n_queues;
}

static inline void fault_spec_fds(struct port_spec *s, const int *fds, unsigned n)
{
	fault_spec(s, "", n);
	memcpy(s->fds, fds, n * sizeof(*fds));
	s->n_fds = n;
	s->has_fds = true;
}

/* Everything that touches the link. */
static inline void fault_spec_link(struct port_spec *s, bool with_master)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

	memcpy(s->mac, mac, 6);
	s->has_mac = true;
	s->mtu = 9000;
	s->txqueuelen = 500;
	s->has_txqueuelen = true;
	if (with_master)
		strcpy(s->master, "br0");
	s->up = TRI_on;
	s->n_addrs = 2;
	s->addrs[0] = (struct port_addr){AF_INET, {10, 9, 8, 7}, 24};
	s->addrs[1] = (struct port_addr){AF_INET6, {0xfd, 9, [15] = 7}, 64};
}

/* The fake helper: this program under another name (argv[0] says what to do). */
static inline void fault_send_fds(int sock, const int *fds, unsigned n)
{
	char control[CMSG_SPACE(sizeof(int) * 32)] = {0}, byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (n) {
		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	fault_must(sendmsg(sock, &mh, 0) == 1, "sendmsg");
}

/* A folder with a link to this program under the name helper-WHAT: its path. */
static inline void fault_helper_path(char path[PATH_MAX], const char *dir,
				     const char *what)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	fault_must(len > 0, "/proc/self/exe");
	self[len] = '\0';
	snprintf(path, PATH_MAX, "%s/helper-%s", dir, what);
	unlink(path);
	fault_must(symlink(self, path) == 0, "symlink");
}

/* A file with a text in it, executable. */
static inline void fault_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	fault_must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
		   path);
	close(fd);
}

/* An /etc of this process's own, where the bridge helper may do anything. */
static inline void fault_allow_bridges(void)
{
	fault_must(unshare(CLONE_NEWNS) == 0, "unshare(CLONE_NEWNS)");
	fault_must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0,
		   "mount private");
	fault_must(mount("tmpfs", "/etc", "tmpfs", 0, NULL) == 0, "mount /etc");
	fault_must(mkdir("/etc/qemu", 0755) == 0, "/etc/qemu");
	fault_write_file("/etc/qemu/bridge.conf", "allow all\n");
}

static const char fault_real_helper[] = "/usr/lib/qemu/qemu-bridge-helper";

#endif
