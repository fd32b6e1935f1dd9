/* SPDX-License-Identifier: BSD-2-Clause */
/* struct signals: signals as something to read, those that end us apart. */
#include "io/control/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

void signals_init(struct signals *s)
{
	*s = (struct signals){.stop_fd = -1, .other_fd = -1};
}

static int open_one(const int *numbers, unsigned n)
{
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < n; i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_open(struct signals *s, struct err *e)
{
	static const int stops[] = {SIGTERM, SIGINT};
	static const int others[SIGNALS_OTHERS] = {SIGHUP, SIGUSR1, SIGUSR2};

	signals_init(s);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* ulimit -f: a full log must not end us */
	signal(SIGCHLD, SIG_DFL); /* ignored, no child's status would reach us */
	s->stop_fd = open_one(stops, 2);
	s->other_fd = s->stop_fd < 0 ? -1 : open_one(others, SIGNALS_OTHERS);
	if (s->other_fd < 0)
		return err_set(e, -errno, "cannot receive signals (signalfd): %s",
			       strerror(errno));
	return 0;
}

static int take(int fd)
{
	struct signalfd_siginfo info;
	ssize_t n;

	do {
		n = read(fd, &info, sizeof(info));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(info) ? (int)info.ssi_signo : 0;
}

int signals_stop(struct signals *s)
{
	int sig = take(s->stop_fd);

	if (s->stopped_by == 0)
		s->stopped_by = sig;
	return s->stopped_by;
}

int signals_again(struct signals *s)
{
	return take(s->stop_fd);
}

int signals_other(struct signals *s)
{
	return take(s->other_fd);
}

void signals_close(struct signals *s)
{
	if (s->stop_fd >= 0)
		close(s->stop_fd);
	if (s->other_fd >= 0)
		close(s->other_fd);
	signals_init(s);
}
