/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_option: the options of a sub-command: one table that parses and explains itself.
 */
#ifndef BENCH_CLI_BENCH_OPTION_H
#define BENCH_CLI_BENCH_OPTION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"

/*
 * How it works: a row says what an option is called, what stands behind it, what it does,
 * and where its value goes in the struct that the command calls its wish. The kinds need
 * no code of the command; what else there is, its own function takes. A row may also
 * stand for a whole table that several commands share. What depends on two options at
 * once is looked at by the command, when all have been read: their order never matters.
 */
enum bench_option_kind {
	BENCH_OPTION_flag,   /* bool: becomes true */
	BENCH_OPTION_off,    /* bool: becomes false */
	BENCH_OPTION_text,   /* const char * */
	BENCH_OPTION_count,  /* uint64_t, min..max */
	BENCH_OPTION_number, /* unsigned, min..max */
	BENCH_OPTION_real,   /* double, min..max */
	BENCH_OPTION_word,   /* unsigned or enum: which word of "ONE|OTHER" in arg */
	BENCH_OPTION_cpu,    /* int: a CPU's number; "free": -1 */
	BENCH_OPTION_own,    /* what take() makes of it */
	BENCH_OPTION_table,  /* all rows of another table */
};

/* value is NULL where the option has none. */
typedef int bench_option_take(void *to, const char *value, struct err *e);

struct bench_option {
	const char *name; /* NULL ends the table */
	const char *arg;  /* what stands behind it; NULL: nothing */
	const char *help;
	enum bench_option_kind kind;
	size_t at; /* of the field, or of the struct that own and table are given */
	double min, max;
	bench_option_take *take;
	const struct bench_option *table;
};

/* The end of a row: FLAG(struct wish, is_json), REAL(struct wish, seconds, 0, 10). */
#define BENCH_OPTION_TO(kind_, type, field)                                              \
	.kind = BENCH_OPTION_##kind_, .at = offsetof(type, field)
#define BENCH_OPTION_IN(kind_, type, field, min_, max_)                                  \
	BENCH_OPTION_TO(kind_, type, field), .min = (min_), .max = (max_)

/*
 * Walk argv (argv[0] is the sub-command), "to" is its wish. Returns the index of the
 * first word that is no option (they are moved to the end), or a negative errno with a
 * sentence.
 */
int bench_option_parse(const struct bench_option *table, int argc, char **argv, void *to,
		       struct err *e);

/* Exactly n words have to begin at first; what: "one interface". */
int bench_option_words(int argc, char **argv, int first, int n, const char *what,
		       struct err *e);

void bench_option_help(const struct bench_option *table, FILE *f);

#endif
