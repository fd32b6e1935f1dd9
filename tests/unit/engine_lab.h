/* SPDX-License-Identifier: BSD-2-Clause */
/* Opened ports, an engine over them, and traffic through it, for the tests of the engine.
 */
#ifndef TESTS_UNIT_ENGINE_LAB_H
#define TESTS_UNIT_ENGINE_LAB_H

#include "tests/unit/tap_lab.h"

#include <pthread.h>

#include "io/loop/engine.h"
#include "io/loop/probe.h"

enum { LAB_PORTS = 4, LAB_FRAME_MAX = 1514, LAB_WINDOW = 48, LAB_FLOWS = 23 };

struct engine_lab {
	struct port *ports;
	struct engine_conf conf;
	struct engine_pair pairs[2];
	struct engine *g;
	int sock[LAB_PORTS]; /* the kernel's side of each device t0, t1, ... */
	unsigned number;     /* of the next frame */
};

/* The best form of the kernel, LOOP_FORM_auto where io_uring is refused. */
static inline enum loop_form lab_best_form(void)
{
	struct err e = {0};
	enum loop_form form = probe_form(LOOP_FORM_auto, -1, &e);

	if (form == LOOP_FORM_E)
		printf("SKIP forms A to D: %s\n", e.text);
	return form == LOOP_FORM_E ? LOOP_FORM_auto : form;
}

static inline void lab_log(const char *line)
{
	print_message("engine: %s\n", line);
}

/* Ports p0, p1, ... over t0, t1, ...; options[i] is appended to the spec of each. */
static inline void lab_open(struct engine_lab *l, unsigned n_ports,
			    const char *const *options)
{
	*l = (struct engine_lab){.pairs = {{0, 1}, {2, 3}}};
	l->ports = calloc(n_ports, sizeof(*l->ports));
	assert_non_null(l->ports);
	l->conf = (struct engine_conf){.ports = l->ports,
				       .n_ports = n_ports,
				       .pairs = l->pairs,
				       .n_pairs = n_ports / 2,
				       .n_workers = 1,
				       .log = lab_log};
	for (unsigned i = 0; i < n_ports; i++) {
		struct port_spec *s = calloc(1, sizeof(*s));
		struct err e = {0};
		char text[200], ifname[8];

		snprintf(text, sizeof(text), "tap,id=p%u,ifname=t%u,vhost=off%s%s", i, i,
			 options && options[i] ? "," : "",
			 options && options[i] ? options[i] : "");
		if (port_spec_parse(s, text, &e) || port_open(&l->ports[i], s, &e))
			fail_msg("%s: %s", text, e.text);
		free(s);
		snprintf(ifname, sizeof(ifname), "t%u", i);
		l->sock[i] = lab_socket(ifname);
	}
}

static inline void lab_start(struct engine_lab *l)
{
	struct err e = {0};

	if (engine_start(&l->g, &l->conf, &e))
		fail_msg("engine_start: %s", e.text);
}

static inline void lab_close(struct engine_lab *l)
{
	engine_stop(&l->g);
	assert_null(l->g);
	for (unsigned i = 0; i < l->conf.n_ports; i++) {
		close(l->sock[i]);
		port_close(&l->ports[i], NULL);
	}
	free(l->ports);
}

static inline struct counters lab_counters(const struct engine_lab *l, unsigned port)
{
	struct counters sum = {0};

	for (unsigned q = 0; q < l->ports[port].n_queues; q++)
		engine_queue_counters(l->g, port, q, &sum);
	return sum;
}

static inline uint64_t lab_drops(const struct engine_lab *l, unsigned port, enum drop why)
{
	return lab_counters(l, port).drops[why];
}

/* For messages: what each port counted. */
static inline void lab_print(const struct engine_lab *l)
{
	for (unsigned i = 0; i < l->conf.n_ports; i++) {
		struct counters c = lab_counters(l, i);

		print_message("port %u: rx %llu tx %llu failed %llu\n", i,
			      (unsigned long long)c.rx_packets,
			      (unsigned long long)c.tx_packets,
			      (unsigned long long)c.tx_failed_packets);
		for (int d = 0; d < DROP_N; d++) {
			if (c.drops[d])
				print_message("\t%s %llu\n", drop_name((enum drop)d),
					      (unsigned long long)c.drops[d]);
		}
	}
}

static inline bool lab_is_conserved(const struct engine_lab *l)
{
	uint64_t rx = 0, out = 0;

	for (unsigned i = 0; i < l->conf.n_ports; i++) {
		struct counters c = lab_counters(l, i);

		rx += c.rx_packets + c.tx_made_packets;
		out += counters_sent_packets(&c) + counters_drops(&c);
	}
	return rx == out;
}

