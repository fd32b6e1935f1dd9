/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a command works: an open TAP, a namespace, a CPU. */
#include "bench/cli/bench_place.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/port/netns.h"
#include "io/port/value.h"

enum { FD_MAX = 1 << 20 };

int bench_place_fd(const char *word, int *fd, struct err *e)
{
	uint64_t n;

	*fd = -1;
	if (strncmp(word, "fd:", 3))
		return 0;
	if (value_digits(word + 3, strlen(word + 3), FD_MAX, &n) < 0)
		return err_usage(e,
				 "%s: behind fd: stands the whole number of an open TAP",
				 value_show(word).text);
	*fd = (int)n;
	return 0;
}

static int pin(int cpu, struct err *e)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return err_set(e, -errno, "--cpu %d: %s%s", cpu, strerror(errno),
			       errno == EINVAL ? " (there is no such CPU here: see nproc)"
					       : "");
	return 0;
}

int bench_place_enter(const char *netns, int cpu, int *fd, struct err *e)
{
	int rc = pin(cpu, e);

	*fd = -1;
	if (rc || !netns)
		return rc;
	*fd = netns_open(netns, e);
	return *fd < 0 ? *fd : 0;
}

int bench_place_check_cpu(const char *option, int cpu, struct err *e)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (cpu < 0 || sched_getaffinity(0, sizeof(set), &set) < 0 ||
	    CPU_ISSET(cpu, &set))
		return 0;
	return err_set(e, -EINVAL,
		       "%s %d: there is no such CPU here, or this process may not run on "
		       "it (see 'taskset -cp $$')",
		       option, cpu);
}

int bench_place_check_right(struct err *e)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 && errno == EPERM);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status == 0)
		return 0; /* what else is wrong, a trial will say */
	return err_set(e, -EPERM,
		       "this makes network namespaces, and may not: run it as root");
}
