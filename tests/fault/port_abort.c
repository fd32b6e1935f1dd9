/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of an open port: aborted, checked again, closed after a move by others. */
#include "tests/fault/fault_run.h"

static struct port_spec spec;
static struct port port;
static struct netlink nl;
static struct fault_text before, after;
static char folder[] = "/tmp/ringway-abort-XXXXXX";
static char out[PATH_MAX];

static bool exists(const char *name)
{
	return if_nametoindex(name) != 0;
}

static int own_netns(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void enter(int ns)
{
	fault_must(setns(ns, CLONE_NEWNET) == 0, "setns");
}

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

/* A downscript that writes its argument, and whether that is here, into a file. */
static void wish_downscript(struct port_spec *s)
{
	static char path[PATH_MAX], text[3 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/down", folder);
	snprintf(text, sizeof(text),
		 "#!/bin/sh\necho \"$1 $(readlink /proc/self/ns/net)\" >>%s\n", out);
	fault_write_file(path, text);
	strcpy(s->downscript, path);
}

/* What the downscript wrote is this name, in this namespace, once. */
static void check_downscript(const char *name, int ns)
{
	char text[256] = "", want[256];
	struct stat st;
	FILE *f = fopen(out, "r");
	size_t len;

	fault_must(fstat(ns, &st) == 0, "fstat");
	len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[len] = '\0';
	if (f)
		fclose(f);
	unlink(out);
	snprintf(want, sizeof(want), "%s net:[%lu]\n", name, (unsigned long)st.st_ino);
	if (!CHECK(!strcmp(text, want)))
		printf("# %s# not %s", text, want);
}

static void abort_new(void)
{
	int here = own_netns();
	struct err e = {0};

	port_init(&port);
	port_abort(&port, &e); /* nothing to do */
	fault_spec(&spec, "a0", 2);
	fault_spec_link(&spec, false);
	spec.persist = TRI_on;
	wish_downscript(&spec);
	OPEN(&port, &spec);
	CHECK(exists("a0"));
	port_abort(&port, &e);
	CHECK(!exists("a0") && !e.code && port.fds[0] == -1 && !port.setup);
	check_downscript("a0", here);
	port_abort(&port, &e);
	port_close(&port, &e);
	CHECK(access(out, F_OK) != 0); /* once */
	close(here);
}

/* The device and what was before: the same when port_abort is done. */
static void check_put_back(int ns)
{
	struct err e = {0};
	int home = own_netns();

	OPEN(&port, &spec);
	enter(ns);
	fault_links(&after, &nl, true);
	CHECK(!fault_same(&before, &after));
	enter(home);
	port_abort(&port, &e);
	CHECK(netns_is_same(home, -1) && !e.code);
	enter(ns);
	fault_links(&after, &nl, true);
	if (!CHECK(fault_same(&before, &after)))
		printf("# %s\n# %s\n", before.text, after.text);
	enter(home);
	close(home);
}

static void abort_existing(void)
{
	int here = own_netns(), fd;
	struct link_info l;

	fault_open_netlink(&nl);
	fault_add_link(&nl, "br0", "bridge");
	fault_persistent("e0", 0);
	fault_links(&before, &nl, true);
	fault_spec(&spec, "e0", 1);
	fault_spec_link(&spec, true);
	spec.persist = TRI_on;
	check_put_back(here);
	fault_del_link(&nl, "e0");

	/* persist=off took the flag away at once: it comes back */
	spec.persist = TRI_on;
	OPEN(&port, &spec);
	port_close(&port, NULL);
	fault_links(&before, &nl, true);
	spec.persist = TRI_off;
	check_put_back(here);
	CHECK(link_get(&nl, "e0", 0, &l) == 0 && l.is_persistent);
	fault_del_link(&nl, "e0");

	fd = fault_tap("g0", FAULT_VNET | FAULT_BLOCKING);
	tap_set_hdr_len(fd, 10);
	fault_links(&before, &nl, true);
	fault_spec_fds(&spec, &(int){fcntl(fd, F_DUPFD_CLOEXEC, 3)}, 1);
	fault_spec_link(&spec, true);
	spec.persist = TRI_on;
	check_put_back(here);
	CHECK(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	close(fd);
	CHECK(!exists("g0")); /* persist=on is taken back too */
	netlink_close(&nl);
	close(here);
}

static void abort_abroad(void)
{
	int home = own_netns(), there, fd;

	fault_new_netns();
	there = own_netns();
	fault_open_netlink(&nl);
	fault_add_link(&nl, "br0", "bridge");
	fd = fault_tap("g0", FAULT_VNET);
	fault_links(&before, &nl, true);
	enter(home);
	fault_spec_fds(&spec, &(int){fcntl(fd, F_DUPFD_CLOEXEC, 3)}, 1);
	fault_spec_link(&spec, true);
	check_put_back(there);
	close(fd);
	enter(there);
	fault_persistent("n0", FAULT_MQ);
	fault_links(&before, &nl, true);
	enter(home);
	fault_spec(&spec, "n0", 2);
	snprintf(spec.netns, sizeof(spec.netns), "/proc/%d/fd/%d", getpid(), there);
	fault_spec_link(&spec, true);
	check_put_back(there);
	netlink_close(&nl);
	close(there);
	close(home);
}

static void abort_deleted(void)
{
	struct err e = {0};

	fault_open_netlink(&nl);
	fault_persistent("d0", 0);
	fault_spec(&spec, "d0", 1);
	fault_spec_link(&spec, false);
	OPEN(&port, &spec);
	fault_del_link(&nl, "d0");
	fault_persistent("d0", 0); /* another one of that name is not touched */
	fault_links(&before, &nl, true);
	port_abort(&port, &e);
	fault_links(&after, &nl, true);
	CHECK(fault_same(&before, &after) && !e.code);
	netlink_close(&nl);
}

static void recheck(void)
{
	bool corrected = true;
	struct err e = {0};
	int len = 0;

	fault_open_netlink(&nl);
	fault_spec(&spec, "r0", 1);
	OPEN(&port, &spec);
	CHECK(port_recheck(&port, &corrected, &e) == 0 && !corrected);
	tap_set_hdr_len(port.fds[0], 10);
	CHECK(port_recheck(&port, &corrected, &e) == 0 && corrected);
	CHECK(tap_get_hdr_len(port.fds[0], &len) == 0 && len == 12);
	CHECK(port_recheck(&port, NULL, &e) == 0);
	fault_del_link(&nl, "r0");
	CHECK(port_recheck(&port, &corrected, &e) == 0 && !corrected && !e.code);
	port_close(&port, NULL);
	CHECK(port_recheck(&port, &corrected, &e) == 0 && !corrected);
	fault_spec(&spec, "r1", 1);
	spec.vnet_hdr = TRI_off;
	OPEN(&port, &spec);
	CHECK(port_recheck(&port, &corrected, &e) == 0 && !corrected);
	port_close(&port, NULL);
	netlink_close(&nl);
}

static void moved_away(void)
{
	int home = own_netns(), there;
	char name[IFNAMSIZ];
	struct err e = {0};

	fault_new_netns();
	there = own_netns();
	enter(home);
	fault_open_netlink(&nl);
	fault_spec(&spec, "m0", 1);
	wish_downscript(&spec);
	OPEN(&port, &spec);
	CHECK(!strcmp(port_current_name(&port, name), "m0"));
	set_attr("m0", IFLA_IFNAME, 3, "m1");
	set_attr("m1", IFLA_NET_NS_FD, sizeof(there), &there);
	CHECK(!strcmp(port_current_name(&port, name), "m1"));
	CHECK(port_close(&port, &e) == 0);
	check_downscript("m1", there);

	OPEN(&port, &spec);
	set_attr("m0", IFLA_NET_NS_FD, sizeof(there), &there);
	port_abort(&port, &e);
	check_downscript("m0", there);
	enter(there);
	CHECK(!exists("m0") && !exists("m1"));
	enter(home);
	CHECK(!strcmp(port_current_name(&port, name), ""));

	OPEN(&port, &spec);
	fault_del_link(&nl, "m0");
	CHECK(!strcmp(port_current_name(&port, name), "m0"));
	CHECK(port_close(&port, &e) == 0);
	check_downscript("m0", home);
	netlink_close(&nl);
	close(home);
	close(there);
}

static void nonblock_of_the_giver(void)
{
	int fds[2], givers[2], i;

	for (i = 0; i < 2; i++) {
		givers[i] =
			fault_tap("q0", FAULT_VNET | FAULT_MQ | (i ? FAULT_BLOCKING : 0));
		fds[i] = fcntl(givers[i], F_DUPFD_CLOEXEC, 3);
	}
	fault_spec_fds(&spec, fds, 2);
	OPEN(&port, &spec);
	CHECK(fcntl(givers[1], F_GETFL) & O_NONBLOCK);
	CHECK(port_close(&port, NULL) == 0);
	CHECK(fcntl(givers[0], F_GETFL) & O_NONBLOCK); /* it was so before */
	CHECK(!(fcntl(givers[1], F_GETFL) & O_NONBLOCK));
	close(givers[0]);
	close(givers[1]);
}

static const struct fault_test tests[] = {
	{"abort: a device of ours goes, with persist=on too; downscript once", abort_new,
	 NULL},
	{"abort: a device that existed is as before", abort_existing, NULL},
	{"abort: the same in another namespace", abort_abroad, NULL},
	{"abort: a deleted device's successor is left alone", abort_deleted, NULL},
	{"recheck: a foreign header size is set back, a deleted device is no error",
	 recheck, NULL},
	{"a device renamed and moved by others: downscript there, with its name",
	 moved_away, NULL},
	{"close gives a given fd its blocking mode back", nonblock_of_the_giver, NULL},
};

int main(void)
{
	char path[PATH_MAX];
	int ret;

	fault_must(mkdtemp(folder) != NULL, "mkdtemp");
	snprintf(out, sizeof(out), "%s/out", folder);
	ret = fault_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
	snprintf(path, sizeof(path), "%s/down", folder);
	unlink(path);
	unlink(out);
	rmdir(folder);
	return ret;
}
