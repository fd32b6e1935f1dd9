/* SPDX-License-Identifier: BSD-2-Clause */
/* say, signals: lines that nobody reads hold nobody up, and stop signals come apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/control/say.h"
#include "io/control/signals.h"

static char text[1 << 17];

/*
 * Standard error is what each of these makes of it for a child, which begins
 * with a full purse; its exit status says whether all went well.
 */
static void in_child(int err_fd, int (*body)(int arg), int arg)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(err_fd, STDERR_FILENO);
		_exit(body(arg));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What is in the pipe or socket now, as a string. */
static void read_text(int fd)
{
	size_t len = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
}

static unsigned count(const char *what)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int say_a_few(int arg)
{
	char longest[3000];

	(void)arg;
	say_fmt("n = %d", 7);
	say_line("two\nlines \033[2J\x7f, caf\xc3\xa9");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	say_line(longest);
	say_last("the end");
	say_lost();
	return 0;
}

static void check_some(int in, int out)
{
	static const char begin[] = "ringway: n = 7\n"
				    "ringway: two?lines ?[2J?, caf\xc3\xa9\n"
				    "ringway: xxx";

	in_child(in, say_a_few, 0);
	read_text(out);
	assert_int_equal(strncmp(text, begin, strlen(begin)), 0);
	assert_int_equal(count("\n"), 4);
	assert_non_null(strstr(text, "x\nringway: the end\n"));
	close(in);
	close(out);
}

static void test_lines(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	check_some(ends[1], ends[0]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	check_some(ends[1], ends[0]);
}

/* Far more than 10 a second: the first hundred, and how many were lost. */
static int storm(int n)
{
	for (int i = 0; i < n; i++)
		say_fmt("line %d.", i);
	say_last("the end");
	return 0;
}

static void test_storm(void **state)
{
	unsigned said, lost;
	const char *told;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, sizeof(text)) > 0);
	in_child(ends[1], storm, 20000);
	read_text(ends[0]);
	said = count("line ");
	told = strstr(text, " lines were lost");
	assert_non_null(told);
	assert_true(said >= SAY_BURST && said < 1000);
	assert_non_null(strstr(text, "line 99."));
	assert_non_null(strstr(told, "ringway: the end\n"));
	for (lost = 0; (told = strstr(text, "lost here")); text[told - text] = '-') {
		const char *num = told;

		while (strncmp(num, "ringway: ", 9) != 0)
			num--;
		lost += (unsigned)strtoul(num + 9, NULL, 10);
	}
	assert_int_equal(said + lost, 20000);
	close(ends[0]);
	close(ends[1]);
}

static void fill(int fd)
{
	static char junk[4096];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, junk, sizeof(junk)) > 0)
		;
	fcntl(fd, F_SETFL, 0);
}

/* Nobody reads: many lines cost one wait, not a wait each. */
static int not_read(int out)
{
	int64_t start = now_ms();

	for (int i = 0; i < 50; i++)
		say_fmt("line %d.", i);
	if (now_ms() - start > 20 * SAY_PATIENCE_MS)
		return 1;
	say_lost();
	/* now somebody reads */
	read_text(out);
	fcntl(out, F_SETFL, 0);
	say_lost();
	say_line("again");
	return 0;
}

static void check_not_read(int in, int out)
{
	fill(in);
	in_child(in, not_read, out);
	read_text(out);
	assert_int_equal(strncmp(text, "ringway: 50 lines were lost here", 32), 0);
	assert_non_null(strstr(text, "\nringway: again\n"));
	assert_int_equal(count("\n"), 2);
	close(in);
	close(out);
}

static void test_not_read(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	check_not_read(ends[1], ends[0]);
}

static int say_nowhere(int arg)
{
	(void)arg;
	signal(SIGPIPE, SIG_IGN);
	say_line("lost");
	say_last("lost");
	say_lost();
	return 0;
}

static void test_nowhere(void **state)
{
	int full = open("/dev/full", O_WRONLY), ends[2];

	(void)state;
	in_child(full, say_nowhere, 0);
	close(full);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	in_child(ends[1], say_nowhere, 0);
	close(ends[1]);
}

/* --- signals ------------------------------------------------------------------------ */

static bool is_readable(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return poll(&pfd, 1, 0) == 1;
}

static int take_signals(int arg)
{
	struct signals s;
	struct err e;

	(void)arg;
	signal(SIGCHLD, SIG_IGN);
	signals_init(&s);
	signals_close(&s);
	if (signals_open(&s, &e) != 0 || signal(SIGCHLD, SIG_DFL) != SIG_DFL)
		return 1;
	if (signals_stop(&s) || signals_other(&s))
		return 2;
	/* the others are no reason to end a wait for a script */
	raise(SIGHUP);
	raise(SIGUSR2);
	if (is_readable(s.stop_fd) || !is_readable(s.other_fd))
		return 3;
	raise(SIGTERM);
	if (!is_readable(s.stop_fd) || signals_stop(&s) != SIGTERM)
		return 4;
	raise(SIGINT);
	if (signals_stop(&s) != SIGTERM || is_readable(s.stop_fd) ||
	    s.stopped_by != SIGTERM)
		return 5;
	if (signals_other(&s) != SIGHUP || signals_other(&s) != SIGUSR2 ||
	    signals_other(&s) != 0)
		return 6;
	signals_close(&s);
	signals_close(&s);
	return s.stop_fd == -1 && s.other_fd == -1 ? 0 : 7;
}

static void test_signals(void **state)
{
	(void)state;
	in_child(STDERR_FILENO, take_signals, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	 cmocka_unit_test(test_storm),
		cmocka_unit_test(test_not_read), cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
