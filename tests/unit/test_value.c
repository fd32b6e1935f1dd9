/* SPDX-License-Identifier: BSD-2-Clause */
/* value: each kind of value at its limits, tried through the keys of a port. */
#include "tests/unit/spec_try.h"

static void test_ids(void **state)
{
	static const char *const good_ids[] = {"a", "A-1", "9", "x.y_z-",
					       "abcdefghijklmnopqrstuvwxyz01234"};
	static const char *const bad_ids[] = {
		"",    "-a",	   ".a",
		"_a",  "a b",	   "a:b",
		"a/b", "\xc3\xa9", "abcdefghijklmnopqrstuvwxyz012345"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(good_ids) / sizeof(good_ids[0]); i++) {
		port_spec_init(&s);
		assert_int_equal(port_spec_set(&s, "id", good_ids[i], &e), 0);
		assert_string_equal(s.id, good_ids[i]);
	}
	for (size_t i = 0; i < sizeof(bad_ids) / sizeof(bad_ids[0]); i++) {
		port_spec_init(&s);
		assert_int_equal(port_spec_set(&s, "id", bad_ids[i], &e), -EINVAL);
		assert_int_equal(port_spec_set(&s, "id", bad_ids[i], NULL), -EINVAL);
	}
}

static void test_switches(void **state)
{
	static const char *const words[] = {"on",  "yes", "true",  "y",
					    "off", "no",  "false", "n"};
	char option[64];

	(void)state;
	for (int i = 0; i < 8; i++) {
		snprintf(option, sizeof(option), "up=%s,persist=%s,vnet_hdr=%s", words[i],
			 words[i], words[i]);
		good(option);
		assert_int_equal(s.up, i < 4 ? TRI_on : TRI_off);
		assert_int_equal(s.persist, s.up);
		assert_int_equal(s.vnet_hdr, s.up);
	}
	bad("up=1", "up=1|on or off");
	bad("up=auto", "on or off");
	bad("vnet_hdr=ON", "on or off");
	bad("vhost=maybe", "on, off or auto");
	bad("vhostforce=auto", "on or off");
	bad("io=poll", "auto, uring or epoll");
	good("io=uring");
	good("io=auto");
	bad("vhost-workers=2", "vhost-workers=2|shared or per-queue");
	bad("vhost-workers=", "shared or per-queue");
}

static void test_cpus(void **state)
{
	int cpus[VALUE_CPUS_MAX] = {-7}, i;
	unsigned n = 99;
	struct err e;

	(void)state;
	assert_int_equal(value_cpus("k", "5,0-2", cpus, &n, &e), 0);
	assert_int_equal(n, 4);
	assert_int_equal(cpus[0], 5);
	assert_int_equal(cpus[3], 2);
	assert_int_equal(value_cpus("k", "7,8,8", cpus, &n, &e), -EINVAL);
	assert_true(n == 4 && cpus[0] == 5); /* as before */
	assert_int_equal(value_cpus("k", "0-1023", cpus, &n, &e), 0);
	assert_int_equal(n, VALUE_CPUS_MAX);
	for (i = 0; i < VALUE_CPUS_MAX; i++)
		assert_int_equal(cpus[i], i);
	bad("vhost-cpus=", "vhost-cpus=|0-3,5");
	bad("vhost-cpus=1024", "0 to 1023");
	bad("vhost-cpus=0-99999999999999999999", "0 to 1023");
	bad("vhost-cpus=3-1", "vhost-cpus=3-1");
	bad("vhost-cpus=1-", "vhost-cpus=1-");
	bad("vhost-cpus=-1", "vhost-cpus=-1");
	bad("vhost-cpus=1,,", "vhost-cpus=1,");
	bad("vhost-cpus=1,,,,2", "vhost-cpus=1,,2");
	bad("vhost-cpus=0-3,,2", "CPU 2|twice");
	bad("vhost-cpus=0,1", "1|no such option"); /* a lone comma ends the option */
	bad("vhost-cpus= 1", "vhost-cpus= 1");
	bad("vhost-cpus=0x1", "vhost-cpus=0x1");
	bad("vhost-cpus=1,vhost-cpus=2", "twice");
}

