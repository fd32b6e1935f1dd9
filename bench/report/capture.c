/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture: a program run to its end, bounded in time, and what it printed.
 *
 * How it works: the child has stdout and stderr on one pipe, which is read until its end
 * or the deadline; input goes through a file without a name, so that nobody waits for a
 * writer. A second pipe, closed by exec, brings the errno of an exec that failed. The
 * child is the leader of a process group, dies with us, and its group is killed on every
 * way out but the good one.
 */
#include "bench/report/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CAPTURE_MAX = 64 << 20 };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int open_input(const char *text, struct err *e)
{
	size_t len = text ? strlen(text) : 0;
	int fd = text ? memfd_create("input", MFD_CLOEXEC)
		      : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && (!len || write(fd, text, len) == (ssize_t)len) &&
	    (!text || lseek(fd, 0, SEEK_SET) == 0))
		return fd;
	if (fd >= 0)
		close(fd);
	return err_set(e, -errno, "standard input for a program: %s", strerror(errno));
}

static void child(const struct capture_wish *w, int in, int out, int report)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if ((w->ns_fd < 0 || setns(w->ns_fd, CLONE_NEWNET) == 0) && dup2(in, 0) == 0 &&
	    dup2(out, 1) == 1 && dup2(out, 2) == 2)
		execvp(w->argv[0], w->argv);
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

/* Read what comes until the pipe's end: 0 or a negative errno. */
static int take(struct capture *c, int fd, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	size_t cap = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0)
			return -errno;
		if (!p.revents)
			continue;
		if (c->len + 4096 >= cap) {
			char *more;

			cap = cap ? 2 * cap : 16384;
			more = cap > CAPTURE_MAX ? NULL : realloc(c->text, cap);
			if (!more)
				return cap > CAPTURE_MAX ? -E2BIG : -ENOMEM;
			c->text = more;
		}
		n = read(fd, c->text + c->len, cap - c->len - 1);
		if (n < 0)
			return -errno;
		c->len += (size_t)n;
		c->text[c->len] = '\0';
		if (n == 0)
			return 0;
	}
}

/* The pipe is at its end, but a child that closed it may live on: until the deadline. */
static int reap(pid_t pid, int *status, int timeout_ms)
{
	const struct timespec step = {.tv_nsec = 2000000};
	int64_t end = now_ms() + timeout_ms;

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (now_ms() > end)
			return -ETIMEDOUT;
		nanosleep(&step, NULL);
	}
}

static int tell(int rc, const struct capture_wish *w, struct err *e)
{
	if (rc == -ETIMEDOUT)
		return err_set(e, rc, "%s: it did not end in %d ms, and was killed",
			       w->argv[0], w->timeout_ms);
	if (rc == -EINTR)
		return err_set(e, rc, "%s: interrupted by a signal", w->argv[0]);
	return err_set(e, rc, "%s: %s", w->argv[0], strerror(-rc));
}

static int follow(struct capture *c, const struct capture_wish *w, pid_t pid, int out,
		  int report, struct err *e)
{
	int rc = take(c, out, w->timeout_ms), why = 0;

	if (!rc)
		rc = reap(pid, &c->status, w->timeout_ms);
	if (rc) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		while (waitpid(pid, &c->status, 0) < 0 && errno == EINTR)
			;
		return tell(rc, w, e);
	}
	if (read(report, &why, sizeof(why)) == sizeof(why))
		return tell(-why, w, e);
	return 0;
}

int capture_run(struct capture *c, const struct capture_wish *w, struct err *e)
{
	int out[2] = {-1, -1}, report[2] = {-1, -1}, rc = 0, in;
	pid_t pid = -1;

	*c = (struct capture){0};
	in = open_input(w->input, e);
	if (in < 0)
		return in;
	if (pipe2(out, O_CLOEXEC) || pipe2(report, O_CLOEXEC) || (pid = fork()) < 0) {
		rc = tell(-errno, w, e);
	} else if (pid == 0) {
		child(w, in, out[1], report[1]);
	} else {
		close(out[1]);
		close(report[1]);
		out[1] = report[1] = -1;
		rc = follow(c, w, pid, out[0], report[0], e);
	}
	close(in);
	for (unsigned i = 0; i < 2; i++) {
		if (out[i] >= 0)
			close(out[i]);
		if (report[i] >= 0)
			close(report[i]);
	}
	return rc;
}

/* The last line that has something in it, in place. */
static const char *last_line(char *text)
{
	char *end = text ? text + strlen(text) : NULL, *line;

	if (!text)
		return "it printed nothing";
	while (end > text && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
		*--end = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	return *line ? line : "it printed nothing";
}

int capture_good(struct capture *c, const struct capture_wish *w, struct err *e)
{
	int rc = capture_run(c, w, e);

	if (rc || (WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0))
		return rc;
	if (WIFSIGNALED(c->status))
		return err_set(e, -EIO, "%s was killed by signal %d", w->argv[0],
			       WTERMSIG(c->status));
	return err_set(e, -EIO, "%s ended with status %d: %.300s", w->argv[0],
		       WEXITSTATUS(c->status), last_line(c->text));
}

void capture_fini(struct capture *c)
{
	free(c->text);
	*c = (struct capture){0};
}
