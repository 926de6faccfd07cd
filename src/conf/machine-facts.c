/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container of what QEMU said about a machine type. Filled by src/qemu/, only looked at here. */
#include "conf/machine-facts.h"

static const char *const role_names[] = {
        [VB_ROLE_OTHER] = "other",     [VB_ROLE_NETWORK] = "network", [VB_ROLE_DISPLAY] = "display",
        [VB_ROLE_SOUND] = "sound",     [VB_ROLE_SERIAL] = "serial",   [VB_ROLE_PARALLEL] = "parallel",
        [VB_ROLE_STORAGE] = "storage", [VB_ROLE_DISK] = "disk",       [VB_ROLE_FLOPPY] = "floppy",
        [VB_ROLE_USB] = "usb",         [VB_ROLE_INPUT] = "input",     [VB_ROLE_FLASH] = "flash",
};
G_STATIC_ASSERT(G_N_ELEMENTS(role_names) == _VB_ROLE_MAX);

const char *vb_role_to_string(VbRole role)
{
        return role_names[role];
}

bool vb_role_from_string(const char *text, VbRole *ret)
{
        for (int role = 0; role < _VB_ROLE_MAX; role++)
                if (g_str_equal(role_names[role], text)) {
                        *ret = (VbRole) role;
                        return true;
                }
        return false;
}

static void builtin_clear(gpointer data)
{
        VbBuiltinPci *builtin = data;

        g_free(builtin->driver);
}

static void host_clear(gpointer data)
{
        VbPciHost *host = data;

        g_free(host->driver);
        g_free(host->bus);
}

static void device_clear(gpointer data)
{
        VbBoardDevice *device = data;

        g_free(device->driver);
        g_free(device->bus);
        g_free(device->bus_type);
}

static GArray *array_new(gsize size, GDestroyNotify clear)
{
        GArray *array = g_array_new(FALSE, TRUE, (guint) size);

        g_array_set_clear_func(array, clear);
        return array;
}

VbMachineFacts *vb_machine_facts_new(void)
{
        VbMachineFacts *facts = g_new0(VbMachineFacts, 1);

        facts->refs = 1;
        facts->builtin_pci = array_new(sizeof(VbBuiltinPci), builtin_clear);
        facts->pci_hosts = array_new(sizeof(VbPciHost), host_clear);
        facts->devices = array_new(sizeof(VbBoardDevice), device_clear);
        facts->defaults = array_new(sizeof(VbBoardDevice), device_clear);
        facts->props = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        facts->switches = g_new0(char *, 1);
        return facts;
}

VbMachineFacts *vb_machine_facts_ref(VbMachineFacts *facts)
{
        g_atomic_int_inc(&facts->refs);
        return facts;
}

void vb_machine_facts_unref(VbMachineFacts *facts)
{
        if (!facts || !g_atomic_int_dec_and_test(&facts->refs))
                return;
        g_free(facts->name);
        g_free(facts->root_bus_name);
        g_array_unref(facts->pci_hosts);
        g_array_unref(facts->builtin_pci);
        g_free(facts->sata_bus);
        g_free(facts->ide_bus);
        g_free(facts->scsi_bus);
        g_free(facts->usb_bus);
        g_free(facts->sd_bus);
        g_free(facts->serial_driver);
        g_hash_table_unref(facts->props);
        g_array_unref(facts->devices);
        g_strfreev(facts->switches);
        g_array_unref(facts->defaults);
        g_free(facts->problem);
        g_free(facts);
}

const VbBuiltinPci *vb_machine_facts_find_class(const VbMachineFacts *facts, uint16_t class_code)
{
        for (guint i = 0; i < facts->builtin_pci->len; i++) {
                const VbBuiltinPci *builtin = &g_array_index(facts->builtin_pci, VbBuiltinPci, i);

                if (builtin->class_code == class_code)
                        return builtin;
        }
        return NULL;
}

bool vb_machine_facts_has_prop(const VbMachineFacts *facts, const char *name)
{
        return g_hash_table_contains(facts->props, name);
}

VbBoardDevice *vb_board_device_add(GArray *devices, const char *driver)
{
        VbBoardDevice device = { .driver = g_strdup(driver),
                                 .slot = -1,
                                 .function = -1,
                                 .class_code = -1,
                                 .iobase = -1,
                                 .irq = -1,
                                 .mmio = UINT64_MAX };

        g_array_append_val(devices, device);
        return &g_array_index(devices, VbBoardDevice, devices->len - 1);
}
