/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions of a learning bridge, and its outputs. */
#include "core/bridge.h"

#include "core/flow.h"

enum {
	GROUP_PAUSE = 1,
	/* IEEE 802.1Q, table 8-1 and 8-2: what a bridge of 802.1ad (Linux: 0xb801) is
	 * transparent for, being the customer's */
	GROUP_8021AD = 0xb801,
};

/* --- deciding ---------------------------------------------------------------- */

/* 01-80-C2-00-00-0x: is a frame to it for this link alone? */
static bool is_link_local(const uint8_t *dst)
{
	static const uint8_t group[5] = {0x01, 0x80, 0xc2};

	return !memcmp(dst, group, sizeof(group)) && dst[5] < 16;
}

static bool is_broadcast(const uint8_t *dst)
{
	return (dst[0] & dst[1] & dst[2] & dst[3] & dst[4] & dst[5]) == 0xff;
}

/* Is the frame to the link-local group passed on? STP is off. */
static bool is_passed_on(const struct bridge *br, uint8_t number)
{
	unsigned mask = br->group_fwd_mask | 1u;

	if (number == GROUP_PAUSE)
		return false;
	if (br->vlan_filtering && br->vlan_proto == VLAN_8021AD)
		mask |= GROUP_8021AD;
	return mask >> number & 1;
}

/* Of a super-packet as many as it may become at most. */
static uint32_t packets_in(const struct pkt *p)
{
	uint32_t size = pkt_vnet(p)->gso_size;

	return pkt_is_gso(p) && size ? (pkt_frame_len(p) + size - 1) / size : 1;
}

static enum drop flood(struct bridge_port *from, enum bridge_kind kind,
		       const struct pkt *p, uint64_t ns, struct bridge_way *way)
{
	static const enum drop why[BRIDGE_KINDS] = {
		DROP_rx_storm_broadcast, DROP_rx_storm_multicast, DROP_rx_storm_unicast};
	struct storm *s = &from->storm[kind];

	way->port = -1;
	way->kind = kind;
	if (storm_is_limited(s) && !storm_take(s, packets_in(p), pkt_frame_len(p), ns))
		return why[kind];
	return DROP_none;
}

static enum drop to_unicast(struct bridge *br, unsigned port, const uint8_t *dst,
			    const struct pkt *p, struct bridge_time now,
			    struct bridge_way *way)
{
	way->port = fdb_lookup(br->fdb, way->tag.vid, dst, now.tick);
	if (way->port < 0 || (unsigned)way->port >= br->n_ports)
		return flood(&br->ports[port], BRIDGE_UNICAST, p, now.ns, way);
	if ((unsigned)way->port == port)
		return DROP_rx_same_port;
	if (!bridge_may_pass(br, port, (unsigned)way->port, way))
		return DROP_rx_barred;
	return DROP_none;
}

enum drop bridge_decide(struct bridge *br, unsigned port, const struct pkt *p,
			struct bridge_time now, struct bridge_way *way)
{
	struct bridge_port *from = &br->ports[port];
	uint8_t copy[PKT_ETH_LEN];
	const uint8_t *dst = pkt_bytes(p, 0, PKT_ETH_LEN, copy);
	enum drop why = DROP_none;

	*way = (struct bridge_way){.port = -1};
	if (!dst)
		return DROP_rx_runt;
	if (!fdb_is_station(dst + 6))
		return DROP_rx_source;
	if (is_link_local(dst) && dst[5] == GROUP_PAUSE)
		return DROP_rx_link_local; /* nothing is learnt from PAUSE */
	if (br->vlan_filtering)
		why = vlan_ingress(&from->vlan, br->vlan_proto, p, &way->tag);
	if (why != DROP_none)
		return why;
	if (from->flags & BRIDGE_LEARNING)
		fdb_learn(br->fdb, port, way->tag.vid, dst + 6, now.tick);
	if (!(dst[0] & 1))
		return to_unicast(br, port, dst, p, now, way);
	if (is_link_local(dst) && !is_passed_on(br, dst[5]))
		return DROP_rx_link_local;
	return flood(from, is_broadcast(dst) ? BRIDGE_BROADCAST : BRIDGE_MULTICAST, p,
		     now.ns, way);
}

bool bridge_may_pass(const struct bridge *br, unsigned from, unsigned to,
		     const struct bridge_way *way)
{
	static const unsigned takes[BRIDGE_KINDS] = {
		BRIDGE_FLOOD_BROADCAST, BRIDGE_FLOOD_MULTICAST, BRIDGE_FLOOD_UNICAST};
	const struct bridge_port *in = &br->ports[from], *out = &br->ports[to];

	if (from == to || (in->flags & out->flags & BRIDGE_ISOLATED) ||
	    (in->group && in->group == out->group))
		return false;
	if (way->port < 0 && !(out->flags & takes[way->kind]))
		return false;
	return !br->vlan_filtering || vlan_is_member(&out->vlan, way->tag.vid);
}

/* --- going out ------------------------------------------------------------------ */

