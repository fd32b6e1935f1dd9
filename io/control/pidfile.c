/* SPDX-License-Identifier: BSD-2-Clause */
/* struct pidfile: a file with our process id, locked for as long as we live. */
#include "io/control/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void pidfile_init(struct pidfile *p)
{
	p->fd = -1;
	p->path[0] = '\0';
}

/* Does the path still lead to the file that we have open? */
static bool is_still_ours(const struct pidfile *p)
{
	struct stat here, there;

	return fstat(p->fd, &here) == 0 && lstat(p->path, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* Its text without the newline: 0, or -EINVAL if that is no process id and not empty. */
static int read_pid(int fd, char text[16])
{
	ssize_t n = pread(fd, text, 15, 0);

	text[n > 0 ? n : 0] = '\0';
	if (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	return n >= 0 && n < 12 && strspn(text, "0123456789") == (size_t)n ? 0 : -EINVAL;
}

static int explain_open(const char *path, int code, struct err *e)
{
	const char *remedy = "give another path";

	switch (-code) {
	case ENOENT:
	case ENOTDIR:
		remedy = "its folder is not there: make it (`mkdir -p`), or give another "
			 "path";
		break;
	case EISDIR:
		remedy = "give the path of a file in it, as in ringway.pid";
		break;
	case ELOOP:
		remedy = "it is a symbolic link, or a loop of them, and no link is "
			 "followed: give the path of the file itself";
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		remedy = "give a path that this user may write, as in /run or "
			 "$XDG_RUNTIME_DIR";
	}
	return err_set(e, code, "pidfile %s: cannot open it: %s (%s)", path,
		       strerror(-code), remedy);
}

/* Open and lock: 1 = done, 0 = the file was removed meanwhile, try again. */
static int try_open(struct pidfile *p, struct err *e)
{
	struct stat st;
	char pid[16];

	p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		     0644);
	if (p->fd < 0)
		return explain_open(p->path, -errno, e);
	if (fstat(p->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_usage(e, "pidfile %s: no regular file; give another path",
				 p->path);
	if (flock(p->fd, LOCK_EX | LOCK_NB) < 0) {
		int code = -errno;

		if (code != -EWOULDBLOCK)
			return err_set(e, code, "pidfile %s: cannot lock it: %s", p->path,
				       strerror(-code));
		read_pid(p->fd, pid);
		return err_set(
			e, -EBUSY,
			"pidfile %s: process %s holds it and is running; stop that "
			"one, or give another path",
			p->path, *pid ? pid : "?");
	}
	if (!is_still_ours(p))
		return 0;
	if (read_pid(p->fd, pid) < 0)
		return err_usage(
			e,
			"pidfile %s: holds something else than a process id; remove it, "
			"or give another path",
			p->path);
	return 1;
}

int pidfile_open(struct pidfile *p, const char *path, struct err *e)
{
	int code = 0;

	pidfile_init(p);
	if (strlen(path) >= sizeof(p->path))
		return err_usage(e, "the path of the pidfile is too long");
	strcpy(p->path, path);
	for (int i = 0; i < 10 && code == 0; i++) {
		if (p->fd >= 0)
			close(p->fd);
		code = try_open(p, e);
	}
	if (code > 0)
		return 0;
	if (code == 0)
		code = err_set(e, -EAGAIN,
			       "pidfile %s: others remove it again and again; give "
			       "another path",
			       path);
	/* it is not ours, so it stays */
	if (p->fd >= 0)
		close(p->fd);
	pidfile_init(p);
	return code;
}

int pidfile_write(struct pidfile *p, struct err *e)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(p->fd, 0) < 0 || pwrite(p->fd, text, (size_t)len, 0) != len)
		return err_set(e, errno ? -errno : -EIO,
			       "pidfile %s: cannot write it: %s", p->path,
			       strerror(errno));
	return 0;
}

void pidfile_close(struct pidfile *p)
{
	if (p->fd < 0)
		return;
	if (is_still_ours(p))
		unlink(p->path);
	close(p->fd);
	pidfile_init(p);
}
