/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a TAP's offloads back from ethtool's feature bits. */
#include "io/port/tap_features.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "io/compat.h"

enum { FEATURES_MAX = 256 }; /* 6.18 has 64 */

static const struct {
	const char *name;
	unsigned offloads;
} names[] = {
	{"tx-checksum-ip-generic", TUN_F_CSUM},
	{"tx-tcp-segmentation", TUN_F_TSO4},
	{"tx-tcp6-segmentation", TUN_F_TSO6},
	{"tx-tcp-ecn-segmentation", TUN_F_TSO_ECN},
	{"tx-udp-segmentation", TUN_F_USO4 | TUN_F_USO6},
};

static int ask(int sock, const char *ifname, void *data)
{
	struct ifreq ifr;
	int ret;

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	ifr.ifr_data = data;
	do {
		ret = ioctl(sock, SIOCETHTOOL, &ifr);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

static unsigned offloads_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strncmp(name, names[i].name, ETH_GSTRING_LEN))
			return names[i].offloads;
	}
	return 0;
}

int tap_features_get(int sock, const char *ifname)
{
	union {
		struct ethtool_sset_info head;
		char bytes[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} count = {.head = {.cmd = ETHTOOL_GSSET_INFO,
			    .sset_mask = 1ULL << ETH_SS_FEATURES}};
	union {
		struct ethtool_gstrings head;
		char bytes[sizeof(struct ethtool_gstrings) +
			   FEATURES_MAX * ETH_GSTRING_LEN];
	} strings = {.head = {.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES}};
	union {
		struct ethtool_gfeatures head;
		char bytes[sizeof(struct ethtool_gfeatures) +
			   FEATURES_MAX / 32 * sizeof(struct ethtool_get_features_block)];
	} features = {.head = {.cmd = ETHTOOL_GFEATURES, .size = FEATURES_MAX / 32}};
	unsigned i, n, offloads = 0;
	int code;

	code = ask(sock, ifname, &count);
	n = count.head.data[0];
	if (!code && n > FEATURES_MAX)
		code = -E2BIG;
	if (!code)
		code = ask(sock, ifname, &strings);
	if (!code)
		code = ask(sock, ifname, &features);
	if (code)
		return code;
	for (i = 0; i < n; i++) {
		if (features.head.features[i / 32].active & 1U << i % 32)
			offloads |= offloads_of((char *)strings.head.data +
						i * ETH_GSTRING_LEN);
	}
	return (int)offloads;
}
