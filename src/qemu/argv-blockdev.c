/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graph of block nodes between a drive and the bytes of its images. Every node names its driver, so that
 * no file name is looked at for a protocol, and no image for a format. */
#include "qemu/argv-blockdev.h"

#include <string.h>

#include "util/error.h"

/* Names of nodes have at most 31 characters. */
#define NODE_ALIAS_MAX 20

static const char *const format_drivers[_VB_FORMAT_MAX] = {
        /* clang-format off */
        [VB_FORMAT_NONE] = "raw", [VB_FORMAT_RAW] = "raw",       [VB_FORMAT_BOCHS] = "bochs",
        [VB_FORMAT_CLOOP] = "cloop", [VB_FORMAT_DMG] = "dmg",    [VB_FORMAT_FAT] = "raw",
        [VB_FORMAT_PLOOP] = "parallels", [VB_FORMAT_QCOW] = "qcow", [VB_FORMAT_QCOW2] = "qcow2",
        [VB_FORMAT_QED] = "qed",  [VB_FORMAT_VDI] = "vdi",       [VB_FORMAT_VHD] = "vhdx",
        [VB_FORMAT_VMDK] = "vmdk", [VB_FORMAT_VPC] = "vpc",
        /* clang-format on */
};

char *vb_argv_node_name(const VbDevice *device, const char *layer, unsigned index)
{
        g_autofree char *digest = NULL, *number = index > 0 ? g_strdup_printf("%u", index) : g_strdup("");

        if (strlen(device->alias) <= NODE_ALIAS_MAX)
                return g_strdup_printf("%s-%s%s", device->alias, layer, number);
        digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, device->alias, -1);
        return g_strdup_printf("node-%.12s-%s%s", digest, layer, number);
}

/* Whether the emulator keeps the host's cache out of it, and whether it may lose what the guest flushed. A
 * disk that several guests write to has no cache, unless one is asked for. */
static void set_cache(const VbDisk *disk, json_object *object)
{
        bool shared = disk->shareable && !vb_disk_is_readonly(disk);
        int cache = disk->driver.cache;
        json_object *value = NULL;

        if (cache == VB_CACHE_NONE_GIVEN && !shared)
                return;
        value = json_object_new_object();
        vb_json_set_bool(value, "direct",
                         cache == VB_CACHE_NONE_GIVEN || cache == VB_CACHE_NONE ||
                                 cache == VB_CACHE_DIRECTSYNC);
        vb_json_set_bool(value, "no-flush", cache == VB_CACHE_UNSAFE);
        json_object_object_add(object, "cache", value);
}

static char *add_storage(VbArgv *argv, const VbDisk *disk, const VbStorage *storage, GError **error)
{
        static const char *const io_words[] = { NULL, "threads", "native", "io_uring" };
        char *name = vb_argv_node_name(&disk->base, "storage", vb_storage_index(storage));
        json_object *object = vb_argv_storage_node(argv, &disk->base, storage, error);
        bool local = storage->type == VB_STORAGE_FILE || storage->type == VB_STORAGE_BLOCK;

        if (!object) {
                g_free(name);
                return NULL;
        }
        if (local && disk->driver.io)
                vb_json_set_string(object, "aio", io_words[disk->driver.io]);
        vb_json_set_string(object, "node-name", name);
        set_cache(disk, object);
        vb_json_set_bool(object, "auto-read-only", true);
        vb_json_set_string(object, "discard", "unmap");
        vb_argv_add_json(argv, "-blockdev", object);
        return name;
}

static const VbStorageSlice *slice_of(const VbStorage *storage)
{
        const VbStorageOption *slices = storage->source->slices;

        return slices && vb_list_length(slices->list) > 0 ? g_ptr_array_index(slices->list, 0) : NULL;
}

static void set_slice(const VbStorageSlice *slice, json_object *object)
{
        vb_json_set_uint(object, "offset", slice->offset.value);
        vb_json_set_uint(object, "size", slice->size.value);
}

/* An image that is not raw, in a part of what is stored, needs a node for the part. Takes over @storage_name.
 */
