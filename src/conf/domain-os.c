/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest boots, and on which machine: <os>. */
#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/os-loader.h"
#include "conf/section.h"
#include "util/error.h"

static bool parse_boot(VbDomainDef *def, VbXmlNode *os, GError **error)
{
        VbXmlNode *child;

        while ((child = vb_xml_take_child(os, "boot"))) {
                const char *text;
                bool again = false;
                int boot = -1;

                if (!vb_xml_require_attribute(child, "dev", &text, error) ||
                    !vb_xml_take_word(child, "dev", vb_boot_words, _VB_BOOT_MAX, NULL, &boot, error))
                        return false;
                for (uint32_t i = 0; i < def->os.n_boot; i++)
                        again = again || def->os.boot[i] == (VbBootDevice) boot;
                /* A second time the same changes nothing. */
                if (!again)
                        def->os.boot[def->os.n_boot++] = (VbBootDevice) boot;
        }
        return true;
}

static const char *const smbios_modes[] = { NULL, "emulate", "host", "sysinfo", "none", NULL };
static const char *const table_types[] = { NULL, "slic", NULL };

/* clang-format off */
static const VbXmlField feature_fields[] = {
        VB_XML_WITH("enabled", ATTRIBUTE, YES_NO, VbFirmwareFeature, enabled, .required = true),
        VB_XML_WITH("name", ATTRIBUTE, WORD, VbFirmwareFeature, name, .words = vb_firmware_feature_words, .required = true),
        { 0 },
};
static const VbXmlRecord feature_record = { .size = sizeof(VbFirmwareFeature), .fields = feature_fields };

static const VbXmlField wish_fields[] = {
        VB_XML_WITH("feature", CHILD, LIST, VbFirmwareWish, features, .record = &feature_record),
        { 0 },
};
static const VbXmlRecord wish_record = { .size = sizeof(VbFirmwareWish), .fields = wish_fields };

static const VbXmlField table_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbAcpiTable, type, .words = table_types, .required = true),
        VB_XML_WITH("", TEXT, PATH, VbAcpiTable, path, .required = true),
        { 0 },
};
static const VbXmlRecord table_record = { .size = sizeof(VbAcpiTable), .fields = table_fields };

static const VbXmlField acpi_fields[] = {
        VB_XML_WITH("table", CHILD, LIST, VbAcpiTables, tables, .record = &table_record),
        { 0 },
};

static bool check_acpi(void *record, VbXmlNode *node, GError **error)
{
        return vb_list_length(((VbAcpiTables *) record)->tables) <= 1 ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "there is at most one <table>");
}

static const VbXmlRecord acpi_record = { .size = sizeof(VbAcpiTables), .fields = acpi_fields, .check = check_acpi };

static bool check_bootmenu(void *record, VbXmlNode *node, GError **error)
{
        VbBootMenu *menu = record;

        if (menu->enable != VB_TRISTATE_ON)
                menu->timeout.given = false;
        return true;
}

static const VbXmlField bootmenu_fields[] = {
        VB_XML("enable", ATTRIBUTE, YES_NO, VbBootMenu, enable),
        VB_XML_WITH("timeout", ATTRIBUTE, NUMBER, VbBootMenu, timeout, .max = UINT16_MAX),
        { 0 },
};
static const VbXmlRecord bootmenu_record = { .size = sizeof(VbBootMenu), .fields = bootmenu_fields, .check = check_bootmenu };

static const VbXmlField smbios_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbSmbiosChoice, mode, .words = smbios_modes),
        { 0 },
};
static const VbXmlRecord smbios_record = { .size = sizeof(VbSmbiosChoice), .fields = smbios_fields };

static const VbXmlField bios_fields[] = {
        VB_XML("useserial", ATTRIBUTE, YES_NO, VbBios, use_serial),
        VB_XML_WITH("rebootTimeout", ATTRIBUTE, INTEGER, VbBios, reboot_timeout, .min = -1, .max = UINT16_MAX),
        { 0 },
};
static const VbXmlRecord bios_record = { .size = sizeof(VbBios), .fields = bios_fields };

