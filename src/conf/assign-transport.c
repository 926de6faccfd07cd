/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buses that are neither PCI nor USB: the transports that virtio devices have beside PCI, and the virtual I/O
 * bus of Power. */
#include "conf/assign-order.h"
#include "conf/complete-steps.h"
#include "util/error.h"

/* Registers of the virtual I/O bus are this far apart. */
#define SPAPR_VIO_STEP 0x1000

/* The registers that libvirt starts from, by class. */
static const struct {
        const char *element;
        uint64_t reg;
} spapr_vio_bases[] = {
        { "interface", 0x1000 }, { "controller", 0x2000 }, { "serial", 0x30000000 },
        { "nvram", 0x3000 },     { "tpm", 0x4000 },
};

static bool uses(const VbDomainDef *def, VbAddressType type)
{
        for (guint i = 0; i < def->devices->len; i++)
                if (((const VbDevice *) g_ptr_array_index(def->devices, i))->address.type == type)
                        return true;
        return false;
}

/* Virtio devices are on PCI where there is any. They follow the first one that the XML puts on the board's
 * own slots, and have no choice where that is all that the board offers. */
void vb_assign_transports(VbCompletion *completion)
{
        static const VbAddressType types[] = {
                [VB_VIRTIO_MMIO] = VB_ADDRESS_VIRTIO_MMIO, [VB_VIRTIO_CCW] = VB_ADDRESS_CCW
        };
        VbDomainDef *def = completion->def;
        VbVirtioTransport transport = completion->machine->virtio;

        if (uses(def, VB_ADDRESS_VIRTIO_MMIO))
                transport = VB_VIRTIO_MMIO;
        if (transport != VB_VIRTIO_MMIO && transport != VB_VIRTIO_CCW)
                return;
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);
                const char *driver;

                if (device->address.type != VB_ADDRESS_NONE || !vb_virtio_is_driver(vb_device_driver(device)))
                        continue;
                device->address.type = types[transport];
                driver = vb_device_driver(device);
                if (!driver || !vb_complete_has_driver(completion, driver))
                        device->address.type = VB_ADDRESS_NONE;
        }
}

#define CCW_CSSID 0xfe /* that of virtual devices */
#define CCW_DEVNO_MAX 0xffff

static const VbDevice *find_ccw(const VbDomainDef *def, const VbDevice *device)
{
        const VbCcwAddress *address = &device->address.ccw;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *other = g_ptr_array_index(def->devices, i);

                if (other != device && other->address.type == VB_ADDRESS_CCW && other->address.ccw.given &&
                    other->address.ccw.cssid == address->cssid && other->address.ccw.ssid == address->ssid &&
                    other->address.ccw.devno == address->devno)
                        return other;
        }
        return NULL;
}

static bool assign_ccw(const VbDomainDef *def, VbDevice *device, GError **error)
{
        VbCcwAddress *address = &device->address.ccw;
        const VbDevice *user;

        if (address->given) {
                g_autofree char *name = NULL;

                user = find_ccw(def, device);
                name = user ? vb_device_describe(user) : NULL;
                return !user || vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error,
                                                "the device number %x.%x.%04x is in use by %s",
                                                address->cssid, address->ssid, address->devno, name);
        }
        address->given = true;
        address->cssid = CCW_CSSID;
        while (find_ccw(def, device))
                if (address->devno++ == CCW_DEVNO_MAX)
                        return vb_device_error(device, VB_ERROR_NO_FREE_ADDRESS, error,
                                               "there is no free device number");
        return true;
}

bool vb_assign_ccw(VbCompletion *completion, GError **error)
{
        static const char *const order[] = { "disk",     "interface",  "sound", "hostdev",
                                             "video",    "controller", "input", "filesystem",
                                             "watchdog", "memballoon", "rng",   NULL };
        g_autoptr(GPtrArray) devices = vb_assign_in_order(completion->def, order);

        for (guint i = 0; i < devices->len; i++) {
                VbDevice *device = g_ptr_array_index(devices, i);

                if (device->address.type == VB_ADDRESS_CCW && !assign_ccw(completion->def, device, error))
                        return false;
        }
        return true;
}

static bool takes_spapr_vio(const VbDevice *device)
{
        const VbDeviceClass *class = vb_device_class(device->kind);

        return class->address_type && class->address_type(device) == VB_ADDRESS_SPAPR_VIO;
}

static const VbDevice *find_register(const VbDomainDef *def, uint64_t reg, const VbDevice *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                /* A console is the serial port that it stands for. */
                if (device != except && device->kind != VB_DEVICE_CONSOLE &&
                    device->address.type == VB_ADDRESS_SPAPR_VIO && device->address.spapr_vio.reg == reg)
                        return device;
        }
        return NULL;
}

static bool assign_register(VbCompletion *completion, VbDevice *device, GError **error)
{
        uint64_t reg = device->address.type == VB_ADDRESS_SPAPR_VIO ? device->address.spapr_vio.reg : 0;
        const char *element = vb_device_kind_to_string(device->kind);
        const VbDevice *user;

        if (!completion->machine->has_spapr_vio)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no virtual I/O bus of Power",
                                       completion->machine->name);
        if (reg > 0) {
                user = find_register(completion->def, reg, device);
                if (user) {
                        g_autofree char *name = vb_device_describe(user);

                        return vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error,
                                               "the register 0x%" G_GINT64_MODIFIER "x is in use by %s", reg,
                                               name);
                }
                return true;
        }
        for (gsize i = 0; i < G_N_ELEMENTS(spapr_vio_bases); i++)
                if (g_str_equal(spapr_vio_bases[i].element, element))
                        reg = spapr_vio_bases[i].reg;
        while (reg == 0 || find_register(completion->def, reg, device))
                reg += SPAPR_VIO_STEP;
        device->address = (VbAddress){ .type = VB_ADDRESS_SPAPR_VIO, .spapr_vio = { .reg = reg } };
        return true;
}

bool vb_assign_spapr_vio(VbCompletion *completion, GError **error)
{
        static const char *const order[] = { "interface", "controller", "serial", "nvram", "tpm", NULL };
        g_autoptr(GPtrArray) devices = vb_assign_in_order(completion->def, order);

        for (guint i = 0; i < devices->len; i++) {
                VbDevice *device = g_ptr_array_index(devices, i);

                if (takes_spapr_vio(device) && !assign_register(completion, device, error))
                        return false;
        }
        return true;
}
