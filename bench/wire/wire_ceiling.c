/* SPDX-License-Identifier: BSD-2-Clause */
/* A link that leads nowhere, and a sender on it. */
#include "bench/wire/wire_ceiling.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <math.h>
#include <netlink/attr.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "bench/pktgen/gen.h"
#include "bench/wire/wire_rx.h"
#include "bench/wire/wire_send.h"

static const char near_end[] = "near", far_end[] = "far";

struct ceiling {
	const struct wire_ceiling_wish *w;
	struct wire_ceiling_result *r;
	struct err *e;
	int rc;
};

/* An rtnetlink request for a link of that kind; with a peer, a pair. */
static struct nl_msg *link_request(const char *kind, const char *peer)
{
	struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct nlattr *info, *data, *half;

	if (!m)
		return NULL;
	nlmsg_append(m, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, near_end);
	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, kind);
	if (peer) {
		data = nla_nest_start(m, IFLA_INFO_DATA);
		half = nla_nest_start(m, VETH_INFO_PEER);
		nlmsg_append(m, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
		nla_put_string(m, IFLA_IFNAME, peer);
		nla_nest_end(m, half);
		nla_nest_end(m, data);
	}
	nla_nest_end(m, info);
	return m;
}

static int set_up(struct netlink *nl, const char *ifname, size_t max_len)
{
	struct link_info info;
	int rc = link_get(nl, ifname, 0, &info);

	if (!rc && max_len > info.mtu + 14u)
		rc = link_set_mtu(nl, info.ifindex, (uint32_t)max_len - 14);
	return rc ? rc : link_set_up(nl, info.ifindex, true);
}

static int make_one(struct netlink *nl, enum wire_ceiling_link link, size_t max_len)
{
	bool is_pair = link == WIRE_CEILING_veth;
	int rc = netlink_talk(
		nl, link_request(is_pair ? "veth" : "dummy", is_pair ? far_end : NULL),
		NULL);

	if (!rc)
		rc = set_up(nl, near_end, max_len);
	if (!rc && is_pair)
		rc = set_up(nl, far_end, max_len);
	return rc;
}

static int make_link(struct ceiling *c, size_t max_len)
{
	struct netlink nl;
	int rc;

	netlink_init(&nl);
	rc = netlink_open(&nl, -1, c->e);
	if (rc)
		return rc;
	rc = make_one(&nl, c->r->link, max_len);
	if (rc == -EOPNOTSUPP && c->r->link == WIRE_CEILING_dummy) {
		c->r->link = WIRE_CEILING_veth;
		rc = make_one(&nl, c->r->link, max_len);
	}
	if (rc)
		err_set(c->e, rc, "the link of the self-loop: %s", nl.reason);
	netlink_close(&nl);
	return rc;
}

static int count_far(const struct ceiling *c, struct wire_rx **rx)
{
	bool is_tap = c->w->kind == WIRE_TX_tap;
	struct wire_rx_wish rw = {.kind = WIRE_RX_tc, .fd = -1};

	*rx = NULL;
	if (!is_tap && c->r->link == WIRE_CEILING_dummy)
		return 0;
	rw.at = (struct wire_place){-1, is_tap ? near_end : far_end};
	rw.match = wire_match_of(c->w->spec);
	return wire_rx_open(rx, &rw, c->e);
}

static int send_all(struct ceiling *c, struct gen *g, struct wire_tx *tx)
{
	struct wire_send_wish sw = {
		.gen = g,
		.tx = tx,
		.rate = {.kind = WIRE_PACE_max},
		.seconds = c->w->seconds > 0 ? c->w->seconds : 0.5,
		.stop = c->w->stop,
	};
	struct wire_send_result sr;
	struct wire_rx *rx;
	int rc = count_far(c, &rx);

	if (rc)
		return rc;
	rc = wire_send(&sw, &sr, c->e);
	if (!rc && rx)
		rc = wire_rx_reap(rx, c->e);
	if (!rc) {
		c->r->offered = sr.offered;
		c->r->sent = sr.sent;
		c->r->seconds = sr.seconds;
		c->r->pps = sr.pps;
		c->r->received = rx ? wire_rx_count_of(rx).frames : 0;
	}
	wire_rx_close(rx);
	return rc;
}

/* All in the new namespace of this thread. */
static int measure(struct ceiling *c)
{
	const struct wire_ceiling_wish *w = c->w;
	size_t vnet = w->spec->vnet ? WIRE_VNET_LEN : 0;
	struct wire_tx_wish tw = {
		.kind = w->kind, .at = {-1, near_end}, .fd = -1, .vnet = w->spec->vnet};
	struct wire_tx *tx = NULL;
	struct gen *g;
	int rc = gen_open(&g, w->spec, c->e);

	if (rc)
		return rc;
	tw.max_len = gen_max_len(g);
	if (w->kind != WIRE_TX_tap)
		rc = make_link(c, w->spec->gso ? 0 : tw.max_len - vnet);
	if (!rc)
		rc = wire_tx_open(&tx, &tw, c->e);
	if (!rc)
		rc = send_all(c, g, tx);
	wire_tx_close(tx);
	gen_close(g);
	return rc;
}

static void *in_thread(void *arg)
{
	struct ceiling *c = arg;
	cpu_set_t cpus;

	if (unshare(CLONE_NEWNET) < 0) {
		c->rc = wire_refused(c->e, -errno,
				     "a network namespace for the self-loop");
		return NULL;
	}
	if (c->w->cpu >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET(c->w->cpu, &cpus);
		if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0) {
			c->rc = err_set(c->e, -errno, "CPU %d: %s", c->w->cpu,
					strerror(errno));
			return NULL;
		}
	}
	c->rc = measure(c);
	return NULL;
}

int wire_ceiling(const struct wire_ceiling_wish *w, struct wire_ceiling_result *r,
		 struct err *e)
{
	struct ceiling c = {.w = w, .r = r, .e = e};
	pthread_t thread;
	int code;

	*r = (struct wire_ceiling_result){.link = w->link};
	/* a thread of its own: it never comes back from that namespace */
	code = pthread_create(&thread, NULL, in_thread, &c);
	if (code)
		return err_set(e, -code, "a thread for the self-loop: %s",
			       strerror(code));
	pthread_join(thread, NULL);
	return c.rc;
}

double wire_ceiling_share(double pps, double ceiling_pps)
{
	return ceiling_pps > 0 ? pps / ceiling_pps : NAN;
}
