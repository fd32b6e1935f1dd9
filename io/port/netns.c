/* SPDX-License-Identifier: BSD-2-Clause */
/* Entering and leaving network namespaces. */
#include "io/port/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "io/port/tap.h"

static const char self_path[] = "/proc/thread-self/ns/net";

static int open_retry(const char *path)
{
	int fd;

	do {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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

static int explain_open(const char *name, const char *path, int code, struct err *e)
{
	bool is_name = name != path;

	switch (-code) {
	case EMFILE:
	case ENFILE:
		return tap_err_nofile(e, code, path);
	case ENOENT:
		if (is_name)
			return err_set(
				e, code,
				"netns=%s: there is no namespace %s (make it with `ip "
				"netns add %s`, or give a path such as /proc/PID/ns/net)",
				name, path, name);
		return err_set(
			e, code,
			"netns=%s: there is no such file (has the process ended? "
			"give a name that `ip netns` lists, or the /proc/PID/ns/net "
			"of a running process)",
			name);
	case EACCES:
	case EPERM:
		return err_set(
			e, code,
			"netns=%s: %s may not be opened: %s (run as the user whose "
			"namespace it is, or as root with CAP_SYS_PTRACE)",
			name, path, strerror(-code));
	case EINVAL:
		return err_set(
			e, code,
			"netns=%s: %s is not a network namespace (give a name that "
			"`ip netns` lists, or /proc/PID/ns/net)",
			name, path);
	default:
		return err_set(
			e, code,
			"netns=%s: cannot open %s: %s (give a name that `ip netns` "
			"lists, or /proc/PID/ns/net)",
			name, path, strerror(-code));
	}
}

/* Opened only if it is of the right kind: opening another file may wait or do harm. */
static int open_ns(const char *path)
{
	struct statfs fs;
	int ret, fd;

	do {
		ret = statfs(path, &fs);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC)
		return -EINVAL;
	fd = open_retry(path);
	if (fd < 0)
		return -errno;
	do {
		ret = ioctl(fd, NS_GET_NSTYPE);
	} while (ret < 0 && errno == EINTR);
	if (ret == CLONE_NEWNET)
		return fd;
	ret = ret < 0 ? -errno : -EINVAL;
	close(fd);
	return ret;
}

int netns_open(const char *name, struct err *e)
{
	bool is_name = !strchr(name, '/');
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s%s", is_name ? "/run/netns/" : "", name) >=
	    (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG,
			       "netns=%.80s...: the name is too long (a path has at most "
			       "%d bytes)",
			       name, PATH_MAX - 1);
	fd = open_ns(path);
	return fd < 0 ? explain_open(name, is_name ? path : name, fd, e) : fd;
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

uint64_t netns_ino(int fd)
{
	struct stat st;

	return identify(fd, &st) ? 0 : st.st_ino;
}

bool netns_is_same(int a, int b)
{
	struct stat sa, sb;

	if (identify(a, &sa) || identify(b, &sb))
		return false;
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}
