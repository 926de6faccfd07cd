/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/disk.h"
#include "qemu/argv-builder.h"

/* The block nodes of a disk, from the storage up. Their names depend on nothing but the disk's alias and the
 * number of the image in its chain, and stay for as long as there is the disk: jobs and snapshots go by them.
 *
 *   ALIAS-storage   where the bytes are      ALIAS-slice     a part of them
 *   ALIAS-format    the image in them        ALIAS-throttle  limits of its use
 *   ALIAS-cor       copies what is read from a backing image into it
 *
 * Images that this one is based on have their number at the end: ALIAS-storage1, ALIAS-format1. */

/* Adds them, and what they need. The name of the one that the drive uses; NULL on failure. Caller frees. */
char *vb_argv_add_block_nodes(VbArgv *argv, const VbDisk *disk, GError **error);

/* The name of a node: @layer is one of the words above. Caller frees. */
char *vb_argv_node_name(const VbDevice *device, const char *layer, unsigned index);

/* argv-protocol.c: the properties of a storage node, with the objects that it needs, which are named after
 * @device. */
json_object *vb_argv_storage_node(VbArgv *argv, const VbDevice *device, const VbStorage *storage,
                                  GError **error);
/* The JSON words of <source protocol=''>. */
