/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench: the sub-commands, the one place that prints errors, and exit. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bench/cli/bench_cmd.h"
#include "core/err.h"

static bench_cmd_run help_cmd, version_cmd;

static const struct bench_cmd commands[] = {
	{"cases", "", "list the forwarders that can be measured", cases_cmd,
	 cases_cmd_help},
	{"ceiling", "[OPTION]...", "what the generator itself can do", ceiling_cmd,
	 ceiling_cmd_help},
	{"compare", "[OPTION]... OLD NEW", "measure two builds against each other",
	 compare_cmd, compare_cmd_help},
	{"gen", "IFACE [OPTION]...", "send frames out of an interface", gen_cmd,
	 gen_cmd_help},
	{"help", "[COMMAND]", "show this, or all about one command", help_cmd, NULL},
	{"pcap", "[OPTION]... SPEC FILE", "write generated frames to a file", pcap_cmd,
	 pcap_cmd_help},
	{"peers", "[OPTION]...", "measure forwarders side by side", peers_cmd,
	 peers_cmd_help},
	{"report", "[OPTION]... FILE", "show a result document", report_cmd,
	 report_cmd_help},
	{"rtt", "server|client ADDR [OPTION]...", "UDP round trips", rtt_cmd,
	 rtt_cmd_help},
	{"run", "CASE [OPTION]...", "one trial through a forwarder", run_cmd,
	 run_cmd_help},
	{"search", "CASE KIND [OPTION]...", "look for a rate, a burst, a latency, ...",
	 search_cmd, search_cmd_help},
	{"sink", "IFACE [OPTION]...", "count or check frames that arrive", sink_cmd,
	 sink_cmd_help},
	{"version", "", "show the version", version_cmd, NULL},
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct bench_cmd *find_command(const char *word)
{
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		word = "help";
	else if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
		word = "version";
	for (unsigned i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, word) == 0)
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *word, struct err *e)
{
	return err_usage(e, "'%s' is no command; see 'ringway-bench help'", word);
}

static void print_commands(void)
{
	printf("ringway-bench measures packet forwarders between TAP devices and veth "
	       "pairs.\n\n");
	for (unsigned i = 0; i < N_COMMANDS; i++)
		printf("  ringway-bench %-8s %-31s %s\n", commands[i].name,
		       commands[i].args, commands[i].summary);
	printf("\n'ringway-bench help COMMAND' has the options of one; "
	       "man ringway-bench has it all.\n");
}

static void print_help(const struct bench_cmd *c)
{
	printf("usage: ringway-bench %s%s%s\n%s\n", c->name, *c->args ? " " : "", c->args,
	       c->summary);
	if (c->help)
		c->help(stdout);
}

static int help_cmd(int argc, char **argv, struct err *e)
{
	const struct bench_cmd *c = argc > 1 ? find_command(argv[1]) : NULL;

	if (argc > 2)
		return err_usage(e, "help takes one command, not %d words", argc - 1);
	if (argc > 1 && !c)
		return unknown_command(argv[1], e);
	if (c)
		print_help(c);
	else
		print_commands();
	return 0;
}

static int version_cmd(int argc, char **argv, struct err *e)
{
	if (argc > 1)
		return err_usage(e, "version takes no words, not '%s'", argv[1]);
	printf("ringway-bench %s\n", RINGWAY_VERSION);
	return 0;
}

/* Wherever it stands: who asks for help wants nothing else done. */
static bool has_help_word(int argc, char **argv)
{
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

/* 0, a negative errno, or an exit status. */
static int dispatch(int argc, char **argv, struct err *e)
{
	const struct bench_cmd *c;

	if (argc < 2)
		return err_usage(e, "no command; see 'ringway-bench help'");
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1], e);
	if (has_help_word(argc, argv)) {
		print_help(c);
		return 0;
	}
	return c->run(argc - 1, argv + 1, e);
}

int main(int argc, char **argv)
{
	struct err e = {0};
	int rc = dispatch(argc, argv, &e);

	if ((fflush(stdout) || ferror(stdout)) && rc >= 0) {
		rc = err_set(&e, -EIO,
			     "standard output: it took not all that was printed (is the "
			     "disk full, is it closed?)");
		e.exit_status = EX_IOERR;
	}
	if (rc >= 0)
		return rc;
	fprintf(stderr, "ringway-bench: %s\n", e.text);
	return e.exit_status ? e.exit_status : EX_SOFTWARE;
}
