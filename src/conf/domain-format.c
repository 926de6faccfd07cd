/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML of a domain out, in the order in which libvirt writes it. */
#include "conf/commandline.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "conf/xml-writer.h"

const char *const vb_virt_type_words[VB_VIRT_TYPES] = { [VB_VIRT_QEMU] = "qemu", [VB_VIRT_KVM] = "kvm" };
const char *const vb_boot_words[_VB_BOOT_MAX] = {
        [VB_BOOT_HD] = "hd",
        [VB_BOOT_CDROM] = "cdrom",
        [VB_BOOT_NETWORK] = "network",
        [VB_BOOT_FD] = "fd",
};
const char *const vb_action_words[_VB_ACTION_MAX] = {
        [VB_ACTION_DESTROY] = "destroy",
        [VB_ACTION_RESTART] = "restart",
        [VB_ACTION_PRESERVE] = "preserve",
        [VB_ACTION_RENAME_RESTART] = "rename-restart",
        [VB_ACTION_COREDUMP_DESTROY] = "coredump-destroy",
        [VB_ACTION_COREDUMP_RESTART] = "coredump-restart",
};

static void format_sections(const VbDomainDef *def, VbXmlWriter *writer, bool after_devices)
{
        for (const VbSection *const *section = vb_sections; *section; section++) {
                if ((*section)->after_devices != after_devices)
                        continue;
                if ((*section)->fields)
                        vb_xml_fields_format((*section)->fields, def, writer);
                if ((*section)->format)
                        (*section)->format(def, writer);
        }
}

static char *format(const VbDomainDef *def, VbXmlWriter *writer)
{
        vb_xml_open(writer, "domain");
        vb_xml_attribute(writer, "type", vb_virt_type_words[def->virt_type]);
        if (def->commandline)
                vb_xml_attribute(writer, "xmlns:qemu", VB_QEMU_NAMESPACE);
        format_sections(def, writer, false);
        vb_xml_open(writer, "devices");
        vb_xml_text_element(writer, "emulator", def->emulator);
        for (guint i = 0; i < def->devices->len; i++)
                vb_device_write(g_ptr_array_index(def->devices, i), writer);
        vb_xml_close(writer);
        format_sections(def, writer, true);
        vb_xml_close(writer);
        return vb_xml_writer_finish(writer);
}

char *vb_domain_def_format(const VbDomainDef *def)
{
        return format(def, vb_xml_writer_new());
}

char *vb_domain_def_format_migratable(const VbDomainDef *def)
{
        VbXmlWriter *writer = vb_xml_writer_new();

        vb_xml_writer_set_migratable(writer);
        return format(def, writer);
}
