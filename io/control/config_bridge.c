/* SPDX-License-Identifier: BSD-2-Clause */
/* Bridges in struct config: --bridge NAME=A,B,..., and the keys of [bridge NAME]. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/control/config.h"
#include "io/port/value.h"

static const struct config_where command_line = {.file = NULL};

int config_bridge_new(struct config *c, const char *name,
		      const struct config_where *where, struct err *e)
{
	struct config_bridge *room;
	char buf[128];

	if (!port_spec_is_id(name))
		return config_blame(
			where,
			err_usage(
				e,
				"bridge %s: a bridge's name has 1 to %d letters, digits, "
				"'.', '_' or '-', and begins with a letter or digit",
				value_show(name).text, PORT_ID_MAX),
			e);
	for (unsigned i = 0; i < c->n_bridges; i++)
		if (strcmp(c->bridges[i].name, name) == 0)
			return config_blame(
				where,
				err_usage(e,
					  "bridge '%s' is there already (from %s); each "
					  "name may be used once",
					  name,
					  config_where_text(&c->bridges[i].where, buf)),
				e);
	room = config_grow(c->bridges, c->n_bridges, sizeof(*c->bridges));
	if (!room)
		return err_set(e, -ENOMEM, "no memory for the configuration");
	c->bridges = room;
	c->bridges[c->n_bridges] = (struct config_bridge){
		.where = where ? *where : command_line,
		.ageing_ms = CONFIG_AGEING_S * 1000,
		.n_macs = CONFIG_FDB_SIZE,
		.vlan_proto = VLAN_8021Q,
	};
	strcpy(c->bridges[c->n_bridges].name, name);
	return (int)c->n_bridges++;
}

/* --- keys ------------------------------------------------------------------------- */

struct key {
	const char *name;
	int (*take)(struct config *c, unsigned bridge, const char *value,
		    const struct config_where *where, struct err *e);
};

static int add_member(struct config *c, unsigned bridge, const char *id, size_t len,
		      const struct config_where *where, struct err *e)
{
	struct config_member *room;

	if (len == 0 || len > PORT_ID_MAX)
		return err_usage(e,
				 "bridge '%s': ports are the ids of ports with commas "
				 "between them, as in a,b,c",
				 c->bridges[bridge].name);
	if (c->n_members == CONFIG_PORTS_MAX)
		return err_usage(e, "more than %d ports in bridges", CONFIG_PORTS_MAX);
	room = config_grow(c->members, c->n_members, sizeof(*c->members));
	if (!room)
		return err_set(e, -ENOMEM, "no memory for the configuration");
	c->members = room;
	c->members[c->n_members] = (struct config_member){
		.bridge = bridge, .where = where ? *where : command_line};
	memcpy(c->members[c->n_members++].port, id, len);
	c->bridges[bridge].n_ports++;
	return 0;
}

static int take_ports(struct config *c, unsigned bridge, const char *value,
		      const struct config_where *where, struct err *e)
{
	for (const char *p = value;; p++) {
		size_t len = strcspn(p, ",");
		int code = add_member(c, bridge, p, len, where, e);

		p += len;
		if (code < 0 || *p == '\0')
			return code;
	}
}

static int take_ageing(struct config *c, unsigned bridge, const char *value,
		       const struct config_where *where, struct err *e)
{
	uint64_t n;
	int code = value_number("ageing-time", value, "the time in seconds", 0,
				CONFIG_AGEING_MAX, &n, e);

	(void)where;
	if (code == 0)
		c->bridges[bridge].ageing_ms = (uint32_t)n * 1000;
	return code;
}

static int take_filtering(struct config *c, unsigned bridge, const char *value,
			  const struct config_where *where, struct err *e)
{
	enum tristate on;
	int code = value_switch("vlan-filtering", value, false, &on, e);

	(void)where;
	if (code == 0)
		c->bridges[bridge].vlan_filtering = on == TRI_on;
	return code;
}

