/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <features>: what can be switched on and off. */
#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

static bool parse_features(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "features"), *vmport;

        if (!node)
                return true;
        def->features.acpi = vb_xml_take_child(node, "acpi") != NULL;
        def->features.apic = vb_xml_take_child(node, "apic") != NULL;
        def->features.pae = vb_xml_take_child(node, "pae") != NULL;
        vmport = vb_xml_take_child(node, "vmport");
        if (!vmport)
                return true;
        def->features.vmport = VB_TRISTATE_ON;
        return vb_xml_take_switch(vmport, "state", &def->features.vmport, error);
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

const VbSection vb_section_features = {
        .parse = parse_features,
        .format = format_features,
};
