/* SPDX-License-Identifier: BSD-2-Clause */
/* port_open by name and with given fds: what it accepts, refuses, and leaves behind. */
#include "tests/fault/fault_run.h"

static struct port_spec spec;
static struct port port;
static struct netlink nl;

static bool exists(const char *name)
{
	return if_nametoindex(name) != 0;
}

static struct link_info link_of(const char *name)
{
	struct link_info l;

	fault_open_netlink(&nl);
	fault_must(link_get(&nl, name, 0, &l) == 0, name);
	netlink_close(&nl);
	return l;
}

static void refuse_fd(int fd, int code, const char *words)
{
	fault_spec_fds(&spec, &fd, 1);
	CHECK_REFUSED(&spec, code, words);
	CHECK(fcntl(fd, F_GETFD) == -1);
}

static void not_taps(void)
{
	int sv[2];

	refuse_fd(open("/dev/null", O_RDWR), -ENOTTY, "/dev/null");
	fault_must(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0, "socketpair");
	refuse_fd(sv[0], -ENOTTY, "is no TAP but socket:");
	close(sv[1]);
	refuse_fd(fault_tap("tun0", FAULT_TUN), -EINVAL, "a TUN (layer 3)");
	refuse_fd(fault_tap("pi0", FAULT_PI), -EINVAL, "IFF_NO_PI");
	refuse_fd(open("/dev/net/tun", O_RDWR), -EBADFD, "no device is attached");
	refuse_fd(open("/dev/net/tun", O_RDONLY), -EBADF, "O_RDWR");
	refuse_fd(777, -EBADF, "fd 777 is not open");
}

static void inconsistent_vnet_hdr(void)
{
	int fds[2] = {fault_tap("a0", FAULT_VNET), fault_tap("b0", 0)};

	fault_spec_fds(&spec, fds, 2);
	CHECK_REFUSED(&spec, -EINVAL, "vnet_hdr not consistent across given tap fds");
}

static void two_devices(void)
{
	int fds[2] = {fault_tap("a0", FAULT_VNET), fault_tap("b0", FAULT_VNET)};
	int home;

	fault_spec_fds(&spec, fds, 2);
	CHECK_REFUSED(&spec, -EINVAL, "is a queue of b0, not of a0");

	home = open("/proc/self/ns/net", O_RDONLY);
	fds[0] = fault_tap("a0", FAULT_VNET);
	fault_new_netns();
	fds[1] = fault_tap("a0", FAULT_VNET);
	CHECK(setns(home, CLONE_NEWNET) == 0);
	fault_spec_fds(&spec, fds, 2);
	CHECK_REFUSED(&spec, -EINVAL, "in another network namespace");
	close(home);
}

static void same_fd_twice(void)
{
	int fd = fault_tap("a0", FAULT_VNET | FAULT_MQ), fds[2] = {fd, fd};

	fault_spec_fds(&spec, fds, 2);
	CHECK_REFUSED(&spec, -EINVAL, "is given twice");
	fds[0] = fault_tap("a0", FAULT_VNET | FAULT_MQ);
	fds[1] = dup(fds[0]);
	fault_spec_fds(&spec, fds, 2);
	CHECK_REFUSED(&spec, -EINVAL, "the same queue twice");
}

