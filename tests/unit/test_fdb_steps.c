/* SPDX-License-Identifier: BSD-2-Clause */
/* core/fdb interrupted between any two instructions by what another thread may do there.
 */
#include "tests/unit/fdb_lab.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

/*
 * How it works: the processor's trap flag stops a call after each instruction. At the
 * chosen ones the signal handler does what another thread could do meanwhile: a whole
 * lookup or change of its own. So all orders of two threads, of which one is stopped
 * at one or two points, are run through, with or without a second CPU. A handler that
 * finds a lock held must not wait: it looks up and learns, nothing else.
 */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define CAN_STEP 1
#else
#define CAN_STEP 0
#endif

enum { A, B, PORTS = 4, FIRST = 1000, TRAP_FLAG = 0x100 };

static struct fdb_lab l;
static uint8_t mac_of[2][6];

static volatile unsigned step, stop_at[2], n_done;
static volatile bool at_each; /* step, which suffices where meanwhile changes nothing */
static void (*meanwhile)(unsigned time); /* 0, 1: which stop it is */

static int lookup(unsigned who)
{
	return fdb_lookup(&l.f, 0, mac_of[who], 0);
}

static enum fdb_learnt learn(unsigned who, unsigned port)
{
	return fdb_learn(&l.f, port, 0, mac_of[who], 0);
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	step++;
	if (at_each)
		meanwhile(0);
	while (n_done < 2 && step == stop_at[n_done])
		meanwhile(n_done++);
#if CAN_STEP
	if (n_done == 2)
		((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
#endif
}

static void trap(bool on)
{
#if CAN_STEP
	if (on)
		__asm__ volatile("sub $128, %%rsp; pushfq; orq $0x100, (%%rsp); popfq;"
				 "lea 128(%%rsp), %%rsp" ::
					 : "memory", "cc");
	else
		__asm__ volatile("sub $128, %%rsp; pushfq; andq $~0x100, (%%rsp); popfq;"
				 "lea 128(%%rsp), %%rsp" ::
					 : "memory", "cc");
#else
	(void)on;
#endif
}

/* A table of ten places: n_free of them are free, the others static. */
static void start(unsigned n_free)
{
	uint8_t mac[6];

	fdb_lab_open(&l, 1, PORTS, 1000, 11);
	for (unsigned i = n_free; i < 2 * FDB_WAYS; i++)
		assert_int_equal(fdb_add(&l.f, 3, 0, fdb_lab_mac(FIRST + i, mac), NULL),
				 0);
}

/* Run call with meanwhile after the steps one and two; false if it had fewer than one. */
static bool run(void (*call)(void), void (*other)(unsigned), unsigned one, unsigned two)
{
	step = n_done = 0;
	stop_at[0] = one;
	stop_at[1] = two;
	meanwhile = other;
	trap(true);
	call();
	trap(false);
	return n_done > 0;
}

/*
 * For each point and the second ones up to so far apart: set up, call, check. Returns how
 * many points there were, 0 where single steps cannot be had.
 */
static unsigned all_points(unsigned apart, unsigned n_free, void (*before)(void),
			   void (*call)(void), void (*other)(unsigned),
			   void (*after)(void))
{
	unsigned one = 1;

	for (bool more = CAN_STEP; more; one++) {
		for (unsigned two = one; two <= one + apart; two++) {
			start(n_free);
			before();
			more = run(call, other, one, two);
			after();
			fdb_lab_check(&l.f, 0);
			fdb_lab_close(&l);
			if (!more)
				break;
		}
	}
	return one - 1;
}

/* One call with a lookup after each of its steps; returns how many. */
static unsigned each_point(void (*before)(void), void (*call)(void),
			   void (*other)(unsigned), void (*after)(void))
{
	start(1);
	before();
	at_each = true;
	run(call, other, UINT_MAX, UINT_MAX);
	at_each = false;
	after();
	fdb_lab_check(&l.f, 0);
	fdb_lab_close(&l);
	return step;
}

#define CHECK_STEPS(n) assert_true((n) > 20)

/* --- a lookup is interrupted ------------------------------------------------------ */

static int got;

static void look_up_a(void)
{
	got = lookup(A);
}

static void a_is_there(void)
{
	assert_int_equal(learn(A, 0), FDB_NEW);
}

static void swap_keys(unsigned time)
{
	if (time == 0)
		learn(B, 1); /* takes A's place */
	else
		learn(A, 0);
}

static void got_a_or_none(void)
{
	assert_true(got == 0 || got == -1);
}

static void test_lookup_while_keys_change(void **state)
{
	(void)state;
	CHECK_STEPS(all_points(8, 1, a_is_there, look_up_a, swap_keys, got_a_or_none));
}

static void move_a(unsigned time)
{
	learn(A, 1 + time);
}

static void got_a(void)
{
	assert_in_range(got, 0, 2); /* it was never absent */
}

static void test_lookup_while_it_moves(void **state)
{
	(void)state;
	CHECK_STEPS(all_points(2, 1, a_is_there, look_up_a, move_a, got_a));
}

/* --- a change is interrupted -------------------------------------------------------- */

static void learn_b(void)
{
	learn(B, 1);
}

static bool is_wrong;

static void look_up_both(unsigned time)
{
	int a = lookup(A), b = lookup(B);

	(void)time;
	is_wrong |= (a != -1 && a != 0) || (b != -1 && b != 1);
	is_wrong |= a != -1 && b != -1; /* there is one place */
}

static void b_only(void)
{
	assert_false(is_wrong);
	assert_int_equal(lookup(A), -1);
	assert_int_equal(lookup(B), 1);
}

static void test_lookups_while_displaced(void **state)
{
	(void)state;
	CHECK_STEPS(each_point(a_is_there, learn_b, look_up_both, b_only));
}

static void add_b(void)
{
	assert_int_equal(fdb_add(&l.f, 1, 0, mac_of[B], NULL), 0);
}

static void test_lookups_while_added(void **state)
{
	(void)state;
	CHECK_STEPS(each_point(a_is_there, add_b, look_up_both, b_only));
}

static void move_a_to_2(void)
{
	learn(A, 2);
}

static void learn_b_meanwhile(unsigned time)
{
	(void)time;
	learn(B, 1);
}

static void b_is_at_1(void)
{
	assert_true(lookup(B) == 1 || lookup(B) == -1);
	assert_true(lookup(A) == 2 || lookup(A) == -1);
	assert_true(lookup(A) == -1 || lookup(B) == -1);
}

/* A is to move, and its place is B's all of a sudden. */
static void test_displaced_while_it_moves(void **state)
{
	(void)state;
	CHECK_STEPS(
		all_points(0, 1, a_is_there, move_a_to_2, learn_b_meanwhile, b_is_at_1));
}

static void nothing(void)
{
}

static void learn_a_at_0(void)
{
	learn(A, 0);
}

static void learn_a_at_1(unsigned time)
{
	(void)time;
	learn(A, 1);
}

static void a_once(void)
{
	assert_in_range(lookup(A), 0, 1);
	assert_int_equal(fdb_count(&l.f, 0) + fdb_count(&l.f, 1), 1);
}

/* Two learn the same new address: one entry, in either of the free places. */
static void test_learnt_twice(void **state)
{
	(void)state;
	CHECK_STEPS(all_points(0, 2, nothing, learn_a_at_0, learn_a_at_1, a_once));
}

static void flush_all(void)
{
	static const struct fdb_which any = {-1, -1, false};

	fdb_flush(&l.f, &any);
}

static void a_or_none(void)
{
	assert_false(is_wrong);
	assert_true(lookup(A) == -1 || lookup(A) == 1);
}

static void test_learnt_while_flushed(void **state)
{
	(void)state;
	CHECK_STEPS(all_points(0, 2, a_is_there, flush_all, learn_a_at_1, a_or_none));
}

static int setup(void **state)
{
	struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	(void)state;
	fdb_lab_mac(1, mac_of[A]);
	fdb_lab_mac(2, mac_of[B]);
	return sigaction(SIGTRAP, &sa, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup_while_keys_change),
		cmocka_unit_test(test_lookup_while_it_moves),
		cmocka_unit_test(test_lookups_while_displaced),
		cmocka_unit_test(test_lookups_while_added),
		cmocka_unit_test(test_displaced_while_it_moves),
		cmocka_unit_test(test_learnt_twice),
		cmocka_unit_test(test_learnt_while_flushed),
	};

	if (!CAN_STEP) {
		printf("1..1\nok 1 - fdb_steps # SKIP single steps are for x86-64 "
		       "without "
		       "sanitizers\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, NULL);
}