static void test_numbers(void **state)
{
	(void)state;
	good("queues=1");
	good("queues=256");
	bad("queues=0", "queues=0|1 to 256");
	bad("queues=257", "queues=257|kernel's limit|1 to 256");
	bad("queues=-1", "1 to 256");
	bad("queues=+1", "1 to 256");
	bad("queues= 1", "1 to 256");
	bad("queues=1x", "1 to 256");
	bad("queues=0x4", "1 to 256");
	bad("queues=", "1 to 256");
	bad("queues=18446744073709551617", "1 to 256");
	good("mtu=68");
	good("mtu=65521");
	bad("mtu=67", "68 to 65521");
	bad("mtu=65522", "68 to 65521");
	good("txqueuelen=1");
	good("txqueuelen=524288");
	bad("txqueuelen=0", "1 to 524288");
	bad("txqueuelen=524289", "1 to 524288");
	good("poll-us=0");
	good("poll-us=4294967295");
	assert_int_equal(s.poll_us, UINT32_MAX);
	bad("poll-us=4294967296", "4294967295");
	good("sndbuf=0");
	assert_false(s.has_sndbuf);
	assert_int_equal(s.sndbuf, INT_MAX);
	good("sndbuf=2k");
	assert_int_equal(s.sndbuf, 2048);
	good("sndbuf=77B");
	assert_int_equal(s.sndbuf, 77);
	good("sndbuf=1G");
	assert_int_equal(s.sndbuf, 1 << 30);
	good("sndbuf=2147483647");
	bad("sndbuf=2147483648", "0 to 2147483647");
	bad("sndbuf=2G", "0 to 2147483647");
	bad("sndbuf=k", "sndbuf=k");
	bad("sndbuf=", "sndbuf=");
	bad("sndbuf=1T", "sndbuf=1T");
	bad("sndbuf=1kk", "sndbuf=1kk");
	bad("sndbuf=-1", "sndbuf=-1");
}

static void test_names(void **state)
{
	(void)state;
	good("ifname=123456789012345");
	good("ifname=tap%d");
	good("ifname=%d");
	bad("ifname=1234567890123456", "1 to 15 bytes");
	bad("ifname=a/b", "no '/'");
	bad("ifname=a b", "no blank");
	bad("ifname=a:b", "no ':'");
	bad("ifname=a\nb", "control character");
	bad("ifname=.", "kernel takes no interface");
	bad("ifname=..", "kernel takes no interface");
	bad("ifname=tap%", "%d");
	bad("ifname=tap%s", "%d");
	bad("ifname=t%d%d", "%d");
	bad("master=br%d", "no '%'");
	bad("master=1234567890123456", "1 to 15 bytes");
	good("user=root,group=root");
	assert_int_equal(s.user, 0);
	good("user=4294967294");
	bad("user=4294967295", "no such user|getent passwd");
	bad("user=no-such-user-here", "no-such-user-here|no such user");
	bad("user=", "no such user");
	bad("user=-1", "no such user");
	bad("group=no-such-group-here", "no such group|getent group");
	bad("group=", "no such group");
}

