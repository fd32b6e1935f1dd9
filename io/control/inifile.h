/* SPDX-License-Identifier: BSD-2-Clause */
/* An INI file, read by inih behind checks for all that inih would cut or drop silently.
 */
#ifndef IO_CONTROL_INIFILE_H
#define IO_CONTROL_INIFILE_H

#include "core/err.h"

enum {
	INIFILE_LINE_MAX = 198,	   /* bytes of a line: inih cuts longer ones */
	INIFILE_SECTION_MAX = 49,  /* bytes between the brackets: the same */
	INIFILE_SIZE_MAX = 1 << 24 /* bytes of a file */
};

/* Called in the order of the file; a negative return value ends the reading. */
struct inifile_handlers {
	void *user;
	/* "[name]"; name has no blanks around it */
	int (*section)(void *user, const char *name, unsigned line, struct err *e);
	/* "key = value", after its section; value may be "" */
	int (*key)(void *user, const char *key, const char *value, unsigned line,
		   struct err *e);
};

/*
 * Read a file. Errors of the file's form have exit status EX_CONFIG and begin
 * with "FILE:LINE: ", one in opening it has EX_NOINPUT; what a handler
 * returns is passed on as it is.
 */
int inifile_read(const char *file, const struct inifile_handlers *h, struct err *e);

#endif
