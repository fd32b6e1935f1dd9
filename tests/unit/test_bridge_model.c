/* SPDX-License-Identifier: BSD-2-Clause */
/* core/bridge against its oracle: random bridges, frames, moves and times. */
#include "tests/unit/bridge_oracle.h"

enum { STATIONS = 14, PER_BURST = 16, BURSTS = 120, ROUNDS = 150 };

static struct bridge_lab l;
static struct bridge_oracle o;
static uint64_t rnd;

/* What must come out of each port, in order, and the drops of each. */
static struct lab_frame want[LAB_PORTS][LAB_LOG];
static unsigned n_want[LAB_PORTS];
static uint64_t drops[LAB_PORTS][DROP_N];

static void note_drop(unsigned port, const char *name)
{
	for (int d = 0; d < DROP_N; d++) {
		if (!strcmp(drop_name((enum drop)d), name)) {
			drops[port][d]++;
			return;
		}
	}
	fail_msg("there is no drop reason %s", name);
}

static void any_storm(unsigned p, int kind)
{
	uint64_t packets = make_below(&rnd, 2) ? 1000 : 0;
	uint64_t bytes = make_below(&rnd, 2) ? 64000 : 0;
	uint32_t burst = make_below(&rnd, 10);

	if (make_below(&rnd, 3)) {
		o.port[p].has_storm[kind] = false;
		storm_init(&l.ports[p].storm[kind], 0, 0, 0);
		return;
	}
	o.port[p].has_storm[kind] = true;
	storm_init(&l.ports[p].storm[kind], packets, bytes, burst);
	storm_oracle_init(&o.port[p].storm[kind], packets, bytes, burst);
}

static void any_port(unsigned p)
{
	struct oracle_port *op = &o.port[p];
	struct bridge_port *bp = &l.ports[p];

	op->learns = make_below(&rnd, 5);
	op->is_isolated = make_below(&rnd, 3) == 0;
	op->is_there = make_below(&rnd, 8);
	op->group = make_below(&rnd, 3) ? 0 : 1 + make_below(&rnd, 2);
	memset(&op->vlan, 0, sizeof(op->vlan));
	for (unsigned vid = 1; vid < 5; vid++)
		op->vlan.says[vid] = "\0utt"[make_below(&rnd, 4)];
	op->vlan.native = make_below(&rnd, 5);
	if (!op->vlan.says[op->vlan.native])
		op->vlan.native = 0;
	bp->flags = (op->learns ? BRIDGE_LEARNING : 0u) |
		    (op->is_isolated ? BRIDGE_ISOLATED : 0u);
	for (int kind = 0; kind < BRIDGE_KINDS; kind++) {
		op->floods[kind] = make_below(&rnd, 5);
		any_storm(p, kind);
	}
	bp->flags |= op->floods[BRIDGE_BROADCAST] ? BRIDGE_FLOOD_BROADCAST : 0u;
	bp->flags |= op->floods[BRIDGE_MULTICAST] ? BRIDGE_FLOOD_MULTICAST : 0u;
	bp->flags |= op->floods[BRIDGE_UNICAST] ? BRIDGE_FLOOD_UNICAST : 0u;
	bp->group = (uint16_t)op->group;
	vlan_words_config(&op->vlan, &bp->vlan);
	l.outs[p].n = op->is_there;
}

static void any_bridge(void)
{
	static const uint32_t ageings[] = {0, 7, 100, 4000};

	memset(&o, 0, sizeof(o));
	o.ageing_ms = ageings[make_below(&rnd, 4)];
	lab_open(&l, (uint32_t)o.ageing_ms, make_random(&rnd));
	o.looks_at_vlans = make_below(&rnd, 3);
	o.proto = make_below(&rnd, 3) ? 0x8100 : 0x88a8;
	o.group_fwd_mask = make_below(&rnd, 65536);
	l.br.vlan_filtering = o.looks_at_vlans;
	l.br.vlan_proto = (uint16_t)o.proto;
	l.br.group_fwd_mask = (uint16_t)o.group_fwd_mask;
	for (unsigned p = 0; p < LAB_PORTS; p++)
		any_port(p);
	memset(drops, 0, sizeof(drops));
	for (unsigned i = 0; i < 4; i++) { /* stations that never sent */
		unsigned vid = o.looks_at_vlans ? make_below(&rnd, 5) : 0, port = i;
		uint8_t mac[6];

		fdb_lab_mac(make_below(&rnd, STATIONS), mac);
		assert_int_equal(fdb_add(&l.fdb.f, port, (uint16_t)vid, mac, NULL), 0);
		oracle_learn(&o, vid, mac, port, true);
	}
}

