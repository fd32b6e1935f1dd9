/* SPDX-License-Identifier: BSD-2-Clause */
/* Bridges in the configuration: what is taken, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "io/control/config.h"

static struct config c;
static struct err e;
static char path[64];

static int begin(void **state)
{
	(void)state;
	config_init(&c);
	memset(&e, 0, sizeof(e));
	return 0;
}

static int end(void **state)
{
	(void)state;
	config_fini(&c);
	config_fini(&c);
	if (path[0])
		unlink(path);
	path[0] = '\0';
	return 0;
}

/* The sentence holds each of the words ("a|b|c"), and the status is this one. */
static void says(int code, int status, const char *words)
{
	char list[256], *word, *rest = list;

	assert_true(code < 0);
	assert_int_equal(code, e.code);
	snprintf(list, sizeof(list), "%s", words);
	while ((word = strsep(&rest, "|")))
		if (!strstr(e.text, word))
			fail_msg("no '%s' in: %s", word, e.text);
	assert_int_equal(e.exit_status, status);
}

static void add(const char *spec)
{
	if (config_add_port(&c, spec, &e) != 0)
		fail_msg("%s: %s", spec, e.text);
}

static void add_bridge(const char *text)
{
	if (config_bridge_add(&c, text, &e) != 0)
		fail_msg("%s: %s", text, e.text);
}

static void add_ports(void)
{
	add("tap,id=a");
	add("tap,id=b");
	add("tap,id=c");
	add("tap,id=d");
}

static int load(const char *text)
{
	int fd;

	strcpy(path, "/tmp/ringway-unit-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return config_load(&c, path, &e);
}

static void test_taken(void **state)
{
	const struct config_bridge *b;

	(void)state;
	add_ports();
	add_bridge("br0=a,b");
	add_bridge("lan.1=c,ageing-time=15,vlan-filtering=on,vlan-protocol=802.1ad,"
		   "group-fwd-mask=0x4000,fdb-size=100,d");
	assert_int_equal(config_check(&c, &e), 0);
	assert_int_equal(c.n_bridges, 2);
	assert_int_equal(c.n_members, 4);
	b = &c.bridges[0];
	assert_string_equal(b->name, "br0");
	assert_int_equal(b->n_ports, 2);
	assert_int_equal(b->ageing_ms, 300000);
	assert_int_equal(b->n_macs, CONFIG_FDB_SIZE);
	assert_false(b->vlan_filtering);
	assert_int_equal(b->vlan_proto, VLAN_8021Q);
	assert_int_equal(b->group_fwd_mask, 0);
	b = &c.bridges[1];
	assert_string_equal(b->name, "lan.1");
	assert_int_equal(b->ageing_ms, 15000);
	assert_int_equal(b->n_macs, 100);
	assert_true(b->vlan_filtering);
	assert_int_equal(b->vlan_proto, VLAN_8021AD);
	assert_int_equal(b->group_fwd_mask, 0x4000);
	assert_string_equal(c.members[3].port, "d");
	assert_int_equal(c.members[3].bridge, 1);
}

static void test_bad_words(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"", "a name and the ids"},
		{"br0", "a name and the ids|br0=a,b,c"},
		{"=a,b", "1 to 31 letters"},
		{"-x=a,b", "bridge -x"},
		{"a/b=a,b", "bridge a/b"},
		{"abcdefghijklmnopqrstuvwxyz012345=a,b", "1 to 31"},
		{"br0=", "bridge 'br0'|a,b,c"},
		{"br0=a,,b", "a,b,c"},
		{"br0=a,b,", "a,b,c"},
		{"br0=a,abcdefghijklmnopqrstuvwxyz012345", "ids of ports"},
		{"br0=a,b,speed=1", "speed: no such setting|ageing-time"},
		{"br0=ports=a", "follow the name"},
		{"br0=a,b,ageing-time=1,ageing-time=2", "ageing-time=2|twice"},
		{"br0=a,b,ageing-time=-1", "ageing-time=-1"},
		{"br0=a,b,ageing-time=1000001", "0 to 1000000"},
		{"br0=a,b,vlan-filtering=maybe", "vlan-filtering=maybe"},
		{"br0=a,b,vlan-protocol=802.1x", "802.1Q or 802.1ad"},
		{"br0=a,b,group-fwd-mask=1", "bits 0 to 2"},
		{"br0=a,b,group-fwd-mask=65536", "0xfff8"},
		{"br0=a,b,group-fwd-mask=-8", "0xfff8"},
		{"br0=a,b,group-fwd-mask=8x", "0xfff8"},
		{"br0=a,b,group-fwd-mask=", "0xfff8"},
		{"br0=a,b,fdb-size=0", "fdb-size=0"},
		{"br0=a,b,fdb-size=99999999", "fdb-size=99999999"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		says(config_bridge_add(&c, rows[i].text, &e), EX_USAGE, rows[i].words);
		assert_int_equal(strncmp(e.text, "--bridge ", 9), 0);
		config_fini(&c);
	}
	add_bridge("br0=a,b");
	says(config_bridge_add(&c, "br0=c,d", &e), EX_USAGE,
	     "'br0' is there already|the command line");
}

