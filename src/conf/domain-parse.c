/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML of a domain in. Nothing is filled in here, and nothing is looked at but the text. */
#include <string.h>

#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

static bool parse_devices(VbDomainDef *def, VbXmlNode *node, GError **error)
{
        if (!vb_xml_take_path_child(node, "emulator", &def->emulator, error))
                return false;
        for (int kind = 0; kind < _VB_DEVICE_MAX; kind++)
                vb_xml_expect_child(node, vb_device_kind_to_string((VbDeviceKind) kind));
        for (VbXmlNode *child = vb_xml_next_child(node, NULL); child;
             child = vb_xml_next_child(node, child)) {
                g_autoptr(GError) local = NULL;
                VbDevice *device = vb_device_read(child, &local);

                if (local) {
                        g_propagate_error(error, g_steal_pointer(&local));
                        return false;
                }
                if (device)
                        g_ptr_array_add(def->devices, device);
                if (def->devices->len > VB_DEVICES_MAX)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "a domain has at most %d devices and controllers",
                                            VB_DEVICES_MAX);
        }
        return true;
}

static bool parse_domain(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        const char *text;
        VbXmlNode *node;
        int type = -1;

        if (!g_str_equal(vb_xml_node_name(root), "domain"))
                return vb_xml_error(root, VB_ERROR_INVALID_XML, error,
                                    "the outermost element is to be <domain>");
        /* A running domain's number, which libvirt writes but nobody sets. */
        vb_xml_take_attribute(root, "id");
        if (!vb_xml_require_attribute(root, "type", &text, error) ||
            !vb_xml_take_word(root, "type", vb_virt_type_words, VB_VIRT_TYPES,
                              "bhyve hvf hyperv kqemu lxc openvz parallels phyp test uml vbox vmware vz xen",
                              &type, error))
                return false;
        def->virt_type = (VbVirtType) type;
        def->line = vb_xml_node_line(root);
        for (const VbSection *const *section = vb_sections; *section; section++)
                if (((*section)->fields && !vb_xml_fields_parse((*section)->fields, root, def, error)) ||
                    ((*section)->parse && !(*section)->parse(def, root, error)))
                        return false;
        node = vb_xml_take_child(root, "devices");
        return !node || parse_devices(def, node, error);
}

/* What has no alias in the format is called by its place: always the same. */
static void name_nameless(VbDomainDef *def)
{
        unsigned n[_VB_DEVICE_MAX] = { 0 };

        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = def->devices->pdata[i];

                if (vb_device_class(device->kind)->nameless)
                        device->alias = g_strdup_printf("%s%u", vb_device_class(device->kind)->alias_prefix,
                                                        n[device->kind]++);
        }
}

static void settle(VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = def->devices->pdata[i];

                if (vb_device_class(device->kind)->settle)
                        vb_device_class(device->kind)->settle(def, device);
        }
}

VbDomainDef *vb_domain_def_read(VbXmlDocument *document, GError **error)
{
        g_autoptr(VbDomainDef) def = vb_domain_def_new();

        if (!parse_domain(def, vb_xml_document_root(document), error) ||
            !vb_xml_document_finish(document, error))
                return NULL;
        name_nameless(def);
        settle(def);
        def->notes = vb_xml_document_take_notes(document);
        return g_steal_pointer(&def);
}

VbDomainDef *vb_domain_def_parse(const char *text, gsize length, GError **error)
{
        g_autoptr(VbXmlDocument) document = vb_xml_document_parse(text, length, error);

        return document ? vb_domain_def_read(document, error) : NULL;
}