/* A burst on its way: pkts[i] is NULL when it was sent or dropped. */
struct job {
	struct bridge_worker *w;
	unsigned port;
	struct queue *in;
	struct burst *b;
	struct bridge_way way[BURST_MAX];
	uint32_t hash[BURST_MAX]; /* only where a port has several queues */
	bool is_hashed[BURST_MAX];
	int last[BURST_MAX]; /* the output that gets the packet itself */
};

static struct queue *queue_for(struct job *j, unsigned i, unsigned to)
{
	const struct bridge_out *out = &j->w->outs[to];

	if (out->n == 1)
		return out->queues[0];
	if (!j->is_hashed[i]) {
		j->hash[i] = flow_hash(j->b->pkts[i], j->w->flow_seed);
		j->is_hashed[i] = true;
	}
	return out->queues[j->hash[i] % out->n];
}

/* A copy for q in one buffer of the pool, or NULL. */
static struct pkt *copy_of(struct pool *pool, const struct pkt *p, struct queue *q)
{
	struct pkt *copy;
	uint32_t at = 0;

	if (p->total_len > PKT_ROOM)
		return NULL;
	if (!pool->n_free && q->ops->reclaim)
		q->ops->reclaim(q);
	copy = pool_get(pool);
	if (!copy)
		return NULL;
	pkt_reset(copy, p->total_len);
	for (; p; p = p->next) {
		memcpy(copy->data + at, p->data, p->len);
		at += p->len;
	}
	return copy;
}

/* Packet i, or a copy of it, in the form it has to leave in; NULL: counted as dropped. */
static struct pkt *take(struct job *j, unsigned i, unsigned to, struct queue *q)
{
	const struct bridge *br = j->w->bridge;
	struct pkt *p = j->b->pkts[i];

	if (j->last[i] == (int)to) {
		j->b->pkts[i] = NULL;
	} else {
		counter_add(&j->in->count.copies, 1);
		p = copy_of(j->w->pool, p, q);
		if (!p) {
			counter_add(&q->count.drops[DROP_tx_no_copy], 1);
			return NULL;
		}
	}
	if (br->vlan_filtering &&
	    !vlan_egress(&br->ports[to].vlan, br->vlan_proto, &j->way[i].tag, p)) {
		queue_drop(q, p, DROP_tx_vlan_tag);
		return NULL;
	}
	return p;
}

static bool is_for(const struct job *j, unsigned i, unsigned to)
{
	if (!j->b->pkts[i])
		return false;
	return j->last[i] == (int)to ||
	       (j->way[i].port < 0 &&
		bridge_may_pass(j->w->bridge, j->port, to, &j->way[i]));
}

/* All that is for one port: a burst for each of its queues, in the order of arrival. */
static void send_to(struct job *j, unsigned to)
{
	struct pkt *pkts[BURST_MAX];
	struct queue *queues[BURST_MAX];
	unsigned n = 0, left;
	struct burst one;

	for (unsigned i = 0; i < j->b->n; i++) {
		if (!is_for(j, i, to))
			continue;
		queues[n] = queue_for(j, i, to);
		pkts[n] = take(j, i, to, queues[n]);
		n += pkts[n] != NULL;
	}
	for (unsigned first = 0; first < n; first++) {
		struct queue *q = queues[first];

		if (!q)
			continue;
		one.n = 0;
		for (left = first; left < n; left++) {
			if (queues[left] != q)
				continue;
			burst_add(&one, pkts[left]);
			queues[left] = NULL;
		}
		queue_tx(q, &one);
	}
}

/* The last port that a packet may leave at, or -1. */
static int last_output(const struct job *j, const struct bridge_way *way)
{
	const struct bridge_out *outs = j->w->outs;

	if (way->port >= 0)
		return outs[way->port].n ? way->port : -1;
	for (unsigned to = j->w->bridge->n_ports; to-- > 0;)
		if (outs[to].n && bridge_may_pass(j->w->bridge, j->port, to, way))
			return (int)to;
	return -1;
}

/* Decide for all; true if something is to be flooded. */
static bool decide(struct job *j, struct bridge_time now)
{
	bool has_flood = false;

	for (unsigned i = 0; i < j->b->n; i++) {
		struct pkt *p = j->b->pkts[i];
		enum drop why = bridge_decide(j->w->bridge, j->port, p, now, &j->way[i]);

		j->is_hashed[i] = false;
		j->last[i] = why == DROP_none ? last_output(j, &j->way[i]) : -1;
		if (why == DROP_none && j->last[i] < 0)
			why = DROP_rx_no_output;
		has_flood |= why == DROP_none && j->way[i].port < 0;
		if (why == DROP_none)
			continue;
		queue_drop(j->in, p, why);
		j->b->pkts[i] = NULL;
	}
	return has_flood;
}

void bridge_send(struct bridge_worker *w, unsigned port, struct queue *in,
		 struct burst *b, struct bridge_time now)
{
	struct job j; /* the rest of it is filled per packet */

	j.w = w;
	j.port = port;
	j.in = in;
	j.b = b;
	if (decide(&j, now)) {
		/* upwards, so that the last output is the last to be served */
		for (unsigned to = 0; to < w->bridge->n_ports; to++)
			if (w->outs[to].n)
				send_to(&j, to);
		return;
	}
	for (unsigned i = 0; i < b->n; i++)
		if (b->pkts[i])
			send_to(&j, (unsigned)j.last[i]);
}
