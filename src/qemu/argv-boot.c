/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Boot order: QEMU's firmware takes it from a bootindex on each device. <boot dev=''> of <os> names kinds of
 * device and means the first of its kind, <boot order=''> is on the devices themselves; a definition has one
 * or the other. */
#include "conf/disk.h"
#include "qemu/argv-parts.h"

static bool boots_as(const VbDevice *device, VbBootDevice kind)
{
        const VbDisk *disk = (const VbDisk *) device;

        switch (kind) {
        case VB_BOOT_HD:
                return device->kind == VB_DEVICE_DISK &&
                       (disk->device == VB_DISK_DISK || disk->device == VB_DISK_LUN);
        case VB_BOOT_CDROM:
                return device->kind == VB_DEVICE_DISK && disk->device == VB_DISK_CDROM;
        case VB_BOOT_NETWORK:
                return device->kind == VB_DEVICE_INTERFACE;
        case VB_BOOT_FD:
                return device->kind == VB_DEVICE_DISK && disk->device == VB_DISK_FLOPPY;
        case _VB_BOOT_MAX:
                break;
        }
        return false;
}

GHashTable *vb_argv_boot_indexes(const VbDomainDef *def)
{
        GHashTable *indexes = g_hash_table_new(NULL, NULL);

        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->boot_order > 0)
                        g_hash_table_insert(indexes, device, GUINT_TO_POINTER(device->boot_order));
        }
        if (g_hash_table_size(indexes) > 0)
                return indexes;

        for (guint b = 0; b < def->os.n_boot; b++)
                for (guint i = 0; i < def->devices->len; i++) {
                        VbDevice *device = g_ptr_array_index(def->devices, i);

                        if (boots_as(device, def->os.boot[b])) {
                                g_hash_table_insert(indexes, device, GUINT_TO_POINTER(b + 1));
                                break;
                        }
                }
        return indexes;
}

bool vb_argv_add_boot(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        const VbBootMenu *menu = def->os.bootmenu;
        const VbBios *bios = def->os.bios;
        g_autoptr(GString) value = g_string_new(NULL);

        if (menu && menu->enable != VB_TRISTATE_UNSET)
                g_string_append_printf(value, "menu=%s,", vb_tristate_to_switch(menu->enable));
        if (menu && menu->timeout.given)
                g_string_append_printf(value, "splash-time=%u,", (guint) menu->timeout.value);
        if (bios && bios->reboot_timeout.given)
                g_string_append_printf(value, "reboot-timeout=%d,", (int) bios->reboot_timeout.value);
        g_string_append(value, "strict=on");
        vb_argv_add(argv, "-boot", value->str);
        /* QEMU takes the others only with a kernel; a definition may keep them for when it gets one. */
        if (!def->os.kernel)
                return true;
        vb_argv_add(argv, "-kernel", def->os.kernel);
        if (def->os.initrd)
                vb_argv_add(argv, "-initrd", def->os.initrd);
        if (def->os.cmdline)
                vb_argv_add(argv, "-append", def->os.cmdline);
        if (def->os.dtb)
                vb_argv_add(argv, "-dtb", def->os.dtb);
        return true;
}
