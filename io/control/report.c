/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters as text: one line for each object, key=value, stable for parsing. */
#include "io/control/report.h"
#include "io/control/say.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void put(FILE *f, const char *key, uint64_t value)
{
	fprintf(f, " %s=%" PRIu64, key, value);
}

static void put_kernel(FILE *f, struct port *p)
{
	struct port_kernel_stats st;
	const struct {
		const char *key;
		uint64_t *value;
	} rows[] = {
		{"kernel_rx_packets", &st.rx_packets},
		{"kernel_rx_bytes", &st.rx_bytes},
		{"kernel_rx_dropped", &st.rx_dropped},
		{"kernel_rx_errors", &st.rx_errors},
		{"kernel_tx_packets", &st.tx_packets},
		{"kernel_tx_bytes", &st.tx_bytes},
		{"kernel_tx_dropped", &st.tx_dropped},
		{"kernel_tx_errors", &st.tx_errors},
	};
	bool can = port_kernel_stats(p, &st, NULL) == 0;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (can)
			put(f, rows[i].key, *rows[i].value);
		else
			fprintf(f, " %s=-", rows[i].key);
}

static void port_line(FILE *f, struct port *p, const struct counters *c)
{
	char name[IFNAMSIZ];

	fprintf(f, "port=%s ifname=%s queues=%u", p->spec.id, port_current_name(p, name),
		p->n_queues);
	put(f, "rx_packets", c->rx_packets);
	put(f, "rx_bytes", c->rx_bytes);
	put(f, "rx_gso_packets", c->rx_gso_packets);
	put(f, "tx_packets", counters_sent_packets(c));
	put(f, "tx_bytes", counters_sent_bytes(c));
	put(f, "tx_gso_packets", c->tx_gso_packets);
	put(f, "tx_made_packets", c->tx_made_packets);
	put(f, "tx_made_bytes", c->tx_made_bytes);
	put(f, "tx_sw_gso", c->tx_sw_gso);
	put(f, "tx_sw_csum", c->tx_sw_csum);
	put(f, "copies", c->copies);
	put(f, "drops", counters_drops(c));
	put_kernel(f, p);
	fputc('\n', f);
}

/* why is a sentence: the rest of the line. */
static void vhost_line(FILE *f, const struct engine *g, const struct port *p,
		       unsigned port)
{
	static const char *const workers[] = {"shared", "per-queue"};
	bool is_attached = port_vhost_is_attached(p);
	const struct vhost_thread *t;
	struct vhost_info info;
	unsigned n;

	fprintf(f, "vhost=%s state=%s", p->spec.id,
		engine_vhost_is_on(g, port) ? "on" : "off");
	if (is_attached)
		vhost_info(p->vhost[0], &info);
	fprintf(f, " workers=%s fork_from_owner=%s threads=",
		is_attached ? workers[info.workers] : "-",
		!is_attached	 ? "-"
		: info.is_forked ? "on"
				 : "off");
	port_vhost_threads(p, &t, &n);
	for (unsigned i = 0; i < n; i++) {
		fprintf(f, "%s%d", i ? "," : "", (int)t[i].tid);
		if (t[i].cpu >= 0)
			fprintf(f, "@%d", t[i].cpu);
	}
	fprintf(f, "%s why=%s\n", n ? "" : "-", p->vhost_why);
}

static void queue_lines(FILE *f, const struct engine *g, const char *id, unsigned port,
			unsigned queue, const struct counters *c)
{
	int worker = engine_queue_worker(g, port, queue);

	fprintf(f, "queue=%s/%u", id, queue);
	if (worker < 0)
		fputs(" worker=-", f);
	else
		fprintf(f, " worker=%d", worker);
	fprintf(f, " io=%s", engine_queue_io(g, port, queue));
	put(f, "rx_packets", c->rx_packets);
	put(f, "rx_bytes", c->rx_bytes);
	put(f, "rx_bursts", c->rx_bursts);
	put(f, "tx_packets", counters_sent_packets(c));
	put(f, "tx_bytes", counters_sent_bytes(c));
	put(f, "tx_bursts", c->tx_bursts);
	put(f, "tx_made_packets", c->tx_made_packets);
	put(f, "copies", c->copies);
	put(f, "rx_no_buffer", c->rx_no_buffer);
	put(f, "syscalls", c->syscalls);
	put(f, "kicks", c->kicks);
	put(f, "calls", c->calls);
	put(f, "vhost_rebuilds", c->rebuilds);
	put(f, "vhost_fallbacks", c->fallbacks);
	put(f, "drops", counters_drops(c));
	fputc('\n', f);
	for (enum drop d = 0; d < DROP_N; d++)
		if (c->drops[d])
			fprintf(f, "drop=%s/%u reason=%s packets=%" PRIu64 "\n", id,
				queue, drop_name(d), c->drops[d]);
}

