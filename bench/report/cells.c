/* SPDX-License-Identifier: BSD-2-Clause */
/* cells: a table of texts, printed for a terminal, as Markdown or as CSV. */
#include "bench/report/cells.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void cells_init(struct cells *c, unsigned columns)
{
	*c = (struct cells){.n_columns = columns};
}

/* n_rows counts a row that has begun; the texts of a row not full are NULL. */
void cells_add(struct cells *c, const char *fmt, ...)
{
	size_t n = c->n_rows * c->n_columns;
	char **more, *text = NULL;
	va_list ap;
	size_t i;

	for (i = n ? n - c->n_columns : 0; i < n && c->text[i]; i++)
		;
	if (i == n) {
		more = reallocarray(c->text, n + c->n_columns, sizeof(*more));
		if (!more)
			return;
		memset(more + n, 0, c->n_columns * sizeof(*more));
		c->text = more;
		c->n_rows++;
	}
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	c->text[i] = text ? text : strdup("");
}

void cells_fini(struct cells *c)
{
	for (size_t i = 0; i < (size_t)c->n_rows * c->n_columns; i++)
		free(c->text[i]);
	free(c->text);
	*c = (struct cells){0};
}

static const char *at(const struct cells *c, unsigned row, unsigned column)
{
	const char *text = c->text[(size_t)row * c->n_columns + column];

	return text ? text : "";
}

/* Characters, if it is UTF-8: bytes that do not continue one. */
static unsigned width_of(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void pad(FILE *f, unsigned n)
{
	while (n--)
		fputc(' ', f);
}

static void print_line(const struct cells *c, unsigned row, const unsigned *width,
		       FILE *f)
{
	unsigned last = c->n_columns - 1;

	while (last && !*at(c, row, last)) /* no blanks at the end of a line */
		last--;
	for (unsigned i = 0; i <= last; i++) {
		const char *text = at(c, row, i);
		unsigned rest = width[i] - width_of(text);
		bool is_left = i == 0 || i + 1 == c->n_columns;

		pad(f, (i ? 2 : 0) + (is_left ? 0 : rest));
		fputs(text, f);
		pad(f, is_left && i < last ? rest : 0);
	}
	fputc('\n', f);
}

void cells_print_text(const struct cells *c, FILE *f, unsigned indent)
{
	unsigned width[CELLS_MAX_COLUMNS] = {0};

	for (unsigned row = 0; row < c->n_rows; row++)
		for (unsigned i = 0; i < c->n_columns; i++)
			if (width_of(at(c, row, i)) > width[i])
				width[i] = width_of(at(c, row, i));
	for (unsigned row = 0; row < c->n_rows; row++) {
		pad(f, indent);
		print_line(c, row, width, f);
	}
}

void cells_markdown_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", f);
		else if (*text == '&')
			fputs("&amp;", f);
		else if (*text == '\n')
			fputc(' ', f);
		else if (strchr("|\\`*_[]~", *text))
			fprintf(f, "\\%c", *text);
		else
			fputc(*text, f);
	}
}

void cells_print_markdown(const struct cells *c, FILE *f)
{
	for (unsigned row = 0; row < c->n_rows; row++) {
		fputc('|', f);
		for (unsigned i = 0; i < c->n_columns; i++) {
			fputc(' ', f);
			cells_markdown_text(f, at(c, row, i));
			fputs(" |", f);
		}
		fputc('\n', f);
		if (row)
			continue;
		fputc('|', f);
		for (unsigned i = 0; i < c->n_columns; i++)
			fputs(i == 0 || i + 1 == c->n_columns ? "---|" : "---:|", f);
		fputc('\n', f);
	}
}

void cells_csv_field(FILE *f, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")] && *text != ' ' &&
	    (!*text || text[strlen(text) - 1] != ' ')) {
		fputs(text, f);
		return;
	}
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

void cells_print_csv(const struct cells *c, FILE *f)
{
	for (unsigned row = 0; row < c->n_rows; row++)
		for (unsigned i = 0; i < c->n_columns; i++) {
			cells_csv_field(f, at(c, row, i));
			fputc(i + 1 < c->n_columns ? ',' : '\n', f);
		}
}

struct cells_number cells_number(double v)
{
	struct cells_number n;
	double size = fabs(v);
	int digits = 3;

	if (!isfinite(v)) {
		snprintf(n.text, sizeof(n.text), "-");
		return n;
	}
	if (size > 0)
		digits = 3 - (int)floor(log10(size));
	if (size >= 1e15) {
		snprintf(n.text, sizeof(n.text), "%.4g", v);
		return n;
	}
	digits = digits < 0 ? 0 : digits > 9 ? 9 : digits;
	snprintf(n.text, sizeof(n.text), "%.*f", digits, v);
	if (strchr(n.text, '.')) { /* 2.000 -> 2 */
		char *end = n.text + strlen(n.text) - 1;

		while (*end == '0')
			*end-- = '\0';
		if (*end == '.')
			*end = '\0';
	}
	return n;
}
