/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/vq_room: packets that have no room wait, each queue gets its turn, nobody for
 * ever. */
#include "tests/unit/vhost_lab.h"

#include "io/loop/vq_room.h"
#include "io/loop/vq_switch.h"
#include "io/loop/worker.h"

/* What has no room in the ring it goes to waits; nothing is dropped, nobody spins. */
static void test_full(void **state)
{
	enum { N = 400, ROOM = 256, STILL_MS = 30 };

	(void)state;
	for_each_way(i)
	{
		struct engine_worker_stats before, after;
		struct engine_lab l;
		uint64_t go = 1;

		open_vhost(&l, i, 3, NULL);
		fake.gate = eventfd(0, EFD_CLOEXEC);
		lab_start(&l);
		lab_push(&l, 0, N);
		lab_wait_for(lab_counters(&l, 0).rx_packets >= ROOM);
		engine_worker_stats(l.g, 0, &before);
		poll(NULL, 0, STILL_MS);
		engine_worker_stats(l.g, 0, &after);
		assert_true(after.enters - before.enters < 20);
		assert_int_equal(write(fake.gate, &go, sizeof(go)), sizeof(go));
		lab_wait_for(lab_counters(&l, 0).rx_packets >= N && lab_is_conserved(&l));
		assert_int_equal(lab_drops(&l, 1, DROP_tx_ring_full), 0);
		lab_push(&l, 1, 10);
		lab_wait_for(lab_counters(&l, 1).rx_packets >= 10);
		engine_stop(&l.g);
		close(fake.gate);
		close_vhost(&l);
	}
}

/* A vq whose packets go to the transmit ring of another one, made by hand. */
struct pair {
	struct worker w;
	struct tapq from, to;
	struct vq in, out;
	struct queue *outs[1];
	struct vdev_lab rx, tx;
};

static void open_pair(struct pair *p, uint64_t features)
{
	*p = (struct pair){.from = {.w = &p->w, .vq = &p->in},
			   .to = {.w = &p->w, .vq = &p->out, .tx = TAPQ_TX_vhost},
			   .in = {.t = &p->from, .state = VQ_on, .rx_max = VQ_RX_MAX},
			   .out = {.t = &p->to, .state = VQ_on, .rx_max = VQ_RX_MAX}};
	p->outs[0] = &p->to.q;
	p->from.q.out = p->outs;
	p->from.q.n_out = 1;
	vdev_open(&p->rx, VQ_NUM, features);
	vdev_open(&p->tx, VQ_NUM, features);
	p->in.rx = p->rx.v;
	p->out.tx = p->tx.v;
}

static void close_pair(struct pair *p)
{
	vdev_close(&p->rx);
	vdev_close(&p->tx);
}

/* n packets of n_segs buffers to the output. */
static void fill(struct pair *p, unsigned n, unsigned n_segs)
{
	struct vring_seg segs[VRING_INDIRECT_MAX];

	for (unsigned i = 0; i < n_segs; i++)
		segs[i] = (struct vring_seg){0x1000, 100};
	while (n--)
		assert_int_equal(vring_add(&p->out.tx, segs, n_segs, false, p), 0);
}

/* The packet that is received. */
static void receive(struct pair *p)
{
	struct vring_seg seg = {0x1000, 100};
	struct vdev_buf b = {0};

	assert_int_equal(vring_add(&p->in.rx, &seg, 1, true, p), 0);
	vring_publish(&p->in.rx);
	assert_true(vdev_fetch(&p->rx.d, &b));
	vdev_put(&p->rx.d, b.head, 100, 0);
	vdev_flush(&p->rx.d);
}

/* A queue that leaves vhost-net waits for room for a while, not for ever. */
static void test_draining(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, FAKE_FEATURES);
	receive(&p);
	assert_int_equal(vq_room(&p.in), BURST_MAX);
	fill(&p, VQ_NUM, 1);
	assert_int_equal(vq_room(&p.in), 0);
	assert_true(vq_room_is_out(&p.in));
	p.in.state = VQ_draining;
	p.in.drain_until = 1000;
	p.w.n_moving = 1;
	vq_switch_step(&p.in, 999);
	assert_int_equal(vq_room(&p.in), 0);
	vq_switch_step(&p.in, 1000);
	assert_int_equal(p.in.state, VQ_draining);
	assert_int_equal(vq_room(&p.in), BURST_MAX);
	close_pair(&p);
}

/* Without indirect tables each buffer of a packet takes an entry of the ring. */
static void test_entries(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, FAKE_FEATURES & ~(1ull << VIRTIO_RING_F_INDIRECT_DESC));
	assert_int_equal(vq_room(&p.in), VQ_NUM / VRING_INDIRECT_MAX);
	fill(&p, 7, VRING_INDIRECT_MAX);
	assert_int_equal(vq_room(&p.in), 1);
	fill(&p, 1, 1);
	assert_int_equal(vq_room(&p.in), 0);
	close_pair(&p);
	open_pair(&p, FAKE_FEATURES);
	fill(&p, 200, VRING_INDIRECT_MAX);
	assert_int_equal(vq_room(&p.in), 56);
	close_pair(&p);
}

/*
 * Room that comes in other parts than a queue takes: each gets as much, also where the
 * one behind the first gets the rest only, or where the first never gets all it may.
 */
