/* SPDX-License-Identifier: BSD-2-Clause */
/* The vhost-net stage with each system call failing in turn: nothing is left. */
#include <linux/virtio_ring.h>

#include "tests/fault/fault.h"
#include "tests/fault/fake_vhost.h"
#include "vhost/vhost.h"

enum { MEM = 1 << 20, NATIVE = -1 };

enum what { STAGE_opened, STAGE_given, PORT_opened, PORT_given, PORT_whole };

struct scene {
	const char *name;
	int kernel; /* FAKE_*, or NATIVE: what this machine has */
	enum what what;
	enum vhost_workers workers;
};

static const struct scene scenes[] = {
	{"the stage, as on 6.1", FAKE_6_1, STAGE_opened, VHOST_WORKERS_shared},
	{"the stage, as on 6.5, two workers", FAKE_6_5, STAGE_opened,
	 VHOST_WORKERS_per_queue},
	{"the stage, as on 6.18, two workers", FAKE_6_18, STAGE_opened,
	 VHOST_WORKERS_per_queue},
	{"the stage, given fd", FAKE_6_18, STAGE_given, VHOST_WORKERS_shared},
	{"a port of 2 queues", FAKE_6_18, PORT_opened, VHOST_WORKERS_per_queue},
	{"a port of 2 queues, old kernel", FAKE_6_1, PORT_opened,
	 VHOST_WORKERS_per_queue},
	{"a port of 2 queues, given fds", FAKE_6_18, PORT_given, VHOST_WORKERS_shared},
	{"port_open, 2 queues, vhost=on", FAKE_6_18, PORT_whole, VHOST_WORKERS_per_queue},
	{"port_open, 2 queues, vhost=on, this kernel", NATIVE, PORT_whole,
	 VHOST_WORKERS_shared},
	{"the stage, this kernel", NATIVE, STAGE_opened, VHOST_WORKERS_per_queue},
	{"the stage, this kernel, given fd", NATIVE, STAGE_given, VHOST_WORKERS_shared},
	{"a port of 2 queues, this kernel", NATIVE, PORT_opened, VHOST_WORKERS_shared},
	{"a port of 2 queues, this kernel, given fds", NATIVE, PORT_given,
	 VHOST_WORKERS_shared},
};

struct play {
	const struct scene *scene;
	int tap;
	char *mem;
	struct port port;
	struct fault_text fds;
	int n_bad, n_faults;
};

static void bad(struct play *pl, const struct inject *in, const char *what,
		const char *more)
{
	printf("# call %ld pass %d (number %ld, %s): %s: %s\n", in->at, in->pass, in->nr,
	       in->err ? strerrorname_np(in->err) : "-", what, more);
	pl->n_bad++;
}

/* --- the stage by itself -------------------------------------------------------------
 */

static int bind_rings(struct play *pl, struct vhost *v, struct err *e)
{
	const struct vhost_region region = {0x100000, pl->mem, MEM};
	char *m = pl->mem;
	const struct vhost_ring rings[VHOST_RINGS] = {
		{m, m + 4096, m + 8192, 256, 0},
		{m + 16384, m + 20480, m + 24576, 256, 0},
	};

	return vhost_bind(v, &region, 1, rings, e);
}

/* From the first step to the last; where one fails the rest is not tried. */
static int live(struct play *pl, struct vhost **v, const struct vhost_conf *conf,
		struct err *e)
{
	uint16_t base = 99;
	int code = vhost_open(v, conf, e);

	if (!code)
		code = bind_rings(pl, *v, e);
	for (int i = 0; i < VHOST_RINGS && !code; i++)
		code = vhost_start(*v, i, pl->tap, e);
	for (int i = 0; i < VHOST_RINGS && !code; i++)
		code = vhost_stop(*v, i, &base, e);
	if (!code && base != 0)
		code = err_set(e, -ERANGE, "base %u after no packet at all", base);
	if (!code)
		code = vhost_rebase(*v, VHOST_RX, 0, e);
	if (!code)
		code = vhost_start(*v, VHOST_RX, pl->tap, e); /* closed while it runs */
	return code;
}

static int try_stage(struct play *pl, struct inject *in, struct err *e)
{
	struct vhost_conf conf = {.fd = -1, .workers = pl->scene->workers, .poll_us = 5};
	struct vhost *v = (void *)1;
	int code;

	if (pl->scene->what == STAGE_given)
		conf.fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	inject_begin(in);
	code = live(pl, &v, &conf, e);
	vhost_close(&v);
	inject_end(in);
	vhost_close(&v);
	return code;
}

/* --- a port --------------------------------------------------------------------------
 */

static void give_fds(struct port *p)
{
	for (unsigned i = 0; i < p->n_queues; i++)
		p->spec.vhostfds[i] = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	p->spec.n_vhostfds = p->n_queues;
}