static void worker_line(FILE *f, const struct engine *g, unsigned worker)
{
	struct engine_worker_stats st = {.cpu = -1};

	engine_worker_stats(g, worker, &st);
	fprintf(f, "worker=%u form=%s", worker, engine_form_name(st.form));
	if (st.cpu < 0)
		fputs(" cpu=-", f);
	else
		fprintf(f, " cpu=%d", st.cpu);
	put(f, "rx_queues", st.n_rx_queues);
	put(f, "turns", st.turns);
	put(f, "packets", st.packets);
	put(f, "enters", st.enters);
	put(f, "sleeps", st.sleeps);
	put(f, "spins", st.spins);
	put(f, "syscalls", st.syscalls);
	fputc('\n', f);
}

static void bridge_line(FILE *f, const struct engine *g, unsigned bridge)
{
	struct engine_bridge_stats st = {.name = "-"};

	engine_bridge_stats(g, bridge, &st);
	fprintf(f, "bridge=%s ports=%u", st.name, st.n_ports);
	put(f, "entries", st.entries);
	put(f, "moves", st.moves);
	put(f, "flushed", st.flushed);
	put(f, "evicted", st.evicted);
	put(f, "refused_limit", st.refused_limit);
	put(f, "refused_full", st.refused_full);
	fputc('\n', f);
}

/*
 * Each queue is read once, and the lines of port and total are sums of what
 * the lines of the queues show: the report agrees with itself under load.
 */
static void port_lines(FILE *f, const struct engine *g, struct port *p, unsigned port,
		       struct counters *total)
{
	struct counters *queues = calloc(p->n_queues, sizeof(*queues)), sum = {0};

	if (!queues)
		return;
	for (unsigned q = 0; q < p->n_queues; q++) {
		engine_queue_counters(g, port, q, &queues[q]);
		counters_add(&sum, &queues[q]);
	}
	port_line(f, p, &sum);
	vhost_line(f, g, p, port);
	for (unsigned q = 0; q < p->n_queues; q++)
		queue_lines(f, g, p->spec.id, port, q, &queues[q]);
	counters_add(total, &sum);
	free(queues);
}

void report_write(FILE *f, const struct engine *g, struct port *ports, unsigned n_ports)
{
	struct counters total = {0};

	for (unsigned i = 0; i < n_ports; i++)
		port_lines(f, g, &ports[i], i, &total);
	for (unsigned i = 0; i < engine_bridge_count(g); i++)
		bridge_line(f, g, i);
	for (unsigned i = 0; i < engine_n_workers(g); i++)
		worker_line(f, g, i);
	fputs("total", f);
	put(f, "rx_packets", total.rx_packets);
	put(f, "copies", total.copies);
	put(f, "tx_packets", counters_sent_packets(&total));
	put(f, "tx_made_packets", total.tx_made_packets);
	put(f, "drops", counters_drops(&total));
	fputs("\nend\n", f);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int put_all(int fd, const char *text, size_t len)
{
	int64_t end = now_ms() + 1000;

	while (len) {
		struct pollfd pfd = {.fd = fd, .events = POLLOUT};
		int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&pfd, 1, (int)left) == 0)
			return -ETIMEDOUT;
		n = say_some(fd, text, len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int report_send(int fd, const struct engine *g, struct port *ports, unsigned n_ports,
		struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int code;

	if (!f)
		return err_set(e, -ENOMEM, "no memory for the report of counters");
	report_write(f, g, ports, n_ports);
	code = fclose(f) ? -ENOMEM : put_all(fd, text, len);
	free(text);
	if (code < 0)
		return err_set(e, code,
			       "the counters could not be written to standard output: %s",
			       strerror(-code));
	return 0;
}
