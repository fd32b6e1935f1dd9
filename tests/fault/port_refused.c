/* SPDX-License-Identifier: BSD-2-Clause */
/* Without rights, or with wishes that cannot be: what still works, and what is said. */
#include <linux/capability.h>
#include <sys/syscall.h>

#include "tests/fault/fault_run.h"

static struct port_spec spec;
static struct port port;
static struct netlink nl;

static struct link_info link_of(const char *name)
{
	struct link_info l;

	fault_open_netlink(&nl);
	fault_must(link_get(&nl, name, 0, &l) == 0, name);
	netlink_close(&nl);
	return l;
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

/* A persistent device that belongs to us; index for the link. */
static int owned(const char *name, int how)
{
	int fd = fault_tap(name, how);

	fault_must(tap_set_persist(fd, true) == 0 && tap_set_owner(fd, geteuid()) == 0,
		   "owner");
	close(fd);
	return (int)if_nametoindex(name);
}

static void owner_without_rights(void)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 7, 7};
	int up = owned("up0", 0);

	owned("down0", 0);
	fault_open_netlink(&nl);
	fault_add_link(&nl, "br0", "bridge");
	fault_must(!link_set_mac(&nl, up, mac) && !link_set_mtu(&nl, up, 1400) &&
			   !link_set_txqueuelen(&nl, up, 77) &&
			   !link_set_master(&nl, up, (int)if_nametoindex("br0")) &&
			   !link_set_up(&nl, up, true),
		   "link");
	netlink_close(&nl);
	drop_net_admin();
	fault_spec(&spec, "up0", 1);
	OPEN(&port, &spec);
	CHECK(port_close(&port, NULL) == 0 && link_of("up0").up);
	memcpy(spec.mac, mac, 6); /* all of it is so already */
	spec.has_mac = spec.has_txqueuelen = true;
	spec.mtu = 1400;
	spec.txqueuelen = 77;
	spec.up = TRI_on;
	strcpy(spec.master, "br0");
	OPEN(&port, &spec);
	CHECK(port_close(&port, NULL) == 0);
	spec.mtu = 1500;
	CHECK_REFUSED(&spec, -EPERM, "mtu=1500: up0 refuses it");
	CHECK_REFUSED(&spec, -EPERM, "CAP_NET_ADMIN");
	spec.mtu = 0;
	spec.txqueuelen = 78;
	CHECK_REFUSED(&spec, -EPERM, "CAP_NET_ADMIN");

	fault_spec(&spec, "down0", 1);
	OPEN(&port, &spec);
	CHECK(port_close(&port, NULL) == 0 && !link_of("down0").up);
	spec.up = TRI_on;
	CHECK_REFUSED(&spec, -EPERM, "up=on: down0 refuses it");
}

static void given_without_rights(void)
{
	int pi = fault_tap("pi0", FAULT_PI), up = fault_tap("up0", FAULT_VNET), home;
	int abroad;
	char words[64];

	fault_open_netlink(&nl);
	fault_must(!link_set_up(&nl, (int)if_nametoindex("up0"), true), "link");
	netlink_close(&nl);
	/* another device of the same name, here and there */
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	fault_new_netns();
	abroad = fault_tap("pi0", 0);
	fault_must(setns(home, CLONE_NEWNET) == 0, "setns");
	close(home);
	drop_net_admin();
	fault_spec_fds(&spec, &pi, 1);
	snprintf(words, sizeof(words), "fd %d is of pi0, which puts packet", pi);
	CHECK_REFUSED(&spec, -EINVAL, words);
	fault_spec_fds(&spec, &up, 1);
	spec.up = TRI_on;
	OPEN(&port, &spec);
	port_close(&port, NULL);
	fault_spec_fds(&spec, &abroad, 1);
	OPEN(&port, &spec);
	port_close(&port, NULL);
}

