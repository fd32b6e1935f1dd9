/* SPDX-License-Identifier: BSD-2-Clause */
/* struct port_bridge: what a port is to do as a port of a bridge; plain data. */
#ifndef IO_PORT_PORT_BRIDGE_H
#define IO_PORT_PORT_BRIDGE_H

#include "core/bridge.h"
#include "core/err.h"

enum {
	PORT_BRIDGE_GROUP_MAX = 65535,
	PORT_BRIDGE_STORM_MS = 100, /* of a storm limit's rate as much may come at once */
};

struct port_bridge_storm {
	uint64_t packets, bytes; /* per second; 0 = any number */
};

struct port_bridge {
	unsigned flags;		     /* enum bridge_flag */
	uint16_t group;		     /* split-horizon=; 0 = none */
	uint32_t mac_limit;	     /* UINT32_MAX = none */
	uint16_t access, native;     /* VLANs; 0 = not written */
	uint64_t trunk[VLAN_N / 64]; /* the VLANs of trunk= */
	struct port_bridge_storm storm[BRIDGE_KINDS];
	unsigned given; /* which keys were written; port_bridge.c's own */
};

/* Nothing written: it learns, and all is flooded to it. */
void port_bridge_init(struct port_bridge *b);

/* Take one option; an unknown one is told as no option of a port. */
int port_bridge_set(struct port_bridge *b, const char *key, const char *value,
		    struct err *e);

/* Contradictions among them: 0, or an error that names the options. */
int port_bridge_check(const struct port_bridge *b, struct err *e);

/* The first key that was written, of those that need vlan-filtering=on or of all; or
 * NULL. Static. */
const char *port_bridge_key(const struct port_bridge *b, bool only_vlan);

/*
 * The same for core. With no VLAN written the port is an access port of VLAN 1, as in
 * Linux.
 */
void port_bridge_apply(const struct port_bridge *b, struct bridge_port *out);

#endif
