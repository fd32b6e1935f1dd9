/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/pktgen/gen_spec: what words mean, and what is refused, with a sentence. */
#include "tests/unit/gen_lab.h"

#include <errno.h>

#include "bench/pktgen/gen_frame.h"
#include "bench/pktgen/gen_sizes.h"

static void refused(const char *words, const char *why)
{
	struct gen_spec s;
	struct err e = {0};

	if (gen_spec_parse(&s, words, &e) != -EINVAL)
		fail_msg("'%s' was taken", words);
	if (!strstr(e.text, why))
		fail_msg("'%s': '%s' lacks '%s'", words, e.text, why);
	assert_null(strchr(e.text, '\n'));
	assert_int_equal(gen_spec_parse(&s, words, NULL), -EINVAL);
}

static void no_words_are_64_bytes_of_udp(void **state)
{
	struct gen_spec s;

	(void)state;
	lab_spec(&s, "");
	assert_int_equal(s.proto, GEN_SPEC_UDP);
	assert_int_equal(s.n_flows, 1);
	assert_int_equal(gen_sizes_cycle(&s), 1);
	assert_int_equal(gen_sizes_at(&s, 0), 64);
	assert_int_equal(gen_spec_value(&s, GEN_SPEC_SPORT, 0), 10000);
	assert_int_equal(gen_spec_value(&s, GEN_SPEC_SIP, 0), 0xc6120001);
}

static const struct {
	const char *words, *why;
} bad_words[] = {
	{",", "is no KEY=VALUE"},
	{"proto=udp,", "is no KEY=VALUE"},
	{"proto", "is no KEY=VALUE"},
	{"=", "is no key"},
	{"pro=udp", "is no key"},
	{"dmac|smac=1", "is no key"},
	{"proto=", "it is one of"},
	{"proto=udp|tcp", "it is one of"},
	{"proto=icmp", "udp|tcp|udp6"},
	{"seed=1,seed=1", "twice"},
	{"flows=0", "from 1 to 65536"},
	{"flows=65537", "from 1 to 65536"},
	{"flows=-1", "from 1 to"},
	{"flows=1x", "from 1 to"},
	{"flows=99999999999999999999999", "from 1 to"},
	{"size=", "a size up to"},
	{"size=63", "need 64"},
	{"size=0", "need 64"},
	{"size=60", "need 64"},
	{"size=64*0", "a size up to"},
	{"size=64*", "a size up to"},
	{"size=64/", "a size up to"},
	{"size=64 ", "a size up to"},
	{"size=65562", "a size up to"},
	{"size=65561", "too large"},
	{"size=1518-64", "a range"},
	{"size=64-", "a range"},
	{"size=64-128+0", "a range"},
	{"size=64-128~~", "a range"},
	{"size=64*60000/65*60000", "add up"},
	{"size=genome:", "no letters"},
	{"size=genome:z", "letters a to j"},
	{"size=genome:7", "letters a to j"},
	{"size=genome:0a", "letters a to j"},
	{"proto=udp6,size=64", "need 84"},
	{"proto=tcp,size=64-128", "need 76"},
	{"vlan=5,size=64", "need 68"},
	{"vlan=4095", "vlan"},
	{"qinq=5", "give vlan"},
	{"vlan=4094+1,flows=2", "past its largest"},
	{"sport=65535+1,flows=2", "past its largest"},
	{"sport=65535~2", "past its largest"},
	{"sport=1~0", "wanted is a value"},
	{"sport=1+1%0", "wanted is a value"},
	{"sport=1+1+1", "wanted is a value"},
	{"dip=255.255.255.255+1,flows=2", "past its largest"},
	{"proto=udp6,dip=::ffff:ffff:ffff:ffff+1,flows=2", "past its largest"},
	{"dip=1.2.3", "wanted is a value"},
	{"dip=::1", "IPv4"},
	{"proto=udp6,dip=1.2.3.4", "IPv6"},
	{"dmac=02:52:57:00:00", "wanted is a value"},
	{"dmac=02:52:57:00:00:1g", "wanted is a value"},
	{"dmac= 2:52:57:00:00:01", "wanted is a value"},
	{"dmac=02:52:57:00:00:01:", "wanted is a value"},
	{"dmac=ff:ff:ff:ff:ff:ff+1,flows=2", "past its largest"},
	{"proto=arp,sport=1", "no such field"},
	{"proto=eth,dip=1.2.3.4", "no such field"},
	{"csum=partial", "vnet=yes"},
	{"csum=partial,vnet=yes,proto=eth", "UDP or TCP"},
	{"csum=none,proto=udp6", "RFC 768"},
	{"gso=1448", "vnet=yes"},
	{"gso=35,vnet=yes", "from 36"},
	{"gso=1448,vnet=yes,csum=none", "csum=none cannot"},
	{"gso=100,vnet=yes,size=64000", "more than 128"},
	{"run=65536", "to 65535"},
	{"loops=2", "only a pcap"},
	{"pcap=", "file name"},
	{"pcap=x,size=64", "beside it"},
};

static void what_is_refused(void **state)
{
	char longer[5000];

	(void)state;
	for (unsigned i = 0; i < sizeof(bad_words) / sizeof(bad_words[0]); i++)
		refused(bad_words[i].words, bad_words[i].why);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	refused(longer, "longer");
	memcpy(longer, "pcap=", 5);
	longer[2000] = '\0';
	refused(longer, "file name");
	memcpy(longer, "dip==", 5);
	refused(longer, "wanted is a value");
}

static const char *pick(const char *const *from, size_t n, uint64_t *x)
{
	return from[(*x = gen_frame_mix(*x)) % n];
}

