/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing of struct port_spec by one table of keys; the rules are in port_spec_check.c.
 */
#include "io/port/port_spec.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/port/value.h"

/* How one key is taken: at is the field's place, has (0 = none) that of its flag. */
struct key {
	const char *name;
	int (*take)(struct port_spec *s, const struct key *k, const char *value,
		    struct err *e);
	size_t at, has;
};

static void *field(struct port_spec *s, size_t at)
{
	return (char *)s + at;
}

/* --- one taker per kind of value -------------------------------------------------- */

static int take_type(struct port_spec *s, const struct key *k, const char *value,
		     struct err *e)
{
	(void)s;
	if (strcmp(value, "tap") != 0)
		return err_usage(e, "%s=%s: the only type of port is tap", k->name,
				 value_show(value).text);
	return 0;
}

/* Letters and digits, with '.', '_' and '-' behind the first. */
bool port_spec_is_id(const char *text)
{
	for (const char *p = text; *p; p++) {
		bool alnum = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
			     (*p >= 'a' && *p <= 'z');

		if (!alnum && (p == text || !strchr("._-", *p)))
			return false;
	}
	return *text != '\0' && strlen(text) <= PORT_ID_MAX;
}

static int take_id(struct port_spec *s, const struct key *k, const char *value,
		   struct err *e)
{
	if (!port_spec_is_id(value))
		return err_usage(e,
				 "%s=%s: a port's id has 1 to %d letters, digits, '.', "
				 "'_' or '-', "
				 "and begins with a letter or digit",
				 k->name, value_show(value).text, PORT_ID_MAX);
	strcpy(s->id, value);
	return 0;
}

static int take_ifname(struct port_spec *s, const struct key *k, const char *value,
		       struct err *e)
{
	/* only the TAP's own name may leave the number to the kernel */
	bool with_template = k->at == offsetof(struct port_spec, ifname);

	return value_ifname(k->name, value, with_template, field(s, k->at), e);
}

static int take_fd(struct port_spec *s, const struct key *k, const char *value,
		   struct err *e)
{
	return value_fds(k->name, value, false, s->fds, &s->n_fds, e);
}

static int take_fds(struct port_spec *s, const struct key *k, const char *value,
		    struct err *e)
{
	int code = value_fds(k->name, value, true, s->fds, &s->n_fds, e);

	if (code == 0)
		s->n_queues = s->n_fds;
	return code;
}

static int take_vhostfds(struct port_spec *s, const struct key *k, const char *value,
			 struct err *e)
{
	bool many = k->has == offsetof(struct port_spec, has_vhostfds);

	return value_fds(k->name, value, many, s->vhostfds, &s->n_vhostfds, e);
}

static int take_script(struct port_spec *s, const struct key *k, const char *value,
		       struct err *e)
{
	(void)e; /* PORT_VALUE_MAX and PATH_MAX agree */
	strcpy(field(s, k->at), strcmp(value, "no") == 0 ? "" : value);
	return 0;
}

static int take_text(struct port_spec *s, const struct key *k, const char *value,
		     struct err *e)
{
	if (*value == '\0')
		return err_usage(
			e, "%s=: the value is empty; write one or leave the key out",
			k->name);
	strcpy(field(s, k->at), value);
	return 0;
}

static int take_netns(struct port_spec *s, const struct key *k, const char *value,
		      struct err *e)
{
	if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return err_usage(
			e,
			"%s=%s: must be a name that 'ip netns' lists, or a path as in "
			"/proc/PID/ns/net",
			k->name, value);
	return take_text(s, k, value, e);
}

static int take_switch(struct port_spec *s, const struct key *k, const char *value,
		       struct err *e)
{
	bool with_auto = k->at == offsetof(struct port_spec, vhost);

	return value_switch(k->name, value, with_auto, field(s, k->at), e);
}

static int take_sndbuf(struct port_spec *s, const struct key *k, const char *value,
		       struct err *e)
{
	int bytes, code = value_size(k->name, value, &bytes, e);

	if (code < 0)
		return code;
	s->has_sndbuf = bytes != 0;
	s->sndbuf = bytes ? bytes : INT_MAX;
	return 0;
}

