/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vnet: every reason of the gate, and what must pass. */
#include "tests/unit/frame_make.h"

#include "core/vnet.h"

enum { FRAGMENT = 44 };

static struct made m;
static struct virtio_net_hdr_v1 h;

static enum drop check_len(uint32_t len)
{
	struct exact x;
	enum drop why = vnet_check(exact_make(&x, &h, m.at, len));

	exact_free(&x);
	return why;
}

/* The gate's answer to header h and frame m, by name: "none" or the reason. */
static const char *check(void)
{
	enum drop why = check_len(m.len);

	return why == DROP_none ? "none" : drop_name(why);
}

static void test_lengths(void **state)
{
	(void)state;
	h = (struct virtio_net_hdr_v1){0};
	for (unsigned tags = 0; tags <= 5; tags++) {
		uint32_t max = 65535 + 14 + 4 * (tags > 4 ? 0 : tags);

		make_eth(&m, tags, 0x0806);
		make_fill(&m, PKT_FRAME_MAX + 30 - m.len);
		for (uint32_t len = 0; len < 64; len++)
			assert_int_equal(check_len(len),
					 len < 14 ? DROP_rx_runt : DROP_none);
		for (uint32_t len = 65500; len < m.len; len++)
			assert_int_equal(check_len(len),
					 len > max ? DROP_rx_giant : DROP_none);
	}
}

/* A read that gave less than a header is a runt; its bytes are not looked at. */
static void test_less_than_header(void **state)
{
	uint8_t bytes[64];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	for (uint32_t first = 0; first < PKT_VNET_LEN; first++) {
		struct exact x = {.n = 0};

		exact_part(&x, bytes, first);
		assert_int_equal(vnet_check(&x.p[0]), DROP_rx_runt);
		exact_part(&x, bytes,
			   sizeof(bytes)); /* the header is not whole in the head */
		assert_int_equal(vnet_check(&x.p[0]), DROP_rx_runt);
		exact_free(&x);
	}
}

static void test_plain(void **state)
{
	(void)state;
	make_eth(&m, 0, ETHERTYPE_V4);
	make_ipv4(&m, 0, PROTO_UDP, 0);
	make_udp(&m, 30);
	for (unsigned flags = 0; flags < 256; flags++) {
		h = (struct virtio_net_hdr_v1){
			.flags = (uint8_t)flags, .csum_start = 34, .csum_offset = 6};
		assert_string_equal(check(), flags & ~3u ? "rx_vnet_flags" : "none");
	}
	h = (struct virtio_net_hdr_v1){.hdr_len = (uint16_t)m.len};
	assert_string_equal(check(), "none");
	h.hdr_len++;
	assert_string_equal(check(), "rx_vnet_hdr_len");
	/* without a request these fields mean nothing (virtio 1.2, 5.1.6.2) */
	h = (struct virtio_net_hdr_v1){.gso_size = 1,
				       .csum_start = 0xffff,
				       .csum_offset = 0xffff,
				       .num_buffers = 0xffff};
	assert_string_equal(check(), "none");
}

static void test_csum_limits(void **state)
{
	(void)state;
	make_eth(&m, 0, 0x0806);
	make_fill(&m, 46);
	h = (struct virtio_net_hdr_v1){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
	for (uint32_t start = 0; start < 70; start++) {
		for (uint32_t off = 0; off < 70; off++) {
			bool ok = start >= 14 && start + off + 2 <= m.len;

			h.csum_start = (uint16_t)start;
			h.csum_offset = (uint16_t)off;
			assert_string_equal(check(), ok ? "none" : "rx_vnet_csum");
		}
	}
	h.csum_start = h.csum_offset = 0xffff;
	assert_string_equal(check(), "rx_vnet_csum");
	h.csum_start = 20;
	h.csum_offset = 0xfffe;
	assert_string_equal(check(), "rx_vnet_csum");
}

static void test_gso_legal(void **state)
{
	static const uint8_t types[] = {
		GSO_TCPV4,  GSO_TCPV6,		 GSO_UFO,
		GSO_UDP_L4, GSO_TCPV4 | GSO_ECN, GSO_TCPV6 | GSO_ECN};

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		for (unsigned tags = 0; tags <= 4; tags++) {
			make_gso(&m, &h, types[i], tags, 64000, 1448);
			assert_string_equal(check(), "none");
			h.flags |= VIRTIO_NET_HDR_F_DATA_VALID;
			assert_string_equal(check(), "none");
			h.hdr_len = 0; /* a hint */
			assert_string_equal(check(), "none");
			h.hdr_len = (uint16_t)m.len;
			assert_string_equal(check(), "none");
			h.hdr_len++;
			assert_string_equal(check(), "rx_vnet_hdr_len");
		}
		make_gso(&m, &h, types[i], 5, 1000, 100);
		assert_string_equal(check(), "rx_vnet_type");
	}
	make_eth(&m, 0, ETHERTYPE_V6); /* UDP over IPv6 */
	make_ipv6(&m, PROTO_UDP);
	make_udp(&m, 5000);
	h = (struct virtio_net_hdr_v1){.flags = 1,
				       .gso_type = GSO_UDP_L4,
				       .gso_size = 1000,
				       .csum_start = (uint16_t)m.l4,
				       .csum_offset = 6};
	assert_string_equal(check(), "none");
}

