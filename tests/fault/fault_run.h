/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests in processes of their own, and what they expect of port_open. */
#ifndef TESTS_FAULT_RUN_H
#define TESTS_FAULT_RUN_H

#include "tests/fault/fault.h"

/* A test runs in a process and a network namespace of its own; true = good. */
struct fault_test {
	const char *name;
	void (*run)(void);
	const char *(*cannot)(void); /* NULL, or: the reason to skip it, or NULL */
};

static int fault_n_bad;

/* One expectation of a test: shows what was not so, and goes on. */
#define CHECK(cond) fault_check((cond), #cond, __LINE__)

static inline bool fault_check(bool good, const char *what, int line)
{
	if (!good)
		printf("# line %d: not so: %s\n", line, what);
	fault_n_bad += !good;
	return good;
}

/* port_open must fail with this code and these words, and leave nothing. */
#define CHECK_REFUSED(spec, code, words)                                                 \
	fault_check_refused((spec), (code), (words), __LINE__)

static inline void fault_check_refused(const struct port_spec *s, int code,
				       const char *words, int line)
{
	static struct port p;
	struct err e = {0};
	int ret = port_open(&p, s, &e);

	if (ret != code || e.code != code || !strstr(e.text, words)) {
		printf("# line %d: got %d, \"%s\", not %d, \"...%s...\"\n", line, ret,
		       e.text, code, words);
		fault_n_bad++;
	}
	fault_check(p.fds[0] == -1 && !p.setup, "empty after a failure", line);
	port_close(&p, NULL);
}

/* port_open must succeed. */
#define OPEN(p, spec) fault_open((p), (spec), __LINE__)

static inline void fault_open(struct port *p, const struct port_spec *s, int line)
{
	struct err e = {0};

	if (port_open(p, s, &e) == 0)
		return;
	printf("# line %d: port_open: %s\n", line, e.text);
	fflush(stdout);
	_exit(1);
}

static inline void fault_run_child(const struct fault_test *t)
{
	static struct fault_text before, after;

	fault_new_netns();
	fault_fds(&before);
	alarm(120);
	t->run();
	fault_fds(&after);
	if (!fault_same(&before, &after))
		fault_check(false, after.text, __LINE__);
	fault_check(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no child left",
		    __LINE__);
	exit(fault_n_bad ? 1 : 0); /* not _exit: the leak sanitizer looks here */
}

static inline int fault_run_tests(const struct fault_test *tests, size_t n)
{
	struct fault_results r = {0};
	int status;
	size_t i;
	pid_t pid;

	for (i = 0; i < n; i++) {
		const char *why = tests[i].cannot ? tests[i].cannot() : NULL;

		if (why) {
			fault_result(&r, true, "%s # SKIP %s", tests[i].name, why);
			continue;
		}
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			fault_run_child(&tests[i]);
		fault_must(pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
		if (WIFSIGNALED(status))
			printf("# killed by signal %d\n", WTERMSIG(status));
		fault_result(&r, WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s",
			     tests[i].name);
	}
	return fault_end(&r);
}

#endif
