/* SPDX-License-Identifier: BSD-2-Clause */
/* io/port/tap_err: each errno of set-up becomes a sentence with value and remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "io/port/tap_err.h"

static struct err e;

static void says(const char *words)
{
	if (!strstr(e.text, words))
		fail_msg("\"%s\" lacks \"%s\"", e.text, words);
}

static void test_setiff(void **state)
{
	static const struct {
		int code;
		const char *words;
	} t[] = {
		{-EEXIST, "came up meanwhile"},
		{-ENFILE, "no name is free"},
		{-ENOMEM, "txqueuelen 1000"},
		{-E2BIG, "smaller queues="},
		{-EIO, "TUNSETIFF"},
	};
	struct tap_wish wish = {.ifname = "tap7", .vnet_hdr = TRI_unset};
	struct link_info before = {.ifindex = 3, .txqueuelen = 600000};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(tap_err_setiff(&e, t[i].code, &wish, &before),
				 t[i].code);
		says("tap7");
		says(t[i].words);
	}
	before.ifindex = 0;
	assert_int_equal(tap_err_setiff(&e, -ENOMEM, &wish, &before), -ENOMEM);
	says("TUNSETIFF");
}

static void test_nofile(void **state)
{
	(void)state;
	assert_int_equal(tap_err_nofile(&e, -ENFILE, "/dev/net/tun"), -ENFILE);
	says("fs.file-max");
	assert_int_equal(tap_err_nofile(&e, -EMFILE, "/dev/net/tun"), -EMFILE);
	says("ulimit -n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setiff),
		cmocka_unit_test(test_nofile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
