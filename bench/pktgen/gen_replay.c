/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_replay: reads a capture through libpcap, and keeps the place in it. */
#include "bench/pktgen/gen_replay.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

struct one {
	size_t at;
	uint32_t len;
	uint64_t due_ns;
};

struct gen_replay {
	struct one *one;
	uint8_t *bytes;
	size_t n, n_max, n_bytes, bytes_max;
	size_t max_len;
	uint64_t loops,
		period_ns; /* period: from the start of a loop to the next one's */
	size_t i;	   /* the next frame, */
	uint64_t loop;	   /* in this loop */
};

/* Make *p hold at least want elements of size. */
static bool grow(void **p, size_t *have, size_t want, size_t size)
{
	size_t n = *have ? *have : 4096;
	void *more;

	if (want <= *have)
		return true;
	while (n < want)
		n *= 2;
	more = realloc(*p, n * size);
	if (!more)
		return false;
	*p = more;
	*have = n;
	return true;
}

static int add(struct gen_replay *r, const char *path, const struct pcap_pkthdr *h,
	       const uint8_t *frame, uint64_t first_ns, struct err *e)
{
	/* of a file opened for nanoseconds, tv_usec has them */
	uint64_t ns = (uint64_t)h->ts.tv_sec * 1000000000 + (uint64_t)h->ts.tv_usec;
	uint64_t due = r->n && ns > first_ns ? ns - first_ns : 0;

	if (h->caplen < h->len)
		return err_set(e, -EINVAL,
			       "%s: frame %zu has %u bytes of which %u were captured; a "
			       "replay needs all (tcpdump -s 0)",
			       path, r->n + 1, h->len, h->caplen);
	if (h->caplen < 14 || h->caplen > GEN_REPLAY_LEN_MAX)
		return err_set(e, -EINVAL,
			       "%s: frame %zu has %u bytes; a frame has 14 to %d", path,
			       r->n + 1, h->caplen, GEN_REPLAY_LEN_MAX);
	if (r->n == GEN_REPLAY_FRAMES_MAX ||
	    r->n_bytes + h->caplen > GEN_REPLAY_BYTES_MAX)
		return err_set(
			e, -EFBIG,
			"%s: more than %d frames or %d MiB; cut it (editcap, tcpdump -c)",
			path, GEN_REPLAY_FRAMES_MAX, GEN_REPLAY_BYTES_MAX >> 20);
	if (!grow((void **)&r->one, &r->n_max, r->n + 1, sizeof(*r->one)) ||
	    !grow((void **)&r->bytes, &r->bytes_max, r->n_bytes + h->caplen, 1))
		return err_set(e, -ENOMEM, "%s: no memory for it", path);
	if (r->n && due < r->one[r->n - 1].due_ns)
		due = r->one[r->n - 1].due_ns;
	r->one[r->n++] = (struct one){r->n_bytes, h->caplen, due};
	memcpy(r->bytes + r->n_bytes, frame, h->caplen);
	r->n_bytes += h->caplen;
	if (h->caplen > r->max_len)
		r->max_len = h->caplen;
	return 0;
}

static int load(struct gen_replay *r, const char *path, pcap_t *p, struct err *e)
{
	const uint8_t *frame;
	struct pcap_pkthdr *h;
	uint64_t first_ns = 0;
	int rc, more;

	if (pcap_datalink(p) != DLT_EN10MB)
		return err_set(e, -EINVAL, "%s: its frames are %s, not Ethernet", path,
			       pcap_datalink_val_to_description_or_dlt(pcap_datalink(p)));
	while ((more = pcap_next_ex(p, &h, &frame)) == 1) {
		if (!r->n)
			first_ns = (uint64_t)h->ts.tv_sec * 1000000000 +
				   (uint64_t)h->ts.tv_usec;
		rc = add(r, path, h, frame, first_ns, e);
		if (rc < 0)
			return rc;
	}
	if (more != PCAP_ERROR_BREAK)
		return err_set(e, -EINVAL, "%s: behind frame %zu: %s", path, r->n,
			       pcap_geterr(p));
	if (!r->n)
		return err_set(e, -EINVAL, "%s: there is no frame in it", path);
	r->period_ns = r->one[r->n - 1].due_ns;
	r->period_ns += r->n > 1 ? r->period_ns / (r->n - 1) : 0;
	return 0;
}

int gen_replay_open(struct gen_replay **to, const char *path, uint64_t loops,
		    struct err *e)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct gen_replay *r = calloc(1, sizeof(*r));
	pcap_t *p;
	int rc;

	*to = NULL;
	if (!r)
		return err_set(e, -ENOMEM, "%s: no memory for it", path);
	r->loops = loops;
	p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
						    why);
	if (!p) { /* libpcap names the file in its own sentence, or not */
		gen_replay_close(r);
		return strstr(why, path) ? err_set(e, -EINVAL, "%s", why)
					 : err_set(e, -EINVAL, "%s: %s", path, why);
	}
	rc = load(r, path, p, e);
	pcap_close(p);
	if (rc < 0)
		gen_replay_close(r);
	else
		*to = r;
	return rc;
}

void gen_replay_close(struct gen_replay *r)
{
	if (!r)
		return;
	free(r->one);
	free(r->bytes);
	free(r);
}

const uint8_t *gen_replay_frame(const struct gen_replay *r, size_t *len)
{
	if (r->loops && r->loop == r->loops)
		return NULL;
	*len = r->one[r->i].len;
	return r->bytes + r->one[r->i].at;
}

uint64_t gen_replay_due_ns(const struct gen_replay *r)
{
	return r->loop * r->period_ns + r->one[r->i].due_ns;
}

void gen_replay_step(struct gen_replay *r)
{
	if ((r->loops && r->loop == r->loops) || ++r->i < r->n)
		return;
	r->i = 0;
	r->loop++;
}

void gen_replay_back(struct gen_replay *r)
{
	if (r->i) {
		r->i--;
	} else if (r->loop) {
		r->loop--;
		r->i = r->n - 1;
	}
}

size_t gen_replay_max_len(const struct gen_replay *r)
{
	return r->max_len;
}

double gen_replay_mean_len(const struct gen_replay *r)
{
	return (double)r->n_bytes / (double)r->n;
}
