/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/vq_events: polls that end and polls that fail; and a worker that waits asleep.
 */
#include "tests/unit/vhost_lab.h"

#include "io/loop/vq_events.h"
#include "io/loop/vq_switch.h"
#include "io/loop/worker.h"
#include "io/loop/worker_vq.h"

/* One worker with one queue, made by hand. */
struct alone {
	struct worker w;
	struct vhost *vhost;
	struct vq *vq;
	int fd;
};

static void open_alone(struct alone *a, enum loop_form form, enum tapq_rx rx,
		       enum tapq_tx tx)
{
	const struct vhost_conf conf = {.fd = -1};
	struct err e = {0};
	struct tapq *t;

	fake = (struct fake_mode){0};
	*a = (struct alone){.fd = lab_tap("alone", true)};
	worker_init(&a->w, 0, -1);
	assert_int_equal(worker_open(&a->w, 1, 1, 1, false, &e), 0);
	t = &a->w.views[0];
	tapq_init(t, &a->w, 0, a->fd, true);
	t->tap_rx = rx;
	t->tap_tx = tx;
	tapq_serve(t, rx, tx);
	vhost_open(&a->vhost, &conf, &e);
	assert_int_equal(vq_open(&a->vq, t, a->vhost, a->w.vq_rx_max, &e), 0);
	t->vq = a->vq;
	a->vq->wish = a->vq->has_wish = form != LOOP_FORM_D;
	if (form != LOOP_FORM_D)
		assert_int_equal(worker_attach(&a->w, form, &e), 0);
}

static void close_alone(struct alone *a)
{
	worker_close(&a->w);
	vhost_close(&a->vhost);
	close(a->fd);
}

static uint64_t tag_of(enum loop_kind kind, enum vhost_ring_idx ring)
{
	return loop_tag(kind, 0, ring);
}

/* Hand over what is queued; how many SQEs that was. */
static unsigned submit(struct alone *a)
{
	unsigned n = io_uring_sq_ready(&a->w.loop.ring);

	loop_peek(&a->w.loop);
	return n;
}

static unsigned n_completed(struct alone *a)
{
	loop_peek(&a->w.loop);
	return io_uring_cq_ready(&a->w.loop.ring);
}

static void take_all(struct alone *a)
{
	io_uring_cq_advance(&a->w.loop.ring, n_completed(a));
}

/* A multishot poll that has ended, or failed, is queued again, and tells as before. */
static void test_polls(void **state)
{
	static const enum loop_kind kinds[] = {LOOP_vq_call, LOOP_vq_err};
	struct alone a;

	(void)state;
	if (!best) {
		skip();
		return;
	}
	open_alone(&a, best, TAPQ_RX_mshot, TAPQ_TX_skip);
	assert_int_equal(a.vq->state, VQ_on);
	submit(&a);
	take_all(&a);
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned r = 0; r < VHOST_RINGS; r++) {
			worker_vq_event(&a.w, tag_of(kinds[k], r), 1, true);
			assert_int_equal(submit(&a), 0);
			worker_vq_event(&a.w, tag_of(kinds[k], r), 1, false);
			assert_int_equal(submit(&a), 1);
			worker_vq_event(&a.w, tag_of(kinds[k], r), -ENOMEM, false);
			assert_int_equal(submit(&a), 1);
		}
	}
	assert_int_equal(a.vq->n_watch_failures, 1);
	a.vq->trouble = 0;
	take_all(&a);
	fake_signal(vhost_err_fd(a.vhost, VHOST_TX));
	assert_true(n_completed(&a) > 0);
	worker_detach(&a.w);
	close_alone(&a);
}

/* What goes on failing is given up, and may be tried again by a person. */
static void test_polls_that_fail_for_ever(void **state)
{
	struct err e = {0};
	struct alone a;

	(void)state;
	if (!best) {
		skip();
		return;
	}
	open_alone(&a, best, TAPQ_RX_mshot, TAPQ_TX_skip);
	submit(&a);
	for (unsigned i = 0; i <= VQ_EVENTS_FAILURES_MAX; i++) {
		assert_int_equal(a.vq->state, VQ_on);
		worker_vq_event(&a.w, tag_of(LOOP_vq_call, VHOST_RX), -ENOMEM, false);
		submit(&a);
	}
	assert_int_equal(a.vq->state, VQ_draining);
	assert_int_equal(counter_get(&a.w.views[0].q.count.fallbacks), 1);
	assert_int_equal(vq_switch_take_note(a.vq, &e), ENGINE_TROUBLE_left);
	assert_non_null(strstr(e.text, "cannot be polled"));
	worker_vq_begin(&a.w);
	assert_int_equal(a.vq->state, VQ_off);
	forward_turn(&a.w.forward); /* nothing has come meanwhile */
	submit(&a);
	a.vq->wish = a.vq->has_wish = true;
	worker_vq_take_wishes(&a.w);
	worker_vq_begin(&a.w);
	assert_int_equal(a.vq->state, VQ_on);
	assert_int_equal(submit(&a), 1); /* the one that was not watched */
	worker_detach(&a.w);
	close_alone(&a);
}

