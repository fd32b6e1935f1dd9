/* SPDX-License-Identifier: BSD-2-Clause */
/* Probing of io_uring features on a TAP. */
#include "io/loop/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io/compat.h"
#include "io/loop/loop.h"

/*
 * Does a TAP take RWF_NOWAIT (6.4 and newer)? Without it the call ends with
 * EOPNOTSUPP before the TAP sees it. A fresh /dev/net/tun (no device yet:
 * EBADFD) is asked first; where it can't be opened (given fds in a sandbox),
 * a frame of one byte is offered, which the TAP refuses with EINVAL.
 */
bool probe_nowait(int tap_fd)
{
	char byte = 0;
	struct iovec iov = {&byte, 1};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = pwritev2(fd >= 0 ? fd : tap_fd, &iov, 1, -1, RWF_NOWAIT);
	bool has = n >= 0 || errno != EOPNOTSUPP;

	if (fd >= 0)
		close(fd);
	return has;
}

static bool has_op(struct io_uring *ring, int op)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	bool has = probe && io_uring_opcode_supported(probe, op);

	free(probe);
	return has;
}

/* Provided-buffer rings came with 5.19; registering one is the only test. */
static enum loop_form best_of(struct loop *l, int tap_fd)
{
	if (!(l->ring.flags & IORING_SETUP_DEFER_TASKRUN) || !probe_nowait(tap_fd))
		return LOOP_FORM_D;
	if (!has_op(&l->ring, COMPAT_OP_READ_MULTISHOT))
		return LOOP_FORM_C;
	return l->ring.features & COMPAT_FEAT_MIN_TIMEOUT ? LOOP_FORM_A : LOOP_FORM_B;
}

/* A filter may allow the set-up and forbid the rest. */
static int try_enter(struct loop *l, struct err *e)
{
	int ret;

	io_uring_prep_nop(loop_sqe(l));
	ret = io_uring_submit(&l->ring);
	if (ret < 0)
		return err_set(e, ret,
			       "io_uring_enter: %s: forbidden by a seccomp filter? "
			       "allow it there",
			       strerror(-ret));
	return 0;
}

enum loop_form probe_form(enum loop_form best, int tap_fd, struct err *e)
{
	enum loop_form form;
	struct loop l;

	e->code = 0;
	loop_init(&l);
	if (best == LOOP_FORM_E)
		return LOOP_FORM_E;
	if (loop_open_ring(&l, LOOP_FORM_D, 1, e) < 0)
		return LOOP_FORM_E;
	if (try_enter(&l, e) < 0) {
		loop_close(&l);
		return LOOP_FORM_E;
	}
	form = best_of(&l, tap_fd);
	loop_close(&l);
	return form < best ? best : form;
}
