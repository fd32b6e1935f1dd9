/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks of bridges that need no kernel. */
#include <string.h>

#include "io/control/config.h"

/* Where each port is; -1 = nowhere. */
struct places {
	int connect[CONFIG_PORTS_MAX]; /* index of a connection */
	int bridge[CONFIG_PORTS_MAX];
};

static void find_connects(const struct config *c, struct places *at)
{
	for (unsigned i = 0; i < c->n_ports; i++)
		at->connect[i] = at->bridge[i] = -1;
	for (unsigned i = 0; i < c->n_connects; i++) {
		int a = config_port_index(c, c->connects[i].a);
		int b = config_port_index(c, c->connects[i].b);

		if (a >= 0)
			at->connect[a] = (int)i;
		if (b >= 0)
			at->connect[b] = (int)i;
	}
}

static int check_member(const struct config *c, const struct config_member *m,
			struct places *at, struct err *e)
{
	const char *name = c->bridges[m->bridge].name;
	int idx = config_port_index(c, m->port);

	if (idx < 0)
		return err_usage(e,
				 "bridge '%s': there is no port '%s'; add it, or correct "
				 "the id",
				 name, m->port);
	if (at->connect[idx] >= 0)
		return err_usage(e,
				 "bridge '%s': port '%s' is in the connection %s:%s "
				 "already; a port is in a bridge or in a connection",
				 name, m->port, c->connects[at->connect[idx]].a,
				 c->connects[at->connect[idx]].b);
	if (at->bridge[idx] == (int)m->bridge)
		return err_usage(e, "bridge '%s': port '%s' is in it twice", name,
				 m->port);
	if (at->bridge[idx] >= 0)
		return err_usage(e,
				 "bridge '%s': port '%s' is in bridge '%s' already; a "
				 "port is in one bridge only",
				 name, m->port, c->bridges[at->bridge[idx]].name);
	at->bridge[idx] = (int)m->bridge;
	return 0;
}

/* Has the port options that mean nothing where it is? */
static int check_options(const struct config *c, unsigned port, int bridge, struct err *e)
{
	const struct port_spec *s = &c->ports[port];
	const char *key = port_bridge_key(&s->bridge, bridge >= 0);

	if (!key)
		return 0;
	if (bridge < 0)
		return err_usage(e,
				 "port '%s': %s= is for a port of a bridge, and it is in "
				 "none",
				 s->id, key);
	if (!c->bridges[bridge].vlan_filtering)
		return err_usage(e,
				 "port '%s': %s= means nothing without vlan-filtering=on "
				 "of bridge '%s'",
				 s->id, key, c->bridges[bridge].name);
	if (port_bridge_check(&s->bridge, e) == 0)
		return 0;
	err_prefix(e, "port '%s'", s->id);
	return e->code;
}

static int check_bridge(const struct config_bridge *b, struct err *e)
{
	int code = 0;

	if (b->n_ports < 2)
		code = err_usage(e, "bridge '%s' has %s; it needs two at least", b->name,
				 b->n_ports ? "one port" : "no ports");
	else if (b->vlan_proto == VLAN_8021AD && !b->vlan_filtering)
		code = err_usage(e,
				 "bridge '%s': vlan-protocol= means nothing without "
				 "vlan-filtering=on",
				 b->name);
	return code < 0 ? config_blame(&b->where, code, e) : 0;
}

int config_check_bridge(const struct config *c, struct err *e)
{
	struct places at;
	int code = 0;

	find_connects(c, &at);
	for (unsigned i = 0; i < c->n_members && code == 0; i++) {
		code = check_member(c, &c->members[i], &at, e);
		if (code < 0)
			config_blame(&c->members[i].where, code, e);
	}
	for (unsigned i = 0; i < c->n_bridges && code == 0; i++)
		code = check_bridge(&c->bridges[i], e);
	for (unsigned i = 0; i < c->n_ports && code == 0; i++) {
		code = check_options(c, i, at.bridge[i], e);
		if (code < 0)
			config_blame(&c->port_wheres[i], code, e);
	}
	return code;
}
