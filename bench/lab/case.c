/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading what a case file says about a forwarder, and whether it can run here. */
#include "bench/lab/case.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/lab/case_find.h"
#include "io/control/inifile.h"

enum { TEXT_MAX = 32768, NAME_LEN_MAX = 48 };

struct reading {
	struct case_spec *c;
	const char *file;
	bool in_case, has_links;
};

/* --- keys -------------------------------------------------------------------- */

enum kind { KIND_word, KIND_lines, KIND_bool, KIND_number, KIND_links };

static const struct key {
	const char *name;
	enum kind kind;
	size_t at;
	unsigned max; /* of a number */
} keys[] = {
	{"title", KIND_word, offsetof(struct case_spec, title), 0},
	{"needs", KIND_word, offsetof(struct case_spec, needs), 0},
	{"files", KIND_word, offsetof(struct case_spec, files), 0},
	{"package", KIND_word, offsetof(struct case_spec, package), 0},
	{"bin", KIND_word, offsetof(struct case_spec, bin), 0},
	{"links", KIND_links, offsetof(struct case_spec, links), 0},
	{"poll", KIND_bool, offsetof(struct case_spec, poll), 0},
	{"pins", KIND_bool, offsetof(struct case_spec, pins), 0},
	{"vnet", KIND_bool, offsetof(struct case_spec, vnet), 0},
	{"max-ports", KIND_number, offsetof(struct case_spec, max_ports), CASE_PORTS_MAX},
	{"max-queues", KIND_number, offsetof(struct case_spec, max_queues),
	 CASE_QUEUES_MAX},
	{"patience", KIND_number, offsetof(struct case_spec, patience), 3600},
	{"start", KIND_lines, offsetof(struct case_spec, start), 0},
	{"ready", KIND_lines, offsetof(struct case_spec, ready), 0},
	{"stop", KIND_lines, offsetof(struct case_spec, stop), 0},
	{"calls", KIND_lines, offsetof(struct case_spec, calls), 0},
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

static int set_text(char **to, const char *value, bool is_lines, struct err *e)
{
	size_t had = *to && is_lines ? strlen(*to) : 0, len = strlen(value);
	char *text;

	if (had + len + 2 > TEXT_MAX)
		return err_config(e, "more than %d bytes of commands", TEXT_MAX);
	text = realloc(*to, had + len + 2);
	if (!text)
		return err_set(e, -ENOMEM, "not enough memory for a case");
	memcpy(text + had, value, len);
	memcpy(text + had + len, is_lines ? "\n" : "", is_lines ? 2 : 1);
	*to = text;
	return 0;
}

static int set_number(unsigned *to, const char *value, unsigned max, struct err *e)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || n < 1 || n > max)
		return err_config(e, "'%s' is no number from 1 to %u", value, max);
	*to = (unsigned)n;
	return 0;
}

static int set_links(enum case_links *to, const char *value, struct err *e)
{
	static const char *const words[] = {"tap", "move", "veth"};

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(value, words[i]) == 0) {
			*to = (enum case_links)i;
			return 0;
		}
	return err_config(e, "'%s' is none of tap, move and veth", value);
}

static int set_bool(bool *to, const char *value, struct err *e)
{
	*to = strcmp(value, "yes") == 0;
	return *to || strcmp(value, "no") == 0
		       ? 0
		       : err_config(e, "'%s' is neither yes nor no", value);
}

static int set_key(struct reading *r, const struct key *k, const char *value,
		   struct err *e)
{
	void *to = (char *)r->c + k->at;

	switch (k->kind) {
	case KIND_word:
		if (*(char **)to && **(char **)to)
			return err_config(e, "a second time");
		return set_text(to, value, false, e);
	case KIND_lines:
		return set_text(to, value, true, e);
	case KIND_bool:
		return set_bool(to, value, e);
	case KIND_number:
		return set_number(to, value, k->max, e);
	default:
		r->has_links = true;
		return set_links(to, value, e);
	}
}

