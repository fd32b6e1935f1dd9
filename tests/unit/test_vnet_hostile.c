/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vnet against a second opinion: a million hostile headers and frames. */
#include "tests/unit/vnet_oracle.h"

#include "core/vnet.h"

enum { HOSTILE = 1000000 };

static struct made m;
static struct virtio_net_hdr_v1 h;

static enum drop check(void)
{
	struct exact x;
	enum drop why = vnet_check(exact_make(&x, &h, m.at, m.len));

	exact_free(&x);
	return why;
}

static void make_hostile(uint64_t *rnd)
{
	static const uint8_t types[] = {0,
					GSO_TCPV4,
					GSO_TCPV6,
					GSO_UFO,
					GSO_UDP_L4,
					GSO_TCPV4 | GSO_ECN,
					GSO_UDP_L4 | GSO_ECN,
					2};
	uint8_t *raw = (uint8_t *)&h;

	make_gso(&m, &h, types[make_below(rnd, 8)],
		 make_below(rnd, 12) ? make_below(rnd, 3) : make_below(rnd, 7),
		 make_below(rnd, 400),
		 (uint16_t)make_below(rnd, make_below(rnd, 8) ? 300 : 4));
	for (unsigned n = make_below(rnd, 4); n > 0; n--) {
		if (make_below(rnd, 2))
			raw[make_below(rnd, 10)] = (uint8_t)make_random(rnd);
		else
			m.at[12 + make_below(rnd, m.len - 12)] =
				(uint8_t)make_random(rnd);
	}
	if (!make_below(rnd, 4))
		m.len = make_below(rnd, m.len + 1);
	if (!make_below(rnd, 16))
		for (unsigned i = 0; i < 10; i++)
			raw[i] = (uint8_t)make_random(rnd);
}

/* Whatever passes is what it must be; whatever is so, passes; in one buffer and in
 * several. */
static void test_hostile(void **state)
{
	uint64_t seed = 0x5eed0fbadf4a3e5, rnd = seed;
	unsigned n_passed = 0, n_of[DROP_N + 1] = {0};

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (int i = 0; i < HOSTILE; i++) {
		uint32_t cuts[MAKE_PARTS - 1];
		enum drop why;
		struct exact x;

		make_hostile(&rnd);
		why = check();
		if ((why == DROP_none) != vnet_oracle(&h, m.at, m.len))
			fail_msg("round %d: %s, oracle says %d", i,
				 why == DROP_none ? "none" : drop_name(why),
				 vnet_oracle(&h, m.at, m.len));
		n_of[why]++;
		n_passed += why == DROP_none;
		if (i % 4)
			continue;
		make_cuts(&rnd, m.len, cuts, 1 + (unsigned)i % 3);
		exact_split(&x, &h, m.at, m.len, cuts, 1 + (unsigned)i % 3);
		assert_int_equal(vnet_check(&x.p[0]), why);
		exact_free(&x);
	}
	assert_in_range(n_passed, HOSTILE / 20,
			HOSTILE - HOSTILE / 20); /* both happen often */
	for (int d = DROP_rx_vnet_flags; d <= DROP_rx_vnet_hdr_len; d++)
		assert_true(n_of[d] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests_name("vnet_hostile", tests, NULL, NULL);
}
