/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that a definition names: whether they are there for its owner, said before the emulator would
 * have to. */
#include "conf/disk.h"
#include "domain/grants.h"
#include "domain/start-private.h"
#include "domain/status.h"
#include "util/error.h"

/* What need not be there is left out for this run: a drive loses its medium, a disk is gone. */
static void leave_out(VbDomainDef *live, const char *alias)
{
        VbDevice *device = vb_domain_def_find_device(live, alias);

        if (device && device->kind == VB_DEVICE_DISK && vb_disk_is_removable((VbDisk *) device))
                vb_storage_clear(&((VbDisk *) device)->storage);
        else if (device)
                g_ptr_array_remove(live->devices, device);
}

/* Everybody sees what this run goes without, another run of the service included. */
static bool do_without(VbDomain *domain, const GPtrArray *missing, GError **error)
{
        VbDomainDef *live;

        if (missing->len == 0)
                return true;
        live = vb_domain_def_copy(domain->live);
        for (guint i = 0; i < missing->len; i++)
                leave_out(live, g_ptr_array_index(missing, i));
        vb_domain_set_live(domain, live);
        return vb_status_write_live(domain, domain->provided->room, error);
}

static void on_files_checked(const GPtrArray *missing, const GError *error, void *userdata)
{
        VbStart *start = userdata;
        g_autoptr(GError) unwritten = NULL;

        start->file_check = NULL;
        if (!error)
                (void) do_without(start->domain, missing, &unwritten);
        vb_start_provided(start, error ? error : unwritten);
}

static void add_disk_files(VbStart *start, const VbDisk *disk)
{
        const VbStorageSource *source = disk->storage.source;

        if (source && source->startup_policy == VB_STARTUP_OPTIONAL)
                vb_file_check_add_optional(start->file_check, disk->base.alias,
                                           vb_storage_path(&disk->storage));
        else
                vb_file_check_add(start->file_check, disk->base.alias, vb_storage_path(&disk->storage));
        for (const VbStorage *at = vb_storage_next(&disk->storage); at; at = vb_storage_next(at))
                vb_file_check_add(start->file_check, disk->base.alias, vb_storage_path(at));
}

static void provide_files(VbStart *start)
{
        const VbDomainDef *def = start->domain->live;
        g_autofree char *private_dir = vb_start_private_dir(start);
        g_autofree char *nvram = vb_argv_nvram_path(def, private_dir);
        bool foreign = vb_grants_are_needed(start->domain->owner);

        start->file_check = vb_file_check_new();
        vb_file_check_add(start->file_check, "kernel", def->os.kernel);
        vb_file_check_add(start->file_check, "initrd", def->os.initrd);
        vb_file_check_add(start->file_check, "loader", vb_loader_flash(def->os.loader));
        /* The service's own file is in a directory that its owner cannot enter. */
        if (!foreign || (def->os.nvram && def->os.nvram->path))
                vb_file_check_add(start->file_check, "nvram", nvram);
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if (device->kind == VB_DEVICE_DISK)
                        add_disk_files(start, (const VbDisk *) device);
        }
        vb_file_check_run(start->file_check, start->domain->owner, on_files_checked, start);
}

static void cancel_files(VbStart *start)
{
        vb_file_check_cancel(g_steal_pointer(&start->file_check));
}

const VbProvision vb_provision_files = {
        .name = "files",
        .provide = provide_files,
        .cancel = cancel_files,
};
