/* SPDX-License-Identifier: BSD-2-Clause */
/* port_open with programs: script, downscript and the bridge helper. */
#include "io/port/bridge_helper.h"
#include "tests/fault/fault_run.h"

static struct port_spec spec;
static struct port port;
static char folder[] = "/tmp/ringway-programs-XXXXXX";
static char out[PATH_MAX]; /* where our programs write what they saw */

static void path_of(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

/* --- this program under other names ---------------------------------------- */

/* Appends its arguments and its fds. */
static int be_script(int argc, char **argv, int status)
{
	FILE *f;
	int i;
	static struct fault_text fds;

	fault_fds(&fds);
	f = fopen(getenv("RINGWAY_TEST_OUT"), "a");
	for (i = 1; i < argc; i++)
		fprintf(f, "arg %s ", argv[i]);
	fprintf(f, "fds %s netns-has-it %d\n", fds.text, if_nametoindex(argv[1]) != 0);
	fclose(f);
	return status;
}

static int be_helper(int argc, char **argv, const char *what)
{
	int sock = -1, fds[17], i;
	FILE *f = fopen(getenv("RINGWAY_TEST_OUT"), "a");

	for (i = 1; i < argc; i++) {
		sscanf(argv[i], "--fd=%d", &sock);
		fprintf(f, "arg %s ", argv[i]);
	}
	fclose(f);
	if (!strcmp(what, "silent"))
		return 0;
	if (!strcmp(what, "fails"))
		return 3;
	if (!strcmp(what, "hangs"))
		pause();
	for (i = 0; i < 17; i++)
		fds[i] = fault_tap("h%d", FAULT_VNET);
	if (!strcmp(what, "null"))
		fds[0] = open("/dev/null", O_RDWR);
	fault_send_fds(sock, fds,
		       !strcmp(what, "many")  ? 17
		       : strcmp(what, "byte") ? 1
					      : 0);
	if (!strcmp(what, "lingers"))
		pause();
	if (!strcmp(what, "dies"))
		raise(SIGKILL);
	return 0;
}

/* --- scripts --------------------------------------------------------------- */

static void read_out(struct fault_text *t)
{
	int fd = open(out, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	len = fd < 0 ? 0 : read(fd, t->text, sizeof(t->text) - 1);
	t->len = len > 0 ? (size_t)len : 0;
	t->text[t->len] = '\0';
	if (fd >= 0)
		close(fd);
	unlink(out);
}

static unsigned n_lines(const struct fault_text *t)
{
	const char *c;
	unsigned n = 0;

	for (c = t->text; *c; c++)
		n += *c == '\n';
	return n;
}

static unsigned n_fds_shown(const struct fault_text *t)
{
	const char *c = strstr(t->text, "fds ");
	unsigned n = 0;

	for (; c && *c && *c != '\n'; c++)
		n += *c == '=';
	return n;
}

static void wish_scripts(const char *up, const char *down)
{
	fault_spec(&spec, "s0", 4);
	if (up)
		fault_helper_path(spec.script, folder, up);
	if (down)
		fault_helper_path(spec.downscript, folder, down);
}

static void script(void)
{
	static struct fault_text t;
	int extra = dup(0); /* not close-on-exec: still nothing for a script */

	wish_scripts("script", NULL);
	OPEN(&port, &spec);
	read_out(&t);
	CHECK(n_lines(&t) == 1 && !strncmp(t.text, "arg s0 fds 0=", 13));
	CHECK(n_fds_shown(&t) == 4 && strstr(t.text, " 3=/dev/net/tun"));
	CHECK(strstr(t.text, "netns-has-it 1"));
	close(extra);
	CHECK(port_close(&port, NULL) == 0);
	read_out(&t);
	CHECK(t.len == 0); /* no downscript was asked for */
}

static void script_fails(void)
{
	static struct fault_text t;

	wish_scripts("exit3", "script");
	CHECK_REFUSED(&spec, -ECHILD, "exited with status 3 for s0");
	read_out(&t);
	CHECK(n_lines(&t) == 1); /* and no downscript */
	CHECK(!if_nametoindex("s0"));
	strcpy(spec.script, "/no/such/script");
	CHECK_REFUSED(&spec, -ENOENT, "/no/such/script");
	strcpy(spec.script, "/etc/passwd");
	CHECK_REFUSED(&spec, -EACCES, "chmod +x");
	wish_scripts("script", NULL);
	signal(SIGCHLD, SIG_IGN);
	CHECK_REFUSED(&spec, -ECHILD, "SIGCHLD");
	signal(SIGCHLD, SIG_DFL);
	read_out(&t);
}

static void downscript(void)
{
	static struct fault_text t;
	struct err e = {0};

	wish_scripts(NULL, "script");
	OPEN(&port, &spec);
	read_out(&t);
	CHECK(t.len == 0);
	CHECK(port_close(&port, &e) == 0 && port_close(&port, &e) == 0);
	read_out(&t);
	CHECK(n_lines(&t) == 1 && !strncmp(t.text, "arg s0 ", 7) &&
	      strstr(t.text, "has-it 1"));
	wish_scripts(NULL, "exit3");
	OPEN(&port, &spec);
	CHECK(port_close(&port, &e) == -ECHILD && strstr(e.text, "downscript="));
	CHECK(!if_nametoindex("s0"));
	read_out(&t);
	wish_scripts(NULL, "script");
	spec.vhostfds[0] = open("/dev/null", O_RDWR);
	spec.n_vhostfds = 1; /* fails last: it was never set up */
	CHECK_REFUSED(&spec, -EINVAL, "1 vhost file descriptors for");
	read_out(&t);
	CHECK(t.len == 0);
}

/* --- helpers --------------------------------------------------------------- */

static void wish_helper(const char *what, const char *more)
{
	char path[PATH_MAX];

	fault_spec(&spec, "", 1);
	fault_helper_path(path, folder, what);
	snprintf(spec.helper, sizeof(spec.helper), "%.2000s%s", path, more);
	strcpy(spec.br, "br7");
}

static void helper(void)
{
	static struct fault_text t;

	wish_helper("ok", "");
	OPEN(&port, &spec);
	read_out(&t);
	CHECK(!strcmp(t.text, "arg --use-vnet arg --fd=3 arg --br=br7 "));
	CHECK(port.n_queues == 1 && port.vnet_hdr && port.offloads &&
	      port.ifname[0] == 'h');
	CHECK(fcntl(port.fds[0], F_GETFD) & FD_CLOEXEC);
	port_close(&port, NULL);
	CHECK(!if_nametoindex("h0"));
	wish_helper("ok", " --more");
	OPEN(&port, &spec);
	read_out(&t);
	CHECK(!strcmp(t.text, "arg --more arg --use-vnet arg --fd=3 arg --br=br7 "));
	port_close(&port, NULL);
}

static void helper_fails(void)
{
	static struct fault_text t;

	wish_helper("silent", "");
	CHECK_REFUSED(&spec, -EPROTO, "without sending an fd");
	wish_helper("byte", "");
	CHECK_REFUSED(&spec, -EPROTO, "without sending an fd");
	wish_helper("many", "");
	CHECK_REFUSED(&spec, -EPROTO, "sent 17 fds");
	wish_helper("fails", "");
	CHECK_REFUSED(&spec, -ECHILD, "exited with status 3");
	wish_helper("fails", " x");
	CHECK_REFUSED(&spec, -ECHILD, "allow br7");
	wish_helper("dies", "");
	CHECK_REFUSED(&spec, -ECHILD, "killed by signal 9");
	wish_helper("null", "");
	CHECK_REFUSED(&spec, -ENOTTY, "is no TAP");
	fault_spec(&spec, "", 1);
	strcpy(spec.helper, "/no/such/helper");
	CHECK_REFUSED(&spec, -ENOENT, "/no/such/helper");
	bridge_helper_timeout_ms = 200;
	wish_helper("hangs", "");
	CHECK_REFUSED(&spec, -ETIMEDOUT, "did not send an fd within 200 ms");
	wish_helper("hangs", " x");
	CHECK_REFUSED(&spec, -ETIMEDOUT, "did not send an fd");
	bridge_helper_timeout_ms = 3000; /* it makes 17 devices first */
	wish_helper("lingers", "");
	CHECK_REFUSED(&spec, -ETIMEDOUT, "did not end within");
	CHECK(!if_nametoindex("h0"));
	read_out(&t);
}

static const char *no_real_helper(void)
{
	return access(fault_real_helper, X_OK) ? "qemu-bridge-helper is not installed"
					       : NULL;
}

static void real_helper(void)
{
	struct netlink nl;
	struct link_info l;

	fault_allow_bridges();
	fault_open_netlink(&nl);
	fault_add_link(&nl, "br7", "bridge");
	fault_spec(&spec, "", 1);
	strcpy(spec.helper, fault_real_helper);
	strcpy(spec.br, "br7");
	spec.mtu = 1400;
	OPEN(&port, &spec);
	CHECK(link_get(&nl, port.ifname, 0, &l) == 0);
	CHECK(l.master == (int)if_nametoindex("br7") && l.up && l.mtu == 1400 &&
	      port.vnet_hdr);
	port_close(&port, NULL);
	strcpy(spec.br, "br8");
	CHECK_REFUSED(&spec, -ECHILD, "does the bridge br8 exist");
	fault_write_file("/etc/qemu/bridge.conf", "deny all\n");
	strcpy(spec.br, "br7");
	CHECK_REFUSED(&spec, -ECHILD, "allow br7");
	netlink_close(&nl);
}

static const struct fault_test tests[] = {
	{"script: once, with the name, with fds 0 to 2 and the TAP", script, NULL},
	{"script: failure, absence and lost status undo the set-up", script_fails, NULL},
	{"downscript: exactly once, only after a set-up", downscript, NULL},
	{"helper: QEMU's arguments, directly and through sh", helper, NULL},
	{"helper: no fd, 17 fds, no TAP, exit status, signal, time limit", helper_fails,
	 NULL},
	{"helper: qemu-bridge-helper itself", real_helper, no_real_helper},
};

int main(int argc, char **argv)
{
	static const char *const made[] = {"script", "exit3", "ok",	"silent",
					   "byte",   "many",  "fails",	"dies",
					   "null",   "hangs", "lingers"};
	const char *what = strstr(argv[0], "helper-");
	char path[PATH_MAX], name[32];
	size_t i;
	int ret;

	if (what) {
		what += strlen("helper-");
		if (!strcmp(what, "script") || !strcmp(what, "exit3"))
			return be_script(argc, argv, what[0] == 'e' ? 3 : 0);
		return be_helper(argc, argv, what);
	}
	fault_must(mkdtemp(folder) != NULL, "mkdtemp");
	path_of(out, "out");
	setenv("RINGWAY_TEST_OUT", out, 1);
	ret = fault_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(name, sizeof(name), "helper-%s", made[i]);
		path_of(path, name);
		unlink(path);
	}
	unlink(out);
	rmdir(folder);
	return ret;
}