/* A whole command line: ports with these options, and what config_check says. */
static void test_contradictions(void **state)
{
	static const struct {
		const char *bridges[2], *connect, *of_a, *words;
	} rows[] = {
		{{"br0=a,b"}, NULL, "", NULL},
		{{"br0=a,b", "br1=c,d"}, NULL, ",isolated=on", NULL},
		{{"br0=a,x"}, NULL, "", "bridge 'br0'|no port 'x'"},
		{{"br0=a,b,a"}, NULL, "", "'a' is in it twice"},
		{{"br0=a,b", "br1=c,a"},
		 NULL,
		 "",
		 "'br1'|'a' is in bridge 'br0' already"},
		{{"br0=b,c"}, "a:b", "", "'b' is in the connection a:b"},
		{{"br0=a"}, NULL, "", "'br0' has one port"},
		{{"br0=fdb-size=9"}, NULL, "", "'br0' has no ports"},
		{{"br0=b,c"}, NULL, ",learning=off", "port 'a': learning=|in none"},
		{{NULL}, "a:b", ",access=7", "port 'a': access=|in none"},
		{{"br0=a,b"}, NULL, ",access=7", "'a': access=|vlan-filtering=on|'br0'"},
		{{"br0=a,b,vlan-filtering=on"}, NULL, ",access=7", NULL},
		{{"br0=a,b,vlan-filtering=on"}, NULL, ",trunk=7,,9-11,native=3", NULL},
		{{"br0=a,b,vlan-filtering=on"},
		 NULL,
		 ",access=1,trunk=7",
		 "port 'a'|access= and trunk="},
		{{"br0=a,b,vlan-filtering=on"},
		 NULL,
		 ",native=1,access=7",
		 "access= and native="},
		{{"br0=a,b,vlan-protocol=802.1ad"}, NULL, "", "means nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char a[64];

		snprintf(a, sizeof(a), "tap,id=a%s", rows[i].of_a);
		add(a);
		add("tap,id=b");
		add("tap,id=c");
		add("tap,id=d");
		for (int k = 0; k < 2 && rows[i].bridges[k]; k++)
			add_bridge(rows[i].bridges[k]);
		if (rows[i].connect)
			assert_int_equal(
				config_add_connect(&c, rows[i].connect, NULL, &e), 0);
		if (rows[i].words)
			says(config_check(&c, &e), EX_USAGE, rows[i].words);
		else if (config_check(&c, &e))
			fail_msg("row %zu: %s", i, e.text);
		config_fini(&c);
	}
}

static void test_port_options(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"learning=maybe", "learning=maybe"},
		{"learning", "learning=..."},
		{"flood=off,flood=off", "flood=off|twice"},
		{"split-horizon=0", "split-horizon=0|1 to 65535"},
		{"mac-limit=0", "mac-limit=0"},
		{"access=0", "access=0|1 to 4094"},
		{"access=4095", "access=4095"},
		{"native=x", "native=x"},
		{"trunk=", "trunk="},
		{"trunk=0", "trunk=0|1 to 4094"},
		{"trunk=9-8", "trunk=9-8"},
		{"trunk=1,,", "trunk=1,"},
		{"trunk=1-", "trunk=1-"},
		{"trunk=-1", "trunk=-1"},
		{"trunk=4000-4095", "trunk=4000-4095"},
		{"storm-broadcast=", "packets per second"},
		{"storm-unicast=1:", "storm-unicast=1:"},
		{"storm-multicast=1:2:3", "storm-multicast=1:2:3"},
		{"storm-multicast=1000000000001", "10^12"},
		{"hairpin=on", "hairpin: no such option of a port"},
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "tap,id=a,%s", rows[i].text);
		says(config_add_port(&c, text, &e), EX_USAGE, rows[i].words);
	}
}

