/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pktsink: counts pktgen's frames as they arrive at an interface: by a BPF
 * program that takes them out at tc ingress, or through an AF_PACKET ring
 * where BPF is not permitted and to check loss, duplicates and order.
 */
#include <getopt.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "bench/bench_clock.h"
#include "bench/bpf_count.h"
#include "bench/flow_check.h"
#include "bench/packet_ring.h"

enum { SAMPLE_MS = 50 };

struct sink {
	const char *ifname, *mode;
	bool verify, no_bpf;
	double seconds; /* 0 = until a signal */
	int signals;
	struct bpf_count bpf;
	struct packet_ring ring;

	uint64_t received, bytes, ring_lost;
	uint64_t start_ns, end_ns;
	uint64_t first_ns, last_ns; /* of the samples between which frames came */
	uint64_t first_received;
	struct flow_check check;
};

static int usage(void)
{
	fputs("usage: pktsink --if NAME [--seconds S] [--verify | --no-bpf]\n"
	      "Counts pktgen's frames until SIGTERM or for S seconds; \"ready\", then "
	      "one line of JSON\n"
	      "(SIGUSR1: one more such line). --verify: loss, duplicates, order in each "
	      "flow.\n",
	      stderr);
	return 64;
}

static bool parse(struct sink *s, int argc, char **argv)
{
	static const struct option options[] = {
		{"if", 1, 0, 'i'},
		{"seconds", 1, 0, 't'},
		{"verify", 0, 0, 'v'},
		{"no-bpf", 0, 0, 'n'},
		{0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'i')
			s->ifname = optarg;
		else if (opt == 'v')
			s->verify = true;
		else if (opt == 'n')
			s->no_bpf = true;
		else if (opt == '?' ||
			 !bench_clock_number(optarg, 0.001, 1e6, &s->seconds))
			return false;
	}
	return s->ifname && optind == argc;
}

static void take(void *arg, const uint8_t *frame, uint32_t seen_len, uint32_t len)
{
	struct sink *s = arg;
	uint32_t run;
	unsigned flow;
	uint64_t seq;

	if (!bench_frame_parse(frame, seen_len, &run, &flow, &seq))
		return;
	s->received++;
	s->bytes += len;
	if (s->verify)
		flow_check_take(&s->check, run, flow, seq);
}

static void sample(struct sink *s)
{
	uint64_t before = s->received, now;

	if (s->ring.fd >= 0) {
		packet_ring_reap(&s->ring, take, s);
		s->ring_lost += packet_ring_lost(&s->ring);
	} else {
		struct bpf_count_value v = bpf_count_read(&s->bpf);

		s->received = v.packets;
		s->bytes = v.bytes;
	}
	now = bench_clock_ns();
	s->end_ns = now;
	if (s->received == before)
		return;
	if (!s->first_ns) {
		s->first_ns = now;
		s->first_received = s->received;
	}
	s->last_ns = now;
}

static void report(const struct sink *s)
{
	double active = (double)(s->last_ns - s->first_ns) / 1e9;

	printf("{\"mode\": \"%s\", \"received\": %llu, \"bytes\": %llu, \"seconds\": "
	       "%.6f, "
	       "\"pps\": %.0f",
	       s->mode, (unsigned long long)s->received, (unsigned long long)s->bytes,
	       (double)(s->end_ns - s->start_ns) / 1e9,
	       active > 0 ? (double)(s->received - s->first_received) / active : 0);
	if (s->ring.fd >= 0)
		printf(", \"ring_lost\": %llu", (unsigned long long)s->ring_lost);
	if (s->verify)
		printf(", \"flows\": %u, \"lost\": %llu, \"duplicates\": %llu, "
		       "\"out_of_order\": %llu, \"other_runs\": %llu",
		       flow_check_n_flows(&s->check),
		       (unsigned long long)flow_check_lost(&s->check),
		       (unsigned long long)s->check.duplicates,
		       (unsigned long long)s->check.out_of_order,
		       (unsigned long long)s->check.other_runs);
	puts("}");
	fflush(stdout);
}

/* Wait for a signal, ring blocks or the next sample; true = the end has come. */
static bool sink_wait(struct sink *s)
{
	struct pollfd p[2] = {{.fd = s->signals, .events = POLLIN},
			      {.fd = s->ring.fd, .events = POLLIN}};
	struct signalfd_siginfo info;

	poll(p, 2, SAMPLE_MS);
	if (p[0].revents &&
	    read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGUSR1)
			return true;
		sample(s);
		report(s);
	}
	return s->seconds > 0 &&
	       (double)(bench_clock_ns() - s->start_ns) / 1e9 >= s->seconds;
}

static int sink_open(struct sink *s, struct err *e)
{
	int rc, ifindex = (int)if_nametoindex(s->ifname);

	if (!ifindex)
		return err_set(e, -ENODEV, "%s: no such interface in this namespace",
			       s->ifname);
	if (!s->verify && !s->no_bpf) {
		s->mode = "bpf";
		rc = bpf_count_open(&s->bpf, ifindex, e);
		if (!rc)
			return 0;
		fprintf(stderr, "pktsink: no BPF (%s): counting with AF_PACKET\n",
			e->text);
	}
	s->mode = s->verify ? "verify" : "ring";
	return packet_ring_open(&s->ring, ifindex, e);
}

int main(int argc, char **argv)
{
	static struct sink s;
	struct err e = {0};
	sigset_t set;

	bpf_count_init(&s.bpf);
	packet_ring_init(&s.ring);
	if (!parse(&s, argc, argv))
		return usage();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s.signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (s.signals < 0 || sink_open(&s, &e) < 0) {
		fprintf(stderr, "pktsink: %s\n",
			s.signals < 0 ? strerror(errno) : e.text);
		return 71;
	}
	puts("ready");
	fflush(stdout);
	s.start_ns = bench_clock_ns();
	while (!sink_wait(&s))
		sample(&s);
	if (s.ring.fd >= 0) /* the block being filled is ours only after its time */
		usleep(2 * 20 * 1000);
	sample(&s);
	report(&s);
	bpf_count_close(&s.bpf);
	packet_ring_close(&s.ring);
	close(s.signals);
	return 0;
}
