/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aliases, in libvirt's scheme: from the address where that is unique, else the class and a number. Those
 * that users chose begin with "ua-" and are kept; of the others, numbers are kept while they fit the scheme,
 * so that a device is not renamed because another one went away. */
#include <string.h>

#include "conf/complete-steps.h"
#include "conf/disk.h"
#include "conf/memory-device.h"
#include "util/error.h"

#define USER_PREFIX "ua-"

static bool is_users(const VbDevice *device)
{
        return device->alias && g_str_has_prefix(device->alias, USER_PREFIX);
}

static char *disk_alias(const VbDomainDef *def, const VbDisk *disk)
{
        const VbDriveAddress *drive = &disk->base.address.drive;
        const char *bus = vb_disk_bus_to_string(disk->bus);
        const VbController *controller;

        if (disk->base.address.type != VB_ADDRESS_DRIVE)
                return g_strdup_printf("%s-disk%d", bus, vb_disk_target_index(disk->target_dev));
        if (disk->bus != VB_DISK_BUS_SCSI)
                return g_strdup_printf("%s%u-%u-%u", bus, drive->controller, drive->bus, drive->unit);
        controller = vb_domain_def_find_controller(def, VB_CONTROLLER_SCSI, (int) drive->controller);
        /* A unit of the old parallel bus is SCSI's target: there is nothing below it. */
        if (controller && controller->model == VB_SCSI_LSILOGIC)
                return g_strdup_printf("%s%u-%u-%u", bus, drive->controller, drive->bus, drive->unit);
        return g_strdup_printf("%s%u-%u-%u-%u", bus, drive->controller, drive->bus, drive->target,
                               drive->unit);
}

/* Companions share their master's number, so they have their model's last word in it. */
static char *companion_alias(const VbController *controller)
{
        const char *word = strchr(vb_controller_model_to_string(controller->model), '-') + 1;

        if (controller->index == 0)
                return g_strdup_printf("usb-%s", word);
        return g_strdup_printf("usb%d-%s", controller->index, word);
}

static char *controller_alias(const VbController *controller)
{
        if (vb_controller_model_is_companion(controller->model))
                return companion_alias(controller);
        if (controller->model == VB_PCIE_ROOT)
                return g_strdup_printf("pcie.%d", controller->index);
        if (controller->type == VB_CONTROLLER_PCI)
                return g_strdup_printf("pci.%d", controller->index);
        if (controller->type == VB_CONTROLLER_USB && controller->index == 0)
                return g_strdup("usb");
        if (controller->base.builtin && controller->type != VB_CONTROLLER_FDC)
                return g_strdup("ide"); /* what QEMU calls the buses of a machine's own IDE or AHCI */
        return g_strdup_printf("%s%d", vb_controller_type_to_string(controller->type), controller->index);
}

/* What the aliases of a device begin with, before a number. */
static const char *prefix_of(const VbDevice *device)
{
        return device->kind == VB_DEVICE_MEMORY ? vb_memory_alias_prefix((const VbMemoryDevice *) device)
                                                : vb_device_class(device->kind)->alias_prefix;
}

/* The number in an alias of the scheme, -1 for another alias. */
static int alias_number(const VbDevice *device)
{
        const char *prefix = prefix_of(device);
        guint64 number = 0;

        if (!prefix || !device->alias || !g_str_has_prefix(device->alias, prefix) ||
            !g_ascii_string_to_unsigned(device->alias + strlen(prefix), 10, 0, VB_DEVICES_MAX * 4, &number,
                                        NULL) ||
            (device->alias[strlen(prefix)] == '0' && number > 0))
                return -1;
        return (int) number;
}

static void set_alias(VbDevice *device, GHashTable *taken, char *alias)
{
        if (device->alias != alias)
                g_free(device->alias);
        device->alias = alias;
        g_hash_table_add(taken, alias);
}

/* The lowest number of the class that is not taken; @next remembers where to go on. */
static void count_alias(VbDevice *device, GHashTable *taken, int next[_VB_DEVICE_MAX])
{
        if (device->kind == VB_DEVICE_MEMORY)
                next[device->kind] = 0; /* its models are counted each for itself */
        for (;;) {
                g_autofree char *alias = g_strdup_printf("%s%d", prefix_of(device), next[device->kind]++);

                if (g_hash_table_contains(taken, alias))
                        continue;
                set_alias(device, taken, g_steal_pointer(&alias));
                return;
        }
}

/* Names of different kinds can be of one number: vdb and sdb on the same bus. The first has the alias of that
 * number; another keeps the one that it has, or gets the next that no disk's number asks for. */
static void set_disk_alias(const VbDomainDef *def, VbDisk *disk, GHashTable *taken)
{
        g_autofree char *alias = disk_alias(def, disk);
        g_autofree char *prefix = g_strconcat(vb_disk_bus_to_string(disk->bus), "-disk", NULL);
        unsigned number = VB_DEVICES_MAX;

        if (g_hash_table_contains(taken, alias) && disk->base.alias &&
            g_str_has_prefix(disk->base.alias, prefix) && !g_hash_table_contains(taken, disk->base.alias)) {
                g_free(alias);
                alias = g_strdup(disk->base.alias);
        }
        while (g_hash_table_contains(taken, alias)) {
                g_free(alias);
                alias = g_strdup_printf("%s%u", prefix, number++);
        }
        set_alias(&disk->base, taken, g_steal_pointer(&alias));
}

bool vb_assign_aliases(VbCompletion *completion, GError **error)
{
        g_autoptr(GHashTable) taken =
                g_hash_table_new(g_str_hash, g_str_equal); /* the devices' own strings */
        VbDomainDef *def = completion->def;
        int next[_VB_DEVICE_MAX] = { 0 };

        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (is_users(device)) {
                        if (!g_hash_table_add(taken, device->alias))
                                return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                                       "another device has the same alias");
                } else if (device->kind == VB_DEVICE_DISK) {
                        set_disk_alias(def, (VbDisk *) device, taken);
                } else if (device->kind == VB_DEVICE_CONTROLLER) {
                        set_alias(device, taken, controller_alias((VbController *) device));
                } else if (device->address.type == VB_ADDRESS_DIMM) {
                        /* Modules are called by their slot. */
                        set_alias(device, taken,
                                  g_strdup_printf("%s%u", prefix_of(device), device->address.dimm.slot));
                } else if (alias_number(device) >= 0 && !g_hash_table_contains(taken, device->alias)) {
                        g_hash_table_add(taken, device->alias);
                } else {
                        g_clear_pointer(&device->alias, g_free);
                }
        }
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (!device->alias)
                        count_alias(device, taken, next);
        }
        return true;
}
