/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Generic nodes are numbered as devices are found: which one is of a place, only the kernel knows. */
#include "host/scsi-generic.h"

#include "util/error.h"

char *vb_scsi_generic_find(const char *root, const char *place, GError **error)
{
        g_autofree char *device = g_build_filename(root, place, NULL);
        g_autofree char *path = g_build_filename(device, "scsi_generic", NULL);
        g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
        const char *name = directory ? g_dir_read_name(directory) : NULL;

        if (name)
                return g_build_filename("/dev", name, NULL);
        if (g_file_test(device, G_FILE_TEST_EXISTS))
                vb_error_set(error, VB_ERROR_UNSUPPORTED,
                             "The host's SCSI device %s has no generic node: load the kernel's module sg",
                             place);
        else
                vb_error_set(error, VB_ERROR_UNSUPPORTED, "The host has no SCSI device %s", place);
        return NULL;
}