static int take_number(struct port_spec *s, const struct key *k, const char *value,
		       struct err *e)
{
	static const struct {
		size_t at;
		uint64_t min, max;
		const char *what;
	} ranges[] = {
		{offsetof(struct port_spec, n_queues), 1, PORT_QUEUES_MAX,
		 "the number of queues (the kernel's limit for a TAP is 256)"},
		{offsetof(struct port_spec, poll_us), 0, UINT32_MAX, "microseconds"},
		{offsetof(struct port_spec, mtu), 68, 65521, "the MTU of a TAP"},
		{offsetof(struct port_spec, txqueuelen), 1, PORT_TXQUEUELEN_MAX,
		 "the length in frames (the kernel has 4 MiB for a TAP's ring)"},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		uint64_t n;
		int code;

		if (ranges[i].at != k->at)
			continue;
		code = value_number(k->name, value, ranges[i].what, ranges[i].min,
				    ranges[i].max, &n, e);
		if (code == 0)
			*(uint32_t *)field(s, k->at) = (uint32_t)n;
		return code;
	}
	return -EINVAL;
}

static int take_mac(struct port_spec *s, const struct key *k, const char *value,
		    struct err *e)
{
	return value_mac(k->name, value, s->mac, e);
}

static int take_addr(struct port_spec *s, const struct key *k, const char *value,
		     struct err *e)
{
	int code;

	if (s->n_addrs == PORT_ADDRS_MAX)
		return err_usage(
			e,
			"%s=%s: a port takes at most %d addresses; add the others with "
			"'ip address add'",
			k->name, value_show(value).text, PORT_ADDRS_MAX);
	code = value_addr(k->name, value, &s->addrs[s->n_addrs], e);
	if (code == 0)
		s->n_addrs++;
	return code;
}

static int take_user(struct port_spec *s, const struct key *k, const char *value,
		     struct err *e)
{
	return value_user(k->name, value, &s->user, e);
}

static int take_group(struct port_spec *s, const struct key *k, const char *value,
		      struct err *e)
{
	return value_group(k->name, value, &s->group, e);
}

/* One of a few words, whose place in the list is the value of the enum. */
static int take_word(struct port_spec *s, const struct key *k, const char *value,
		     struct err *e)
{
	static const char *const io[] = {"auto", "uring", "epoll", NULL};
	static const char *const workers[] = {"shared", "per-queue", NULL};
	bool is_io = k->at == offsetof(struct port_spec, io);
	const char *const *words = is_io ? io : workers;

	for (int i = 0; words[i]; i++)
		if (strcmp(value, words[i]) == 0) {
			*(int *)field(s, k->at) = i;
			return 0;
		}
	return err_usage(e, "%s=%s: must be %s", k->name, value_show(value).text,
			 is_io ? "auto, uring or epoll" : "shared or per-queue");
}

static int take_vhost_cpus(struct port_spec *s, const struct key *k, const char *value,
			   struct err *e)
{
	int cpus[VALUE_CPUS_MAX];
	unsigned n = 0;
	int code = value_cpus(k->name, value, cpus, &n, e);

	CPU_ZERO(&s->vhost_cpus);
	for (unsigned i = 0; i < n; i++)
		CPU_SET(cpus[i], &s->vhost_cpus);
	return code;
}

/* --- the keys --------------------------------------------------------------------- */

#define AT(f) offsetof(struct port_spec, f)

