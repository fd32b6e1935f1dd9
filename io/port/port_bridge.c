/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a port of a bridge: parsing, contradictions, and what core gets of them. */
#include "io/port/port_bridge.h"

#include <errno.h>
#include <string.h>

#include "io/port/value.h"

/* How one key is taken; arg: a flag or a kind of flooding. */
struct key {
	const char *name;
	int (*take)(struct port_bridge *b, const struct key *k, const char *value,
		    struct err *e);
	unsigned arg;
	bool is_vlan;
};

static int take_flag(struct port_bridge *b, const struct key *k, const char *value,
		     struct err *e)
{
	enum tristate on;
	int code = value_switch(k->name, value, false, &on, e);

	if (code == 0)
		b->flags = on == TRI_on ? b->flags | k->arg : b->flags & ~k->arg;
	return code;
}

static int take_group(struct port_bridge *b, const struct key *k, const char *value,
		      struct err *e)
{
	uint64_t n;
	int code = value_number(k->name, value, "the number of the group", 1,
				PORT_BRIDGE_GROUP_MAX, &n, e);

	if (code == 0)
		b->group = (uint16_t)n;
	return code;
}

static int take_mac_limit(struct port_bridge *b, const struct key *k, const char *value,
			  struct err *e)
{
	uint64_t n;
	int code = value_number(k->name, value, "the number of addresses", 1,
				FDB_MACS_MAX, &n, e);

	if (code == 0)
		b->mac_limit = (uint32_t)n;
	return code;
}

static int take_vlan(struct port_bridge *b, const struct key *k, const char *value,
		     struct err *e)
{
	uint64_t n;
	int code = value_number(k->name, value, "the VLAN", 1, VLAN_VID_MAX, &n, e);

	if (code == 0)
		*(strcmp(k->name, "access") == 0 ? &b->access : &b->native) = (uint16_t)n;
	return code;
}

/* "10" or "20-30", len bytes: 0 and the ends, or -EINVAL. */
static int read_range(const char *text, size_t len, uint64_t *first, uint64_t *last)
{
	const char *dash = memchr(text, '-', len);
	size_t n = dash ? (size_t)(dash - text) : len;

	if (value_digits(text, n, VLAN_VID_MAX, first) < 0)
		return -EINVAL;
	*last = *first;
	if (dash && value_digits(dash + 1, len - n - 1, VLAN_VID_MAX, last) < 0)
		return -EINVAL;
	return *first < 1 || *last < *first ? -EINVAL : 0;
}

static int take_trunk(struct port_bridge *b, const struct key *k, const char *value,
		      struct err *e)
{
	uint64_t set[VLAN_N / 64] = {0}, first, last;

	for (const char *p = value;; p++) {
		size_t len = strcspn(p, ",");

		if (read_range(p, len, &first, &last) < 0)
			return err_usage(e,
					 "%s=%s: must be VLANs from 1 to %d, as in "
					 "10,20-30 (on the command line 10,,20-30)",
					 k->name, value_show(value).text, VLAN_VID_MAX);
		for (; first <= last; first++)
			set[first / 64] |= 1ull << first % 64;
		p += len;
		if (*p == '\0')
			break;
	}
	memcpy(b->trunk, set, sizeof(set));
	return 0;
}

/* "PACKETS" or "PACKETS:BYTES", each per second, 0 = any number. */
static int take_storm(struct port_bridge *b, const struct key *k, const char *value,
		      struct err *e)
{
	const uint64_t most = 1000000000000; /* core/storm.h */
	struct port_bridge_storm s = {0, 0};
	size_t len = strcspn(value, ":");
	int code = value_digits(value, len, most, &s.packets);

	if (code == 0 && value[len])
		code = value_digits(value + len + 1, strlen(value + len + 1), most,
				    &s.bytes);
	if (code < 0)
		return err_usage(e,
				 "%s=%s: must be packets per second, or packets:bytes as "
				 "in 1000:100000 (0 = any number), each at most 10^12",
				 k->name, value_show(value).text);
	b->storm[k->arg] = s;
	return 0;
}

static const struct key keys[] = {
	{"learning", take_flag, BRIDGE_LEARNING, false},
	{"flood", take_flag, BRIDGE_FLOOD_UNICAST, false},
	{"mcast-flood", take_flag, BRIDGE_FLOOD_MULTICAST, false},
	{"bcast-flood", take_flag, BRIDGE_FLOOD_BROADCAST, false},
	{"isolated", take_flag, BRIDGE_ISOLATED, false},
	{"split-horizon", take_group, 0, false},
	{"mac-limit", take_mac_limit, 0, false},
	{"access", take_vlan, 0, true},
	{"trunk", take_trunk, 0, true},
	{"native", take_vlan, 0, true},
	{"storm-broadcast", take_storm, BRIDGE_BROADCAST, false},
	{"storm-multicast", take_storm, BRIDGE_MULTICAST, false},
	{"storm-unicast", take_storm, BRIDGE_UNICAST, false},
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

void port_bridge_init(struct port_bridge *b)
{
	*b = (struct port_bridge){.flags = BRIDGE_FLAGS, .mac_limit = UINT32_MAX};
}

int port_bridge_set(struct port_bridge *b, const char *key, const char *value,
		    struct err *e)
{
	unsigned i = 0;
	int code;

	while (i < N_KEYS && strcmp(keys[i].name, key) != 0)
		i++;
	if (i == N_KEYS)
		return err_usage(
			e, "%s: no such option of a port; 'ringway help run' lists them",
			value_show(key).text);
	if (!value)
		return err_usage(e, "%s: the option needs a value, %s=...", key, key);
	if (b->given >> i & 1)
		return err_usage(e, "%s=%s: the option is given twice; keep one of them",
				 key, value_show(value).text);
	code = keys[i].take(b, &keys[i], value, e);
	if (code == 0)
		b->given |= 1u << i;
	return code;
}

int port_bridge_check(const struct port_bridge *b, struct err *e)
{
	bool has_trunk = false;

	for (unsigned i = 0; i < VLAN_N / 64; i++)
		has_trunk |= b->trunk[i] != 0;
	if (b->access && (has_trunk || b->native))
		return err_usage(e,
				 "access= and %s= contradict each other: an access port "
				 "has one VLAN, without tags; leave one out",
				 has_trunk ? "trunk" : "native");
	return 0;
}

const char *port_bridge_key(const struct port_bridge *b, bool only_vlan)
{
	for (unsigned i = 0; i < N_KEYS; i++)
		if (b->given >> i & 1 && (keys[i].is_vlan || !only_vlan))
			return keys[i].name;
	return NULL;
}

void port_bridge_apply(const struct port_bridge *b, struct bridge_port *out)
{
	*out = (struct bridge_port){.flags = b->flags, .group = b->group};
	if (b->access || !port_bridge_key(b, true))
		vlan_set_access(&out->vlan, b->access ? b->access : 1);
	for (unsigned vid = 1; vid <= VLAN_VID_MAX; vid++)
		if (b->trunk[vid / 64] >> vid % 64 & 1)
			vlan_add(&out->vlan, (uint16_t)vid, 0);
	if (b->native)
		vlan_add(&out->vlan, b->native, VLAN_NATIVE | VLAN_UNTAGGED);
	for (unsigned i = 0; i < BRIDGE_KINDS; i++)
		storm_init(&out->storm[i], b->storm[i].packets, b->storm[i].bytes,
			   PORT_BRIDGE_STORM_MS);
}
