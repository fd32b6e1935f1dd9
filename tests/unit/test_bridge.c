/* SPDX-License-Identifier: BSD-2-Clause */
/* core/bridge: where frames go, by hand; each rule on its own. */
#include "tests/unit/bridge_lab.h"

static struct bridge_lab l;

/* Addresses by one word: a station's number, or one of these. */
enum { BCAST = 1000, MCAST, ZERO, BPDU, PAUSE, LLDP = 1017, NEAR_LLDP = 1100 };

static void address(unsigned what, uint8_t *mac)
{
	static const uint8_t group[6] = {0x01, 0x80, 0xc2},
			     mcast[6] = {1, 0, 0x5e, 0, 0, 9};

	if (what < BCAST) {
		fdb_lab_mac(what, mac);
	} else if (what == BCAST) {
		memset(mac, 0xff, 6);
	} else if (what == MCAST) {
		memcpy(mac, mcast, 6);
	} else if (what == ZERO) {
		memset(mac, 0, 6);
	} else {
		memcpy(mac, group, 6);
		mac[5] = what == NEAR_LLDP ? 0x10 : (uint8_t)(what - BPDU);
	}
}

/* vid 0: no tag */
static struct pkt *frame(unsigned dst, unsigned src, uint16_t vid, uint32_t number)
{
	uint8_t b[LAB_FRAME] = {0};
	uint32_t at = 12;

	address(dst, b);
	address(src, b + 6);
	if (vid) {
		b[at++] = 0x81;
		b[at++] = 0;
		b[at++] = (uint8_t)(vid >> 8);
		b[at++] = (uint8_t)vid;
	}
	b[at] = 0x88;
	b[at + 1] = 0xb5;
	memcpy(b + at + 2, &number, 4);
	return lab_pkt(&l, NULL, b, at + 2 + LAB_PAYLOAD, 0);
}

/* Send one and say where it came out: "013" for ports 0, 1 and 3, or a drop's name. */
static const char *where(unsigned port, unsigned dst, unsigned src, uint16_t vid)
{
	static char out[64];
	struct counters was[LAB_PORTS];
	struct burst b = {1, {frame(dst, src, vid, 7)}};
	unsigned n = 0;

	for (unsigned p = 0; p < LAB_PORTS; p++)
		was[p] = l.q[p][0].q.count;
	lab_forget(&l);
	lab_send(&l, port, &b);
	lab_conserved(&l);
	assert_int_equal(l.pool.n_free, LAB_BUFS);
	for (unsigned p = 0; p < LAB_PORTS; p++) {
		for (int d = 0; d < DROP_N; d++) {
			if (l.q[p][0].q.count.drops[d] == was[p].drops[d])
				continue;
			return drop_name((enum drop)d);
		}
		assert_true(l.q[p][0].n <= 1);
		if (l.q[p][0].n)
			out[n++] = (char)('0' + p);
	}
	out[n] = '\0';
	return out;
}

#define GOES(port, dst, src, want) assert_string_equal(where(port, dst, src, 0), want)

static void start(void)
{
	lab_open(&l, 300000, 0xb51d6e);
}

static void test_learning(void **state)
{
	(void)state;
	start();
	GOES(0, 2, 1, "12345");
	GOES(3, 1, 2, "0"); /* the answer */
	GOES(0, 2, 1, "3");
	GOES(3, 2, 1, "rx_same_port"); /* 1 has moved to where 2 is */
	GOES(3, 1, 2, "rx_same_port");
	GOES(4, 1, 5, "3");
	lab_clock(&l, 300000 + 2 * 74);
	GOES(4, 1, 5, "01235"); /* aged */
	l.ports[2].flags &= ~(unsigned)BRIDGE_LEARNING;
	GOES(2, 1, 8, "01345");
	GOES(4, 8, 5, "01235");
	lab_close(&l);
}

static void test_bad_sources(void **state)
{
	(void)state;
	start();
	GOES(0, 1, ZERO, "rx_source");
	GOES(0, 1, BCAST, "rx_source");
	GOES(0, BCAST, MCAST, "rx_source");
	GOES(0, BPDU, BPDU, "rx_source");
	GOES(0, ZERO, 1, "12345"); /* no station, but Linux floods it as well */
	assert_int_equal(fdb_lab_check(&l.fdb.f, 0), 1);
	lab_close(&l);
}

static void test_flood_switches(void **state)
{
	(void)state;
	start();
	l.ports[1].flags = BRIDGE_FLAGS & ~(unsigned)BRIDGE_FLOOD_UNICAST;
	l.ports[2].flags = BRIDGE_FLAGS & ~(unsigned)BRIDGE_FLOOD_MULTICAST;
	l.ports[3].flags = BRIDGE_FLAGS & ~(unsigned)BRIDGE_FLOOD_BROADCAST;
	GOES(0, 9, 1, "2345");
	GOES(0, MCAST, 1, "1345");
	GOES(0, BCAST, 1, "1245");
	GOES(1, 1, 9, "0");
	GOES(0, 9, 1, "1"); /* known: no switch is asked */
	for (unsigned p = 0; p < LAB_PORTS; p++)
		l.ports[p].flags = BRIDGE_LEARNING;
	GOES(0, BCAST, 1, "rx_no_output");
	lab_close(&l);
}

