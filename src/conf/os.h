/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* What <os> says beside the machine. https://libvirt.org/formatdomain.html#operating-system-booting */

typedef enum { VB_FIRMWARE_BIOS = 1, VB_FIRMWARE_EFI } VbFirmwareKind;
typedef enum { VB_LOADER_ROM = 1, VB_LOADER_PFLASH } VbLoaderType;
typedef enum { VB_IMAGE_RAW = 1, VB_IMAGE_QCOW2 } VbFirmwareFormat;
typedef enum { VB_NVRAM_FILE = 1, VB_NVRAM_BLOCK, VB_NVRAM_NETWORK } VbNvramType;
typedef enum { VB_FIRMWARE_ENROLLED_KEYS = 1, VB_FIRMWARE_SECURE_BOOT } VbFirmwareFeatureName;
typedef enum { VB_SMBIOS_EMULATE = 1, VB_SMBIOS_HOST, VB_SMBIOS_SYSINFO, VB_SMBIOS_NONE } VbSmbiosMode;

typedef struct {
        int line;
        VbTristate enabled;
        int name; /* VbFirmwareFeatureName */
} VbFirmwareFeature;

typedef struct {
        int line;
        GPtrArray *features;
} VbFirmwareWish;

typedef struct {
        int line;
        VbTristate readonly, secure, stateless;
        int type;
        int format;
        char *path;
} VbLoader;

typedef struct {
        int line;
        char *name, *port, *transport, *socket;
} VbNvramHost;

typedef struct {
        int line;
        char *file, *dev, *protocol, *name;
        GPtrArray *hosts;
} VbNvramSource;

/* Without a path and a source it is a file of the domain's own, made from the template at first start. */
typedef struct {
        int line;
        char *template;
        int template_format;
        int type, format;
        char *path;
        VbNvramSource *source;
} VbNvram;

typedef struct {
        int line;
        int type;
        char *path;
} VbAcpiTable;

typedef struct {
        int line;
        GPtrArray *tables;
} VbAcpiTables;

typedef struct {
        int line;
        VbTristate enable;
        VbNumber timeout;
} VbBootMenu;

typedef struct {
        int line;
        int mode;
} VbSmbiosChoice;

typedef struct {
        int line;
        VbTristate use_serial;
        VbNumber reboot_timeout;
} VbBios;

extern const char *const vb_firmware_kind_words[];
extern const char *const vb_firmware_feature_words[];
extern const char *const vb_firmware_format_words[];

/* The path of a loader in flash memory; NULL for one in ROM and for none. */
const char *vb_loader_flash(const VbLoader *loader);
