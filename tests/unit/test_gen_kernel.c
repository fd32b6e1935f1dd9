/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/pktgen through a kernel: what a bridge, segmentation, the completion of checksums
 * and the taking off of tags leave of the frames is still whole and in order. */
#include "tests/unit/gen_lab.h"
#include "tests/unit/tap_lab.h"

#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <stdio.h>

#include "bench/pktgen/gen_check.h"

enum { FRAMES = 60 };

static uint8_t buf[LAB_MAX];
static const char *missing; /* why these tests cannot be run here */

/* tap "in" (with virtio-net headers), "plain" (without) and "whole" (takes super-packets)
 */
static int in = -1, plain = -1, whole = -1;

static void bridge(const char *port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {.ifr_name = "br"};

	r.ifr_ifindex = (int)if_nametoindex(port);
	assert_int_equal(ioctl(fd, SIOCBRADDIF, &r), 0);
	close(fd);
}

static int set_up(void **state)
{
	unsigned offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	int fd;

	(void)state;
	missing = lab_enter();
	if (missing)
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCBRADDBR, "br") < 0)
		missing = "this kernel has no bridge";
	close(fd);
	if (missing)
		return 0;
	lab_flag("br", true);
	in = lab_tap("in", true);
	plain = lab_tap("plain", false);
	whole = lab_tap("whole", true);
	assert_int_equal(ioctl(whole, TUNSETOFFLOAD, offload), 0);
	bridge("in");
	bridge("plain");
	bridge("whole");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(in);
	close(plain);
	close(whole);
	return 0;
}

/* Read and judge what is there. */
static void drain(int fd, struct gen_check *c)
{
	ssize_t len;

	while ((len = read(fd, buf, sizeof(buf))) > 0)
		gen_check_frame(c, buf, (size_t)len, 0);
}

static struct gen_check *open_check(const struct gen_spec *s, bool vnet)
{
	struct gen_check_config cf = {.spec = s, .vnet = vnet, .verify_csum = true};
	struct gen_check *c;
	struct err e;

	assert_int_equal(gen_check_init(&c, &cf, &e), 0);
	return c;
}

static void assert_all(const struct gen_check *c, const struct gen *g)
{
	const struct gen_check_counts *n = gen_check_counts_of(c);

	assert_int_equal(n->unique, gen_taken_of(g).units);
	assert_int_equal(n->units, n->unique);
	assert_int_equal(n->reordered + n->corrupted + n->bad_csum + n->other_runs, 0);
	assert_int_equal(gen_check_lost_of(c, gen_taken_of(g).units).high, 0);
}

/* Returns false if this kernel does not take such frames. */
static bool through_the_bridge(const char *words)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, words);
	struct gen_check *a = open_check(&s, false), *b = open_check(&s, true);
	bool is_taken = true;
	uint64_t want;

	for (unsigned i = 0; i < FRAMES; i++) {
		size_t len = gen_next(g, buf, sizeof(buf), i);

		ssize_t done;

		lab_wait_for((done = write(in, buf, len)) >= 0 || errno != EAGAIN);
		if (done < 0 && errno == EINVAL && i == 0) {
			is_taken = false;
			break;
		}
		assert_int_equal(done, len);
		want = gen_taken_of(g).units;
		lab_wait_for((drain(plain, a), gen_check_counts_of(a)->units >= want) &&
			     (drain(whole, b), gen_check_counts_of(b)->units >= want));
	}
	if (is_taken) {
		assert_all(a, g);
		assert_all(b, g);
	}
	gen_check_fini(a);
	gen_check_fini(b);
	gen_close(g);
	return is_taken;
}

static void frames_survive_a_bridge(void **state)
{
	static const char *const specs[] = {
		"vnet=yes,flows=3,size=imix",
		"vnet=yes,flows=3,proto=tcp6,size=100-1000",
		"vnet=yes,flows=2,vlan=5+1,qinq=9,size=72-90",
		"vnet=yes,proto=arp",
		"vnet=yes,csum=none",
		"vnet=yes,csum=partial,size=64-90",
		"vnet=yes,csum=partial,proto=tcp,size=imix",
		"vnet=yes,csum=partial,proto=udp6,size=88-100,vlan=7",
		"vnet=yes,csum=partial,proto=tcp6,size=rfc2544",
	};

	(void)state;
	if (missing) {
		print_message("%s\n", missing);
		skip();
	}
	for (unsigned i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		assert_true(through_the_bridge(specs[i]));
}

static void super_packets_survive_segmentation(void **state)
{
	(void)state;
	if (missing) {
		print_message("%s\n", missing);
		skip();
	}
	assert_true(through_the_bridge(
		"vnet=yes,gso=1448,proto=tcp,flows=3,size=65000/76/1600/4000"));
	assert_true(
		through_the_bridge("vnet=yes,gso=500,proto=tcp6,flows=2,size=600-9000~"));
	assert_true(through_the_bridge("vnet=yes,gso=1400,proto=tcp,vlan=3,size=30000"));
	if (!through_the_bridge("vnet=yes,gso=1448,proto=udp,size=30000"))
		print_message("this kernel's TAP takes no UDP super-packets (6.2 on)\n");
}

/* A packet socket gets frames with the outer tag taken off, as a device would take it. */
static void tags_taken_off_by_the_kernel(void **state)
{
	static const char *const specs[] = {"vnet=yes,vlan=5,flows=2",
					    "vnet=yes,vlan=5,qinq=6,proto=udp6"};
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL)};
	int fd;

	(void)state;
	if (missing) {
		print_message("%s\n", missing);
		skip();
	}
	at.sll_ifindex = (int)if_nametoindex("in");
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	for (unsigned k = 0; k < 2; k++) {
		struct gen_spec s;
		struct gen *g = lab_open(&s, specs[k]);
		struct gen_check *c = open_check(&s, false);

		for (unsigned i = 0; i < FRAMES; i++) {
			size_t len = gen_next(g, buf, sizeof(buf), i);

			assert_int_equal(write(in, buf, len), len);
			lab_wait_for((drain(fd, c), gen_check_counts_of(c)->units > i));
		}
		assert_all(c, g);
		assert_int_equal(gen_check_counts_of(c)->bytes,
				 gen_taken_of(g).bytes - 4 * FRAMES);
		gen_check_fini(c);
		gen_close(g);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_survive_a_bridge),
		cmocka_unit_test(super_packets_survive_segmentation),
		cmocka_unit_test(tags_taken_off_by_the_kernel),
	};

	return cmocka_run_group_tests_name("gen_kernel", tests, set_up, tear_down);
}
