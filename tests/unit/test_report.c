/* SPDX-License-Identifier: BSD-2-Clause */
/* report: its text, word for word, over an engine and ports that are stand-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "io/control/report.h"

static unsigned n_workers = 1;

void engine_queue_counters(const struct engine *g, unsigned port, unsigned queue,
			   struct counters *sum)
{
	(void)g;
	sum->rx_packets += 10 * (port + 1) + queue;
	sum->rx_bytes += 1000;
	sum->rx_gso_packets += 2;
	sum->copies += queue ? 0 : 5;
	sum->rx_bursts += 3;
	sum->tx_packets += 9;
	sum->tx_bytes += 900;
	sum->tx_gso_packets += 1;
	sum->tx_bursts += 4;
	sum->tx_made_packets += 3;
	sum->tx_made_bytes += 30;
	sum->tx_sw_gso += 8;
	sum->tx_sw_csum += 7;
	sum->tx_failed_packets += 2;
	sum->tx_failed_bytes += 200;
	sum->rx_no_buffer += 5;
	sum->syscalls += 6;
	sum->drops[DROP_tx_link_down] += queue ? 2 : 0;
	sum->drops[DROP_rx_runt] += 1;
}

int engine_queue_worker(const struct engine *g, unsigned port, unsigned queue)
{
	(void)g;
	return port == 0 && queue == 0 ? 0 : -1;
}

const char *engine_queue_io(const struct engine *g, unsigned port, unsigned queue)
{
	return engine_queue_worker(g, port, queue) < 0 ? "off" : "mshot";
}

bool engine_vhost_is_on(const struct engine *g, unsigned port)
{
	(void)g, (void)port;
	return false;
}

unsigned engine_bridge_count(const struct engine *g)
{
	(void)g;
	return 1;
}

void engine_bridge_stats(const struct engine *g, unsigned bridge,
			 struct engine_bridge_stats *st)
{
	(void)g, (void)bridge;
	*st = (struct engine_bridge_stats){"br0", 2, 11, 12, 15, 16, 13, 14};
}

unsigned engine_n_workers(const struct engine *g)
{
	(void)g;
	return n_workers;
}

void engine_worker_stats(const struct engine *g, unsigned worker,
			 struct engine_worker_stats *st)
{
	(void)g;
	*st = (struct engine_worker_stats){
		.form = LOOP_FORM_A,
		.cpu = worker ? -1 : 3,
		.n_rx_queues = 1,
		.turns = 2,
		.packets = 3,
		.enters = 4,
		.sleeps = 5,
		.spins = 6,
		.syscalls = 7,
	};
}

const char *engine_form_name(enum loop_form form)
{
	return form == LOOP_FORM_A ? "A" : "?";
}

int port_kernel_stats(struct port *p, struct port_kernel_stats *st, struct err *e)
{
	if (strcmp(p->ifname, "gone") == 0)
		return err_set(e, -ENODEV, "gone");
	*st = (struct port_kernel_stats){1, 2, 3, 4, 5, 6, 7, 8};
	return 0;
}

/* renamed since it was opened */
const char *port_current_name(const struct port *p, char name[IFNAMSIZ])
{
	return strcpy(name, strcmp(p->ifname, "tap0") == 0 ? "uplink" : p->ifname);
}

/* port a has one, whose struct is never looked into here */
bool port_vhost_is_attached(const struct port *p)
{
	return p->vhost[0];
}

void port_vhost_threads(const struct port *p, const struct vhost_thread **list,
			unsigned *n)
{
	static const struct vhost_thread two[] = {{70, 3}, {71, -1}};

	*list = p->vhost[0] ? two : NULL;
	*n = p->vhost[0] ? 2 : 0;
}

static struct port ports[2];

static void make_ports(void)
{
	memset(ports, 0, sizeof(ports));
	strcpy(ports[0].spec.id, "a");
	strcpy(ports[0].ifname, "tap0");
	ports[0].n_queues = 2;
	strcpy(ports[0].vhost_why, "no such thing; using the TAP fds");
	strcpy(ports[1].spec.id, "b");
	strcpy(ports[1].ifname, "gone");
	ports[1].n_queues = 1;
	strcpy(ports[1].vhost_why, "vhost=off");
}

