/* SPDX-License-Identifier: BSD-2-Clause */
/* What a bridge must do with a frame, decided a second time on plain bytes and lists. */
#ifndef TESTS_UNIT_BRIDGE_ORACLE_H
#define TESTS_UNIT_BRIDGE_ORACLE_H

#include "tests/unit/bridge_lab.h"
#include "tests/unit/storm_oracle.h"
#include "tests/unit/vlan_oracle.h"

enum { ORACLE_MACS = 400 };

struct oracle_port {
	bool learns, floods[3], is_isolated, is_there; /* floods: by BRIDGE_* kind */
	unsigned group;
	struct vlan_words vlan;
	struct storm_oracle storm[3];
	bool has_storm[3];
};

struct oracle_known {
	uint8_t mac[6];
	unsigned vid, port;
	uint64_t seen_ms;
	bool is_static;
};

struct bridge_oracle {
	struct oracle_port port[LAB_PORTS];
	struct oracle_known known[ORACLE_MACS];
	unsigned n_known;
	bool looks_at_vlans;
	unsigned proto, group_fwd_mask;
	uint64_t now_ms, ageing_ms;
};

/* What is to come of one frame. */
struct oracle_fate {
	const char *drop; /* NULL = it goes to these */
	bool to[LAB_PORTS];
	unsigned vid;
};

static inline struct oracle_known *oracle_find(struct bridge_oracle *o, unsigned vid,
					       const uint8_t *mac)
{
	for (unsigned i = 0; i < o->n_known; i++) {
		struct oracle_known *k = &o->known[i];

		if (k->vid == vid && !memcmp(k->mac, mac, 6) &&
		    (k->is_static || o->now_ms - k->seen_ms <= o->ageing_ms))
			return k;
	}
	return NULL;
}

static inline void oracle_learn(struct bridge_oracle *o, unsigned vid, const uint8_t *mac,
				unsigned port, bool is_static)
{
	struct oracle_known *k = oracle_find(o, vid, mac);

	if (k && k->is_static && !is_static)
		return;
	if (!k) {
		assert_true(o->n_known < ORACLE_MACS);
		k = &o->known[o->n_known++];
	}
	*k = (struct oracle_known){.vid = vid, .port = port, .seen_ms = o->now_ms};
	k->is_static = is_static;
	memcpy(k->mac, mac, 6);
}

/* Forget what has aged, so that the list stays short. */
static inline void oracle_age(struct bridge_oracle *o)
{
	unsigned n = 0;

	for (unsigned i = 0; i < o->n_known; i++)
		if (o->known[i].is_static ||
		    o->now_ms - o->known[i].seen_ms <= o->ageing_ms)
			o->known[n++] = o->known[i];
	o->n_known = n;
}

/* The rest of 01-80-C2-00-00-0x, or -1. */
static inline int oracle_link_local(const uint8_t *b)
{
	if (b[0] == 1 && b[1] == 0x80 && b[2] == 0xc2 && !b[3] && !b[4] && b[5] <= 0xf)
		return b[5];
	return -1;
}

static inline bool oracle_stays_here(const struct bridge_oracle *o, int number)
{
	static const bool of_8021ad[16] = {
		[0] = true, [11] = true, [12] = true, [13] = true, [15] = true};

	if (number == 0 || number < 0)
		return false;
	if (number != 1 && o->looks_at_vlans && o->proto == 0x88a8 && of_8021ad[number])
		return false;
	return number == 1 || !(o->group_fwd_mask & 1u << number);
}

static inline bool oracle_way_is_open(const struct bridge_oracle *o, unsigned from,
				      unsigned to, unsigned vid)
{
	const struct oracle_port *a = &o->port[from], *b = &o->port[to];

	if (a->is_isolated && b->is_isolated)
		return false;
	if (a->group != 0 && a->group == b->group)
		return false;
	return !o->looks_at_vlans || b->vlan.says[vid] != 0;
}

/* How many packets a frame may become. */
static inline unsigned oracle_packets(const struct virtio_net_hdr_v1 *h, uint32_t len)
{
	unsigned n = 0;

	if (h->gso_type == 0 || h->gso_size == 0)
		return 1;
	for (uint32_t at = 0; at < len; at += h->gso_size)
		n++;
	return n;
}

static inline void oracle_flood(struct bridge_oracle *o, unsigned port,
				const struct virtio_net_hdr_v1 *h, uint32_t len, int kind,
				struct oracle_fate *f)
{
	static const char *const storm[3] = {"rx_storm_broadcast", "rx_storm_multicast",
					     "rx_storm_unicast"};
	struct oracle_port *in = &o->port[port];

	if (in->has_storm[kind] &&
	    !storm_oracle_take(&in->storm[kind], oracle_packets(h, len), len,
			       o->now_ms * 1000000)) {
		f->drop = storm[kind];
		return;
	}
	f->drop = "rx_no_output";
	for (unsigned p = 0; p < LAB_PORTS; p++) {
		if (p == port || !o->port[p].is_there || !o->port[p].floods[kind] ||
		    !oracle_way_is_open(o, port, p, f->vid))
			continue;
		f->to[p] = true;
		f->drop = NULL;
	}
}

static inline void oracle_unicast(struct bridge_oracle *o, unsigned port,
				  const struct virtio_net_hdr_v1 *h, const uint8_t *b,
				  uint32_t len, struct oracle_fate *f)
{
	const struct oracle_known *k = oracle_find(o, f->vid, b);

	if (!k) {
		oracle_flood(o, port, h, len, 2, f);
	} else if (k->port == port) {
		f->drop = "rx_same_port";
	} else if (!oracle_way_is_open(o, port, k->port, f->vid)) {
		f->drop = "rx_barred";
	} else if (!o->port[k->port].is_there) {
		f->drop = "rx_no_output";
	} else {
		f->to[k->port] = true;
	}
}

static inline struct oracle_fate oracle_fate(struct bridge_oracle *o, unsigned port,
					     const struct virtio_net_hdr_v1 *h,
					     const uint8_t *b, uint32_t len)
{
	static const uint8_t zero[6], all[6] = {255, 255, 255, 255, 255, 255};
	struct oracle_fate f = {0};
	int vid = 0;

	if (len < 14)
		return (struct oracle_fate){.drop = "rx_runt"};
	if (b[6] % 2 || !memcmp(b + 6, zero, 6))
		return (struct oracle_fate){.drop = "rx_source"};
	if (oracle_link_local(b) == 1)
		return (struct oracle_fate){.drop = "rx_link_local"};
	if (o->looks_at_vlans)
		vid = vlan_words_in(&o->port[port].vlan, o->proto, b, len);
	if (vid < 0)
		return (struct oracle_fate){.drop = vid == -1 ? "rx_vlan"
							      : "rx_vlan_cut"};
	f.vid = (unsigned)vid;
	if (o->port[port].learns && o->ageing_ms)
		oracle_learn(o, f.vid, b + 6, port, false);
	if (oracle_stays_here(o, oracle_link_local(b)))
		f.drop = "rx_link_local";
	else if (b[0] % 2)
		oracle_flood(o, port, h, len, memcmp(b, all, 6) ? 1 : 0, &f);
	else
		oracle_unicast(o, port, h, b, len, &f);
	return f;
}

#endif
