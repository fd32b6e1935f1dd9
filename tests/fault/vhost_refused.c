/* SPDX-License-Identifier: BSD-2-Clause */
/* The vhost-net stage: what it refuses and what it says, and 1,000 rounds. */
#include "tests/fault/fake_vhost.h"
#include "tests/fault/fault_run.h"
#include "vhost/vhost.h"

enum { MEM = 1 << 20, NUM = 256, ROUNDS = 1000, NATIVE = -1 };

static char *mem;
static struct err e;
static bool is_fake;

static const char node[] = "/dev/vhost-net";

/* The call must fail with this code and these words. */
#define REFUSED(call, code, words) refused((call), (code), (words), __LINE__)

static void refused(int ret, int code, const char *words, int line)
{
	if (ret == code && e.code == code && strstr(e.text, words))
		return;
	printf("# line %d: got %d, \"%s\", not %d, \"...%s...\"\n", line, ret, e.text,
	       code, words);
	fault_n_bad++;
}

static struct vhost *opened(void)
{
	struct vhost_conf conf = {.fd = -1};
	struct vhost *v = NULL;

	if (vhost_open(&v, &conf, &e))
		printf("# vhost_open: %s\n", e.text);
	fault_must(v, "vhost_open");
	return v;
}

static struct vhost_region whole(void)
{
	return (struct vhost_region){0x100000, mem, MEM};
}

static void layout(struct vhost_ring rings[VHOST_RINGS], uint16_t tx_base)
{
	rings[0] = (struct vhost_ring){mem, mem + 4096, mem + 8192, NUM, 0};
	rings[1] =
		(struct vhost_ring){mem + 16384, mem + 20480, mem + 24576, NUM, tx_base};
}

static int given(const char *path)
{
	struct vhost_conf conf = {.fd = open(path, O_RDWR | O_CLOEXEC)};
	struct vhost *v = (void *)1;
	int code;

	fault_must(conf.fd >= 0, path);
	code = vhost_open(&v, &conf, &e);
	CHECK(v == NULL && fcntl(conf.fd, F_GETFD) == -1); /* it was taken over */
	return code;
}

static void given_fds(void)
{
	struct vhost_conf conf = {.fd = open(node, O_RDWR | O_CLOEXEC)};
	struct vhost_info info;
	struct vhost *v;

	fault_must(conf.fd >= 0, node);
	CHECK(vhost_open(&v, &conf, &e) == 0);
	vhost_info(v, &info);
	CHECK(info.is_given);
	vhost_close(&v);
	CHECK(v == NULL && fcntl(conf.fd, F_GETFD) == -1);

	REFUSED(given("/dev/zero"), -ENOTTY, "is no vhost device; give an open /dev");
	conf.fd = fault_tap("vr9", FAULT_VNET);
	REFUSED(vhost_open(&v, &conf, &e), -EINVAL, "is no vhost device");
	conf.fd = 999;
	REFUSED(vhost_open(&v, &conf, &e), -EBADF, "descriptor 999 is not open");
	if (is_fake || access("/dev/vhost-vsock", R_OK | W_OK) == 0)
		REFUSED(given("/dev/vhost-vsock"), -EINVAL, "another kind than");
	if (is_fake)
		REFUSED(given("/dev/vhost-vdpa-0"), -EINVAL, "another kind than");
	conf.fd = open(node, O_RDWR | O_CLOEXEC);
	CHECK(ioctl(conf.fd, VHOST_SET_OWNER, NULL) == 0);
	REFUSED(vhost_open(&v, &conf, &e), -EBUSY, "has an owner already");
}

