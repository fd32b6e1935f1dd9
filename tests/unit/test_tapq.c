/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/tapq: a view by itself: packets of several buffers, failures, and reading. */
#include "tests/unit/tap_lab.h"

#include "io/loop/tapq_rx.h"
#include "io/loop/tapq_tx.h"
#include "io/loop/worker.h"

enum { FRAME_LEN = 1400 };

static bool has_ring;

/* A worker with one view over the device t0. */
struct one {
	struct worker w;
	int fd, sock;
};

static void one_open(struct one *o, enum loop_form form, enum tapq_rx rx, enum tapq_tx tx,
		     bool vnet_hdr)
{
	struct err e = {0};

	o->fd = lab_tap("t0", vnet_hdr);
	o->sock = lab_socket("t0");
	worker_init(&o->w, 0, -1);
	assert_int_equal(worker_open(&o->w, 1, 1, 0, false, &e), 0);
	tapq_init(&o->w.views[0], &o->w, 0, o->fd, vnet_hdr);
	tapq_serve(&o->w.views[0], rx, tx);
	if (worker_attach(&o->w, form, &e))
		fail_msg("%s", e.text);
}

static void one_close(struct one *o)
{
	worker_close(&o->w);
	worker_close(&o->w);
	close(o->sock);
	close(o->fd);
}

/* The frame in n_parts buffers of the pool, the header with the first. */
static struct pkt *chain(struct one *o, const uint8_t *frame, uint32_t len,
			 unsigned n_parts)
{
	struct pkt *head = NULL;

	for (unsigned i = 0; i < n_parts; i++) {
		uint32_t from = len * i / n_parts, to = len * (i + 1) / n_parts;
		struct pkt *p = pool_get(&o->w.pool);

		assert_non_null(p);
		pkt_reset(p, to - from + (i ? 0 : PKT_VNET_LEN));
		if (!i)
			memset(p->data, 0, PKT_VNET_LEN);
		memcpy(p->data + (i ? 0 : PKT_VNET_LEN), frame + from, to - from);
		if (i)
			pkt_chain(head, p);
		else
			head = p;
	}
	return head;
}

static void send_chains(struct one *o)
{
	struct queue *q = &o->w.views[0].q;

	for (uint32_t n = 1; n <= 20; n++) {
		uint8_t frame[FRAME_LEN], got[FRAME_LEN + 10];
		struct burst b = {0};

		lab_frame(frame, 5, n, FRAME_LEN);
		burst_add(&b, chain(o, frame, FRAME_LEN, n));
		queue_tx(q, &b);
		if (o->w.loop.has_ring)
			loop_submit(&o->w.loop);
		assert_int_equal(lab_recv(o->sock, got, sizeof(got), LAB_LIMIT_MS),
				 FRAME_LEN);
		assert_memory_equal(got, frame, FRAME_LEN);
		/* the worker's turn would do this: all of it was handed over */
		if (o->w.loop.has_ring)
			io_uring_cq_advance(&o->w.loop.ring,
					    io_uring_cq_ready(&o->w.loop.ring));
		pool_init(&o->w.pool, o->w.pool_mem, o->w.pool.n);
		o->w.n_held = o->w.n_writes = 0;
		o->w.n_iov = 0;
	}
	assert_int_equal(q->count.tx_packets, 20);
	assert_int_equal(q->count.tx_bytes, 20 * FRAME_LEN);
	assert_int_equal(q->count.tx_failed_packets, 0);
}

static void test_chains(void **state)
{
	static const struct {
		enum loop_form form;
		enum tapq_rx rx;
		enum tapq_tx tx;
	} t[] = {
		{LOOP_FORM_C, TAPQ_RX_batch, TAPQ_TX_skip},
		{LOOP_FORM_D, TAPQ_RX_poll, TAPQ_TX_cqe},
		{LOOP_FORM_E, TAPQ_RX_epoll, TAPQ_TX_write},
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (int vnet_hdr = 0; vnet_hdr < 2; vnet_hdr++) {
			struct one o;

			if (t[i].form != LOOP_FORM_E && !has_ring)
				continue;
			one_open(&o, t[i].form, t[i].rx, t[i].tx, vnet_hdr);
			send_chains(&o);
			one_close(&o);
		}
	}
}

/* More buffers at once than iovecs there are: handed over in between. */
static void test_many_iovecs(void **state)
{
	uint8_t frame[FRAME_LEN], got[FRAME_LEN + 10];
	struct one o;

	(void)state;
	if (!has_ring)
		skip();
	one_open(&o, LOOP_FORM_C, TAPQ_RX_batch, TAPQ_TX_skip, true);
	for (uint32_t k = 0; k < 100; k++) {
		struct burst b = {0};

		lab_frame(frame, 1, k, FRAME_LEN);
		burst_add(&b, chain(&o, frame, FRAME_LEN, 64));
		queue_tx(&o.w.views[0].q, &b);
		assert_in_range(o.w.n_iov, 64, WORKER_IOVECS);
		loop_submit(&o.w.loop); /* its buffers are wanted for the next one */
		pool_put(o.w.held[--o.w.n_held]);
	}
	for (uint32_t k = 0; k < 100; k++) {
		lab_frame(frame, 1, k, FRAME_LEN);
		assert_int_equal(lab_recv(o.sock, got, sizeof(got), LAB_LIMIT_MS),
				 FRAME_LEN);
		assert_memory_equal(got, frame, FRAME_LEN);
	}
	one_close(&o);
}

