/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway: the sub-commands, the one place that prints errors, and exit. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/err.h"
#include "io/control/options.h"
#include "io/control/run.h"
#include "io/control/say.h"
#include "io/port/value.h"

#ifndef RINGWAY_VERSION
#define RINGWAY_VERSION "unknown"
#endif

static int help_command(int argc, char **argv, struct err *e);
static int version_command(int argc, char **argv, struct err *e);

/* argv[0] is the command's name; what they print to stdout is flushed and checked in
 * main. */
static const struct command {
	const char *name, *args, *summary;
	int (*run)(int argc, char **argv, struct err *e);
	void (*help)(FILE *f); /* NULL: the line above says it all */
} commands[] = {
	{"run", "[options]", "forward packets between TAP ports", run_command,
	 options_help},
	{"help", "[COMMAND]", "show this, or all about one command", help_command, NULL},
	{"version", "", "show the version", version_command, NULL},
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct command *find_command(const char *word)
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
	return err_usage(
		e,
		"'%s' is no command; see 'ringway help', or did you mean 'ringway run'?",
		value_show(word).text);
}

static void print_commands(void)
{
	printf("ringway forwards packets between TAP devices.\n\n");
	for (unsigned i = 0; i < N_COMMANDS; i++)
		printf("  ringway %-7s %-10s %s\n", commands[i].name, commands[i].args,
		       commands[i].summary);
	printf("\n'ringway help run' explains its options; the manual is ringway(8).\n");
}

static int help_command(int argc, char **argv, struct err *e)
{
	const struct command *c;

	if (argc < 2) {
		print_commands();
		return 0;
	}
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1], e);
	if (c->help)
		c->help(stdout);
	else
		printf("usage: ringway %s %s\n\n%s\n", c->name, c->args, c->summary);
	return 0;
}

static int version_command(int argc, char **argv, struct err *e)
{
	(void)argv;
	if (argc > 1)
		return err_usage(e, "version takes no argument");
	printf("ringway " RINGWAY_VERSION "\n");
	return 0;
}

/*
 * A caller may have closed 0, 1 or 2; then a TAP would get that number and
 * messages would go out as packets. What is put there takes no data, so that a
 * closed standard output is still noticed.
 */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

static int flush_stdout(struct err *e)
{
	int code;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	code = errno ? -errno : -EIO;
	err_set(e, code, "cannot write to standard output: %s", strerror(-code));
	e->exit_status = EX_IOERR;
	return code;
}

int main(int argc, char **argv)
{
	struct err e = {0};
	const struct command *c;
	int code;

	fill_standard_fds();
	if (argc < 2) {
		code = err_usage(&e, "a command is missing; see 'ringway help'");
	} else {
		c = find_command(argv[1]);
		code = c ? c->run(argc - 1, argv + 1, &e) : unknown_command(argv[1], &e);
	}
	if (code == 0)
		code = flush_stdout(&e);
	if (code == 0)
		return 0;
	say_last(e.text);
	return e.exit_status;
}
