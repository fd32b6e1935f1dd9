/* SPDX-License-Identifier: BSD-2-Clause */
/* pidfile, notify, preflight: what run does around ports and engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "io/control/config.h"
#include "io/control/notify.h"
#include "io/control/pidfile.h"
#include "io/control/preflight.h"
#include "tests/unit/tap_lab.h"

static struct err e;
static char dir[64], path[128];

static int begin(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	strcpy(dir, "/tmp/ringway-unit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir); /* fails if anything else was left */
}

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void says(int code, int status, const char *words)
{
	char list[256], *word, *rest = list;

	assert_true(code < 0);
	snprintf(list, sizeof(list), "%s", words);
	while ((word = strsep(&rest, "|")))
		if (!strstr(e.text, word))
			fail_msg("no '%s' in: %s", word, e.text);
	assert_int_equal(e.exit_status, status);
}

static void test_pidfile(void **state)
{
	struct pidfile p, q;
	char text[32] = "", mine[32];
	FILE *f;

	(void)state;
	pidfile_init(&p);
	pidfile_close(&p);
	assert_int_equal(pidfile_open(&p, path, &e), 0);
	assert_true(fcntl(p.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pidfile_write(&p, &e), 0);
	f = fopen(path, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	snprintf(mine, sizeof(mine), "%d\n", (int)getpid());
	assert_string_equal(text, mine);
	mine[strlen(mine) - 1] = '\0';
	says(pidfile_open(&q, path, &e), EX_TEMPFAIL, "is running");
	assert_non_null(strstr(e.text, mine));
	assert_int_equal(q.fd, -1);
	pidfile_close(&p);
	pidfile_close(&p);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_pidfile_stale(void **state)
{
	struct pidfile p;

	(void)state;
	put("12345678\n");
	assert_int_equal(pidfile_open(&p, path, &e), 0);
	assert_int_equal(pidfile_write(&p, &e), 0);
	/* another file in its place is not ours to remove */
	assert_int_equal(unlink(path), 0);
	put("other");
	pidfile_close(&p);
	assert_int_equal(access(path, F_OK), 0);
}

static void test_pidfile_refused(void **state)
{
	struct pidfile p;
	char longest[5000];

	(void)state;
	put("root:x:0:0\n");
	says(pidfile_open(&p, path, &e), EX_USAGE, "something else than a process id");
	put("1234567890123\n");
	says(pidfile_open(&p, path, &e), EX_USAGE, "something else");
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	says(pidfile_open(&p, path, &e), EX_USAGE, "no regular file");
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	says(pidfile_open(&p, path, &e), EX_OSERR, "symbolic link|file itself");
	says(pidfile_open(&p, "/no/such/folder/file", &e), EX_UNAVAILABLE,
	     "/no/such/folder/file|mkdir -p");
	says(pidfile_open(&p, "/etc/passwd/file", &e), EX_OSERR, "mkdir -p");
	says(pidfile_open(&p, dir, &e), EX_OSERR, "Is a directory|a file in it");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	says(pidfile_open(&p, longest, &e), EX_USAGE, "too long");
	assert_int_equal(p.fd, -1);
}

/* A socket of a service manager; name[0] may be '@'. */
static int listen_at(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(
		bind(fd, (struct sockaddr *)&at,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
		0);
	return fd;
}

static void hears(const char *name)
{
	int fd = listen_at(name);
	char text[32];
	ssize_t n;

	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("READY=1", &e), 1);
	n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
	assert_int_equal(n, 7);
	assert_memory_equal(text, "READY=1", 7);
	close(fd);
}

static void test_notify(void **state)
{
	char name[256];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1", &e), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_send("READY=1", &e), 0);
	hears(path);
	snprintf(name, sizeof(name), "@ringway-unit-%d", (int)getpid());
	hears(name);
	says(notify_send("READY=1", &e), EX_OSERR,
	     "Connection refused"); /* nobody is there now */
	setenv("NOTIFY_SOCKET", "relative", 1);
	says(notify_send("READY=1", &e), EX_USAGE, "NOTIFY_SOCKET=relative");
	setenv("NOTIFY_SOCKET", "/", 1);
	says(notify_send("READY=1", &e), EX_USAGE, "NOTIFY_SOCKET=/");
	memset(name, 'x', 200);
	name[0] = '/';
	name[108] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	says(notify_send("READY=1", &e), EX_USAGE, "107 bytes");
	setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
	says(notify_send("READY=1", &e), EX_UNAVAILABLE, "/no/such/socket");
	unsetenv("NOTIFY_SOCKET");
}

static struct config *config_of(const char *spec)
{
	static struct config c;

	config_fini(&c);
	if (config_add_port(&c, spec, &e) != 0)
		fail_msg("%s", e.text);
	return &c;
}

/* A TAP or TUN of the namespace we are in; its number is above the ones given. */
static int open_tun(const char *name, short kind)
{
	struct ifreq ifr = {.ifr_flags = kind | IFF_NO_PI | IFF_MULTI_QUEUE};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	strcpy(ifr.ifr_name, name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &ifr) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void test_fds(void **state)
{
	int null = open("/dev/null", O_RDONLY), gone = dup(null), tun, a, b;
	char spec[64];

	(void)state;
	close(gone);
	snprintf(spec, sizeof(spec), "tap,id=a,fds=%d:%d", null, gone);
	says(preflight_fds(config_of(spec), &e), EX_USAGE, "port 'a'|is not open");
	assert_true(fcntl(null, F_GETFD) & FD_CLOEXEC);
	snprintf(spec, sizeof(spec), "tap,id=a,fd=%d,vhostfd=%d", null, gone);
	says(preflight_fds(config_of(spec), &e), EX_USAGE,
	     "port 'a': vhost file descriptor");
	snprintf(spec, sizeof(spec), "tap,id=a,fd=%d", null);
	says(preflight_fds(config_of(spec), &e), EX_OSERR, "port 'a'|/dev/null|no TAP");
	close(null);
	if (lab_enter())
		skip();
	tun = open_tun("rwtun", IFF_TUN);
	a = open_tun("rwtap", IFF_TAP);
	b = open_tun("rwtap", IFF_TAP);
	assert_true(tun >= 0 && a >= 0 && b >= 0);
	snprintf(spec, sizeof(spec), "tap,id=a,fds=%d:%d", a, b);
	assert_int_equal(preflight_fds(config_of(spec), &e), 0);
	snprintf(spec, sizeof(spec), "tap,id=a,fds=%d:%d", a, tun);
	says(preflight_fds(config_of(spec), &e), EX_OSERR, "port 'a'|rwtun|IFF_TAP");
	close(tun);
	close(a);
	close(b);
	config_fini(config_of("tap"));
}

/* One open TAP under two numbers, in two ports of three. */
static void test_fds_same(void **state)
{
	int a, b, twin;
	char spec[64], words[128];
	struct config *c;

	(void)state;
	if (lab_enter())
		skip();
	a = open_tun("rwtap", IFF_TAP);
	b = open_tun("rwtap", IFF_TAP);
	twin = dup(a);
	assert_true(a >= 0 && b >= 0 && twin >= 0);
	snprintf(spec, sizeof(spec), "tap,id=x,fd=%d", a);
	c = config_of(spec);
	snprintf(spec, sizeof(spec), "tap,id=y,fd=%d", b);
	assert_int_equal(config_add_port(c, spec, &e), 0);
	assert_int_equal(preflight_fds(c, &e), 0);
	snprintf(spec, sizeof(spec), "tap,id=z,fd=%d", twin);
	assert_int_equal(config_add_port(c, spec, &e), 0);
	snprintf(words, sizeof(words),
		 "file descriptor %d of port 'x'|file descriptor %d of port 'z'|same", a,
		 twin);
	says(preflight_fds(c, &e), EX_USAGE, words);
	close(a);
	close(b);
	close(twin);
	config_fini(c);
}

static void test_cpus(void **state)
{
	const struct config_where where = {"r.conf", 7};
	struct config *c = config_of("tap,id=a");
	cpu_set_t set;
	char text[16];
	int cpu = 0;

	(void)state;
	assert_int_equal(preflight_cpus(c, &e), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	c->cpus[0] = cpu;
	c->n_cpus = 1;
	assert_int_equal(preflight_cpus(c, &e), 0);
	for (cpu = 0; cpu < 1023 && CPU_ISSET(cpu, &set);)
		cpu++;
	c->cpus[0] = cpu;
	says(preflight_cpus(c, &e), EX_UNAVAILABLE, "may not run on it|taskset");
	config_fini(c);
	assert_int_equal(config_add_port(c, "tap,id=a", &e), 0);
	snprintf(text, sizeof(text), "%d", cpu);
	assert_int_equal(config_set(c, "cpus", text, &where, &e), 0);
	says(preflight_cpus(c, &e), EX_UNAVAILABLE, "r.conf:7: cpus: CPU|taskset");
	config_fini(c);
}

static void test_limits(void **state)
{
	struct config *c = config_of("tap,id=a,queues=200");
	struct rlimit before, low;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(preflight_limits(c, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(low.rlim_cur, before.rlim_max);
	/* what is given already needs no room */
	c = config_of("tap,id=a,fd=0");
	low.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(preflight_limits(c, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(low.rlim_cur, 64);
	/* last, as it cannot be taken back without rights */
	c = config_of("tap,id=a,queues=200");
	low.rlim_max = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	says(preflight_limits(c, &e), EX_OSERR,
	     "200 queues|the limit is 64|ulimit -n|LimitNOFILE");
	config_fini(c);
}

static void test_files(void **state)
{
	char spec[256];

	(void)state;
	assert_int_equal(preflight_files(config_of("tap,id=a,netns=/proc/self/ns/net,"
						   "script=/bin/sh,downscript=/bin/sh"),
					 &e),
			 0);
	/* what only a shell can tell is left to it */
	assert_int_equal(preflight_files(config_of("tap,id=a,helper=$HOME/x -x"), &e), 0);
	assert_int_equal(preflight_files(config_of("tap,id=a,helper=nosuch -x"), &e), 0);
	assert_int_equal(preflight_files(config_of("tap,id=a,helper=/bin/sh -x"), &e), 0);
	says(preflight_files(config_of("tap,id=a,helper=/no/such -x"), &e),
	     EX_UNAVAILABLE, "port 'a': helper=/no/such: cannot be run");
	says(preflight_files(config_of("tap,id=a,netns=/etc/passwd"), &e), EX_OSERR,
	     "port 'a': netns=/etc/passwd|not a network namespace");
	says(preflight_files(config_of("tap,id=a,netns=/proc/self/ns/mnt"), &e), EX_OSERR,
	     "not a network namespace");
	says(preflight_files(config_of("tap,id=a,netns=no-such-ns"), &e), EX_UNAVAILABLE,
	     "port 'a': netns=no-such-ns|/run/netns/no-such-ns|ip netns add");
	says(preflight_files(config_of("tap,id=a,script=/no/such"), &e), EX_UNAVAILABLE,
	     "script=/no/such|cannot be run");
	says(preflight_files(config_of("tap,id=a,downscript=/etc"), &e), EX_NOPERM,
	     "downscript=/etc|cannot be run");
	put("#!/bin/sh\n");
	snprintf(spec, sizeof(spec), "tap,id=a,helper=%s", path);
	says(preflight_files(config_of(spec), &e), EX_NOPERM,
	     "helper=|Permission denied");
	config_fini(config_of("tap"));
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_pidfile), UNIT(test_pidfile_stale), UNIT(test_pidfile_refused),
		UNIT(test_notify),  UNIT(test_fds),	      UNIT(test_fds_same),
		UNIT(test_cpus),    UNIT(test_files),	      UNIT(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
