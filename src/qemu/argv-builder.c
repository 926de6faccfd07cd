/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pieces that every device builder puts options together with: quoting, JSON, buses and addresses. No
 * value gets onto a command line past the two vb_argv_add functions. */
#include "qemu/argv-builder.h"

#include "util/error.h"

int vb_argv_end(const VbArgv *argv, const VbDevice *device)
{
        const GPtrArray *ends = argv->context->ends;

        for (guint i = 0; ends && i < ends->len; i++) {
                const VbArgvEnd *end = ends->pdata[i];

                if (g_str_equal(end->alias, device->alias))
                        return end->fd;
        }
        return -1;
}

const VbArgvLink *vb_argv_link(const VbArgv *argv, const VbDevice *device)
{
        const GPtrArray *links = argv->context->links;

        for (guint i = 0; links && i < links->len; i++) {
                const VbArgvLink *link = g_ptr_array_index(links, i);

                if (g_str_equal(link->alias, device->alias))
                        return link;
        }
        return NULL;
}

char *vb_argv_link_fd(const VbArgv *argv, const VbDevice *device)
{
        const VbArgvLink *link = vb_argv_link(argv, device);

        if (!link || link->kind != VB_ARGV_LINK_KERNEL)
                return NULL;
        return argv->context->attaching ? vb_argv_fd_name(device->alias, true, 0)
                                        : g_strdup_printf("%d", link->vhost_fds[0]);
}

bool vb_argv_refuse_start(const VbDevice *device, const char *what, GError **error)
{
        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, device->line,
                               "%s needs %s, which this version does not provide; the definition is kept, but "
                               "cannot be started",
                               device->alias, what);
}

char *vb_argv_quote(const char *value)
{
        GString *text = g_string_new(value);

        g_string_replace(text, ",", ",,", 0);
        return g_string_free(text, FALSE);
}

void vb_argv_add(VbArgv *argv, const char *option, const char *value)
{
        g_ptr_array_add(argv->args, g_strdup(option));
        if (value)
                g_ptr_array_add(argv->args, g_strdup(value));
}

