/* SPDX-License-Identifier: BSD-2-Clause */
/* An INI file, read by inih behind checks for all that inih would cut or drop silently.
 */
#include "io/control/inifile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * How it works: the file is read into memory; inih asks take_line for one line
 * after the other. Each is checked before inih sees it, and a line at fault
 * ends the file there. So inih meets only lines that it does not misread, and
 * the number of the line that a key came from is known, which inih 55 does not
 * tell its handler.
 */
struct reading {
	const char *file;
	const struct inifile_handlers *h;
	const char *pos, *end;
	unsigned line;
	int code; /* the first failure, 0 = none */
	struct err *e;
};

static void set_failed(struct reading *r, const char *reason)
{
	r->code = err_config(r->e, "%s:%u: %s", r->file, r->line, reason);
}

static bool is_blank(char ch)
{
	return ch == ' ' || ch == '\t';
}

static const char *find_bad_byte(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\0')
			return "a NUL byte; this is no text file";
		if (iscntrl((unsigned char)s[i]) && s[i] != '\t')
			return "a control character; remove it";
	}
	return NULL;
}

/* A "[section]" line without blanks around it: NULL, or what is wrong. */
static const char *check_section(const char *s, size_t len)
{
	if (s[len - 1] != ']' || memchr(s, ']', len - 1))
		return "a section must look like [name], with nothing behind the bracket";
	if (len - 2 > INIFILE_SECTION_MAX)
		return "the name of the section is longer than 49 bytes; shorten it";
	return NULL;
}

/* What is wrong with a line (without its end), or NULL. */
static const char *check_line(const char *s, size_t len)
{
	const char *bad;
	size_t lead = 0;

	while (lead < len && is_blank(s[lead]))
		lead++;
	if (len > INIFILE_LINE_MAX)
		return "the line is longer than 198 bytes; shorten it, or give the port "
		       "by --port";
	bad = find_bad_byte(s, len);
	if (bad)
		return bad;
	if (lead == len || s[lead] == ';' || s[lead] == '#')
		return NULL;
	if (lead)
		return "the line begins with a blank, which would continue the line "
		       "before; "
		       "remove the blank";
	for (size_t i = 1; i < len; i++)
		if ((s[i] == ';' || s[i] == '#') && is_blank(s[i - 1]))
			return "a blank and ';' or '#' within the line; a comment needs "
			       "a line of "
			       "its own";
	if (s[0] == '[')
		return check_section(s, len);
	if (s[0] == '=' || s[0] == ':')
		return "no key before the '='; write key = value";
	if (!memchr(s, '=', len) && !memchr(s, ':', len))
		return "neither [section] nor key = value";
	return NULL;
}

static void begin_section(struct reading *r, const char *s, size_t len)
{
	char name[INIFILE_SECTION_MAX + 1];

	while (len && is_blank(*s))
		s++, len--;
	while (len && is_blank(s[len - 1]))
		len--;
	memcpy(name, s, len);
	name[len] = '\0';
	r->code = r->h->section(r->h->user, name, r->line, r->e);
}

/* inih's reader: one checked line, without its end, into str; NULL ends the file. */
static char *take_line(char *str, int size, void *stream)
{
	struct reading *r = stream;
	const char *s = r->pos, *eol, *bad;
	size_t len;

	if (r->code < 0 || s == r->end)
		return NULL;
	eol = memchr(s, '\n', (size_t)(r->end - s));
	r->pos = eol ? eol + 1 : r->end;
	len = (size_t)((eol ? eol : r->end) - s);
	r->line++;
	while (len && (is_blank(s[len - 1]) || s[len - 1] == '\r'))
		len--;
	bad = check_line(s, len);
	if (!bad && len + 1 > (size_t)size)
		bad = "the line is longer than this build of inih takes; shorten it";
	if (bad) {
		set_failed(r, bad);
		return NULL;
	}
	if (len && s[0] == '[')
		begin_section(r, s + 1, len - 2);
	if (r->code < 0)
		return NULL;
	memcpy(str, s, len);
	str[len] = '\0';
	return str;
}

/*
 * A value without the pair of quotes around it, as other INI readers take it. Quotes
 * that are part of it, as in a command of several words, are left alone.
 */
static const char *unquoted(const char *value, char plain[INIFILE_LINE_MAX + 1])
{
	size_t len = strlen(value);

	if (len < 2 || len - 2 > INIFILE_LINE_MAX || (*value != '"' && *value != '\'') ||
	    strchr(value + 1, *value) != value + len - 1)
		return value;
	memcpy(plain, value + 1, len - 2);
	plain[len - 2] = '\0';
	return plain;
}

/* inih's handler: nonzero = good. */
static int take_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	char plain[INIFILE_LINE_MAX + 1];

	if (r->code < 0)
		return 0;
	value = unquoted(value, plain);
	if (*section == '\0')
		set_failed(r, "a key before the first [section]; move it behind one");
	else
		r->code = r->h->key(r->h->user, name, value, r->line, r->e);
	return r->code == 0;
}

/* The whole of a file: its length, or a negative errno. *text is the caller's. */
static ssize_t read_all(int fd, char **text)
{
	size_t len = 0, room = 1 << 16;
	char *buf = malloc(room);

	while (buf) {
		ssize_t n = read(fd, buf + len, room - len);
		char *more;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*text = buf;
			return n < 0 ? -errno : (ssize_t)len;
		}
		len += (size_t)n;
		if (len > INIFILE_SIZE_MAX) {
			*text = buf;
			return -EFBIG;
		}
		if (len < room)
			continue;
		room *= 2;
		more = realloc(buf, room);
		if (!more)
			free(buf);
		buf = more;
	}
	return -ENOMEM;
}

static int parse(const char *file, const char *text, size_t len,
		 const struct inifile_handlers *h, struct err *e)
{
	struct reading r = {
		.file = file,
		.h = h,
		.pos = text,
		.end = text + len,
		.e = e,
	};
	int line;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.pos += 3; /* a byte order mark, as some editors write it */
	line = ini_parse_stream(take_line, &r, take_key, &r);
	if (r.code == 0 && line != 0)
		r.code = err_config(e, "%s:%d: neither [section] nor key = value", file,
				    line);
	return r.code;
}

static int unreadable(const char *file, int code, struct err *e)
{
	const char *remedy = "";

	if (code == -EFBIG)
		return err_config(
			e, "%s: longer than 16 MiB; this is no configuration file", file);
	if (code == -EISDIR)
		remedy = " (give the path of a file; its FILE.d/*.conf are read too)";
	else if (code == -ENOENT || code == -ENOTDIR)
		remedy = " (is the path right? ringway.conf(5) shows what to write into "
			 "it)";
	else if (code == -EACCES)
		remedy = " (run as a user who may read it, or `chmod +r` it)";
	err_set(e, code, "%s: cannot read the configuration file: %s%s", file,
		strerror(-code), remedy);
	if (e && code != -ENOMEM)
		e->exit_status = EX_NOINPUT;
	return code;
}

int inifile_read(const char *file, const struct inifile_handlers *h, struct err *e)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), code;
	char *text = NULL;
	ssize_t len;

	if (fd < 0)
		return unreadable(file, -errno, e);
	len = read_all(fd, &text);
	close(fd);
	code = len < 0 ? unreadable(file, (int)len, e)
		       : parse(file, text, (size_t)len, h, e);
	free(text);
	return code;
}
