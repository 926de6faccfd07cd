/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Where the kernel shows its SCSI devices. */
#define VB_SCSI_DEVICES "/sys/bus/scsi/devices"

/* The node of the generic driver ("/dev/sg3") of the device at @place ("HOST:BUS:TARGET:UNIT") below @root,
 * which is VB_SCSI_DEVICES. NULL and UNSUPPORTED where the host has no such device, or the driver is not
 * there. Caller frees. */
char *vb_scsi_generic_find(const char *root, const char *place, GError **error);
