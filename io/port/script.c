/* SPDX-License-Identifier: BSD-2-Clause */
/* Running the script and downscript of a TAP. */
#include "io/port/script.h"

#include <errno.h>
#include <string.h>

#include "io/port/spawn.h"

int script_run(const char *option, const char *path, const char *ifname, int tap_fd,
	       struct err *e)
{
	char *argv[] = {(char *)path, (char *)ifname, NULL};
	int pid, code, status = 0;
	char end[64];

	pid = spawn_start(argv, tap_fd, e);
	if (pid < 0) {
		err_prefix(e, "%s=", option);
		return pid;
	}
	code = spawn_wait(pid, &status);
	if (code == -EINTR)
		return err_set(
			e, code,
			"%s=%s: interrupted by a signal while waiting for the script "
			"to end for %s (it was ended too)",
			option, path, ifname);
	if (code)
		return err_set(
			e, code,
			"%s=%s: its exit status was lost: %s (is SIGCHLD ignored?)",
			option, path, strerror(-code));
	if (!status)
		return 0;
	spawn_describe(status, end, sizeof(end));
	return err_set(e, -ECHILD,
		       "%s=%s: the script %s for %s (run `%s %s` by hand to see why)",
		       option, path, end, ifname, path, ifname);
}