static int try_port(struct play *pl, struct inject *in, struct err *e)
{
	struct port *p = &pl->port;
	unsigned n = 0;
	int code;

	if (pl->scene->what == PORT_given)
		give_fds(p);
	inject_begin(in);
	code = port_vhost_attach(p, e);
	for (unsigned i = 0; i < PORT_QUEUES_MAX; i++)
		n += p->vhost[i] != NULL;
	if (n != (code ? 0 : p->n_queues) || port_vhost_is_attached(p) != !code)
		bad(pl, in, "neither all queues nor none", e->text);
	if (!code && strncmp(p->vhost_why, "vhost-net serves it", 19))
		bad(pl, in, "another reason", p->vhost_why);
	port_vhost_detach(p);
	inject_end(in);
	port_vhost_detach(p);
	return code;
}

/* From a wish to a port; with vhost=on there is no port without it. */
static int try_whole(struct play *pl, struct inject *in, struct err *e)
{
	static struct port p;
	struct port_spec spec;
	int code;

	fault_spec(&spec, "vf2", 2);
	spec.vhost = TRI_on;
	spec.vhost_workers = pl->scene->workers;
	inject_begin(in);
	code = port_open(&p, &spec, e);
	inject_end(in);
	if (port_vhost_is_attached(&p) != !code || !!p.vhost[1] != !code)
		bad(pl, in, "neither all queues nor none", e->text);
	port_close(&p, NULL);
	if (p.vhost[0] || p.vhost[1] || if_nametoindex("vf2"))
		bad(pl, in, "the port is not in its empty state", e->text);
	return code;
}

/* --- all of it -----------------------------------------------------------------------
 */

static void try(struct play *pl, struct inject *in)
{
	bool is_port = pl->scene->what >= PORT_opened;
	struct fault_text now;
	struct err e = {0};
	int code;

	if (pl->scene->what == PORT_whole)
		code = try_whole(pl, in, &e);
	else
		code = is_port ? try_port(pl, in, &e) : try_stage(pl, in, &e);
	if (code < 0 && (e.code != code || strlen(e.text) < 20))
		bad(pl, in, "no sentence, or another code", e.text);
	if (code == -EINTR)
		bad(pl, in, "EINTR ended it", e.text);
	if (code == -EBUSY || code == -ERANGE)
		bad(pl, in, "the one before it has left something", e.text);
	if (code > 0 || (in->at > 1000 && code))
		bad(pl, in, "without a fault", e.text);
	fault_fds(&now);
	if (!fault_same(&now, &pl->fds))
		bad(pl, in, "other fds", now.text);
	if (in->bad_closes)
		bad(pl, in, "closed twice", "");
	pl->n_faults += in->nr >= 0;
}

static void play_init(struct play *pl, const struct scene *scene)
{
	struct port_spec spec;
	struct err e = {0};

	pl->scene = scene;
	fault_new_netns();
	pl->tap = fault_tap("vf0", FAULT_VNET);
	fault_must(tap_set_hdr_len(pl->tap, TAP_VNET_HDR_LEN) == 0, "header");
	pl->mem = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);
	fault_must(pl->mem != MAP_FAILED, "mmap");
	fault_spec(&spec, "vf1", 2);
	spec.vhost = TRI_off;
	spec.vhost_workers = scene->workers;
	spec.has_vhost_workers = spec.has_vhost_cpus = true;
	CPU_ZERO(&spec.vhost_cpus);
	CPU_SET(0, &spec.vhost_cpus);
	fault_must(port_open(&pl->port, &spec, &e) == 0, e.text);
	fault_fds(&pl->fds);
}

static int play(struct inject *in, void *arg)
{
	static struct play pl;
	bool more = true;

	play_init(&pl, arg);
	in->at = 100000; /* without a fault, all is well */
	try(&pl, in);
	for (in->at = 1; more; in->at++) {
		in->pass = 0;
		try(&pl, in);
		more = in->nr >= 0;
		while (in->more) {
			in->pass++;
			try(&pl, in);
		}
	}
	printf("# %ld calls, %d faults, %d bad\n", in->at - 2, pl.n_faults, pl.n_bad);
	port_close(&pl.port, NULL);
	return pl.n_bad || pl.n_faults < 50;
}

/* "native": in a slow guest the stand-in, which every machine has, is left out. */
int main(int argc, char **argv)
{
	bool is_native = argc > 1 && strcmp(argv[1], "native") == 0;
	struct fault_results r = {0};

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		const struct scene *s = &scenes[i];
		const char *why = NULL;

		if (is_native && s->kernel != NATIVE)
			continue;
		inject_fake = NULL;
		if (s->kernel != NATIVE)
			fake_vhost_use(s->kernel);
		else if (access("/dev/vhost-net", R_OK | W_OK) < 0)
			why = "no /dev/vhost-net";
		if (!INJECT_CAN)
			why = "the sanitizers' own system calls would be counted";
		if (why)
			fault_result(&r, true, "%s # SKIP %s", s->name, why);
		else
			fault_result(&r, inject_run(play, (void *)s) == 0,
				     "%s: nothing stays when a system call fails",
				     s->name);
	}
	return fault_end(&r);
}
