/* SPDX-License-Identifier: BSD-2-Clause */
/* core/offload against the kernel's own segmentation, frame by frame. */
#include "tests/unit/offload_oracle.h"
#include "tests/unit/tap_lab.h"

#include "core/offload.h"
#include "core/vnet.h"

/*
 * How it works: a super-packet is written to TAP x, a kernel bridge passes it on to
 * TAP y, which takes nothing undone (or partial checksums only), so that the kernel
 * segments it on the way; what is read from y is what we must make of it.
 */
enum {
	BUFS = 8,
	ROUNDS = 1500,
	HDR_BYTES = 10,	 /* the TAP leaves num_buffers alone */
	LEN_MAX = 65500, /* of a frame, within the largest MTU of a TAP */
};

static struct super super;
static struct pool pool;
static void *mem;
static int x = -1, y = -1;
static bool has_uso; /* Linux 6.2 */

static int setup(void **state)
{
	const char *why = lab_enter();

	(void)state;
	if (why) {
		print_message("skipped: %s\n", why);
		return 0;
	}
	/* where br_netfilter is loaded it would judge IP options and addresses */
	lab_write("/proc/sys/net/bridge/bridge-nf-call-iptables", "0");
	lab_write("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0");
	mem = aligned_alloc(64, (pool_mem_len(BUFS) + 63) / 64 * 64);
	assert_non_null(mem);
	pool_init(&pool, mem, BUFS);
	x = lab_tap("x", true);
	y = lab_tap("y", true);
	has_uso = !ioctl(y, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6);
	/* no frame may be longer than the links, none may find y's ring full */
	assert_int_equal(
		system("set -e; ip link add name br0 type bridge mcast_snooping 0;"
		       "for i in x y; do ip link set $i mtu 65521 txqueuelen 4000 master "
		       "br0; done; ip link set br0 up"),
		0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(x);
	close(y);
	free(mem);
	return 0;
}

/* The bridge forwards from the moment on that both of its ports are up. */
static void await_forwarding(void)
{
	uint8_t b[128] = {0}, got[128];
	uint32_t len = lab_frame(b + PKT_VNET_LEN, 1, 2, 64);

	lab_wait_for(write(x, b, PKT_VNET_LEN + len) > 0 &&
		     read(y, got, sizeof(got)) == PKT_VNET_LEN + (ssize_t)len);
	while (read(y, got, sizeof(got)) > 0)
		;
}

static void explain(const struct super *s, uint32_t i, const char *what)
{
	fail_msg("frame %u: %s; %s, %s, l3 %u, l4 %u, headers %u, payload %u, size %u, "
		 "gso_type %#x",
		 i, what, s->is_v4 ? "IPv4" : "IPv6", s->is_tcp ? "TCP" : "UDP", s->m.l3,
		 s->m.l4, s->header_len, s->payload, s->h.gso_size, s->h.gso_type);
}

/* The next frame of ours from y. */
static uint32_t next_of_kernel(const struct super *s, uint32_t i, uint8_t *b)
{
	for (;;) {
		struct pollfd p = {.fd = y, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, LAB_LIMIT_MS) <= 0)
			explain(s, i, "the kernel gave none");
		n = read(y, b, MAKE_MAX);
		if (n > PKT_VNET_LEN + 12 && !memcmp(b + PKT_VNET_LEN, s->m.at, 12))
			return (uint32_t)n;
	}
}

static void compare(const struct super *s, uint32_t i, const struct pkt *p)
{
	static uint8_t b[MAKE_MAX];
	uint32_t len = next_of_kernel(s, i, b);

	b[0] &= (uint8_t)~VIRTIO_NET_HDR_F_DATA_VALID; /* it knows from where it comes */
	if (len != p->len)
		explain(s, i, "its length");
	if (memcmp(b, p->data, HDR_BYTES))
		explain(s, i, "its virtio-net header");
	if (memcmp(b + PKT_VNET_LEN, p->data + PKT_VNET_LEN, len - PKT_VNET_LEN))
		explain(s, i, "its bytes");
}

static void write_to_kernel(const struct super *s)
{
	static uint8_t b[MAKE_MAX + PKT_VNET_LEN];

	memcpy(b, &s->h, PKT_VNET_LEN);
	memcpy(b + PKT_VNET_LEN, s->m.at, s->m.len);
	assert_int_equal(write(x, b, PKT_VNET_LEN + s->m.len), PKT_VNET_LEN + s->m.len);
}

static uint32_t compare_segments(const struct super *s, unsigned caps)
{
	struct offload_gso g;
	struct exact e;
	uint32_t i = 0;

	assert_true(offload_start(&g, exact_make(&e, &s->h, s->m.at, s->m.len), caps));
	write_to_kernel(s);
	while (offload_n_left(&g)) {
		struct burst b = {.n = 0};

		offload_more(&g, &pool, &b);
		for (unsigned k = 0; k < b.n; k++) {
			compare(s, i++, b.pkts[k]);
			pool_put(b.pkts[k]);
		}
	}
	exact_free(&e);
	return i;
}

/* A packet that is no super-packet, with a partial checksum. */
static void compare_checksum(struct super *s)
{
	struct exact e;
	struct pkt *p;

	s->h.gso_type = 0;
	s->h.gso_size = 0;
	p = exact_make(&e, &s->h, s->m.at, s->m.len);
	offload_csum(p);
	write_to_kernel(s);
	compare(s, 0, p);
	exact_free(&e);
}

/*
 * The kernel does not count TCP's options to what one segment need not hold, and
 * then drops what is one segment only for them; we send it.
 */
static bool is_dropped_by_kernel(const struct super *s)
{
	uint32_t options = s->is_tcp ? s->header_len - s->m.l4 - 20 : 0;

	return s->payload <= s->h.gso_size && s->payload + options > s->h.gso_size;
}

static void rounds(unsigned tun_flags, unsigned caps)
{
	uint64_t seed = 0x7a9d1ff + caps, rnd = seed;
	unsigned n_segs = 0, n_checksums = 0, n_ecn = 0, n_uso = 0;

	if (x < 0)
		skip();
	assert_int_equal(ioctl(y, TUNSETOFFLOAD, tun_flags), 0);
	await_forwarding();
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (int i = 0; i < ROUNDS; i++) {
		super_make(&super, &rnd);
		if (is_dropped_by_kernel(&super) || super.m.len > LEN_MAX)
			continue;
		if (!super.is_tcp && !has_uso)
			continue;
		if (!caps && i % 4 == 0) {
			compare_checksum(&super);
			n_checksums++;
			continue;
		}
		n_ecn += super.h.gso_type > GSO_ECN;
		n_uso += !super.is_tcp;
		n_segs += compare_segments(&super, caps);
	}
	assert_true(n_segs > 3 * ROUNDS && n_ecn > 20 && (n_uso > 20 || !has_uso));
	assert_true(caps || n_checksums > 100);
	print_message("%u segments, %u packets with ECN, %u with UDP, %u checksums\n",
		      n_segs, n_ecn, n_uso, n_checksums);
}

static void test_nothing_taken(void **state)
{
	(void)state;
	rounds(0, 0);
}

static void test_checksums_taken(void **state)
{
	(void)state;
	rounds(TUN_F_CSUM, OFFLOAD_CSUM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_taken),
		cmocka_unit_test(test_checksums_taken),
	};

	return cmocka_run_group_tests_name("offload_kernel", tests, setup, teardown);
}
