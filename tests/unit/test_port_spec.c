/* SPDX-License-Identifier: BSD-2-Clause */
/* port_spec: every key, every source, every contradiction (values: test_value.c). */
#include "tests/unit/spec_try.h"
#include "vhost/vhost.h"

static void test_defaults(void **state)
{
	(void)state;
	good("");
	assert_string_equal(s.id, "a");
	assert_string_equal(s.ifname, "");
	assert_string_equal(s.br, "br0");
	assert_int_equal(s.n_queues, 1);
	assert_int_equal(s.n_fds, 0);
	assert_int_equal(s.fds[0], -1);
	assert_int_equal(s.vhostfds[255], -1);
	assert_int_equal(s.sndbuf, INT_MAX);
	assert_int_equal(s.vnet_hdr, TRI_unset);
	assert_int_equal(s.vhost, TRI_unset);
	assert_int_equal(s.up, TRI_unset);
	assert_int_equal(s.persist, TRI_unset);
	assert_int_equal(s.io, PORT_IO_auto);
	assert_int_equal(port_spec_source(&s), PORT_SOURCE_name);
	assert_int_equal(port_spec_vhost(&s), TRI_auto);
	assert_true(port_spec_has(&s, "id"));
	assert_false(port_spec_has(&s, "ifname"));
	assert_false(port_spec_has(&s, "nonsense"));
}

static void test_every_key(void **state)
{
	static const uint8_t mac[] = {2, 0, 0, 0xab, 0xCD, 1};

	(void)state;
	good("type=tap,ifname=tap0,queues=4,vnet_hdr=on,sndbuf=1M,script=/bin/"
	     "up,downscript=no,"
	     "vhost=auto,vhostforce=off,poll-us=50,netns=blue,mac=02:00:00:ab:CD:01,mtu="
	     "9000,"
	     "txqueuelen=500,master=br1,up=off,addr=192.0.2.1/24,addr=2001:db8::1/"
	     "64,user=0,"
	     "group=12,persist=on,io=epoll,vhost-workers=per-queue,vhost-cpus=0-2,,5");
	assert_string_equal(s.ifname, "tap0");
	assert_true(s.has_ifname && s.has_queues && s.has_vnet_hdr && s.has_script);
	assert_true(s.has_downscript && s.has_poll_us && s.has_mac && s.has_txqueuelen);
	assert_true(s.has_user && s.has_group && s.has_sndbuf);
	assert_false(s.has_fd || s.has_fds || s.has_br || s.has_vhostfd ||
		     s.has_vhostfds);
	assert_int_equal(s.n_queues, 4);
	assert_int_equal(s.sndbuf, 1 << 20);
	assert_string_equal(s.script, "/bin/up");
	assert_string_equal(s.downscript, "");
	assert_int_equal(s.poll_us, 50);
	assert_string_equal(s.netns, "blue");
	assert_memory_equal(s.mac, mac, 6);
	assert_int_equal(s.mtu, 9000);
	assert_int_equal(s.txqueuelen, 500);
	assert_string_equal(s.master, "br1");
	assert_int_equal(s.up, TRI_off);
	assert_int_equal(s.n_addrs, 2);
	assert_int_equal(s.addrs[0].family, AF_INET);
	assert_int_equal(s.addrs[0].prefix_len, 24);
	assert_int_equal(s.addrs[0].bytes[3], 1);
	assert_int_equal(s.addrs[1].family, AF_INET6);
	assert_int_equal(s.addrs[1].prefix_len, 64);
	assert_int_equal(s.user, 0);
	assert_int_equal(s.group, 12);
	assert_int_equal(s.persist, TRI_on);
	assert_int_equal(s.io, PORT_IO_epoll);
	assert_true(s.has_vhost_workers && s.has_vhost_cpus);
	assert_int_equal(s.vhost_workers, VHOST_WORKERS_per_queue);
	assert_int_equal(CPU_COUNT(&s.vhost_cpus), 4);
	assert_true(CPU_ISSET(5, &s.vhost_cpus) && !CPU_ISSET(3, &s.vhost_cpus));
	good("vhost-workers=shared");
	assert_int_equal(s.vhost_workers, VHOST_WORKERS_shared);
	assert_true(s.has_vhost_workers && !s.has_vhost_cpus);
}

