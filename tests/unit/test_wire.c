/* SPDX-License-Identifier: BSD-2-Clause */
/* wire, disturb: which frames a counter takes for its own, and whose CPU time it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/pktgen/gen.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire.h"
#include "bench/wire/wire_bpf.h"
#include "bench/wire/wire_bpf_code.h"

/* What the eBPF program does, said plainly. */
static bool is_match(const struct wire_match *m, const uint8_t *frame, size_t len)
{
	for (unsigned i = 0; i < m->n_at; i++) {
		unsigned at = m->at[i];
		uint32_t v;

		if (at + 4 > len)
			continue;
		v = (uint32_t)frame[at] << 24 | (uint32_t)frame[at + 1] << 16 |
		    (uint32_t)frame[at + 2] << 8 | frame[at + 3];
		if ((v & m->mask) == (m->value & m->mask) &&
		    frame[at - m->back] == m->ethertype >> 8 &&
		    frame[at - m->back + 1] == (m->ethertype & 0xff))
			return true;
	}
	return m->n_at == 0;
}

static const char *const specs[] = {
	"",
	"proto=tcp",
	"proto=udp6",
	"proto=tcp6",
	"proto=arp",
	"proto=eth",
	"vlan=5",
	"vlan=5,qinq=9",
	"proto=eth,vlan=7",
	"flows=64,size=imix",
	"proto=tcp6,vlan=1,qinq=2,flows=7",
};
enum { N_SPECS = sizeof(specs) / sizeof(specs[0]) };

/* Every frame of a spec is found, also with its tags taken off, and no other run's. */
static void a_match_finds_its_frames(void **state)
{
	static uint8_t buf[WIRE_LEN_MAX];
	(void)state;

	for (unsigned i = 0; i < N_SPECS; i++) {
		struct gen_spec s, other;
		struct wire_match m, m2;
		char words[200];
		struct gen *g;

		assert_int_equal(gen_spec_parse(&s, specs[i], NULL), 0);
		snprintf(words, sizeof(words), "%s%srun=%u", specs[i],
			 *specs[i] ? "," : "", s.run ^ 1);
		assert_int_equal(gen_spec_parse(&other, words, NULL), 0);
		m = wire_match_of(&s);
		m2 = wire_match_of(&other);
		assert_int_equal(gen_open(&g, &s, NULL), 0);
		for (unsigned n = 0; n < 100; n++) {
			size_t len = gen_next(g, buf, sizeof(buf), 1000);

			assert_true(is_match(&m, buf, len));
			assert_false(is_match(&m2, buf, len));
			for (unsigned tag = 1; tag < m.n_at; tag++) {
				len -= 4;
				memmove(buf + 12, buf + 16, len - 12);
				assert_true(is_match(&m, buf, len));
			}
			assert_false(is_match(&m, buf, 17));
		}
		gen_close(g);
	}
}

static void of_a_pcap_every_frame_counts(void **state)
{
	struct gen_spec s = {.pcap = "x"};
	(void)state;

	assert_int_equal(wire_match_of(&s).n_at, 0);
}

/* All jumps stay inside, and the program fits its room, whatever the match. */
static void programs_are_well_formed(void **state)
{
	(void)state;

	for (unsigned i = 0; i <= N_SPECS; i++)
		for (unsigned at = 0; at < 2; at++) {
			struct wire_match m = {0};
			struct wire_bpf_code c;
			struct gen_spec s;

			if (i < N_SPECS) {
				assert_int_equal(gen_spec_parse(&s, specs[i], NULL), 0);
				m = wire_match_of(&s);
			}
			wire_bpf_code_make(&c, at, &m, 3);
			assert_true(c.n > 10 && c.n < WIRE_BPF_CODE_MAX);
			assert_int_equal(c.insn[c.n - 1].code, BPF_JMP | BPF_EXIT);
			for (unsigned k = 0; k < c.n; k++) {
				unsigned class = BPF_CLASS(c.insn[k].code);
				unsigned op = BPF_OP(c.insn[k].code);

				if ((class != BPF_JMP && class != BPF_JMP32) ||
				    op == BPF_CALL || op == BPF_EXIT)
					continue;
				assert_true(c.insn[k].off >= 0);
				assert_true(k + 1 + (unsigned)c.insn[k].off < c.n);
			}
		}
}

