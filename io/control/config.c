/* SPDX-License-Identifier: BSD-2-Clause */
/* struct config filled, one option at a time, from the command line or a file. */
#include "io/control/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "io/port/value.h"

static const struct config_where command_line = {.file = NULL};

void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	c->n_workers = 1;
	c->busy_poll = BUSY_POLL_auto;
	c->form = LOOP_FORM_auto;
}

void config_fini(struct config *c)
{
	for (unsigned i = 0; i < c->n_files; i++)
		free(c->files[i]);
	free(c->files);
	free(c->ports);
	free(c->port_wheres);
	free(c->connects);
	free(c->bridges);
	free(c->members);
	config_init(c);
}

int config_blame(const struct config_where *where, int code, struct err *e)
{
	if (!e || !where || !where->file)
		return code;
	if (e->exit_status == EX_USAGE)
		e->exit_status = EX_CONFIG;
	err_prefix(e, "%s:%u", where->file, where->line);
	return code;
}

const char *config_keep_file(struct config *c, const char *file)
{
	char **files = realloc(c->files, (c->n_files + 1) * sizeof(*files));

	if (!files)
		return NULL;
	c->files = files;
	c->files[c->n_files] = strdup(file);
	return c->files[c->n_files] ? c->files[c->n_files++] : NULL;
}

void *config_grow(void *array, unsigned n, size_t size)
{
	if (n & (n - 1))
		return array;
	return realloc(array, (n ? 2 * (size_t)n : 1) * size);
}

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "no memory for the configuration");
}

int config_port_index(const struct config *c, const char *id)
{
	for (unsigned i = 0; i < c->n_ports; i++)
		if (strcmp(c->ports[i].id, id) == 0)
			return (int)i;
	return -1;
}

const char *config_where_text(const struct config_where *w, char buf[128])
{
	if (!w->file)
		return "the command line";
	snprintf(buf, 128, "%.100s:%u", w->file, w->line);
	return buf;
}

/* The next free port, not yet counted in n_ports. */
static struct port_spec *port_room(struct config *c, struct err *e)
{
	void *ports, *wheres;

	if (c->n_ports == CONFIG_PORTS_MAX) {
		err_usage(
			e,
			"more than %d ports; one ringway serves at most that many, start "
			"another for the others",
			CONFIG_PORTS_MAX);
		return NULL;
	}
	ports = config_grow(c->ports, c->n_ports, sizeof(*c->ports));
	if (ports)
		c->ports = ports;
	wheres = config_grow(c->port_wheres, c->n_ports, sizeof(*c->port_wheres));
	if (wheres)
		c->port_wheres = wheres;
	if (!ports || !wheres) {
		no_memory(e);
		return NULL;
	}
	return &c->ports[c->n_ports];
}

static int check_new_id(const struct config *c, const char *id, struct err *e)
{
	char buf[128];
	int idx = *id ? config_port_index(c, id) : -1;

	if (idx < 0)
		return 0;
	return err_usage(e,
			 "port '%s' is there already (from %s); each id may be used once",
			 id, config_where_text(&c->port_wheres[idx], buf));
}

int config_add_port(struct config *c, const char *spec, struct err *e)
{
	struct port_spec *s = port_room(c, e);
	int code;

	if (!s)
		return -EINVAL;
	code = port_spec_parse(s, spec, e);
	if (code == 0)
		code = check_new_id(c, s->id, e);
	if (code < 0) {
		err_prefix(e, "--port %s", value_show(spec).text);
		return code;
	}
	c->port_wheres[c->n_ports++] = command_line;
	return 0;
}

int config_new_port(struct config *c, const char *id, const struct config_where *where,
		    struct err *e)
{
	struct port_spec *s = port_room(c, e);
	int code;

	if (!s)
		return config_blame(where, -EINVAL, e);
	port_spec_init(s);
	code = port_spec_set(s, "id", id, e);
	if (code == 0)
		code = check_new_id(c, id, e);
	if (code < 0)
		return config_blame(where, code, e);
	c->port_wheres[c->n_ports] = where ? *where : command_line;
	return (int)c->n_ports++;
}

