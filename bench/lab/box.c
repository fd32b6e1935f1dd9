/* SPDX-License-Identifier: BSD-2-Clause */
/* The parent's side of a box: making it, asking it, ending it. */
#include "bench/lab/box.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "bench/lab/box_first.h"

void box_init(struct box *b)
{
	memset(b, 0, sizeof(*b));
	b->init = -1;
	b->sock = b->ns = -1;
}

void box_close(struct box *b)
{
	if (b->init > 0) {
		kill(b->init, SIGKILL);
		/* returns when every process of its namespace has been reaped */
		while (waitpid(b->init, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (b->sock >= 0)
		close(b->sock);
	if (b->ns >= 0)
		close(b->ns);
	box_init(b);
}

static int is_gone(struct err *e)
{
	return err_set(e, -EPIPE, "the processes of the trial were killed from outside");
}

/* One message from init; 0 after limit_ms, 1, or a negative errno. */
static int take(struct box *b, struct box_first_reply *r, int limit_ms, struct err *e)
{
	struct pollfd p = {.fd = b->sock, .events = POLLIN};
	ssize_t n;
	int rc;

	if (b->sock < 0)
		return is_gone(e);
	rc = poll(&p, 1, limit_ms);
	if (rc < 0 && errno != EINTR)
		return err_set(e, -errno, "poll: %s", strerror(errno));
	if (rc <= 0)
		return 0;
	n = recv(b->sock, r, sizeof(*r), MSG_DONTWAIT);
	if (n == (ssize_t)sizeof(*r))
		return 1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return is_gone(e);
}

static void keep_end(struct box *b, const struct box_first_reply *r)
{
	if (b->n_ended ==
	    BOX_ENDED_MAX) /* nobody asked for the oldest: it is forgotten */
		memmove(b->ended, b->ended + 1, --b->n_ended * sizeof(b->ended[0]));
	b->ended[b->n_ended++] = (struct box_end){.pid = r->pid, .status = r->status};
}

/* The next answer to a question; ends that come first are kept. */
static int take_answer(struct box *b, struct box_first_reply *r, struct err *e)
{
	int rc;

	for (;;) {
		rc = take(b, r, BOX_FIRST_ANSWER_MS, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return err_set(e, -ETIMEDOUT,
				       "the box of the trial does not answer");
		if (r->kind == BOX_FIRST_answer)
			return r->status < 0 ? err_set(e, r->status, "%s: %s", r->what,
						       strerror(-r->status))
					     : 0;
		keep_end(b, r);
	}
}

static int ask(struct box *b, const struct box_first_ask *q, size_t len,
	       struct box_first_reply *r, struct err *e)
{
	if (b->sock < 0 || send(b->sock, q, len, MSG_NOSIGNAL) != (ssize_t)len)
		return is_gone(e);
	return take_answer(b, r, e);
}

int box_open(struct box *b, const int *ns, unsigned n_ns, char *const *env, struct err *e)
{
	struct box_first_reply r;
	char path[64];
	int rc, sv[2];

	box_init(b);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return err_set(e, -errno, "socketpair: %s", strerror(errno));
	b->sock = sv[0];
	b->init = box_first_clone(sv[1], ns, n_ns, env, e);
	close(sv[1]);
	rc = b->init < 0 ? (int)b->init : take_answer(b, &r, e);
	if (rc == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", b->init);
		b->ns = open(path, O_RDONLY | O_CLOEXEC);
		if (b->ns < 0)
			rc = err_set(e, -errno, "%s: %s", path, strerror(errno));
	}
	if (rc < 0)
		box_close(b);
	return rc;
}

pid_t box_start(struct box *b, const struct box_command *c, struct err *e)
{
	static struct box_first_ask q;
	struct box_first_reply r;
	size_t len = strlen(c->text);
	int rc;

	if (len >= BOX_TEXT_MAX)
		return err_set(e, -E2BIG, "a command of %zu bytes; %d is the most", len,
			       BOX_TEXT_MAX - 1);
	q = (struct box_first_ask){.op = BOX_FIRST_start, .end = c->end, .cpu = c->cpu};
	snprintf(q.out, sizeof(q.out), "%s", c->out);
	snprintf(q.err, sizeof(q.err), "%s", c->err);
	memcpy(q.text, c->text, len + 1);
	rc = ask(b, &q, offsetof(struct box_first_ask, text) + len + 1, &r, e);
	return rc < 0 ? rc : r.pid;
}

int box_signal(struct box *b, pid_t pid, int signum, struct err *e)
{
	struct box_first_ask q = {.op = BOX_FIRST_signal, .pid = pid, .signum = signum};
	struct box_first_reply r;

	return ask(b, &q, offsetof(struct box_first_ask, text), &r, e);
}

static int find_end(struct box *b, pid_t pid, int *status)
{
	for (unsigned i = 0; i < b->n_ended; i++) {
		if (b->ended[i].pid != pid)
			continue;
		*status = b->ended[i].status;
		b->ended[i] = b->ended[--b->n_ended];
		return 1;
	}
	return 0;
}

int box_wait(struct box *b, pid_t pid, unsigned limit_ms, int *status, struct err *e)
{
	uint64_t end = bench_clock_ns() + (uint64_t)limit_ms * 1000000, now;
	struct box_first_reply r;
	int rc;

	for (;;) {
		/* what has come already, without waiting */
		while ((rc = take(b, &r, 0, e)) > 0)
			if (r.kind == BOX_FIRST_end)
				keep_end(b, &r);
		if (rc < 0 || find_end(b, pid, status))
			return rc < 0 ? rc : 1;
		now = bench_clock_ns();
		if (now >= end)
			return 0;
		rc = take(b, &r, (int)((end - now) / 1000000) + 1, e);
		if (rc < 0)
			return rc;
		if (rc > 0 && r.kind == BOX_FIRST_end)
			keep_end(b, &r);
	}
}

int box_pause(struct box *b, unsigned ms, struct err *e)
{
	struct box_first_reply r;
	int rc = take(b, &r, (int)ms, e);

	if (rc > 0 && r.kind == BOX_FIRST_end)
		keep_end(b, &r);
	return rc < 0 ? rc : 0;
}

static int open_file(const struct box *b, const char *file)
{
	char path[160];

	snprintf(path, sizeof(path), "/proc/%d/root" BOX_DIR "/%s", b->init, file);
	return b->init > 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
			   : -1;
}

size_t box_tail(const struct box *b, const char *file, char *text, size_t size)
{
	int fd = open_file(b, file);
	struct stat st;
	ssize_t n = 0;
	off_t from;

	text[0] = '\0';
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		from = st.st_size > (off_t)size - 1 ? st.st_size - (off_t)size + 1 : 0;
		n = pread(fd, text, size - 1, from);
	}
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

char *box_file(const struct box *b, const char *file)
{
	enum { FILE_MAX = 16 << 20 };
	int fd = open_file(b, file);
	struct stat st;
	char *text = NULL;
	ssize_t n;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
		text = malloc((size_t)st.st_size + 1);
	n = text ? pread(fd, text, (size_t)st.st_size, 0) : -1;
	close(fd);
	if (text)
		text[n > 0 ? n : 0] = '\0';
	return text;
}
