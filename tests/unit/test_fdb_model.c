/* SPDX-License-Identifier: BSD-2-Clause */
/* core/fdb against a plain list, at random: what it finds, answers and counts. */
#include "tests/unit/fdb_lab.h"

#include <errno.h>

/*
 * The list knows neither hash nor places: it has room for all, so the table is made
 * large enough that nothing is displaced. What has expired is freed at once in both.
 */
enum { PORTS = 5, MACS = 40, VIDS = 3, MODEL_MAX = MACS * VIDS };

struct known {
	bool is_there, is_static;
	unsigned port;
	uint64_t seen_ms;
};

struct model {
	struct known at[VIDS][MACS];
	uint32_t limit[PORTS];
	uint64_t now_ms, ageing_ms;
};

static struct fdb_lab l;
static struct model m;

static unsigned model_count(unsigned port)
{
	unsigned n = 0;

	for (unsigned v = 0; v < VIDS; v++)
		for (unsigned i = 0; i < MACS; i++)
			n += m.at[v][i].is_there && !m.at[v][i].is_static &&
			     m.at[v][i].port == port;
	return n;
}

static enum fdb_learnt model_learn(unsigned port, struct known *k)
{
	if (k->is_there && k->is_static)
		return k->port == port ? FDB_KNOWN : FDB_STATIC;
	if (k->is_there && k->port == port) {
		k->seen_ms = m.now_ms;
		return FDB_KNOWN;
	}
	if (model_count(port) >= m.limit[port])
		return FDB_LIMIT;
	*k = (struct known){
		.is_there = true, .is_static = false, .port = port, .seen_ms = m.now_ms};
	return FDB_NEW; /* or moved: the caller knows */
}

static unsigned model_flush(const struct fdb_which *w)
{
	unsigned n = 0;

	for (unsigned v = 0; v < VIDS; v++) {
		for (unsigned i = 0; i < MACS; i++) {
			struct known *k = &m.at[v][i];

			if (!k->is_there || (w->vid >= 0 && w->vid != (int)v * 7) ||
			    (w->port >= 0 && w->port != (int)k->port) ||
			    (k->is_static && !w->with_static))
				continue;
			k->is_there = false;
			n++;
		}
	}
	return n;
}

/* A tick is 1 ms here, so that an entry lives exactly as long as the list says. */
static void pass_time(uint64_t ms)
{
	unsigned n = 0;

	m.now_ms += ms;
	for (unsigned v = 0; v < VIDS; v++) {
		for (unsigned i = 0; i < MACS; i++) {
			struct known *k = &m.at[v][i];

			if (k->is_there && !k->is_static &&
			    m.now_ms - k->seen_ms > m.ageing_ms) {
				k->is_there = false;
				n++;
			}
		}
	}
	assert_int_equal(fdb_age(&l.f, fdb_tick(&l.f, m.now_ms), UINT32_MAX), n);
}

static void compare(void)
{
	uint32_t tick = fdb_tick(&l.f, m.now_ms);
	unsigned n = 0;
	uint8_t mac[6];

	for (unsigned v = 0; v < VIDS; v++) {
		for (unsigned i = 0; i < MACS; i++) {
			const struct known *k = &m.at[v][i];

			n += k->is_there;
			assert_int_equal(fdb_lookup(&l.f, (uint16_t)(v * 7),
						    fdb_lab_mac(i, mac), tick),
					 k->is_there ? (int)k->port : -1);
		}
	}
	for (unsigned p = 0; p < PORTS; p++)
		assert_int_equal(fdb_count(&l.f, p), model_count(p));
	assert_int_equal(fdb_lab_check(&l.f, tick), n);
}

static void learn(uint64_t *rnd, struct known *k, uint16_t vid, const uint8_t *mac)
{
	unsigned port = make_below(rnd, PORTS);
	bool was_there = k->is_there;
	enum fdb_learnt want = model_learn(port, k), got;

	got = fdb_learn(&l.f, port, vid, mac, fdb_tick(&l.f, m.now_ms));
	if (want == FDB_NEW && was_there)
		want = FDB_MOVED;
	assert_int_equal(got, want);
}

