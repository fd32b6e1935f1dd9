/* SPDX-License-Identifier: BSD-2-Clause */
/* The front of all receivers, and those that only count. */
#include "bench/wire/wire_rx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/wire/wire_rx_own.h"
#include "io/port/netns.h"

static const struct {
	const char *name;
	const struct wire_rx_ops *ops;
} kinds[WIRE_RX_N_KINDS] = {
	[WIRE_RX_mmap] = {"mmap", &wire_rx_mmap_ops},
	[WIRE_RX_tc] = {"tc", &wire_rx_count_ops},
	[WIRE_RX_xdp] = {"xdp", &wire_rx_count_ops},
	[WIRE_RX_tap] = {"tap", &wire_rx_tap_ops},
};

const char *wire_rx_kind_name(enum wire_rx_kind kind)
{
	return kind < WIRE_RX_N_KINDS ? kinds[kind].name : NULL;
}

int wire_rx_kind_parse(const char *word, enum wire_rx_kind *kind, struct err *e)
{
	for (unsigned i = 0; i < WIRE_RX_N_KINDS; i++)
		if (!strcmp(word, kinds[i].name)) {
			*kind = i;
			return 0;
		}
	return err_usage(e, "--io %.40s: frames are received by mmap, tc, xdp or tap",
			 word);
}

static int open_there(struct wire_rx *r, struct err *e)
{
	int back, rc, left;

	rc = netns_enter(r->wish.at.netns, &back, e);
	if (rc)
		return rc;
	rc = r->ops->open(r, e);
	left = netns_leave(&back, e);
	return left ? left : rc;
}

int wire_rx_open(struct wire_rx **to, const struct wire_rx_wish *w, struct err *e)
{
	struct wire_rx *r = calloc(1, sizeof(*r));
	int rc = 0;

	*to = NULL;
	if (!r)
		return err_set(e, -ENOMEM, "no memory for a receiver");
	r->ops = kinds[w->kind].ops;
	r->wish = *w;
	r->fd = -1;
	wire_bpf_init(&r->bpf);
	if (w->kind != WIRE_RX_tap)
		rc = wire_find(&w->at, 0, &r->info, e);
	else if (w->fd < 0)
		rc = wire_check_name(w->at.ifname, e);
	if (w->at.ifname)
		strncpy(r->ifname, w->at.ifname, IFNAMSIZ - 1);
	r->wish.at.ifname = r->ifname;
	if (!rc)
		rc = open_there(r, e);
	if (rc) {
		wire_rx_close(r);
		return rc;
	}
	*to = r;
	return 0;
}

void wire_rx_close(struct wire_rx *r)
{
	if (!r)
		return;
	if (r->ops->close)
		r->ops->close(r);
	wire_bpf_close(&r->bpf);
	free(r);
}

int wire_rx_fd(const struct wire_rx *r)
{
	return r->fd;
}

int wire_rx_reap(struct wire_rx *r, struct err *e)
{
	return r->ops->reap(r, e);
}

int wire_rx_drain(struct wire_rx *r, struct err *e)
{
	return r->ops->drain ? r->ops->drain(r, e) : r->ops->reap(r, e);
}

struct wire_count wire_rx_count_of(const struct wire_rx *r)
{
	return r->count;
}

/* --- tc and xdp ------------------------------------------------------------------- */

static int count_open(struct wire_rx *r, struct err *e)
{
	return wire_bpf_open(&r->bpf,
			     r->wish.kind == WIRE_RX_xdp ? WIRE_BPF_xdp : WIRE_BPF_tc,
			     r->ifname, r->info.ifindex, &r->wish.match, e);
}

static int count_reap(struct wire_rx *r, struct err *e)
{
	(void)e;
	r->count = wire_bpf_read(&r->bpf);
	return 0;
}

const struct wire_rx_ops wire_rx_count_ops = {.open = count_open, .reap = count_reap};
