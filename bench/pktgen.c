/* SPDX-License-Identifier: BSD-2-Clause */
/* pktgen: numbered UDP frames out of an interface of this namespace, paced or flat out.
 */
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "bench/bench_frame.h"

enum { BATCH = 64, PACE_NS = 50000, LATE_MAX_NS = 10000000 };

struct gen {
	int fd;
	const char *ifname;
	struct bench_frame_wish frame;
	unsigned n_flows, burst; /* burst: frames per pace step, 0 = chosen */
	double rate;		 /* frames per second, 0 = flat out */
	double seconds;
	uint64_t count; /* 0 = no limit */
	bool spin;

	uint64_t offered, sent, refused; /* refused: ENOBUFS, the device's ring is full */
	uint64_t late_max_ns, slipped;	 /* slipped: times the schedule was given up */
	uint64_t seq[BENCH_FRAME_FLOWS_MAX];
	uint8_t *slots;
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int usage(void)
{
	fputs("usage: pktgen --if NAME [--size 60] [--flows 64] [--rate PPS|max] "
	      "[--burst N] [--spin]\n"
	      "              [--seconds S] [--count N] [--dst-mac M] [--src-mac M] "
	      "[--dst IP] [--src IP]\n"
	      "Sends numbered UDP frames (size without FCS); ends with one line of "
	      "JSON.\n",
	      stderr);
	return 64;
}

static bool parse_mac(const char *text, uint8_t *mac)
{
	unsigned v[6], i;
	char more;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &v[0], &v[1], &v[2], &v[3], &v[4],
		   &v[5], &more) != 6)
		return false;
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)v[i];
	return true;
}

static bool set_number(struct gen *g, int opt, double n)
{
	switch (opt) {
	case 's':
		g->frame.len = (unsigned)n;
		return n >= BENCH_FRAME_LEN_MIN && n <= BENCH_FRAME_LEN_MAX;
	case 'f':
		g->n_flows = (unsigned)n;
		return n >= 1 && n <= BENCH_FRAME_FLOWS_MAX;
	case 'r':
		g->rate = n;
		return n >= 1;
	case 'b':
		g->burst = (unsigned)n;
		return n >= 1 && n <= BATCH;
	case 't':
		g->seconds = n;
		return n > 0;
	default:
		g->count = (uint64_t)n;
		return n >= 1;
	}
}

static bool set(struct gen *g, int opt, const char *text)
{
	double n;

	switch (opt) {
	case 'i':
		g->ifname = text;
		return true;
	case 'p':
		g->spin = true;
		return true;
	case 'D':
		return parse_mac(text, g->frame.dst_mac);
	case 'S':
		return parse_mac(text, g->frame.src_mac);
	case 'd':
		return inet_pton(AF_INET, text, &g->frame.dst_ip) == 1;
	case 'u':
		return inet_pton(AF_INET, text, &g->frame.src_ip) == 1;
	case 'r':
		if (!strcmp(text, "max"))
			return true;
		break;
	case '?':
		return false;
	}
	return bench_clock_number(text, 0, 1e15, &n) && set_number(g, opt, n);
}

static bool parse(struct gen *g, int argc, char **argv)
{
	static const struct option options[] = {
		{"if", 1, 0, 'i'},
		{"size", 1, 0, 's'},
		{"flows", 1, 0, 'f'},
		{"rate", 1, 0, 'r'},
		{"burst", 1, 0, 'b'},
		{"seconds", 1, 0, 't'},
		{"count", 1, 0, 'n'},
		{"dst-mac", 1, 0, 'D'},
		{"src-mac", 1, 0, 'S'},
		{"dst", 1, 0, 'd'},
		{"src", 1, 0, 'u'},
		{"spin", 0, 0, 'p'},
		{0},
	};
	int opt;

	/* a MAC that nobody has: what a sink does not take is dropped early in ip_rcv */
	parse_mac("02:52:57:00:00:02", g->frame.dst_mac);
	parse_mac("02:52:57:00:00:01", g->frame.src_mac);
	inet_pton(AF_INET, "198.18.0.1", &g->frame.src_ip); /* RFC 2544's network */
	inet_pton(AF_INET, "198.18.0.2", &g->frame.dst_ip);
	g->frame.len = BENCH_FRAME_LEN_MIN;
	g->frame.run = (uint32_t)(bench_clock_ns() ^ (uint64_t)getpid() << 20);
	g->n_flows = 64;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!set(g, opt, optarg)) {
			if (opt != '?')
				fprintf(stderr, "pktgen: '%s' does not fit there\n",
					optarg);
			return false;
		}
	return g->ifname && optind == argc && (g->seconds > 0 || g->count);
}