void vb_argv_add_json(VbArgv *argv, const char *option, json_object *object)
{
        vb_argv_add(argv, option,
                    json_object_to_json_string_ext(object,
                                                   JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(object);
}

const VbController *vb_argv_parent(const VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbDevice *parent = vb_domain_def_find_parent(argv->def, device);

        if (!parent || parent->kind != VB_DEVICE_CONTROLLER) {
                g_autofree char *address = vb_address_to_string(&device->address);

                vb_error_set_at(error, VB_ERROR_INVALID_ADDRESS, device->line,
                                "%s has the address %s, but there is no controller for it", device->alias,
                                address);
                return NULL;
        }
        return (const VbController *) parent;
}

char *vb_argv_pci_bus(const VbArgv *argv, const VbController *controller)
{
        /* The machine's own bus has the name that the machine gave it, any other that of the bridge. */
        if (controller->base.builtin)
                return g_strdup(argv->context->machine->root_bus_name);
        if (controller->model == VB_PCI_ROOT)
                return vb_argv_bus(controller);
        return g_strdup(controller->base.alias);
}

char *vb_argv_bus(const VbController *controller)
{
        return g_strdup_printf("%s.0", controller->base.alias);
}

static bool add_pci_address(VbArgv *argv, const VbDevice *device, json_object *object, GError **error)
{
        const VbPciAddress *pci = &device->address.pci;
        const VbController *parent = vb_argv_parent(argv, device, error);
        g_autofree char *bus = NULL, *addr = NULL;

        if (!parent)
                return false;
        bus = vb_argv_pci_bus(argv, parent);
        if (!bus)
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, device->line,
                                       "%s needs PCI, and the machine type %s has none", device->alias,
                                       argv->context->machine->name);
        addr = pci->function ? g_strdup_printf("0x%x.0x%x", pci->slot, pci->function)
                             : g_strdup_printf("0x%x", pci->slot);
        vb_json_set_string(object, "bus", bus);
        vb_json_set_tristate_if(object, "multifunction", pci->multifunction);
        vb_json_set_string(object, "addr", addr);
        return true;
}

static bool add_spapr_vio_address(VbArgv *argv, const VbDevice *device, json_object *object, GError **error)
{
        if (device->address.spapr_vio.reg > 0)
                vb_json_set_uint(object, "reg", device->address.spapr_vio.reg);
        return true;
}

static bool add_ccw_address(VbArgv *argv, const VbDevice *device, json_object *object, GError **error)
{
        const VbCcwAddress *ccw = &device->address.ccw;
        g_autofree char *devno = g_strdup_printf("%x.%x.%04x", ccw->cssid, ccw->ssid, ccw->devno);

        if (ccw->given)
                vb_json_set_string(object, "devno", devno);
        return true;
}

static bool add_usb_address(VbArgv *argv, const VbDevice *device, json_object *object, GError **error)
{
        const VbUsbAddress *usb = &device->address.usb;
        const VbController *parent = vb_argv_parent(argv, device, error);
        g_autofree char *bus = NULL;

        if (!parent)
                return false;
        bus = vb_argv_bus(parent);
        vb_json_set_string(object, "bus", bus);
        if (usb->n_ports > 0) {
                g_autoptr(GString) port = g_string_new(NULL);

                for (guint i = 0; i < usb->n_ports; i++)
                        g_string_append_printf(port, i ? ".%u" : "%u", usb->ports[i]);
                vb_json_set_string(object, "port", port->str);
        }
        return true;
}

static bool add_virtio_serial_address(VbArgv *argv, const VbDevice *device, json_object *object,
                                      GError **error)
{
        const VbController *parent = vb_argv_parent(argv, device, error);
        g_autofree char *bus = NULL;

        if (!parent)
                return false;
        bus = vb_argv_bus(parent);
        vb_json_set_string(object, "bus", bus);
        vb_json_set_uint(object, "nr", device->address.virtio_serial.port);
        return true;
}

static bool add_nothing(VbArgv *argv, const VbDevice *device, json_object *object, GError **error)
{
        return true;
}

/* The names of ISA resources are each device's own, as are those of memory and of smart cards, and a drive's
 * bus depends on its controller: the builders. */
static bool (*const address_adders[_VB_ADDRESS_MAX])(VbArgv *, const VbDevice *, json_object *, GError **) = {
        [VB_ADDRESS_NONE] = add_nothing,
        [VB_ADDRESS_PCI] = add_pci_address,
        [VB_ADDRESS_DRIVE] = add_nothing,
        [VB_ADDRESS_USB] = add_usb_address,
        [VB_ADDRESS_VIRTIO_SERIAL] = add_virtio_serial_address,
        [VB_ADDRESS_ISA] = add_nothing,
        [VB_ADDRESS_CCID] = add_nothing,
        [VB_ADDRESS_SPAPR_VIO] = add_spapr_vio_address,
        [VB_ADDRESS_VIRTIO_MMIO] = add_nothing,
        [VB_ADDRESS_CCW] = add_ccw_address,
        [VB_ADDRESS_DIMM] = add_nothing,
        [VB_ADDRESS_UNASSIGNED] = add_nothing,
};

json_object *vb_argv_device_new(VbArgv *argv, const VbDevice *device, GError **error)
{
        const char *driver = vb_device_driver(device);
        json_object *object = NULL;

        if (!vb_emulator_facts_has_device(argv->context->emulator, driver)) {
                vb_error_set_at(error, VB_ERROR_UNSUPPORTED, device->line,
                                "%s needs the device '%s', which %s does not have", device->alias, driver,
                                argv->context->emulator->path);
                return NULL;
        }
        object = json_object_new_object();
        vb_json_set_string(object, "driver", driver);
        vb_json_set_string(object, "id", device->alias);
        if (!address_adders[device->address.type](argv, device, object, error)) {
                json_object_put(object);
                return NULL;
        }
        return object;
}

void vb_argv_set_virtio_options(json_object *object, const VbVirtioOptions *options)
{
        vb_json_set_tristate_if(object, "iommu_platform", options->iommu);
        vb_json_set_tristate_if(object, "ats", options->ats);
        vb_json_set_tristate_if(object, "packed", options->packed);
        vb_json_set_tristate_if(object, "page-per-vq", options->page_per_vq);
}

static void set_rom(json_object *object, const VbDevice *device)
{
        if (device->rom.enabled == VB_TRISTATE_OFF) {
                vb_json_set_string(object, "romfile", "");
                return;
        }
        if (device->rom.bar != VB_TRISTATE_UNSET)
                vb_json_set_uint(object, "rombar", device->rom.bar == VB_TRISTATE_ON);
        vb_json_set_string_if(object, "romfile", device->rom.file);
}

void vb_argv_add_device(VbArgv *argv, const VbDevice *device, json_object *object)
{
        set_rom(object, device);
        vb_json_set_positive_if(object, "acpi-index", device->acpi_index);
        vb_json_set_positive_if(object, "bootindex",
                                GPOINTER_TO_UINT(g_hash_table_lookup(argv->boot_indexes, device)));
        vb_argv_add_json(argv, "-device", object);
}
