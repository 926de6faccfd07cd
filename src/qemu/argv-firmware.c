/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware: flash memory or a ROM, what it is told about the order of booting, and a kernel that is
 * started in the place of a disk. */
#include "conf/domain-def.h"
#include "qemu/argv-parts.h"
#include "util/error.h"

/* A flash chip of an image: @id is "pflash0" or "pflash1". */
static void add_chip(VbArgv *argv, const char *id, json_object *storage, int format, bool readonly)
{
        g_autofree char *storage_id = g_strdup_printf("%s-storage", id);
        g_autofree char *format_id = g_strdup_printf("%s-format", id);
        json_object *object = json_object_new_object();

        vb_json_set_string(storage, "node-name", storage_id);
        vb_json_set_bool(storage, "auto-read-only", true);
        vb_json_set_string(storage, "discard", "unmap");
        vb_argv_add_json(argv, "-blockdev", storage);
        vb_json_set_string(object, "node-name", format_id);
        vb_json_set_bool(object, "read-only", readonly);
        vb_json_set_string(object, "driver", format == VB_IMAGE_QCOW2 ? "qcow2" : "raw");
        vb_json_set_string(object, "file", storage_id);
        vb_argv_add_json(argv, "-blockdev", object);
}

static json_object *file_storage(const char *driver, const char *path)
{
        json_object *object = json_object_new_object();

        vb_json_set_string(object, "driver", driver);
        vb_json_set_string(object, "filename", path);
        return object;
}

char *vb_argv_nvram_path(const VbDomainDef *def, const char *private_dir)
{
        const VbNvram *nvram = def->os.nvram;

        if (!nvram || !vb_loader_flash(def->os.loader))
                return NULL;
        if (nvram->source)
                return g_strdup(nvram->source->file ? nvram->source->file : nvram->source->dev);
        if (nvram->path)
                return g_strdup(nvram->path);
        /* Flash that can be written keeps them itself. */
        if (def->os.loader->readonly != VB_TRISTATE_ON)
                return NULL;
        return g_build_filename(private_dir ? private_dir : "/private", VB_ARGV_NVRAM_FILE, NULL);
}

bool vb_argv_has_own_nvram(const VbDomainDef *def)
{
        const VbNvram *nvram = def->os.nvram;

        return nvram && vb_loader_flash(def->os.loader) && !nvram->source && !nvram->path &&
               def->os.loader->readonly == VB_TRISTATE_ON;
}

static bool add_variables(VbArgv *argv, GError **error)
{
        const VbNvram *nvram = argv->def->os.nvram;
        g_autofree char *path = NULL;

        if (!nvram)
                return true;
        if (nvram->type == VB_NVRAM_NETWORK)
                return vb_error_set_at(
                        error, VB_ERROR_UNSUPPORTED, nvram->line,
                        "<nvram type='network'>: variables on the network are not supported yet");
        path = vb_argv_nvram_path(argv->def, argv->context->private_dir);
        if (!path)
                return true;
        add_chip(argv, "pflash1", file_storage(nvram->type == VB_NVRAM_BLOCK ? "host_device" : "file", path),
                 nvram->format, false);
        return true;
}

bool vb_argv_add_flash(VbArgv *argv, GError **error)
{
        const VbLoader *loader = argv->def->os.loader;
        const char *path = vb_loader_flash(loader);

        if (!path)
                return true;
        add_chip(argv, "pflash0", file_storage("file", path), loader->format,
                 loader->readonly == VB_TRISTATE_ON);
        return add_variables(argv, error);
}

static void add_acpi_tables(VbArgv *argv, const VbAcpiTables *acpi)
{
        for (guint i = 0; acpi && i < vb_list_length(acpi->tables); i++) {
                const VbAcpiTable *table = g_ptr_array_index(acpi->tables, i);
                g_autofree char *path = vb_argv_quote(table->path);
                g_autofree char *value = g_strconcat("sig=SLIC,file=", path, NULL);

                vb_argv_add(argv, "-acpitable", value);
        }
}

bool vb_argv_add_firmware(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        const VbLoader *loader = def->os.loader;
        const VbSmm *smm = def->features->smm;

        if (loader && loader->type == VB_LOADER_ROM)
                vb_argv_add(argv, "-bios", loader->path);
        if (vb_loader_flash(loader) && loader->secure == VB_TRISTATE_ON)
                vb_argv_add(argv, "-global", "driver=cfi.pflash01,property=secure,value=on");
        if (smm && smm->tseg > 0) {
                g_autofree char *value =
                        g_strdup_printf("mch.extended-tseg-mbytes=%" G_GUINT64_FORMAT, smm->tseg >> 20);

                vb_argv_add(argv, "-global", value);
        }
        if (def->genid) {
                json_object *object = json_object_new_object();

                vb_json_set_string(object, "driver", "vmgenid");
                vb_json_set_string(object, "guid", def->genid->uuid);
                vb_json_set_string(object, "id", "vmgenid0");
                vb_argv_add_json(argv, "-device", object);
        }
        add_acpi_tables(argv, def->os.acpi);
        if (def->features->vmcoreinfo == VB_TRISTATE_ON) {
                json_object *object = json_object_new_object();

                vb_json_set_string(object, "driver", "vmcoreinfo");
                vb_argv_add_json(argv, "-device", object);
        }
        return true;
}