static const char expected[] =
	"port=a ifname=uplink queues=2 rx_packets=21 rx_bytes=2000 rx_gso_packets=4 "
	"tx_packets=14 "
	"tx_bytes=1400 tx_gso_packets=2 tx_made_packets=6 tx_made_bytes=60 "
	"tx_sw_gso=16 tx_sw_csum=14 copies=5 drops=4 kernel_rx_packets=1 "
	"kernel_rx_bytes=2 "
	"kernel_rx_dropped=3 kernel_rx_errors=4 kernel_tx_packets=5 kernel_tx_bytes=6 "
	"kernel_tx_dropped=7 kernel_tx_errors=8\n"
	"vhost=a state=off workers=- fork_from_owner=- threads=- why=no such thing; "
	"using the TAP fds\n"
	"queue=a/0 worker=0 io=mshot rx_packets=10 rx_bytes=1000 rx_bursts=3 "
	"tx_packets=7 "
	"tx_bytes=700 tx_bursts=4 tx_made_packets=3 copies=5 rx_no_buffer=5 syscalls=6 "
	"kicks=0 "
	"calls=0 "
	"vhost_rebuilds=0 vhost_fallbacks=0 drops=1\n"
	"drop=a/0 reason=rx_runt packets=1\n"
	"queue=a/1 worker=- io=off rx_packets=11 rx_bytes=1000 rx_bursts=3 tx_packets=7 "
	"tx_bytes=700 tx_bursts=4 tx_made_packets=3 copies=0 rx_no_buffer=5 syscalls=6 "
	"kicks=0 "
	"calls=0 "
	"vhost_rebuilds=0 vhost_fallbacks=0 drops=3\n"
	"drop=a/1 reason=rx_runt packets=1\n"
	"drop=a/1 reason=tx_link_down packets=2\n"
	"port=b ifname=gone queues=1 rx_packets=20 rx_bytes=1000 rx_gso_packets=2 "
	"tx_packets=7 "
	"tx_bytes=700 tx_gso_packets=1 tx_made_packets=3 tx_made_bytes=30 "
	"tx_sw_gso=8 tx_sw_csum=7 copies=5 drops=1 kernel_rx_packets=- kernel_rx_bytes=- "
	"kernel_rx_dropped=- kernel_rx_errors=- kernel_tx_packets=- kernel_tx_bytes=- "
	"kernel_tx_dropped=- kernel_tx_errors=-\n"
	"vhost=b state=off workers=- fork_from_owner=- threads=- why=vhost=off\n"
	"queue=b/0 worker=- io=off rx_packets=20 rx_bytes=1000 rx_bursts=3 tx_packets=7 "
	"tx_bytes=700 tx_bursts=4 tx_made_packets=3 copies=5 rx_no_buffer=5 syscalls=6 "
	"kicks=0 "
	"calls=0 "
	"vhost_rebuilds=0 vhost_fallbacks=0 drops=1\n"
	"drop=b/0 reason=rx_runt packets=1\n"
	"bridge=br0 ports=2 entries=11 moves=12 flushed=15 evicted=16 "
	"refused_limit=13 refused_full=14\n"
	"worker=0 form=A cpu=3 rx_queues=1 turns=2 packets=3 enters=4 sleeps=5 spins=6 "
	"syscalls=7\n"
	"worker=1 form=A cpu=- rx_queues=1 turns=2 packets=3 enters=4 sleeps=5 spins=6 "
	"syscalls=7\n"
	"total rx_packets=41 copies=10 tx_packets=21 tx_made_packets=9 drops=5\n"
	"end\n";

static void test_text(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	make_ports();
	n_workers = 2;
	report_write(f, NULL, ports, 2);
	fclose(f);
	assert_string_equal(text, expected);
	free(text);
}

/* What report_send writes comes whole out of the other end. */
static void check_ends(int in, int out)
{
	char text[8192];
	ssize_t n;
	struct err e;

	make_ports();
	n_workers = 2;
	assert_int_equal(report_send(in, NULL, ports, 2, &e), 0);
	n = read(out, text, sizeof(text));
	assert_int_equal(n, sizeof(expected) - 1);
	assert_memory_equal(text, expected, n);
	close(in);
	close(out);
}

static void test_send(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	check_ends(ends[1], ends[0]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	check_ends(ends[1], ends[0]);
}

static void test_broken(void **state)
{
	int full = open("/dev/full", O_WRONLY), fds[2];
	struct err e;

	(void)state;
	make_ports();
	assert_int_equal(report_send(full, NULL, ports, 2, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "No space left"));
	close(full);
	assert_int_equal(report_send(full, NULL, ports, 2, &e), -EBADF);
	/* the other end is gone */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	close(fds[0]);
	assert_int_equal(report_send(fds[1], NULL, ports, 2, &e), -EPIPE);
	close(fds[1]);
}

/* A reader that does not read holds nobody up. */
static void test_stuck(void **state)
{
	static char junk[4096];
	int ends[2];
	struct err e;

	(void)state;
	make_ports();
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	while (write(ends[1], junk, sizeof(junk)) > 0)
		;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	assert_int_equal(report_send(ends[1], NULL, ports, 2, &e), -ETIMEDOUT);
	assert_int_equal(e.exit_status, EX_TEMPFAIL);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
