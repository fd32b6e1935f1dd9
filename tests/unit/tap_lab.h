/* SPDX-License-Identifier: BSD-2-Clause */
/* TAP devices in a network namespace of the test's own, and packet sockets on their
 * kernel side. */
#ifndef TESTS_UNIT_TAP_LAB_H
#define TESTS_UNIT_TAP_LAB_H

#include "tests/unit/frame_make.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/compat.h"

enum { LAB_LIMIT_MS = 30000, LAB_SOCKET_BUF = 8 << 20, LAB_HEAD = 46 };

static inline uint64_t lab_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Ask until it is so, giving the CPU away between; fails after the limit. */
#define lab_wait_for(condition)                                                          \
	do {                                                                             \
		uint64_t lab_end = lab_now_ms() + LAB_LIMIT_MS;                          \
		while (!(condition)) {                                                   \
			if (lab_now_ms() > lab_end)                                      \
				fail_msg("never came: %s", #condition);                  \
			poll(NULL, 0, 1);                                                \
		}                                                                        \
	} while (0)

static inline void lab_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		print_message("%s: %s\n", path, strerror(errno));
	close(fd);
}

/* A namespace of our own, quiet (no IPv6 chatter); NULL, or why there is none. */
static inline const char *lab_enter(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return "/dev/net/tun can't be opened";
	if (unshare(CLONE_NEWNET) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			return "no network namespace can be made (unshare)";
		lab_write("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		lab_write("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		lab_write("/proc/self/gid_map", map);
	}
	lab_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	lab_write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	return NULL;
}

static inline void lab_flag(const char *ifname, bool up)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {0};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &r), 0);
	r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

/* A TAP queue as ringway uses it; the device comes up. */
static inline int lab_tap(const char *ifname, bool vnet_hdr)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC),
	    len = PKT_VNET_LEN;
	struct ifreq r = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI |
					       (vnet_hdr ? IFF_VNET_HDR : 0))};

	assert_true(fd >= 0);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
	/* a ring that is going away lets go of the queue a moment after its close */
	lab_wait_for(ioctl(fd, TUNSETIFF, &r) == 0 || errno != EBUSY);
	if (vnet_hdr)
		assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &len), 0);
	lab_flag(ifname, true);
	return fd;
}

/* Take the device away from under whoever holds its fds. */
static inline void lab_delete(const char *ifname)
{
	struct {
		struct nlmsghdr n;
		struct ifinfomsg i;
	} m = {.n = {.nlmsg_len = sizeof(m),
		     .nlmsg_type = RTM_DELLINK,
		     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
	       .i = {.ifi_index = (int)if_nametoindex(ifname)}};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char answer[512];

	assert_int_equal(send(fd, &m, sizeof(m), 0), sizeof(m));
	assert_true(recv(fd, answer, sizeof(answer), 0) > 0);
	assert_int_equal(
		((struct nlmsgerr *)(void *)(answer + sizeof(struct nlmsghdr)))->error,
		0);
	close(fd);
}

/* A packet socket on the kernel's side of a device. */
static inline int lab_socket(const char *ifname)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), len = LAB_SOCKET_BUF;
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(0x0003),
				 .sll_ifindex = (int)if_nametoindex(ifname)};

	assert_true(fd >= 0 && at.sll_ifindex > 0);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof(len));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* A frame of ours: source MAC 02:52:57.., UDP, with flow and number in it; at least
 * LAB_HEAD bytes. */
static inline uint32_t lab_frame(uint8_t *b, uint32_t flow, uint32_t number, uint32_t len)
{
	static struct made m;

	make_eth(&m, 0, ETHERTYPE_V4);
	make_ipv4(&m, 0, PROTO_UDP, 0);
	make_udp(&m, len - 42);
	memcpy(m.at, "\x02\x11\x22\x33\x44\x55\x02\x52\x57\x00\x00\x01", 12);
	memcpy(m.at + 26, &flow, 4);
	memcpy(m.at + 42, &number, 4);
	memcpy(b, m.at, len);
	return len;
}

static inline void lab_send(int fd, const uint8_t *b, uint32_t len)
{
	ssize_t n;

	do {
		n = send(fd, b, len, 0);
	} while (n < 0 && (errno == ENOBUFS || errno == EINTR || errno == EAGAIN));
	assert_int_equal(n, len);
}

/* The next frame of ours that came out of the device, within the limit; its length, 0 =
 * none. */
static inline uint32_t lab_recv(int fd, uint8_t *b, uint32_t room, int limit_ms)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		struct sockaddr_ll from;
		socklen_t from_len = sizeof(from);
		ssize_t n;

		if (poll(&p, 1, limit_ms) <= 0)
			return 0;
		n = recvfrom(fd, b, room, MSG_DONTWAIT, (struct sockaddr *)&from,
			     &from_len);
		if (n < LAB_HEAD || from.sll_pkttype == PACKET_OUTGOING)
			continue;
		if (!memcmp(b + 6, "\x02\x52\x57", 3))
			return (uint32_t)n;
	}
}

static inline unsigned lab_count_dir(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Open files and threads of this process. */
static inline unsigned lab_n_fds(void)
{
	return lab_count_dir("/proc/self/fd");
}

static inline unsigned lab_n_threads(void)
{
	return lab_count_dir("/proc/self/task");
}

#endif