/* 0 or a negative errno, told. */
static int gen_open(struct gen *g)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET};
	int i, one = 1;

	ll.sll_ifindex = (int)if_nametoindex(g->ifname);
	g->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC,
		       0); /* protocol 0: receives nothing */
	if (!ll.sll_ifindex || g->fd < 0 ||
	    bind(g->fd, (struct sockaddr *)&ll, sizeof(ll)) < 0 ||
	    setsockopt(g->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0) {
		fprintf(stderr, "pktgen: %s: %s\n", g->ifname, strerror(errno));
		return -errno;
	}
	g->slots = calloc(BATCH, g->frame.len);
	if (!g->slots)
		return -ENOMEM;
	for (i = 0; i < BATCH; i++) {
		bench_frame_init(g->slots + (size_t)i * g->frame.len, &g->frame);
		g->iov[i].iov_base = g->slots + (size_t)i * g->frame.len;
		g->iov[i].iov_len = g->frame.len;
		g->msg[i].msg_hdr.msg_iov = &g->iov[i];
		g->msg[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

/* Send n <= BATCH frames, each offered once; 0, or a negative errno that is not a full
 * ring. */
static int gen_burst(struct gen *g, unsigned n)
{
	unsigned i, done = 0;
	int rc;

	for (i = 0; i < n; i++) {
		unsigned flow = (unsigned)((g->offered + i) % g->n_flows);

		bench_frame_number(g->iov[i].iov_base, flow, g->seq[flow]++);
	}
	g->offered += n;
	while (done < n) {
		rc = sendmmsg(g->fd, g->msg + done, n - done, 0);
		if (rc < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (rc > 0) {
			g->sent += (unsigned)rc;
			done += (unsigned)rc;
		}
		/* the kernel ended early: the next frame was refused, and is not sent
		 * again */
		if (done < n && !(rc < 0 && errno == EINTR)) {
			g->refused++;
			done++;
		}
	}
	return 0;
}

static void pace(struct gen *g, uint64_t *next, double step)
{
	uint64_t now = bench_clock_ns();

	if (now < *next) {
		if (!g->spin)
			bench_clock_sleep_until(*next);
		while (bench_clock_ns() < *next)
			;
	} else if (now - *next > LATE_MAX_NS) {
		*next = now; /* far behind: a long burst to catch up would be no steady
				load */
		g->slipped++;
	} else if (now - *next > g->late_max_ns) {
		g->late_max_ns = now - *next;
	}
	*next += (uint64_t)step;
}

static int gen_run(struct gen *g)
{
	uint64_t start = bench_clock_ns(), next = start;
	uint64_t end = g->seconds > 0 ? start + (uint64_t)(g->seconds * 1e9) : UINT64_MAX;
	double step;
	int rc = 0;

	if (!g->rate)
		g->burst = BATCH;
	else if (!g->burst) /* a step each 50 us; 1 to 8 frames up to 160 kpps */
		g->burst = (unsigned)(g->rate * PACE_NS / 1e9) + 1;
	if (g->burst > BATCH)
		g->burst = BATCH;
	step = g->rate ? 1e9 * g->burst / g->rate : 0;

	while (!stop && !rc && bench_clock_ns() < end) {
		unsigned n = g->burst;

		if (g->count && g->count - g->offered < n)
			n = (unsigned)(g->count - g->offered);
		if (!n)
			break;
		if (g->rate)
			pace(g, &next, step);
		rc = gen_burst(g, n);
	}
	g->seconds = (double)(bench_clock_ns() - start) / 1e9;
	if (rc)
		fprintf(stderr, "pktgen: %s: send: %s\n", g->ifname, strerror(-rc));
	return rc;
}

int main(int argc, char **argv)
{
	static struct gen g = {.fd = -1};
	struct sigaction sa = {.sa_handler = on_signal};
	int rc;

	if (!parse(&g, argc, argv))
		return usage();
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	if (gen_open(&g) < 0)
		return 71;
	rc = gen_run(&g);
	printf("{\"offered\": %llu, \"sent\": %llu, \"refused\": %llu, \"seconds\": "
	       "%.6f, "
	       "\"pps\": %.0f, \"size\": %u, \"flows\": %u, \"burst\": %u, "
	       "\"late_max_us\": %.1f, \"slipped\": %llu, \"run\": %u}\n",
	       (unsigned long long)g.offered, (unsigned long long)g.sent,
	       (unsigned long long)g.refused, g.seconds,
	       g.seconds > 0 ? (double)g.sent / g.seconds : 0, g.frame.len, g.n_flows,
	       g.burst, (double)g.late_max_ns / 1e3, (unsigned long long)g.slipped,
	       g.frame.run);
	close(g.fd);
	free(g.slots);
	return rc ? 71 : 0;
}
