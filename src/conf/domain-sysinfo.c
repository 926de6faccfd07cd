/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <sysinfo>: tables of SMBIOS, and blobs for the firmware. */
#include <string.h>

#include "conf/domain-values.h"
#include "conf/section.h"
#include "conf/sysinfo.h"
#include "util/error.h"

#define FWCFG_NAME_MAX 55

static const char *const types[] = { NULL, "smbios", "fwcfg", NULL };
static const char *const bios_entries[] = { "vendor", "version", "date", "release", NULL };
static const char *const system_entries[] = { "manufacturer", "product", "version", "serial",
                                              "uuid",         "sku",     "family",  NULL };
static const char *const board_entries[] = { "manufacturer", "product",  "version", "serial",
                                             "asset",        "location", NULL };
static const char *const chassis_entries[] = { "manufacturer", "version", "serial", "asset", "sku", NULL };

const VbSysinfoKind vb_sysinfo_bios = { "bios", 0, bios_entries };
const VbSysinfoKind vb_sysinfo_system = { "system", 1, system_entries };
const VbSysinfoKind vb_sysinfo_base_board = { "baseBoard", 2, board_entries };
const VbSysinfoKind vb_sysinfo_chassis = { "chassis", 3, chassis_entries };

const char *vb_sysinfo_value(const VbSysinfoBlock *block, const char *name)
{
        for (guint i = 0; block && i < vb_list_length(block->entries); i++) {
                const VbSysinfoEntry *entry = g_ptr_array_index(block->entries, i);

                if (g_strcmp0(entry->name, name) == 0)
                        return entry->value;
        }
        return NULL;
}

const VbSysinfo *vb_sysinfo_find(const GPtrArray *sysinfos, VbSysinfoType type)
{
        for (guint i = 0; i < vb_list_length(sysinfos); i++) {
                const VbSysinfo *info = g_ptr_array_index(sysinfos, i);

                if (info->type == (int) type)
                        return info;
        }
        return NULL;
}

static guint place_of(const VbSysinfoKind *kind, const VbSysinfoEntry *entry)
{
        guint i = 0;

        while (kind->entries[i] && !g_str_equal(kind->entries[i], entry->name))
                i++;
        return i;
}

static gint compare_entries(gconstpointer a, gconstpointer b, gpointer data)
{
        const VbSysinfoKind *kind = data;

        return (gint) place_of(kind, *(VbSysinfoEntry *const *) a) -
               (gint) place_of(kind, *(VbSysinfoEntry *const *) b);
}

static bool check_block(VbSysinfoBlock *block, const VbSysinfoKind *kind, GError **error)
{
        for (guint i = 0; block && i < vb_list_length(block->entries); i++) {
                const VbSysinfoEntry *entry = g_ptr_array_index(block->entries, i);

                if (!entry->name)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, entry->line,
                                               "<entry>: the attribute 'name' is missing");
                if (!kind->entries[place_of(kind, entry)]) {
                        g_autofree char *names = g_strjoinv(", ", (char **) (uintptr_t) kind->entries);

                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, entry->line,
                                               "<entry>: name='%s' is not known in <%s>; accepted: %s",
                                               entry->name, kind->element, names);
                }
                for (guint other = 0; other < i; other++)
                        if (g_str_equal(((VbSysinfoEntry *) block->entries->pdata[other])->name, entry->name))
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, entry->line,
                                                       "<entry>: name='%s' is given twice in <%s>",
                                                       entry->name, kind->element);
        }
        if (block && block->entries)
                g_ptr_array_sort_with_data(block->entries, compare_entries, (gpointer) kind);
        return true;
}

/* MM/DD/YYYY or MM/DD/YY. */
static bool is_date(const char *text)
{
        g_auto(GStrv) parts = g_strsplit(text, "/", -1);
        guint64 number;

        return g_strv_length(parts) == 3 && g_ascii_string_to_unsigned(parts[0], 10, 1, 12, &number, NULL) &&
               g_ascii_string_to_unsigned(parts[1], 10, 1, 31, &number, NULL) &&
               g_ascii_string_to_unsigned(parts[2], 10, 0, 9999, &number, NULL) &&
               (number < 100 || number >= 1900);
}

static bool check_smbios(VbSysinfo *info, VbXmlNode *node, GError **error)
{
        const char *date;

        if (!check_block(info->bios, &vb_sysinfo_bios, error) ||
            !check_block(info->system, &vb_sysinfo_system, error) ||
            !check_block(info->chassis, &vb_sysinfo_chassis, error))
                return false;
        for (guint i = 0; i < vb_list_length(info->base_boards); i++)
                if (!check_block(g_ptr_array_index(info->base_boards, i), &vb_sysinfo_base_board, error))
                        return false;
        if (vb_list_length(info->entries) > 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<entry> is for type='fwcfg' only");
        date = vb_sysinfo_value(info->bios, "date");
        if (date && !is_date(date))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<entry name='date'>: '%s' is no date like 12/31/2020", date);
        return true;
}

/* QEMU lets users have names below opt/ only, of which some belong to others. */
static bool check_fwcfg_entry(const VbSysinfoEntry *entry, GError **error)
{
        if (!entry->name)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, entry->line,
                                       "<entry>: the attribute 'name' is missing");
        if (!g_str_has_prefix(entry->name, "opt/") || strlen(entry->name) > FWCFG_NAME_MAX)
                return vb_error_set_at(
                        error, VB_ERROR_INVALID_XML, entry->line,
                        "<entry>: name='%s' does not begin with opt/, or has more than %d characters",
                        entry->name, FWCFG_NAME_MAX);
        if (g_str_has_prefix(entry->name, "opt/ovmf/") || g_str_has_prefix(entry->name, "opt/org.qemu/"))
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, entry->line,
                                       "<entry>: name='%s' is of the firmware's own", entry->name);
        if (!entry->value == !entry->file)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, entry->line,
                                       "<entry>: '%s' has either a text or file=''", entry->name);
        return true;
}