static void any_address(uint8_t *mac)
{
	unsigned k = make_below(&rnd, 24);

	if (k < 20) {
		fdb_lab_mac(make_below(&rnd, STATIONS), mac);
	} else if (k == 20) {
		memset(mac, 0xff, 6);
		mac[5] = make_below(&rnd, 4) ? 0xff : 0xfe;
	} else if (k == 21) {
		memcpy(mac, "\x01\x80\xc2\0\0", 5);
		mac[5] = (uint8_t)make_below(&rnd, 18);
	} else if (k == 22) {
		memcpy(mac, "\x33\x33\0\0\0\x05", 6);
	} else {
		memset(mac, 0, 6);
		mac[make_below(&rnd, 6)] = (uint8_t)make_below(&rnd, 2);
	}
}

static uint32_t any_frame(uint8_t *b, struct virtio_net_hdr_v1 *h, uint32_t number)
{
	unsigned n_tags = make_below(&rnd, 3);
	uint32_t at = 12, len;

	memset(b, 0, LAB_FRAME);
	any_address(b);
	any_address(b + 6);
	for (unsigned i = 0; i < n_tags; i++) {
		memcpy(b + at, make_below(&rnd, 3) ? "\x81\0" : "\x88\xa8", 2);
		b[at + 2] = (uint8_t)(make_below(&rnd, 16) << 4);
		b[at + 3] = (uint8_t)make_below(&rnd, 6);
		at += 4;
	}
	memcpy(b + at, "\x88\xb5", 2);
	memcpy(b + at + 2, &number, 4);
	len = at + 6 + make_below(&rnd, 60);
	for (uint32_t i = at + 6; i < len; i++)
		b[i] = (uint8_t)(i * 3 + number);
	if (make_below(&rnd, 40) == 0)
		len = 1 + make_below(&rnd, 20);
	*h = (struct virtio_net_hdr_v1){0};
	if (make_below(&rnd, 4) == 0) {
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = (uint16_t)(18 + make_below(&rnd, 20));
		h->csum_offset = 6;
		h->hdr_len = (uint16_t)(make_below(&rnd, 2) ? h->csum_start + 8 : 0);
		h->gso_type = make_below(&rnd, 2) ? GSO_UDP_L4 : 0;
		h->gso_size = h->gso_type ? (uint16_t)(1 + make_below(&rnd, 40)) : 0;
	}
	return len;
}

/* Let the oracle say what becomes of it, and write that down. */
static void foresee(unsigned port, const struct virtio_net_hdr_v1 *h, const uint8_t *b,
		    uint32_t len)
{
	struct oracle_fate f = oracle_fate(&o, port, h, b, len);

	if (f.drop)
		note_drop(port, f.drop);
	for (unsigned p = 0; !f.drop && p < LAB_PORTS; p++) {
		struct lab_frame *w = &want[p][n_want[p]];
		int shift = 0;

		if (!f.to[p])
			continue;
		n_want[p]++;
		memset(w, 0, sizeof(*w));
		memcpy(w->at, b, len);
		w->len = len;
		if (o.looks_at_vlans)
			w->len = vlan_words_out(&o.port[p].vlan, o.proto, f.vid, b, len,
						w->at, &shift);
		w->h = *h;
		if (h->flags)
			w->h.csum_start = (uint16_t)(h->csum_start + shift);
		if (h->hdr_len)
			w->h.hdr_len = (uint16_t)(h->hdr_len + shift);
	}
}

static void one_burst(uint32_t *number)
{
	unsigned port = make_below(&rnd, LAB_PORTS), n = 1 + make_below(&rnd, PER_BURST);
	struct burst b = {0};

	for (unsigned i = 0; i < n; i++) {
		struct virtio_net_hdr_v1 h;
		uint8_t frame[LAB_FRAME];
		uint32_t len = any_frame(frame, &h, ++*number);

		foresee(port, &h, frame, len);
		burst_add(&b, lab_pkt(&l, &h, frame, len,
				      make_below(&rnd, 3) ? 0 : make_below(&rnd, len)));
	}
	lab_send(&l, port, &b);
	assert_int_equal(l.pool.n_free, LAB_BUFS);
}

