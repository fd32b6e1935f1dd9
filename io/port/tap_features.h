/* SPDX-License-Identifier: BSD-2-Clause */
/* Which offloads a TAP has now: only ethtool's feature bits tell. */
#ifndef IO_PORT_TAP_FEATURES_H
#define IO_PORT_TAP_FEATURES_H

/*
 * The TUN_F_* set of a device, asked over any socket of its namespace; UFO is
 * not told, and means nothing since Linux 4.14. Or a negative errno.
 */
int tap_features_get(int sock, const char *ifname);

#endif
