/* SPDX-License-Identifier: BSD-2-Clause */
/* break_off: work that is ended by a signal where that is convenient. */
#include "bench/cli/break_off.h"

#include <errno.h>
#include <signal.h>

static atomic_bool ending, interim;

static void on_signal(int sig)
{
	atomic_store(sig == SIGUSR1 ? &interim : &ending, true);
}

static const atomic_bool *begin(int flags)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = flags | (int)SA_RESETHAND,
	};

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
	return &ending;
}

const atomic_bool *break_off_later(void)
{
	return begin(SA_RESTART);
}

const atomic_bool *break_off_soon(void)
{
	return begin(0);
}

bool break_off_is_asked(void)
{
	return atomic_load(&ending);
}

void break_off_status(struct err *e)
{
	if (e->code == -EINTR)
		e->exit_status = 128 + SIGINT;
}

void break_off_interim(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGUSR1, &sa, NULL);
}

bool break_off_is_interim_asked(void)
{
	return atomic_exchange(&interim, false);
}
