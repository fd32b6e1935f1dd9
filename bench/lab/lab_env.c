/* SPDX-License-Identifier: BSD-2-Clause */
/* The variables that the commands of a case find. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/lab/lab_inside.h"

struct list {
	struct lab *l;
	size_t used;
	unsigned n;
	bool is_full;
};

__attribute__((format(printf, 2, 3))) static void add(struct list *s, const char *fmt,
						      ...)
{
	size_t room = sizeof(s->l->env_text) - s->used;
	char *at = s->l->env_text + s->used;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room || s->n + 1 >= LAB_VARS_MAX) {
		s->is_full = true;
		return;
	}
	s->l->env[s->n++] = at;
	s->used += (size_t)len + 1;
}

static void add_numbers(struct list *s, unsigned n_ports)
{
	char all[CASE_PORTS_MAX * 4] = "", pairs[CASE_PORTS_MAX * 4] = "";
	size_t a = 0, p = 0;

	for (unsigned i = 0; i < n_ports; i++) {
		a += (size_t)snprintf(all + a, sizeof(all) - a, "%s%u", i ? " " : "", i);
		if (i % 2)
			p += (size_t)snprintf(pairs + p, sizeof(pairs) - p, "%s%u:%u",
					      i > 1 ? " " : "", i - 1, i);
	}
	add(s, "RW_PORTS=%u", n_ports);
	add(s, "RW_LIST=%s", all);
	add(s, "RW_PAIRS=%s", pairs);
}

int lab_env(struct lab *l, struct err *e)
{
	struct list s = {.l = l};
	const char *path = getenv("PATH");
	char cpu[16] = "";

	if (l->wish.fwd_cpu >= 0)
		snprintf(cpu, sizeof(cpu), "%d", l->wish.fwd_cpu);
	add(&s, "RW_DIR=%s", BOX_DIR);
	add(&s, "RW_NS_A=end0");
	add(&s, "RW_NS_B=end1");
	add(&s, "RW_IF_A=%s", LAB_IFNAME);
	add(&s, "RW_IF_B=%s", LAB_IFNAME);
	add_numbers(&s, l->wish.n_ports);
	add(&s, "RW_QUEUES=%u", l->wish.n_queues);
	add(&s, "RW_MTU=%u", l->wish.mtu);
	add(&s, "RW_CPU=%s", cpu);
	add(&s, "RW_BIN=%s", l->spec->bin);
	add(&s, "RW_OPTIONS=%s", l->spec->options);
	add(&s, "PATH=%s%s/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	    path ? path : "", path && *path ? ":" : "");
	if (s.is_full)
		return err_usage(e, "%s: its options are too long", l->spec->name);
	/* sanitizers and the like are spoken to by variables of ours; what is too long is
	 * left out: no case needs it */
	for (char **p = environ; *p; p++)
		if (strncmp(*p, "RW_", 3) != 0 && strncmp(*p, "PATH=", 5) != 0 &&
		    strncmp(*p, "LC_", 3) != 0)
			add(&s, "%s", *p);
	l->env[s.n] = NULL;
	return 0;
}
