/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rwloop: the baseline that ringway is compared with: frames between two TAP
 * devices by plain read() and write(), in two blocking threads (one for each
 * direction) or in one thread with epoll.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "bench/netns_link.h"

enum {
	BUF_LEN = 68 * 1024, /* a 64 KiB super-packet with its headers */
	EPOLL_BUDGET = 64,   /* frames from one side before the other has its turn */
	GSO_TYPE_AT = 1,     /* struct virtio_net_hdr: u8 flags, u8 gso_type */
};

/* One direction. Written by one thread, read by main at the end. */
struct way {
	int in, out;
	int vnet_len;
	uint64_t packets, bytes, gso_packets, read_errors, write_errors;
	uint8_t buf[BUF_LEN] __attribute__((aligned(64)));
};

static struct way ways[2];

static void add(uint64_t *c, uint64_t n)
{
	__atomic_store_n(c, *c + n, __ATOMIC_RELAXED);
}

/* One frame; 1 = there may be more, 0 = nothing waits, or a negative errno. */
static int way_move(struct way *w)
{
	ssize_t n = read(w->in, w->buf, sizeof(w->buf));

	if (n < 0) {
		if (errno == EAGAIN)
			return 0;
		add(&w->read_errors, 1);
		return errno == EINTR ? 1 : -errno;
	}
	if (w->vnet_len && w->buf[GSO_TYPE_AT])
		add(&w->gso_packets, 1);
	if (write(w->out, w->buf, (size_t)n) < 0) {
		add(&w->write_errors, 1); /* the other side is down: this frame is lost */
		return 1;
	}
	add(&w->packets, 1);
	add(&w->bytes, (uint64_t)(n - w->vnet_len));
	return 1;
}

static void *run_blocking(void *arg)
{
	struct way *w = arg;

	while (way_move(w) >= 0)
		;
	return NULL;
}

static void *run_epoll(void *arg)
{
	struct epoll_event ev[2];
	int i, k, n, ep = *(int *)arg;

	for (;;) {
		n = epoll_wait(ep, ev, 2, -1);
		for (i = 0; i < n; i++) {
			struct way *w = ev[i].data.ptr;
			int rc = 1;

			for (k = 0; k < EPOLL_BUDGET && rc > 0; k++)
				rc = way_move(w);
			if (rc < 0)
				(void)epoll_ctl(ep, EPOLL_CTL_DEL, w->in, NULL);
		}
	}
	return NULL;
}

static int start(bool use_epoll, struct err *e)
{
	static int ep = -1;
	pthread_t t;
	int i, rc = 0;

	if (!use_epoll) {
		for (i = 0; i < 2 && !rc; i++)
			rc = pthread_create(&t, NULL, run_blocking, &ways[i]);
		return rc ? err_set(e, -rc, "thread: %s", strerror(rc)) : 0;
	}
	ep = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < 2 && ep >= 0 && !rc; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &ways[i]};

		rc = epoll_ctl(ep, EPOLL_CTL_ADD, ways[i].in, &ev);
	}
	if (ep < 0 || rc < 0)
		return err_set(e, -errno, "epoll: %s", strerror(errno));
	rc = pthread_create(&t, NULL, run_epoll, &ep);
	return rc ? err_set(e, -rc, "thread: %s", strerror(rc)) : 0;
}

static uint64_t get(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

static void report(void)
{
	static const char *const name[2] = {"a:b", "b:a"};
	int i;

	for (i = 0; i < 2; i++)
		printf("way=%s packets=%llu bytes=%llu gso_packets=%llu read_errors=%llu "
		       "write_errors=%llu\n",
		       name[i], (unsigned long long)get(&ways[i].packets),
		       (unsigned long long)get(&ways[i].bytes),
		       (unsigned long long)get(&ways[i].gso_packets),
		       (unsigned long long)get(&ways[i].read_errors),
		       (unsigned long long)get(&ways[i].write_errors));
	puts("end");
	fflush(stdout);
}

static int usage(void)
{
	fputs("usage: rwloop [--netns NS] IFNAME_A [--netns NS] IFNAME_B [--epoll] "
	      "[--no-vnet]\n"
	      "              [--mtu N]\n"
	      "Forwards frames between two TAP devices until SIGTERM; SIGUSR1 prints "
	      "counters.\n",
	      stderr);
	return 64;
}

/* Returns 0, or -1 for a mistake. Namespaces belong to the name behind them. */
static int parse(int argc, char **argv, struct netns_link_wish *w, bool *use_epoll)
{
	const char *netns = NULL;
	int i, n = 0, mtu = 0;
	bool vnet_hdr = true;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--epoll"))
			*use_epoll = true;
		else if (!strcmp(argv[i], "--no-vnet"))
			vnet_hdr = false;
		else if (!strcmp(argv[i], "--netns") && i + 1 < argc)
			netns = argv[++i];
		else if (!strcmp(argv[i], "--mtu") && i + 1 < argc)
			mtu = atoi(argv[++i]);
		else if (argv[i][0] == '-' || n == 2 || strlen(argv[i]) >= IFNAMSIZ)
			return -1;
		else
			w[n++] = (struct netns_link_wish){.netns = netns,
							  .ifname = argv[i]};
	}
	for (i = 0; i < 2; i++) {
		w[i].mtu = mtu;
		w[i].vnet_hdr = vnet_hdr;
		w[i].nonblock = *use_epoll;
	}
	return n == 2 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct netns_link_wish w[2] = {0};
	bool use_epoll = false;
	struct err e = {0};
	int i, fd[2] = {-1, -1}, sig = 0, rc = 0;
	sigset_t set;

	if (parse(argc, argv, w, &use_epoll) < 0)
		return usage();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* the threads inherit it */

	for (i = 0; i < 2 && rc >= 0; i++)
		rc = fd[i] = netns_link_tap(&w[i], &e);
	if (rc >= 0) {
		for (i = 0; i < 2; i++) {
			ways[i].in = fd[i];
			ways[i].out = fd[!i];
			ways[i].vnet_len = w[i].vnet_hdr ? 12 : 0;
		}
		rc = start(use_epoll, &e);
	}
	if (rc < 0) {
		fprintf(stderr, "rwloop: %s\n", e.text);
		return e.exit_status;
	}
	puts("ready");
	fflush(stdout);
	do {
		if (sigwait(&set, &sig) == 0)
			report();
	} while (sig == SIGUSR1);
	return 0; /* the end of the process ends the threads and removes the devices */
}