static char *add_slice(VbArgv *argv, const VbDisk *disk, const VbStorage *storage, char *storage_name)
{
        const VbStorageSlice *slice = slice_of(storage);
        json_object *object = NULL;
        char *name = NULL;

        if (!slice || (storage->format == VB_FORMAT_RAW && !storage->source->encryption))
                return storage_name;
        name = vb_argv_node_name(&disk->base, "slice", vb_storage_index(storage));
        object = json_object_new_object();
        vb_json_set_string(object, "driver", "raw");
        vb_json_set_string(object, "node-name", name);
        set_slice(slice, object);
        vb_json_set_string(object, "file", storage_name);
        vb_json_set_bool(object, "auto-read-only", true);
        vb_json_set_string(object, "discard", "unmap");
        vb_argv_add_json(argv, "-blockdev", object);
        g_free(storage_name);
        return name;
}

/* The driver of a format, which for an encrypted image of raw content is that of the encryption. */
static bool set_format(VbArgv *argv, const VbDisk *disk, const VbStorage *storage, json_object *object,
                       GError **error)
{
        const VbStorageEncryption *encryption = storage->source->encryption;
        g_autofree char *secret = NULL;

        if (!encryption || encryption->engine != VB_ENGINE_QEMU) {
                vb_json_set_string(object, "driver", format_drivers[storage->format]);
                if (slice_of(storage) && storage->format == VB_FORMAT_RAW)
                        set_slice(slice_of(storage), object);
                return true;
        }
        secret = vb_argv_add_secret(argv, &disk->base, "luks", vb_storage_index(storage), encryption->secret,
                                    error);
        if (!secret)
                return false;
        if (storage->format == VB_FORMAT_QCOW2) {
                json_object *encrypt = json_object_new_object();

                vb_json_set_string(object, "driver", "qcow2");
                vb_json_set_string(encrypt, "format", "luks");
                vb_json_set_string(encrypt, "key-secret", secret);
                json_object_object_add(object, "encrypt", encrypt);
        } else {
                vb_json_set_string(object, "driver", "luks");
                vb_json_set_string(object, "key-secret", secret);
        }
        return true;
}

static void set_discard(const VbDisk *disk, json_object *object)
{
        const VbDiskDriver *driver = &disk->driver;
        int zeroes = driver->detect_zeroes;

        if (driver->discard)
                vb_json_set_string(object, "discard",
                                   driver->discard == VB_DISCARD_UNMAP ? "unmap" : "ignore");
        /* What is not to be discarded cannot be unmapped for being zero. */
        if (zeroes == VB_ZEROES_UNMAP && driver->discard != VB_DISCARD_UNMAP)
                zeroes = VB_ZEROES_ON;
        if (zeroes)
                vb_json_set_string(object, "detect-zeroes",
                                   zeroes == VB_ZEROES_UNMAP ? "unmap"
                                   : zeroes == VB_ZEROES_ON  ? "on"
                                                             : "off");
}

/* One image, of which @backing is the one it is based on: NULL where nothing is said of that. */
static char *add_image(VbArgv *argv, const VbDisk *disk, const VbStorage *storage, const char *backing,
                       GError **error)
{
        bool top = storage == &disk->storage;
        g_autofree char *below = add_storage(argv, disk, storage, error);
        g_autoptr(json_object) object = NULL;
        char *name = NULL;

        if (!below)
                return NULL;
        below = add_slice(argv, disk, storage, g_steal_pointer(&below));
        object = json_object_new_object();
        if (!set_format(argv, disk, storage, object, error))
                return NULL;
        name = vb_argv_node_name(&disk->base, "format", vb_storage_index(storage));
        vb_json_set_string(object, "node-name", name);
        vb_json_set_bool(object, "read-only", !top || vb_disk_is_readonly(disk));
        set_cache(disk, object);
        if (top)
                set_discard(disk, object);
        vb_json_set_positive_if(object, "cache-size", (int64_t) storage->metadata_cache);
        vb_json_set_string(object, "file", below);
        if (backing)
                vb_json_set_string(object, "backing", backing);
        else if (storage->backing && storage->format != VB_FORMAT_RAW)
                json_object_object_add(object, "backing", NULL);
        vb_argv_add_json(argv, "-blockdev", g_steal_pointer(&object));
        return name;
}

/* From the end of the chain to the image that is written to. */
static char *add_chain(VbArgv *argv, const VbDisk *disk, GError **error)
{
        g_autoptr(GPtrArray) chain = g_ptr_array_new();
        g_autofree char *backing = NULL;

        for (const VbStorage *at = &disk->storage; at; at = vb_storage_next(at))
                g_ptr_array_add(chain, (gpointer) at);
        for (guint i = chain->len; i-- > 0;) {
                char *name = add_image(argv, disk, g_ptr_array_index(chain, i), backing, error);

                if (!name)
                        return NULL;
                g_free(backing);
                backing = name;
        }
        return g_steal_pointer(&backing);
}

