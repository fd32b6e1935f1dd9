/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration file and its drop-in folder into struct config. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "io/control/config.h"
#include "io/control/inifile.h"
#include "io/port/value.h"

enum section { SECTION_port, SECTION_bridge, SECTION_connect, SECTION_ringway };

struct loading {
	struct config *c;
	const char *file; /* kept by the config */
	enum section section;
	int port;   /* index, in SECTION_port */
	int bridge; /* the same */
};

static int take_section(void *user, const char *name, unsigned line, struct err *e)
{
	struct loading *l = user;
	const struct config_where where = {l->file, line};
	size_t len = strcspn(name, " \t");
	const char *rest = name + len + strspn(name + len, " \t");

	if (len == 4 && strncmp(name, "port", len) == 0) {
		l->section = SECTION_port;
		l->port = config_new_port(l->c, rest, &where, e);
		return l->port < 0 ? l->port : 0;
	}
	if (len == 6 && strncmp(name, "bridge", len) == 0) {
		l->section = SECTION_bridge;
		l->bridge = config_bridge_new(l->c, rest, &where, e);
		return l->bridge < 0 ? l->bridge : 0;
	}
	if (strcmp(name, "connect") == 0)
		l->section = SECTION_connect;
	else if (strcmp(name, "ringway") == 0)
		l->section = SECTION_ringway;
	else
		return err_config(e,
				  "%s:%u: [%s]: no such section; there are [port ID], "
				  "[bridge NAME], [connect] and [ringway]",
				  l->file, line, name);
	return 0;
}

static int take_port_key(struct loading *l, const char *key, const char *value,
			 const struct config_where *where, struct err *e)
{
	int code;

	if (strcmp(key, "id") == 0)
		code = err_usage(
			e,
			"id=%s: the id stands in the section's name, [port ID]; remove "
			"this line",
			value_show(value).text);
	else
		code = port_spec_set(&l->c->ports[l->port], key, value, e);
	return code < 0 ? config_blame(where, code, e) : 0;
}

static int take_key(void *user, const char *key, const char *value, unsigned line,
		    struct err *e)
{
	struct loading *l = user;
	const struct config_where where = {l->file, line};

	switch (l->section) {
	case SECTION_port:
		return take_port_key(l, key, value, &where, e);
	case SECTION_bridge:
		return config_bridge_set(l->c, (unsigned)l->bridge, key, value, &where,
					 e);
	case SECTION_ringway:
		return config_set(l->c, key, value, &where, e);
	case SECTION_connect:
		break;
	}
	if (strcmp(key, "pair") == 0)
		return config_add_connect(l->c, value, &where, e);
	return err_config(
		e, "%s:%u: %s: [connect] takes only pair = A:B, once for each connection",
		l->file, line, value_show(key).text);
}

static int load_one(struct config *c, const char *file, struct err *e)
{
	struct loading l = {.c = c, .file = config_keep_file(c, file)};
	const struct inifile_handlers h = {&l, take_section, take_key};

	if (!l.file)
		return err_set(e, -ENOMEM, "%s: no memory to read it", file);
	return inifile_read(l.file, &h, e);
}

/* "*.conf", but no hidden file: editors leave those behind. */
static int is_conf_name(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 &&
	       strcmp(d->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_drop_in(struct config *c, const char *dir, const char *name,
			struct err *e)
{
	struct stat st;
	char *path;
	int code = 0;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return err_set(e, -ENOMEM, "%s: no memory to read it", dir);
	/* what is there but no regular file is left alone; a dangling link is a mistake
	 */
	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		code = load_one(c, path, e);
	free(path);
	return code;
}

static int load_folder(struct config *c, const char *dir, struct err *e)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, is_conf_name, by_name), code = 0;

	if (n < 0) {
		code = -errno;
		if (code == -ENOENT)
			return 0;
		err_set(e, code, "%s: cannot read the drop-in folder: %s", dir,
			strerror(-code));
		if (e)
			e->exit_status = EX_NOINPUT;
		return code;
	}
	for (int i = 0; i < n; i++) {
		if (code == 0)
			code = load_drop_in(c, dir, names[i]->d_name, e);
		free(names[i]);
	}
	free(names);
	return code;
}

int config_load(struct config *c, const char *file, struct err *e)
{
	char *dir;
	int code = load_one(c, file, e);

	if (code < 0)
		return code;
	if (asprintf(&dir, "%s.d", file) < 0)
		return err_set(e, -ENOMEM, "%s: no memory to read it", file);
	code = load_folder(c, dir, e);
	free(dir);
	return code;
}