static int take_protocol(struct config *c, unsigned bridge, const char *value,
			 const struct config_where *where, struct err *e)
{
	(void)where;
	if (strcasecmp(value, "802.1q") == 0)
		c->bridges[bridge].vlan_proto = VLAN_8021Q;
	else if (strcasecmp(value, "802.1ad") == 0)
		c->bridges[bridge].vlan_proto = VLAN_8021AD;
	else
		return err_usage(e, "vlan-protocol=%s: must be 802.1Q or 802.1ad",
				 value_show(value).text);
	return 0;
}

static int take_mask(struct config *c, unsigned bridge, const char *value,
		     const struct config_where *where, struct err *e)
{
	/* STP, PAUSE, LACP: the Linux bridge refuses them, too */
	enum { REFUSED = 7 };
	unsigned long mask;
	char *end;

	(void)where;
	errno = 0;
	mask = strtoul(value, &end, 0);
	if (*value < '0' || *value > '9' || *end || errno || mask > UINT16_MAX ||
	    mask & REFUSED)
		return err_usage(
			e,
			"group-fwd-mask=%s: must be a number to 0xfff8, bit N for "
			"01-80-C2-00-00-0N; bits 0 to 2 (STP, PAUSE, LACP) cannot "
			"be set",
			value_show(value).text);
	c->bridges[bridge].group_fwd_mask = (uint16_t)mask;
	return 0;
}

static int take_size(struct config *c, unsigned bridge, const char *value,
		     const struct config_where *where, struct err *e)
{
	uint64_t n;
	int code = value_number("fdb-size", value, "the number of addresses", 1,
				FDB_MACS_MAX, &n, e);

	(void)where;
	if (code == 0)
		c->bridges[bridge].n_macs = (unsigned)n;
	return code;
}

static const struct key keys[] = {
	{"ports", take_ports},
	{"ageing-time", take_ageing},
	{"vlan-filtering", take_filtering},
	{"vlan-protocol", take_protocol},
	{"group-fwd-mask", take_mask},
	{"fdb-size", take_size},
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

int config_bridge_set(struct config *c, unsigned bridge, const char *key,
		      const char *value, const struct config_where *where, struct err *e)
{
	struct config_bridge *b = &c->bridges[bridge];
	unsigned i = 0;
	int code;

	while (i < N_KEYS && strcmp(keys[i].name, key) != 0)
		i++;
	if (i == N_KEYS)
		code = err_usage(e,
				 "%s: no such setting of a bridge; there are ports, "
				 "ageing-time, vlan-filtering, vlan-protocol, "
				 "group-fwd-mask and fdb-size",
				 value_show(key).text);
	else if (b->given >> i & 1 && keys[i].take != take_ports)
		code = err_usage(e, "%s=%s: the setting is given twice; keep one of them",
				 key, value_show(value).text);
	else
		code = keys[i].take(c, bridge, value, where, e);
	if (code < 0)
		return config_blame(where, code, e);
	b->given |= 1u << i;
	return 0;
}

/* One word between the commas: a port, or a setting. */
static int take_word(struct config *c, unsigned bridge, char *word, struct err *e)
{
	char *value = strchr(word, '=');

	if (!value)
		return config_bridge_set(c, bridge, "ports", word, NULL, e);
	*value++ = '\0';
	if (strcmp(word, "ports") == 0)
		return err_usage(e, "the ports follow the name at once, as in br0=a,b,c");
	return config_bridge_set(c, bridge, word, value, NULL, e);
}

int config_bridge_add(struct config *c, const char *text, struct err *e)
{
	char *copy = strdup(text), *rest = copy, *word;
	int bridge, code = 0;

	if (!copy)
		return err_set(e, -ENOMEM, "no memory for the configuration");
	word = strsep(&rest, "=");
	if (!rest)
		code = err_usage(e, "must be a name and the ids of ports, as in "
				    "br0=a,b,c");
	bridge = code < 0 ? code : config_bridge_new(c, word, NULL, e);
	if (bridge < 0)
		code = bridge;
	while (code == 0 && (word = strsep(&rest, ",")))
		code = take_word(c, (unsigned)bridge, word, e);
	free(copy);
	if (code < 0)
		err_prefix(e, "--bridge %s", value_show(text).text);
	return code;
}