/* Each gso_type there could be, over each frame: only the fitting ones pass. */
static void test_gso_types(void **state)
{
	(void)state;
	for (unsigned frame = GSO_TCPV4; frame <= GSO_UDP_L4; frame++) {
		if (frame == 2)
			continue;
		for (unsigned type = 1; type < 256; type++) {
			unsigned bare = type & ~(unsigned)GSO_ECN;
			bool udp = frame == GSO_UFO || frame == GSO_UDP_L4;
			/* the GSO_ECN bit belongs to a TCP packet: virtio 1.2, 5.1.6.2 */
			bool fits = udp ? type == GSO_UFO || type == GSO_UDP_L4
					: bare == frame;

			make_gso(&m, &h, (uint8_t)frame, 1, 3000, 1000);
			h.gso_type = (uint8_t)type;
			assert_string_equal(check(), fits ? "none" : "rx_vnet_type");
		}
	}
}

static void test_gso_size_and_segments(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t size;
		uint32_t payload;
		const char *want;
	} t[] = {
		{GSO_TCPV4, 0, 1000, "rx_vnet_size"},
		{GSO_TCPV4, 1, 1000, "rx_vnet_size"},
		{GSO_TCPV4, 35, 64 * 35, "none"},
		{GSO_TCPV4, 35, 64 * 35 + 1, "rx_vnet_size"},
		{GSO_TCPV4, 1, 64, "none"},
		{GSO_TCPV4, 1, 1000, "rx_vnet_size"},
		{GSO_TCPV4, 36, 1000, "none"},
		{GSO_TCPV6, 35, 64 * 35 + 1, "rx_vnet_size"},
		{GSO_TCPV6, 36, 1000, "none"},
		{GSO_UFO, 35, 1000, "rx_vnet_size"},
		{GSO_UFO, 36, 1000, "none"},
		{GSO_TCPV4, 65535, 1000, "none"},
		{GSO_TCPV4, 36, 0, "none"},
		{GSO_TCPV4, 36, 65483, "none"},
		{GSO_UDP_L4, 0, 100, "rx_vnet_size"},
		{GSO_UDP_L4, 1, 128, "none"},
		{GSO_UDP_L4, 1, 129, "rx_vnet_segs"},
		{GSO_UDP_L4, 1, 0, "none"},
		{GSO_UDP_L4, 47, 128 * 47, "none"},
		{GSO_UDP_L4, 47, 128 * 47 + 1, "rx_vnet_segs"},
		{GSO_UDP_L4, 511, 65408, "none"},
		{GSO_UDP_L4, 511, 65409, "rx_vnet_segs"},
		{GSO_TCPV4 | GSO_ECN, 35, 64 * 35 + 1, "rx_vnet_size"},
		{GSO_UFO, 48, 65507, "none"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		make_gso(&m, &h, t[i].type, 0, t[i].payload, t[i].size);
		assert_string_equal(check(), t[i].want);
	}
}

static void test_gso_checksum(void **state)
{
	(void)state;
	for (int delta = -3; delta <= 3; delta++) {
		make_gso(&m, &h, GSO_TCPV4, 0, 3000, 1000);
		h.csum_start = (uint16_t)(h.csum_start + delta);
		assert_string_equal(check(), delta ? "rx_vnet_csum" : "none");
		make_gso(&m, &h, GSO_UDP_L4, 0, 3000, 1000);
		h.csum_offset = (uint16_t)(h.csum_offset + delta);
		assert_string_equal(check(), delta ? "rx_vnet_csum" : "none");
	}
	make_gso(&m, &h, GSO_TCPV4, 0, 3000, 1000);
	h.flags = 0;
	assert_string_equal(check(), "rx_vnet_csum");
	h.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	assert_string_equal(check(), "rx_vnet_csum");
}

static void test_gso_frames(void **state)
{
	(void)state;
	for (unsigned words = 0; words < 16; words++) { /* TCP data offset */
		make_gso(&m, &h, GSO_TCPV4, 0, 3000, 1000);
		m.at[m.l4 + 12] = (uint8_t)(words << 4);
		assert_string_equal(check(), words < 5 ? "rx_vnet_type" : "none");
	}
	for (unsigned ihl = 0; ihl < 5; ihl++) {
		make_gso(&m, &h, GSO_TCPV4, 0, 3000, 1000);
		m.at[m.l3] = (uint8_t)(0x40 | ihl);
		assert_string_equal(check(), "rx_vnet_type");
	}
	make_gso(&m, &h, GSO_TCPV4, 0, 3000, 1000); /* a fragment is no super-packet */
	m.at[m.l3 + 6] = 0x20;
	assert_string_equal(check(), "rx_vnet_type");
	m.at[m.l3 + 6] = 0x00;
	m.at[m.l3 + 7] = 0x01;
	assert_string_equal(check(), "rx_vnet_type");
	make_eth(&m, 0, ETHERTYPE_V6);
	make_ipv6(&m, FRAGMENT);
	make_ext_fragment(&m, PROTO_UDP, 1);
	make_udp(&m, 5000);
	h = (struct virtio_net_hdr_v1){.flags = 1,
				       .gso_type = GSO_UDP_L4,
				       .gso_size = 1000,
				       .csum_start = (uint16_t)m.l4,
				       .csum_offset = 6};
	assert_string_equal(check(), "rx_vnet_type");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_less_than_header),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_csum_limits),
		cmocka_unit_test(test_gso_legal),
		cmocka_unit_test(test_gso_types),
		cmocka_unit_test(test_gso_size_and_segments),
		cmocka_unit_test(test_gso_checksum),
		cmocka_unit_test(test_gso_frames),
	};

	return cmocka_run_group_tests_name("vnet", tests, NULL, NULL);
}
