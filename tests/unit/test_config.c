/* SPDX-License-Identifier: BSD-2-Clause */
/* config, config_check, options: what the command line and files add up to. */
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

#include "io/control/config.h"
#include "io/control/options.h"

static struct config c;
static struct err e;

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

/* Options as one string with blanks between the words. */
static int parse(const char *options, bool *help)
{
	char text[512], *rest = text, *argv[32] = {(char *)"run"}, *word;
	int argc = 1;

	snprintf(text, sizeof(text), "%s", options);
	while ((word = strsep(&rest, " ")))
		if (*word)
			argv[argc++] = word;
	return options_parse(&c, argc, argv, help, &e);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(c.n_workers, 1);
	assert_int_equal(c.n_cpus, 0);
	assert_int_equal(c.busy_poll, BUSY_POLL_auto);
	assert_int_equal(c.form, LOOP_FORM_auto);
	assert_string_equal(c.pidfile, "");
	says(config_check(&c, &e), EX_USAGE, "no port|--port SPEC");
}

static void test_settings(void **state)
{
	static const struct {
		const char *key, *value, *words; /* words NULL: taken */
	} rows[] = {
		{"workers", "1", NULL},
		{"workers", "256", NULL},
		{"workers", "0", "workers=0|1 to 256"},
		{"workers", "257", "workers=257|1 to 256"},
		{"workers", "two", "workers=two"},
		{"cpus", "0", NULL},
		{"cpus", "0-3,5,1023", NULL},
		{"cpus", "", "cpus=|0-3,5"},
		{"cpus", "1024", "cpus=1024|0 to 1023"},
		{"cpus", "3-1", "cpus=3-1"},
		{"cpus", "1-", "cpus=1-"},
		{"cpus", "-1", "cpus=-1"},
		{"cpus", "1,", "cpus=1,"},
		{"cpus", "1,,2", "cpus=1,,2"},
		{"cpus", "0-3,2", "CPU 2|twice"},
		{"cpus", "a", "cpus=a"},
		{"busy-poll", "0", NULL},
		{"busy-poll", "50", NULL},
		{"busy-poll", "1000000", NULL},
		{"busy-poll", "off", NULL},
		{"busy-poll", "auto", NULL},
		{"busy-poll", "1000001", "busy-poll=1000001|1000000"},
		{"busy-poll", "on", "busy-poll=on"},
		{"busy-poll", "-1", "busy-poll=-1"},
		{"uring-form", "auto", NULL},
		{"uring-form", "E", NULL},
		{"uring-form", "F", "uring-form=F|A, B, C, D or E"},
		{"uring-form", "", "uring-form="},
		{"pidfile", "/run/x", NULL},
		{"pidfile", "", "pidfile="},
		{"speed", "9", "speed: no such setting"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int code;

		config_init(&c);
		code = config_set(&c, rows[i].key, rows[i].value, NULL, &e);
		if (rows[i].words)
			says(code, EX_USAGE, rows[i].words);
		else
			assert_int_equal(code, 0);
	}
	config_init(&c);
	assert_int_equal(config_set(&c, "cpus", "0-3,5", NULL, &e), 0);
	assert_int_equal(c.n_cpus, 5);
	assert_int_equal(c.cpus[4], 5);
	assert_int_equal(config_set(&c, "busy-poll", "off", NULL, &e), 0);
	assert_int_equal(c.busy_poll, BUSY_POLL_off);
	assert_int_equal(config_set(&c, "uring-form", "C", NULL, &e), 0);
	assert_int_equal(c.form, LOOP_FORM_C);
	assert_int_equal(config_set(&c, "cpus", "0,0", NULL, NULL), -EINVAL);
}

static void test_who_wins(void **state)
{
	const char *one = config_keep_file(&c, "one"), *two = config_keep_file(&c, "two");
	const struct config_where one_3 = {one, 3}, one_9 = {one, 9}, two_1 = {two, 1};

	(void)state;
	assert_int_equal(config_set(&c, "workers", "2", &one_3, &e), 0);
	says(config_set(&c, "workers", "3", &one_9, &e), EX_CONFIG,
	     "one:9: |twice|one:3");
	assert_int_equal(config_set(&c, "workers", "4", &two_1, &e), 0);
	assert_int_equal(c.n_workers, 4);
	assert_int_equal(config_set(&c, "workers", "5", NULL, &e), 0);
	assert_int_equal(config_set(&c, "workers", "6", &two_1, &e), 0);
	assert_int_equal(c.n_workers, 5);
	says(config_set(&c, "workers", "x", &two_1, &e), EX_CONFIG, "two:1: |workers=x");
	says(config_set(&c, "workers", "7", NULL, &e), EX_USAGE,
	     "twice|the command line");
	says(config_set(&c, "speed", "7", &two_1, &e), EX_CONFIG, "two:1: speed");
}

static void test_ports(void **state)
{
	const struct config_where where = {config_keep_file(&c, "f.conf"), 7};

	(void)state;
	add("tap,id=a,ifname=t0");
	add("tap,id=b");
	assert_int_equal(config_port_index(&c, "b"), 1);
	assert_int_equal(config_port_index(&c, "c"), -1);
	says(config_add_port(&c, "tap,id=a", &e), EX_USAGE,
	     "--port tap,id=a: |the command line");
	says(config_add_port(&c, "tap,id=c,mtu=1", &e), EX_USAGE,
	     "--port tap,id=c,mtu=1: |mtu=1");
	assert_int_equal(config_new_port(&c, "c", &where, &e), 2);
	says(config_new_port(&c, "c", &where, &e), EX_CONFIG, "f.conf:7: |from f.conf:7");
	says(config_new_port(&c, "", &where, &e), EX_CONFIG, "f.conf:7: id=");
	says(config_add_port(&c, "tap,id=c", &e), EX_USAGE, "f.conf:7");
	assert_int_equal(config_check(&c, &e), 0);
	assert_int_equal(port_spec_set(&c.ports[2], "br", "br0", &e), 0);
	says(config_check(&c, &e), EX_CONFIG, "f.conf:7: port 'c': br=br0");
}

static void test_check_ports(void **state)
{
	add("tap,id=a,ifname=t0,queues=2");
	add("tap,id=b,ifname=t0,netns=x");
	add("tap,id=c,ifname=t0,queues=2");
	assert_int_equal(config_check(&c, &e), 0);
	add("tap,id=d,ifname=t0");
	says(config_check(&c, &e), EX_USAGE, "port 'd': ifname=t0|port 'a'|another name");
	end(state);
	add("tap,ifname=t0");
	says(config_check(&c, &e), EX_USAGE, "needs an id");
	end(state);
	add("tap,id=a,fds=5:6");
	add("tap,id=b,fd=6");
	says(config_check(&c, &e), EX_USAGE, "descriptor 6|port 'a'|port 'b'");
	end(state);
	add("tap,id=a,fds=5:6,vhostfds=7:8,vhost=auto");
	add("tap,id=b,fd=9,vhostfd=5,vhost=auto");
	says(config_check(&c, &e), EX_USAGE, "descriptor 5");
	end(state);
	add("tap,id=a,fd=9");
	add("tap,id=b,io=uring");
	assert_int_equal(config_check(&c, &e), 0);
	c.form = LOOP_FORM_E;
	says(config_check(&c, &e), EX_USAGE, "port 'b'|io=uring|form E");
}

static void test_connects(void **state)
{
	static const char *const bad[] = {"",
					  "a",
					  ":",
					  "a:",
					  ":b",
					  "a:b:c",
					  "a::b",
					  "abcdefghijklmnopqrstuvwxyz0123456789:b",
					  "b:abcdefghijklmnopqrstuvwxyz0123456789"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		says(config_add_connect(&c, bad[i], NULL, &e), EX_USAGE,
		     "--connect |as in a:b");
	add("tap,id=a");
	add("tap,id=b");
	add("tap,id=c");
	assert_int_equal(config_add_connect(&c, "a:b", NULL, &e), 0);
	assert_int_equal(config_check(&c, &e), 0);
	assert_int_equal(config_add_connect(&c, "c:d", NULL, &e), 0);
	says(config_check(&c, &e), EX_USAGE, "connection c:d|no port 'd'");
	c.n_connects = 1;
	assert_int_equal(config_add_connect(&c, "c:a", NULL, &e), 0);
	says(config_check(&c, &e), EX_USAGE, "connection c:a|'a' is connected already");
	c.n_connects = 1;
	assert_int_equal(config_add_connect(&c, "c:c", NULL, &e), 0);
	says(config_check(&c, &e), EX_USAGE, "connection c:c|itself");
	c.n_connects = 1;
	assert_int_equal(config_add_connect(&c, "b:a", NULL, &e), 0);
	says(config_check(&c, &e), EX_USAGE, "connected already");
}

static void test_limits(void **state)
{
	char text[64];

	(void)state;
	for (int i = 0; i < CONFIG_PORTS_MAX; i++) {
		snprintf(text, sizeof(text), "tap,id=p%d", i);
		add(text);
	}
	says(config_add_port(&c, "tap,id=x", &e), EX_USAGE, "more than 1024 ports");
	assert_int_equal(config_add_port(&c, "tap,id=x", NULL), -EINVAL);
	for (int i = 0; i < CONFIG_PORTS_MAX; i += 2) {
		snprintf(text, sizeof(text), "p%d:p%d", i, i + 1);
		assert_int_equal(config_add_connect(&c, text, NULL, &e), 0);
	}
	assert_int_equal(config_check(&c, &e), 0);
	for (int i = 0; i < CONFIG_PORTS_MAX / 2; i++)
		assert_int_equal(config_add_connect(&c, "a:b", NULL, &e), 0);
	says(config_add_connect(&c, "a:b", NULL, &e), EX_USAGE,
	     "more than 1024 connections");
}

static void test_options(void **state)
{
	bool help;

	(void)state;
	assert_int_equal(
		parse("--port tap,id=a --port=tap,id=b --connect a:b --check --workers 2 "
		      "--cpus=0 --busy-poll 20 --uring-form D --foreground --pidfile /x",
		      &help),
		0);
	assert_false(help);
	assert_true(c.check_only);
	assert_int_equal(c.n_ports, 2);
	assert_int_equal(c.n_connects, 1);
	assert_int_equal(c.n_workers, 2);
	assert_int_equal(c.n_cpus, 1);
	assert_int_equal(c.busy_poll, 20);
	assert_int_equal(c.form, LOOP_FORM_D);
	assert_string_equal(c.pidfile, "/x");
	assert_int_equal(config_check(&c, &e), 0);
	end(state);
	assert_int_equal(parse("-h --nonsense", &help), 0);
	assert_true(help);
	assert_int_equal(parse("--help", &help), 0);
	assert_true(help);
	assert_int_equal(parse("", &help), 0);
	assert_false(help);
}

/* What ringway writes lines to is no TAP. */
static void test_standard_fds(void **state)
{
	(void)state;
	add("tap,id=a,fd=0");
	assert_int_equal(config_check(&c, &e), 0);
	add("tap,id=b,fds=5:1");
	says(config_check(&c, &e), EX_USAGE, "port 'b'|descriptor 1|standard output|3");
	end(state);
	add("tap,id=a,fd=2");
	says(config_check(&c, &e), EX_USAGE, "port 'a'|descriptor 2|standard error");
	end(state);
	add("tap,id=a,fd=5,vhost=auto,vhostfd=2");
	says(config_check(&c, &e), EX_USAGE, "descriptor 2|standard error");
}

static void test_where_of(void **state)
{
	const struct config_where where = {"r.conf", 3};

	(void)state;
	assert_null(config_where_of(&c, "cpus")->file);
	assert_int_equal(config_set(&c, "cpus", "0", &where, &e), 0);
	assert_string_equal(config_where_of(&c, "cpus")->file, "r.conf");
	assert_int_equal(config_where_of(&c, "cpus")->line, 3);
	assert_null(config_where_of(&c, "workers")->file);
	assert_int_equal(config_set(&c, "cpus", "1", NULL, &e), 0);
	assert_null(config_where_of(&c, "cpus")->file);
}

static void test_bad_options(void **state)
{
	bool help;

	(void)state;
	says(parse("--prot tap,id=a", &help), EX_USAGE, "--prot: no such option");
	says(parse("--workers 2 -x", &help), EX_USAGE, "-x: no such option");
	says(parse("--port", &help), EX_USAGE, "--port needs a value, SPEC");
	says(parse("-c", &help), EX_USAGE, "--config needs a value, FILE");
	says(parse("--check=1", &help), EX_USAGE, "--check takes no value");
	says(parse("--c a:b", &help), EX_USAGE, "--c: no such option");
	says(parse("tap,id=a", &help), EX_USAGE, "'tap,id=a' is no option");
	says(parse("--workers 2 --workers 2", &help), EX_USAGE, "workers is given twice");
	says(parse("-c /no/such/file", &help), EX_NOINPUT, "/no/such/file");
}

static void test_help(void **state)
{
	static const char *const words[] = {
		"--port SPEC",
		"--connect A:B",
		"-c, --config FILE",
		"--check",
		"--workers N",
		"--cpus LIST",
		"--busy-poll USEC",
		"--uring-form FORM",
		"--foreground",
		"--pidfile FILE",
		"-h, --help",
		"ifname=",
		"queues=",
		"fds=",
		"helper=",
		"script=",
		"vnet_hdr=",
		"sndbuf=",
		"vhost=",
		"netns=",
		"mac=",
		"addr=",
		"user=",
		"persist=",
		"io=",
		"SIGUSR1",
	};
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	options_help(f);
	fclose(f);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strstr(text, words[i]))
			fail_msg("no '%s' in the help", words[i]);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 100);
	free(text);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_defaults), UNIT(test_settings),     UNIT(test_who_wins),
		UNIT(test_ports),    UNIT(test_check_ports),  UNIT(test_connects),
		UNIT(test_limits),   UNIT(test_options),      UNIT(test_bad_options),
		UNIT(test_help),     UNIT(test_standard_fds), UNIT(test_where_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
