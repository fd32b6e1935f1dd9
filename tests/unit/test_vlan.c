/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vlan: tags put on and taken off, what a port lets in and out. */
#include "tests/unit/vlan_oracle.h"

#include "core/pool.h"

enum { BUFS = 40 };

static struct pool pool;
static void *mem;
static struct made m;

static int setup(void **state)
{
	(void)state;
	mem = aligned_alloc(64, (pool_mem_len(BUFS) + 63) / 64 * 64);
	assert_non_null(mem);
	pool_init(&pool, mem, BUFS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(pool.n_free, BUFS);
	free(mem);
	return 0;
}

/* A packet of the pool with these bytes, cut at the given offsets of the frame. */
static struct pkt *packet(const struct virtio_net_hdr_v1 *h, const uint8_t *b,
			  uint32_t len, const uint32_t *cuts, unsigned n_cuts)
{
	uint32_t end = n_cuts ? cuts[0] : len;
	struct pkt *p = pool_get(&pool), *part;

	pkt_reset(p, PKT_VNET_LEN + end);
	memset(p->data, 0, PKT_VNET_LEN);
	if (h)
		memcpy(p->data, h, PKT_VNET_LEN);
	memcpy(p->data + PKT_VNET_LEN, b, end);
	for (unsigned i = 0; i < n_cuts; i++) {
		uint32_t from = cuts[i];

		end = i + 1 < n_cuts ? cuts[i + 1] : len;
		part = pool_get(&pool);
		pkt_reset(part, end - from);
		memcpy(part->data, b + from, end - from);
		pkt_chain(p, part);
	}
	return p;
}

/* The whole of p is the frame b, and its chain is sound. */
static void same(const struct pkt *p, const uint8_t *b, uint32_t len)
{
	static uint8_t copy[MAKE_MAX];
	uint32_t total = 0;
	unsigned n = 0;

	assert_int_equal(pkt_frame_len(p), len);
	assert_true(p->len >= PKT_VNET_LEN);
	assert_memory_equal(pkt_bytes(p, 0, len, copy), b, len);
	for (const struct pkt *q = p; q; q = q->next, n++)
		total += q->len;
	assert_int_equal(total, p->total_len);
	assert_int_equal(n, p->n_bufs);
}

static void test_push_pop(void **state)
{
	static const uint8_t want[] = {0x88, 0xa8, 0x6f, 0xfe};
	struct virtio_net_hdr_v1 h, *now;
	struct pkt *p;

	(void)state;
	make_gso(&m, &h, GSO_TCPV4, 0, 3000, 1000);
	p = packet(&h, m.at, m.len, NULL, 0);
	assert_true(vlan_push(p, VLAN_8021AD, 0x6ffe));
	now = pkt_vnet(p);
	assert_int_equal(now->csum_start, m.l4 + 4);
	assert_int_equal(now->hdr_len, h.hdr_len + 4);
	assert_int_equal(now->csum_offset, 16);
	assert_int_equal(now->gso_size, 1000);
	assert_int_equal(now->gso_type, GSO_TCPV4);
	assert_memory_equal(p->data + PKT_VNET_LEN + 12, want, 4);
	assert_memory_equal(p->data + PKT_VNET_LEN, m.at, 12);
	assert_memory_equal(p->data + PKT_VNET_LEN + 16, m.at + 12, m.len - 12);
	assert_true(vlan_pop(p));
	assert_memory_equal(p->data, &h, PKT_VNET_LEN);
	same(p, m.at, m.len);
	pool_put(p);
}

/* A whole headroom of tags, and not one more. */
static void test_headroom(void **state)
{
	struct virtio_net_hdr_v1 h;
	struct pkt *p;

	(void)state;
	make_gso(&m, &h, GSO_TCPV6, 1, 3000, 1000);
	p = packet(&h, m.at, m.len, NULL, 0);
	for (unsigned i = 0; i < PKT_HEADROOM / 4; i++)
		assert_true(vlan_push(p, VLAN_8021Q, (uint16_t)i));
	assert_false(vlan_push(p, VLAN_8021Q, 99));
	assert_int_equal(pkt_vnet(p)->csum_start, m.l4 + PKT_HEADROOM);
	for (unsigned i = PKT_HEADROOM / 4; i-- > 0;) {
		assert_int_equal(p->data[PKT_VNET_LEN + 15], i);
		assert_true(vlan_pop(p));
	}
	assert_memory_equal(p->data, &h, PKT_VNET_LEN);
	same(p, m.at, m.len);
	pool_put(p);
}

/* What cannot be: nothing is changed then. */
static void test_refused(void **state)
{
	struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM}, was;
	struct pkt *p;

	(void)state;
	make_eth(&m, 1, ETHERTYPE_V4);
	make_fill(&m, 65500);
	for (unsigned start = 14; start < 65536;
	     start += start < 20 || start > 65500 ? 1 : 17) {
		h.csum_start = (uint16_t)start;
		p = packet(&h, m.at, m.len, NULL, 0);
		was = *pkt_vnet(p);
		assert_int_equal(vlan_pop(p), start >= 18);
		if (start >= 18)
			assert_int_equal(pkt_vnet(p)->csum_start, start - 4);
		else
			assert_memory_equal(p->data, &was, sizeof(was));
		pool_put(p);
		p = packet(&h, m.at, m.len, NULL, 0);
		assert_int_equal(vlan_push(p, 0x8100, 1), start <= 65531);
		if (start <= 65531)
			assert_int_equal(pkt_vnet(p)->csum_start, start + 4);
		else
			same(p, m.at, m.len);
		pool_put(p);
	}
	for (uint32_t len = 14; len < 18; len++) {
		p = packet(NULL, m.at, len, NULL, 0);
		assert_false(vlan_pop(p));
		assert_false(vlan_rewrite(p, 7));
		same(p, m.at, len);
		pool_put(p);
	}
}

