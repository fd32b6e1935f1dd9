/* SPDX-License-Identifier: BSD-2-Clause */
/* All workers together: start, stop, and reading of their counters. */
#include "io/loop/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "io/compat.h"
#include "io/loop/engine_bridge.h"
#include "io/loop/engine_vhost.h"
#include "io/loop/engine_views.h"
#include "io/loop/probe.h"

enum {
	VIEWS_MAX = 65535,
	POPULATE_MAX = 32 << 20, /* bytes of buffers that are resident from the start */
};

struct start {
	struct engine *g;
	struct worker *w;
	struct err err;
	int ret;
};

const char *engine_form_name(enum loop_form form)
{
	static const char *const names[] = {"auto", "A", "B", "C", "D", "E"};

	return names[form];
}

static struct tapq *view_of(const struct engine *g, unsigned worker, unsigned port,
			    unsigned queue)
{
	return &g->workers[worker].views[g->first_view[port] + queue];
}

/*
 * Each side may get what the other side can take or core/offload can do instead,
 * which is all but UFO.
 */
static unsigned offloads_towards(const struct port *from, const struct port *to)
{
	unsigned ufo = to->vnet_hdr ? to->offloads_can & TUN_F_UFO : 0;

	return from->offloads_can & (ufo | ~(unsigned)TUN_F_UFO);
}

static int agree_offloads(struct engine *g, struct err *e)
{
	int ret = 0;

	for (unsigned i = 0; i < g->conf.n_pairs && !ret; i++) {
		struct port *a = &g->conf.ports[g->conf.pairs[i].a];
		struct port *b = &g->conf.ports[g->conf.pairs[i].b];

		if (a->vnet_hdr)
			ret = port_set_offloads(a, offloads_towards(a, b), e);
		if (b->vnet_hdr && !ret)
			ret = port_set_offloads(b, offloads_towards(b, a), e);
	}
	return ret ? ret : engine_bridge_offloads(g, e);
}

static void *thread_main(void *arg)
{
	struct start *s = arg;
	struct worker *w = s->w;
	int ret;

	ret = s->ret = worker_attach(w, s->g->form, &s->err);
	sem_post(&s->g->started); /* s is gone from here on */
	if (!ret)
		worker_run(w);
	return NULL;
}

static int start_thread(struct engine *g, struct worker *w, struct err *e)
{
	struct start s = {.g = g, .w = w};
	char name[16];
	int ret;

	ret = pthread_create(&w->thread, NULL, thread_main, &s);
	if (ret)
		return err_set(
			e, -ret,
			"starting worker %u: %s (a limit of threads or memory: raise "
			"ulimit -u or TasksMax=, or use fewer --workers)",
			w->idx, strerror(ret));
	w->has_thread = true;
	snprintf(name, sizeof(name), "ringway-w%u", w->idx);
	pthread_setname_np(w->thread, name);
	while (sem_wait(&g->started) < 0)
		;
	g->attach_failed = s.ret != 0;
	if (s.ret && e)
		*e = s.err;
	return s.ret;
}

