/* SPDX-License-Identifier: BSD-2-Clause */
/* The first process of a box, and the messages between it and the parent. */
#ifndef BENCH_LAB_BOX_FIRST_H
#define BENCH_LAB_BOX_FIRST_H

#include <sys/types.h>

#include "bench/lab/box.h"
#include "core/err.h"

enum box_first_op {
	BOX_FIRST_start,
	BOX_FIRST_signal,
};

enum { BOX_FIRST_ANSWER_MS = 20000 };

/* A message to it, cut behind the end of text. */
struct box_first_ask {
	enum box_first_op op;
	int end, cpu; /* start */
	pid_t pid;    /* signal; BOX_ALL */
	int signum;   /* signal */
	char out[32], err[32];
	char text[BOX_TEXT_MAX];
};

enum box_first_kind {
	BOX_FIRST_answer, /* to each message, and one when the box is ready */
	BOX_FIRST_end,	  /* a command has ended */
};

struct box_first_reply {
	enum box_first_kind kind;
	pid_t pid;     /* as seen in the box */
	int status;    /* answer: 0 or a negative errno; end: as of waitpid */
	char what[64]; /* answer: what failed */
};

/*
 * Make it; sock is its end of the socket. Its process id, or a negative errno (with the
 * sentence in e, as only the making can fail here; the rest comes as an answer).
 */
pid_t box_first_clone(int sock, const int *ns, unsigned n_ns, char *const *env,
		      struct err *e);

#endif