static void compare(void)
{
	for (unsigned p = 0; p < LAB_PORTS; p++) {
		const struct lab_queue *q = &l.q[p][0];

		assert_int_equal(q->n, n_want[p]);
		for (unsigned i = 0; i < q->n; i++) {
			assert_int_equal(q->log[i].len, want[p][i].len);
			assert_memory_equal(q->log[i].at, want[p][i].at, q->log[i].len);
			assert_memory_equal(&q->log[i].h, &want[p][i].h, PKT_VNET_LEN);
		}
		for (int d = 0; d < DROP_N; d++)
			assert_int_equal(q->q.count.drops[d], drops[p][d]);
		n_want[p] = 0;
	}
	lab_conserved(&l);
	lab_forget(&l);
}

static void test_random(void **state)
{
	uint64_t seed = 0xb51d6e5eed, n_out = 0;

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	rnd = seed;
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t number = 0;

		any_bridge();
		for (unsigned i = 0; i < BURSTS; i++) {
			one_burst(&number);
			for (unsigned p = 0; p < LAB_PORTS; p++)
				n_out += l.q[p][0].n;
			compare();
			o.now_ms += make_below(&rnd, 3) ? make_below(&rnd, 4)
							: make_below(&rnd, 50);
			lab_clock(&l, o.now_ms);
			oracle_age(&o);
			if (make_below(&rnd, 2))
				fdb_age(&l.fdb.f, l.now.tick, 3000);
			if (make_below(&rnd, 40) == 0) /* the settings change */
				any_port(make_below(&rnd, LAB_PORTS));
		}
		lab_close(&l);
	}
	assert_true(n_out > 100000);
}

/* --- ports with several queues -------------------------------------------------- */

static uint64_t sent_to[LAB_PORTS];

/* Everything that came out of a port, flow by flow: one queue each, in order. */
static void check_flows(unsigned p, unsigned n_flows)
{
	uint32_t last[STATIONS * STATIONS] = {0};
	int queue[STATIONS * STATIONS];
	uint64_t n = 0;

	memset(queue, -1, sizeof(queue));
	for (unsigned q = 0; q < LAB_QUEUES; q++) {
		for (unsigned i = 0; i < l.q[p][q].n; i++) {
			const uint8_t *at = l.q[p][q].log[i].at;
			uint64_t flow =
				fdb_lab_number(at) + STATIONS * fdb_lab_number(at + 6);
			uint32_t number;

			memcpy(&number, at + 14, 4);
			assert_true(flow < n_flows);
			assert_true(queue[flow] == -1 || queue[flow] == (int)q);
			assert_true(number > last[flow]);
			queue[flow] = (int)q;
			last[flow] = number;
			n++;
		}
	}
	assert_int_equal(n, sent_to[p]);
}

/* Stations that move and become known within a burst; each flow's numbers ascend. */
static void test_queues(void **state)
{
	uint32_t number = 0;
	unsigned used = 0;

	(void)state;
	rnd = 0xfe5eed;
	print_message("seed %#llx\n", (unsigned long long)rnd);
	lab_open(&l, 300000, 5);
	for (unsigned p = 0; p < LAB_PORTS; p++)
		l.outs[p].n = 1 + p % LAB_QUEUES;
	for (unsigned i = 0; i < 40; i++) {
		unsigned port = make_below(&rnd, LAB_PORTS),
			 src = make_below(&rnd, STATIONS);
		struct burst b = {0};

		for (unsigned k = 0; k < 10; k++) {
			uint8_t f[LAB_FRAME] = {[12] = 0x88, [13] = 0xb5};

			number++;
			fdb_lab_mac(make_below(&rnd, STATIONS), f);
			fdb_lab_mac(src, f + 6);
			memcpy(f + 14, &number, 4);
			burst_add(&b, lab_pkt(&l, NULL, f, 60, 0));
		}
		lab_send(&l, port, &b);
		for (unsigned q = 0; q < LAB_PORTS * LAB_QUEUES; q++) {
			struct lab_queue *lq = &l.q[q / LAB_QUEUES][q % LAB_QUEUES];

			assert_true(lq->n_bursts <= 1);
			lq->n_bursts = 0;
		}
	}
	for (unsigned p = 0; p < LAB_PORTS; p++) {
		for (unsigned q = 0; q < LAB_QUEUES; q++) {
			sent_to[p] += l.q[p][q].q.count.tx_packets;
			used += l.q[p][q].n > 0;
		}
		check_flows(p, STATIONS * STATIONS);
	}
	assert_int_equal(used, 1 + 2 + 3 + 4 + 1 + 2);
	lab_conserved(&l);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