static void netns_files(void)
{
	char fifo[] = "/tmp/ringway-fifo-XXXXXX";
	int fd = mkstemp(fifo);

	fault_must(fd >= 0 && close(fd) == 0 && unlink(fifo) == 0 &&
			   mkfifo(fifo, 0600) == 0,
		   "mkfifo");
	fault_spec(&spec, "n0", 1);
	strcpy(spec.netns, fifo);
	CHECK_REFUSED(&spec, -EINVAL, fifo);
	unlink(fifo);
	strcpy(spec.netns, "/dev/null");
	CHECK_REFUSED(&spec, -EINVAL, "netns=/dev/null: /dev/null is not a network");
	strcpy(spec.netns, "/etc");
	CHECK_REFUSED(&spec, -EINVAL, "netns=/etc: ");
	strcpy(spec.netns, "/proc/self/ns/mnt");
	CHECK_REFUSED(&spec, -EINVAL, "netns=/proc/self/ns/mnt: ");
	strcpy(spec.netns, "/proc/999999999/ns/net");
	CHECK_REFUSED(&spec, -ENOENT, "has the process ended?");
	strcpy(spec.netns, "/dev/null/x");
	CHECK_REFUSED(&spec, -ENOTDIR, "`ip netns`");
}

static void queue_lengths(void)
{
	fault_spec(&spec, "q0", 1);
	spec.txqueuelen = PORT_TXQUEUELEN_MAX + 1;
	spec.has_txqueuelen = true;
	CHECK_REFUSED(&spec, -ENOMEM, "txqueuelen=524289: the kernel has no memory");
	CHECK_REFUSED(&spec, -ENOMEM, "524288 frames: say a smaller number");
	spec.txqueuelen = PORT_TXQUEUELEN_MAX;
	OPEN(&port, &spec);
	CHECK(link_of("q0").txqueuelen == PORT_TXQUEUELEN_MAX);
	port_close(&port, NULL);
	fault_persistent("q1", 0);
	fault_open_netlink(&nl);
	fault_must(!link_set_txqueuelen(&nl, (int)if_nametoindex("q1"), 1000000), "link");
	netlink_close(&nl);
	fault_spec(&spec, "q1", 1);
	CHECK_REFUSED(&spec, -ENOMEM, "a ring of 1000000 frames");
	CHECK_REFUSED(&spec, -ENOMEM, "`ip link set q1 txqueuelen 1000`");
}

static void another_bridge(void)
{
	int index = owned("m0", 0);

	fault_open_netlink(&nl);
	fault_add_link(&nl, "br0", "bridge");
	fault_add_link(&nl, "br1", "bridge");
	fault_must(!link_set_master(&nl, index, (int)if_nametoindex("br0")), "link");
	netlink_close(&nl);
	fault_spec(&spec, "m0", 1);
	strcpy(spec.master, "br1");
	CHECK_REFUSED(&spec, -EBUSY,
		      "master=br1: m0 is in br0 already (take it out first with `ip link "
		      "set m0 nomaster`");
	CHECK(link_of("m0").master == (int)if_nametoindex("br0"));
	strcpy(spec.master, "br0");
	OPEN(&port, &spec);
	port_close(&port, NULL);
}

static void not_mapped(void)
{
	char map[64];
	int fd;

	snprintf(map, sizeof(map), "0 %u 1\n", geteuid());
	fault_must(unshare(CLONE_NEWUSER) == 0, "unshare(CLONE_NEWUSER)");
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	fault_must(fd >= 0 && write(fd, map, strlen(map)) > 0, "uid_map");
	close(fd);
	fault_new_netns();
	fault_spec(&spec, "u0", 1);
	spec.has_user = true;
	spec.user = 7;
	CHECK_REFUSED(
		&spec, -EINVAL,
		"user=7: the id 7 is not mapped in this user namespace (leave user= "
		"out, or map it");
	spec.has_user = false;
	spec.has_group = true;
	spec.group = 8;
	CHECK_REFUSED(&spec, -EINVAL, "group=8: the id 8 is not mapped");
}

static const char *no_user_namespaces(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) ? 1 : 0);
	fault_must(pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
	return status ? "this kernel allows no user namespaces" : NULL;
}

