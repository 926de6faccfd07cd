/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <parallel>: printer ports. QEMU would place them in the order in which it reads them; here each gets its
 * place when it is defined, so that none moves when another one goes. */
#include "conf/parallel.h"

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* LPT1 to LPT3 as QEMU has them. */
static const uint32_t iobases[] = { 0x378, 0x278, 0x3bc };
#define IRQ 7

static void parallel_init(VbDevice *device)
{
        ((VbParallel *) device)->port = -1;
}

static bool parallel_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbParallel *parallel = (VbParallel *) device;
        VbXmlNode *child;

        if (!vb_chardev_parse(&parallel->source, node, false, error))
                return false;
        child = vb_xml_take_child(node, "target");
        return !child || vb_xml_take_int(child, "port", 0, VB_CHARDEV_PORT_MAX, &parallel->port, error);
}

static void parallel_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbParallel *parallel = (const VbParallel *) device;

        vb_chardev_format_type(&parallel->source, writer);
        vb_chardev_format(&parallel->source, writer);
        if (parallel->port >= 0) {
                vb_xml_open(writer, "target");
                vb_xml_attribute_number(writer, "port", (uint64_t) parallel->port);
                vb_xml_close(writer);
        }
}

static bool is_iobase_used(const VbDomainDef *def, uint32_t iobase)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->kind == VB_DEVICE_PARALLEL && device->address.type == VB_ADDRESS_ISA &&
                    device->address.isa.iobase == iobase)
                        return true;
        }
        return false;
}

static bool choose_address(const VbDomainDef *def, VbDevice *device, GError **error)
{
        uint32_t irq = device->address.type == VB_ADDRESS_ISA ? device->address.isa.irq : 0;

        for (gsize i = 0; i < G_N_ELEMENTS(iobases); i++)
                if (!is_iobase_used(def, iobases[i])) {
                        device->address.type = VB_ADDRESS_ISA;
                        device->address.isa = (VbIsaAddress){ .iobase = iobases[i], .irq = irq ? irq : IRQ };
                        return true;
                }
        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error, "there are at most %zu parallel ports",
                               G_N_ELEMENTS(iobases));
}

static bool complete_parallel(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbParallel *parallel = (VbParallel *) device;
        const VbDomainDef *def = completion->def;
        gsize n = 0;
        int highest = -1;

        if (!completion->machine->has_isa)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no ISA bus", completion->machine->name);
        for (guint i = 0; i < def->devices->len; i++) {
                const VbParallel *other = g_ptr_array_index(def->devices, i);

                if (other->base.kind != VB_DEVICE_PARALLEL)
                        continue;
                highest = MAX(highest, other->port);
                if (++n > G_N_ELEMENTS(iobases))
                        return vb_device_error(&other->base, VB_ERROR_UNSUPPORTED, error,
                                               "there are at most %zu parallel ports", G_N_ELEMENTS(iobases));
        }
        if (parallel->port < 0)
                parallel->port = highest + 1;
        if (device->address.type != VB_ADDRESS_NONE &&
            (device->address.type != VB_ADDRESS_ISA || device->address.isa.iobase > 0))
                return true;
        return choose_address(def, device, error);
}

static const char *parallel_driver(const VbDevice *device)
{
        return "isa-parallel";
}

static VbAddressType parallel_address_type(const VbDevice *device)
{
        return VB_ADDRESS_ISA;
}

static VbChardev *parallel_chardev(VbDevice *device)
{
        return &((VbParallel *) device)->source;
}

static void parallel_clear(VbDevice *device)
{
        vb_chardev_clear(&((VbParallel *) device)->source);
}

static void parallel_copy(VbDevice *copy, const VbDevice *device)
{
        vb_chardev_copy(&((VbParallel *) copy)->source, &((const VbParallel *) device)->source);
}

const VbDeviceClass vb_parallel_class = {
        .element = "parallel",
        .size = sizeof(VbParallel),
        .init = parallel_init,
        .clear = parallel_clear,
        .copy = parallel_copy,
        .parse = parallel_parse,
        .format = parallel_format,
        .complete = complete_parallel,
        .driver = parallel_driver,
        .chardev = parallel_chardev,
        .alias_prefix = "parallel",
        .address_type = parallel_address_type,
};
