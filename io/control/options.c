/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of `ringway run`: one table that parses and explains itself. */
#include "io/control/options.h"

#include <getopt.h>
#include <string.h>

#include "io/port/value.h"

/* What take() does not know by name is a setting of config_set. */
static const struct row {
	const char *name;
	char letter;	 /* 0 = none */
	const char *arg; /* NULL = none */
	const char *help;
} rows[] = {
	{"port", 0, "SPEC", "open a port; repeatable; SPEC as in tap,id=a,ifname=tap0"},
	{"connect", 0, "A:B", "cross-connect the ports A and B; repeatable"},
	{"bridge", 0, "NAME=A,B,...",
	 "a learning bridge of these ports; KEY=VALUE for its settings; repeatable"},
	{"config", 'c', "FILE", "read FILE, then FILE.d/*.conf; see ringway.conf(5)"},
	{"check", 0, NULL,
	 "check everything that can be checked without opening; then exit"},
	{"workers", 0, "N", "threads that move packets, 1 to 256 (1)"},
	{"cpus", 0, "LIST", "CPUs for them, one each in turn, as in 0-3,5 (anywhere)"},
	{"busy-poll", 0, "USEC",
	 "spin before sleeping: microseconds, auto or off (auto)"},
	{"uring-form", 0, "FORM",
	 "form of the loop: auto, A to D with io_uring, E without (auto)"},
	{"foreground", 0, NULL, "stay in the foreground; ringway always does"},
	{"pidfile", 0, "FILE", "write the process id to FILE, and hold a lock on it"},
	{"help", 'h', NULL, "show this"},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]), FIRST_VALUE = 256 };

static const char spec_help[] =
	"\nSPEC is tap,id=NAME,KEY=VALUE,... (',,' is a comma within a value). The keys "
	"of QEMU:\n"
	"  ifname=NAME        open this TAP, or create it; tap%d, or nothing: the kernel "
	"numbers it\n"
	"  queues=N           queues of a TAP opened by name, 1 to 256 (1)\n"
	"  fd=N fds=N:N...    use open TAP file descriptors instead, one for each queue\n"
	"  helper=PROGRAM     have a bridge helper open it; br=BRIDGE names the bridge "
	"(br0)\n"
	"  script=FILE        run FILE IFNAME after opening (no); downscript=FILE at the "
	"end (no)\n"
	"  vnet_hdr=on|off    the virtio-net header and with it all offloads (on if "
	"there)\n"
	"  sndbuf=SIZE        bytes in flight towards the kernel, with k, M, G (0: "
	"unlimited)\n"
	"  vhost=on|off|auto  vhost-net (auto: if CPUs are to spare); also vhostfd=, "
	"vhostfds=,\n"
	"                     vhostforce=, poll-us=\n"
	"and ringway's own:\n"
	"  netns=NAME|PATH    the network namespace the TAP lives in (ringway's)\n"
	"  mac=MAC mtu=N txqueuelen=N up=on|off master=BRIDGE\n"
	"  addr=IP/LEN        an address of the kernel's side; repeatable\n"
	"  user=U group=G     who may attach to the device later\n"
	"  persist=on|off     keep the device at the end (what ringway created is "
	"removed)\n"
	"  io=auto|uring|epoll  how the port is received and sent (auto)\n"
	"  vhost-workers=shared|per-queue  threads of vhost-net: one for each queue "
	"pair, or two\n"
	"  vhost-cpus=LIST    CPUs for them, one each in turn, as in 0-3,,5\n"
	"and for a port of a bridge:\n"
	"  learning=on|off flood=on|off mcast-flood=on|off bcast-flood=on|off (on)\n"
	"  isolated=on|off    send to no other isolated port (off)\n"
	"  split-horizon=N    send to no other port of the same number (none)\n"
	"  mac-limit=N        addresses it may have learnt at once (no limit)\n"
	"  access=VID         its VLAN, without tags (1); or trunk=LIST, tagged, as in "
	"10,,20-30,\n"
	"                     and native=VID, untagged (none)\n"
	"  storm-broadcast=PPS[:BPS] storm-multicast=PPS[:BPS] storm-unicast=PPS[:BPS]\n"
	"                     packets and bytes per second that it may bring (no "
	"limit)\n"
	"\nSettings of a bridge: ageing-time=SECONDS (300) vlan-filtering=on|off (off)\n"
	"  vlan-protocol=802.1Q|802.1ad (802.1Q) group-fwd-mask=MASK (0) fdb-size=N "
	"(16384)\n"
	"\nSignals: SIGTERM and SIGINT end ringway, SIGUSR1 prints counters. See "
	"ringway(8).\n";