static bool check_sysinfo(void *record, VbXmlNode *node, GError **error)
{
        VbSysinfo *info = record;

        if (info->type == VB_SYSINFO_SMBIOS)
                return check_smbios(info, node, error);
        if (info->bios || info->system || info->base_boards || info->chassis || info->oem_strings)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "only <entry> is for type='fwcfg'");
        for (guint i = 0; i < vb_list_length(info->entries); i++)
                if (!check_fwcfg_entry(g_ptr_array_index(info->entries, i), error))
                        return false;
        return true;
}

/* clang-format off */
static const VbXmlField entry_fields[] = {
        VB_XML("name", ATTRIBUTE, STRING, VbSysinfoEntry, name),
        VB_XML("", TEXT, STRING, VbSysinfoEntry, value),
        { 0 },
};
static const VbXmlRecord entry_record = { .size = sizeof(VbSysinfoEntry), .fields = entry_fields, .keep_empty = true };

static const VbXmlField fwcfg_fields[] = {
        VB_XML("name", ATTRIBUTE, STRING, VbSysinfoEntry, name),
        VB_XML("file", ATTRIBUTE, STRING, VbSysinfoEntry, file),
        VB_XML("", TEXT, STRING, VbSysinfoEntry, value),
        { 0 },
};
static const VbXmlRecord fwcfg_record = { .size = sizeof(VbSysinfoEntry), .fields = fwcfg_fields, .keep_empty = true };

static const VbXmlField block_fields[] = {
        VB_XML_WITH("entry", CHILD, LIST, VbSysinfoBlock, entries, .record = &entry_record),
        { 0 },
};
static const VbXmlRecord block_record = { .size = sizeof(VbSysinfoBlock), .fields = block_fields };

static const VbXmlField sysinfo_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbSysinfo, type, .words = types, .required = true),
        VB_XML_WITH("bios", CHILD, RECORD, VbSysinfo, bios, .record = &block_record),
        VB_XML_WITH("system", CHILD, RECORD, VbSysinfo, system, .record = &block_record),
        VB_XML_WITH("baseBoard", CHILD, LIST, VbSysinfo, base_boards, .record = &block_record),
        VB_XML_WITH("chassis", CHILD, RECORD, VbSysinfo, chassis, .record = &block_record),
        VB_XML_WITH("oemStrings", CHILD, RECORD, VbSysinfo, oem_strings, .record = &block_record),
        VB_XML_WITH("entry", CHILD, LIST, VbSysinfo, entries, .record = &fwcfg_record),
        { 0 },
};
static const VbXmlRecord sysinfo_record = {
        .size = sizeof(VbSysinfo), .fields = sysinfo_fields, .check = check_sysinfo, .keep_empty = true,
};

static const VbXmlField section_fields[] = {
        VB_XML_WITH("sysinfo", CHILD, LIST, VbDomainDef, sysinfos, .record = &sysinfo_record),
        { 0 },
};
/* clang-format on */

static bool check_mode(const VbDomainDef *def, GError **error)
{
        const VbSysinfo *info = vb_sysinfo_find(def->sysinfos, VB_SYSINFO_SMBIOS);
        int mode = def->os.smbios ? def->os.smbios->mode : 0;

        if (mode == VB_SMBIOS_HOST)
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, def->os.smbios->line,
                                       "<smbios mode='host'>: the host's own tables are not passed on; give "
                                       "them as <sysinfo type='smbios'>");
        if (mode != VB_SMBIOS_SYSINFO)
                return true;
        if (!info)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, def->os.smbios->line,
                                       "<smbios mode='sysinfo'>: there is no <sysinfo type='smbios'>");
        if (vb_list_length(info->base_boards) > 1)
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, info->line,
                                       "<sysinfo>: QEMU has room for one <baseBoard>");
        return true;
}

/* One machine has one identity: <uuid>. */
static bool check_uuid(VbDomainDef *def, GError **error)
{
        const VbSysinfo *info = vb_sysinfo_find(def->sysinfos, VB_SYSINFO_SMBIOS);
        const char *text = info ? vb_sysinfo_value(info->system, "uuid") : NULL;
        char uuid[37];

        if (!text)
                return true;
        if (!vb_uuid_from_string(text, uuid))
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, info->line,
                                       "<entry name='uuid'>: '%s' is not 32 hexadecimal digits", text);
        if (*def->uuid != '\0' && !g_str_equal(uuid, def->uuid))
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, info->line,
                                       "<entry name='uuid'>: '%s' is not the <uuid> of the domain", text);
        memcpy(def->uuid, uuid, sizeof(uuid));
        return true;
}

static bool parse_sysinfo(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        for (guint i = 0; i < vb_list_length(def->sysinfos); i++) {
                const VbSysinfo *info = g_ptr_array_index(def->sysinfos, i);

                if (vb_sysinfo_find(def->sysinfos, info->type) != info)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, info->line,
                                               "<sysinfo>: there is another one with type='%s'",
                                               types[info->type]);
        }
        return check_uuid(def, error);
}

static bool complete_sysinfo(VbCompletion *completion, GError **error)
{
        return check_mode(completion->def, error);
}

const VbSection vb_section_sysinfo = {
        .fields = section_fields,
        .parse = parse_sysinfo,
        .complete = complete_sysinfo,
};
