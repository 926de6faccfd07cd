/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads `info qtree`. QMP's own commands tell the same one node and one property at a time: some 50 questions
 * for a PC, 550 for a small ARM board, of a millisecond each, which is more than starting the machine takes.
 * The text has had one form since QEMU 1.0: two columns for each step down, alternately buses and devices,
 * and below a device its properties. Lines of other forms are passed over, because releases add some. */
#include "qemu/board-tree.h"

#include <stdio.h>
#include <string.h>

#include "qemu/json.h"
#include "util/error.h"

#define DEPTH_MAX 64
#define NODES_MAX 8192

static void device_free(VbTreeDevice *device)
{
        g_free(device->driver);
        g_hash_table_unref(device->props);
        g_free(device);
}

static void bus_free(VbTreeBus *bus)
{
        g_free(bus->name);
        g_free(bus->type);
        g_free(bus);
}

void vb_tree_free(VbTree *tree)
{
        if (!tree)
                return;
        g_ptr_array_unref(tree->buses);
        g_ptr_array_unref(tree->devices);
        g_free(tree);
}

/* Where the reader is: what was last seen at each depth. */
typedef struct {
        VbTree *tree;
        VbTreeBus *buses[DEPTH_MAX];
        VbTreeDevice *devices[DEPTH_MAX];
} Reader;

static bool fail(const char *line, GError **error)
{
        return vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                            "The emulator's device tree has a line that is not: '%.80s'", line);
}

static bool read_bus(Reader *reader, guint depth, const char *name, GError **error)
{
        VbTreeBus *bus = NULL;

        if (!vb_json_is_name(name) || (depth > 0 && !reader->devices[depth - 1]))
                return fail(name, error);
        bus = g_new0(VbTreeBus, 1);
        bus->name = g_strdup(name);
        bus->type = g_strdup("");
        bus->owner = depth > 0 ? reader->devices[depth - 1] : NULL;
        g_ptr_array_add(reader->tree->buses, bus);
        reader->buses[depth] = bus;
        return true;
}

static bool read_device(Reader *reader, guint depth, const char *text, GError **error)
{
        const char *comma = strstr(text, ", id \"");
        g_autofree char *driver = comma ? g_strndup(text, (gsize) (comma - text)) : NULL;
        VbTreeDevice *device = NULL;

        if (!vb_json_is_name(driver) || depth == 0 || !reader->buses[depth - 1])
                return fail(text, error);
        device = g_new0(VbTreeDevice, 1);
        device->driver = g_steal_pointer(&driver);
        device->bus = reader->buses[depth - 1];
        device->props = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        device->slot = device->function = -1;
        device->mmio = UINT64_MAX;
        g_ptr_array_add(reader->tree->devices, device);
        reader->devices[depth] = device;
        return true;
}

static void read_pci(VbTreeDevice *device, const char *line)
{
        const char *place = strstr(line, ", addr "), *ids = strstr(line, ", pci id ");
        unsigned bus = 0, slot = 0, function = 0, vendor = 0, id = 0;

        if (place && ids && sscanf(place, ", addr %2x:%2x.%1x", &bus, &slot, &function) == 3 &&
            sscanf(ids, ", pci id %4x:%4x", &vendor, &id) == 2 && slot <= 31 && function <= 7) {
                device->slot = (int) slot;
                device->function = (int) function;
                device->vendor = vendor;
                device->device = id;
        }
}

static void read_property(VbTreeDevice *device, const char *line)
{
        const char *equals = strstr(line, " = ");
        const char *value = equals ? equals + 3 : NULL, *end = NULL;

        if (!value)
                return;
        if (*value == '"') {
                value++;
                end = strrchr(value, '"');
        } else {
                end = strstr(value, " (");
        }
        g_hash_table_replace(device->props, g_strndup(line, (gsize) (equals - line)),
                             end ? g_strndup(value, (gsize) (end - value)) : g_strdup(value));
}

/* @device is the one that the line belongs to. */
static void read_detail(VbTreeDevice *device, const char *line)
{
        guint64 base = 0;

        if (g_str_has_prefix(line, "class ")) {
                read_pci(device, line);
        } else if (g_str_has_prefix(line, "mmio ")) {
                base = g_ascii_strtoull(line + strlen("mmio "), NULL, 16);
                if (device->mmio == UINT64_MAX)
                        device->mmio = base;
        } else {
                read_property(device, line);
        }
}

static bool read_line(Reader *reader, const char *line, GError **error)
{
        gsize indent = strspn(line, " ");
        const char *text = line + indent;
        guint depth = (guint) (indent / 2);

        if (!*text)
                return true;
        if (indent % 2 != 0 || depth >= DEPTH_MAX)
                return fail(line, error);
        if (g_str_has_prefix(text, "bus: "))
                return read_bus(reader, depth, text + strlen("bus: "), error);
        if (g_str_has_prefix(text, "dev: "))
                return read_device(reader, depth, text + strlen("dev: "), error);
        if (depth > 0 && g_str_has_prefix(text, "type ") && depth % 2 == 1 && reader->buses[depth - 1]) {
                g_free(reader->buses[depth - 1]->type);
                reader->buses[depth - 1]->type = g_strdup(text + strlen("type "));
        } else if (depth > 0 && depth % 2 == 0 && reader->devices[depth - 1]) {
                read_detail(reader->devices[depth - 1], text);
        }
        return true;
}

VbTree *vb_tree_parse(const char *text, GError **error)
{
        g_autoptr(VbTree) tree = g_new0(VbTree, 1);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        Reader reader = { .tree = tree };

        tree->buses = g_ptr_array_new_with_free_func((GDestroyNotify) bus_free);
        tree->devices = g_ptr_array_new_with_free_func((GDestroyNotify) device_free);
        for (gsize i = 0; lines[i]; i++) {
                g_strchomp(lines[i]);
                if (!read_line(&reader, lines[i], error))
                        return NULL;
                if (tree->buses->len + tree->devices->len > NODES_MAX) {
                        vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                                     "The emulator's device tree is longer than any machine's");
                        return NULL;
                }
        }
        if (tree->buses->len == 0) {
                vb_error_set(error, VB_ERROR_EMULATOR_FAILED, "The emulator shows no device tree");
                return NULL;
        }
        return g_steal_pointer(&tree);
}

const char *vb_tree_device_get(const VbTreeDevice *device, const char *property)
{
        return g_hash_table_lookup(device->props, property);
}

int64_t vb_tree_device_get_int(const VbTreeDevice *device, const char *property, int64_t missing)
{
        const char *text = vb_tree_device_get(device, property);
        char *end = NULL;
        gint64 value = text ? g_ascii_strtoll(text, &end, 0) : 0;

        return text && *text && !*end ? value : missing;
}