/* hdr_len is a hint: 0 stays 0, it never points into a tag that is gone. */
static void test_hdr_len(void **state)
{
	static const struct {
		uint16_t before, pushed, popped;
	} t[] = {
		{0, 0, 0},    {14, 18, 14}, {15, 19, 14},	   {17, 21, 14},
		{18, 22, 14}, {54, 58, 50}, {65531, 65535, 65527}, {65535, 65535, 65531}};

	(void)state;
	make_eth(&m, 1, ETHERTYPE_V4);
	make_fill(&m, 65530);
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct virtio_net_hdr_v1 h = {.hdr_len = t[i].before};
		struct pkt *p = packet(&h, m.at, m.len, NULL, 0);

		assert_true(vlan_push(p, 0x8100, 1));
		assert_int_equal(pkt_vnet(p)->hdr_len, t[i].pushed);
		assert_int_equal(pkt_vnet(p)->csum_start, 0); /* not asked for */
		pool_put(p);
		p = packet(&h, m.at, m.len, NULL, 0);
		assert_true(vlan_pop(p));
		assert_int_equal(pkt_vnet(p)->hdr_len, t[i].popped);
		assert_int_equal(pkt_vnet(p)->csum_start, 0);
		pool_put(p);
	}
}

static void test_port(void **state)
{
	struct vlan_port v;

	(void)state;
	vlan_set_access(&v, 7);
	assert_true(vlan_is_member(&v, 7) && vlan_is_untagged(&v, 7) && v.native == 7);
	vlan_set_trunk(&v, 5, 10, 4095);
	assert_true(vlan_is_member(&v, 10) && vlan_is_member(&v, 4094));
	assert_false(vlan_is_member(&v, 4095) || vlan_is_member(&v, 9));
	assert_true(vlan_is_member(&v, 5) && vlan_is_untagged(&v, 5));
	assert_false(vlan_is_untagged(&v, 10));
	assert_int_equal(v.native, 5);
	vlan_add(&v, 5, VLAN_UNTAGGED); /* no longer native, as in the Linux bridge */
	assert_int_equal(v.native, 0);
	vlan_add(&v, 6, VLAN_NATIVE);
	vlan_add(&v, 8, VLAN_NATIVE | VLAN_UNTAGGED);
	assert_int_equal(v.native, 8);
	vlan_del(&v, 6);
	assert_int_equal(v.native, 8);
	vlan_del(&v, 8);
	assert_int_equal(v.native, 0);
	assert_false(vlan_is_member(&v, 8) || vlan_is_untagged(&v, 8));
	vlan_add(&v, 0, VLAN_NATIVE);
	vlan_add(&v, 4095, VLAN_NATIVE);
	vlan_del(&v, 4095);
	assert_false(vlan_is_member(&v, 0) || vlan_is_member(&v, 4095) || v.native);
}

