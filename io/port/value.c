/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict parsers for one option's value. */
#include "io/port/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

struct value_shown value_show(const char *value)
{
	struct value_shown s;

	if (strlen(value) > VALUE_SHOWN)
		snprintf(s.text, sizeof(s.text), "%.*s...", VALUE_SHOWN, value);
	else
		snprintf(s.text, sizeof(s.text), "%s", value);
	return s;
}

/* The sentence for a value that does not fit. */
static int unfit(struct err *e, const char *key, const char *value, const char *remedy)
{
	return err_usage(e, "%s=%s: %s", key, value_show(value).text, remedy);
}

int value_digits(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (digit > max || n > max / 10 || n * 10 > max - digit)
			return -ERANGE;
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

int value_number(const char *key, const char *value, const char *what, uint64_t min,
		 uint64_t max, uint64_t *out, struct err *e)
{
	uint64_t n;

	if (value_digits(value, strlen(value), max, &n) < 0 || n < min)
		return err_usage(e,
				 "%s=%s: %s must be a whole number from %" PRIu64
				 " to %" PRIu64,
				 key, value_show(value).text, what, min, max);
	*out = n;
	return 0;
}

int value_size(const char *key, const char *value, int *out, struct err *e)
{
	static const char suffixes[] = "BbKkMmGg";
	size_t len = strlen(value);
	unsigned shift = 0;
	const char *s = len ? strchr(suffixes, value[len - 1]) : NULL;
	uint64_t n;

	if (s) {
		shift = (unsigned)(s - suffixes) / 2 * 10;
		len--;
	}
	if (value_digits(value, len, (uint64_t)INT_MAX >> shift, &n) < 0)
		return unfit(e, key, value,
			     "must be a number of bytes from 0 to 2147483647, "
			     "as in 1048576, 1024k or 1M (0 = unlimited)");
	*out = (int)(n << shift);
	return 0;
}

int value_switch(const char *key, const char *value, bool with_auto, enum tristate *out,
		 struct err *e)
{
	static const struct {
		const char *word;
		enum tristate state;
	} words[] = {
		{"on", TRI_on},	  {"yes", TRI_on}, {"true", TRI_on},   {"y", TRI_on},
		{"off", TRI_off}, {"no", TRI_off}, {"false", TRI_off}, {"n", TRI_off},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i].word) == 0) {
			*out = words[i].state;
			return 0;
		}
	if (with_auto && strcmp(value, "auto") == 0) {
		*out = TRI_auto;
		return 0;
	}
	return unfit(e, key, value,
		     with_auto ? "must be on, off or auto" : "must be on or off");
}

int value_fds(const char *key, const char *value, bool many, int *fds, unsigned *n_fds,
	      struct err *e)
{
	unsigned n = 0;

	for (const char *p = value;; p++) {
		size_t len = many ? strcspn(p, ":") : strlen(p);
		uint64_t fd;

		if (value_digits(p, len, INT_MAX, &fd) < 0)
			return unfit(
				e, key, value,
				many ? "must be numbers of open file descriptors with "
				       "':' "
				       "between them, as in 5:6"
				     : "must be the number of one open file descriptor "
				       "(for more of them there is a key that ends in "
				       "s)");
		if (n == PORT_QUEUES_MAX)
			return unfit(e, key, value,
				     "more than 256 file descriptors; the kernel takes "
				     "at most "
				     "256 queues for a TAP, so give at most 256");
		fds[n++] = (int)fd;
		p += len;
		if (*p == '\0')
			break;
	}
	*n_fds = n;
	return 0;
}

/* Where the kernel's %d template stands in a name is checked as it does. */
static bool is_template_good(const char *name, bool with_template)
{
	const char *p = strchr(name, '%');

	if (!p)
		return true;
	return with_template && p[1] == 'd' && !strchr(p + 2, '%');
}

int value_ifname(const char *key, const char *value, bool with_template,
		 char out[IFNAMSIZ], struct err *e)
{
	size_t len = strlen(value);

	if (len == 0 || len >= IFNAMSIZ)
		return unfit(e, key, value, "an interface name has 1 to 15 bytes");
	if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return unfit(e, key, value, "the kernel takes no interface of that name");
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)value[i];

		if (ch == '/' || ch == ':' || isspace(ch) || iscntrl(ch))
			return unfit(
				e, key, value,
				"an interface name has no '/', no ':', no blank and no "
				"control character");
	}
	if (!is_template_good(value, with_template))
		return unfit(
			e, key, value,
			with_template
				? "a '%' may only stand once, as %d, for a number "
				  "that the kernel chooses (tap%d)"
				: "the name of an existing interface has no '%' here");
	memcpy(out, value, len + 1);
	return 0;
}

static int hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

int value_mac(const char *key, const char *value, uint8_t out[6], struct err *e)
{
	uint8_t mac[6], any = 0;

	if (strlen(value) != 17)
		return unfit(e, key, value, "must look like 02:00:00:00:00:01");
	for (unsigned i = 0; i < 6; i++) {
		int high = hex_digit(value[3 * i]), low = hex_digit(value[3 * i + 1]);

		if (high < 0 || low < 0 || value[3 * i + 2] != (i < 5 ? ':' : '\0'))
			return unfit(e, key, value, "must look like 02:00:00:00:00:01");
		mac[i] = (uint8_t)(high << 4 | low);
		any |= mac[i];
	}
	if (mac[0] & 1)
		return unfit(
			e, key, value,
			"is a multicast address; an interface has a unicast one, whose "
			"first byte is even");
	if (!any)
		return unfit(e, key, value,
			     "the zero address is not one an interface may have");
	memcpy(out, mac, sizeof(mac));
	return 0;
}

