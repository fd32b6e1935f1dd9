/* SPDX-License-Identifier: BSD-2-Clause */
/* Child processes for scripts and helpers. */
#include "io/port/spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/port/tap.h"

extern char **environ;

enum { STOP_MS = 1000 }; /* between SIGTERM and SIGKILL */

static int fill(posix_spawn_file_actions_t *fa, posix_spawnattr_t *attr, int keep_fd)
{
	sigset_t none, all;
	int code;

	sigemptyset(&none);
	sigfillset(&all);
	/* dup2 takes close-on-exec away, even onto itself; then everything behind goes */
	code = posix_spawn_file_actions_adddup2(fa, keep_fd, SPAWN_FD);
	if (!code)
		code = posix_spawn_file_actions_addclosefrom_np(fa, SPAWN_FD + 1);
	if (!code)
		code = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
							      POSIX_SPAWN_SETSIGDEF |
							      POSIX_SPAWN_SETPGROUP);
	if (!code)
		code = posix_spawnattr_setsigmask(attr, &none);
	if (!code)
		code = posix_spawnattr_setsigdefault(attr, &all);
	return code;
}

static int explain(const char *path, int code, struct err *e)
{
	const char *remedy = "is there enough memory, and room for a process?";
	struct stat st;

	if (code == -EMFILE || code == -ENFILE)
		return tap_err_nofile(e, code, path);
	if (code == -EACCES && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		remedy = "it is a directory: give the path of a program";
	else if (code == -EACCES)
		remedy = "is it executable? `chmod +x`";
	else if (code == -ENOENT)
		remedy = "give the full path of a program; if it is a script, is the "
			 "interpreter in its first line right?";
	else if (code == -ENOEXEC)
		remedy = "a script needs a first line such as #!/bin/sh";
	return err_set(e, code, "cannot run %s: %s (%s)", path, strerror(-code), remedy);
}

int spawn_start(char *const argv[], int keep_fd, struct err *e)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	pid_t pid = -1;
	int code;

	code = posix_spawn_file_actions_init(&fa);
	if (code)
		return err_set(e, -code, "cannot run %s: %s", argv[0], strerror(code));
	posix_spawnattr_init(&attr);
	code = fill(&fa, &attr, keep_fd);
	if (!code)
		code = posix_spawn(&pid, argv[0], &fa, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return code ? explain(argv[0], -code, e) : pid;
}

/* --- waiting ----------------------------------------------------------------- */

static int watch_fd = -1;

void spawn_watch(int fd)
{
	watch_fd = fd;
}

static int poll_retry(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int ret;

	do {
		ret = poll(fds, n, timeout_ms);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

int spawn_poll(int fd, int timeout_ms)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
			       {.fd = watch_fd, .events = POLLIN}};
	int ret = poll_retry(fds, 2, timeout_ms); /* an fd of -1 is not looked at */

	if (ret <= 0 || fds[0].revents)
		return ret < 0 ? ret : ret > 0;
	watch_fd = -1;
	return -EINTR;
}

static int reap(pid_t pid, int *status)
{
	int code = 0, tries;

	/* a child must not stay behind because one wait failed */
	for (tries = 0; tries < 5; tries++) {
		do {
			code = waitpid(pid, status, 0) < 0 ? -errno : 0;
		} while (code == -EINTR);
		if (!code)
			break;
	}
	return code;
}

void spawn_kill(pid_t pid)
{
	int status;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL); /* should it have left its group */
	reap(pid, &status);
}

static int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

/* The child has its second's time; pidfd < 0 = nobody tells when it ended. */
static void stop(pid_t pid, int pidfd)
{
	struct pollfd pfd = {.fd = pidfd, .events = POLLIN};

	kill(-pid, SIGTERM);
	kill(pid, SIGTERM);
	if (pidfd >= 0)
		poll_retry(&pfd, 1, STOP_MS);
	/* not reaped yet, so the number is still its own */
	spawn_kill(pid);
}

void spawn_stop(pid_t pid)
{
	int pidfd = open_pidfd(pid);

	stop(pid, pidfd);
	if (pidfd >= 0)
		close(pidfd);
}

int spawn_wait(pid_t pid, int *status)
{
	return spawn_wait_for(pid, -1, status);
}

int spawn_wait_for(pid_t pid, int timeout_ms, int *status)
{
	int pidfd, code;

	if (timeout_ms < 0 && watch_fd < 0)
		return reap(pid, status);
	pidfd = open_pidfd(pid);
	/* SIGCHLD is ignored: reap() says what that means; or nothing but a signal could
	 * end the wait: then it goes on without that */
	if (pidfd == -ESRCH || (pidfd < 0 && timeout_ms < 0))
		return reap(pid, status);
	if (pidfd < 0) {
		spawn_kill(pid);
		return pidfd;
	}
	code = spawn_poll(pidfd, timeout_ms);
	if (code == -EINTR)
		stop(pid, pidfd);
	close(pidfd);
	if (code == 1)
		return reap(pid, status);
	if (code != -EINTR)
		spawn_kill(pid);
	return code ? code : -ETIMEDOUT;
}

void spawn_describe(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
}
