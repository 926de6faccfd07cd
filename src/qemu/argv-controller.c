/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers: what kind of bus they bring, and the few numbers that a guest sees of them. Their order on the
 * command line is argv.c's. */
#include "conf/controller.h"

#include "qemu/argv-builder.h"
#include "util/error.h"

/* 0 is a number like any other here: only -1 is "not given". */
static void set_number_if(json_object *object, const char *key, int value)
{
        if (value >= 0)
                vb_json_set_uint(object, key, (uint64_t) value);
}

static bool add_pci(VbArgv *argv, const VbController *controller, json_object *object, GError **error)
{
        switch (controller->model) {
        case VB_PCIE_ROOT_PORT:
        case VB_PCIE_SWITCH_DOWNSTREAM_PORT:
                set_number_if(object, "port", controller->target.port);
                set_number_if(object, "chassis", controller->target.chassis);
                vb_json_set_tristate_if(object, "hotplug", controller->target.hotplug);
                break;
        case VB_PCI_ROOT:
                set_number_if(object, "index", controller->target.index);
                set_number_if(object, "numa_node", controller->target.node);
                break;
        case VB_PCI_BRIDGE:
                set_number_if(object, "chassis_nr", controller->target.chassis_nr);
                break;
        case VB_PCI_EXPANDER_BUS:
        case VB_PCIE_EXPANDER_BUS:
                set_number_if(object, "bus_nr", controller->target.bus_nr);
                set_number_if(object, "numa_node", controller->target.node);
                break;
        default: /* the other bridges have no numbers of their own */
                break;
        }
        return true;
}

static const VbController *find_usb_master(const VbArgv *argv, const VbController *companion)
{
        for (guint i = 0; i < argv->def->devices->len; i++) {
                const VbController *other = g_ptr_array_index(argv->def->devices, i);

                if (other->base.kind == VB_DEVICE_CONTROLLER && other->type == VB_CONTROLLER_USB &&
                    other->index == companion->index && !vb_controller_model_is_companion(other->model))
                        return other;
        }
        return NULL;
}

static bool add_usb(VbArgv *argv, const VbController *controller, json_object *object, GError **error)
{
        if (vb_controller_model_is_companion(controller->model) && controller->master_startport >= 0) {
                const VbController *master = find_usb_master(argv, controller);
                g_autofree char *bus = NULL;

                if (!master)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, controller->base.line,
                                               "%s is the companion of USB controller %d, which is not there",
                                               controller->base.alias, controller->index);
                bus = vb_argv_bus(master);
                vb_json_set_string(object, "masterbus", bus);
                vb_json_set_uint(object, "firstport", (uint64_t) controller->master_startport);
        }
        if (controller->model == VB_USB_NEC_XHCI || controller->model == VB_USB_QEMU_XHCI) {
                vb_json_set_positive_if(object, "p2", controller->ports);
                vb_json_set_positive_if(object, "p3", controller->ports);
        }
        return true;
}

static bool add_scsi(VbArgv *argv, const VbController *controller, json_object *object, GError **error)
{
        if (controller->model != VB_SCSI_VIRTIO)
                return true;
        if (controller->driver.iothread > 0) {
                g_autofree char *iothread = g_strdup_printf("iothread%d", controller->driver.iothread);

                vb_json_set_string(object, "iothread", iothread);
        }
        vb_json_set_positive_if(object, "num_queues", controller->driver.queues);
        vb_json_set_positive_if(object, "cmd_per_lun", controller->driver.cmd_per_lun);
        vb_json_set_positive_if(object, "max_sectors", controller->driver.max_sectors);
        vb_json_set_tristate_if(object, "ioeventfd", controller->driver.ioeventfd);
        return true;
}

static bool add_virtio_serial(VbArgv *argv, const VbController *controller, json_object *object,
                              GError **error)
{
        vb_json_set_positive_if(object, "max_ports", controller->ports);
        set_number_if(object, "vectors", controller->vectors);
        return true;
}

