/* SPDX-License-Identifier: BSD-2-Clause */
/* Explains failures of the TUN/TAP driver: value, reason, remedy. */
#include "io/port/tap_err.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/port/netns.h"

int tap_err_nofile(struct err *e, int code, const char *what)
{
	struct rlimit lim = {0};

	if (code == -ENFILE)
		return err_set(e, code,
			       "cannot open %s: the system's table of open files is full "
			       "(raise sysctl fs.file-max)",
			       what);
	getrlimit(RLIMIT_NOFILE, &lim);
	return err_set(
		e, code,
		"cannot open %s: the limit of %llu open files is reached (raise it with "
		"`ulimit -n %llu`, or LimitNOFILE= in the unit)",
		what, (unsigned long long)lim.rlim_cur,
		(unsigned long long)lim.rlim_cur * 4);
}

int tap_err_open(struct err *e, int code)
{
	static const char path[] = "/dev/net/tun";

	switch (-code) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return err_set(e, code,
			       "%s: %s: the TUN/TAP driver is not there (run `modprobe "
			       "tun`; in a container pass the device, --device %s)",
			       path, strerror(-code), path);
	case EPERM:
	case EACCES:
		return err_set(e, code,
			       "%s: %s: the node may not be opened (run as root, or "
			       "`chmod 0666 %s`; in a container --device %s)",
			       path, strerror(-code), path, path);
	case EMFILE:
	case ENFILE:
		return tap_err_nofile(e, code, path);
	default:
		return err_set(e, code, "cannot open %s: %s", path, strerror(-code));
	}
}

/* Is fdinfo's line "iff:\tNAME" in this file? */
static bool has_iff(const char *path, const char *ifname)
{
	char line[128], want[32];
	bool found = false;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	snprintf(want, sizeof(want), "iff:\t%s\n", ifname);
	while (!found && fgets(line, sizeof(line), f))
		found = !strcmp(line, want);
	fclose(f);
	return found;
}

/* A process of another namespace has other devices under the same names. */
static bool is_here(const char *pid)
{
	char path[64];
	bool same;
	int ns;

	snprintf(path, sizeof(path), "/proc/%.16s/ns/net", pid);
	ns = netns_open(path, NULL);
	same = ns >= 0 && netns_is_same(ns, -1);
	if (ns >= 0)
		close(ns);
	return same;
}

static bool process_holds(const char *pid, const char *ifname)
{
	char dir[64], path[320], target[32];
	struct dirent *d;
	bool found = false;
	ssize_t len;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%.16s/fd", pid);
	fds = opendir(dir);
	if (!fds)
		return false;
	while (!found && (d = readdir(fds))) {
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (strcmp(target, "/dev/net/tun"))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%s", pid, d->d_name);
		found = has_iff(path, ifname);
	}
	closedir(fds);
	return found;
}

/* " (by process 123, qemu)" for the first process seen with the device, or "". */
static void find_holder(const char *ifname, char *text, size_t size)
{
	struct dirent *d;
	DIR *proc = opendir("/proc");
	char path[64], comm[32];
	FILE *f;

	text[0] = '\0';
	while (proc && !text[0] && (d = readdir(proc))) {
		if (!isdigit((unsigned char)d->d_name[0]) || !is_here(d->d_name) ||
		    !process_holds(d->d_name, ifname))
			continue;
		comm[0] = '\0';
		snprintf(path, sizeof(path), "/proc/%.16s/comm", d->d_name);
		f = fopen(path, "re");
		if (f) {
			if (fgets(comm, sizeof(comm), f))
				comm[strcspn(comm, "\n")] = '\0';
			fclose(f);
		}
		snprintf(text, size, " (by process %.16s, %s)", d->d_name, comm);
	}
	if (proc)
		closedir(proc);
}

static int explain_busy(struct err *e, int code, const char *ifname)
{
	char holder[64];

	find_holder(ifname, holder, sizeof(holder));
	return err_set(
		e, code,
		"ifname=%s: this single-queue TAP is already open%s (end the other user, "
		"choose another name, or make it multi-queue: `ip tuntap add %s mode tap "
		"multi_queue` and queues=2 or more on both sides)",
		ifname, holder, ifname);
}

