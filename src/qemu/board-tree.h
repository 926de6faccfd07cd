/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The buses and devices of a machine as `info qtree` prints them. */

typedef struct VbTreeBus VbTreeBus;

typedef struct {
        char *driver;
        const VbTreeBus *bus; /* that it is on */
        GHashTable
                *props; /* char * -> char *, the text without what is in parentheses behind it, or quotes */
        int slot, function;      /* -1: it is no PCI device */
        uint32_t vendor, device; /* PCI ids */
        uint64_t mmio;           /* of the first region that is mapped; UINT64_MAX: none */
} VbTreeDevice;

struct VbTreeBus {
        char *name, *type;
        const VbTreeDevice *owner; /* NULL: the board itself */
};

typedef struct {
        GPtrArray *buses, *devices; /* VbTreeBus *, VbTreeDevice *, as printed */
} VbTree;

/* NULL and EMULATOR_FAILED for a text that is no such tree. */
VbTree *vb_tree_parse(const char *text, GError **error);
void vb_tree_free(VbTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbTree, vb_tree_free)

/* The text of a property, NULL if the device has none of that name. */
const char *vb_tree_device_get(const VbTreeDevice *device, const char *property);
/* The same as a number; @missing for what is none. */
int64_t vb_tree_device_get_int(const VbTreeDevice *device, const char *property, int64_t missing);
