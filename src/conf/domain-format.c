/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML of a domain out, in the order in which libvirt writes it. */
#include "conf/domain-words.h"
#include "conf/xml-writer.h"

const char *const vb_virt_type_words[VB_VIRT_TYPES] = { [VB_VIRT_QEMU] = "qemu", [VB_VIRT_KVM] = "kvm" };
const char *const vb_boot_words[_VB_BOOT_MAX] = {
        [VB_BOOT_HD] = "hd",
        [VB_BOOT_CDROM] = "cdrom",
        [VB_BOOT_NETWORK] = "network",
        [VB_BOOT_FD] = "fd",
};
const char *const vb_clock_words[_VB_CLOCK_MAX] = {
        [VB_CLOCK_UTC] = "utc", [VB_CLOCK_LOCALTIME] = "localtime"
};
const char *const vb_action_words[_VB_ACTION_MAX] = {
        [VB_ACTION_DESTROY] = "destroy",
        [VB_ACTION_RESTART] = "restart",
        [VB_ACTION_PRESERVE] = "preserve",
        [VB_ACTION_RENAME_RESTART] = "rename-restart",
};

const char *vb_boot_device_to_string(VbBootDevice boot)
{
        return vb_boot_words[boot];
}

const char *vb_lifecycle_action_to_string(VbLifecycleAction action)
{
        return vb_action_words[action];
}

static void format_memory(VbXmlWriter *writer, const char *element, uint64_t bytes)
{
        char text[24];

        if (bytes == 0)
                return;
        g_snprintf(text, sizeof(text), "%" G_GUINT64_FORMAT, bytes / 1024);
        vb_xml_open(writer, element);
        vb_xml_attribute(writer, "unit", "KiB");
        vb_xml_text(writer, text);
        vb_xml_close(writer);
}

static void format_vcpus(const VbDomainDef *def, VbXmlWriter *writer)
{
        char text[12];

        g_snprintf(text, sizeof(text), "%u", def->vcpus_max);
        vb_xml_open(writer, "vcpu");
        vb_xml_attribute(writer, "placement", "static");
        if (def->vcpus != def->vcpus_max)
                vb_xml_attribute_number(writer, "current", def->vcpus);
        vb_xml_text(writer, text);
        vb_xml_close(writer);
}

static void format_os(const VbDomainDef *def, VbXmlWriter *writer)
{
        vb_xml_open(writer, "os");
        vb_xml_open(writer, "type");
        vb_xml_attribute(writer, "arch", def->os.arch);
        vb_xml_attribute(writer, "machine", def->os.machine);
        vb_xml_text(writer, "hvm");
        vb_xml_close(writer);
        vb_xml_text_element(writer, "kernel", def->os.kernel);
        vb_xml_text_element(writer, "initrd", def->os.initrd);
        vb_xml_text_element(writer, "cmdline", def->os.cmdline);
        for (uint32_t i = 0; i < def->os.n_boot; i++) {
                vb_xml_open(writer, "boot");
                vb_xml_attribute(writer, "dev", vb_boot_words[def->os.boot[i]]);
                vb_xml_close(writer);
        }
        vb_xml_close(writer);
}

static void format_features(const VbDomainDef *def, VbXmlWriter *writer)
{
        if (!def->features.acpi && !def->features.apic && !def->features.pae &&
            def->features.vmport == VB_TRISTATE_UNSET)
                return;
        vb_xml_open(writer, "features");
        if (def->features.acpi)
                vb_xml_empty_element(writer, "acpi");
        if (def->features.apic)
                vb_xml_empty_element(writer, "apic");
        if (def->features.pae)
                vb_xml_empty_element(writer, "pae");
        if (def->features.vmport != VB_TRISTATE_UNSET) {
                vb_xml_open(writer, "vmport");
                vb_xml_attribute(writer, "state", vb_tristate_to_switch(def->features.vmport));
                vb_xml_close(writer);
        }
        vb_xml_close(writer);
}

char *vb_domain_def_format(const VbDomainDef *def)
{
        VbXmlWriter *writer = vb_xml_writer_new();

        vb_xml_open(writer, "domain");
        vb_xml_attribute(writer, "type", vb_virt_type_words[def->virt_type]);
        vb_xml_text_element(writer, "name", def->name);
        vb_xml_text_element(writer, "uuid", *def->uuid != '\0' ? def->uuid : NULL);
        vb_xml_text_element(writer, "title", def->title);
        vb_xml_text_element(writer, "description", def->description);
        format_memory(writer, "memory", def->memory);
        format_memory(writer, "currentMemory", def->current_memory);
        format_vcpus(def, writer);
        format_os(def, writer);
        format_features(def, writer);
        vb_xml_open(writer, "clock");
        vb_xml_attribute(writer, "offset", vb_clock_words[def->clock]);
        vb_xml_close(writer);
        vb_xml_text_element(writer, "on_poweroff", vb_action_words[def->on_poweroff]);
        vb_xml_text_element(writer, "on_reboot", vb_action_words[def->on_reboot]);
        vb_xml_text_element(writer, "on_crash", vb_action_words[def->on_crash]);
        vb_xml_open(writer, "devices");
        vb_xml_text_element(writer, "emulator", def->emulator);
        for (guint i = 0; i < def->devices->len; i++)
                vb_device_write(g_ptr_array_index(def->devices, i), writer);
        vb_xml_close(writer);
        vb_xml_close(writer);
        return vb_xml_writer_finish(writer);
}