static void programs(void)
{
	fault_spec(&spec, "p0", 1);
	strcpy(spec.script, "/nosuch");
	CHECK_REFUSED(&spec, -ENOENT, "give the full path of a program");
	strcpy(spec.script, "/etc");
	CHECK_REFUSED(&spec, -EACCES, "it is a directory");
	fault_spec(&spec, "", 1);
	strcpy(spec.helper, "/nosuch");
	CHECK_REFUSED(&spec, -ENOENT, "give the full path of a program");
	strcpy(spec.helper, "/nosuch -x");
	CHECK_REFUSED(&spec, -ENOENT, "cannot run /nosuch: ");
	strcpy(spec.helper, "/etc/passwd -x");
	CHECK_REFUSED(&spec, -EACCES, "chmod +x");
	strcpy(spec.helper, "exit 127;");
	CHECK_REFUSED(&spec, -ECHILD, "the shell cannot run it (give the full path");
}

/* port_spec_parse and port_spec_check must refuse with these words. */
static void check_spec(const char *text, const char *words)
{
	struct err e = {0};
	int code;

	code = port_spec_parse(&spec, text, &e);
	if (!code)
		code = port_spec_check(&spec, &e);
	if (!CHECK(words ? code && strstr(e.text, words) : !code))
		printf("# %s: %s\n", text, e.text);
}

static void specs(void)
{
	check_spec("tap,id=a,addr=10.0.0.1/24,addr=10.0.0.1/24",
		   "addr=10.0.0.1/24: the address is given twice");
	check_spec("tap,id=a,addr=fd00::1/64,addr=fd00::1/48", "addr=fd00::1/48");
	check_spec("tap,id=a,addr=10.0.0.1/24,addr=10.0.0.1/16,addr=10.0.0.2/24", NULL);
	check_spec("tap,id=a,helper=/h -x,br=$(id)", "br=$(id)");
	check_spec("tap,id=a,helper=/h,br=a;b", "letters, digits, '.', '_' and '-'");
	check_spec("tap,id=a,helper=/h -x,br=br-0.7_x", NULL);
	check_spec("tap,id=a,txqueuelen=524288", NULL);
	check_spec("tap,id=a,txqueuelen=524289", "1 to 524288");
}

static void open_given(int giver, enum tristate wish)
{
	int fd = fcntl(giver, F_DUPFD_CLOEXEC, 3);

	fault_spec_fds(&spec, &fd, 1);
	spec.persist = wish;
	OPEN(&port, &spec);
	port_close(&port, NULL);
}

static void persist_of_given(void)
{
	int fd = fault_tap("g0", FAULT_VNET), index = (int)if_nametoindex("g0");

	open_given(fd, TRI_on); /* for the rest of the world it would go with us */
	CHECK(link_of("g0").is_persistent && !strcmp(link_of("g0").alias, "ringway"));
	open_given(fd, TRI_off);
	CHECK(!link_of("g0").is_persistent);
	/* a device with somebody's word on it, and one that somebody made persistent */
	fault_open_netlink(&nl);
	link_set_alias(&nl, index, "theirs");
	netlink_close(&nl);
	open_given(fd, TRI_on);
	CHECK(!strcmp(link_of("g0").alias, "theirs"));
	open_given(fd, TRI_off);
	CHECK(link_of("g0").is_persistent);
	close(fd);

	fd = fault_tap("g1", FAULT_VNET);
	drop_net_admin(); /* the flag needs no right, the mark does */
	open_given(fd, TRI_on);
	CHECK(link_of("g1").is_persistent && !link_of("g1").alias[0]);
	close(fd);
}

static const struct fault_test tests[] = {
	{"a device's owner needs no right for what is so already", owner_without_rights,
	 NULL},
	{"given fds without rights: packet information is seen", given_without_rights,
	 NULL},
	{"netns: what is no network namespace is not opened", netns_files, NULL},
	{"txqueuelen beyond the kernel's ring is explained", queue_lengths, NULL},
	{"master: a device of another bridge stays there", another_bridge, NULL},
	{"user and group that are not mapped are explained", not_mapped,
	 no_user_namespaces},
	{"programs that cannot be run are explained", programs, NULL},
	{"specs: an address twice, a bridge's name for the shell, lengths", specs, NULL},
	{"persist of given fds: off takes what on gave", persist_of_given, NULL},
};

int main(void)
{
	return fault_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
