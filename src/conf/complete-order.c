/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of devices in a definition, which decides who gets which address, and which must come out the
 * same when its own result is read again. */
#include <string.h>

#include "conf/complete-steps.h"
#include "conf/disk.h"
#include "conf/video.h"

/* Where @device belongs among the first @n of @devices. */
typedef guint (*FindPlace)(VbDevice *const *devices, guint n, const VbDevice *device);

/* Like with like: 0 for another group, 1 for one that belongs before @device, -1 for one that belongs after
 * it. */
typedef int (*Compare)(const VbDevice *other, const VbDevice *device);

/* Before the first of its group that belongs after it, else after the last of its group. */
static guint place_in_group(VbDevice *const *devices, guint n, const VbDevice *device, Compare compare)
{
        guint place = n;
        bool found = false;

        for (guint i = n; i-- > 0;) {
                int relation = compare(devices[i], device);

                if (relation == 0 || (relation > 0 && found))
                        continue;
                place = relation < 0 ? i : i + 1;
                found = true;
        }
        return place;
}

static int compare_disks(const VbDevice *other, const VbDevice *device)
{
        const VbDisk *a = (const VbDisk *) other, *b = (const VbDisk *) device;

        if (a->bus != b->bus)
                return 0;
        return vb_disk_target_index(a->target_dev) > vb_disk_target_index(b->target_dev) ? -1 : 1;
}

/* By index, those that have none yet last; a master before its companions. */
static int compare_controllers(const VbDevice *other, const VbDevice *device)
{
        const VbController *a = (const VbController *) other, *b = (const VbController *) device;

        if (a->type != b->type)
                return 0;
        if (b->index >= 0 && a->index > b->index)
                return -1;
        return a->index == b->index && vb_controller_model_is_companion(a->model) &&
                               !vb_controller_model_is_companion(b->model)
                       ? -1
                       : 1;
}

static guint disk_place(VbDevice *const *devices, guint n, const VbDevice *device)
{
        return place_in_group(devices, n, device, compare_disks);
}

static guint controller_place(VbDevice *const *devices, guint n, const VbDevice *device)
{
        return place_in_group(devices, n, device, compare_controllers);
}

/* The first card is the primary one, whichever the XML names first. */
static guint video_place(VbDevice *const *devices, guint n, const VbDevice *device)
{
        return ((const VbVideo *) device)->primary ? 0 : n;
}

static guint last_place(VbDevice *const *devices, guint n, const VbDevice *device)
{
        return n;
}

static FindPlace place_function(VbDeviceKind kind)
{
        switch (kind) {
        case VB_DEVICE_DISK:
                return disk_place;
        case VB_DEVICE_CONTROLLER:
                return controller_place;
        case VB_DEVICE_VIDEO:
                return video_place;
        default:
                return last_place;
        }
}

/* Sorts by insertion, class by class. */
void vb_complete_order(VbDomainDef *def)
{
        VbDevice **devices = (VbDevice **) (void *) def->devices->pdata;
        guint n = def->devices->len, done = 0;
        g_autofree VbDevice **sorted = g_new(VbDevice *, n + 1);

        for (int kind = 0; kind < _VB_DEVICE_MAX; kind++) {
                FindPlace find = place_function((VbDeviceKind) kind);
                guint first = done;

                for (guint i = 0; i < n; i++) {
                        guint place;

                        if (devices[i]->kind != (VbDeviceKind) kind)
                                continue;
                        place = first + find(sorted + first, done - first, devices[i]);
                        memmove(sorted + place + 1, sorted + place, (done - place) * sizeof(*sorted));
                        sorted[place] = devices[i];
                        done++;
                }
        }
        for (guint i = 0; i < n; i++)
                devices[i] = sorted[i];
}
