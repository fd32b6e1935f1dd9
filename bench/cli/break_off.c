/* SPDX-License-Identifier: BSD-2-Clause */
/* break_off: long work that is ended by a signal where that is convenient. */
#include "bench/cli/break_off.h"

#include <signal.h>

static volatile sig_atomic_t asked;

static void on_signal(int sig)
{
	(void)sig;
	asked = 1;
}

void break_off_begin(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART | (int)SA_RESETHAND,
	};

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

bool break_off_is_asked(void)
{
	return asked;
}