int config_add_connect(struct config *c, const char *pair,
		       const struct config_where *where, struct err *e)
{
	const char *colon = strchr(pair, ':');
	struct config_connect *room, connect = {.where = where ? *where : command_line};
	size_t a_len = colon ? (size_t)(colon - pair) : 0;

	if (!colon || a_len == 0 || a_len > PORT_ID_MAX || !colon[1] ||
	    strlen(colon + 1) > PORT_ID_MAX || strchr(colon + 1, ':')) {
		err_usage(e,
			  "%s%s: must be the ids of two ports with ':' between them, as "
			  "in a:b",
			  where && where->file ? "pair=" : "--connect ",
			  value_show(pair).text);
		return config_blame(where, -EINVAL, e);
	}
	memcpy(connect.a, pair, a_len);
	strcpy(connect.b, colon + 1);
	if (c->n_connects == CONFIG_PORTS_MAX) {
		err_usage(e, "more than %d connections", CONFIG_PORTS_MAX);
		return config_blame(where, -EINVAL, e);
	}
	room = config_grow(c->connects, c->n_connects, sizeof(*c->connects));
	if (!room)
		return no_memory(e);
	c->connects = room;
	c->connects[c->n_connects++] = connect;
	return 0;
}

/* --- settings of the whole program -------------------------------------------------- */

static int set_workers(struct config *c, const char *value, struct err *e)
{
	uint64_t n;
	int code = value_number("workers", value, "the number of threads", 1,
				CONFIG_WORKERS_MAX, &n, e);

	if (code == 0)
		c->n_workers = (unsigned)n;
	return code;
}

static int set_cpus(struct config *c, const char *value, struct err *e)
{
	return value_cpus("cpus", value, c->cpus, &c->n_cpus, e);
}

static int set_busy_poll(struct config *c, const char *value, struct err *e)
{
	uint64_t n;

	if (strcmp(value, "auto") == 0)
		c->busy_poll = BUSY_POLL_auto;
	else if (strcmp(value, "off") == 0)
		c->busy_poll = BUSY_POLL_off;
	else if (value_digits(value, strlen(value), CONFIG_BUSY_POLL_MAX, &n) == 0)
		c->busy_poll = (int)n;
	else
		return err_usage(
			e,
			"busy-poll=%s: must be auto, off, or microseconds from 0 to %d",
			value_show(value).text, CONFIG_BUSY_POLL_MAX);
	return 0;
}

static int set_form(struct config *c, const char *value, struct err *e)
{
	static const char *const names[] = {"auto", "A", "B", "C", "D", "E"};

	for (int i = LOOP_FORM_auto; i <= LOOP_FORM_E; i++)
		if (strcmp(value, names[i]) == 0) {
			c->form = (enum loop_form)i;
			return 0;
		}
	return err_usage(e, "uring-form=%s: must be auto, A, B, C, D or E",
			 value_show(value).text);
}

static int set_pidfile(struct config *c, const char *value, struct err *e)
{
	if (*value == '\0' || strlen(value) >= sizeof(c->pidfile))
		return err_usage(e, "pidfile=%s: must be the path of a file",
				 value_show(value).text);
	strcpy(c->pidfile, value);
	return 0;
}

static const struct setting {
	const char *name;
	int (*set)(struct config *c, const char *value, struct err *e);
} settings[CONFIG_SETTINGS] = {
	{"workers", set_workers}, {"cpus", set_cpus},	    {"busy-poll", set_busy_poll},
	{"uring-form", set_form}, {"pidfile", set_pidfile},
};

const struct config_where *config_where_of(const struct config *c, const char *key)
{
	for (unsigned i = 0; i < CONFIG_SETTINGS; i++)
		if (c->is_set[i] && strcmp(settings[i].name, key) == 0)
			return &c->set_wheres[i];
	return &command_line;
}

/* May what is written here replace what is written there? */
static bool is_override(const struct config_where *here, const struct config_where *there)
{
	return !here->file || there->file;
}

static int set_once(struct config *c, unsigned idx, const char *value,
		    const struct config_where *here, struct err *e)
{
	const struct config_where *there = &c->set_wheres[idx];
	struct config untouched;
	char buf[128];
	int code;

	if (c->is_set[idx] && here->file == there->file)
		return err_usage(e, "%s is given twice (before at %s); keep one of them",
				 settings[idx].name, config_where_text(there, buf));
	if (c->is_set[idx] && !is_override(here, there)) {
		config_init(&untouched); /* still to be checked, not to be used */
		return settings[idx].set(&untouched, value, e);
	}
	code = settings[idx].set(c, value, e);
	if (code < 0)
		return code;
	c->is_set[idx] = true;
	c->set_wheres[idx] = *here;
	return 0;
}

int config_set(struct config *c, const char *key, const char *value,
	       const struct config_where *where, struct err *e)
{
	int code;

	if (!where)
		where = &command_line;
	for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
		if (strcmp(settings[i].name, key) != 0)
			continue;
		code = set_once(c, i, value, where, e);
		return code < 0 ? config_blame(where, code, e) : 0;
	}
	code = err_usage(
		e,
		"%s: no such setting; there are workers, cpus, busy-poll, uring-form and "
		"pidfile",
		value_show(key).text);
	return config_blame(where, code, e);
}
