/* SPDX-License-Identifier: BSD-2-Clause */
/* Fails every system call of port_open in turn, and looks for what stays behind. */
#include "io/port/spawn.h"
#include "tests/fault/fault.h"
#include "tests/fault/inject.h"

/*
 * How it works: each scene is a child process with network namespaces of its
 * own. For k = 1, 2, ... and each plausible errno it makes the device as the
 * scene wants it, notes fds and links, calls port_open with the k-th system
 * call failed, and compares. It ends when port_open makes fewer than k calls.
 */

enum source {
	SRC_new,
	SRC_persistent,
	SRC_detached,
	SRC_fds,
	SRC_helper,
	SRC_real_helper
};

struct scene {
	const char *name;
	enum source source;
	unsigned n_queues;
	int n_detached;	  /* of the given fds: the last ones */
	bool in_netns;	  /* the device lives in another namespace */
	bool plain;	  /* no link options */
	bool shell;	  /* the helper through sh -c */
	bool has_script;  /* script= */
	bool watched;	  /* a signal might end the waiting for programs */
	bool wants_vhost; /* fails at the last step: the roll-back is under fire too */
};

static const struct scene scenes[] = {
	{"by name, new device, 1 queue, no options", SRC_new, 1, .plain = true},
	{"by name, new device, 1 queue", SRC_new, 1, .has_script = true},
	{"by name, script, signals watched", SRC_new, 1, .plain = true,
	 .has_script = true, .watched = true},
	{"by name, new device, 4 queues, other namespace", SRC_new, 4, .in_netns = true},
	{"by name, persistent device, 1 queue", SRC_persistent, 1, .n_detached = 0},
	{"by name, persistent device, 4 queues, other namespace", SRC_persistent, 4,
	 .in_netns = true},
	{"by name, 4 queues beside a detached one", SRC_detached, 4, .n_detached = 0},
	{"by name, persistent device, 1 queue, a vhostfd that is none", SRC_persistent, 1,
	 .wants_vhost = true},
	{"fds, 1 queue, attached, no options", SRC_fds, 1, .plain = true},
	{"fds, 1 queue, attached", SRC_fds, 1, .n_detached = 0},
	{"fds, 1 queue, detached", SRC_fds, 1, .n_detached = 1},
	{"fds, 4 queues, attached, other namespace", SRC_fds, 4, .in_netns = true},
	{"fds, 4 queues, one detached", SRC_fds, 4, .n_detached = 1},
	{"helper, 1 queue", SRC_helper, 1, .n_detached = 0},
	{"helper, signals watched", SRC_helper, 1, .plain = true, .watched = true},
	{"helper through sh, 1 queue, no options", SRC_helper, 1, .plain = true,
	 .shell = true},
	{"qemu-bridge-helper, 1 queue", SRC_real_helper, 1, .plain = true},
};

static char folder[] = "/tmp/ringway-fault-XXXXXX";

struct stage {
	const struct scene *scene;
	int home_ns, device_ns; /* namespace fds */
	struct netlink nl;	/* in device_ns */
	char helper[PATH_MAX], script[PATH_MAX];
	int givers[4]; /* fds of the giver, who keeps them; -1 = none */
	struct port_spec spec;
	struct port port;
	struct fault_text fds, links, names;
	int n_bad, n_faults;
	long n_calls;
};

static void enter(const struct stage *st, bool device)
{
	if (st->scene->in_netns)
		fault_must(setns(device ? st->device_ns : st->home_ns, CLONE_NEWNET) == 0,
			   "setns");
}

static void stage_init(struct stage *st, const struct scene *scene)
{
	int quiet[2];

	memset(st, 0, sizeof(*st));
	st->scene = scene;
	fault_new_netns();
	st->home_ns = fault_own_netns();
	if (scene->watched) {
		fault_must(pipe2(quiet, O_CLOEXEC) == 0, "pipe");
		spawn_watch(quiet[0]);
	}
	if (scene->in_netns)
		fault_new_netns();
	st->device_ns = fault_own_netns();
	fault_open_netlink(&st->nl);
	fault_add_link(&st->nl, "br0", "bridge");
	enter(st, false);
	if (scene->source == SRC_real_helper) {
		fault_allow_bridges();
		strcpy(st->helper, fault_real_helper);
	} else {
		fault_helper_path(st->helper, folder, "ok");
		strcat(st->helper, scene->shell ? " " : "");
	}
	snprintf(st->script, sizeof(st->script), "%s/script", folder);
	fault_write_file(st->script, "#!/bin/sh\nexit 0\n");
}

