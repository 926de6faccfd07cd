/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <sysinfo>: what the firmware tells the guest.
 * https://libvirt.org/formatdomain.html#smbios-system-information */

typedef enum { VB_SYSINFO_SMBIOS = 1, VB_SYSINFO_FWCFG } VbSysinfoType;

typedef struct {
        int line;
        char *name, *file, *value;
} VbSysinfoEntry;

typedef struct {
        int line;
        GPtrArray *entries;
} VbSysinfoBlock;

typedef struct {
        int line;
        int type;
        VbSysinfoBlock *bios, *system;
        GPtrArray *base_boards; /* VbSysinfoBlock */
        VbSysinfoBlock *chassis, *oem_strings;
        GPtrArray *entries; /* of fwcfg */
} VbSysinfo;

/* One kind of block: its element, its number in SMBIOS, and which entry is which field of QEMU's. */
typedef struct {
        const char *element;
        guint number;
        const char *const *entries; /* ends with NULL; in the order of canonical XML */
} VbSysinfoKind;

extern const VbSysinfoKind vb_sysinfo_bios, vb_sysinfo_system, vb_sysinfo_base_board, vb_sysinfo_chassis;

const VbSysinfo *vb_sysinfo_find(const GPtrArray *sysinfos, VbSysinfoType type);
const char *vb_sysinfo_value(const VbSysinfoBlock *block, const char *name);
