/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest boots, and on which machine: <os>. */
#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

static bool parse_boot(VbDomainDef *def, VbXmlNode *os, GError **error)
{
        VbXmlNode *child;

        while ((child = vb_xml_take_child(os, "boot"))) {
                const char *text;
                int boot = -1;

                if (!vb_xml_require_attribute(child, "dev", &text, error) ||
                    !vb_xml_take_word(child, "dev", vb_boot_words, _VB_BOOT_MAX, NULL, &boot, error))
                        return false;
                for (uint32_t i = 0; i < def->os.n_boot; i++)
                        if (def->os.boot[i] == (VbBootDevice) boot)
                                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                                    "dev='%s' is given twice", text);
                def->os.boot[def->os.n_boot++] = (VbBootDevice) boot;
        }
        return true;
}

static bool parse_os(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "os"), *type;
        const char *text;

        if (!node)
                return vb_xml_error(root, VB_ERROR_INVALID_XML, error, "<os> is missing");
        type = vb_xml_take_child(node, "type");
        if (!type)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<type>hvm</type> is missing");
        text = vb_xml_take_text(type);
        if (!g_str_equal(text, "hvm"))
                return vb_xml_error(type, VB_ERROR_UNSUPPORTED, error, "'%s' is not supported; accepted: hvm",
                                    text);
        if (!vb_xml_take_identifier(type, "arch", &def->os.arch, error) ||
            !vb_xml_take_identifier(type, "machine", &def->os.machine, error) ||
            !vb_xml_take_path_child(node, "kernel", &def->os.kernel, error) ||
            !vb_xml_take_path_child(node, "initrd", &def->os.initrd, error))
                return false;
        vb_xml_take_text_child(node, "cmdline", &def->os.cmdline);
        if (!def->os.kernel && (def->os.initrd || def->os.cmdline))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<%s> needs a <kernel>",
                                    def->os.initrd ? "initrd" : "cmdline");
        return parse_boot(def, node, error);
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

static void clear_os(VbDomainDef *def)
{
        g_free(def->os.arch);
        g_free(def->os.machine);
        g_free(def->os.kernel);
        g_free(def->os.initrd);
        g_free(def->os.cmdline);
}

static void copy_os(VbDomainDef *copy, const VbDomainDef *def)
{
        copy->os.arch = g_strdup(def->os.arch);
        copy->os.machine = g_strdup(def->os.machine);
        copy->os.kernel = g_strdup(def->os.kernel);
        copy->os.initrd = g_strdup(def->os.initrd);
        copy->os.cmdline = g_strdup(def->os.cmdline);
}

/* Boot order is given for the domain or for its devices. */
static bool complete_boot(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        const VbDevice *ordered = NULL;

        for (guint i = 0; i < def->devices->len && !ordered; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->boot_order > 0)
                        ordered = device;
        }
        if (ordered && def->os.n_boot > 0)
                return vb_device_error(
                        ordered, VB_ERROR_INVALID_XML, error,
                        "<boot order=''/> of a device and <boot dev=''/> of the domain exclude each "
                        "other");
        if (!ordered && def->os.n_boot == 0)
                def->os.boot[def->os.n_boot++] = VB_BOOT_HD;
        return true;
}

const VbSection vb_section_os = {
        .parse = parse_os,
        .format = format_os,
        .clear = clear_os,
        .copy = copy_os,
        .complete = complete_boot,
};
