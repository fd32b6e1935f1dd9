/* SPDX-License-Identifier: BSD-2-Clause */
/* core/err: codes, exit statuses, and texts that never overrun. */
#include "tests/unit/frame_make.h"

#include <errno.h>
#include <sysexits.h>

#include "core/err.h"

static void test_codes(void **state)
{
	static const struct {
		int code, status;
	} t[] = {
		{EPERM, EX_NOPERM},
		{EACCES, EX_NOPERM},
		{ENOENT, EX_UNAVAILABLE},
		{ENODEV, EX_UNAVAILABLE},
		{ENXIO, EX_UNAVAILABLE},
		{ENOSYS, EX_UNAVAILABLE},
		{EOPNOTSUPP, EX_UNAVAILABLE},
		{EBUSY, EX_TEMPFAIL},
		{EAGAIN, EX_TEMPFAIL},
		{ETIMEDOUT, EX_TEMPFAIL},
		{EINVAL, EX_OSERR},
		{ENOMEM, EX_OSERR},
		{E2BIG, EX_OSERR},
		{EIO, EX_OSERR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = {0};

		assert_int_equal(err_set(&e, -t[i].code, "value %d of %s", 7, "x"),
				 -t[i].code);
		assert_int_equal(e.code, -t[i].code);
		assert_int_equal(e.exit_status, t[i].status);
		assert_string_equal(e.text, "value 7 of x");
	}
}

static void test_usage_and_config(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_usage(&e, "no %s", "port"), -EINVAL);
	assert_int_equal(e.code, -EINVAL);
	assert_int_equal(e.exit_status, EX_USAGE);
	assert_string_equal(e.text, "no port");
	assert_int_equal(err_config(&e, "line %d", 3), -EINVAL);
	assert_int_equal(e.code, -EINVAL);
	assert_int_equal(e.exit_status, EX_CONFIG);
	assert_string_equal(e.text, "line 3");
}

static void test_nobody_listens(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EBUSY, "%d", 1), -EBUSY);
	assert_int_equal(err_usage(NULL, "%d", 1), -EINVAL);
	assert_int_equal(err_config(NULL, "%d", 1), -EINVAL);
	err_prefix(NULL, "%d", 1);
}

static void test_long_text_is_cut(void **state)
{
	struct err e;
	char big[3000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	memset(&e, 0xff, sizeof(e));
	err_set(&e, -EINVAL, "%s", big);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void test_prefix(void **state)
{
	struct err e = {0};

	(void)state;
	err_set(&e, -ENOENT, "no such thing");
	err_prefix(&e, "port %s", "a");
	assert_string_equal(e.text, "port a: no such thing");
	assert_int_equal(e.code, -ENOENT);
	assert_int_equal(e.exit_status, EX_UNAVAILABLE);
	err_prefix(&e, "file:%d", 12);
	assert_string_equal(e.text, "file:12: port a: no such thing");
}

/* Each length of text and prefix around what fits: terminated, and cut at the end only.
 */
static void test_prefix_lengths(void **state)
{
	char text[1024], prefix[1024];

	(void)state;
	for (size_t n_text = 0; n_text<sizeof(text); n_text += n_text> 700 ? 1 : 97) {
		for (size_t n_prefix = 0;
		     n_prefix<400; n_prefix += n_prefix> 240 ? 3 : 31) {
			size_t kept = n_prefix < 255 ? n_prefix : 255,
			       want = kept + 2 + n_text;
			struct err e = {0};

			memset(text, 't', n_text);
			text[n_text] = 0;
			memset(prefix, 'p', n_prefix);
			prefix[n_prefix] = 0;
			err_set(&e, -EINVAL, "%s", text);
			err_prefix(&e, "%s", prefix);
			assert_int_equal(strlen(e.text), want < 1023 ? want : 1023);
			assert_memory_equal(e.text, prefix, kept);
			assert_memory_equal(e.text + kept, ": ", 2);
			assert_memory_equal(e.text + kept + 2, text,
					    strlen(e.text) - kept - 2);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_usage_and_config),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_prefix_lengths),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