/* --- disturb ---------------------------------------------------------------------- */

static struct disturb_share between(double busy, double steal, double own, double known)
{
	const double second = 1e9;
	struct disturb a = {.is_known = true, .at_ns = 5};
	struct disturb b = {
		.is_known = true,
		.at_ns = (uint64_t)second + 5,
		.total_ns = (uint64_t)(2 * second), /* two CPUs */
		.busy_ns = (uint64_t)(busy * second),
		.steal_ns = (uint64_t)(steal * second),
		.own_ns = (uint64_t)(own * second),
		.known_ns = (uint64_t)(known * second),
	};

	return disturb_between(&a, &b);
}

static void what_is_ours_disturbs_nobody(void **state)
{
	(void)state;

	assert_true(between(0, 0, 0, 0).others_percent == 0);
	assert_true(between(1, 0, 1, 0).others_percent == 0);
	assert_true(between(1.8, 0, 0.9, 0.9).others_percent == 0);
	/* the clocks are read one after the other, and ticks are coarse */
	assert_true(between(1.03, 0, 1, 0).others_percent == 0);
	assert_true(between(0.5, 0, 1, 0).others_percent == 0);
}

static void others_and_the_hypervisor_do(void **state)
{
	(void)state;

	assert_true(fabs(between(1.5, 0, 1, 0).others_percent - 50) < 0.01);
	assert_true(fabs(between(1.5, 0, 1, 0.25).others_percent - 25) < 0.01);
	assert_true(fabs(between(1, 0.2, 1, 0).steal_percent - 10) < 0.01);
	assert_true(between(1, 0.2, 1, 0).others_percent == 0);
}

static void what_is_unknown_is_not_guessed(void **state)
{
	struct disturb a = {.is_known = false},
		       b = {.is_known = true, .busy_ns = 1ULL << 40};
	(void)state;

	b.at_ns = b.total_ns = 1000000000;
	assert_true(disturb_between(&a, &b).others_percent == 0);
	a.is_known = true;
	a.known_ns = b.known_ns = DISTURB_ALL;
	assert_true(disturb_between(&a, &b).others_percent == 0);
}

/* A child that nobody told of burns a CPU: it is found, until it is known. */
static void a_real_one_is_found(void **state)
{
	struct timespec t = {0}, nap = {.tv_nsec = 10000000};
	clockid_t clock;
	struct disturb d;
	char text[200];
	pid_t pid;
	bool is_disturbed;
	(void)state;

	disturb_begin(&d, 0);
	if (!d.is_known)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			;
	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	while (t.tv_sec == 0 && t.tv_nsec < 300000000) {
		nanosleep(&nap, NULL);
		assert_int_equal(clock_gettime(clock, &t), 0);
	}
	is_disturbed = disturb_end(&d, 0, text, sizeof(text));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* on a machine that gives it less than a tenth of a CPU it disturbs nobody */
	if (!is_disturbed)
		skip();
	assert_non_null(strstr(text, "% of"));
}

/* A map read writes a value for each: too few would be written behind. */
static void possible_cpus_are_never_too_few(void **state)
{
	static const struct {
		const char *list;
		int n;
	} lists[] = {{"0\n", 1},
		     {"0-3\n", 4},
		     {"0,2-5\n", 6},
		     {"0-3,7\n", 8},
		     {"0-127\n", 128},
		     {"", WIRE_BPF_CPUS_MAX},
		     {"\n", WIRE_BPF_CPUS_MAX},
		     {"0-\n", WIRE_BPF_CPUS_MAX},
		     {"0-99999999999999999999\n", WIRE_BPF_CPUS_MAX}};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_int_equal(wire_bpf_cpus(lists[i].list), lists[i].n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_match_finds_its_frames),
		cmocka_unit_test(of_a_pcap_every_frame_counts),
		cmocka_unit_test(programs_are_well_formed),
		cmocka_unit_test(possible_cpus_are_never_too_few),
		cmocka_unit_test(what_is_ours_disturbs_nobody),
		cmocka_unit_test(others_and_the_hypervisor_do),
		cmocka_unit_test(what_is_unknown_is_not_guessed),
		cmocka_unit_test(a_real_one_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