/* One in two made of KEY=VALUE, the others of anything. */
static void make_words(char *words, bool is_tidy, uint64_t *x)
{
	static const char *const keys[] = {"dmac",  "vlan",  "qinq", "sip",
					   "dport", "proto", "size", "size",
					   "flows", "csum",  "vnet", "gso"};
	static const char *const values[] = {
		"5",
		"200",
		"64-1518~",
		"imix",
		"2",
		"1+1",
		"100~7",
		"yes",
		"udp",
		"tcp6",
		"partial",
		"arp",
		"1500/90*3",
		"1.2.3.4+1",
		"none",
		"65535",
		"genome:7a4d1g",
		"02:00:00:00:00:01~9",
		"::1",
	};
	static const char *const bits[] = {"size=",
					   "64",
					   "-",
					   "~",
					   "+",
					   "%",
					   "*",
					   "/",
					   ",",
					   "sip=",
					   "::1",
					   "1.2.3.4",
					   "genome:",
					   "9a",
					   "\xff",
					   "=",
					   "18446744073709551615",
					   "dmac=",
					   ":"};
	unsigned n = 1 + (unsigned)((*x = gen_frame_mix(*x)) % (is_tidy ? 3 : 9));

	words[0] = '\0';
	while (n--)
		if (is_tidy) {
			strcat(words, pick(keys, sizeof(keys) / sizeof(keys[0]), x));
			strcat(words, "=");
			strcat(words,
			       pick(values, sizeof(values) / sizeof(values[0]), x));
			strcat(words, n ? "," : "");
		} else {
			strcat(words, pick(bits, sizeof(bits) / sizeof(bits[0]), x));
		}
}

/* Any bytes: taken or refused with a sentence, and what is taken can be made. */
static void hostile_words(void **state)
{
	static uint8_t buf[LAB_MAX];
	uint64_t x = 5;
	unsigned taken = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char words[400];
		struct gen_spec s;
		struct err e = {0};
		struct gen *g;

		make_words(words, i % 2, &x);
		if (gen_spec_parse(&s, words, &e) < 0) {
			if (!e.text[0])
				fail_msg("'%s' was refused without a sentence", words);
		} else if (taken++ % 64 == 0) {
			assert_int_equal(gen_open(&g, &s, &e), 0);
			for (int n = 0; n < 20; n++)
				assert_in_range(gen_next(g, buf, sizeof(buf), 0), 60,
						LAB_MAX);
			gen_close(g);
		}
	}
	assert_true(taken > 2000);
}

static void check_sizes(const char *words, unsigned n, const uint32_t *want)
{
	struct gen_spec s;

	lab_spec(&s, words);
	assert_int_equal(gen_sizes_cycle(&s), n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(gen_sizes_at(&s, i), want[i]);
}

static void sizes_have_their_standards_values(void **state)
{
	(void)state;
	check_sizes("size=rfc2544", 7, (uint32_t[]){64, 128, 256, 512, 1024, 1280, 1518});
	check_sizes("size=imix", 12,
		    (uint32_t[]){64, 64, 64, 64, 64, 64, 64, 594, 594, 594, 594, 1518});
	check_sizes("size=genome:2aehij", 6,
		    (uint32_t[]){64, 64, 1024, 2112, 9000, 16000});
	check_sizes("size=100-110+4", 3, (uint32_t[]){100, 104, 108});
	check_sizes("size=100-102", 3, (uint32_t[]){100, 101, 102});
	check_sizes("size=100-102~", 3, (uint32_t[]){100, 101, 102});
	check_sizes("size=100-100", 1, (uint32_t[]){100});
	check_sizes("size=70*2/64", 3, (uint32_t[]){70, 70, 64});
	/* names are raised to what the headers need */
	check_sizes("size=rfc2544,proto=tcp6,vlan=1,qinq=1", 7,
		    (uint32_t[]){104, 128, 256, 512, 1024, 1280, 1518});
	check_sizes("proto=udp6", 1, (uint32_t[]){84});
}

static void check_values(const char *words, enum gen_spec_field_id id, unsigned n,
			 const uint64_t *want)
{
	struct gen_spec s;

	lab_spec(&s, words);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(gen_spec_value(&s, id, i), want[i]);
}

static void fields_go_on_as_told(void **state)
{
	struct gen_spec s;
	unsigned seen[10] = {0};

	(void)state;
	check_values("flows=4,vlan=5+2", GEN_SPEC_VLAN, 4, (uint64_t[]){5, 7, 9, 11});
	check_values("flows=4,vlan=4093+1%2", GEN_SPEC_VLAN, 4,
		     (uint64_t[]){4093, 4094, 4093, 4094});
	check_values("flows=3,dmac=02:00:00:00:00:ff+1", GEN_SPEC_DMAC, 3,
		     (uint64_t[]){0x0200000000ff, 0x020000000100, 0x020000000101});
	check_values("flows=2,sip=10.0.0.255+256", GEN_SPEC_SIP, 2,
		     (uint64_t[]){0x0a0000ff, 0x0a0001ff});
	check_values("flows=65536,sport=10000+1%50000", GEN_SPEC_SPORT, 1,
		     (uint64_t[]){10000});
	lab_spec(&s, "flows=1000,dport=100~10,seed=9");
	for (uint32_t i = 0; i < 1000; i++)
		seen[gen_spec_value(&s, GEN_SPEC_DPORT, i) - 100]++;
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(seen[i], 60, 140);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_words_are_64_bytes_of_udp),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(hostile_words),
		cmocka_unit_test(sizes_have_their_standards_values),
		cmocka_unit_test(fields_go_on_as_told),
	};

	return cmocka_run_group_tests_name("gen_spec", tests, NULL, NULL);
}
