/* SPDX-License-Identifier: BSD-2-Clause */
/* The sub-commands of ringway-bench: what each file of bench/cli gives to the table in
 * bench_main.c. */
#ifndef BENCH_CLI_BENCH_CMD_H
#define BENCH_CLI_BENCH_CMD_H

#include <stdio.h>

#include "core/err.h"

/*
 * A sub-command NAME lives in bench/cli/NAME_cmd.c. argv[0] is its name. Returns 0, or
 * a negative errno with one sentence in *e (nothing printed by itself but results, on
 * stdout, and progress, on stderr); a result that is bad but no error (a comparison
 * that found a regression) is a positive exit status.
 */
typedef int bench_cmd_run(int argc, char **argv, struct err *e);
typedef void bench_cmd_help(FILE *f);

struct bench_cmd {
	const char *name, *args, *summary;
	bench_cmd_run *run;
	bench_cmd_help *help; /* NULL: the summary says it all */
};

/* each in bench/cli/NAME_cmd.c */
bench_cmd_run ceiling_cmd, gen_cmd, pcap_cmd, rtt_cmd, sink_cmd;
bench_cmd_help ceiling_cmd_help, gen_cmd_help, pcap_cmd_help, rtt_cmd_help, sink_cmd_help;
bench_cmd_run cases_cmd, run_cmd, search_cmd;
bench_cmd_help cases_cmd_help, run_cmd_help, search_cmd_help;
bench_cmd_run peers_cmd;
bench_cmd_help peers_cmd_help;
bench_cmd_run compare_cmd;
bench_cmd_help compare_cmd_help;
bench_cmd_run report_cmd;
bench_cmd_help report_cmd_help;

#endif
