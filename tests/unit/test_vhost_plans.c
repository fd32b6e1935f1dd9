/* SPDX-License-Identifier: BSD-2-Clause */
/* What is decided of vhost-net beside the workers: who gets room, and what is told. */
#include "tests/unit/vhost_lab.h"

#include "io/control/serve.h"
#include "io/loop/vq_switch.h"
#include "io/loop/worker.h"

enum { QUEUES = 256, PORTS = 7, MANY = QUEUES * PORTS };

/* A worker has room for about 1,600 queues with vhost-net, and for more without. */
static void test_room(void **state)
{
	struct worker w;
	struct err e = {0};
	unsigned rx_max;

	(void)state;
	assert_true(worker_has_room(1600, 1600));
	assert_false(worker_has_room(1700, 1700));
	assert_true(worker_has_room(1700, 1000));
	assert_true(vq_n_bufs(1600, &rx_max) > 0);
	assert_int_equal(rx_max, VQ_RX_MIN);
	worker_init(&w, 0, -1);
	assert_int_equal(worker_open(&w, 1, 1700, 1700, false, &e), 0);
	assert_int_equal(w.vq_room, 0);
	assert_int_equal(w.vq_rx_max, 0);
	memset(w.views, 0, sizeof(*w.views));
	worker_close(&w);
	assert_int_equal(worker_open(&w, 1, 1600, 1600, false, &e), 0);
	assert_int_equal(w.vq_room, 1600);
	assert_int_equal(w.vq_rx_max, VQ_RX_MIN);
	memset(w.views, 0, sizeof(*w.views));
	worker_close(&w);
}

/* An engine laid out by hand: PORTS ports, all their queues on worker 0. */
struct plan {
	struct engine g;
	struct port *ports;
	struct worker w;
};

static void open_plan(struct plan *p)
{
	*p = (struct plan){.ports = calloc(PORTS, sizeof(*p->ports))};
	assert_non_null(p->ports);
	p->g = (struct engine){
		.conf = {.ports = p->ports, .n_ports = PORTS, .n_workers = 1},
		.first_view = calloc(PORTS, sizeof(unsigned)),
		.placed = calloc(MANY, sizeof(int)),
		.n_views = MANY,
		.workers = &p->w,
	};
	assert_non_null(p->g.first_view);
	assert_non_null(p->g.placed);
	for (unsigned i = 0; i < PORTS; i++) {
		port_init(&p->ports[i]);
		p->g.first_view[i] = i * QUEUES;
		p->ports[i].n_queues = QUEUES;
		p->ports[i].vnet_hdr = true;
		p->ports[i].spec.vhost = TRI_off;
	}
	worker_init(&p->w, 0, -1);
}

static void attach(struct plan *p, unsigned port, enum tristate wish)
{
	const struct vhost_conf conf = {.fd = -1};

	p->ports[port].spec.vhost = wish;
	for (unsigned i = 0; i < QUEUES; i++)
		vhost_open(&p->ports[port].vhost[i], &conf, NULL);
}

static void lay_out(struct plan *p)
{
	struct err e = {0};

	assert_int_equal(worker_open(&p->w, MANY, MANY,
				     engine_vhost_n_queues(&p->g, 0, MANY), false, &e),
			 0);
	for (unsigned v = 0; v < MANY; v++) {
		tapq_init(&p->w.views[v], &p->w, v, -1, true);
		p->w.views[v].q.port_idx = (uint16_t)(v / QUEUES);
		p->w.views[v].q.queue_idx = (uint16_t)(v % QUEUES);
	}
}

static void close_plan(struct plan *p)
{
	worker_close(&p->w);
	for (unsigned i = 0; i < PORTS; i++)
		port_vhost_detach(&p->ports[i]);
	free(p->ports);
	free(p->g.first_view);
	free(p->g.placed);
}

/* Queues that do not ask for vhost-net take no room from those that do. */
static void test_only_those_that_ask(void **state)
{
	struct err e = {0};
	struct plan p;

	(void)state;
	fake = (struct fake_mode){0};
	open_plan(&p);
	attach(&p, 2, TRI_on);
	assert_int_equal(engine_vhost_n_queues(&p.g, 0, MANY), QUEUES);
	lay_out(&p);
	assert_int_equal(engine_vhost_open(&p.g, &e), 0);
	assert_non_null(p.w.views[2 * QUEUES].vq);
	assert_null(p.w.views[0].vq);
	/* one that asks later is told that there is no room */
	attach(&p, 3, TRI_off);
	assert_int_equal(engine_vhost_switch(&p.g, 3, true, &e), -E2BIG);
	assert_non_null(strstr(e.text, "--workers"));
	close_plan(&p);
}