/* Why no host behind a TAP can have this address, or NULL. */
static const char *impossible_inet(const uint8_t b[4], uint64_t prefix_len)
{
	uint32_t addr = (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];

	if (b[0] == 0)
		return "is not the address of one host: 0.0.0.0/8 stands for none";
	if (b[0] == 127)
		return "is a loopback address, which only the interface lo can have; "
		       "give "
		       "one of the network behind this port";
	if (b[0] >= 224 && b[0] < 240)
		return "is a multicast address; give the address of one host";
	if (b[0] >= 240)
		return "is a reserved or broadcast address; give the address of one host";
	if (prefix_len < 31 && !(~addr << prefix_len)) /* RFC 919; not of /31: RFC 3021 */
		return "is the broadcast address of its network; give the address of one "
		       "host";
	return NULL;
}

static const char *impossible_inet6(const uint8_t b[16])
{
	static const uint8_t zero[16];

	if (b[0] == 0xff)
		return "is a multicast address; give the address of one host";
	if (memcmp(b, zero, 15) == 0 && b[15] == 1)
		return "is the loopback address, which only the interface lo can have; "
		       "give one of the network behind this port";
	if (memcmp(b, zero, 16) == 0)
		return "is not the address of one host: :: stands for none";
	return NULL;
}

int value_addr(const char *key, const char *value, struct port_addr *out, struct err *e)
{
	struct port_addr a = {.family = strchr(value, ':') ? AF_INET6 : AF_INET};
	uint64_t longest = a.family == AF_INET6 ? 128 : 32, prefix_len = longest;
	size_t len = strcspn(value, "/");
	const char *why;
	char host[64];

	if (len >= sizeof(host))
		len = 0; /* an empty address is refused below */
	memcpy(host, value, len);
	host[len] = '\0';
	if (inet_pton(a.family, host, a.bytes) != 1)
		return unfit(
			e, key, value,
			"must be an IPv4 or IPv6 address with a prefix length, as in "
			"192.0.2.1/24 or 2001:db8::1/64");
	if (value[len] == '/' && (value_digits(value + len + 1, strlen(value + len + 1),
					       longest, &prefix_len) < 0 ||
				  prefix_len == 0))
		return unfit(e, key, value,
			     a.family == AF_INET6 ? "the prefix length must be 1 to 128"
						  : "the prefix length must be 1 to 32");
	why = a.family == AF_INET6 ? impossible_inet6(a.bytes)
				   : impossible_inet(a.bytes, prefix_len);
	if (why)
		return unfit(e, key, value, why);
	a.prefix_len = (uint8_t)prefix_len;
	*out = a;
	return 0;
}

int value_user(const char *key, const char *value, uid_t *out, struct err *e)
{
	const struct passwd *pw;
	uint64_t n;

	/* (uid_t)-1 means "nobody in particular" to the kernel */
	if (value_digits(value, strlen(value), UINT32_MAX - 1, &n) == 0) {
		*out = (uid_t)n;
		return 0;
	}
	pw = *value ? getpwnam(value) : NULL;
	if (!pw)
		return unfit(e, key, value,
			     "no such user; give a name that 'getent passwd' lists, or a "
			     "number");
	*out = pw->pw_uid;
	return 0;
}

int value_group(const char *key, const char *value, gid_t *out, struct err *e)
{
	const struct group *gr;
	uint64_t n;

	if (value_digits(value, strlen(value), UINT32_MAX - 1, &n) == 0) {
		*out = (gid_t)n;
		return 0;
	}
	gr = *value ? getgrnam(value) : NULL;
	if (!gr)
		return unfit(e, key, value,
			     "no such group; give a name that 'getent group' lists, or a "
			     "number");
	*out = gr->gr_gid;
	return 0;
}

/* One "3" or "0-3"; *n is moved on. -EEXIST: *twice is in the list already. */
static int take_cpus(const char *text, size_t len, int *list, unsigned *n, int *twice)
{
	const char *dash = memchr(text, '-', len);
	size_t first_len = dash ? (size_t)(dash - text) : len;
	uint64_t first, last;

	if (value_digits(text, first_len, VALUE_CPUS_MAX - 1, &first) < 0)
		return -EINVAL;
	last = first;
	if (dash &&
	    value_digits(dash + 1, len - first_len - 1, VALUE_CPUS_MAX - 1, &last) < 0)
		return -EINVAL;
	if (last < first)
		return -EINVAL;
	for (*twice = (int)first; *twice <= (int)last; ++*twice) {
		for (unsigned i = 0; i < *n; i++)
			if (list[i] == *twice)
				return -EEXIST;
		list[(*n)++] = *twice;
	}
	return 0;
}

int value_cpus(const char *key, const char *value, int *out, unsigned *n, struct err *e)
{
	int list[VALUE_CPUS_MAX], twice, code;
	unsigned len = 0;

	for (const char *p = value;; p++) {
		size_t part = strcspn(p, ",");

		code = take_cpus(p, part, list, &len, &twice);
		p += part;
		if (code || *p == '\0')
			break;
	}
	if (code == -EEXIST)
		return err_usage(e, "%s=%s: CPU %d is in the list twice", key,
				 value_show(value).text, twice);
	if (code)
		return err_usage(e,
				 "%s=%s: must be CPU numbers from 0 to %d as the kernel "
				 "lists them, as in 0-3,5",
				 key, value_show(value).text, VALUE_CPUS_MAX - 1);
	memcpy(out, list, len * sizeof(*out));
	*n = len;
	return 0;
}