/* What <iotune> calls "read_bytes_sec" is "bps-read" here. */
static json_object *limits_of(const VbIoTune *tune)
{
        static const char *const names[_VB_TUNE_MAX] = {
                [VB_TUNE_BYTES_TOTAL] = "bps-total", [VB_TUNE_BYTES_READ] = "bps-read",
                [VB_TUNE_BYTES_WRITE] = "bps-write", [VB_TUNE_IOPS_TOTAL] = "iops-total",
                [VB_TUNE_IOPS_READ] = "iops-read",   [VB_TUNE_IOPS_WRITE] = "iops-write",
        };
        json_object *limits = json_object_new_object();

        for (int i = 0; i < _VB_TUNE_MAX; i++) {
                g_autofree char *burst = g_strconcat(names[i], "-max", NULL);
                g_autofree char *length = g_strconcat(burst, "-length", NULL);

                vb_json_set_positive_if(limits, names[i], (int64_t) tune->limit[i].value);
                vb_json_set_positive_if(limits, burst, (int64_t) tune->burst[i].value);
                vb_json_set_positive_if(limits, length, (int64_t) tune->burst_length[i].value);
        }
        vb_json_set_positive_if(limits, "iops-size", (int64_t) tune->iops_size.value);
        return limits;
}

/* Disks of a group share its limits; one of no group is a group of its own. */
static char *group_id(const VbDisk *disk)
{
        g_autofree char *digest = NULL;

        if (!disk->tune.group_name)
                return g_strdup_printf("%s-limits", disk->base.alias);
        /* The name is anybody's, and an id is not. */
        digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, disk->tune.group_name, -1);
        return g_strdup_printf("limits-%.16s", digest);
}

/* A group is made with its first disk, which of those that are attached later none is. */
static bool is_first_of_group(const VbArgv *argv, const VbDisk *disk)
{
        for (guint i = 0; disk->tune.group_name && i < argv->def->devices->len; i++) {
                const VbDisk *other = g_ptr_array_index(argv->def->devices, i);

                if (other == disk && argv->context->attaching)
                        continue;
                if (other == disk)
                        return true;
                if (other->base.kind == VB_DEVICE_DISK && other->storage.source &&
                    g_strcmp0(other->tune.group_name, disk->tune.group_name) == 0)
                        return false;
        }
        return true;
}

/* Takes over @below. */
static char *add_throttle(VbArgv *argv, const VbDisk *disk, char *below)
{
        g_autofree char *group = NULL;
        json_object *object = NULL;
        char *name = NULL;

        /* What a guest sends past the emulator's block layer cannot be limited there. */
        if (!vb_disk_has_tune(&disk->tune) || disk->device == VB_DISK_LUN)
                return below;
        group = group_id(disk);
        if (is_first_of_group(argv, disk)) {
                object = json_object_new_object();
                vb_json_set_string(object, "qom-type", "throttle-group");
                vb_json_set_string(object, "id", group);
                json_object_object_add(object, "limits", limits_of(&disk->tune));
                vb_argv_add_json(argv, "-object", object);
        }
        name = vb_argv_node_name(&disk->base, "throttle", 0);
        object = json_object_new_object();
        vb_json_set_string(object, "driver", "throttle");
        vb_json_set_string(object, "node-name", name);
        vb_json_set_string(object, "throttle-group", group);
        vb_json_set_string(object, "file", below);
        vb_argv_add_json(argv, "-blockdev", object);
        g_free(below);
        return name;
}

/* Takes over @below. */
static char *add_copy_on_read(VbArgv *argv, const VbDisk *disk, char *below)
{
        json_object *object = NULL;
        char *name = NULL;

        if (disk->driver.copy_on_read != VB_TRISTATE_ON)
                return below;
        name = vb_argv_node_name(&disk->base, "cor", 0);
        object = json_object_new_object();
        vb_json_set_string(object, "driver", "copy-on-read");
        vb_json_set_string(object, "node-name", name);
        vb_json_set_string(object, "file", below);
        vb_json_set_string(object, "discard", "unmap");
        vb_argv_add_json(argv, "-blockdev", object);
        g_free(below);
        return name;
}

char *vb_argv_add_block_nodes(VbArgv *argv, const VbDisk *disk, GError **error)
{
        char *name = add_chain(argv, disk, error);

        return name ? add_copy_on_read(argv, disk, add_throttle(argv, disk, name)) : NULL;
}