static int pin(struct worker *w, struct err *e)
{
	cpu_set_t set;
	int ret;

	if (w->cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	ret = pthread_setaffinity_np(w->thread, sizeof(set), &set);
	if (ret)
		return err_set(e, -ret, "pinning worker %u to CPU %d: %s (--cpus)",
			       w->idx, w->cpu, strerror(ret));
	return 0;
}

static void stop_workers(struct engine *g)
{
	for (unsigned i = 0; g->workers && i < g->conf.n_workers; i++) {
		if (g->workers[i].has_thread)
			worker_stop(&g->workers[i]);
	}
	for (unsigned i = 0; g->workers && i < g->conf.n_workers; i++) {
		if (g->workers[i].has_thread)
			pthread_join(g->workers[i].thread, NULL);
		worker_close(&g->workers[i]);
	}
}

/* Memory for all of them first: rings that cannot be had concern whole ports. */
static int open_workers(struct engine *g, const unsigned *n_rx, struct err *e)
{
	bool populate;
	size_t len = 0;
	int ret = 0;

	for (unsigned i = 0; i < g->conf.n_workers; i++)
		len += pool_mem_len(worker_n_bufs(n_rx[i]));
	populate = len <= POPULATE_MAX;

	for (unsigned i = 0; i < g->conf.n_workers; i++) {
		int cpu = g->conf.n_cpus ? g->conf.cpus[i % g->conf.n_cpus] : -1;

		worker_init(&g->workers[i], i, cpu);
	}
	for (unsigned i = 0; i < g->conf.n_workers && !ret; i++) {
		struct worker *w = &g->workers[i];

		w->wait.busy_poll = g->conf.busy_poll;
		w->has_bridge = g->conf.n_bridges;
		w->n_spare = w->has_bridge ? WORKER_SPARE_BUFS : 0;
		ret = worker_open(w, g->n_views, n_rx[i],
				  engine_vhost_n_queues(g, i, n_rx[i]), populate, e);
		if (ret)
			break;
		w->loop.nowait = g->nowait;
		engine_views_fill(g, w);
	}
	return ret ? ret : engine_vhost_open(g, e);
}

static int start_workers(struct engine *g, const unsigned *n_rx, struct err *e)
{
	int ret = open_workers(g, n_rx, e);

	for (unsigned i = 0; i < g->conf.n_workers && !ret; i++) {
		ret = start_thread(g, &g->workers[i], e);
		if (!ret)
			ret = pin(&g->workers[i], e);
	}
	if (ret)
		stop_workers(g);
	return ret;
}

static void tell(const struct engine *g, const char *fmt, const char *arg)
{
	char line[1200];

	snprintf(line, sizeof(line), fmt, arg);
	if (g->conf.log)
		g->conf.log(line);
}

/* A port that insists on io_uring, or NULL. */
static const struct port *uring_port(const struct engine *g)
{
	for (unsigned i = 0; i < g->conf.n_ports; i++) {
		if (g->conf.ports[i].spec.io == PORT_IO_uring)
			return &g->conf.ports[i];
	}
	return NULL;
}

/* io_uring is refused: the epoll back end, unless someone insists. */
static int fall_back(struct engine *g, struct err *e)
{
	const struct port *port = uring_port(g);

	if (port) {
		err_prefix(e, "port '%s': io=uring", port->spec.id);
		return e->code;
	}
	if (g->conf.form != LOOP_FORM_auto) {
		err_prefix(e, "--uring-form %s", engine_form_name(g->conf.form));
		return e->code;
	}
	tell(g, "using the epoll back end: %s", e->text);
	g->form = LOOP_FORM_E;
	return 0;
}

static bool all_epoll(const struct engine *g)
{
	for (unsigned i = 0; i < g->conf.n_ports; i++) {
		if (g->conf.ports[i].spec.io != PORT_IO_epoll)
			return false;
	}
	return true;
}

static int choose_form(struct engine *g, struct err *e)
{
	const struct port *port = uring_port(g);

	if (g->conf.n_ports)
		g->nowait = probe_nowait(g->conf.ports[0].fds[0]);
	if (all_epoll(g) || g->conf.form == LOOP_FORM_E) {
		g->form = LOOP_FORM_E;
		if (port)
			return err_usage(
				e,
				"port '%s': io=uring contradicts --uring-form E; "
				"leave one out",
				port->spec.id);
		return 0;
	}
	g->form = probe_form(g->conf.form, g->conf.ports[0].fds[0], e);
	if (g->form == LOOP_FORM_E)
		return fall_back(g, e);
	if (g->conf.form != LOOP_FORM_auto && g->form != g->conf.form)
		return err_set(e, -EOPNOTSUPP,
			       "--uring-form %s: this kernel allows form %s at best; "
			       "leave it to auto",
			       engine_form_name(g->conf.form), engine_form_name(g->form));
	return 0;
}

static int lay_out(struct engine *g, struct err *e)
{
	for (unsigned p = 0; p < g->conf.n_ports; p++)
		g->n_views += g->conf.ports[p].n_queues;
	if (g->n_views > VIEWS_MAX)
		return err_set(e, -E2BIG,
			       "%u queues in all ports, at most %d are possible",
			       g->n_views, VIEWS_MAX);
	g->first_view = calloc(g->conf.n_ports, sizeof(*g->first_view));
	g->placed = calloc(g->n_views, sizeof(*g->placed));
	g->workers = calloc(g->conf.n_workers, sizeof(*g->workers));
	for (unsigned i = 0; g->workers && i < g->conf.n_workers; i++)
		worker_init(&g->workers[i], i, -1);
	g->outs = calloc((size_t)g->n_views * g->conf.n_workers, sizeof(*g->outs));
	if (!g->first_view || !g->placed || !g->workers || !g->outs)
		return err_set(e, -ENOMEM, "no memory for %u queues", g->n_views);
	if (getrandom(&g->flow_seed, sizeof(g->flow_seed), 0) < 0)
		g->flow_seed = (uintptr_t)g;
	g->has_sem = sem_init(&g->started, 0, 0) == 0;
	return 0;
}

int engine_start(struct engine **gp, const struct engine_conf *conf, struct err *e)
{
	struct engine *g = calloc(1, sizeof(*g));
	unsigned *n_rx = calloc(conf->n_workers, sizeof(*n_rx));
	int ret;

	*gp = NULL;
	if (!g || !n_rx) {
		ret = err_set(e, -ENOMEM, "no memory for %u workers", conf->n_workers);
		goto fail;
	}
	g->conf = *conf;
	ret = lay_out(g, e);
	if (!ret)
		ret = engine_bridge_open(g, e);
	if (!ret)
		ret = agree_offloads(g, e);
	if (!ret)
		ret = choose_form(g, e);
	if (ret)
		goto fail;
	engine_views_place(g, n_rx);
	ret = start_workers(g, n_rx, e);
	if (ret && g->attach_failed && g->form != LOOP_FORM_E && !fall_back(g, e))
		ret = start_workers(g, n_rx, e);
	if (ret)
		goto fail;
	free(n_rx);
	*gp = g;
	return 0;
fail:
	free(n_rx);
	engine_stop(&g);
	return ret;
}

void engine_stop(struct engine **gp)
{
	struct engine *g = *gp;

	*gp = NULL;
	if (!g)
		return;
	stop_workers(g);
	if (g->has_sem)
		sem_destroy(&g->started);
	engine_bridge_close(g);
	free(g->first_view);
	free(g->placed);
	free(g->workers);
	free(g->outs);
	free(g);
}

void engine_queue_counters(const struct engine *g, unsigned port, unsigned queue,
			   struct counters *sum)
{
	for (unsigned i = 0; i < g->conf.n_workers; i++)
		counters_add(sum, &view_of(g, i, port, queue)->q.count);
}

int engine_queue_worker(const struct engine *g, unsigned port, unsigned queue)
{
	return g->placed[g->first_view[port] + queue];
}

const char *engine_queue_io(const struct engine *g, unsigned port, unsigned queue)
{
	int worker = engine_queue_worker(g, port, queue);

	if (worker < 0)
		return tapq_rx_name(TAPQ_RX_off);
	return tapq_rx_name(__atomic_load_n(
		&view_of(g, (unsigned)worker, port, queue)->rx, __ATOMIC_RELAXED));
}

unsigned engine_n_workers(const struct engine *g)
{
	return g->conf.n_workers;
}

void engine_worker_stats(const struct engine *g, unsigned worker,
			 struct engine_worker_stats *st)
{
	const struct worker *w = &g->workers[worker];

	*st = (struct engine_worker_stats){
		.form = g->form,
		.cpu = w->cpu,
		.n_rx_queues = w->n_rx,
		.turns = counter_get(&w->turns),
		.packets = counter_get(&w->packets),
		.enters = counter_get(&w->loop.enters),
		.sleeps = counter_get(&w->loop.sleeps),
		.spins = counter_get(&w->loop.spins),
	};
	st->syscalls = st->enters;
	for (unsigned i = 0; i < g->n_views; i++)
		st->syscalls += counter_get(&w->views[i].q.count.syscalls);
}
