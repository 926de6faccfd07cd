/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of firmware, from QEMU's JSON to facts. */
#include "qemu/firmware.h"

#include <string.h>

#include "conf/arch.h"
#include "host/firmware.h"
#include "qemu/emulators.h"
#include "qemu/json.h"
#include "util/log.h"

#define LIST_MAX 256

struct VbFirmwareStore {
        char **folders;
        char *stamp; /* of @list; NULL: not read yet */
        GPtrArray *list;
};

/* clang-format off */
static const struct {
        const char *word;
        unsigned trait;
} traits[] = {
        { "secure-boot", VB_FIRMWARE_HAS_SECURE_BOOT },
        { "enrolled-keys", VB_FIRMWARE_HAS_ENROLLED_KEYS },
        { "requires-smm", VB_FIRMWARE_NEEDS_SMM },
        { "acpi-s3", VB_FIRMWARE_HAS_S3 },
        { "acpi-s4", VB_FIRMWARE_HAS_S4 },
};
/* clang-format on */

static bool lists(json_object *object, const char *key, const char *word)
{
        json_object *list = vb_json_array(object, key, LIST_MAX);

        for (gsize i = 0; list && i < json_object_array_length(list); i++)
                if (g_strcmp0(vb_json_string(json_object_array_get_idx(list, i)), word) == 0)
                        return true;
        return false;
}

static void add_target(VbFirmware *firmware, json_object *target)
{
        json_object *machines = vb_json_array(target, "machines", LIST_MAX);
        g_autoptr(GPtrArray) patterns = g_ptr_array_new();
        const char *arch = vb_json_get_name(target, "architecture");

        for (gsize i = 0; machines && i < json_object_array_length(machines); i++) {
                const char *pattern = vb_json_string(json_object_array_get_idx(machines, i));

                if (pattern)
                        g_ptr_array_add(patterns, (gpointer) pattern);
        }
        g_ptr_array_add(patterns, NULL);
        if (arch)
                vb_firmware_add_target(firmware, vb_arch_from_target(arch), (char **) patterns->pdata);
}

/* A file that something of a mapping names: false unless it is one. */
static bool read_file(json_object *mapping, const char *key, char **ret_path, int *ret_format)
{
        json_object *file = vb_json_object(mapping, key);
        const char *path = NULL, *format = NULL;

        if (!vb_json_get_string(file, "filename", &path) || *path != '/')
                return false;
        *ret_format = VB_IMAGE_RAW;
        if (vb_json_get_string(file, "format", &format)) {
                if (g_str_equal(format, "qcow2"))
                        *ret_format = VB_IMAGE_QCOW2;
                else if (!g_str_equal(format, "raw"))
                        return false;
        }
        *ret_path = g_strdup(path);
        return true;
}

/* Flash that is in one piece with its variables would be every guest's own to write: not used. */
static bool read_mapping(VbFirmware *firmware, json_object *mapping)
{
        const char *device = NULL, *mode = "split", *path = NULL;

        if (!vb_json_get_string(mapping, "device", &device))
                return false;
        if (g_str_equal(device, "memory")) {
                firmware->stateless = true;
                firmware->format = VB_IMAGE_RAW;
                if (!vb_json_get_string(mapping, "filename", &path) || *path != '/')
                        return false;
                firmware->path = g_strdup(path);
                return true;
        }
        if (!g_str_equal(device, "flash"))
                return false;
        firmware->in_flash = true;
        vb_json_get_string(mapping, "mode", &mode);
        firmware->stateless = g_str_equal(mode, "stateless");
        if (!firmware->stateless && !g_str_equal(mode, "split"))
                return false;
        return read_file(mapping, "executable", &firmware->path, &firmware->format) &&
               (firmware->stateless ||
                read_file(mapping, "nvram-template", &firmware->template, &firmware->template_format));
}

VbFirmware *vb_firmware_from_json(const char *text, gsize size)
{
        g_autoptr(json_object) object = vb_json_parse(NULL, text, size, NULL);
        g_autoptr(VbFirmware) firmware = vb_firmware_new();
        json_object *targets = vb_json_array(object, "targets", LIST_MAX);

        firmware->bios = lists(object, "interface-types", "bios");
        firmware->efi = lists(object, "interface-types", "uefi");
        for (gsize i = 0; i < G_N_ELEMENTS(traits); i++)
                if (lists(object, "features", traits[i].word))
                        firmware->traits |= traits[i].trait;
        for (gsize i = 0; targets && i < json_object_array_length(targets); i++)
                add_target(firmware, json_object_array_get_idx(targets, i));
        return read_mapping(firmware, vb_json_object(object, "mapping")) ? g_steal_pointer(&firmware) : NULL;
}

VbFirmwareStore *vb_firmware_store_new(const char *const *folders)
{
        VbFirmwareStore *store = g_new0(VbFirmwareStore, 1);

        store->folders = folders ? g_strdupv((char **) (uintptr_t) folders) : vb_firmware_folders();
        return store;
}

void vb_firmware_store_free(VbFirmwareStore *store)
{
        if (!store)
                return;
        g_strfreev(store->folders);
        g_free(store->stamp);
        g_clear_pointer(&store->list, g_ptr_array_unref);
        g_free(store);
}

GPtrArray *vb_firmware_store_list(VbFirmwareStore *store)
{
        const char *const *folders = (const char *const *) store->folders;
        g_autofree char *stamp = vb_firmware_stamp(folders);
        g_autoptr(GPtrArray) files = NULL;

        if (g_strcmp0(stamp, store->stamp) == 0)
                return store->list;
        g_free(store->stamp);
        store->stamp = g_steal_pointer(&stamp);
        g_clear_pointer(&store->list, g_ptr_array_unref);
        store->list = g_ptr_array_new_with_free_func((GDestroyNotify) vb_firmware_free);
        files = vb_firmware_read(folders);
        for (guint i = 0; i < files->len; i++) {
                const VbFirmwareFile *file = g_ptr_array_index(files, i);
                gsize size = 0;
                const char *text = g_bytes_get_data(file->text, &size);
                VbFirmware *firmware = vb_firmware_from_json(text, size);

                if (firmware)
                        g_ptr_array_add(store->list, firmware);
                else
                        vb_log_debug("%s describes no firmware that is of use here", file->path);
        }
        return store->list;
}
