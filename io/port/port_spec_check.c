/* SPDX-License-Identifier: BSD-2-Clause */
/* Every contradiction between the options of one port, in one place. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/port/port_spec.h"
#include "vhost/vhost.h"

/* Keys that were written, out of a list that ends in NULL: "ifname=, queues=". */
struct offenders {
	unsigned n;
	char text[128];
};

static struct offenders find_offenders(const struct port_spec *s,
				       const char *const *names)
{
	struct offenders o = {0};
	size_t len = 0;

	for (; *names && len < sizeof(o.text); names++)
		if (port_spec_has(s, *names))
			len += (size_t)snprintf(o.text + len, sizeof(o.text) - len,
						"%s%s=", o.n++ ? ", " : "", *names);
	return o;
}

/* The key that says where the fds come from, or NULL: by name. */
static const char *source_key(const struct port_spec *s)
{
	if (s->has_fd)
		return "fd";
	if (s->has_fds)
		return "fds";
	return s->helper[0] ? "helper" : NULL;
}

/* Two sources, or the fds of vhost in the form that belongs to another source. */
static int check_one_source(const struct port_spec *s, struct err *e)
{
	static const char *const not_fd[] = {"fds", "helper", NULL};
	static const char *const not_fds[] = {"helper", NULL};
	const char *source = source_key(s);
	struct offenders o = {0};

	if (s->has_fd)
		o = find_offenders(s, not_fd);
	else if (s->has_fds)
		o = find_offenders(s, not_fds);
	if (o.n)
		return err_usage(
			e,
			"%s= cannot be used together with %s: a TAP comes from one "
			"source; keep one of them",
			source, o.text);
	if (s->has_fds && s->has_vhostfd)
		return err_usage(
			e, "fds= cannot be used together with vhostfd=; use vhostfds=, "
			   "with one file descriptor for each of fds=");
	if (!s->has_fds && s->has_vhostfds)
		return err_usage(
			e,
			"%s cannot be used together with vhostfds=, which belongs to "
			"fds=; for one queue use vhostfd=",
			source ? (s->has_fd ? "fd=" : "helper=")
			       : "a TAP opened by name");
	if (s->has_vhostfd && s->has_vhostfds)
		return err_usage(
			e, "vhostfd= cannot be used together with vhostfds=; keep one");
	return 0;
}

/* What the giver of an fd, or the helper, has settled already. */
static int check_settled(const struct port_spec *s, struct err *e)
{
	static const char *const settled[] = {"ifname",	  "script", "downscript",
					      "vnet_hdr", "queues", NULL};
	const char *source = source_key(s);
	struct offenders o;

	if (!source)
		return 0;
	o = find_offenders(s, settled);
	if (o.n)
		return err_usage(e,
				 "%s= cannot be used together with %s: %s has settled %s "
				 "already; leave %s out",
				 source, o.text,
				 s->helper[0] ? "the helper" : "whoever opened the TAP",
				 o.n > 1 ? "them" : "that", o.n > 1 ? "them" : "it");
	if (s->netns[0])
		return err_usage(
			e,
			"%s= cannot be used together with netns=: %s; leave netns= out",
			source,
			s->helper[0] ? "the helper makes the TAP in the network "
				       "namespace of ringway"
				     : "a given TAP is in a network namespace already");
	return 0;
}

static int check_bridge(const struct port_spec *s, struct err *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (s->has_br && !s->helper[0])
		return err_usage(
			e,
			"br=%s: only the bridge helper (helper=) takes br=; to put the "
			"TAP on that bridge write master=%s",
			s->br, s->br);
	/* a helper with arguments is run by the shell, br with it */
	if (s->helper[0] && s->br[strspn(s->br, plain)])
		return err_usage(
			e,
			"br=%s: with a helper the bridge's name may have letters, "
			"digits, '.', '_' and '-' only",
			s->br);
	if (s->helper[0] && s->master[0])
		return err_usage(
			e,
			"helper= cannot be used together with master=%s: the helper puts "
			"the TAP on a bridge itself; write br=%s",
			s->master, s->master);
	return 0;
}