/* A machine's own is told by -global, with the floppies. */
static bool add_fdc(VbArgv *argv, const VbController *controller, json_object *object, GError **error)
{
        static const char *const names[] = { "bootindexA", "bootindexB" };

        for (guint i = 0; i < argv->def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(argv->def->devices, i);

                if (vb_domain_def_find_parent(argv->def, device) == &controller->base)
                        vb_json_set_positive_if(
                                object, names[device->address.drive.unit],
                                GPOINTER_TO_UINT(g_hash_table_lookup(argv->boot_indexes, device)));
        }
        return true;
}

static bool add_nothing(VbArgv *argv, const VbController *controller, json_object *object, GError **error)
{
        return true;
}

static bool (*const adders[_VB_CONTROLLER_MAX])(VbArgv *, const VbController *, json_object *, GError **) = {
        [VB_CONTROLLER_PCI] = add_pci,     [VB_CONTROLLER_USB] = add_usb,
        [VB_CONTROLLER_SCSI] = add_scsi,   [VB_CONTROLLER_SATA] = add_nothing,
        [VB_CONTROLLER_IDE] = add_nothing, [VB_CONTROLLER_VIRTIO_SERIAL] = add_virtio_serial,
        [VB_CONTROLLER_FDC] = add_fdc,     [VB_CONTROLLER_CCID] = add_nothing,
};

/* Whether anything is plugged into a controller. */
static bool is_in_use(const VbArgv *argv, const VbController *controller)
{
        for (guint i = 0; i < argv->def->devices->len; i++)
                if (vb_domain_def_find_parent(argv->def, g_ptr_array_index(argv->def->devices, i)) ==
                    &controller->base)
                        return true;
        return false;
}

static bool build_controller(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbController *controller = (const VbController *) device;
        json_object *object = NULL;

        if (controller->model == VB_USB_NONE)
                return true;
        /* libvirt has a floppy controller only where there are drives. */
        if (controller->type == VB_CONTROLLER_FDC && !is_in_use(argv, controller))
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        if (!adders[controller->type](argv, controller, object, error)) {
                json_object_put(object);
                return false;
        }
        vb_argv_set_virtio_options(object, &controller->virtio);
        vb_argv_add_device(argv, device, object);
        return true;
}

static const VbBuiltinPci *find_builtin(const VbMachineFacts *machine, const char *driver)
{
        for (guint i = 0; i < machine->builtin_pci->len; i++) {
                const VbBuiltinPci *builtin = &g_array_index(machine->builtin_pci, VbBuiltinPci, i);

                if (g_strcmp0(builtin->driver, driver) == 0)
                        return builtin;
        }
        return NULL;
}

/* What is said of the machine's own root is for the devices behind it. */
bool vb_argv_add_root_options(VbArgv *argv, GError **error)
{
        const VbMachineFacts *machine = argv->context->machine;
        const VbController *root = vb_domain_def_find_controller(argv->def, VB_CONTROLLER_PCI, 0);

        if (root && root->has_pci_hole) {
                const VbPciHost *host =
                        machine->pci_hosts->len > 0 ? &g_array_index(machine->pci_hosts, VbPciHost, 0) : NULL;
                static const char *const hosts[] = { "i440FX-pcihost", "q35-pcihost", NULL };
                g_autofree char *value = NULL;

                if (!host || !g_strv_contains(hosts, host->driver))
                        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, root->base.line,
                                               "<pcihole64>: the machine type %s has no such hole",
                                               machine->name);
                value = g_strdup_printf("%s.pci-hole64-size=%" G_GUINT64_FORMAT "K", host->driver,
                                        root->pci_hole / 1024);
                vb_argv_add(argv, "-global", value);
        }
        if (root && root->model == VB_PCI_ROOT && root->target.hotplug != VB_TRISTATE_UNSET) {
                const VbBuiltinPci *bridge = find_builtin(machine, "PIIX4_PM");
                g_autofree char *value = NULL;

                if (!bridge)
                        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, root->base.line,
                                               "<target hotplug=''>: the machine type %s has no such switch "
                                               "for its root",
                                               machine->name);
                value = g_strdup_printf("%s.acpi-root-pci-hotplug=%s", bridge->driver,
                                        vb_tristate_to_switch(root->target.hotplug));
                vb_argv_add(argv, "-global", value);
        }
        return true;
}

const VbArgvClass vb_argv_controller = { .build = build_controller };