void options_help(FILE *f)
{
	fprintf(f, "usage: ringway run [options]\n\n"
		   "Forward packets between TAP ports.\n\n");
	for (unsigned i = 0; i < N_ROWS; i++) {
		char left[32];

		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
			 rows[i].arg ? " " : "", rows[i].arg ? rows[i].arg : "");
		fprintf(f, "  %c%c%c %-18s %s\n", rows[i].letter ? '-' : ' ',
			rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ',' : ' ',
			left, rows[i].help);
	}
	fputs(spec_help, f);
}

static int take(struct config *c, const char *name, const char *value, bool *help,
		struct err *e)
{
	if (strcmp(name, "port") == 0)
		return config_add_port(c, value, e);
	if (strcmp(name, "connect") == 0)
		return config_add_connect(c, value, NULL, e);
	if (strcmp(name, "bridge") == 0)
		return config_bridge_add(c, value, e);
	if (strcmp(name, "config") == 0)
		return config_load(c, value, e);
	if (strcmp(name, "foreground") == 0)
		return 0;
	if (strcmp(name, "check") == 0 || strcmp(name, "help") == 0) {
		*(*name == 'c' ? &c->check_only : help) = true;
		return 0;
	}
	return config_set(c, name, value, NULL, e);
}

/* The tables that getopt_long wants; row i has the value FIRST_VALUE + i. */
static void make_tables(struct option *longs, char *letters)
{
	*letters++ =
		'+'; /* nothing but options is expected: stop at the first other word */
	*letters++ = ':'; /* tell a missing value from an unknown option */
	for (unsigned i = 0; i < N_ROWS; i++) {
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].arg ? required_argument : no_argument,
			.val = FIRST_VALUE + (int)i,
		};
		if (!rows[i].letter)
			continue;
		*letters++ = rows[i].letter;
		if (rows[i].arg)
			*letters++ = ':';
	}
	longs[N_ROWS] = (struct option){0};
	*letters = '\0';
}

static const struct row *find_row(int value)
{
	for (unsigned i = 0; i < N_ROWS; i++)
		if (value == FIRST_VALUE + (int)i || (value && value == rows[i].letter))
			return &rows[i];
	return NULL;
}

/* What getopt_long did not like; word: the argument it was at. */
static int refuse(int got, int value, const char *word, struct err *e)
{
	const struct row *row = find_row(value);

	if (got == ':' && row)
		return err_usage(e, "--%s needs a value, %s; see 'ringway help run'",
				 row->name, row->arg);
	if (row)
		return err_usage(e, "--%s takes no value; see 'ringway help run'",
				 row->name);
	return err_usage(e, "%s: no such option; see 'ringway help run'",
			 value_show(word).text);
}

int options_parse(struct config *c, int argc, char **argv, bool *help, struct err *e)
{
	struct option longs[N_ROWS + 1];
	char letters[2 * N_ROWS + 3];

	make_tables(longs, letters);
	*help = false;
	opterr = 0;
	optind = 0; /* start anew, whatever was parsed before */
	for (;;) {
		int at = optind ? optind : 1;
		int got = getopt_long(argc, argv, letters, longs, NULL), code;

		if (got == -1)
			break;
		if (got == '?' || got == ':')
			return refuse(got, optopt, at < argc ? argv[at] : "", e);
		code = take(c, find_row(got)->name, optarg, help, e);
		if (code < 0 || *help)
			return code;
	}
	if (optind < argc)
		return err_usage(e, "'%s' is no option; see 'ringway help run'",
				 value_show(argv[optind]).text);
	return 0;
}
