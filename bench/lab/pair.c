/* SPDX-License-Identifier: BSD-2-Clause */
/* The traffic of one pair of ports. */
#include "bench/lab/pair.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECEIVE_POLL_MS = 10, CHECK_WINDOW = 65536 };

void pair_init(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	p->gen_cpu = -1;
}

/* The frames' addresses are those of the ends, unless asked for otherwise. */
static int make_spec(struct pair *p, struct lab *l, unsigned port, uint16_t run,
		     struct err *e)
{
	const char *words = p->wish->frames ? p->wish->frames : "flows=64";
	const uint8_t *to = lab_end_mac(l, port + 1), *from = lab_end_mac(l, port);
	char more[160] = "", *text;
	size_t n = 0;
	int rc;

	if (!strstr(words, "pcap=")) {
		if (!strstr(words, "dmac="))
			n += (size_t)snprintf(more + n, sizeof(more) - n,
					      ",dmac=%02x:%02x:%02x:%02x:%02x:%02x",
					      to[0], to[1], to[2], to[3], to[4], to[5]);
		if (!strstr(words, "smac="))
			n += (size_t)snprintf(more + n, sizeof(more) - n,
					      ",smac=%02x:%02x:%02x:%02x:%02x:%02x",
					      from[0], from[1], from[2], from[3], from[4],
					      from[5]);
		if (!strstr(words, "run="))
			snprintf(more + n, sizeof(more) - n, ",run=%u", run);
	}
	if (asprintf(&text, "%s%s", words, *words ? more : more + (*more == ',')) < 0)
		return err_set(e, -ENOMEM, "not enough memory for a trial");
	rc = gen_spec_parse(&p->spec, text, e);
	free(text);
	return rc;
}

static void take(void *arg, const uint8_t *frame, size_t len, uint64_t now_ns)
{
	struct pair *p = arg;

	gen_check_frame(p->check, frame, len, now_ns);
}

static int open_check(struct pair *p, struct err *e)
{
	struct gen_check_config c = {.spec = &p->spec, .vnet = p->spec.vnet};

	p->latency = malloc(sizeof(*p->latency));
	if (!p->latency)
		return err_set(e, -ENOMEM, "not enough memory for a histogram");
	hist_init(p->latency);
	c.latency = p->latency;
	/* so far apart in one flow that what came late is still told from what is new */
	for (c.window = CHECK_WINDOW;
	     c.window > 64 && c.window * p->spec.n_flows > 1 << 24;)
		c.window /= 2;
	return gen_check_init(&p->check, &c, e);
}

static int open_wires(struct pair *p, struct lab *l, unsigned port, struct err *e)
{
	struct wire_tx_wish t = {
		.kind = WIRE_TX_sendmmsg,
		.at = {lab_end_ns(l, port), lab_end_ifname(l, port)},
		.fd = -1,
		.vnet = p->spec.vnet,
		.max_len = gen_max_len(p->gen),
	};
	struct wire_rx_wish r = {
		.kind = p->check ? WIRE_RX_mmap : WIRE_RX_tc,
		.at = {lab_end_ns(l, port + 1), lab_end_ifname(l, port + 1)},
		.fd = -1,
		.vnet = p->check && p->spec.vnet,
		.ends = true,
		.match = wire_match_of(&p->spec),
		.take = p->check ? take : NULL,
		.arg = p,
	};
	int rc = wire_rx_open(&p->rx, &r, e);

	return rc < 0 ? rc : wire_tx_open(&p->tx, &t, e);
}

/* The forwarder's CPU is its own: sender and receiver share theirs. */
static void place(const struct pair *p)
{
	cpu_set_t set;

	if (p->gen_cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)p->gen_cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void *receive(void *arg)
{
	struct pair *p = arg;
	struct pollfd fd = {.fd = wire_rx_fd(p->rx), .events = POLLIN};

	place(p);
	while (!atomic_load(&p->is_quiet) && p->receive_rc == 0) {
		(void)poll(&fd, 1, RECEIVE_POLL_MS);
		p->receive_rc = wire_rx_reap(p->rx, &p->receive_err);
		atomic_store(&p->got, gen_check_counts_of(p->check)->units);
	}
	if (p->receive_rc == 0)
		p->receive_rc = wire_rx_drain(p->rx, &p->receive_err);
	return NULL;
}

int pair_open(struct pair *p, struct lab *l, unsigned port, const struct trial_wish *w,
	      uint16_t run, struct err *e)
{
	int rc;

	p->wish = w;
	p->seconds = w->seconds;
	p->count = w->count;
	rc = make_spec(p, l, port, run, e);
	if (!rc)
		rc = gen_open(&p->gen, &p->spec, e);
	if (!rc && w->receive == TRIAL_COUNT_check)
		rc = open_check(p, e);
	if (!rc)
		rc = open_wires(p, l, port, e);
	if (!rc && p->check) {
		rc = -pthread_create(&p->receiver, NULL, receive, p);
		p->has_receiver = rc == 0;
		if (rc)
			err_set(e, rc, "cannot start a thread: %s", strerror(-rc));
	}
	return rc;
}

static void *send_all(void *arg)
{
	struct pair *p = arg;
	struct wire_send_wish w = {
		.gen = p->gen,
		.tx = p->tx,
		.rate = {p->wish->rate_pps > 0 ? WIRE_PACE_pps : WIRE_PACE_max,
			 p->wish->rate_pps},
		.mean_len = gen_mean_len(p->gen),
		.seconds = p->seconds,
		.count = p->count,
		.burst = p->wish->burst,
		.stop = p->stop,
	};

	place(p);
	p->send_rc = wire_send(&w, &p->sent, &p->send_err);
	if (p->send_rc < 0)
		atomic_store(p->stop, true);
	atomic_fetch_sub(p->n_sending, 1);
	return NULL;
}

int pair_start(struct pair *p, struct err *e)
{
	int rc;

	atomic_fetch_add(p->n_sending, 1);
	rc = -pthread_create(&p->sender, NULL, send_all, p);
	p->has_sender = rc == 0;
	if (!rc)
		return 0;
	atomic_fetch_sub(p->n_sending, 1);
	return err_set(e, rc, "cannot start a thread: %s", strerror(-rc));
}

int pair_join(struct pair *p, struct err *e)
{
	if (p->has_sender)
		pthread_join(p->sender, NULL);
	p->has_sender = false;
	if (p->send_rc < 0 && e)
		*e = p->send_err;
	return p->send_rc < 0 ? p->send_rc : 0;
}

uint64_t pair_received(struct pair *p)
{
	if (p->check)
		return atomic_load(&p->got);
	if (p->receive_rc == 0)
		p->receive_rc = wire_rx_reap(p->rx, &p->receive_err);
	return wire_rx_count_of(p->rx).units;
}

int pair_end(struct pair *p, struct err *e)
{
	if (p->has_receiver) {
		atomic_store(&p->is_quiet, true);
		pthread_join(p->receiver, NULL);
		p->has_receiver = false;
		atomic_store(&p->got, gen_check_counts_of(p->check)->units);
	}
	if (p->receive_rc < 0 && e)
		*e = p->receive_err;
	return p->receive_rc < 0 ? p->receive_rc : 0;
}

void pair_close(struct pair *p)
{
	if (p->has_sender) {
		atomic_store(p->stop, true);
		(void)pair_join(p, NULL);
	}
	(void)pair_end(p, NULL);
	wire_tx_close(p->tx);
	wire_rx_close(p->rx);
	gen_check_fini(p->check);
	gen_close(p->gen);
	free(p->latency);
	pair_init(p);
}
