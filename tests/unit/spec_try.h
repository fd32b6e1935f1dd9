/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of port specs: an option list that must be taken, or refused with given
 * words. */
#ifndef TESTS_UNIT_SPEC_TRY_H
#define TESTS_UNIT_SPEC_TRY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "io/port/port_spec.h"
#include "io/port/value.h"

static struct port_spec s; /* 20 kB: not on the stack of each test */

/* Parse and check; the options behind "tap,id=a". */
static int try_options(const char *options, struct err *e)
{
	char *text;
	int code;

	assert_true(asprintf(&text, "tap,id=a%s%s", *options ? "," : "", options) >= 0);
	memset(e, 0, sizeof(*e));
	code = port_spec_parse(&s, text, e);
	if (code == 0)
		code = port_spec_check(&s, e);
	free(text);
	return code;
}

static void __attribute__((unused)) good(const char *options)
{
	struct err e;

	if (try_options(options, &e) != 0)
		fail_msg("%s: %s", options, e.text);
}

/* Refused, with each of the words ("a|b|c") in the sentence. */
static void bad(const char *options, const char *words)
{
	char list[256], *word, *rest = list;
	struct err e;

	if (try_options(options, &e) == 0)
		fail_msg("taken: %s", options);
	snprintf(list, sizeof(list), "%s", words);
	while ((word = strsep(&rest, "|")))
		if (!strstr(e.text, word))
			fail_msg("%s: no '%s' in: %s", options, word, e.text);
	assert_int_equal(e.exit_status, EX_USAGE);
	assert_int_equal(e.code, -EINVAL);
}

#endif
