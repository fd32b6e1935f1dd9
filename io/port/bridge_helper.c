/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol of QEMU's bridge helper. */
#include "io/port/bridge_helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/port/port_spec.h"
#include "io/port/spawn.h"
#include "io/port/tap.h"

enum { FDS_MAX = 253 }; /* the kernel's SCM_MAX_FD */

int bridge_helper_timeout_ms = 30000;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int left_ms(int64_t deadline)
{
	int64_t left = deadline - now_ms();

	return left > 0 ? (int)left : 0;
}

/* Told by us, as the shell's own line would come beside our sentence. */
static int check_program(const char *helper, struct err *e)
{
	size_t len = strcspn(helper, " \t");
	char path[PORT_VALUE_MAX + 1];

	if (!helper[len] || helper[0] != '/' ||
	    strcspn(helper, "'\"\\$`*?[;&|<>()") < len)
		return 0;
	snprintf(path, sizeof(path), "%.*s", (int)len, helper);
	if (access(path, X_OK) == 0 || (errno != ENOENT && errno != EACCES))
		return 0;
	return err_set(e, -errno, "cannot run %s: %s (%s)", path, strerror(errno),
		       errno == ENOENT ? "give the full path of a bridge helper"
				       : "is it executable? `chmod +x`");
}

static int start(const char *helper, const char *br, int sock, struct err *e)
{
	char fd_arg[16], br_arg[IFNAMSIZ + 8], command[PORT_VALUE_MAX + 64];
	char *direct[] = {(char *)helper, "--use-vnet", fd_arg, br_arg, NULL};
	char *shell[] = {"/bin/sh", "-c", command, NULL};
	int code;

	snprintf(fd_arg, sizeof(fd_arg), "--fd=%d", SPAWN_FD);
	snprintf(br_arg, sizeof(br_arg), "--br=%s", br);
	snprintf(command, sizeof(command), "%s --use-vnet %s %s", helper, fd_arg, br_arg);
	code = check_program(helper, e);
	if (code)
		return code;
	return spawn_start(strpbrk(helper, " \t") ? shell : direct, sock, e);
}

static unsigned copy_fds(struct msghdr *mh, int fds[FDS_MAX])
{
	struct cmsghdr *c;
	unsigned n = 0, count;

	for (c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		if (count > FDS_MAX - n)
			count = FDS_MAX - n;
		memcpy(fds + n, CMSG_DATA(c), count * sizeof(int));
		n += count;
	}
	return n;
}

/*
 * One message: the number of fds in it, 0 when the helper closed its end, or a
 * negative errno. A byte without an fd, and fds without end, are the caller's.
 */
static int receive(int sock, int64_t deadline, int fds[FDS_MAX])
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control;
	struct iovec iov;
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t len;
	char byte;
	int n;

	n = spawn_poll(sock, left_ms(deadline));
	if (n <= 0)
		return n ? n : -ETIMEDOUT;
	iov = (struct iovec){.iov_base = &byte, .iov_len = 1};
	mh.msg_control = control.bytes;
	mh.msg_controllen = sizeof(control);
	do {
		len = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	return (int)copy_fds(&mh, fds);
}

static void close_all(const int *fds, int n)
{
	int i;

	for (i = 0; i < n; i++)
		close(fds[i]);
}

/* 126 and 127 are the shell's: not executable, not found. */
static bool is_shell_lost(const char *helper, int status)
{
	return strpbrk(helper, " \t") && WIFEXITED(status) &&
	       (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127);
}

/* The fd that the message and the child's end amount to. */
static int judge(const char *helper, const char *br, int n, int code, int status,
		 const int *fds, struct err *e)
{
	char end[64];

	spawn_describe(status, end, sizeof(end));
	if (n == -EINTR || code == -EINTR)
		code = err_set(e, -EINTR,
			       "helper=%s: interrupted by a signal while waiting for the "
			       "helper (it was ended too)",
			       helper);
	else if (n == -ETIMEDOUT || code == -ETIMEDOUT)
		code = err_set(
			e, -ETIMEDOUT,
			"helper=%s: it did not %s within %d ms and was killed (run it by "
			"hand to see why)",
			helper, n < 0 ? "send an fd" : "end", bridge_helper_timeout_ms);
	else if (n < 0)
		code = err_set(e, n, "helper=%s: cannot receive its fd: %s", helper,
			       strerror(-n));
	else if (code)
		code = err_set(
			e, code,
			"helper=%s: its exit status was lost: %s (is SIGCHLD ignored?)",
			helper, strerror(-code));
	else if (is_shell_lost(helper, status))
		code = err_set(e, -ECHILD,
			       "helper=%s: it %s: the shell cannot run it (give the full "
			       "path of an executable bridge helper)",
			       helper, end);
	else if (status)
		code = err_set(e, -ECHILD,
			       "helper=%s: it %s (does the bridge %s exist, and does "
			       "/etc/qemu/bridge.conf say `allow %s`?)",
			       helper, end, br, br);
	else if (n == 0)
		code = err_set(e, -EPROTO,
			       "helper=%s: it ended without sending an fd (is it a "
			       "bridge helper, "
			       "such as /usr/lib/qemu/qemu-bridge-helper?)",
			       helper);
	else if (n > 1)
		code = err_set(e, -EPROTO, "helper=%s: it sent %d fds instead of one",
			       helper, n);
	else
		return fds[0];
	close_all(fds, n);
	return code;
}

int bridge_helper_open(const char *helper, const char *br, struct err *e)
{
	int64_t deadline = now_ms() + bridge_helper_timeout_ms;
	int sv[2], fds[FDS_MAX], pid, n, code, status = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0) {
		code = -errno;
		if (code == -EMFILE || code == -ENFILE)
			return tap_err_nofile(e, code, "a socket for the bridge helper");
		return err_set(e, code, "helper=%s: no socket for it: %s", helper,
			       strerror(-code));
	}
	pid = start(helper, br, sv[1], e);
	close(sv[1]); /* so that the child's end shows as end of file */
	if (pid < 0) {
		close(sv[0]);
		err_prefix(e, "helper=");
		return pid;
	}
	n = receive(sv[0], deadline, fds);
	if (n < 0) {
		n == -EINTR ? spawn_stop(pid) : spawn_kill(pid);
		code = 0;
	} else {
		code = spawn_wait_for(pid, left_ms(deadline), &status);
	}
	close(sv[0]);
	return judge(helper, br, n, code, status, fds, e);
}