/* Offsets in VbDomainDef, but read from and written into <os>: the attribute, what comes before <boot>, and what after. */
static const VbXmlField first_fields[] = {
        VB_XML_WITH("firmware", ATTRIBUTE, WORD, VbDomainDef, os.firmware, .words = vb_firmware_kind_words),
        { 0 },
};
static const VbXmlField second_fields[] = {
        VB_XML_WITH("firmware", CHILD, RECORD, VbDomainDef, os.wish, .record = &wish_record),
        VB_XML_WITH("loader", CHILD, RECORD, VbDomainDef, os.loader, .record = &vb_loader_record),
        VB_XML_WITH("nvram", CHILD, RECORD, VbDomainDef, os.nvram, .record = &vb_nvram_record),
        VB_XML("kernel", CHILD, PATH, VbDomainDef, os.kernel),
        VB_XML("initrd", CHILD, PATH, VbDomainDef, os.initrd),
        VB_XML("cmdline", CHILD, STRING, VbDomainDef, os.cmdline),
        VB_XML("dtb", CHILD, PATH, VbDomainDef, os.dtb),
        VB_XML_WITH("acpi", CHILD, RECORD, VbDomainDef, os.acpi, .record = &acpi_record),
        { 0 },
};
static const VbXmlField third_fields[] = {
        VB_XML_WITH("bootmenu", CHILD, RECORD, VbDomainDef, os.bootmenu, .record = &bootmenu_record),
        VB_XML_WITH("smbios", CHILD, RECORD, VbDomainDef, os.smbios, .record = &smbios_record),
        VB_XML_WITH("bios", CHILD, RECORD, VbDomainDef, os.bios, .record = &bios_record),
        { 0 },
};
/* clang-format on */

static const VbXmlField *const fields[] = { first_fields, second_fields, third_fields };

/* What QEMU would not start with. */
static bool check_os(const VbDomainDef *def, VbXmlNode *node, GError **error)
{
        if (def->os.wish && def->os.firmware == 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<firmware> needs firmware='efi' or firmware='bios'");
        if (def->os.firmware == 0 && !(def->os.loader && def->os.loader->path) &&
            (def->os.loader || def->os.nvram))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<%s> needs the path of a <loader>, or firmware='efi'",
                                    def->os.loader ? "loader" : "nvram");
        return true;
}

/* How containers start, for which this is no service. */
static bool refuse_containers(VbXmlNode *node, GError **error)
{
        static const char *const names[] = {
                "init", "initarg", "initenv", "initdir", "inituser", "initgroup"
        };

        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
                VbXmlNode *child = vb_xml_take_child(node, names[i]);

                if (child)
                        return vb_xml_error(child, VB_ERROR_UNSUPPORTED, error,
                                            "this is for containers, which are not supported");
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
            !vb_xml_take_identifier(type, "machine", &def->os.machine, error))
                return false;
        for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
                if (!vb_xml_fields_parse(fields[i], node, def, error))
                        return false;
        return check_os(def, node, error) && parse_boot(def, node, error) && refuse_containers(node, error);
}

static void format_os(const VbDomainDef *def, VbXmlWriter *writer)
{
        vb_xml_open(writer, "os");
        vb_xml_fields_format(first_fields, def, writer);
        vb_xml_open(writer, "type");
        vb_xml_attribute(writer, "arch", def->os.arch);
        vb_xml_attribute(writer, "machine", def->os.machine);
        vb_xml_text(writer, "hvm");
        vb_xml_close(writer);
        vb_xml_fields_format(second_fields, def, writer);
        for (uint32_t i = 0; i < def->os.n_boot; i++) {
                vb_xml_open(writer, "boot");
                vb_xml_attribute(writer, "dev", vb_boot_words[def->os.boot[i]]);
                vb_xml_close(writer);
        }
        vb_xml_fields_format(third_fields, def, writer);
        vb_xml_close(writer);
}

static void clear_os(VbDomainDef *def)
{
        g_free(def->os.arch);
        g_free(def->os.machine);
        for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
                vb_xml_fields_clear(fields[i], def);
}

static void copy_os(VbDomainDef *copy, const VbDomainDef *def)
{
        copy->os.arch = g_strdup(def->os.arch);
        copy->os.machine = g_strdup(def->os.machine);
        for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
                vb_xml_fields_copy(fields[i], copy, def);
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

static bool complete_os(VbCompletion *completion, GError **error)
{
        return complete_boot(completion, error) && vb_complete_loader(completion, error);
}

const VbSection vb_section_os = {
        .parse = parse_os,
        .format = format_os,
        .clear = clear_os,
        .copy = copy_os,
        .complete = complete_os,
};