static void flush(uint64_t *rnd)
{
	struct fdb_which w = {(int)make_below(rnd, PORTS + 2) - 1,
			      (int)make_below(rnd, VIDS + 1) * 7 - 7, make_below(rnd, 2)};
	unsigned want;

	w.vid = w.vid < 0 ? -1 : w.vid;
	want = model_flush(&w);
	assert_int_equal(fdb_flush(&l.f, &w), want);
}

static void step(uint64_t *rnd)
{
	unsigned v = make_below(rnd, VIDS), i = make_below(rnd, MACS), port;
	struct known *k = &m.at[v][i];
	uint16_t vid = (uint16_t)(v * 7);
	uint8_t mac[6];

	fdb_lab_mac(i, mac);
	switch (make_below(rnd, 40)) {
	case 0:
		port = make_below(rnd, PORTS);
		assert_int_equal(fdb_add(&l.f, port, vid, mac, NULL), 0);
		*k = (struct known){.is_there = true, .is_static = true, .port = port};
		break;
	case 1:
	case 2:
		assert_int_equal(fdb_del(&l.f, vid, mac, NULL),
				 k->is_there ? 0 : -ENOENT);
		k->is_there = false;
		break;
	case 3:
		port = make_below(rnd, PORTS);
		m.limit[port] = make_below(rnd, 2) ? UINT32_MAX : make_below(rnd, 20);
		fdb_limit(&l.f, port, m.limit[port]);
		break;
	case 4:
		if (make_below(rnd, 10) == 0)
			flush(rnd);
		break;
	case 5:
	case 6:
		pass_time(make_below(rnd, (uint32_t)m.ageing_ms / 4));
		break;
	default:
		learn(rnd, k, vid, mac);
	}
}

static void test_random(void **state)
{
	uint64_t seed = 0x5eed0f0fdb, rnd = seed;

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (unsigned round = 0; round < 60; round++) {
		m = (struct model){.ageing_ms = 40 + make_below(&rnd, 4000)};
		memset(m.limit, 0xff, sizeof(m.limit));
		fdb_lab_open(&l, 2000, PORTS, (uint32_t)m.ageing_ms, make_random(&rnd));
		assert_int_equal(l.f.tick_ms, 1);
		for (unsigned i = 0; i < 1500; i++) {
			step(&rnd);
			if (i % 50 == 0)
				compare();
		}
		compare();
		fdb_lab_close(&l);
	}
}

/* A small table that is always full: whatever was displaced, accounts and keys are right,
 * and what it does find it finds where it was last learnt. */
static void test_random_when_full(void **state)
{
	uint64_t seed = 0xf0115eed, rnd = seed;
	unsigned last[400];
	uint8_t mac[6];

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (unsigned round = 0; round < 20; round++) {
		unsigned n_found = 0;

		fdb_lab_open(&l, 1 + make_below(&rnd, 60), PORTS, 1000,
			     make_random(&rnd));
		memset(last, 0xff, sizeof(last));
		for (unsigned t = 0; t < 20000; t++) {
			unsigned i = make_below(&rnd, 400), got;
			unsigned port = make_below(&rnd, make_below(&rnd, PORTS) + 1);

			got = fdb_learn(&l.f, port, 0, fdb_lab_mac(i, mac), t / 1000);
			if (got == FDB_FULL)
				assert_int_equal(fdb_lookup(&l.f, 0, mac, t / 1000), -1);
			else
				last[i] = port;
			i = make_below(&rnd, 400);
			got = (unsigned)fdb_lookup(&l.f, 0, fdb_lab_mac(i, mac),
						   t / 1000);
			assert_true(got == (unsigned)-1 || got == last[i]);
			n_found += got != (unsigned)-1;
		}
		assert_true(n_found > 100);
		assert_true(fdb_lab_check(&l.f, 20) <= (l.f.mask + 1) * FDB_WAYS);
		fdb_lab_close(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_when_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