static void test_sources(void **state)
{
	(void)state;
	good("fd=0");
	assert_int_equal(s.n_fds, 1);
	assert_int_equal(s.fds[0], 0);
	assert_int_equal(s.n_queues, 1);
	assert_int_equal(port_spec_source(&s), PORT_SOURCE_fds);
	good("fds=5:6:7,user=root,persist=off,mtu=1500,up=on");
	assert_int_equal(s.n_fds, 3);
	assert_int_equal(s.n_queues, 3);
	assert_int_equal(s.fds[2], 7);
	assert_int_equal(s.fds[3], -1);
	good("helper=/usr/lib/qemu/qemu-bridge-helper");
	assert_int_equal(port_spec_source(&s), PORT_SOURCE_helper);
	assert_string_equal(s.br, "br0");
	good("helper=/bin/h --x,,y,br=virbr0");
	assert_string_equal(s.helper, "/bin/h --x,y");
	assert_string_equal(s.br, "virbr0");
}

static void test_form(void **state)
{
	struct err e = {0};
	char *longest = malloc(PORT_VALUE_MAX + 32);

	(void)state;
	assert_int_equal(port_spec_parse(&s, "tap", &e), 0);
	assert_int_equal(port_spec_check(&s, &e), -EINVAL);
	assert_non_null(strstr(e.text, "needs an id"));
	assert_int_equal(port_spec_parse(&s, "", &e), -EINVAL);
	assert_int_equal(port_spec_parse(&s, "user,id=a", &e), -EINVAL);
	assert_non_null(strstr(e.text, "'user' is no type"));
	assert_int_equal(port_spec_parse(&s, "id=a,tap", &e), -EINVAL);
	assert_int_equal(port_spec_parse(&s, "tap,,id=a", &e), -EINVAL);
	bad("ifname=", "1 to 15 bytes");
	bad("colour=red", "colour|no such option");
	bad("vhost", "needs a value");
	bad("=x", "empty option");
	bad("mtu=1500,", "empty option");
	bad("id=b", "id=b|twice");
	bad("mtu=1500,mtu=1500", "mtu=1500|twice");
	bad("type=user", "type=user|tap");
	bad("helper=", "empty");
	bad("netns=", "empty");
	bad("netns=..", "ip netns");
	good("script=,downscript=");
	good("script=no,downscript=no");
	assert_string_equal(s.script, "");
	good("script=/a,,b");
	assert_string_equal(s.script, "/a,b");
	memset(longest, 'x', PORT_VALUE_MAX + 31);
	memcpy(longest, "script=", 7);
	longest[7 + PORT_VALUE_MAX] = '\0';
	good(longest);
	assert_int_equal(strlen(s.script), PORT_VALUE_MAX);
	longest[7 + PORT_VALUE_MAX] = 'x';
	longest[7 + PORT_VALUE_MAX + 1] = '\0';
	bad(longest, "longer than 4095|xxx...");
	free(longest);
	assert_int_equal(port_spec_set(&s, "mtu", NULL, NULL),
			 -EINVAL); /* no err is fine too */
}

static void test_fds(void **state)
{
	char many[4096] = "fds=10";
	size_t len = strlen(many);

	(void)state;
	bad("fd=", "fd=");
	bad("fd=-1", "fd=-1|number");
	bad("fd=5:6", "fd=5:6|ends in s");
	bad("fd=2147483648", "fd=2147483648");
	bad("fds=", "fds=");
	bad("fds=5:", "fds=5:|5:6");
	bad("fds=:5", "fds=:5");
	bad("fds=5::6", "fds=5::6");
	bad("fds=5:x", "fds=5:x");
	bad("fds=5:-6", "fds=5:-6");
	bad("fds=5:6:5", "file descriptor 5 is given twice");
	for (int i = 11; i < 10 + PORT_QUEUES_MAX; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, ":%d", i);
	good(many);
	assert_int_equal(s.n_fds, 256);
	assert_int_equal(s.n_queues, 256);
	strcat(many, ":999");
	bad(many, "more than 256");
}

