/* SPDX-License-Identifier: BSD-2-Clause */
/* struct config: everything `ringway run` was asked for, plain data. */
#ifndef IO_CONTROL_CONFIG_H
#define IO_CONTROL_CONFIG_H

#include <stdbool.h>

#include "core/err.h"
#include "io/loop/engine.h"
#include "io/port/port_spec.h"
#include "io/port/value.h"

enum {
	CONFIG_PORTS_MAX = 1024,
	CONFIG_CPUS_MAX = VALUE_CPUS_MAX,
	CONFIG_WORKERS_MAX = 256,
	CONFIG_BUSY_POLL_MAX = 1000000, /* microseconds */
	CONFIG_AGEING_S = 300,		/* as in Linux */
	CONFIG_AGEING_MAX = 1000000,	/* seconds */
	CONFIG_FDB_SIZE = 16384,
	CONFIG_SETTINGS = 5, /* keys that config_set knows */
};

/* Where a thing was written. */
struct config_where {
	const char
		*file; /* NULL = the command line; else one of the config's own names */
	unsigned line;
};

struct config_connect {
	char a[PORT_ID_MAX + 1], b[PORT_ID_MAX + 1];
	struct config_where where;
};

struct config_bridge {
	char name[PORT_ID_MAX + 1];
	struct config_where where;
	unsigned n_ports;
	uint32_t ageing_ms;
	unsigned n_macs;
	bool vlan_filtering;
	uint16_t vlan_proto; /* VLAN_8021Q, VLAN_8021AD */
	uint16_t group_fwd_mask;
	unsigned given; /* which keys were written; config_bridge.c's own */
};

/* A port of a bridge, by id and by the bridge's index. */
struct config_member {
	char port[PORT_ID_MAX + 1];
	unsigned bridge;
	struct config_where where;
};

struct config {
	struct port_spec *ports; /* owned array */
	struct config_where *port_wheres;
	unsigned n_ports;
	struct config_connect *connects; /* owned array */
	unsigned n_connects;
	struct config_bridge *bridges; /* owned array */
	unsigned n_bridges;
	struct config_member *members; /* owned array, of all bridges, as written */
	unsigned n_members;
	unsigned n_workers;
	int cpus[CONFIG_CPUS_MAX];
	unsigned n_cpus;
	int busy_poll;
	enum loop_form form;
	char pidfile[4096]; /* "" = none */
	bool check_only;

	/* config.c's own */
	bool is_set[CONFIG_SETTINGS];
	struct config_where set_wheres[CONFIG_SETTINGS];
	char **files; /* names that the wheres point to */
	unsigned n_files;
};

void config_init(struct config *c);
void config_fini(struct config *c); /* may run twice */

/*
 * Each takes one option's value; NULL as where: the command line. The
 * sentence of an error begins with the file and line, if it is one's.
 */

/* SPEC in QEMU's form. */
int config_add_port(struct config *c, const char *spec, struct err *e);

/*
 * A port without options yet, for a file's section: its index. A second port
 * of the same id, wherever the first was written, is an error that names both.
 */
int config_new_port(struct config *c, const char *id, const struct config_where *where,
		    struct err *e);

/* pair: "A:B" */
int config_add_connect(struct config *c, const char *pair,
		       const struct config_where *where, struct err *e);

/* text: "NAME=A,B,...", ports and settings ("KEY=VALUE") in any order. */
int config_bridge_add(struct config *c, const char *text, struct err *e);

/* A bridge without ports yet, for a file's section: its index. */
int config_bridge_new(struct config *c, const char *name,
		      const struct config_where *where, struct err *e);

/* A setting of it: "ports" (repeatable), "ageing-time", "vlan-filtering", ... */
int config_bridge_set(struct config *c, unsigned bridge, const char *key,
		      const char *value, const struct config_where *where, struct err *e);

/*
 * key: "workers", "cpus", "busy-poll", "uring-form", "pidfile". Twice in one
 * file, or twice on the command line, is an error; a later file wins over an
 * earlier one, and the command line over all.
 */
int config_set(struct config *c, const char *key, const char *value,
	       const struct config_where *where, struct err *e);

/* Keep a copy of a file's name for as long as the config lives; NULL: no memory. */
const char *config_keep_file(struct config *c, const char *file);

/* Where a setting that config_set took was written; never NULL. */
const struct config_where *config_where_of(const struct config *c, const char *key);

/* "FILE:LINE", or how the command line is called. */
const char *config_where_text(const struct config_where *w, char buf[128]);

/*
 * Room for one element more behind n of them; arrays double at powers of two,
 * so that many ports cost no quadratic copying. The array, or NULL.
 */
void *config_grow(void *array, unsigned n, size_t size);

/* Make a usage error in a file one of configuration, with "FILE:LINE: " before it. */
int config_blame(const struct config_where *where, int code, struct err *e);

/*
 * Read FILE, then FILE.d/<name>.conf in the C locale's order of names
 * (config_load.c). All of it is parsed and nothing is opened but these files.
 */
int config_load(struct config *c, const char *file, struct err *e);

/*
 * All checks that need no kernel: each port_spec_check, no standard output
 * or error as a port, no fd used twice over all ports, pairs known and each port in one
 * pair or bridge at most, at least one port (config_check.c).
 */
int config_check(const struct config *c, struct err *e);

/* Of these: the bridges, and the options of their ports (config_check_bridge.c). */
int config_check_bridge(const struct config *c, struct err *e);

/* Index of a port by id, or -1. */
int config_port_index(const struct config *c, const char *id);

#endif
