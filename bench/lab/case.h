/* SPDX-License-Identifier: BSD-2-Clause */
/* case: what a case file says about one forwarder under test: how to start it, and where.
 */
#ifndef BENCH_LAB_CASE_H
#define BENCH_LAB_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/err.h"

/*
 * How it works: a case is asked for by words as on a command line:
 *
 *   NAME [OPTION...]      bench/cases/NAME.case, options for its program behind
 *   NAME:BIN=/path ...    the same with another build of its program
 *   /path/to/ringway ...  short for ringway:BIN=/path/to/ringway
 *   /path/x.case ...      a case file elsewhere
 *
 * The file is INI with one section [case]; the keys are the members below. Its
 * commands are lines for /bin/sh -e; a key that may have more lines is repeated.
 * They run in the forwarder's own namespaces (box.h) with these variables:
 *
 *   RW_DIR                a private folder; RW_DIR/log has what start prints
 *   RW_PORTS              how many there are, 4 say
 *   RW_LIST RW_PAIRS      "0 1 2 3" and "0:1 2:3": whom to join
 *   RW_NS_A RW_NS_B       the namespaces of ends 0 and 1; "end<n>" is that of n
 *   RW_IF_A RW_IF_B       the devices there, "tap0" in each
 *   RW_QUEUES RW_MTU      of each port
 *   RW_CPU                where it shall run, or ""
 *   RW_BIN RW_OPTIONS     its program, and the words behind the case's name
 *
 * With veth, and with move, the forwarder's devices are "port<n>" in its namespace. start
 * runs on (the forwarder is then what it has become by exec), or ends with 0 and leaves
 * daemons, or nothing, behind. It is ready when the command ready succeeds or, without
 * one, when start has ended. calls prints the number of system calls made so far.
 */
enum case_links {
	CASE_LINKS_tap,	 /* the forwarder makes a TAP in each end's namespace */
	CASE_LINKS_move, /* it makes them in its own; the lab moves them into the ends' */
	CASE_LINKS_veth, /* the lab makes veth pairs, one half in the forwarder's */
};

enum { CASE_PORTS_MAX = 64, CASE_QUEUES_MAX = 64 };

struct case_spec {
	char *words;   /* as asked for; what results are named by */
	char *name;    /* of the file, without .case */
	char *title;   /* a few words for a table */
	char *needs;   /* programs, with blanks between; "" = none */
	char *files;   /* the same for files, /dev/vhost-net say */
	char *package; /* Debian's, where the programs are from; "" = none */
	char *bin;     /* the program itself, RW_BIN; "" = in the PATH or none */
	char *options; /* words for the program, quoted for the shell; RW_OPTIONS */
	enum case_links links;
	bool poll; /* it spins: never to run while others are measured */
	bool pins; /* it places itself by RW_CPU; the lab places the others */
	bool vnet; /* super-packets and unfinished checksums pass through it */
	unsigned max_ports, max_queues;
	unsigned patience;		    /* seconds until it must be ready; 30 */
	char *start, *ready, *stop, *calls; /* shell text; "" = none but start */
};

/* Every pointer NULL; case_fini may follow at any time, and twice. */
void case_init(struct case_spec *c);
void case_fini(struct case_spec *c);

/*
 * Find and read the case asked for. *c is initialised here; on failure it is empty.
 * Errors name the file and the line, or say which cases there are.
 */
int case_read(struct case_spec *c, const char *words, struct err *e);

/*
 * Is all there that it needs? 0, or -ENOENT with a sentence: which program is missing,
 * and which package has it.
 */
int case_check(const struct case_spec *c, struct err *e);

/*
 * The names of all case files, sorted, in one allocation that the caller frees, the last
 * one NULL. The folder: $RINGWAY_CASES, else bench/cases beside the program's build
 * folder, else the installed one. NULL with *e filled on failure.
 */
char **case_names(struct err *e);

#endif