/* What core gets of it. */
static void test_applied(void **state)
{
	struct bridge_port p;

	(void)state;
	add("tap,id=a");
	add("tap,id=b,learning=off,flood=off,mcast-flood=off,bcast-flood=off,isolated=on,"
	    "split-horizon=9,mac-limit=5,storm-broadcast=10,storm-unicast=0:3000");
	add("tap,id=c,trunk=10,,20-22,native=21");
	port_bridge_apply(&c.ports[0].bridge, &p);
	assert_int_equal(p.flags, BRIDGE_FLAGS);
	assert_int_equal(p.group, 0);
	assert_int_equal(p.vlan.native, 1);
	assert_true(vlan_is_member(&p.vlan, 1) && vlan_is_untagged(&p.vlan, 1));
	assert_int_equal(c.ports[0].bridge.mac_limit, UINT32_MAX);
	port_bridge_apply(&c.ports[1].bridge, &p);
	assert_int_equal(p.flags, BRIDGE_ISOLATED);
	assert_int_equal(p.group, 9);
	assert_int_equal(c.ports[1].bridge.mac_limit, 5);
	assert_int_equal(p.storm[BRIDGE_BROADCAST].packets, 10);
	assert_int_equal(p.storm[BRIDGE_UNICAST].bytes, 3000);
	assert_false(storm_is_limited(&p.storm[BRIDGE_MULTICAST]));
	port_bridge_apply(&c.ports[2].bridge, &p);
	assert_int_equal(p.vlan.native, 21);
	for (uint16_t vid = 1; vid <= VLAN_VID_MAX; vid++) {
		assert_int_equal(vlan_is_member(&p.vlan, vid),
				 vid == 10 || (vid >= 20 && vid <= 22));
		if (vlan_is_member(&p.vlan, vid))
			assert_int_equal(vlan_is_untagged(&p.vlan, vid), vid == 21);
	}
}

static void test_file(void **state)
{
	(void)state;
	assert_int_equal(load("[bridge br0]\nports = a,b\nports = 'c'\nageing-time = 5\n"
			      "vlan-filtering = \"on\"\n[port a]\naccess = 5\n[port b]\n"
			      "trunk = 5,7-9\n[port c]\nlearning = off\n"),
			 0);
	assert_int_equal(config_check(&c, &e), 0);
	assert_int_equal(c.bridges[0].n_ports, 3);
	assert_int_equal(c.bridges[0].ageing_ms, 5000);
	assert_true(c.bridges[0].vlan_filtering);
	says(config_bridge_add(&c, "br0=d,e", &e), EX_USAGE, "is there already|:1)");
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"[bridge]\n", ":1: |1 to 31"},
		{"[bridge a b]\n", ":1: |bridge a b"},
		{"[bridge x]\nports = a, b\n[port a]\n[port b]\n", ":2: |no port ' b'"},
		{"[bridge x]\nports=a,b\nports=a\n[port a]\n[port b]\n", ":3: |twice"},
		{"[bridge x]\nports=a\n[port a]\n", ":1: |one port"},
		{"[bridge x]\nspeed=a\n", ":2: |speed: no such setting"},
		{"[bridge x]\nports=\n", ":2: "},
		{"[bridge x]\nageing-time=1\nageing-time=1\n", ":3: |twice"},
		{"[bridge x]\n[bridge x]\n", ":2: |there already|:1)"},
		{"[port a]\nlearning=off\n", ":1: |'a': learning="},
		{"[bridges x]\n", "no such section|[bridge NAME]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int code = load(rows[i].text);

		if (code == 0)
			code = config_check(&c, &e);
		says(code, EX_CONFIG, rows[i].words);
		assert_int_equal(strncmp(e.text, path, strlen(path)), 0);
		end(state);
	}
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_taken),	 UNIT(test_bad_words), UNIT(test_contradictions),
		UNIT(test_port_options), UNIT(test_applied),   UNIT(test_file),
		UNIT(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
