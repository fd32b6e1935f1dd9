/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a lab share: its state. */
#ifndef BENCH_LAB_LAB_INSIDE_H
#define BENCH_LAB_LAB_INSIDE_H

#include "bench/lab/box.h"
#include "bench/lab/lab.h"

#define LAB_IFNAME "tap0"
#define LAB_LOG	   "log" /* in BOX_DIR: what the forwarder prints */

enum { LAB_READY_MS = 30000, LAB_ENV_MAX = 16384, LAB_VARS_MAX = 512 };

struct lab_end {
	int ns; /* -1 = none */
	uint8_t mac[6];
	char addr[32];
};

struct lab {
	struct lab_wish wish;
	const struct case_spec *spec;
	struct lab_end end[CASE_PORTS_MAX];
	struct box fwd, traffic; /* traffic is opened with the first job */
	pid_t start;		 /* the start command, in fwd; -1 = none */
	bool is_foreground;	 /* it is the forwarder, and runs on */
	unsigned n_processes;	 /* when it was ready */
	unsigned n_commands;	 /* names the files of their output */
	char *env[LAB_VARS_MAX];
	char env_text[LAB_ENV_MAX];
};

/* lab_env.c: fill l->env from ours and the wish. */
int lab_env(struct lab *l, struct err *e);

/* The last line that a file of the box holds, to quote it; "" if there is none. */
void lab_last_words(const struct box *b, const char *file, char text[256]);

/* Run a command in a box to its end; err_prefix is the caller's. */
int lab_command(struct lab *l, struct box *b, const struct box_command *c,
		unsigned limit_ms, struct err *e);

/* A box that sees the ends of the lab. */
int lab_open_box(struct lab *l, struct box *b, struct err *e);

/* lab_usage.c: how many processes the forwarder has now. */
unsigned lab_usage_processes(struct lab *l);

#endif
