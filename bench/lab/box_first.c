/* SPDX-License-Identifier: BSD-2-Clause */
/* The first process of a box: it prepares the namespaces, starts what it is asked to
 * start, reaps, and with its death ends all others. */
#include "bench/lab/box_first.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * How it works: this is a fork of a process that may have threads, so nothing here
 * allocates or takes a lock. It never returns: _exit() of this process makes the kernel
 * kill all that is left in the box.
 */
enum { SOCK_FD = 3, COMMANDS_MAX = 512 };

struct first {
	char *const *env;
	pid_t command[COMMANDS_MAX]; /* those whose end must be told; 0 = free */
	int chld;		     /* signalfd */
	struct box_first_ask ask;
};

static struct first first;

static void tell(enum box_first_kind kind, pid_t pid, int status, const char *what)
{
	struct box_first_reply r = {.kind = kind, .pid = pid, .status = status};

	snprintf(r.what, sizeof(r.what), "%s", what);
	if (send(SOCK_FD, &r, sizeof(r), MSG_NOSIGNAL) < 0)
		_exit(1); /* the parent is gone */
}

/* --- the namespaces ---------------------------------------------------------- */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* The namespaces by name, so that `ip -n end0` and netns=end0 find them. */
static const char *bind_ends(const int *ns, unsigned n_ns)
{
	char from[64], to[64];
	int fd;

	for (unsigned i = 0; i < n_ns; i++) {
		snprintf(from, sizeof(from), "/proc/self/fd/%d", ns[i]);
		snprintf(to, sizeof(to), "/run/netns/end%u", i);
		fd = open(to, O_CREAT | O_RDONLY | O_CLOEXEC, 0444);
		if (fd < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0)
			return "a name in /run/netns";
		close(fd);
	}
	return NULL;
}

/* NULL, or what could not be done, with errno. */
static const char *prepare(const int *ns, unsigned n_ns)
{
	const char *bad;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "making mounts private";
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID, "mode=0755") < 0)
		return "an own /run";
	if (mkdir("/run/netns", 0755) < 0 || mkdir(BOX_DIR, 0755) < 0)
		return "mkdir " BOX_DIR;
	/* before /proc is another one, in which our fds would have other names */
	bad = bind_ends(ns, n_ns);
	if (bad)
		return bad;
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return "an own /proc";
	/* what follows is better had, but not needed */
	(void)mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, NULL);
	if (mkdir(BOX_TRACE, 0700) == 0)
		(void)mount("tracefs", BOX_TRACE, "tracefs",
			    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	/* nobody speaks unasked where frames are counted */
	(void)write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	(void)write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	return NULL;
}

/* --- commands ---------------------------------------------------------------- */

static void child_fail(const char *what)
{
	dprintf(2, "%s: %s\n", what, strerror(errno));
	_exit(126);
}

static void child_output(int to, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), BOX_DIR "/%.31s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || dup2(fd, to) < 0)
		child_fail(path);
}

static void child_place(const struct box_first_ask *q)
{
	char path[64];
	cpu_set_t set;
	int fd;

	if (q->end >= 0) {
		snprintf(path, sizeof(path), "/run/netns/end%d", q->end);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
			child_fail(path);
	}
	if (q->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET((size_t)q->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) < 0)
			child_fail("sched_setaffinity");
	}
}

static void child_run(const struct box_first_ask *q)
{
	char *argv[] = {"sh", "-e", "-c", (char *)q->text, NULL};
	sigset_t none;
	int fd;

	setsid();
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	child_output(2, q->err);
	child_output(1, q->out);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, 0) < 0)
		child_fail("/dev/null");
	child_place(q);
	execve("/bin/sh", argv, first.env);
	child_fail("/bin/sh");
}

static void start(const struct box_first_ask *q)
{
	pid_t *place = NULL, pid;

	for (int i = 0; i < COMMANDS_MAX && !place; i++)
		if (!first.command[i])
			place = &first.command[i];
	if (!place) {
		tell(BOX_FIRST_answer, 0, -EAGAIN, "too many commands at once");
		return;
	}
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		child_run(q);
	if (pid < 0) {
		tell(BOX_FIRST_answer, 0, -errno, "fork");
		return;
	}
	*place = pid;
	tell(BOX_FIRST_answer, pid, 0, "");
}

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(first.chld, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < COMMANDS_MAX; i++)
			if (first.command[i] == pid) {
				first.command[i] = 0;
				tell(BOX_FIRST_end, pid, status, "");
			}
}

/* One message of the parent; its end is ours. */
static void take_ask(void)
{
	struct box_first_ask *q = &first.ask;
	ssize_t n = recv(SOCK_FD, q, sizeof(*q), MSG_DONTWAIT);
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < (ssize_t)offsetof(struct box_first_ask, text))
		_exit(0);
	q->text[sizeof(q->text) - 1] = '\0';
	if (q->op == BOX_FIRST_start) {
		start(q);
		return;
	}
	/* -1: all processes that this one sees, but itself */
	rc = kill(q->pid == BOX_ALL ? -1 : -q->pid, q->signum) < 0 ? -errno : 0;
	tell(BOX_FIRST_answer, q->pid, rc == -ESRCH ? 0 : rc, "kill");
}

static void serve(int sock, const int *ns, unsigned n_ns, char *const *env)
{
	struct pollfd p[2];
	const char *bad;
	sigset_t all;
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "bench-box");
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGCHLD, SIG_DFL);
	first.env = env;
	bad = prepare(ns, n_ns);
	code = bad ? -errno : 0;
	/* nothing of the parent's stays open here */
	if ((sock != SOCK_FD && dup3(sock, SOCK_FD, O_CLOEXEC) < 0) ||
	    close_range(SOCK_FD + 1, ~0U, 0) < 0)
		_exit(1);
	if (bad) {
		tell(BOX_FIRST_answer, 0, code, bad);
		_exit(1);
	}
	first.chld = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	tell(BOX_FIRST_answer, 0, 0, "");
	p[0] = (struct pollfd){.fd = SOCK_FD, .events = POLLIN};
	p[1] = (struct pollfd){.fd = first.chld, .events = POLLIN};
	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if (p[1].revents)
			reap();
		if (p[0].revents)
			take_ask();
	}
}

pid_t box_first_clone(int sock, const int *ns, unsigned n_ns, char *const *env,
		      struct err *e)
{
	unsigned long flags =
		CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | SIGCHLD;
	pid_t pid;

	fflush(NULL); /* what is buffered is to be written once */
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid == 0)
		serve(sock, ns, n_ns, env);
	if (pid >= 0)
		return pid;
	if (errno == EPERM)
		return err_set(e, -EPERM,
			       "this makes namespaces, and may not: run it as root");
	return err_set(e, -errno, "cannot make namespaces: %s", strerror(errno));
}
