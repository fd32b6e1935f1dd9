/* SPDX-License-Identifier: BSD-2-Clause */
/* Round trips: the socket of each side, and the clock around one request. */
#include "bench/wire/wire_rtt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "io/port/netns.h"

enum { LOOK_MS = 50 };

struct client {
	const struct wire_rtt_wish *w;
	struct hist *h;
	struct wire_rtt_result *r;
	int fd;
	uint64_t start, told, missed; /* missed: lost ones, of the warm-up too */
	uint8_t buf[WIRE_RTT_SIZE_MAX + 1];
};

void wire_rtt_defaults(struct wire_rtt_wish *w)
{
	*w = (struct wire_rtt_wish){.netns = -1,
				    .port = WIRE_RTT_PORT,
				    .size = 64,
				    .count = 20000,
				    .warmup = 200};
}

static bool is_stopped(const atomic_bool *stop)
{
	return stop && atomic_load_explicit(stop, memory_order_relaxed);
}

static int bound_socket(int family, const struct sockaddr *me, socklen_t len)
{
	/* one call waits and receives; a poll() more would be part of each round trip */
	const struct timeval look = {.tv_usec = LOOK_MS * 1000};
	int off = 0, code, fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &look, sizeof(look));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, me, len) == 0)
		return fd;
	code = -errno;
	close(fd);
	return code;
}

/* One IPv6 socket serves both families. */
static int listen_here(uint16_t port)
{
	struct sockaddr_in6 me6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in me4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = bound_socket(AF_INET6, (struct sockaddr *)&me6, sizeof(me6));

	/* a kernel or namespace without IPv6 */
	if (fd < 0 && fd != -EADDRINUSE && fd != -EACCES)
		fd = bound_socket(AF_INET, (struct sockaddr *)&me4, sizeof(me4));
	return fd;
}

int wire_rtt_listen(const struct wire_rtt_wish *w, struct err *e)
{
	int back, fd, left, rc = netns_enter(w->netns, &back, e);

	if (rc)
		return rc;
	fd = listen_here(w->port);
	left = netns_leave(&back, e);
	if (left && fd >= 0)
		close(fd);
	if (left)
		return left;
	if (fd == -EADDRINUSE)
		return err_set(e, fd, "UDP port %u is in use (--port N takes another)",
			       w->port);
	if (fd < 0)
		return err_set(e, fd, "UDP port %u: %s", w->port, strerror(-fd));
	return fd;
}

int wire_rtt_serve(int fd, const atomic_bool *stop, struct err *e)
{
	static _Thread_local uint8_t buf[WIRE_RTT_SIZE_MAX + 1];
	struct sockaddr_storage peer;
	socklen_t len;
	ssize_t n;

	while (!is_stopped(stop)) {
		len = sizeof(peer);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);
		if (n >= 0)
			(void)sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&peer,
				     len);
		/* an ICMP error about an answer that nobody waited for is no failure */
		else if (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED &&
			 errno != EHOSTUNREACH && errno != ENETUNREACH)
			return err_set(e, -errno, "receiving requests: %s",
				       strerror(errno));
	}
	return 0;
}

static int connect_here(const struct wire_rtt_wish *w, struct err *e)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(w->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
	struct timeval wait = {.tv_usec = WIRE_RTT_WAIT_MS * 1000};
	bool is_v6 = inet_pton(AF_INET6, w->server, &v6.sin6_addr) == 1;
	struct sockaddr *to = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	int fd, code;

	if (!is_v6 && inet_pton(AF_INET, w->server, &v4.sin_addr) != 1)
		return err_usage(e, "'%.60s' is neither an IPv4 nor an IPv6 address",
				 w->server);
	fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, to, is_v6 ? sizeof(v6) : sizeof(v4)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0)
		return fd;
	code = -errno;
	if (fd >= 0)
		close(fd);
	return err_set(e, code, "%s port %u: %s%s", w->server, w->port, strerror(-code),
		       code == -ENETUNREACH ? " (is the interface up, with an address?)"
					    : "");
}

