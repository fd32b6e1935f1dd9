/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench cases: which forwarders there are, and which of them can run here. */
#include <stdlib.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/lab/case.h"

void cases_cmd_help(FILE *f)
{
	fputs("\nEach line has the name of a case, what it is, and \"installed\" or what "
	      "is "
	      "missing.\nA case may be asked for with more words:\n"
	      "  \"NAME OPTION...\"           options behind those of its program\n"
	      "  NAME:BIN=/path/program     another build of its program\n"
	      "  /path/ringway              short for ringway:BIN=/path/ringway\n"
	      "  /path/x.case               a case file elsewhere\n"
	      "RINGWAY_CASES names another folder of case files, RINGWAY another "
	      "ringway.\n",
	      f);
}

/* The sentence begins with the name, which stands in its own column here. */
static const char *without_name(const char *sentence, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(sentence, name, len) && !strncmp(sentence + len, ": ", 2)
		       ? sentence + len + 2
		       : sentence;
}

int cases_cmd(int argc, char **argv, struct err *e)
{
	char **names;

	if (argc > 1)
		return err_usage(e, "cases takes no words, not '%s'", argv[1]);
	names = case_names(e);
	if (!names)
		return e->code;
	for (char **p = names; *p; p++) {
		struct err why = {0};
		struct case_spec c;
		int rc = case_read(&c, *p, &why);

		if (!rc)
			rc = case_check(&c, &why);
		printf("%-18s %-32s %s\n", *p, c.title ? c.title : "",
		       rc	? without_name(why.text, *p)
		       : c.poll ? "installed; it polls"
				: "installed");
		case_fini(&c);
	}
	free(names);
	return 0;
}