static void agreed(void)
{
	const uint64_t must = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_MRG_RXBUF;
	const uint64_t never = 1ULL << VIRTIO_F_ACCESS_PLATFORM |
			       1ULL << VHOST_NET_F_VIRTIO_NET_HDR |
			       1ULL << VHOST_F_LOG_ALL | 1ULL << VIRTIO_F_RING_PACKED;
	struct vhost *v = opened();
	struct vhost_info info;

	vhost_info(v, &info);
	CHECK((info.features & must) == must && !(info.features & never));
	CHECK(info.features & 1ULL << VIRTIO_RING_F_EVENT_IDX);
	CHECK(info.features & 1ULL << VIRTIO_RING_F_INDIRECT_DESC);
	if (is_fake) { /* as 6.18 offers them */
		CHECK(info.features & 1ULL << VIRTIO_F_RING_RESET);
		CHECK(info.has_fork_mode && info.is_forked);
	}
	CHECK(!info.is_given && info.workers == VHOST_WORKERS_shared);
	for (int i = 0; i < VHOST_RINGS; i++) {
		CHECK(!info.is_running[i]);
		CHECK(fcntl(vhost_kick_fd(v, i), F_GETFD) == FD_CLOEXEC);
		CHECK(fcntl(vhost_call_fd(v, i), F_GETFL) & O_NONBLOCK);
		CHECK(fcntl(vhost_err_fd(v, i), F_GETFL) & O_NONBLOCK);
	}
	CHECK(vhost_probe(&e) == 0);
	vhost_close(&v);
	vhost_close(&v);
}

static void backends(void)
{
	int tap = fault_tap("vr0", FAULT_VNET), bare = fault_tap("vr1", 0), zero, gone;
	int tun = fault_tap("vr2", FAULT_VNET | FAULT_TUN);
	struct vhost_region all = whole();
	struct vhost_ring rings[VHOST_RINGS];
	struct vhost *v = opened();

	layout(rings, 0);
	REFUSED(vhost_start(v, VHOST_RX, tap, &e), -EINVAL, "no memory for its rings");
	CHECK(vhost_bind(v, &all, 1, rings, &e) == 0);
	REFUSED(vhost_start(v, VHOST_RX, tap, &e), -EINVAL, "header has 10 bytes, not");
	tap_set_hdr_len(tap, TAP_VNET_HDR_LEN);
	REFUSED(vhost_start(v, VHOST_RX, tun, &e), -EINVAL, "vr2, a TUN (layer 3)");
	REFUSED(vhost_start(v, VHOST_TX, bare, &e), -EINVAL, "vr1 has no virtio-net");
	REFUSED(vhost_start(v, VHOST_RX, 999, &e), -EBADF, "fd 999 is no TAP queue");
	zero = open("/dev/zero", O_RDWR);
	REFUSED(vhost_start(v, VHOST_RX, zero, &e), -ENOTTY, "is no TAP queue");
	gone = open("/dev/net/tun", O_RDWR);
	REFUSED(vhost_start(v, VHOST_RX, gone, &e), -EBADFD, "was it deleted?");
	CHECK(vhost_start(v, VHOST_RX, tap, &e) == 0);
	close(tap), close(bare), close(tun), close(zero), close(gone);
	vhost_close(&v);
}