static void test_isolated_and_groups(void **state)
{
	(void)state;
	start();
	l.ports[0].flags |= BRIDGE_ISOLATED;
	l.ports[1].flags |= BRIDGE_ISOLATED;
	l.ports[2].group = l.ports[3].group = 7;
	l.ports[4].group = 8;
	GOES(0, BCAST, 1, "2345");
	GOES(1, 1, 9, "rx_barred");
	GOES(2, BCAST, 2, "0145");
	GOES(3, 2, 3, "rx_barred");
	GOES(4, 2, 4, "2");
	GOES(5, 1, 5, "0");
	lab_close(&l);
}

static void test_link_local(void **state)
{
	(void)state;
	start();
	GOES(0, BPDU, 1, "12345");
	GOES(0, PAUSE, 2, "rx_link_local");
	GOES(0, LLDP, 3, "rx_link_local");
	GOES(0, NEAR_LLDP, 4, "12345");
	GOES(5, 1, 10, "0");
	GOES(5, 3, 10, "0");	 /* learnt from LLDP, as by the Linux bridge */
	GOES(5, 2, 10, "01234"); /* but not from PAUSE */
	l.br.group_fwd_mask = 0x4002;
	GOES(0, LLDP, 1, "12345");
	GOES(0, PAUSE, 1, "rx_link_local");
	for (unsigned n = 2; n < 14; n++)
		GOES(0, BPDU + n, 1, "rx_link_local");
	l.br.group_fwd_mask = 0;
	l.br.vlan_filtering = true;
	l.br.vlan_proto = VLAN_8021AD;
	for (unsigned p = 0; p < LAB_PORTS; p++)
		vlan_set_access(&l.ports[p].vlan, 1);
	for (unsigned n = 0; n < 16; n++) /* the customer's pass through a provider's */
		GOES(0, BPDU + n, 1,
		     n == 0 || n == 11 || n == 12 || n == 13 || n == 15
			     ? "12345"
			     : "rx_link_local");
	lab_close(&l);
}

static void test_absent_ports(void **state)
{
	(void)state;
	start();
	GOES(5, BCAST, 1, "01234");
	l.outs[5].n = 0;
	l.outs[2].n = 0;
	GOES(0, BCAST, 2, "134");
	GOES(0, 1, 2, "rx_no_output");
	for (unsigned p = 1; p < LAB_PORTS; p++)
		l.outs[p].n = 0;
	GOES(0, BCAST, 2, "rx_no_output");
	lab_close(&l);
}

static void test_vlans(void **state)
{
	(void)state;
	start();
	l.br.vlan_filtering = true;
	vlan_set_access(&l.ports[0].vlan, 10);
	vlan_set_access(&l.ports[1].vlan, 10);
	vlan_set_access(&l.ports[2].vlan, 20);
	vlan_set_trunk(&l.ports[3].vlan, 0, 10, 20);
	vlan_set_trunk(&l.ports[4].vlan, 10, 20, 30);
	assert_string_equal(where(0, BCAST, 1, 0), "134");
	assert_int_equal(l.q[1][0].log[0].len, 14 + LAB_PAYLOAD);
	assert_int_equal(l.q[3][0].log[0].len, 18 + LAB_PAYLOAD);
	assert_int_equal(l.q[3][0].log[0].at[15], 10);
	assert_int_equal(l.q[4][0].log[0].len, 14 + LAB_PAYLOAD);
	assert_string_equal(where(0, BCAST, 1, 10), "134"); /* tagged with its own */
	assert_string_equal(where(0, BCAST, 1, 20), "rx_vlan");
	assert_string_equal(where(2, 1, 2, 0), "34"); /* not known in VLAN 20 */
	assert_string_equal(where(3, 1, 3, 10), "0");
	assert_string_equal(where(3, 1, 3, 20), "24");
	assert_string_equal(where(3, 1, 3, 0), "rx_vlan");
	assert_string_equal(where(5, BCAST, 6, 0), "rx_vlan");
	/* behind a port that no longer carries the VLAN */
	vlan_del(&l.ports[0].vlan, 10);
	assert_string_equal(where(3, 1, 3, 10), "rx_barred");
	lab_close(&l);
}

static void test_storms(void **state)
{
	(void)state;
	start();
	for (int k = 0; k < BRIDGE_KINDS; k++)
		storm_init(&l.ports[0].storm[k], 1000, 0, 2);
	for (int i = 0; i < 3; i++)
		GOES(0, BCAST, 1, "12345");
	GOES(0, BCAST, 1, "rx_storm_broadcast");
	for (int i = 0; i < 3; i++)
		GOES(0, MCAST, 1, "12345");
	GOES(0, MCAST, 1, "rx_storm_multicast");
	for (int i = 0; i < 3; i++)
		GOES(0, 9, 1, "12345");
	GOES(0, 9, 1, "rx_storm_unicast");
	GOES(1, BCAST, 9, "02345"); /* another port is not concerned */
	for (int i = 0; i < 100; i++)
		GOES(0, 9, 1, "1"); /* nor what is known */
	lab_clock(&l, 1);
	GOES(0, BCAST, 1, "12345");
	GOES(0, BCAST, 1, "rx_storm_broadcast");
	lab_close(&l);
}

