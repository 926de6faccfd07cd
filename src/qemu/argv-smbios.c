/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -smbios and -fw_cfg. */
#include "conf/domain-def.h"
#include "qemu/argv-parts.h"

static void add_block(VbArgv *argv, const VbSysinfoKind *kind, const VbSysinfoBlock *block)
{
        g_autofree char *type = g_strdup_printf("type=%u", kind->number);
        g_autoptr(GString) value = g_string_new(NULL);

        for (guint i = 0; block && i < vb_list_length(block->entries); i++) {
                const VbSysinfoEntry *entry = g_ptr_array_index(block->entries, i);
                g_autofree char *text = entry->value ? vb_argv_quote(entry->value) : NULL;

                /* An empty one is as if it were not there: the firmware has its own. */
                if (text && *text != '\0')
                        g_string_append_printf(value, ",%s=%s", entry->name, text);
        }
        if (value->len == 0)
                return;
        g_string_prepend(value, type);
        vb_argv_add(argv, "-smbios", value->str);
}

static void add_strings(VbArgv *argv, const VbSysinfoBlock *block)
{
        g_autoptr(GString) value = g_string_new("type=11");

        if (!block || vb_list_length(block->entries) == 0)
                return;
        for (guint i = 0; i < block->entries->len; i++) {
                const VbSysinfoEntry *entry = g_ptr_array_index(block->entries, i);
                g_autofree char *text = vb_argv_quote(entry->value ? entry->value : "");

                g_string_append_printf(value, ",value=%s", text);
        }
        vb_argv_add(argv, "-smbios", value->str);
}

static void add_smbios(VbArgv *argv, const VbSysinfo *info)
{
        add_block(argv, &vb_sysinfo_bios, info->bios);
        add_block(argv, &vb_sysinfo_system, info->system);
        for (guint i = 0; i < vb_list_length(info->base_boards); i++)
                add_block(argv, &vb_sysinfo_base_board, g_ptr_array_index(info->base_boards, i));
        add_block(argv, &vb_sysinfo_chassis, info->chassis);
        add_strings(argv, info->oem_strings);
}

static void add_blob(VbArgv *argv, const VbSysinfoEntry *entry)
{
        g_autofree char *name = vb_argv_quote(entry->name);
        g_autofree char *content = vb_argv_quote(entry->file ? entry->file : entry->value);
        g_autofree char *value =
                g_strdup_printf("name=%s,%s=%s", name, entry->file ? "file" : "string", content);

        vb_argv_add(argv, "-fw_cfg", value);
}

bool vb_argv_add_sysinfo(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        const VbSysinfo *smbios = vb_sysinfo_find(def->sysinfos, VB_SYSINFO_SMBIOS);
        const VbSysinfo *blobs = vb_sysinfo_find(def->sysinfos, VB_SYSINFO_FWCFG);

        if (smbios && def->os.smbios && def->os.smbios->mode == VB_SMBIOS_SYSINFO)
                add_smbios(argv, smbios);
        for (guint i = 0; blobs && i < vb_list_length(blobs->entries); i++)
                add_blob(argv, g_ptr_array_index(blobs->entries, i));
        return true;
}
