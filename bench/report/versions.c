/* SPDX-License-Identifier: BSD-2-Clause */
/* versions: of the programs that took part, as a part of a result document. */
#include "bench/report/versions.h"

#include <string.h>
#include <sys/wait.h>

#include "bench/report/capture.h"

enum { PATIENCE_MS = 5000 };

/* testpmd tells its version only while it starts a whole DPDK: its package says it. */
static const struct program {
	const char *name;
	const char *argv[6];
} programs[] = {
	{"iperf3", {"iperf3", "--version"}},
	{"dpdk", {"dpkg-query", "-W", "-f", "${Version}", "dpdk"}},
	{"ovs-vswitchd", {"ovs-vswitchd", "--version"}},
	{"vde_switch", {"vde_switch", "--version"}},
	{"ip", {"ip", "-V"}},
	{"tc", {"tc", "-V"}},
	{"gnuplot", {"gnuplot", "--version"}},
};

static json_t *first_line(const char *const *argv)
{
	const struct capture_wish w = {
		.argv = (char *const *)argv, .ns_fd = -1, .timeout_ms = PATIENCE_MS};
	struct capture c;
	json_t *v = NULL;

	if (capture_run(&c, &w, NULL) == 0 && c.text && WIFEXITED(c.status) &&
	    WEXITSTATUS(c.status) == 0) {
		c.text[strcspn(c.text, "\n")] = '\0';
		v = *c.text ? json_string(c.text) : NULL;
	}
	capture_fini(&c);
	return v;
}

json_t *versions_ringway(const char *path)
{
	const char *const argv[] = {path, "version", NULL};
	json_t *v = first_line(argv);

	return v ? v : json_null();
}

json_t *versions_collect(const char *ringway)
{
	json_t *all = json_pack("{ss}", "ringway-bench", RINGWAY_VERSION);

	if (ringway)
		json_object_set_new(all, "ringway", versions_ringway(ringway));
	for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		json_t *v = first_line(programs[i].argv);

		if (v)
			json_object_set_new(all, programs[i].name, v);
	}
	return all;
}