static void running(void)
{
	int tap = fault_tap("vr0", FAULT_VNET | FAULT_MQ);
	int second = fault_tap("vr0", FAULT_VNET | FAULT_MQ);
	struct vhost *v = opened(), *w = opened();
	struct vhost_region all = whole();
	struct vhost_ring rings[VHOST_RINGS];
	struct vhost_info info;
	uint16_t base = 99;

	tap_set_hdr_len(tap, TAP_VNET_HDR_LEN);
	layout(rings, 7);
	CHECK(vhost_bind(v, &all, 1, rings, &e) == 0);
	CHECK(vhost_bind(w, &all, 1, rings, &e) == 0);
	CHECK(vhost_start(v, VHOST_RX, tap, &e) == 0);
	CHECK(vhost_start(v, VHOST_TX, tap, &e) == 0);
	REFUSED(vhost_start(v, VHOST_TX, tap, &e), -EBUSY, "transmit ring is running");
	REFUSED(vhost_start(v, VHOST_RX, second, &e), -EBUSY, "receive ring is running");
	REFUSED(vhost_bind(v, &all, 1, rings, &e), -EBUSY, "stop it first");
	REFUSED(vhost_rebase(v, VHOST_TX, 0, &e), -EBUSY, "stop it first");
	REFUSED(vhost_start(w, VHOST_RX, tap, &e), -EBUSY, "each queue has one reader");
	CHECK(vhost_start(w, VHOST_RX, second, &e) == 0);
	CHECK(vhost_stop(w, VHOST_RX, NULL, &e) == 0);
	CHECK(vhost_stop(v, VHOST_TX, &base, &e) == 0 && base == 7);
	REFUSED(vhost_bind(v, &all, 1, rings, &e), -EBUSY, "receive ring is running");
	vhost_info(v, &info);
	CHECK(info.is_running[VHOST_RX] && !info.is_running[VHOST_TX]);
	CHECK(vhost_stop(v, VHOST_RX, &base, &e) == 0 && base == 0);
	CHECK(vhost_stop(v, VHOST_RX, &base, &e) == 0 && base == 0);
	CHECK(vhost_start(w, VHOST_RX, tap, &e) == 0); /* free again */
	CHECK(vhost_rebase(v, VHOST_TX, 0, &e) == 0);
	CHECK(vhost_stop(v, VHOST_TX, &base, &e) == 0 && base == 0);
	vhost_close(&v);
	vhost_close(&w); /* while it runs */
	v = opened();
	CHECK(vhost_bind(v, &all, 1, rings, &e) == 0);
	CHECK(vhost_start(v, VHOST_RX, tap, &e) == 0);
	vhost_close(&v);
	close(tap), close(second);
}

