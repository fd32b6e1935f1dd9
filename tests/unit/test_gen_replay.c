/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/pktgen/gen_replay and gen_pcap: what was written comes again, and files that are
 * no good are refused with a sentence. */
#include "tests/unit/gen_lab.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/pktgen/gen_pcap.h"

enum { N = 50 };

static uint8_t buf[LAB_MAX], other[LAB_MAX];
static char path[] = "/tmp/ringway-test-gen-XXXXXX";

static void write_bytes(const void *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void write_frames(const char *words, unsigned n, uint64_t gap_ns)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, words);
	struct gen_pcap *p;
	struct err e;

	assert_int_equal(gen_pcap_open(&p, path, &e), 0);
	for (unsigned i = 0; i < n; i++) {
		size_t len = gen_next(g, buf, sizeof(buf), i);

		gen_pcap_write(p, buf, len, 1700000000000000001 + i * gap_ns);
	}
	assert_int_equal(gen_pcap_close(p, &e), 0);
	gen_close(g);
}

static int open_replay(struct gen **g, const char *more, struct err *e)
{
	char words[200];
	struct gen_spec s;

	snprintf(words, sizeof(words), "pcap=%s%s", path, more);
	lab_spec(&s, words);
	return gen_open(g, &s, e);
}

static void refused(const char *why)
{
	struct err e = {0};
	struct gen *g;

	assert_true(open_replay(&g, "", &e) < 0);
	assert_null(g);
	if (!strstr(e.text, why) || !strstr(e.text, path))
		fail_msg("'%s' lacks '%s' or the file's name", e.text, why);
}

static void replayed_frames_are_the_same(void **state)
{
	static const char words[] = "size=imix,flows=3";
	static const char *const vnet[] = {"", ",vnet=yes"};
	const uint8_t zero[LAB_VNET] = {0};
	struct gen_spec s;
	struct err e;

	(void)state;
	write_frames(words, N, 1001);
	for (unsigned k = 0; k < 2; k++) {
		struct gen *made = lab_open(&s, words), *g;
		unsigned v = k ? LAB_VNET : 0;
		struct gen_slot slot = {0};

		assert_int_equal(open_replay(&g, vnet[k], &e), 0);
		assert_int_equal(gen_max_len(g), 1514 + v);
		for (unsigned i = 0; i < N; i++) {
			size_t len = gen_next(made, buf, sizeof(buf), i);

			assert_int_equal(gen_next_len(g), len + v);
			assert_int_equal(gen_next_due_ns(g), 1001 * i);
			assert_int_equal(gen_next(g, other, len + v - 1, 0), 0);
			memset(other, 0xee, v);
			assert_int_equal(i % 2 ? gen_next(g, other, len + v, 0)
					       : gen_stamp(g, &slot, other, 0),
					 len + v);
			assert_memory_equal(other, zero, v);
			assert_memory_equal(other + v, buf, len);
		}
		assert_int_equal(gen_next(g, other, sizeof(other), 0), 0);
		assert_int_equal(gen_next_len(g), 0);
		assert_int_equal(gen_taken_of(g).frames, N);
		assert_int_equal(gen_taken_of(g).bytes, gen_taken_of(made).bytes);
		gen_untake(g);
		assert_true(gen_next(g, other, sizeof(other), 0) > 0);
		gen_close(g);
		gen_close(made);
	}
}

static void loops_go_on_in_time(void **state)
{
	struct gen *g;
	struct err e;

	(void)state;
	write_frames("", 5, 1000);
	assert_int_equal(open_replay(&g, ",loops=3", &e), 0);
	for (unsigned i = 0; i < 15; i++) {
		assert_int_equal(gen_next_due_ns(g), 1000 * i);
		assert_int_equal(gen_next(g, buf, sizeof(buf), 0), 60);
		assert_int_equal(lab_be(buf + 46, 4), i % 5);
	}
	assert_int_equal(gen_next(g, buf, sizeof(buf), 0), 0);
	for (unsigned i = 0; i < 20; i++)
		gen_untake(g);
	assert_int_equal(gen_next_due_ns(g), 0);
	assert_int_equal(gen_taken_of(g).frames, 0);
	gen_close(g);
	assert_int_equal(open_replay(&g, ",loops=0", &e), 0);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(gen_next(g, buf, sizeof(buf), 0), 60);
	gen_close(g);
}

