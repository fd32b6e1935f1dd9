/* SPDX-License-Identifier: BSD-2-Clause */
/* Child processes for scripts and helpers. */
#include "io/port/spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

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
	if (code == EACCES)
		return err_set(e, -code,
			       "cannot run %s: %s (is it executable? `chmod +x`)",
			       argv[0], strerror(code));
	if (code)
		return err_set(e, -code, "cannot run %s: %s", argv[0], strerror(code));
	return pid;
}

int spawn_wait(pid_t pid, int *status)
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
	spawn_wait(pid, &status);
}

int spawn_wait_for(pid_t pid, int timeout_ms, int *status)
{
	struct pollfd pfd = {.events = POLLIN};
	int code;

	pfd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pfd.fd < 0) {
		code = -errno;
		spawn_kill(pid);
		return code;
	}
	do {
		code = poll(&pfd, 1, timeout_ms);
	} while (code < 0 && errno == EINTR);
	if (code < 0)
		code = -errno;
	close(pfd.fd);
	if (code == 1)
		return spawn_wait(pid, status);
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