/* No room for a port: vhost=on fails, vhost=auto goes on without, its fds closed. */
static void test_no_room(void **state)
{
	unsigned fds = lab_n_fds();
	struct err e = {0};
	struct plan p;

	(void)state;
	fake = (struct fake_mode){0};
	open_plan(&p);
	attach(&p, 0, TRI_auto);
	lay_out(&p);
	p.w.vq_room = 10; /* it fails in the midst of the port */
	p.w.vq_rx_max = VQ_RX_MIN;
	assert_int_equal(engine_vhost_open(&p.g, &e), 0);
	assert_false(port_vhost_is_attached(&p.ports[0]));
	assert_int_equal(lab_n_fds(), fds + 1); /* the worker's own */
	assert_non_null(strstr(p.ports[0].vhost_why, "using the TAP fds"));
	for (unsigned v = 0; v < MANY; v++)
		assert_null(p.w.views[v].vq);
	attach(&p, 0, TRI_on);
	assert_int_equal(engine_vhost_open(&p.g, &e), -E2BIG);
	assert_non_null(strstr(e.text, "use more workers"));
	close_plan(&p);
}

/* The reason that is shown follows what the queue says, not how it is served just then.
 */
static void test_why(void **state)
{
	struct err e = {0};
	struct plan p;

	(void)state;
	fake = (struct fake_mode){0};
	open_plan(&p);
	p.g.conf.n_ports = 1;
	attach(&p, 0, TRI_auto);
	lay_out(&p);
	assert_int_equal(engine_vhost_open(&p.g, &e), 0);
	p.w.views[0].rx = TAPQ_RX_vhost; /* it still drains */
	strcpy(p.ports[0].vhost_why, "vhost-net serves it");
	err_set(&e, -EIO, "first");
	vq_switch_note(p.w.views[0].vq, ENGINE_TROUBLE_healed, &e);
	serve_tell_vhost(&p.g, p.ports, 1);
	assert_string_equal(p.ports[0].vhost_why, "vhost-net serves it");
	vq_switch_note(p.w.views[0].vq, ENGINE_TROUBLE_left, &e);
	serve_tell_vhost(&p.g, p.ports, 1);
	assert_string_equal(p.ports[0].vhost_why, "queue 0: first; using its TAP fd");
	p.ports[0].n_queues = 1;
	vq_switch_note(p.w.views[0].vq, ENGINE_TROUBLE_left, &e);
	serve_tell_vhost(&p.g, p.ports, 1);
	assert_string_equal(p.ports[0].vhost_why, "first; using the TAP fds");
	close_plan(&p);
}

/* Two signals in a row: the second one turns the first one back, wherever that is. */
static void test_wanted(void **state)
{
	static const bool want[] = {[VQ_off] = false,
				    [VQ_pausing] = true,
				    [VQ_on] = true,
				    [VQ_draining] = false};
	struct err e = {0};
	struct plan p;
	struct vq *vq;

	(void)state;
	fake = (struct fake_mode){0};
	open_plan(&p);
	p.g.conf.n_ports = 1;
	p.ports[0].n_queues = 1;
	attach(&p, 0, TRI_auto);
	lay_out(&p);
	assert_false(engine_vhost_is_wanted(&p.g, 0));
	assert_int_equal(engine_vhost_open(&p.g, &e), 0);
	vq = p.w.views[0].vq;
	for (enum vq_state s = VQ_off; s <= VQ_draining; s++) {
		vq_set_state(vq, s);
		for (unsigned on = 0; on < 2; on++) {
			assert_int_equal(engine_vhost_switch(&p.g, 0, on, &e), 0);
			assert_int_equal(engine_vhost_is_wanted(&p.g, 0), on);
		}
		vq->has_wish = false;
		assert_int_equal(engine_vhost_is_wanted(&p.g, 0), want[s]);
	}
	close_plan(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_only_those_that_ask),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests_name("vhost_plans", tests, NULL, NULL);
}
