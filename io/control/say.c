/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for a person, on standard error: bounded in time and in number. */
#include "io/control/say.h"

#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE_ROOM = 1280, COST = 1000 / SAY_PER_SECOND /* milliseconds */ };

/*
 * How it works: each line costs COST milliseconds of a purse that time fills,
 * up to SAY_BURST lines. A reader that let us wait once is not waited for
 * again until it has read: else many lines would add up to a long wait.
 */
static struct {
	bool has_begun, is_stuck;
	int64_t purse, seen; /* milliseconds */
	unsigned lost;
} state;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool pay(void)
{
	const int64_t full = (int64_t)SAY_BURST * COST;
	int64_t now = now_ms();

	state.purse = state.has_begun ? state.purse + now - state.seen : full;
	if (state.purse > full)
		state.purse = full;
	state.has_begun = true;
	state.seen = now;
	if (state.purse < COST)
		return false;
	state.purse -= COST;
	return true;
}

/*
 * A terminal polls as writable with a single byte of room, and a longer write
 * then waits. An open file of our own does not, and leaves the flags of the one
 * we share alone.
 */
static ssize_t put_tty(int fd, const char *text, size_t len)
{
	char path[32];
	int own, code;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return write(fd, text, len);
	n = write(own, text, len);
	code = errno;
	close(own);
	errno = code;
	return n;
}

ssize_t say_some(int fd, const char *text, size_t len)
{
	ssize_t n;

	if (len > PIPE_BUF)
		len = PIPE_BUF;
	n = send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0 || errno != ENOTSOCK)
		return n;
	return isatty(fd) ? put_tty(fd, text, len) : write(fd, text, len);
}

/* Was all of it written within the time? */
static bool put(const char *text, size_t len, int patience_ms)
{
	int64_t end = now_ms() + (state.is_stuck ? 0 : patience_ms);

	state.is_stuck = true;
	while (len) {
		struct pollfd pfd = {.fd = STDERR_FILENO, .events = POLLOUT};
		int64_t left = end - now_ms();
		int ready = poll(&pfd, 1, left > 0 ? (int)left : 0);
		ssize_t n = ready > 0 ? say_some(STDERR_FILENO, text, len) : -1;

		if (ready == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n < 0 && left <= 0)
			return false;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	state.is_stuck = false;
	return true;
}

static bool put_line(const char *text, int patience_ms)
{
	char line[LINE_ROOM];
	int len = snprintf(line, sizeof(line) - 1, "ringway: %s", text);

	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	for (int i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	return put(line, (size_t)len, patience_ms);
}

static bool tell_lost(int patience_ms)
{
	char text[128];

	if (state.lost == 0)
		return true;
	snprintf(text, sizeof(text),
		 "%u line%s lost here: too many at once, or nobody read them", state.lost,
		 state.lost == 1 ? " was" : "s were");
	if (!put_line(text, patience_ms))
		return false;
	state.lost = 0;
	return true;
}

void say_line(const char *text)
{
	if (!pay() || !tell_lost(SAY_PATIENCE_MS) || !put_line(text, SAY_PATIENCE_MS))
		state.lost++;
}

void say_fmt(const char *fmt, ...)
{
	char text[LINE_ROOM];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say_line(text);
}

void say_last(const char *text)
{
	state.is_stuck = false;
	if (!tell_lost(SAY_LAST_MS) || !put_line(text, SAY_LAST_MS))
		state.lost++;
}

void say_lost(void)
{
	/* it costs a line, so that a storm is told of once in a while only */
	if (state.lost && pay())
		tell_lost(0);
}