/* What only a real kernel can do: memory that is gone, a device that is gone, a fork. */
static void lost(void)
{
	char *gone = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	int tap = fault_tap("vr0", FAULT_VNET), status = 1;
	struct vhost_region all = whole();
	struct vhost_ring rings[VHOST_RINGS];
	struct vhost *v = opened();
	struct netlink nl;
	uint16_t base;
	pid_t pid;

	tap_set_hdr_len(tap, TAP_VNET_HDR_LEN);
	layout(rings, 0);
	CHECK(vhost_bind(v, &all, 1, rings, &e) == 0);
	pid = fork();
	if (pid == 0) {
		REFUSED(vhost_start(v, VHOST_RX, tap, &e), -EPERM, "another process");
		REFUSED(vhost_bind(v, &all, 1, rings, &e), -EPERM, "belongs to");
		fflush(stdout);
		_exit(fault_n_bad ? 1 : 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(vhost_start(v, VHOST_RX, tap, &e) == 0);
	CHECK(vhost_start(v, VHOST_TX, tap, &e) == 0);
	fault_open_netlink(&nl);
	fault_del_link(&nl, "vr0");
	netlink_close(&nl);
	CHECK(vhost_stop(v, VHOST_RX, &base, &e) == 0);
	CHECK(vhost_stop(v, VHOST_TX, &base, &e) == 0);
	REFUSED(vhost_start(v, VHOST_RX, tap, &e), -EBADFD, "was it deleted?");
	close(tap);
	all.mem = gone;
	for (int i = 0; i < VHOST_RINGS; i++) {
		rings[i].desc = gone + 65536 * i;
		rings[i].avail = gone + 65536 * i + 4096;
		rings[i].used = gone + 65536 * i + 8192;
	}
	CHECK(vhost_bind(v, &all, 1, rings, &e) == 0);
	munmap(gone, MEM);
	tap = fault_tap("vr0", FAULT_VNET);
	tap_set_hdr_len(tap, TAP_VNET_HDR_LEN);
	REFUSED(vhost_start(v, VHOST_RX, tap, &e), -EFAULT, "was it unmapped?");
	vhost_close(&v);
	close(tap);
}

static void rounds(void)
{
	int tap = fault_tap("vr0", FAULT_VNET), n;
	int n_rounds = is_fake ? ROUNDS / 10 : ROUNDS; /* traced, it takes its time */
	struct vhost_region all = whole();
	struct vhost_ring rings[VHOST_RINGS];
	struct fault_text before, after;

	tap_set_hdr_len(tap, TAP_VNET_HDR_LEN);
	layout(rings, 0);
	fault_fds(&before);
	for (n = 0; n < n_rounds && !fault_n_bad; n++) {
		struct vhost *v = opened();

		CHECK(vhost_bind(v, &all, 1, rings, &e) == 0);
		CHECK(vhost_start(v, VHOST_RX, tap, &e) == 0);
		CHECK(vhost_start(v, VHOST_TX, tap, &e) == 0);
		if (n & 1)
			CHECK(vhost_stop(v, VHOST_RX, NULL, &e) == 0);
		vhost_close(&v);
	}
	fault_fds(&after);
	CHECK(fault_same(&before, &after));
	close(tap);
}

static void too_old(void)
{
	struct vhost_conf conf = {.fd = -1};
	struct vhost *v;

	REFUSED(vhost_open(&v, &conf, &e), -EOPNOTSUPP, "it needs Linux 4.0");
	REFUSED(vhost_probe(&e), -EOPNOTSUPP, "VIRTIO_F_VERSION_1");
}

static void absent(void)
{
	struct vhost_conf conf = {.fd = -1};
	struct vhost *v;

	REFUSED(vhost_probe(&e), -ENOENT, "modprobe vhost_net");
	REFUSED(vhost_open(&v, &conf, &e), -ENOENT, "modprobe vhost_net");
}

/* --- where it runs -------------------------------------------------------------------
 */

struct refusal {
	const char *name;
	void (*run)(void);
	int kernel; /* FAKE_*, then this one; NATIVE: this one only */
};

static const struct refusal refusals[] = {
	{"a given fd is taken over, or explained and closed", given_fds, FAKE_6_1},
	{"what is agreed, and what never is", agreed, FAKE_6_18},
	{"a backend that vhost-net would take is refused", backends, FAKE_6_1},
	{"running rings are left alone, one reader for each queue", running, FAKE_6_1},
	{"lost memory, device and owner are explained", lost, NATIVE},
	{"1,000 rounds (100 of the stand-in) leave nothing", rounds, FAKE_6_5},
	{"a vhost-net without VERSION_1", too_old, FAKE_OLD},
	{"no vhost-net at all", absent, NATIVE},
};

static int run(struct inject *in, void *arg)
{
	const struct refusal *f = arg;
	const struct fault_test t = {f->name, f->run, NULL};

	(void)in;
	mem = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fault_must(mem != MAP_FAILED, "mmap");
	fault_run_child(&t);
	return 1;
}

static int run_native(const struct refusal *f)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run(NULL, (void *)f);
	fault_must(pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
	return status;
}

/* "native": in a slow guest the stand-in, which every machine has, is left out. */
int main(int argc, char **argv)
{
	bool is_native = argc > 1 && strcmp(argv[1], "native") == 0;
	bool is_here = access(node, F_OK) == 0;
	struct fault_results r = {0};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *f = &refusals[i];

		is_fake = true;
		if (f->kernel >= 0 && !is_native)
			fake_vhost_use(f->kernel);
		if (!INJECT_CAN && f->kernel >= 0 && !is_native)
			fault_result(&r, true, "%s # SKIP %s", f->name,
				     "the sanitizers' own system calls would be counted");
		else if (f->kernel >= 0 && !is_native)
			fault_result(&r, inject_run(run, (void *)f) == 0, "%s", f->name);
		is_fake = false;
		if (f->run == too_old || (f->run == absent && is_here))
			continue;
		if (f->run != absent && !is_here)
			fault_result(&r, true, "%s, this kernel # SKIP no %s", f->name,
				     node);
		else
			fault_result(&r, run_native(f) == 0, "%s, this kernel", f->name);
	}
	return fault_end(&r);
}