static int take_section(void *user, const char *name, unsigned line, struct err *e)
{
	struct reading *r = user;

	if (strcmp(name, "case") != 0 || r->in_case)
		return err_config(e, "%s:%u: [%s]: there is one section, [case]", r->file,
				  line, name);
	r->in_case = true;
	return 0;
}

static int take_key(void *user, const char *name, const char *value, unsigned line,
		    struct err *e)
{
	struct reading *r = user;
	int rc;

	for (unsigned i = 0; i < N_KEYS; i++)
		if (strcmp(keys[i].name, name) == 0) {
			rc = set_key(r, &keys[i], value, e);
			if (rc < 0)
				err_prefix(e, "%s:%u: %s", r->file, line, name);
			return rc;
		}
	return err_config(e, "%s:%u: there is no key '%s' in a case", r->file, line,
			  name);
}

/* --- the words a case is asked for by ------------------------------------------ */

static bool is_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	return len && !s[len] && len <= NAME_LEN_MAX && *s != '.' && *s != '-';
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t a = strlen(s), b = strlen(suffix);

	return a > b && strcmp(s + a - b, suffix) == 0;
}

static int unknown(const char *name, struct err *e)
{
	char list[512] = "", **names = case_names(NULL);
	size_t n = 0;

	for (char **p = names; p && *p && n < sizeof(list); p++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				      *p);
	free(names);
	return err_usage(e, "there is no case '%.80s'; there are %s", name, list);
}

/* first: NAME, NAME:BIN=PATH, PATH or FILE.case. Fills file, c->name and c->bin. */
static int locate(struct case_spec *c, char *first, char file[PATH_MAX], struct err *e)
{
	char folder[PATH_MAX], *bin = strstr(first, ":BIN=");
	const char *name = first, *slash = strrchr(first, '/');
	int rc;

	if (bin) {
		*bin = '\0';
		bin += strlen(":BIN=");
		if (!*bin)
			return err_usage(e, "%s:BIN=: no program behind it", first);
	} else if (slash && !has_suffix(first, ".case")) {
		bin = first;
		name = "ringway";
	}
	if (bin && (rc = set_text(&c->bin, bin, false, e)) < 0)
		return rc;
	if (strchr(name, '/')) {
		snprintf(file, PATH_MAX, "%s", name);
		c->name = strndup(slash + 1, strlen(slash + 1) - strlen(".case"));
	} else if (!is_name(name)) {
		return unknown(name, e);
	} else {
		rc = case_find_folder(folder, e);
		if (rc < 0)
			return rc;
		if (snprintf(file, PATH_MAX, "%s/%s.case", folder, name) >= PATH_MAX ||
		    access(file, F_OK) < 0)
			return unknown(name, e);
		c->name = strdup(name);
	}
	return c->name ? 0 : err_set(e, -ENOMEM, "not enough memory for a case");
}

static int fill_blanks(struct case_spec *c, struct err *e)
{
	char **const texts[] = {&c->title,   &c->needs, &c->files, &c->package, &c->bin,
				&c->options, &c->ready, &c->stop,  &c->calls};
	int rc = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !rc; i++)
		if (!*texts[i])
			rc = set_text(texts[i], "", false, e);
	return rc;
}

/* The file's own program, unless another build of it was asked for. */
static int read_file(struct case_spec *c, const char *file, struct err *e)
{
	struct reading r = {.c = c, .file = file};
	struct inifile_handlers h = {
		.user = &r, .section = take_section, .key = take_key};
	char *wish = c->bin, path[PATH_MAX];
	int rc;

	c->bin = NULL;
	rc = inifile_read(file, &h, e);
	if (rc == 0 && (!c->start || !r.has_links))
		rc = err_config(e, "%s: no '%s' in it", file,
				c->start ? "links" : "start");
	if (rc == 0 && wish && !c->bin)
		rc = err_usage(e,
			       "%s: it has no program to be exchanged by BIN=", c->name);
	if (rc == 0 && wish) {
		free(c->bin);
		c->bin = realpath(wish, NULL);
		if (c->bin)
			free(wish);
		else
			c->bin = wish; /* case_check tells */
		return 0;
	}
	free(wish);
	if (rc == 0 && c->bin && case_find_program(c->bin, path) == 0) {
		free(c->bin);
		c->bin = strdup(path);
	}
	return rc;
}

