/* SPDX-License-Identifier: BSD-2-Clause */
/* Where an interface is and whether it can do what is asked; which frames count. */
#include "bench/wire/wire.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

static int ask(const struct wire_place *p, struct link_info *info, struct err *e)
{
	struct netlink nl;
	int rc;

	netlink_init(&nl);
	rc = netlink_open(&nl, p->netns, e);
	if (rc)
		return rc;
	rc = link_get(&nl, p->ifname, 0, info);
	if (rc == -ENODEV)
		err_set(e, rc,
			"%s: there is no such interface in %s namespace ('ip "
			"link' lists those there are)",
			p->ifname, p->netns < 0 ? "this" : "that");
	else if (rc)
		err_set(e, rc, "%s: asking for the interface: %s", p->ifname, nl.reason);
	netlink_close(&nl);
	return rc;
}

int wire_check_name(const char *ifname, struct err *e)
{
	if (ifname && *ifname && strlen(ifname) < IFNAMSIZ)
		return 0;
	return err_usage(e,
			 "'%.40s' cannot be the name of an interface: these have 1 to %d "
			 "characters",
			 ifname ? ifname : "", IFNAMSIZ - 1);
}

int wire_find(const struct wire_place *p, size_t max_len, struct link_info *info,
	      struct err *e)
{
	int rc;

	memset(info, 0, sizeof(*info));
	rc = wire_check_name(p->ifname, e);
	if (rc)
		return rc;
	rc = ask(p, info, e);
	if (rc)
		return rc;
	if (!info->up)
		return err_set(e, -ENETDOWN,
			       "%s: the interface is down (ip link set %s up)", p->ifname,
			       p->ifname);
	/* the kernel lets a tag of 802.1Q pass above the MTU */
	if (max_len > (size_t)info->mtu + ETH_HLEN + 4)
		return wire_too_long(e, p->ifname, max_len, info->mtu);
	return 0;
}

int wire_too_long(struct err *e, const char *ifname, size_t len, uint32_t mtu)
{
	size_t fits = len - ETH_HLEN;

	return err_set(e, -EMSGSIZE,
		       "%s: frames of %zu bytes (%zu with FCS) do not fit its MTU of %u "
		       "(smaller frames, or: ip link set %s mtu %zu)",
		       ifname, len, len + GEN_SPEC_FCS, mtu, ifname, fits);
}

static uint16_t ethertype_of(enum gen_spec_proto proto)
{
	switch (proto) {
	case GEN_SPEC_UDP:
	case GEN_SPEC_TCP:
		return ETH_P_IP;
	case GEN_SPEC_UDP6:
	case GEN_SPEC_TCP6:
		return ETH_P_IPV6;
	case GEN_SPEC_ARP:
		return ETH_P_ARP;
	case GEN_SPEC_ETH:
		break;
	}
	return 0x88b5; /* IEEE 802, local experimental 1 */
}

struct wire_match wire_match_of(const struct gen_spec *s)
{
	struct wire_match m = {0};
	unsigned tags = s->field[GEN_SPEC_VLAN].is_set + s->field[GEN_SPEC_QINQ].is_set;
	unsigned mark = gen_spec_header_len(s), i;

	if (s->pcap[0])
		return m;
	/* the mark begins with the tag of the run */
	m.value = (uint32_t)s->run << 16;
	m.mask = 0xffff0000;
	m.ethertype = ethertype_of(s->proto);
	m.back = (uint16_t)(mark - 4 * tags - ETH_HLEN + 2);
	for (i = 0; i <= tags; i++)
		m.at[m.n_at++] = (uint16_t)(mark - 4 * i);
	return m;
}

int wire_refused(struct err *e, int code, const char *what)
{
	switch (-code) {
	case EPERM:
	case EACCES:
		return err_set(e, code,
			       "%s: not permitted (run as root, with CAP_NET_RAW and "
			       "CAP_NET_ADMIN, or under `unshare -Urn`)",
			       what);
	case ENOSYS:
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
		return err_set(e, -EOPNOTSUPP, "%s: this kernel has none of it", what);
	case ENOMEM:
		return err_set(e, code, "%s: no memory for its buffers", what);
	case EMFILE:
	case ENFILE:
		return err_set(e, code, "%s: too many open files (ulimit -n)", what);
	default:
		return err_set(e, code, "%s: %s", what, strerror(-code));
	}
}