static const struct key keys[] = {
	{"type", take_type, 0, 0},
	{"id", take_id, AT(id), 0},
	{"ifname", take_ifname, AT(ifname), AT(has_ifname)},
	{"fd", take_fd, AT(fds), AT(has_fd)},
	{"fds", take_fds, AT(fds), AT(has_fds)},
	{"script", take_script, AT(script), AT(has_script)},
	{"downscript", take_script, AT(downscript), AT(has_downscript)},
	{"br", take_ifname, AT(br), AT(has_br)},
	{"helper", take_text, AT(helper), 0},
	{"sndbuf", take_sndbuf, AT(sndbuf), 0},
	{"vnet_hdr", take_switch, AT(vnet_hdr), AT(has_vnet_hdr)},
	{"vhost", take_switch, AT(vhost), 0},
	{"vhostfd", take_vhostfds, AT(vhostfds), AT(has_vhostfd)},
	{"vhostfds", take_vhostfds, AT(vhostfds), AT(has_vhostfds)},
	{"vhostforce", take_switch, AT(vhostforce), 0},
	{"vhost-workers", take_word, AT(vhost_workers), AT(has_vhost_workers)},
	{"vhost-cpus", take_vhost_cpus, AT(vhost_cpus), AT(has_vhost_cpus)},
	{"queues", take_number, AT(n_queues), AT(has_queues)},
	{"poll-us", take_number, AT(poll_us), AT(has_poll_us)},
	{"netns", take_netns, AT(netns), 0},
	{"mac", take_mac, AT(mac), AT(has_mac)},
	{"mtu", take_number, AT(mtu), 0},
	{"txqueuelen", take_number, AT(txqueuelen), AT(has_txqueuelen)},
	{"master", take_ifname, AT(master), 0},
	{"up", take_switch, AT(up), 0},
	{"addr", take_addr, AT(addrs), 0},
	{"user", take_user, AT(user), AT(has_user)},
	{"group", take_group, AT(group), AT(has_group)},
	{"persist", take_switch, AT(persist), 0},
	{"io", take_word, AT(io), 0},
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

void port_spec_init(struct port_spec *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < PORT_QUEUES_MAX; i++)
		s->fds[i] = s->vhostfds[i] = -1;
	strcpy(s->br, "br0");
	s->sndbuf = INT_MAX;
	s->n_queues = 1;
	s->vnet_hdr = s->vhost = s->vhostforce = TRI_unset;
	s->up = s->persist = TRI_unset;
	s->io = PORT_IO_auto;
	port_bridge_init(&s->bridge);
}

static const struct key *find_key(const char *name)
{
	for (unsigned i = 0; i < N_KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

bool port_spec_has(const struct port_spec *s, const char *name)
{
	const struct key *k = find_key(name);

	return k && (s->given >> (k - keys) & 1);
}

int port_spec_set(struct port_spec *s, const char *key, const char *value, struct err *e)
{
	const struct key *k = find_key(key);
	uint64_t bit;
	int code;

	if (value && strlen(value) > PORT_VALUE_MAX)
		return err_usage(e, "%s=%s: the value is longer than %d bytes", key,
				 value_show(value).text, PORT_VALUE_MAX);
	if (!k)
		return port_bridge_set(&s->bridge, key, value, e);
	bit = (uint64_t)1 << (k - keys);
	if (!value)
		return err_usage(e, "%s: the option needs a value, %s=...", key, key);
	if (s->given & bit && k->take != take_addr)
		return err_usage(e, "%s=%s: the option is given twice; keep one of them",
				 key, value_show(value).text);
	code = k->take(s, k, value, e);
	if (code < 0)
		return code;
	s->given |= bit;
	if (k->has)
		*(bool *)field(s, k->has) = true;
	return 0;
}

/*
 * Copy the text up to a lone comma to out, ",," as one comma, and move *p
 * behind it; false at the end of the text.
 */
static bool next_option(const char **p, char *out)
{
	const char *in = *p;

	if (!in)
		return false;
	while (*in && !(in[0] == ',' && in[1] != ',')) {
		in += *in == ',';
		*out++ = *in++;
	}
	*out = '\0';
	*p = *in ? in + 1 : NULL;
	return true;
}

int port_spec_parse(struct port_spec *s, const char *text, struct err *e)
{
	char *option = malloc(strlen(text) + 1);
	const char *p = text;
	int code = 0;

	port_spec_init(s);
	if (!option)
		return err_set(e, -ENOMEM, "no memory for the port's options");
	next_option(&p, option);
	if (strcmp(option, "tap") != 0)
		code = err_usage(
			e,
			"'%s' is no type of port; it must begin with 'tap,', as in "
			"tap,id=a,ifname=tap0",
			value_show(option).text);
	while (code == 0 && next_option(&p, option)) {
		char *value = strchr(option, '=');

		if (value)
			*value++ = '\0';
		if (*option == '\0')
			code = err_usage(
				e, "an empty option; write key=value between the commas");
		else
			code = port_spec_set(s, option, value, e);
	}
	free(option);
	return code;
}

enum port_source port_spec_source(const struct port_spec *s)
{
	if (s->has_fd || s->has_fds)
		return PORT_SOURCE_fds;
	return s->helper[0] ? PORT_SOURCE_helper : PORT_SOURCE_name;
}