static int check_vhost(const struct port_spec *s, struct err *e)
{
	static const char *const threads[] = {"vhost-workers", "vhost-cpus", NULL};
	const char *key = s->has_vhostfds ? "vhostfds" : "vhostfd";
	struct offenders o = find_offenders(s, threads);

	if (s->vhost == TRI_off && o.n)
		return err_usage(
			e,
			"vhost=off cannot be used together with %s, which %s about "
			"the threads of vhost-net; leave %s out, or write vhost=on",
			o.text, o.n > 1 ? "are" : "is", o.n > 1 ? "them" : "it");
	if (s->vhost == TRI_off && s->n_vhostfds)
		return err_usage(
			e,
			"vhost=off cannot be used together with %s=; leave %s= out, or "
			"write vhost=on",
			key, key);
	if (s->n_vhostfds && s->n_vhostfds != s->n_queues)
		return err_usage(
			e,
			"%s= gives %u file descriptors for %u queues; give one for each "
			"queue",
			key, s->n_vhostfds, s->n_queues);
	if (port_spec_vhost(s) == TRI_on && s->vnet_hdr == TRI_off)
		return err_usage(e,
				 "%s cannot be used together with vnet_hdr=off, as "
				 "vhost-net needs "
				 "the header; write vnet_hdr=on or vhost=off",
				 s->vhost == TRI_on ? "vhost=on"
				 : s->has_vhostfds  ? "vhostfds="
				 : s->has_vhostfd   ? "vhostfd="
						    : "vhostforce=on");
	return 0;
}

/* Asked last, so that a mistake is named before what this version cannot do. */
static int check_vhost_can(const struct port_spec *s, struct err *e)
{
	struct err why = {0};

	if (port_spec_vhost(s) != TRI_on || vhost_can(&why) == 0)
		return 0;
	return err_set(e, why.code, "%s: %s; use vhost=auto or vhost=off",
		       s->vhost == TRI_on	 ? "vhost=on"
		       : s->vhostforce == TRI_on ? "vhostforce=on"
		       : s->has_vhostfds	 ? "vhostfds="
						 : "vhostfd=",
		       why.text);
}

static int check_fds_differ(const struct port_spec *s, struct err *e)
{
	unsigned n = s->n_fds + s->n_vhostfds;

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++) {
			int a = i < s->n_fds ? s->fds[i] : s->vhostfds[i - s->n_fds];
			int b = j < s->n_fds ? s->fds[j] : s->vhostfds[j - s->n_fds];

			if (a == b)
				return err_usage(
					e,
					"file descriptor %d is given twice; each queue "
					"needs one of its own",
					a);
		}
	return 0;
}

static int check_addrs_differ(const struct port_spec *s, struct err *e)
{
	const struct port_addr *a, *b;
	char ip[INET6_ADDRSTRLEN];

	for (a = s->addrs; a < s->addrs + s->n_addrs; a++)
		for (b = s->addrs; b < a; b++) {
			/* IPv4 may have one address with two prefix lengths */
			if (a->family != b->family || memcmp(a->bytes, b->bytes, 16) ||
			    (a->family == AF_INET && a->prefix_len != b->prefix_len))
				continue;
			return err_usage(e,
					 "addr=%s/%u: the address is given twice; keep "
					 "one of them",
					 inet_ntop(a->family, a->bytes, ip, sizeof(ip)),
					 a->prefix_len);
		}
	return 0;
}

int port_spec_check(const struct port_spec *s, struct err *e)
{
	static int (*const checks[])(const struct port_spec *, struct err *) = {
		check_one_source, check_settled,      check_bridge,    check_vhost,
		check_fds_differ, check_addrs_differ, check_vhost_can,
	};

	if (!s->id[0])
		return err_usage(e, "a port needs an id, as in id=a");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		int code = checks[i](s, e);

		if (code < 0) {
			err_prefix(e, "port '%s'", s->id);
			return code;
		}
	}
	return 0;
}