/* Something ends and something is given up in one turn: wishes are looked at all the
 * same.
 */
static void test_both_in_one_turn(void **state)
{
	struct alone a;

	(void)state;
	open_alone(&a, best ? best : LOOP_FORM_E, best ? TAPQ_RX_mshot : TAPQ_RX_epoll,
		   best ? TAPQ_TX_skip : TAPQ_TX_write);
	assert_int_equal(a.w.n_vqs_on, 1);
	vq_switch_to(a.vq, false);
	a.vq->wish = a.vq->has_wish = true; /* comes on the way */
	a.w.n_moving++;			    /* another one that is given up */
	worker_vq_begin(&a.w);
	a.w.n_moving--;
	assert_false(a.vq->has_wish);
	assert_int_equal(a.w.n_vqs_on, 0);
	worker_detach(&a.w);
	close_alone(&a);
}

/* A runaway that brings frames, which nobody takes: a worker that spins sees nothing. */
static void test_runaway_that_brings(void **state)
{
	struct alone a;

	(void)state;
	open_alone(&a, best ? best : LOOP_FORM_E, best ? TAPQ_RX_mshot : TAPQ_RX_epoll,
		   best ? TAPQ_TX_skip : TAPQ_TX_write);
	worker_vq_arm(&a.w);
	assert_true(a.vq->is_hot && a.vq->rx.n_out > 0);
	a.vq->rx.used->idx = htole16(1);
	assert_true(vq_has_packets(&a.w));
	a.vq->state = VQ_off;
	assert_false(vq_has_packets(&a.w));
	vq_poll(&a.w);
	assert_null(a.w.forward.first);
	worker_detach(&a.w);
	close_alone(&a);
}

static void *run(void *arg)
{
	struct alone *a = arg;
	struct err e = {0};

	assert_int_equal(worker_attach(&a->w, LOOP_FORM_D, &e), 0);
	a->w.n_writes = 3; /* which the kernel has put off for ever */
	worker_run(&a->w);
	return NULL;
}

/* Writes that never complete hold up the way to vhost-net, but no CPU, and not the end.
 */
static void test_writes_put_off(void **state)
{
	uint64_t before, woken;
	struct alone a;
	pthread_t thread;

	(void)state;
	if (!best) {
		skip();
		return;
	}
	open_alone(&a, LOOP_FORM_D, TAPQ_RX_poll, TAPQ_TX_cqe);
	assert_int_equal(pthread_create(&thread, NULL, run, &a), 0);
	lab_wait_for(counter_get(&a.w.turns) > 0);
	woken = counter_get(&a.w.loop.enters);
	__atomic_store_n(&a.vq->wish, true, __ATOMIC_RELAXED);
	__atomic_store_n(&a.vq->has_wish, true, __ATOMIC_RELEASE);
	worker_wish(&a.w);
	lab_wait_for(counter_get(&a.w.loop.enters) > woken);
	poll(NULL, 0, 100);
	before = counter_get(&a.w.loop.enters);
	poll(NULL, 0, 100);
	assert_true(counter_get(&a.w.loop.enters) - before < 20);
	worker_stop(&a.w);
	pthread_join(thread, NULL);
	assert_int_equal(a.vq->state, VQ_pausing);
	close_alone(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_polls, own_namespace),
		cmocka_unit_test_setup(test_polls_that_fail_for_ever, own_namespace),
		cmocka_unit_test_setup(test_both_in_one_turn, own_namespace),
		cmocka_unit_test_setup(test_runaway_that_brings, own_namespace),
		cmocka_unit_test_setup(test_writes_put_off, own_namespace),
	};

	const char *no_lab = lab_begin();

	if (no_lab) {
		printf("SKIP vq_events: %s\n", no_lab);
		return 0;
	}
	return cmocka_run_group_tests_name("vq_events", tests, NULL, NULL);
}