static int explain_inval(struct err *e, int code, const struct tap_wish *wish,
			 const struct link_info *before)
{
	const char *name = wish->ifname;

	if (!before->ifindex)
		return err_set(e, code,
			       "ifname=%s: the kernel refuses to make such a TAP: %s (is "
			       "the name fit for a device?)",
			       name, strerror(-code));
	if (strcmp(before->kind, "tun"))
		return err_set(e, code,
			       "ifname=%s: the device exists and is no TAP but %s%s "
			       "(choose another name)",
			       name, before->kind[0] ? "of kind " : "another interface",
			       before->kind);
	if (!before->is_tap)
		return err_set(e, code,
			       "ifname=%s: the device exists and is a TUN (layer 3), not "
			       "a TAP (choose another name, or make it again with `ip "
			       "tuntap add %s mode tap`)",
			       name, name);
	if (wish->is_multi_queue && !before->is_multi_queue)
		return err_set(e, code,
			       "ifname=%s: the device exists as a single-queue TAP, but "
			       "queues= asks for more than one (say queues=1, or make it "
			       "again with `ip tuntap add %s mode tap multi_queue`)",
			       name, name);
	if (!wish->is_multi_queue && before->is_multi_queue)
		return err_set(e, code,
			       "ifname=%s: the device exists as a multi-queue TAP, but "
			       "queues=1 opens it as single-queue (say queues=2 or more, "
			       "or make it again without multi_queue)",
			       name);
	return err_set(e, code,
		       "ifname=%s: the kernel refuses to attach to the device: %s", name,
		       strerror(-code));
}

static int explain_perm(struct err *e, int code, const struct tap_wish *wish,
			const struct link_info *before)
{
	if (before->ifindex && before->owner != (uid_t)-1)
		return err_set(e, code,
			       "ifname=%s: the device belongs to user %u, not to user %u "
			       "(run as its owner, as root, or under `unshare -Urn`)",
			       wish->ifname, before->owner, geteuid());
	if (before->ifindex)
		return err_set(e, code,
			       "ifname=%s: attaching needs CAP_NET_ADMIN, or that the "
			       "device be yours (`ip tuntap add %s mode tap user NAME`)",
			       wish->ifname, wish->ifname);
	return err_set(
		e, code,
		"ifname=%s: making a TAP needs CAP_NET_ADMIN (run as root or under "
		"`unshare -Urn`, or let root make one for you: `ip tuntap add NAME "
		"mode tap user NAME`)",
		wish->ifname);
}

int tap_err_setiff(struct err *e, int code, const struct tap_wish *wish,
		   const struct link_info *before)
{
	switch (-code) {
	case EPERM:
		return explain_perm(e, code, wish, before);
	case EBUSY:
		return explain_busy(e, code, wish->ifname);
	case EINVAL:
		return explain_inval(e, code, wish, before);
	case E2BIG:
		return err_set(e, code,
			       "ifname=%s: a TAP has at most %d queues, those of other "
			       "processes included (say a smaller queues=)",
			       wish->ifname, PORT_QUEUES_MAX);
	case EEXIST:
		return err_set(e, code,
			       "ifname=%s: a device of this name came up meanwhile (try "
			       "again, or choose another name)",
			       wish->ifname);
	case ENOMEM:
		if (!before->ifindex)
			break;
		return err_set(
			e, code,
			"ifname=%s: the kernel has no memory for a ring of %u frames, "
			"the device's txqueuelen (the limit is %d: `ip link set %s "
			"txqueuelen 1000` first)",
			wish->ifname, before->txqueuelen, PORT_TXQUEUELEN_MAX,
			wish->ifname);
	case ENFILE:
		return err_set(e, code,
			       "ifname=%s: no name is free any more (give a full name)",
			       wish->ifname);
	default:
		break;
	}
	return err_set(e, code, "ifname=%s: the TAP cannot be opened (TUNSETIFF): %s",
		       wish->ifname, strerror(-code));
}

int tap_err_not_tap(struct err *e, int code, int fd)
{
	char path[32], target[128];
	ssize_t len;

	if (code == -EBADF)
		return err_set(e, code, "fd %d is not open (does the parent pass it on?)",
			       fd);
	if (code == -EBADFD)
		return err_set(
			e, code,
			"fd %d is of /dev/net/tun, but no device is attached to it "
			"(TUNSETIFF comes first, or the device was deleted)",
			fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target) - 1);
	target[len < 0 ? 0 : len] = '\0';
	return err_set(e, code,
		       "fd %d is no TAP but %s (%s): give fds that were opened with "
		       "/dev/net/tun and TUNSETIFF",
		       fd, target[0] ? target : "something else", strerror(-code));
}
