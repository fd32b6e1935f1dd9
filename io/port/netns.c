/* SPDX-License-Identifier: BSD-2-Clause */
/* Entering and leaving network namespaces. */
#include "io/port/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/port/tap.h"

static const char self_path[] = "/proc/thread-self/ns/net";

static int open_retry(const char *path)
{
	int fd;

	do {
		fd = open(path, O_RDONLY | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd;
}

static int setns_retry(int fd)
{
	int ret;

	do {
		ret = setns(fd, CLONE_NEWNET);
	} while (ret < 0 && errno == EINTR);
	return ret;
}

int netns_open(const char *name, struct err *e)
{
	bool is_name = !strchr(name, '/');
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s%s", is_name ? "/run/netns/" : "", name) >=
	    (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG, "netns=%.80s...: the name is too long",
			       name);
	fd = open_retry(path);
	if (fd >= 0)
		return fd;
	fd = -errno;
	if (fd == -ENOENT && is_name)
		return err_set(e, fd,
			       "netns=%s: there is no namespace %s (make it with `ip "
			       "netns add %s`, "
			       "or give a path such as /proc/PID/ns/net)",
			       name, path, name);
	if (fd == -EMFILE || fd == -ENFILE)
		return tap_err_nofile(e, fd, path);
	return err_set(e, fd, "netns=%s: cannot open %s: %s", name, path, strerror(-fd));
}

int netns_enter(int ns_fd, int *back, struct err *e)
{
	int code;

	*back = -1;
	if (ns_fd < 0)
		return 0;
	*back = open_retry(self_path);
	if (*back < 0) {
		code = -errno;
		if (code == -EMFILE || code == -ENFILE)
			return tap_err_nofile(e, code, self_path);
		return err_set(
			e, code,
			"cannot open %s to find the way back: %s (is /proc mounted?)",
			self_path, strerror(-code));
	}
	/* first into the own one: who may not do that could not come back later */
	if (setns_retry(*back) == 0 && setns_retry(ns_fd) == 0)
		return 0;
	code = -errno;
	close(*back);
	*back = -1;
	if (code == -EPERM)
		return err_set(e, code,
			       "cannot enter the network namespace: entering needs "
			       "CAP_SYS_ADMIN "
			       "here and in the namespace (run as root, or start ringway "
			       "in it)");
	if (code == -EINVAL)
		return err_set(e, code,
			       "netns=: the file is not a network namespace (give a name "
			       "under /run/netns, or /proc/PID/ns/net)");
	return err_set(e, code, "cannot enter the network namespace: %s",
		       strerror(-code));
}

int netns_leave(int *back, struct err *e)
{
	int code = 0, tries;

	if (*back < 0)
		return 0;
	for (tries = 0; tries < 5; tries++) {
		code = setns_retry(*back) ? -errno : 0;
		if (!code)
			break;
	}
	close(*back);
	*back = -1;
	if (code)
		return err_set(e, code, "cannot return to the own network namespace: %s",
			       strerror(-code));
	return 0;
}

static int identify(int fd, struct stat *st)
{
	return fd < 0 ? stat(self_path, st) : fstat(fd, st);
}

bool netns_is_same(int a, int b)
{
	struct stat sa, sb;

	if (identify(a, &sa) || identify(b, &sb))
		return false;
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}
