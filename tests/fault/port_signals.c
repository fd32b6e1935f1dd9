/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting: a signal ends it for scripts and helpers; a busy device is waited for. */
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>

#include "io/port/spawn.h"
#include "tests/fault/fault_run.h"

static struct port_spec spec;
static struct port port;
static char folder[] = "/tmp/ringway-signals-XXXXXX";

static void path_of(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

/* This program as a helper that tells its parent, and does not end by itself. */
__attribute__((noreturn)) static void be_helper(int argc, char **argv, const char *what)
{
	int sock = -1, fd, i;

	for (i = 1; i < argc; i++)
		sscanf(argv[i], "--fd=%d", &sock);
	if (!strcmp(what, "late")) {
		fd = fault_tap("h0", FAULT_VNET);
		fault_send_fds(sock, &fd, 1);
	}
	kill(getppid(), SIGTERM);
	for (;;)
		pause();
}

static int block_and_watch(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	fault_must(sigprocmask(SIG_BLOCK, &set, NULL) == 0, "sigprocmask");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	fault_must(fd >= 0, "signalfd");
	spawn_watch(fd);
	return fd;
}

/* The signal is still there for its owner. */
static void check_signal(int fd)
{
	struct signalfd_siginfo si;

	CHECK(read(fd, &si, sizeof(si)) == sizeof(si) && si.ssi_signo == SIGTERM);
}

/* The whole group is gone: nobody holds the device any more. */
static void check_gone(const char *name)
{
	const struct timespec pause_for = {.tv_nsec = 1000000};
	int i;

	for (i = 0; i < 30000 && if_nametoindex(name); i++)
		nanosleep(&pause_for, NULL);
	CHECK(!if_nametoindex(name));
}

static void wish_script(char to[PATH_MAX], const char *name, const char *text)
{
	path_of(to, name);
	fault_write_file(to, text);
}

static void script_interrupted(void)
{
	int fd = block_and_watch();

	fault_spec(&spec, "s0", 1);
	wish_script(spec.script, "script",
		    "#!/bin/sh\nkill -TERM $PPID\nexec sleep 600\n");
	CHECK_REFUSED(&spec, -EINTR,
		      "interrupted by a signal while waiting for the script");
	check_gone("s0");
	check_signal(fd);
	/* one that hears no SIGTERM, with a child */
	wish_script(spec.script, "script",
		    "#!/bin/sh\ntrap '' TERM\nkill -TERM $PPID\nsleep 600\nsleep 600\n");
	spawn_watch(fd);
	CHECK_REFUSED(&spec, -EINTR, "interrupted by a signal");
	check_gone("s0");
	check_signal(fd);
	close(fd);
}

static void script_goes_on(void)
{
	int fd = block_and_watch();
	struct err e = {0};

	fault_spec(&spec, "s0", 1);
	wish_script(spec.script, "script", "#!/bin/sh\nexit 0\n");
	OPEN(&port, &spec);
	CHECK(port_close(&port, NULL) == 0);
	wish_script(spec.script, "script", "#!/bin/sh\nexit 3\n");
	CHECK_REFUSED(&spec, -ECHILD, "exited with status 3");
	/* interrupted once, the roll-back's programs run in peace */
	fault_must(kill(getpid(), SIGTERM) == 0, "kill");
	wish_script(spec.script, "script", "#!/bin/sh\nexec sleep 600\n");
	CHECK_REFUSED(&spec, -EINTR, "interrupted by a signal");
	spec.script[0] = '\0';
	wish_script(spec.downscript, "script", "#!/bin/sh\nexit 0\n");
	OPEN(&port, &spec);
	CHECK(port_close(&port, &e) == 0);
	check_signal(fd);
	close(fd);
}

static void downscript_interrupted(void)
{
	int fd = block_and_watch();
	struct err e = {0};

	fault_spec(&spec, "s0", 1);
	wish_script(spec.downscript, "script",
		    "#!/bin/sh\nkill -TERM $PPID\nexec sleep 600\n");
	OPEN(&port, &spec);
	CHECK(port_close(&port, &e) == -EINTR && strstr(e.text, "downscript="));
	check_gone("s0");
	check_signal(fd);
	spawn_watch(fd);
	OPEN(&port, &spec);
	port_abort(&port, &e);
	CHECK(e.code == -EINTR);
	check_gone("s0");
	close(fd);
}

static void helper_interrupted(void)
{
	static const char *const kinds[] = {"early", "late"};
	int fd = block_and_watch(), i;

	for (i = 0; i < 2; i++) {
		fault_spec(&spec, "", 1);
		fault_helper_path(spec.helper, folder, kinds[i]);
		spawn_watch(fd);
		CHECK_REFUSED(&spec, -EINTR,
			      "interrupted by a signal while waiting for the helper");
		check_gone("h0");
		check_signal(fd);
	}
	close(fd);
}

/* --- a device that is busy for a while ----------------------------------------- */

/* Has this process gone to sleep between two tries? */
static bool is_pausing(pid_t pid)
{
	char path[64];
	long nr = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%ld", &nr) != 1)
		nr = -1;
	fclose(f);
	return nr == SYS_clock_nanosleep || nr == SYS_nanosleep;
}

/* A child that has the device open until its parent is waiting for that. */
static pid_t hold(const char *name, bool for_ever)
{
	pid_t me = getpid(), pid;
	int ready[2], fd;
	char byte = 0;

	fault_must(pipe2(ready, O_CLOEXEC) == 0, "pipe");
	pid = fork();
	fault_must(pid >= 0, "fork");
	if (pid == 0) {
		alarm(60);
		fd = fault_tap(name, 0);
		fault_must(write(ready[1], &byte, 1) == 1, "write");
		while (for_ever || !is_pausing(me))
			sched_yield();
		close(fd);
		_exit(0);
	}
	fault_must(read(ready[0], &byte, 1) == 1, "read");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void busy_for_a_while(void)
{
	pid_t pid;

	fault_persistent("b0", 0);
	pid = hold("b0", false);
	fault_spec(&spec, "b0", 1);
	OPEN(&port, &spec);
	fault_must(waitpid(pid, NULL, 0) == pid, "waitpid");
	CHECK(port_close(&port, NULL) == 0);
}

static void busy_for_ever(void)
{
	char words[64];
	pid_t pid;

	fault_persistent("b0", 0);
	pid = hold("b0", true);
	fault_spec(&spec, "b0", 1);
	snprintf(words, sizeof(words), "already open (by process %d,", pid);
	CHECK_REFUSED(&spec, -EBUSY, words);
	kill(pid, SIGKILL);
	fault_must(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static const char *no_syscall_file(void)
{
	return access("/proc/self/syscall", R_OK) ? "this kernel has no /proc/PID/syscall"
						  : NULL;
}

static const struct fault_test tests[] = {
	{"a signal ends the wait for a script, and the script", script_interrupted, NULL},
	{"a watched signal that does not come, or came once, disturbs nothing",
	 script_goes_on, NULL},
	{"a signal ends the wait for a downscript; all is closed", downscript_interrupted,
	 NULL},
	{"a signal ends the wait for a helper, before and after its fd",
	 helper_interrupted, NULL},
	{"a busy device that is let go soon is opened", busy_for_a_while,
	 no_syscall_file},
	{"a busy device that stays so is told, with its holder", busy_for_ever, NULL},
};

int main(int argc, char **argv)
{
	static const char *const made[] = {"script", "helper-early", "helper-late"};
	const char *what = strstr(argv[0], "helper-");
	char path[PATH_MAX];
	size_t i;
	int ret;

	if (what)
		be_helper(argc, argv, what + strlen("helper-"));
	fault_must(mkdtemp(folder) != NULL, "mkdtemp");
	ret = fault_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		path_of(path, made[i]);
		unlink(path);
	}
	rmdir(folder);
	return ret;
}