/* A clock that was set back: no frame is due before the one in front of it. */
static void times_never_go_back(void **state)
{
	static const uint64_t at[] = {5000, 7000, 6000, 1000, 9000};
	static const uint64_t due[] = {0, 2000, 2000, 2000, 4000};
	struct gen_pcap *p;
	struct gen *g;
	struct err e;

	(void)state;
	assert_int_equal(gen_pcap_open(&p, path, &e), 0);
	for (int i = 0; i < 5; i++)
		gen_pcap_write(p, buf, 60, at[i]);
	assert_int_equal(gen_pcap_close(p, &e), 0);
	assert_int_equal(open_replay(&g, ",loops=2", &e), 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(gen_next_due_ns(g), due[i % 5] + i / 5 * 5000);
		assert_int_equal(gen_next(g, buf, sizeof(buf), 0), 60);
	}
	gen_close(g);
}

/* pcapng of one frame, by hand: section header, interface, enhanced packet. */
static void pcapng_is_read(void **state)
{
	const uint32_t file[] = {
		0x0a0d0d0a, 28, 0x1a2b3c4d, 1,		0xffffffff,
		0xffffffff, 28,				    /* SHB */
		1,	    20, 1,	    0,		20, /* IDB: Ethernet */
		6,	    48, 0,	    0,		0,
		16,	    16, 0x03020100, 0x07060504, 0x0b0a0908, /* EPB */
		0x0f0e0d0c, 48,
	};
	struct gen *g;
	struct err e;

	(void)state;
	write_bytes(file, sizeof(file));
	assert_int_equal(open_replay(&g, "", &e), 0);
	assert_int_equal(gen_next(g, buf, sizeof(buf), 0), 16);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(buf[i], i);
	gen_close(g);
}

static void files_that_are_no_good(void **state)
{
	/* magic of nanoseconds, 2.4, zone, accuracy, snap length, link type */
	uint32_t head[] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, 65536, 1};
	uint32_t one[] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, 65536, 1, 0, 0, 4, 4, 0};

	(void)state;
	write_bytes("", 0);
	refused("truncated");
	write_bytes("hello, this is no capture file", 30);
	refused("unknown file format");
	write_bytes(head, 10);
	refused("truncated");
	write_bytes(head, sizeof(head));
	refused("no frame in it");
	head[5] = 113; /* Linux "cooked" */
	write_bytes(head, sizeof(head));
	refused("not Ethernet");
	write_bytes(one, sizeof(one));
	refused("frame 1 has 4 bytes; a frame has 14");
	one[9] = 100;
	write_bytes(one, sizeof(one));
	refused("of which 4 were captured");
	one[8] = one[9] = 60;
	write_bytes(one, sizeof(one));
	refused("behind frame 0");
	for (unsigned len = 65557; len < 65559; len++) {
		struct gen_pcap *p;
		struct gen *g;
		struct err e;

		assert_int_equal(gen_pcap_open(&p, path, &e), 0);
		gen_pcap_write(p, buf, len, 0);
		assert_int_equal(gen_pcap_close(p, &e), 0);
		if (len == 65557) {
			assert_int_equal(open_replay(&g, "", &e), 0);
			gen_close(g);
		} else {
			refused("frame 1 has 65558 bytes");
		}
	}
	unlink(path);
	refused("No such file");
}

static void files_that_cannot_be_written(void **state)
{
	struct gen_pcap *p;
	struct err e = {0};

	(void)state;
	assert_true(gen_pcap_open(&p, "/nonexistent/x.pcap", &e) < 0);
	assert_non_null(strstr(e.text, "/nonexistent/x.pcap"));
	assert_null(p);
	assert_int_equal(gen_pcap_close(NULL, &e), 0);
	assert_int_equal(gen_pcap_open(&p, "/dev/full", &e), 0);
	for (int i = 0; i < 1000; i++)
		gen_pcap_write(p, buf, 60, 0);
	assert_true(gen_pcap_close(p, &e) < 0);
	assert_non_null(strstr(e.text, "/dev/full"));
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replayed_frames_are_the_same),
		cmocka_unit_test(loops_go_on_in_time),
		cmocka_unit_test(times_never_go_back),
		cmocka_unit_test(pcapng_is_read),
		cmocka_unit_test(files_that_are_no_good),
		cmocka_unit_test(files_that_cannot_be_written),
	};

	return cmocka_run_group_tests_name("gen_replay", tests, set_up, tear_down);
}