static void detached_is_adopted(void)
{
	int fds[3], i, len = 0;

	for (i = 0; i < 3; i++)
		fds[i] = fault_tap("a0", FAULT_VNET | FAULT_MQ | FAULT_BLOCKING);
	fault_must(tap_set_queue(fds[1], false) == 0, "detach");
	fault_spec_fds(&spec, fds, 3);
	OPEN(&port, &spec);
	CHECK(port.n_queues == 3 && !strcmp(port.ifname, "a0"));
	CHECK(port.enabled[0] && !port.enabled[1] && port.enabled[2]);
	CHECK(fcntl(port.fds[1], F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(port.fds[1], F_GETFD) & FD_CLOEXEC);
	CHECK(tap_get_hdr_len(port.fds[0], &len) == 0 && len == 12);
	CHECK(!link_of("a0").up); /* not asked for */
	CHECK(port_close(&port, NULL) == 0);
	CHECK(!exists("a0"));
}

static void fd_zero_is_an_fd(void)
{
	int in = dup(0), fd = 0;

	fault_must(dup2(fault_tap("a0", 0), 0) == 0, "dup2");
	close(in + 1);
	fault_spec_fds(&spec, &fd, 1);
	OPEN(&port, &spec);
	CHECK(port.fds[0] == 0 && !port.vnet_hdr && port.offloads == 0);
	CHECK(port_close(&port, NULL) == 0 && fcntl(0, F_GETFD) == -1);
	dup2(in, 0);
	close(in);
}

static void names(void)
{
	fault_spec(&spec, "tap%d", 4);
	OPEN(&port, &spec);
	CHECK(!strcmp(port.ifname, "tap0") && port.n_queues == 4 && link_of("tap0").up);
	CHECK(port.vnet_hdr && port.offloads == port.offloads_can);
	port_close(&port, NULL);
	fault_spec(&spec, "", 1);
	spec.up = TRI_off;
	spec.vnet_hdr = TRI_off;
	OPEN(&port, &spec);
	CHECK(!strcmp(port.ifname, "tap0") && !link_of("tap0").up);
	CHECK(!port.vnet_hdr && !port.offloads && !port.offloads_can);
	port_close(&port, NULL);
	CHECK(!exists("tap0"));
	fault_spec(&spec, "a/b", 1);
	CHECK_REFUSED(&spec, -EINVAL, "ifname=a/b");
}

static void persist(void)
{
	fault_spec(&spec, "p0", 1);
	spec.persist = TRI_on;
	OPEN(&port, &spec);
	port_close(&port, NULL);
	CHECK(exists("p0") && !strcmp(link_of("p0").alias, "ringway"));
	spec.persist = TRI_unset;
	OPEN(&port, &spec);
	port_close(&port, NULL);
	CHECK(exists("p0"));
	spec.persist = TRI_off;
	OPEN(&port, &spec);
	CHECK(!link_of("p0").is_persistent); /* even a SIGKILL removes it */
	port_close(&port, NULL);
	CHECK(!exists("p0"));
	OPEN(&port, &spec);
	port_close(&port, NULL);
	CHECK(!exists("p0"));

	fault_persistent("p0", 0);
	OPEN(&port, &spec);
	port_close(&port, NULL);
	CHECK(exists("p0")); /* somebody else made it */
	spec.persist = TRI_on;
	OPEN(&port, &spec);
	port_close(&port, NULL);
	CHECK(exists("p0") && !link_of("p0").alias[0]);
}

static void other_namespace(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, index;

	fault_new_netns();
	there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	fault_persistent("n0", FAULT_VNET);
	index = link_of("n0").ifindex;
	CHECK(setns(home, CLONE_NEWNET) == 0);
	fault_spec(&spec, "n0", 1);
	snprintf(spec.netns, sizeof(spec.netns), "/proc/%d/fd/%d", getpid(), there);
	fault_spec_link(&spec, false);
	OPEN(&port, &spec);
	CHECK(netns_is_same(home, -1) && !exists("n0"));
	fault_must(setns(there, CLONE_NEWNET) == 0, "setns");
	CHECK(link_of("n0").ifindex == index && link_of("n0").mtu == 9000 &&
	      link_of("n0").up);
	CHECK(setns(home, CLONE_NEWNET) == 0);
	CHECK(port_close(&port, NULL) == 0 && !exists("n0"));

	strcpy(spec.netns, "no-such-name");
	CHECK_REFUSED(&spec, -ENOENT, "ip netns add no-such-name");
	strcpy(spec.netns, "/dev/null");
	CHECK_REFUSED(&spec, -EINVAL, "not a network namespace");
	CHECK(netns_is_same(home, -1));
	close(home);
	close(there);
}

static void unfit_devices(void)
{
	int fd = fault_tap("s0", 0);
	char words[64];

	fault_spec(&spec, "s0", 1);
	snprintf(words, sizeof(words), "already open (by process %d,", getpid());
	CHECK_REFUSED(&spec, -EBUSY, words);
	spec.n_queues = 2;
	CHECK_REFUSED(&spec, -EINVAL, "single-queue TAP, but queues= asks for more");
	close(fd);
	fault_persistent("m0", FAULT_MQ);
	fault_spec(&spec, "m0", 1);
	CHECK_REFUSED(&spec, -EINVAL, "multi-queue TAP, but queues=1");
	fault_persistent("t0", FAULT_TUN);
	fault_spec(&spec, "t0", 1);
	CHECK_REFUSED(&spec, -EINVAL, "is a TUN (layer 3), not a TAP");
	fault_open_netlink(&nl);
	fault_add_link(&nl, "br0", "bridge");
	netlink_close(&nl);
	fault_spec(&spec, "br0", 1);
	CHECK_REFUSED(&spec, -EINVAL, "of kind bridge");
	fault_spec(&spec, "lo", 1);
	CHECK_REFUSED(&spec, -EINVAL, "another interface");
	CHECK(exists("m0") && exists("t0") && exists("br0") && !exists("s0"));
}

static void in_use_with_another_header(void)
{
	int fd = fault_tap("m0", FAULT_MQ), i;

	fault_spec(&spec, "m0", 2);
	OPEN(&port, &spec);
	CHECK(!port.vnet_hdr && port.offloads_can == 0); /* the device decides */
	port_close(&port, NULL);
	spec.vnet_hdr = TRI_on;
	CHECK_REFUSED(&spec, -EBUSY, "vnet_hdr=on: m0 is in use");
	close(fd);
	fd = fault_tap("m0", FAULT_MQ | FAULT_VNET);
	spec.vnet_hdr = TRI_off;
	CHECK_REFUSED(&spec, -EBUSY, "vnet_hdr=off: m0 is in use");
	spec.vnet_hdr = TRI_unset;
	spec.n_queues = 256;
	CHECK_REFUSED(&spec, -E2BIG, "at most 256 queues");
	close(fd);
	OPEN(&port, &spec);
	for (i = 0; i < 256; i++)
		CHECK(port.fds[i] >= 0 && port.enabled[i]);
	port_close(&port, NULL);
}

static void link_options(void)
{
	struct link_info l;

	fault_open_netlink(&nl);
	fault_add_link(&nl, "br0", "bridge");
	netlink_close(&nl);
	fault_spec(&spec, "l0", 1);
	fault_spec_link(&spec, true);
	spec.user = 7;
	spec.group = 8;
	spec.has_user = spec.has_group = true;
	OPEN(&port, &spec);
	l = link_of("l0");
	CHECK(l.up && l.mtu == 9000 && l.txqueuelen == 500 &&
	      !memcmp(l.mac, spec.mac, 6));
	CHECK(l.master == (int)if_nametoindex("br0") && l.owner == 7 && l.group == 8);
	port_close(&port, NULL);

	spec.mtu = 70000;
	CHECK_REFUSED(&spec, -EINVAL, "mtu=70000: l0 refuses it");
	CHECK_REFUSED(&spec, -EINVAL, "the device takes 68..65521");
	spec.mtu = 1500;
	spec.mac[0] = 1;
	CHECK_REFUSED(&spec, -EADDRNOTAVAIL, "mac=01:00:00:00:00:01");
	spec.mac[0] = 2;
	strcpy(spec.master, "br9");
	CHECK_REFUSED(&spec, -ENODEV, "ip link add br9 type bridge");
	strcpy(spec.master, "lo");
	CHECK_REFUSED(&spec, -EINVAL, "master=lo: the device is no bridge");
	strcpy(spec.master, "");
	spec.mtu = 1000;
	CHECK_REFUSED(&spec, -EINVAL, "addr=fd09::7/64");
	spec.mtu = 0;
	spec.has_sndbuf = true;
	spec.sndbuf = -5;
	CHECK_REFUSED(&spec, -EINVAL, "sndbuf=-5");
	CHECK(!exists("l0"));
}

static void link_options_of_given_fds(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd;
	struct port_kernel_stats st;
	struct err e;

	fault_new_netns();
	fd = fault_tap("g0", FAULT_VNET);
	CHECK(setns(home, CLONE_NEWNET) == 0);
	fault_spec_fds(&spec, &fd, 1);
	fault_spec_link(&spec, false); /* in the device's namespace, found by its fd */
	OPEN(&port, &spec);
	CHECK(port_kernel_stats(&port, &st, &e) == 0);
	CHECK(netns_is_same(home, -1));
	port_close(&port, NULL);
	close(home);
}

static void vhost_with(const char *name, int spare_cpus)
{
	int fds[2] = {open("/dev/null", O_RDWR), open("/dev/null", O_RDWR)}, keep;
	struct err e = {0};

	fault_persistent(name, 0);
	fault_spec(&spec, name, 1);
	for (int force = 0; force < 2; force++) {
		spec.vhost = force ? TRI_unset : TRI_on;
		spec.vhostforce = force ? TRI_on : TRI_unset;
		if (access("/dev/vhost-net", R_OK | W_OK) == 0) {
			OPEN(&port, &spec);
			CHECK(port_vhost_is_attached(&port) && !port.vhost[1]);
			port_close(&port, NULL);
		} else {
			CHECK_REFUSED(&spec, -ENOENT, "port 'a': vhost=on");
			CHECK(!link_of(name).up && !link_of(name).has_vnet_hdr);
		}
	}
	spec.vhost = TRI_off;
	OPEN(&port, &spec);
	CHECK(!strcmp(port.vhost_why, "vhost=off"));
	CHECK(port_vhost_attach(&port, &e) == 0 || e.code == -ENOENT); /* later */
	port_close(&port, NULL);
	keep = fault_tap("x0", 0);
	fault_spec_fds(&spec, &keep, 1);
	spec.vhost = TRI_on;
	CHECK_REFUSED(&spec, -EINVAL, "x0 has no virtio-net header");
	keep = fault_tap("w0", FAULT_VNET);
	fault_spec_fds(&spec, &keep, 1);
	spec.vhostfds[0] = fds[0];
	spec.n_vhostfds = 1;
	CHECK_REFUSED(&spec, -ENOTTY, "is no vhost device");
	CHECK(fcntl(fds[0], F_GETFD) == -1 && fcntl(keep, F_GETFD) == -1);
	fault_spec(&spec, name, 1);
	spec.vhost = TRI_auto;
	spec.vhostfds[0] = fds[1];
	spec.n_vhostfds = 1;
	spec.spare_cpus = spare_cpus;
	OPEN(&port, &spec);
	CHECK(!port.vhost[0] &&
	      strstr(port.vhost_why,
		     spare_cpus < 2 ? "wants 2 CPUs" : "is no vhost device"));
	port_close(&port, NULL);
	CHECK(fcntl(fds[1], F_GETFD) == -1);
}

static void vhost(void)
{
	vhost_with("v0", 1);
	vhost_with("v1", 2);
}

static void offloads(void)
{
	const unsigned uso = TUN_F_USO4 | TUN_F_USO6;
	struct err e;

	fault_open_netlink(&nl);
	fault_spec(&spec, "o0", 1);
	OPEN(&port, &spec);
	CHECK(port.offloads_can & TUN_F_CSUM);
	CHECK(port_set_offloads(&port, TUN_F_TSO4 | uso, &e) == 0 && port.offloads == 0);
	CHECK(port_set_offloads(&port, TUN_F_CSUM | TUN_F_USO4, &e) == 0);
	CHECK(port.offloads == TUN_F_CSUM && tap_features_get(nl.fd, "o0") == TUN_F_CSUM);
	CHECK(port_set_offloads(&port, ~0U, &e) == 0 &&
	      port.offloads == port.offloads_can);
	CHECK(port_set_offloads(&port, 0, &e) == 0 && tap_features_get(nl.fd, "o0") == 0);
	netlink_close(&nl);
	port_close(&port, NULL);
}

static const struct fault_test tests[] = {
	{"fds that are no TAP are refused and closed", not_taps, NULL},
	{"given fds with and without virtio-net header are refused",
	 inconsistent_vnet_hdr, NULL},
	{"fds of two devices are refused, of one name in two namespaces too", two_devices,
	 NULL},
	{"the same fd twice is refused and closed once", same_fd_twice, NULL},
	{"a detached queue is adopted as it is", detached_is_adopted, NULL},
	{"fd 0 is an fd", fd_zero_is_an_fd, NULL},
	{"name templates, defaults by name", names, NULL},
	{"persist on, off and unset; the alias marks what is ours", persist, NULL},
	{"netns: attached there, never seen here", other_namespace, NULL},
	{"devices that are busy or of another kind are explained", unfit_devices, NULL},
	{"a device in use keeps its header; at most 256 queues",
	 in_use_with_another_header, NULL},
	{"link options are done, or refused with value and remedy", link_options, NULL},
	{"link options of given fds follow the device", link_options_of_given_fds, NULL},
	{"vhost=on fails with everything undone, auto goes on", vhost, NULL},
	{"offloads are cut to what makes sense", offloads, NULL},
};

int main(void)
{
	return fault_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
