/* SPDX-License-Identifier: BSD-2-Clause */
/* A port in a changing or narrow world: rights, limits, renames, moves, many repeats. */
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tests/fault/fault_run.h"

static struct port_spec spec;
static struct port port;
static struct netlink nl;

static void set_attr(const char *name, int type, int len, const void *value)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC,
				.ifi_index = (int)if_nametoindex(name)};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	nla_put(msg, type, len, value);
	errno = -netlink_talk(&nl, msg, NULL);
	fault_must(errno == 0, name);
}

/* One frame of 60 bytes into the kernel. */
static void write_frame(void)
{
	uint8_t frame[12 + 60] = {0};

	memset(frame + 12, 0xff, 6);
	frame[12 + 12] = 0x88;
	frame[12 + 13] = 0xb5;
	CHECK(write(port.fds[0], frame, sizeof(frame)) == sizeof(frame));
}

static void stats_follow(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there;
	struct port_kernel_stats st;
	struct err e = {0};

	fault_new_netns();
	there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	fault_must(setns(home, CLONE_NEWNET) == 0, "setns");
	fault_open_netlink(&nl);
	fault_spec(&spec, "k0", 1);
	OPEN(&port, &spec);
	write_frame();
	CHECK(port_kernel_stats(&port, &st, &e) == 0);
	CHECK(st.rx_packets == 1 && st.rx_bytes == 60);
	set_attr("k0", IFLA_IFNAME, 3, "k1"); /* a device may be renamed while up */
	write_frame();
	CHECK(port_kernel_stats(&port, &st, &e) == 0 && st.rx_packets == 2);
	set_attr("k1", IFLA_NET_NS_FD, sizeof(there), &there); /* it goes down by that */
	CHECK(!if_nametoindex("k1"));
	CHECK(port_kernel_stats(&port, &st, &e) == 0);
	CHECK(netns_is_same(home, -1));
	netlink_close(&nl);
	fault_must(setns(there, CLONE_NEWNET) == 0, "setns");
	fault_open_netlink(&nl);
	CHECK(link_set_up(&nl, (int)if_nametoindex("k1"), true) == 0);
	fault_del_link(&nl, "k1");
	netlink_close(&nl);
	fault_must(setns(home, CLONE_NEWNET) == 0, "setns");
	CHECK(port_kernel_stats(&port, &st, &e) == -ENODEV &&
	      strstr(e.text, "was deleted"));
	CHECK(port_close(&port, &e) == 0);
	close(home);
	close(there);
}

static void nofile_limit(void)
{
	struct rlimit old, low = {12, 12};
	unsigned i;

	fault_must(getrlimit(RLIMIT_NOFILE, &old) == 0, "getrlimit");
	low.rlim_max = old.rlim_max;
	fault_spec(&spec, "f0", 32);
	for (i = 3; i < 12; i++) {
		low.rlim_cur = i;
		fault_must(setrlimit(RLIMIT_NOFILE, &low) == 0, "setrlimit");
		CHECK_REFUSED(&spec, -EMFILE, "LimitNOFILE=");
	}
	CHECK_REFUSED(&spec, -EMFILE, "the limit of 11 open files");
	setrlimit(RLIMIT_NOFILE, &old);
	CHECK(!if_nametoindex("f0"));
}

static void drop_net_admin(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	fault_must(syscall(SYS_capget, &head, data) == 0, "capget");
	data[CAP_NET_ADMIN / 32].effective &= ~(1U << CAP_NET_ADMIN % 32);
	data[CAP_NET_ADMIN / 32].permitted &= ~(1U << CAP_NET_ADMIN % 32);
	fault_must(syscall(SYS_capset, &head, data) == 0, "capset");
}

static void no_rights(void)
{
	struct port_spec *s = &spec;
	int fd, fd2;

	fd = fault_tap("u0", 0);
	fault_must(tap_set_persist(fd, true) == 0 && tap_set_owner(fd, 12345) == 0,
		   "tun");
	close(fd);
	fault_persistent("u1", 0);
	fd = fault_tap("u2", FAULT_VNET);
	fd2 = fault_tap("u3", FAULT_VNET);
	drop_net_admin();
	fault_spec(s, "new0", 1);
	CHECK_REFUSED(s, -EPERM, "making a TAP needs CAP_NET_ADMIN");
	fault_spec(s, "u0", 1);
	CHECK_REFUSED(s, -EPERM, "belongs to user 12345, not to user 0");
	/* the link of a given fd is out of reach, but nobody asked for it */
	fault_spec_fds(s, &fd, 1);
	OPEN(&port, s);
	CHECK(port.vnet_hdr && port.offloads == port.offloads_can);
	port_close(&port, NULL);
	fault_spec_fds(s, &fd2, 1);
	s->mtu = 1400;
	CHECK_REFUSED(s, -EPERM, "CAP_NET_ADMIN");
}

static void no_device_node(void)
{
	fault_must(unshare(CLONE_NEWNS) == 0 &&
			   mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			   mount("tmpfs", "/dev/net", "tmpfs", 0, NULL) == 0,
		   "mount");
	fault_spec(&spec, "d0", 1);
	CHECK_REFUSED(&spec, -ENOENT, "modprobe tun");
	fault_write_file("/dev/net/tun", "");
	CHECK_REFUSED(&spec, -ENOTTY, "c 10 200");
}

static void many_repeats(void)
{
	static struct fault_text before, after;
	int i, fd;

	fault_persistent("r0", FAULT_MQ);
	fault_fds(&before);
	for (i = 0; i < 10000; i++) {
		fault_spec(&spec, "r0", 2);
		OPEN(&port, &spec);
		port_close(&port, NULL);
	}
	for (i = 0; i < 100; i++) { /* a new device takes the kernel some 10 ms */
		fault_spec(&spec, "r1", 1);
		OPEN(&port, &spec);
		port_close(&port, NULL);
	}
	for (i = 0; i < 10000 && !fault_n_bad; i++) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		fault_spec_fds(&spec, &fd, 1);
		CHECK_REFUSED(&spec, -ENOTTY, "no TAP");
	}
	fault_fds(&after);
	CHECK(fault_same(&before, &after));
}

static const struct fault_test tests[] = {
	{"the kernel's counters follow a rename and a move; deletion is told",
	 stats_follow, NULL},
	{"few fds allowed: refused with the limit, nothing left", nofile_limit, NULL},
	{"no CAP_NET_ADMIN: refused with what to do; given fds still work", no_rights,
	 NULL},
	{"no /dev/net/tun, or another file in its place", no_device_node, NULL},
	{"20,100 repeats leave no fd", many_repeats, NULL},
};

int main(void)
{
	return fault_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
