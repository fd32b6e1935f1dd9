/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be asked of the system before the first port is opened. */
#include "io/control/preflight.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "io/port/netns.h"

enum {
	FDS_SPARE = 16,	    /* signals, pidfile, netlink, libraries */
	FDS_PER_PORT = 4,   /* namespaces and control sockets */
	FDS_PER_WORKER = 8, /* ring or epoll, wake-up, timer */
	FDS_PER_VHOST = 7,  /* a queue's: /dev/vhost-net and the eventfds of two rings */
};

static int not_allowed(int cpu, struct err *e)
{
	return err_set(e, -ENXIO,
		       "cpus: CPU %d is not there, or this process may not run on it; "
		       "'taskset -cp $$' lists those it may use",
		       cpu);
}

int preflight_cpus(const struct config *c, struct err *e)
{
	cpu_set_t allowed;

	if (c->n_cpus == 0)
		return 0;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return err_set(e, -errno, "cpus: cannot ask which CPUs may be used: %s",
			       strerror(errno));
	for (unsigned i = 0; i < c->n_cpus; i++)
		if (!CPU_ISSET(c->cpus[i], &allowed))
			return config_blame(config_where_of(c, "cpus"),
					    not_allowed(c->cpus[i], e), e);
	return 0;
}

static rlim_t count_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	rlim_t n = 0;

	if (!dir)
		return FDS_SPARE;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 3; /* ".", ".." and the folder's own */
}

static rlim_t count_vhost_fds(const struct config *c, enum tristate wish)
{
	rlim_t n = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		if (port_spec_vhost(&c->ports[i]) == wish)
			n += FDS_PER_VHOST * c->ports[i].n_queues;
	return n;
}

int preflight_limits(const struct config *c, struct err *e)
{
	rlim_t need = count_open_fds() + FDS_SPARE + FDS_PER_WORKER * c->n_workers,
	       queues = 0;
	rlim_t wish; /* what is there to be used, if it can be had */
	struct rlimit limit;

	for (unsigned i = 0; i < c->n_ports; i++)
		if (port_spec_source(&c->ports[i]) != PORT_SOURCE_fds)
			queues += c->ports[i].n_queues;
	need += queues + FDS_PER_PORT * c->n_ports + count_vhost_fds(c, TRI_on);
	wish = need + count_vhost_fds(c, TRI_auto);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || wish <= limit.rlim_cur)
		return 0;
	if (limit.rlim_cur < limit.rlim_max && need <= limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return 0;
	}
	if (need <= limit.rlim_cur)
		return 0;
	return err_set(
		e, -EMFILE,
		"%llu queue%s and %u worker%s need about %llu open files, but the limit "
		"is %llu; raise it, with 'ulimit -n %llu' or LimitNOFILE=",
		(unsigned long long)queues, queues == 1 ? "" : "s", c->n_workers,
		c->n_workers == 1 ? "" : "s", (unsigned long long)need,
		(unsigned long long)limit.rlim_max, (unsigned long long)need);
}

/* Opening one changes nothing, and tells more than looking at its path. */
static int check_netns(const struct port_spec *s, struct err *e)
{
	int fd = s->netns[0] ? netns_open(s->netns, e) : -1;

	if (fd >= 0)
		close(fd);
	return s->netns[0] && fd < 0 ? fd : 0;
}

static int check_program(const char *key, const char *path, struct err *e)
{
	struct stat st;
	int code = 0;

	if (!path[0])
		return 0;
	if (stat(path, &st) < 0 || access(path, X_OK) < 0)
		code = -errno;
	else if (!S_ISREG(st.st_mode))
		code = -EACCES;
	if (code == 0)
		return 0;
	return err_set(e, code,
		       "%s=%s: cannot be run: %s; give the path of an executable file",
		       key, path, strerror(-code));
}

/*
 * With a blank in it the helper is a command for the shell. Its first word is
 * looked at if it is a path that the shell takes as it stands.
 */
static int check_helper(const char *helper, struct err *e)
{
	size_t len = strcspn(helper, " \t");
	char path[PORT_VALUE_MAX + 1];

	if (helper[len] &&
	    (helper[0] != '/' || strcspn(helper, "'\"\\$`*?[;&|<>()#~{}!") < len))
		return 0;
	snprintf(path, sizeof(path), "%.*s", (int)len, helper);
	return check_program("helper", path, e);
}

int preflight_files(const struct config *c, struct err *e)
{
	for (unsigned i = 0; i < c->n_ports; i++) {
		const struct port_spec *s = &c->ports[i];
		int code = check_netns(s, e);

		if (code == 0)
			code = check_program("script", s->script, e);
		if (code == 0)
			code = check_program("downscript", s->downscript, e);
		if (code == 0)
			code = check_helper(s->helper, e);
		if (code == 0)
			continue;
		err_prefix(e, "port '%s'", s->id);
		return config_blame(&c->port_wheres[i], code, e);
	}
	return 0;
}