void case_init(struct case_spec *c)
{
	*c = (struct case_spec){.max_ports = 2, .max_queues = 1, .patience = 30};
}

void case_fini(struct case_spec *c)
{
	char *const texts[] = {c->words, c->name,    c->title, c->needs,
			       c->files, c->package, c->bin,   c->options,
			       c->start, c->ready,   c->stop,  c->calls};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	case_init(c);
}

int case_read(struct case_spec *c, const char *words, struct err *e)
{
	char file[PATH_MAX], first[PATH_MAX];
	size_t len;
	int rc;

	case_init(c);
	words += strspn(words, " \t");
	len = strcspn(words, " \t");
	if (!len || len >= sizeof(first))
		return err_usage(
			e, len ? "the name of the case is too long"
			       : "no name of a case; 'ringway-bench cases' lists them");
	memcpy(first, words, len);
	first[len] = '\0';
	rc = set_text(&c->words, words, false, e);
	if (!rc)
		rc = set_text(&c->options, words + len + strspn(words + len, " \t"),
			      false, e);
	if (!rc)
		rc = locate(c, first, file, e);
	if (!rc)
		rc = read_file(c, file, e);
	if (!rc)
		rc = fill_blanks(c, e);
	if (rc < 0)
		case_fini(c);
	return rc;
}

/* --- what there is ------------------------------------------------------------- */

static int missing(const struct case_spec *c, const char *program, struct err *e)
{
	if (*c->package)
		return err_set(e, -ENOENT, "%s: no %s here (Debian's package %s has it)",
			       c->name, program, c->package);
	return err_set(e, -ENOENT, "%s: there is no program %s", c->name, program);
}

/* The next of some words with blanks between; false at their end. */
static bool has_word(const char **p, char word[PATH_MAX])
{
	size_t len;

	*p += strspn(*p, " ");
	len = strcspn(*p, " ");
	snprintf(word, PATH_MAX, "%.*s", (int)len, *p);
	*p += len;
	return len > 0;
}

int case_check(const struct case_spec *c, struct err *e)
{
	char path[PATH_MAX], word[PATH_MAX];
	const char *p = c->needs;

	if (*c->bin && case_find_program(c->bin, path) < 0)
		return missing(c, c->bin, e);
	while (has_word(&p, word))
		if (case_find_program(word, path) < 0)
			return missing(c, word, e);
	for (p = c->files; has_word(&p, word);)
		if (access(word, F_OK) < 0)
			return err_set(e, -ENOENT, "%s: there is no %s here", c->name,
				       word);
	return 0;
}

static int is_case(const struct dirent *d)
{
	return has_suffix(d->d_name, ".case");
}

char **case_names(struct err *e)
{
	char folder[PATH_MAX], **names = NULL, *text;
	struct dirent **list;
	size_t bytes = 0;
	int n;

	if (case_find_folder(folder, e) < 0)
		return NULL;
	n = scandir(folder, &list, is_case, alphasort);
	for (int i = 0; i < n; i++)
		bytes += strlen(list[i]->d_name) + 1;
	if (n >= 0)
		names = malloc(((size_t)n + 1) * sizeof(*names) + bytes);
	text = names ? (char *)(names + n + 1) : NULL;
	for (int i = 0; i < n; i++) {
		if (names) {
			names[i] = text;
			text = stpcpy(text, list[i]->d_name) + 1;
			names[i][strlen(names[i]) - strlen(".case")] = '\0';
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (names)
		names[n] = NULL;
	else
		err_set(e, n < 0 ? -errno : -ENOMEM, "%s: cannot be read", folder);
	return names;
}