/* A chain longer than writev takes here is refused by name, and its buffers go home. */
static void test_chain_too_long(void **state)
{
	uint8_t frame[FRAME_LEN];
	struct burst b = {0};
	struct one o;

	(void)state;
	one_open(&o, LOOP_FORM_E, TAPQ_RX_epoll, TAPQ_TX_write, true);
	lab_frame(frame, 1, 1, FRAME_LEN);
	burst_add(&b, chain(&o, frame, FRAME_LEN, BURST_MAX + 1));
	queue_tx(&o.w.views[0].q, &b);
	assert_int_equal(o.w.views[0].q.count.drops[DROP_tx_rejected], 1);
	assert_int_equal(counters_sent_packets(&o.w.views[0].q.count), 0);
	assert_int_equal(o.w.pool.n_free, o.w.pool.n);
	one_close(&o);
}

static void test_off(void **state)
{
	uint8_t frame[FRAME_LEN];
	struct burst b = {0};
	struct one o;

	(void)state;
	one_open(&o, LOOP_FORM_E, TAPQ_RX_epoll, TAPQ_TX_off, true);
	lab_frame(frame, 1, 1, FRAME_LEN);
	for (int i = 0; i < 10; i++)
		burst_add(&b, chain(&o, frame, FRAME_LEN, 3));
	queue_tx(&o.w.views[0].q, &b);
	assert_int_equal(o.w.views[0].q.count.drops[DROP_tx_queue_off], 10);
	assert_int_equal(counters_sent_packets(&o.w.views[0].q.count), 0);
	assert_int_equal(counters_sent_bytes(&o.w.views[0].q.count), 0);
	assert_int_equal(o.w.pool.n_free, o.w.pool.n);
	one_close(&o);
}

/* By read(): a burst at most, the rest next time; without device header zeros stand
 * there. */
static void test_read(void **state)
{
	(void)state;
	for (int vnet_hdr = 0; vnet_hdr < 2; vnet_hdr++) {
		uint8_t frame[FRAME_LEN];
		unsigned n = 0;
		struct one o;

		one_open(&o, LOOP_FORM_E, TAPQ_RX_epoll, TAPQ_TX_write, vnet_hdr);
		memset(o.w.pool.bufs, 0xee, (size_t)o.w.pool.n * PKT_BUF_LEN);
		for (uint32_t k = 0; k < BURST_MAX + 10; k++)
			lab_send(o.sock, frame, lab_frame(frame, 1, k, FRAME_LEN));
		while (n < BURST_MAX + 10) {
			struct queue *q = &o.w.views[0].q;
			struct burst b;

			queue_rx(q, &b);
			assert_true(b.n > 0);
			for (unsigned i = 0; i < b.n; i++) {
				static const uint8_t zeros[PKT_VNET_LEN];

				lab_frame(frame, 1, n++, FRAME_LEN);
				assert_int_equal(pkt_frame_len(b.pkts[i]), FRAME_LEN);
				assert_memory_equal(pkt_vnet(b.pkts[i]), zeros,
						    PKT_VNET_LEN);
				assert_memory_equal(b.pkts[i]->data + PKT_VNET_LEN, frame,
						    FRAME_LEN);
				pool_put(b.pkts[i]);
			}
		}
		assert_int_equal(o.w.pool.n_free, o.w.pool.n);
		one_close(&o);
	}
}

/* No buffer: counted, nothing read, and tried again. */
static void test_read_without_buffer(void **state)
{
	struct pkt *taken[TAPQ_RX_BUFS + BURST_MAX];
	uint8_t frame[FRAME_LEN];
	unsigned n = 0;
	struct burst b;
	struct one o;

	(void)state;
	one_open(&o, LOOP_FORM_E, TAPQ_RX_epoll, TAPQ_TX_write, true);
	lab_send(o.sock, frame, lab_frame(frame, 1, 7, FRAME_LEN));
	while (n < TAPQ_RX_BUFS + BURST_MAX && (taken[n] = pool_get(&o.w.pool)))
		n++;
	queue_rx(&o.w.views[0].q, &b);
	assert_int_equal(b.n, 0);
	assert_int_equal(o.w.views[0].q.count.rx_no_buffer, 1);
	assert_true(o.w.views[0].q.is_ready);
	while (n)
		pool_put(taken[--n]);
	queue_rx(&o.w.views[0].q, &b);
	assert_int_equal(b.n, 1);
	pool_put(b.pkts[0]);
	one_close(&o);
}

static void test_names(void **state)
{
	static const char *const want[] = {"off", "mshot", "batch", "poll", "epoll"};

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_string_equal(tapq_rx_name((enum tapq_rx)i), want[i]);
}

static int own_namespace(void **state)
{
	(void)state;
	return lab_enter() ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_chains, own_namespace),
		cmocka_unit_test_setup(test_many_iovecs, own_namespace),
		cmocka_unit_test_setup(test_chain_too_long, own_namespace),
		cmocka_unit_test_setup(test_off, own_namespace),
		cmocka_unit_test_setup(test_read, own_namespace),
		cmocka_unit_test_setup(test_read_without_buffer, own_namespace),
		cmocka_unit_test(test_names),
	};
	const char *no_lab = lab_enter();
	struct io_uring ring;

	if (no_lab) {
		printf("SKIP tapq: %s\n", no_lab);
		return 0;
	}
	has_ring = io_uring_queue_init(2, &ring, 0) >= 0;
	if (has_ring)
		io_uring_queue_exit(&ring);
	else
		printf("SKIP tapq with rings: io_uring is refused\n");
	return cmocka_run_group_tests_name("tapq", tests, NULL, NULL);
}