/* A super-packet counts as what it may become. */
static void test_storm_of_super_packets(void **state)
{
	uint8_t b[LAB_FRAME] = {0};
	struct virtio_net_hdr_v1 h = {.gso_type = GSO_UDP_L4, .gso_size = 10};
	struct burst burst = {0};

	(void)state;
	start();
	storm_init(&l.ports[0].storm[BRIDGE_MULTICAST], 1000, 0, 0);
	address(MCAST, b);
	address(1, b + 6);
	burst_add(&burst, lab_pkt(&l, &h, b, 95, 30)); /* ten of 10 bytes */
	lab_send(&l, 0, &burst);
	lab_clock(&l, 9);
	GOES(0, MCAST, 1, "rx_storm_multicast");
	lab_clock(&l, 10);
	GOES(0, MCAST, 1, "12345");
	lab_close(&l);
}

/* Without buffers the last output still gets it, the others' loss is named. */
static void test_no_copies(void **state)
{
	struct pkt *taken[LAB_BUFS];
	unsigned n = 0;
	struct burst b;

	(void)state;
	start();
	b = (struct burst){2, {frame(BCAST, 1, 0, 1), frame(BCAST, 1, 0, 2)}};
	while (l.pool.n_free > 3)
		taken[n++] = pool_get(&l.pool);
	lab_send(&l, 1, &b);
	lab_conserved(&l);
	while (n)
		pool_put(taken[--n]);
	assert_int_equal(l.q[0][0].n, 2);
	assert_int_equal(l.q[5][0].n, 2);
	assert_int_equal(l.q[1][0].q.count.copies, 8);
	lab_close(&l);
}

/* Tags that cannot be taken off: named at the output; the others get theirs. */
static void test_tag_refused(void **state)
{
	struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				      .csum_start = 15};
	struct pkt *p;
	struct burst b = {0};

	(void)state;
	start();
	l.br.vlan_filtering = true;
	for (unsigned i = 0; i < LAB_PORTS; i++)
		vlan_set_trunk(&l.ports[i].vlan, 0, 1, 9);
	vlan_set_access(&l.ports[2].vlan, 5);
	p = frame(BCAST, 1, 5, 1);
	memcpy(p->data, &h, sizeof(h));
	burst_add(&b, p);
	lab_send(&l, 0, &b);
	lab_conserved(&l);
	assert_int_equal(l.q[2][0].q.count.drops[DROP_tx_vlan_tag], 1);
	assert_int_equal(l.q[2][0].n, 0);
	for (unsigned i = 1; i < LAB_PORTS; i++)
		assert_int_equal(l.q[i][0].n, i != 2);
	lab_close(&l);
}

static void test_runt(void **state)
{
	uint8_t b[LAB_FRAME] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8};
	struct burst burst = {0};

	(void)state;
	start();
	for (uint32_t len = 1; len < 14; len++)
		burst_add(&burst, lab_pkt(&l, NULL, b, len, len / 2));
	lab_send(&l, 0, &burst);
	assert_int_equal(l.q[0][0].q.count.drops[DROP_rx_runt], 13);
	lab_conserved(&l);
	lab_close(&l);
}

/* Whole bursts stay bursts: one per output, in the order of arrival. */
static void test_bursts(void **state)
{
	struct burst b = {0};

	(void)state;
	start();
	GOES(1, BCAST, 11, "02345");
	GOES(2, BCAST, 12, "01345");
	lab_forget(&l);
	for (unsigned i = 0; i < BURST_MAX; i++)
		burst_add(&b, frame(i % 3 == 2 ? (unsigned)BCAST : 11 + i % 3, 1, 0, i));
	lab_send(&l, 0, &b);
	for (unsigned p = 1; p < LAB_PORTS; p++) {
		uint32_t last = 0, number;

		assert_int_equal(l.q[p][0].n_bursts, 1);
		for (unsigned i = 0; i < l.q[p][0].n; i++, last = number) {
			memcpy(&number, l.q[p][0].log[i].at + 14, 4);
			assert_true(!i || number > last);
		}
	}
	assert_int_equal(l.q[1][0].n, 43);
	assert_int_equal(l.q[3][0].n, 21);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learning),
		cmocka_unit_test(test_bad_sources),
		cmocka_unit_test(test_flood_switches),
		cmocka_unit_test(test_isolated_and_groups),
		cmocka_unit_test(test_link_local),
		cmocka_unit_test(test_absent_ports),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_storms),
		cmocka_unit_test(test_storm_of_super_packets),
		cmocka_unit_test(test_no_copies),
		cmocka_unit_test(test_tag_refused),
		cmocka_unit_test(test_runt),
		cmocka_unit_test(test_bursts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