/* The device as the scene wants to find it. */
static void make_device(struct stage *st)
{
	const struct scene *sc = st->scene;
	unsigned i, n = sc->source == SRC_fds ? sc->n_queues : sc->source == SRC_detached;
	int mq = sc->n_queues > 1 || sc->n_detached ? FAULT_MQ : 0;

	enter(st, true);
	for (i = 0; i < 4; i++)
		st->givers[i] = -1;
	if (sc->source == SRC_persistent)
		fault_persistent(
			"tst0", mq); /* without virtio-net header: it must come back so */
	for (i = 0; i < n; i++)
		st->givers[i] = fault_tap("tst0", mq | FAULT_VNET | FAULT_BLOCKING);
	if (n) {
		fault_must(tap_set_hdr_len(st->givers[0], 10) == 0, "header size");
		fault_must(tap_set_offloads(st->givers[0], TUN_F_CSUM, NULL) >= 0,
			   "offloads");
	}
	for (i = 0; i < n; i++) {
		if (sc->source == SRC_detached || i + (unsigned)sc->n_detached >= n)
			fault_must(tap_set_queue(st->givers[i], false) == 0, "detach");
	}
	enter(st, false);
}

static void remove_device(struct stage *st)
{
	unsigned i;

	for (i = 0; i < 4; i++) {
		if (st->givers[i] >= 0)
			close(st->givers[i]);
	}
	fault_del_link(&st->nl, "tst0");
}

static void make_wish(struct stage *st)
{
	const struct scene *sc = st->scene;
	struct port_spec *s = &st->spec;
	int fds[4];
	unsigned i;

	if (sc->source == SRC_fds) {
		for (i = 0; i < sc->n_queues; i++)
			fds[i] = fcntl(st->givers[i], F_DUPFD_CLOEXEC, 0);
		fault_spec_fds(s, fds, sc->n_queues);
	} else if (sc->source == SRC_helper || sc->source == SRC_real_helper) {
		fault_spec(s, "", 1);
		memcpy(s->helper, st->helper, sizeof(st->helper));
	} else {
		fault_spec(s, "tst0", sc->n_queues);
		if (sc->in_netns)
			snprintf(s->netns, sizeof(s->netns), "/proc/self/fd/%d",
				 st->device_ns);
		if (sc->has_script)
			strcpy(s->script, st->script);
	}
	if (sc->wants_vhost) {
		s->vhostfds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
		s->n_vhostfds = 1;
	}
	if (sc->plain)
		return;
	fault_spec_link(s, sc->source != SRC_helper);
	/* the owner of an existing device cannot be taken back */
	if (sc->source == SRC_new) {
		s->user = 0;
		s->has_user = true;
	}
	if (sc->source != SRC_helper)
		s->persist = TRI_on;
}

static void links_of(struct stage *st, struct fault_text *t, bool full)
{
	enter(st, true);
	fault_links(t, &st->nl, full);
	enter(st, false);
	if (st->scene->in_netns) {
		struct if_nameindex *all = if_nameindex(), *i;

		for (i = all; i && i->if_index; i++)
			fault_add(t, "home:%s ", i->if_name);
		if_freenameindex(all);
	}
}

/* A shell's helper is killed with it, but its end, and its fd's, comes unannounced. */
static bool links_are(struct stage *st, const struct fault_text *want, bool full,
		      struct fault_text *now)
{
	int tries = st->scene->shell ? 1000 : 1;

	for (links_of(st, now, full); !fault_same(now, want); links_of(st, now, full)) {
		if (--tries == 0)
			return false;
		usleep(10000);
	}
	return true;
}

static void bad(struct stage *st, const struct inject *in, const char *what,
		const char *before, const char *after)
{
	if (st->n_bad++ > 10)
		return;
	printf("# call %ld (number %ld) failed with %s: %s\n", in->at, in->nr,
	       in->err ? strerror(in->err) : "nothing", what);
	if (before)
		printf("#   before: %s\n#   after:  %s\n", before, after);
}

static void check_fds(struct stage *st, const struct inject *in)
{
	struct fault_text now;
	int i;

	fault_fds(&now);
	if (!fault_same(&now, &st->fds))
		bad(st, in, "other fds", st->fds.text, now.text);
	if (in->bad_closes)
		bad(st, in, "an fd was closed twice", NULL, NULL);
	for (i = 0; i < 4; i++) {
		if (st->givers[i] >= 0 && st->port.setup == NULL && st->spec.n_fds &&
		    (fcntl(st->givers[i], F_GETFL) & O_NONBLOCK))
			bad(st, in, "the giver's fd stayed non-blocking", NULL, NULL);
	}
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		bad(st, in, "a child process stayed", NULL, NULL);
}

static void check_giver(struct stage *st, const struct inject *in)
{
	int len = 0;

	if (st->givers[0] >= 0 && (tap_get_hdr_len(st->givers[0], &len) || len != 10))
		bad(st, in, "the header size was not put back", NULL, NULL);
}