static void test_addresses(void **state)
{
	char many[1024] = "addr=10.0.0.1";
	size_t len = strlen(many);

	(void)state;
	good("addr=10.0.0.1");
	assert_int_equal(s.addrs[0].prefix_len, 32);
	good("addr=fe80::1");
	assert_int_equal(s.addrs[0].prefix_len, 128);
	good("addr=10.0.0.1/1,addr=10.0.0.1/32,addr=::2/128,addr=::ffff:10.0.0.1/96");
	assert_int_equal(s.n_addrs, 4);
	bad("addr=10.0.0", "192.0.2.1/24");
	bad("addr=10.0.0.256", "192.0.2.1/24");
	bad("addr=", "192.0.2.1/24");
	bad("addr=/24", "192.0.2.1/24");
	bad("addr=host/24", "192.0.2.1/24");
	bad("addr=::g", "2001:db8::1/64");
	bad("addr=10.0.0.1/", "1 to 32");
	bad("addr=10.0.0.1/0", "1 to 32");
	bad("addr=10.0.0.1/33", "1 to 32");
	bad("addr=10.0.0.1/24x", "1 to 32");
	bad("addr=10.0.0.1/255.0.0.0", "1 to 32");
	bad("addr=::1/129", "1 to 128");
	bad("addr=0.0.0.0/8", "one host");
	bad("addr=127.0.0.1/8", "loopback address|lo");
	bad("addr=127.255.0.9", "loopback address|lo");
	bad("addr=::1/128", "loopback address|lo");
	bad("addr=224.0.0.1/24", "multicast|one host");
	bad("addr=239.255.255.255", "multicast|one host");
	bad("addr=240.0.0.1/8", "reserved|one host");
	bad("addr=255.255.255.255", "broadcast|one host");
	bad("addr=10.0.0.255/24", "broadcast address of its network|one host");
	bad("addr=10.0.0.3/30", "broadcast address of its network");
	bad("addr=191.255.255.255/2", "broadcast address of its network");
	good("addr=126.0.0.1/8,addr=128.0.0.1/8,addr=223.255.255.254/24");
	good("addr=10.0.0.255/16,addr=10.0.1.255/31,addr=10.0.2.255/32,addr=10.0.3.255");
	good("addr=127::1/64,addr=fe80::2/64,addr=::1:0/64");
	bad("addr=::", "one host");
	bad("addr=ff02::1/64", "multicast|one host");
	bad("addr=1111111111111111111111111111111111111111111111111111111111111111111/24",
	    "192.0.2.1");
	for (int i = 1; i < PORT_ADDRS_MAX; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, ",addr=10.0.0.%d",
					i + 1);
	good(many);
	assert_int_equal(s.n_addrs, PORT_ADDRS_MAX);
	strcat(many, ",addr=10.0.0.99");
	bad(many, "at most 16");
	good("mac=fe:ff:ff:ff:ff:ff");
	bad("mac=01:00:00:00:00:01", "multicast");
	bad("mac=ff:ff:ff:ff:ff:ff", "multicast");
	bad("mac=00:00:00:00:00:00", "zero");
	bad("mac=02:00:00:00:00", "look like");
	bad("mac=02:00:00:00:00:0g", "look like");
	bad("mac=02-00-00-00-00-01", "look like");
	bad("mac=02:00:00:00:00:011", "look like");
}

static void test_digits(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(value_digits("18446744073709551615", 20, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(value_digits("18446744073709551616", 20, UINT64_MAX, &n),
			 -ERANGE);
	assert_int_equal(value_digits("99999999999999999999", 20, UINT64_MAX, &n),
			 -ERANGE);
	assert_int_equal(value_digits("2", 1, 1, &n), -ERANGE);
	assert_int_equal(value_digits("10", 2, 9, &n), -ERANGE);
	assert_int_equal(value_digits("000", 3, 0, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(value_digits("", 0, 9, &n), -EINVAL);
	assert_int_equal(value_digits("99x", 3, 9, &n), -EINVAL);
	assert_int_equal(value_digits("5:6", 1, 9, &n), 0);
	assert_int_equal(n, 5);
}

static void test_show(void **state)
{
	char text[100];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[60] = '\0';
	assert_string_equal(value_show(text).text, text);
	text[60] = 'x';
	text[61] = '\0';
	assert_int_equal(strlen(value_show(text).text), 63);
	assert_string_equal(value_show(text).text + 58, "xx...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),    cmocka_unit_test(test_switches),
		cmocka_unit_test(test_cpus),   cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_digits), cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