static inline uint32_t lab_len_of(uint32_t number)
{
	return LAB_HEAD + number * 37 % (LAB_FRAME_MAX - LAB_HEAD + 1);
}

/* What came out of the window of frames from first on: whole, in order within each flow.
 */
static inline void lab_check_window(int sock, unsigned first, unsigned n, bool one_queue)
{
	static uint8_t got[LAB_FRAME_MAX + 100], want[LAB_FRAME_MAX + 100];
	uint32_t last[LAB_FLOWS] = {0}, flow, number;

	for (unsigned i = 0; i < n; i++) {
		uint32_t len = lab_recv(sock, got, sizeof(got), LAB_LIMIT_MS);

		assert_true(len > 0);
		memcpy(&flow, got + 26, 4);
		memcpy(&number, got + 42, 4);
		assert_in_range(number, first, first + n - 1);
		assert_int_equal(flow, number % LAB_FLOWS);
		if (one_queue)
			assert_int_equal(number, first + i);
		assert_true(number >= last[flow]);
		last[flow] = number + 1;
		assert_int_equal(len, lab_frame(want, flow, number, lab_len_of(number)));
		assert_memory_equal(got, want, len);
	}
}

/* n frames in at one device; each must come out of the other, byte for byte, in order. */
static inline void lab_pass(struct engine_lab *l, unsigned from, unsigned to, unsigned n)
{
	bool one_queue = l->ports[from].n_queues == 1 && l->ports[to].n_queues == 1;
	uint8_t frame[LAB_FRAME_MAX];

	while (n > 0) {
		unsigned part = n < LAB_WINDOW ? n : LAB_WINDOW, first = l->number;

		for (unsigned i = 0; i < part; i++) {
			uint32_t k = l->number++;

			lab_send(l->sock[from], frame,
				 lab_frame(frame, k % LAB_FLOWS, k, lab_len_of(k)));
		}
		lab_check_window(l->sock[to], first, part, one_queue);
		n -= part;
	}
}

/* n frames in at one device, of which nothing is expected. */
static inline void lab_push(struct engine_lab *l, unsigned from, unsigned n)
{
	uint8_t frame[LAB_FRAME_MAX];

	for (unsigned i = 0; i < n; i++, l->number++)
		lab_send(l->sock[from], frame,
			 lab_frame(frame, l->number % LAB_FLOWS, l->number, 100));
}

static enum loop_form best; /* what the kernel allows */

/* What runs: each form, and io_uring beside epoll. */
static const struct {
	enum loop_form form;
	bool mixed;
	const char *rx;
} ways[] = {
	{LOOP_FORM_A, false, "mshot"}, {LOOP_FORM_B, false, "mshot"},
	{LOOP_FORM_C, false, "batch"}, {LOOP_FORM_D, false, "poll"},
	{LOOP_FORM_E, false, "epoll"}, {LOOP_FORM_A, true, "mshot"},
	{LOOP_FORM_C, true, "batch"},  {LOOP_FORM_D, true, "poll"},
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static inline bool has_way(unsigned i)
{
	return ways[i].form == LOOP_FORM_E || (best && ways[i].form >= best);
}

#define for_each_way(i)                                                                  \
	for (unsigned i = 0; i < WAYS; i++)                                              \
		if (has_way(i))

static inline void open_way(struct engine_lab *l, unsigned way, unsigned n_ports,
			    const char *const *options)
{
	print_message("form %s%s\n", engine_form_name(ways[way].form),
		      ways[way].mixed ? " mixed" : "");
	lab_open(l, n_ports, options);
	l->conf.form = ways[way].form;
	if (ways[way].mixed)
		l->ports[1].spec.io = PORT_IO_epoll;
}

/* After lab_close: as many files and threads as before. */
static inline void check_clean(unsigned fds, unsigned threads)
{
	assert_int_equal(lab_n_fds(), fds);
	lab_wait_for(lab_n_threads() ==
		     threads); /* a joined thread leaves /proc a moment later */
}

static inline void *nothing(void *arg)
{
	return arg;
}

/* The thread sanitizer makes a thread of its own beside the first one. */
static inline void warm_up(void)
{
	pthread_t t;

	if (!pthread_create(&t, NULL, nothing, NULL))
		pthread_join(t, NULL);
}

/* Each test has a namespace of its own, so that a failed one leaves the next ones alone.
 */
static inline int own_namespace(void **state)
{
	(void)state;
	return lab_enter() ? -1 : 0;
}

#endif
