/* SPDX-License-Identifier: BSD-2-Clause */
/* rtt: UDP round trips, one request in flight, between a client and an echo server. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/bench_clock.h"

enum { PORT = 7777, SIZE_MAX_ = 65507, SIZE_MIN = 8, WAIT_MS = 500 };

struct rtt {
	const char *server; /* NULL: be the server */
	bool is_server;
	double port, size, count, warmup, gap_us;
	int fd;
	uint64_t lost;
	uint32_t *ns; /* one per measured round trip */
	unsigned n;
};

static uint8_t buf[SIZE_MAX_ + 1];

static int usage(void)
{
	fputs("usage: rtt --server [--port N]\n"
	      "       rtt --client ADDR [--port N] [--count N] [--size BYTES] [--gap-us "
	      "G] [--warmup N]\n"
	      "ADDR is IPv4 or IPv6. The gap is silence between an answer and the next "
	      "request.\n"
	      "The server prints \"ready\" and runs until SIGTERM; the client prints one "
	      "line of JSON,\n"
	      "times in microseconds.\n",
	      stderr);
	return 64;
}

static bool parse(struct rtt *r, int argc, char **argv)
{
	static const struct option options[] = {
		{"server", 0, 0, 's'}, {"client", 1, 0, 'c'},
		{"port", 1, 0, 'p'},   {"count", 1, 0, 'n'},
		{"size", 1, 0, 'z'},   {"gap-us", 1, 0, 'g'},
		{"warmup", 1, 0, 'w'}, {0},
	};
	int opt;
	bool good = true;

	while (good && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			r->is_server = true;
			break;
		case 'c':
			r->server = optarg;
			break;
		case 'p':
			good = bench_clock_number(optarg, 1, 65535, &r->port);
			break;
		case 'n':
			good = bench_clock_number(optarg, 1, 1e8, &r->count);
			break;
		case 'z':
			good = bench_clock_number(optarg, SIZE_MIN, SIZE_MAX_, &r->size);
			break;
		case 'g':
			good = bench_clock_number(optarg, 0, 1e7, &r->gap_us);
			break;
		case 'w':
			good = bench_clock_number(optarg, 0, 1e8, &r->warmup);
			break;
		default:
			good = false;
		}
	}
	return good && optind == argc && r->is_server == !r->server;
}

static int fail(const char *what)
{
	fprintf(stderr, "rtt: %s: %s\n", what, strerror(errno));
	return 71;
}

/* One IPv6 socket serves both families. */
static int serve(struct rtt *r)
{
	struct sockaddr_in6 me = {.sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)r->port)};
	struct sockaddr_in me4 = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)r->port)};
	struct sockaddr_storage peer;
	socklen_t len;
	int off = 0;
	ssize_t n;

	r->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r->fd >= 0) {
		setsockopt(r->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		if (bind(r->fd, (struct sockaddr *)&me, sizeof(me)) < 0)
			return fail("bind");
	} else { /* a kernel or namespace without IPv6 */
		r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (r->fd < 0 || bind(r->fd, (struct sockaddr *)&me4, sizeof(me4)) < 0)
			return fail("bind");
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		len = sizeof(peer);
		n = recvfrom(r->fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);
		if (n >= 0)
			(void)sendto(r->fd, buf, (size_t)n, 0, (struct sockaddr *)&peer,
				     len);
		else if (errno != EINTR)
			return fail("receive");
	}
}

static int dial(struct rtt *r)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)r->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
	struct timeval wait = {.tv_usec = WAIT_MS * 1000};
	bool is_v6 = inet_pton(AF_INET6, r->server, &v6.sin6_addr) == 1;
	struct sockaddr *to = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;

	if (!is_v6 && inet_pton(AF_INET, r->server, &v4.sin_addr) != 1) {
		errno = EINVAL;
		return fail(r->server);
	}
	r->fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r->fd < 0 || connect(r->fd, to, is_v6 ? sizeof(v6) : sizeof(v4)) < 0 ||
	    setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		return fail(r->server);
	return 0;
}

/* One round trip; its nanoseconds, or 0 when no answer came in time. */
static uint64_t ask(struct rtt *r, uint64_t seq)
{
	uint64_t start = bench_clock_ns(), got;
	ssize_t n;

	memcpy(buf, &seq, sizeof(seq));
	if (send(r->fd, buf, (size_t)r->size, 0) < 0)
		return 0;
	do {
		n = recv(r->fd, buf, sizeof(buf), 0);
		if (n < 0)
			return 0;
		memcpy(&got, buf, sizeof(got));
	} while (n != (ssize_t)r->size || got != seq); /* the late answer of a lost one */
	return bench_clock_ns() - start;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double at(const struct rtt *r, double part)
{
	unsigned i = (unsigned)(part * (r->n - 1) + 0.5);

	return r->n ? (double)r->ns[i] / 1e3 : 0;
}

static int measure(struct rtt *r)
{
	uint64_t i, start, sum = 0, total = (uint64_t)(r->warmup + r->count);
	double seconds;

	r->ns = calloc((size_t)r->count, sizeof(*r->ns));
	if (!r->ns)
		return fail("memory");
	if (dial(r))
		return 71;
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	start = bench_clock_ns();
	for (i = 0; i < total && r->lost < 100; i++) {
		uint64_t ns = ask(r, i + 1);

		if (i < (uint64_t)r->warmup)
			continue;
		if (!ns)
			r->lost++;
		else
			r->ns[r->n++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
		sum += ns;
		if (r->gap_us > 0)
			bench_clock_sleep_until(bench_clock_ns() +
						(uint64_t)(r->gap_us * 1e3));
	}
	seconds = (double)(bench_clock_ns() - start) / 1e9;
	qsort(r->ns, r->n, sizeof(*r->ns), by_value);
	printf("{\"count\": %u, \"lost\": %llu, \"size\": %.0f, \"gap_us\": %.0f, "
	       "\"seconds\": %.3f, \"min\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": "
	       "%.1f, "
	       "\"p99.9\": %.1f, \"max\": %.1f, \"mean\": %.1f}\n",
	       r->n, (unsigned long long)r->lost, r->size, r->gap_us, seconds, at(r, 0),
	       at(r, 0.5), at(r, 0.9), at(r, 0.99), at(r, 0.999), at(r, 1),
	       r->n ? (double)sum / r->n / 1e3 : 0);
	return r->n ? 0 : 69;
}

int main(int argc, char **argv)
{
	struct rtt r = {
		.port = PORT, .size = 64, .count = 20000, .warmup = 200, .fd = -1};
	int rc;

	if (!parse(&r, argc, argv))
		return usage();
	rc = r.is_server ? serve(&r) : measure(&r);
	if (r.fd >= 0)
		close(r.fd);
	free(r.ns);
	return rc;
}
