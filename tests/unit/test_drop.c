/* SPDX-License-Identifier: BSD-2-Clause */
/* core/drop: one list of reasons, each with a name and a sentence of its own. */
#include "tests/unit/frame_make.h"

#include <errno.h>

#include "core/drop.h"

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < DROP_N; i++) {
		const char *name = drop_name((enum drop)i);

		assert_true(!strncmp(name, "rx_", 3) || !strncmp(name, "tx_", 3));
		assert_null(strstr(name, "unknown"));
		assert_true(strlen(drop_text((enum drop)i)) > 10);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(name, drop_name((enum drop)j));
			assert_string_not_equal(drop_text((enum drop)i),
						drop_text((enum drop)j));
		}
	}
	assert_string_equal(drop_name(DROP_rx_runt), "rx_runt");
	assert_string_equal(drop_name(DROP_tx_error), "tx_error");
	assert_int_equal(DROP_none, DROP_N);
}

static void test_of_write(void **state)
{
	static const struct {
		int code;
		enum drop drop;
	} t[] = {
		{EIO, DROP_tx_link_down},     {EBADFD, DROP_tx_gone},
		{EINVAL, DROP_tx_rejected},   {EAGAIN, DROP_tx_full},
		{EWOULDBLOCK, DROP_tx_full},  {ENOMEM, DROP_tx_no_memory},
		{ENOBUFS, DROP_tx_no_memory}, {EFAULT, DROP_tx_error},
		{EBADF, DROP_tx_error},	      {ECANCELED, DROP_tx_error},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(drop_of_write(-t[i].code), t[i].drop);
	/* whatever the errno, there is a reason and it is one of sending */
	for (int code = 1; code < 4096; code++) {
		enum drop drop = drop_of_write(-code);

		assert_true(drop >= 0 && drop < DROP_N);
		assert_memory_equal(drop_name(drop), "tx_", 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_of_write),
	};

	return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}