static void test_shares(void **state)
{
	enum { N = 4, ROUNDS = 2000 };
	static const unsigned rooms[] = {1, 16, 40, 63, 64, 65, 80, 127, 128, 130, 200};

	(void)state;
	for (unsigned i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		unsigned got[N] = {0}, fair = rooms[i] * ROUNDS / N;
		struct worker w = {0};
		struct tapq t = {.w = &w};
		struct pair p;
		struct vq vqs[N];

		open_pair(&p, FAKE_FEATURES);
		receive(&p);
		for (unsigned k = 0; k < N; k++) {
			vqs[k] = (struct vq){.t = &t, .rx = p.in.rx};
			vq_heat(&vqs[k]);
		}
		for (unsigned k = 0; k < ROUNDS; k++) {
			unsigned room = rooms[i];

			vq_room_sort(&w);
			for (struct vq *vq = w.hot; vq && room; vq = vq->next_hot) {
				unsigned n = room < BURST_MAX ? room : BURST_MAX;

				got[vq - vqs] += n;
				room -= n;
				vq_room_taken(vq, n);
			}
		}
		for (unsigned k = 0; k < N; k++)
			assert_in_range(got[k], fair - 2 * BURST_MAX,
					fair + 2 * BURST_MAX);
		close_pair(&p);
	}
}

/* One that begins to send comes after those that wait. */
static void test_behind(void **state)
{
	struct vq vqs[3] = {0};
	struct worker w = {0};
	struct tapq t = {.w = &w};

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		vqs[k].t = &t;
		vq_heat(&vqs[k]);
		vq_room_sort(&w);
	}
	assert_ptr_equal(w.hot, &vqs[0]);
	assert_ptr_equal(vqs[0].next_hot, &vqs[1]);
	assert_ptr_equal(vqs[1].next_hot, &vqs[2]);
	assert_null(vqs[2].next_hot);
}

/* Frames of n flows, each of len bytes. */
static void push(struct engine_lab *l, unsigned port, unsigned n, unsigned n_flows,
		 uint32_t len)
{
	static uint8_t frame[LAB_FRAME_MAX];

	for (unsigned i = 0; i < n; i++, l->number++)
		lab_send(l->sock[port], frame,
			 lab_frame(frame, l->number % n_flows, l->number, len));
}

static void give(unsigned n)
{
	uint64_t credits = n;

	assert_int_equal(write(fake.credit, &credits, sizeof(credits)), sizeof(credits));
}

/* Has queue q of port 0 filled all the buffers that it was lent? */
static bool is_waiting(const struct engine_lab *l, unsigned q)
{
	const struct fake_ring *r = &l->ports[0].vhost[q]->rings[VHOST_RX];
	uint16_t used = le16toh(__atomic_load_n(&r->d.used->idx, __ATOMIC_ACQUIRE));
	struct counters c = {0};

	engine_queue_counters(l->g, 0, q, &c);
	return used - c.rx_packets == VQ_RX_MAX;
}

/* Four queues that wait for room in one: each gets some. */
static void test_share(void **state)
{
	enum { QUEUES = 4, N = 2400, ROUNDS = 12, GIVEN = 40 };
	static const char *const options[] = {"queues=4", "queues=1"};

	(void)state;
	for_each_way(i)
	{
		uint64_t before[QUEUES] = {0}, sum = 0, first;
		struct engine_lab l;

		open_vhost(&l, i, 3, options);
		fake.credit = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
		lab_start(&l);
		push(&l, 0, N, 256, 100);
		lab_wait_for(lab_counters(&l, 0).rx_packets >= VQ_NUM);
		for (unsigned q = 0; q < QUEUES; q++) {
			struct counters c = {0};

			lab_wait_for(is_waiting(&l, q));
			engine_queue_counters(l.g, 0, q, &c);
			sum += before[q] = c.rx_packets;
		}
		first = sum;
		for (unsigned k = 0; k < ROUNDS; k++) {
			give(GIVEN);
			sum += GIVEN;
			lab_wait_for(lab_counters(&l, 0).rx_packets + VQ_ROOM_CALL >=
				     sum);
		}
		for (unsigned q = 0; q < QUEUES; q++) {
			struct counters c = {0};

			engine_queue_counters(l.g, 0, q, &c);
			assert_true(c.rx_packets - before[q] >=
				    (sum - first) / QUEUES / 4);
		}
		give(N);
		lab_wait_for(lab_is_conserved(&l));
		assert_int_equal(lab_drops(&l, 1, DROP_tx_ring_full), 0);
		engine_stop(&l.g);
		close(fake.credit);
		close_vhost(&l);
	}
}

/* All buffers lie in the ring that sends: they are lent again when they come home. */
static void test_no_buffer(void **state)
{
	enum { N = 200 };

	(void)state;
	for_each_way(i)
	{
		static uint8_t got[LAB_FRAME_MAX + 100];
		struct engine_lab l;
		unsigned n = 0;

		open_vhost(&l, i, 3, NULL);
		fake.merge = 60; /* a frame takes 26 buffers */
		fake.credit = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
		lab_start(&l);
		push(&l, 0, N, 1, LAB_FRAME_MAX);
		lab_wait_for(lab_counters(&l, 0).rx_no_buffer > 0);
		give(N);
		while (n < N && lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS))
			n++;
		assert_int_equal(n, N);
		lab_wait_for(lab_is_conserved(&l));
		engine_stop(&l.g);
		close(fake.credit);
		close_vhost(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_full, own_namespace),
		cmocka_unit_test(test_draining),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_behind),
		cmocka_unit_test_setup(test_share, own_namespace),
		cmocka_unit_test_setup(test_no_buffer, own_namespace),
	};

	const char *no_lab = lab_begin();

	if (no_lab) {
		printf("SKIP vq_room: %s\n", no_lab);
		return 0;
	}
	return cmocka_run_group_tests_name("vq_room", tests, NULL, NULL);
}
