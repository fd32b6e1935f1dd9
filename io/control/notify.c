/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling the service manager how far we are, as sd_notify(3) does. */
#include "io/control/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int notify_send(const char *state, struct err *e)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd, code = 1;

	if (len == 0)
		return 0;
	if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(to.sun_path))
		return err_usage(e,
				 "NOTIFY_SOCKET=%.120s: must be a path, or '@' and an "
				 "abstract name, "
				 "of at most 107 bytes; nobody was told",
				 path);
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* a manager that does not read must not hold us up */
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
		   (struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0) {
		code = -errno;
		err_set(e, code, "NOTIFY_SOCKET=%s: cannot tell the service manager: %s",
			path, strerror(-code));
	}
	if (fd >= 0)
		close(fd);
	return code;
}
