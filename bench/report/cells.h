/* SPDX-License-Identifier: BSD-2-Clause */
/* cells: a table of texts, printed for a terminal, as Markdown or as CSV. */
#ifndef BENCH_REPORT_CELLS_H
#define BENCH_REPORT_CELLS_H

#include <stdarg.h>
#include <stdio.h>

enum { CELLS_MAX_COLUMNS = 12 };

struct cells {
	unsigned n_columns, n_rows; /* the first row is the head */
	char **text;		    /* n_rows * n_columns, row by row */
};

/* columns: 1 .. CELLS_MAX_COLUMNS. */
void cells_init(struct cells *c, unsigned columns);
void cells_fini(struct cells *c);

/* Put a text behind those that are there; a row is full after n_columns of them. When
 * there is no memory, the text is left empty. */
void cells_add(struct cells *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Columns as wide as needed, the first and the last one to the left, others to the right;
 * indent: blanks before each line. */
void cells_print_text(const struct cells *c, FILE *f, unsigned indent);
/* A table as GitHub draws it; '|' and the like are escaped. */
void cells_print_markdown(const struct cells *c, FILE *f);
/* RFC 4180, with line feeds for line ends. */
void cells_print_csv(const struct cells *c, FILE *f);

/* One field of CSV, quoted where it has to be. */
void cells_csv_field(FILE *f, const char *text);
/* A text as Markdown, escaped. */
void cells_markdown_text(FILE *f, const char *text);

/* Four significant digits without an exponent: 14.63, 698.2, 0.01612, 123457. */
struct cells_number {
	char text[32];
};
struct cells_number cells_number(double v);

#endif
