/* SPDX-License-Identifier: BSD-2-Clause */
/* core/bridge in a worker's turn: from the ready queue to the outputs, and its buffers.
 */
#include "tests/unit/bridge_lab.h"

#include "core/forward.h"

static struct bridge_lab l;

static struct pkt *frame(uint8_t dst, uint8_t src)
{
	uint8_t b[14 + LAB_PAYLOAD] = {2, 0, 0, 0, 0,	dst,  2,
				       0, 0, 0, 0, src, 0x88, 0xb5};

	if (dst == 0xff)
		memset(b, 0xff, 6);
	return lab_pkt(&l, NULL, b, sizeof(b), 0);
}

/* Each port's queue brings a broadcast, and a frame to the station behind port 0. */
static void rx(struct queue *q, struct burst *b)
{
	uint8_t station = (uint8_t)(q->bridge_port + 1);

	burst_add(b, frame(0xff, station));
	if (q->bridge_port)
		burst_add(b, frame(1, station));
}

static void test_turn(void **state)
{
	static const struct queue_ops ops = {rx, lab_tx, NULL};
	struct forward f = {.now_ns = 5000000000};

	(void)state;
	lab_open(&l, 1000, 3);
	for (unsigned p = 0; p < LAB_PORTS; p++) {
		l.q[p][0].q.ops = &ops;
		l.q[p][0].q.bridge = &l.w;
		l.q[p][0].q.bridge_port = p;
		forward_ready(&f, l.views[p][0]);
	}
	assert_int_equal(forward_turn(&f).packets, 2 * LAB_PORTS - 1);
	assert_int_equal(l.q[0][0].n, 2 * (LAB_PORTS - 1));
	for (unsigned p = 1; p < LAB_PORTS; p++)
		assert_int_equal(l.q[p][0].n, LAB_PORTS - 1);
	lab_conserved(&l);
	/* the turn's time is that of what was learnt: gone a second later */
	f.now_ns += 1500000000;
	forward_ready(&f, l.views[2][0]);
	forward_turn(&f);
	assert_int_equal(l.q[1][0].n, LAB_PORTS - 1 + 2);
	lab_conserved(&l);
	lab_close(&l);
}

/* Buffers that are sent, but not home yet. */
static struct {
	struct pkt *pkts[LAB_BUFS];
	unsigned n, n_reclaims;
} sent;

static void reclaim(struct queue *q)
{
	(void)q;
	sent.n_reclaims++;
	for (unsigned i = 0; i < 4 && sent.n; i++)
		pool_put(sent.pkts[--sent.n]);
}

/* What was sent before comes home when it is needed, and nothing is lost. */
static void test_reclaim(void **state)
{
	static const struct queue_ops ops = {NULL, lab_tx, reclaim};
	struct burst b;

	(void)state;
	lab_open(&l, 1000, 3);
	b = (struct burst){2, {frame(0xff, 1), frame(0xff, 2)}};
	while (l.pool.n_free)
		sent.pkts[sent.n++] = pool_get(&l.pool);
	for (unsigned p = 0; p < LAB_PORTS; p++)
		l.q[p][0].q.ops = &ops;
	lab_send(&l, 1, &b);
	lab_conserved(&l);
	assert_int_equal(sent.n_reclaims,
			 1); /* the lab's queues give theirs back at once */
	for (unsigned p = 0; p < LAB_PORTS; p++)
		assert_int_equal(l.q[p][0].n, p == 1 ? 0 : 2);
	while (sent.n)
		pool_put(sent.pkts[--sent.n]);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turn),
		cmocka_unit_test(test_reclaim),
	};

	return cmocka_run_group_tests_name("bridge_turn", tests, NULL, NULL);
}