static void check_failed(struct stage *st, const struct inject *in, int code,
			 const struct err *e)
{
	struct fault_text now;
	/* the roll-back itself may have been hit: then only what exists counts */
	bool full = !st->scene->wants_vhost || in->nr < 0;

	if (code >= 0 || e->code != code || !e->text[0] || strlen(e->text) < 20)
		bad(st, in, "no sentence, or another code", e->text, "");
	if (in->err == EINTR && !st->scene->wants_vhost)
		bad(st, in, "EINTR ended the set-up", e->text, "");
	check_fds(st, in);
	if (!links_are(st, full ? &st->links : &st->names, full, &now))
		bad(st, in, "other links", full ? st->links.text : st->names.text,
		    now.text);
	if (full)
		check_giver(st, in);
	if (st->port.setup || st->port.fds[0] != -1)
		bad(st, in, "the port is not in its empty state", NULL, NULL);
}

static void check_opened(struct stage *st, const struct inject *in)
{
	struct fault_text now;
	struct err e = {0};
	int i;

	for (i = 0; i < (int)st->scene->n_queues; i++) {
		bool want = i < (int)st->scene->n_queues - st->scene->n_detached;

		if (st->port.fds[i] < 0 || st->port.enabled[i] != want)
			bad(st, in, "a queue is not in its state", NULL, NULL);
	}
	if (port_close(&st->port, &e) || port_close(&st->port, &e))
		bad(st, in, "port_close failed", e.text, "");
	check_fds(st, in);
	if (st->scene->source == SRC_new && st->spec.persist == TRI_on)
		fault_del_link(&st->nl, "tst0");
	if (!links_are(st, &st->names, false, &now))
		bad(st, in, "other links after port_close", st->names.text, now.text);
}

static void try(struct stage *st, struct inject *in)
{
	struct err e = {0};
	int code;

	make_device(st);
	fault_fds(&st->fds);
	links_of(st, &st->links, true);
	links_of(st, &st->names, false);
	make_wish(st);
	port_init(&st->port);
	inject_begin(in);
	code = port_open(&st->port, &st->spec, &e);
	inject_end(in);
	if (!netns_is_same(st->home_ns, -1))
		bad(st, in, "not back in the own namespace", NULL, NULL);
	enter(st, false);
	if (in->nr < 0 && in->pass == 0) {
		st->n_calls = in->n_calls;
		if (!!code != st->scene->wants_vhost)
			bad(st, in, "without a fault", e.text, "");
	}
	st->n_faults += in->nr >= 0;
	if (code)
		check_failed(st, in, code, &e);
	else
		check_opened(st, in);
	remove_device(st);
}

static int play(struct inject *in, void *arg)
{
	static struct stage st;

	stage_init(&st, arg);
	for (in->at = 1;; in->at++) {
		in->pass = 0;
		try(&st, in);
		if (in->nr < 0)
			break;
		while (in->more) {
			in->pass++;
			try(&st, in);
		}
	}
	printf("# %ld system calls, %d faults, %d bad\n", st.n_calls, st.n_faults,
	       st.n_bad);
	return st.n_bad ? 1 : 0;
}

/* This program as a bridge helper, under the name helper-ok. */
static int be_helper(int argc, char **argv)
{
	int sock = -1, fd, i;

	for (i = 1; i < argc; i++)
		sscanf(argv[i], "--fd=%d", &sock);
	fd = fault_tap("tst0", FAULT_VNET);
	fault_send_fds(sock, &fd, 1);
	return 0;
}

static void clean(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/helper-ok", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/script", folder);
	unlink(path);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	struct fault_results r = {0};
	const struct scene *sc;
	int code;

	if (strstr(argv[0], "helper-"))
		return be_helper(argc, argv);
	if (!INJECT_CAN) {
		printf("1..0 # SKIP injection by ptrace is for x86-64 without "
		       "sanitizers\n");
		return 0;
	}
	fault_must(mkdtemp(folder) != NULL, "mkdtemp");
	for (sc = scenes; sc < scenes + sizeof(scenes) / sizeof(scenes[0]); sc++) {
		if (argc > 1 && !strstr(sc->name, argv[1]))
			continue;
		if (sc->source == SRC_real_helper && access(fault_real_helper, X_OK)) {
			fault_result(&r, true, "%s # SKIP %s is not installed", sc->name,
				     fault_real_helper);
			continue;
		}
		code = inject_run(play, (void *)sc);
		if (code > 1)
			printf("# the child ended with %d\n", code);
		fault_result(&r, code == 0, "%s: nothing stays when a system call fails",
			     sc->name);
	}
	clean();
	return fault_end(&r);
}