static int dial(const struct wire_rtt_wish *w, struct err *e)
{
	int back, fd, left, rc = netns_enter(w->netns, &back, e);

	if (rc)
		return rc;
	fd = connect_here(w, e);
	left = netns_leave(&back, e);
	if (left && fd >= 0)
		close(fd);
	return left ? left : fd;
}

/* One round trip; its nanoseconds, or 0 when no answer came in time. */
static uint64_t ask(struct client *c, uint64_t seq)
{
	uint64_t start = bench_clock_ns(), got;
	uint64_t limit = start + WIRE_RTT_WAIT_MS * (uint64_t)1000000;
	ssize_t n;

	memcpy(c->buf, &seq, sizeof(seq));
	if (send(c->fd, c->buf, c->w->size, 0) < 0) {
		/* "refused" or the like is told at once: no faster than an answer */
		if (!is_stopped(c->w->stop))
			bench_clock_sleep_until(start + 1000000);
		return 0;
	}
	do {
		n = recv(c->fd, c->buf, sizeof(c->buf), 0);
		if (n < 0 && (errno != EINTR || is_stopped(c->w->stop)))
			return 0;
		if (bench_clock_ns() > limit)
			return 0;
		memcpy(&got, c->buf, sizeof(got));
	} while (n != (ssize_t)c->w->size ||
		 got != seq); /* a late answer of a lost one */
	return bench_clock_ns() - start;
}

/* Silence, and looking at the clock and at stop; false: the end. */
static bool pause_between(struct client *c)
{
	const struct wire_rtt_wish *w = c->w;
	uint64_t now = bench_clock_ns(), until = now + w->gap_ns;

	while (w->gap_ns && now < until && !is_stopped(w->stop)) {
		uint64_t slice = now + LOOK_MS * (uint64_t)1000000;

		bench_clock_sleep_until(until < slice ? until : slice);
		now = bench_clock_ns();
	}
	if (w->progress && now - c->start >= (c->told + 1) * BENCH_CLOCK_S) {
		c->told = (now - c->start) / BENCH_CLOCK_S;
		w->progress(w->arg, c->r->done, (double)(now - c->start) / 1e9);
	}
	return !is_stopped(w->stop) &&
	       (w->seconds <= 0 || (double)(now - c->start) / 1e9 < w->seconds);
}

static void run(struct client *c)
{
	const struct wire_rtt_wish *w = c->w;
	uint64_t i = 0;

	c->start = bench_clock_ns();
	do {
		uint64_t ns = ask(c, ++i);

		if (!ns && !is_stopped(w->stop))
			c->missed++;
		if (ns && i > w->warmup) {
			hist_add(c->h, ns);
			c->r->done++;
		} else if (!ns && i > w->warmup && !is_stopped(w->stop)) {
			c->r->lost++;
		}
	} while (i < w->warmup + w->count && c->missed < WIRE_RTT_LOST_MAX &&
		 pause_between(c));
	c->r->seconds = (double)(bench_clock_ns() - c->start) / 1e9;
}

int wire_rtt_measure(const struct wire_rtt_wish *w, struct hist *h,
		     struct wire_rtt_result *r, struct err *e)
{
	static _Thread_local struct client c;

	*r = (struct wire_rtt_result){0};
	c = (struct client){.w = w, .h = h, .r = r};
	c.fd = dial(w, e);
	if (c.fd < 0)
		return c.fd;
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	run(&c);
	close(c.fd);
	if (!r->done && !is_stopped(w->stop))
		return err_set(
			e, -ETIMEDOUT,
			"%s port %u: no answer to %llu requests (is 'ringway-bench rtt "
			"server' running there?)",
			w->server, w->port, (unsigned long long)c.missed);
	return 0;
}