static void test_contradictions(void **state)
{
	(void)state;
	/* rule 1, each offender for each source, and all of them named */
	bad("fd=5,ifname=t0", "fd=|ifname=|leave it out");
	bad("fd=5,script=/x", "fd=|script=");
	bad("fd=5,downscript=no", "fd=|downscript=");
	bad("fd=5,vnet_hdr=on", "fd=|vnet_hdr=");
	bad("fd=5,queues=1", "fd=|queues=");
	bad("fds=5:6,queues=2", "fds=|queues=");
	bad("fds=5:6,ifname=t0,vnet_hdr=off", "fds=|ifname=, vnet_hdr=|leave them out");
	bad("helper=/h,ifname=t0,script=no,queues=1",
	    "helper=|ifname=, script=, queues=");
	/* rule 2 */
	bad("fd=5,fds=6", "fd=|fds=|one source");
	bad("fd=5,helper=/h", "fd=|helper=|one source");
	bad("fds=5,helper=/h", "fds=|helper=|one source");
	bad("fd=5,fds=6,helper=/h", "fd=|fds=, helper=");
	bad("fd=5,vhostfds=7", "fd=|vhostfds=|use vhostfd=");
	bad("fds=5,vhostfd=7", "fds=|vhostfd=|use vhostfds=");
	bad("helper=/h,vhostfds=7", "helper=|vhostfds=");
	bad("ifname=t0,vhostfds=7", "opened by name|vhostfds=");
	bad("fds=5,vhostfds=7,vhostfd=8", "vhostfd=");
	/* rules 3 and 4 */
	bad("fd=5,vhost=off,vhostfd=7", "vhost=off|vhostfd=");
	bad("fds=5:6,vhost=off,vhostfds=7:8", "vhost=off|vhostfds=");
	bad("fds=5:6,vhostfds=7", "vhostfds=|1 file descriptors for 2 queues");
	bad("fds=5,vhostfds=7:8", "vhostfds=|2 file descriptors for 1 queues");
	bad("ifname=t0,queues=4,vhostfd=7", "vhostfd=|4 queues");
	bad("fd=5,vhostfd=5", "file descriptor 5 is given twice");
	bad("fds=5:6,vhostfds=7:6,vhost=auto", "file descriptor 6 is given twice");
	/* our own */
	bad("br=br0", "br=br0|helper=|master=br0");
	bad("fd=5,br=br7", "br=br7|helper=|master=br7");
	bad("helper=/h,master=br7", "helper=|master=br7|br=br7");
	bad("fd=5,netns=x", "fd=|netns=|already");
	bad("fds=5,netns=x", "fds=|netns=|already");
	bad("helper=/h,netns=x", "helper=|netns=|namespace of ringway");
	bad("vhost=off,vhost-cpus=0", "vhost=off|vhost-cpus=|leave it out");
	bad("vhost=off,vhost-workers=shared", "vhost=off|vhost-workers=|vhost=on");
	bad("vhostforce=on,vhost=off,vhost-workers=shared,vhost-cpus=1",
	    "vhost-workers=, vhost-cpus=|leave them out");
	good("vhost=auto,vhost-cpus=1023,vhost-workers=per-queue");
	bad("vhost=on,vnet_hdr=off", "vhost=on|vnet_hdr=off");
	bad("vhostforce=on,vnet_hdr=off", "vhostforce=on|vnet_hdr=off");
	bad("vhostfd=7,vnet_hdr=off", "vhostfd=|vnet_hdr=off");
	good("vnet_hdr=off");
	good("vhost=auto,vnet_hdr=off");
	good("vhost=off,poll-us=5");
	/* the id stands before the sentence */
	bad("fd=5,queues=1", "port 'a': ");
}

static void test_vhost(void **state)
{
	static const char *const wanted[] = {"vhost=on", "vhostforce=on", "vhostfd=7",
					     "fds=5:6,vhostfds=7:8"};
	struct err e, why = {0};
	bool can = vhost_can(&why) == 0;

	(void)state;
	good("vhost=off,vhostforce=on"); /* QEMU: off wins */
	assert_int_equal(port_spec_vhost(&s), TRI_off);
	good("vhost=auto,vhostfd=7");
	assert_int_equal(port_spec_vhost(&s), TRI_auto);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int code = try_options(wanted[i], &e);

		assert_int_equal(port_spec_vhost(&s), TRI_on);
		assert_int_equal(code, can ? 0 : why.code);
		if (can)
			continue;
		assert_int_equal(e.exit_status, EX_UNAVAILABLE);
		assert_non_null(strstr(e.text, "port 'a': vhost"));
		assert_non_null(strstr(e.text, why.text));
		assert_non_null(strstr(e.text, "vhost=auto or vhost=off"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_sources),	 cmocka_unit_test(test_form),
		cmocka_unit_test(test_fds),	 cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_vhost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