/* The rules by hand, on a bridge of either kind. */
static void test_ingress_table(void **state)
{
	static const struct {
		uint16_t proto, native, outer, tci;
		enum drop want;
		uint16_t vid, out_tci;
		bool is_tagged, is_exact;
	} t[] = {
		{0x8100, 0, 0, 0, DROP_rx_vlan, 0, 0, 0, 0},
		{0x8100, 3, 0, 0, DROP_none, 3, 3, 0, 0},
		{0x8100, 3, 0x8100, 0x6004, DROP_none, 4, 0x6004, 1, 1},
		{0x8100, 3, 0x8100, 0xf000, DROP_none, 3, 0xf003, 1, 0},
		{0x8100, 0, 0x8100, 0xf000, DROP_rx_vlan, 0, 0, 1, 0},
		{0x8100, 0, 0x8100, 0x0004, DROP_none, 4, 4, 1, 1},
		{0x8100, 3, 0x8100, 0x0005, DROP_rx_vlan, 5, 5, 1, 1},
		{0x8100, 3, 0x8100, 0xffff, DROP_rx_vlan, 4095, 0xffff, 1, 1},
		{0x8100, 3, 0x88a8, 0x0004, DROP_none, 3, 3, 0, 0},
		{0x8100, 0, 0x88a8, 0x0004, DROP_rx_vlan, 0, 0, 0, 0},
		{0x88a8, 3, 0x8100, 0x0004, DROP_none, 3, 3, 0, 0},
		{0x88a8, 3, 0x88a8, 0x2004, DROP_none, 4, 0x2004, 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct vlan_port v = {0};
		struct vlan_tag tag;
		struct pkt *p;

		vlan_add(&v, 4, 0);
		vlan_add(&v, t[i].native, VLAN_NATIVE);
		m.len = 0;
		make_fill(&m, 12);
		if (t[i].outer) {
			make16(&m, t[i].outer);
			make16(&m, t[i].tci);
		}
		make16(&m, ETHERTYPE_V4);
		p = packet(NULL, m.at, m.len, NULL, 0);
		assert_int_equal(vlan_ingress(&v, t[i].proto, p, &tag), t[i].want);
		if (t[i].want == DROP_none) {
			assert_int_equal(tag.vid, t[i].vid);
			assert_int_equal(tag.tci, t[i].out_tci);
			assert_int_equal(tag.is_tagged, t[i].is_tagged);
			assert_int_equal(tag.is_exact, t[i].is_exact);
		}
		pool_put(p);
	}
}

static void any_words(uint64_t *rnd, struct vlan_words *w)
{
	memset(w, 0, sizeof(*w));
	for (unsigned vid = 1; vid < 8; vid++)
		w->says[vid] = "\0ut"[make_below(rnd, 3)];
	w->says[4094] = "\0ut"[make_below(rnd, 3)];
	w->native = make_below(rnd, 9);
	w->native = w->native == 8 ? 4094 : w->native;
	if (!w->says[w->native])
		w->native = 0;
}

static void any_frame(uint64_t *rnd, struct virtio_net_hdr_v1 *h)
{
	static const uint16_t kinds[] = {0x8100, 0x88a8, 0x9100};
	unsigned n_tags = make_below(rnd, 4);

	m.len = 0;
	make_fill(&m, 12);
	for (unsigned i = 0; i < n_tags; i++) {
		unsigned vid = make_below(rnd, 10);

		make16(&m, kinds[make_below(rnd, 8) % 3]);
		vid = vid == 8 ? 4094 : vid == 9 ? 4095 : vid;
		make16(&m, (uint16_t)(make_below(rnd, 16) << 12 | vid));
	}
	make16(&m, ETHERTYPE_V4);
	make_fill(&m, make_below(rnd, 100));
	if (make_below(rnd, 8) == 0)
		m.len = 14 + make_below(rnd, m.len - 13);
	*h = (struct virtio_net_hdr_v1){0};
	if (make_below(rnd, 2)) {
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = (uint16_t)(14 + make_below(rnd, m.len));
		h->csum_offset = (uint16_t)make_below(rnd, 20);
	}
	h->hdr_len = (uint16_t)(make_below(rnd, 2) ? 18 + make_below(rnd, m.len) : 0);
}

static void check_out(const struct vlan_words *in, const struct vlan_words *out,
		      unsigned proto, const struct virtio_net_hdr_v1 *h, struct pkt *p)
{
	static struct vlan_port v;
	static uint8_t want[MAKE_MAX];
	struct vlan_tag tag;
	int vid = vlan_words_in(in, proto, m.at, m.len), shift;
	uint32_t len;

	vlan_words_config(in, &v);
	assert_int_equal(vlan_ingress(&v, (uint16_t)proto, p, &tag),
			 vid >= 0    ? DROP_none
			 : vid == -1 ? DROP_rx_vlan
				     : DROP_rx_vlan_cut);
	same(p, m.at, m.len);
	if (vid < 0)
		return;
	assert_int_equal(tag.vid, vid);
	vlan_words_config(out, &v);
	assert_int_equal(vlan_is_member(&v, tag.vid), out->says[vid] != 0);
	if (!out->says[vid])
		return;
	len = vlan_words_out(out, proto, (unsigned)vid, m.at, m.len, want, &shift);
	if (!vlan_egress(&v, (uint16_t)proto, &tag, p)) {
		assert_true(shift == -4 && h->flags && h->csum_start < 18);
		same(p, m.at, m.len);
		return;
	}
	assert_false(shift == -4 && h->flags && h->csum_start < 18);
	same(p, want, len);
	assert_int_equal(pkt_vnet(p)->flags, h->flags);
	assert_int_equal(pkt_vnet(p)->csum_start, h->flags ? h->csum_start + shift : 0);
	assert_int_equal(pkt_vnet(p)->csum_offset, h->csum_offset);
	assert_int_equal(pkt_vnet(p)->hdr_len, h->hdr_len ? h->hdr_len + shift : 0);
}

/* Random ports, frames and chains against the oracle. */
static void test_random(void **state)
{
	uint64_t seed = 0x71a65eed, rnd = seed;
	static struct vlan_words in, out;
	struct virtio_net_hdr_v1 h;
	uint32_t cuts[6];

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (unsigned i = 0; i < 60000; i++) {
		unsigned n = make_below(&rnd, 4) ? 0 : make_below(&rnd, 7);
		struct pkt *p;

		any_words(&rnd, &in);
		any_words(&rnd, &out);
		any_frame(&rnd, &h);
		make_cuts(&rnd, m.len, cuts, n);
		p = packet(&h, m.at, m.len, cuts, n);
		check_out(&in, &out, make_below(&rnd, 3) ? 0x8100 : 0x88a8, &h, p);
		pool_put(p);
		assert_int_equal(pool.n_free, BUFS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push_pop), cmocka_unit_test(test_headroom),
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_hdr_len),
		cmocka_unit_test(test_port),	 cmocka_unit_test(test_ingress_table),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
