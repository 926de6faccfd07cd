/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of devices in a definition, which decides who gets which address, and which must come out the same when
 * its own result is read again. */
#include <string.h>

#include "conf/complete-steps.h"
#include "conf/disk.h"
#include "conf/video.h"

/* Where @device belongs among the first @n of @devices. */
typedef guint (*FindPlace)(VbDevice *const *devices, guint n, const VbDevice *device);

/* Before the first disk on the same bus that has a higher name, else after the last one on that bus. */
static guint disk_place(VbDevice *const *devices, guint n, const VbDevice *device)
{
        const VbDisk *disk = (const VbDisk *) device;
        int index = vb_disk_target_index(disk->target_dev);
        guint place = n;
        bool found = false;

        for (guint i = n; i-- > 0;) {
                const VbDisk *other = (const VbDisk *) devices[i];

                if (other->bus != disk->bus)
                        continue;
                if (vb_disk_target_index(other->target_dev) > index)
                        place = i;
                else if (!found)
                        place = i + 1;
                else
                        continue;
                found = true;
        }
        return place;
}

/* Before the first controller of the same type that has a higher index, and a master before its companions. */
static guint controller_place(VbDevice *const *devices, guint n, const VbDevice *device)
{
        const VbController *controller = (const VbController *) device;
        guint place = n;

        if (controller->index < 0)
                return n;
        for (guint i = n; i-- > 0;) {
                const VbController *other = (const VbController *) devices[i];

                if (other->type == controller->type &&
                    (other->index > controller->index ||
                     (other->index == controller->index && vb_controller_model_is_companion(other->model) &&
                      !vb_controller_model_is_companion(controller->model))))
                        place = i;
        }
        return place;
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
        memcpy(devices, sorted, n * sizeof(*sorted));
}

