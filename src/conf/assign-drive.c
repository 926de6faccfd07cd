/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drive addresses: which controller, bus, target and unit a disk's name stands for, which are left for the
 * host's SCSI devices, and whether a given address is one that its controller has. */
#include <string.h>

#include "conf/complete-steps.h"
#include "conf/disk.h"
#include "conf/hostdev.h"
#include "util/error.h"

/* How names are dealt out, and the highest unit, on each kind of bus. */
static const struct {
        uint32_t buses, units;
} layouts[_VB_DISK_BUS_MAX] = {
        [VB_DISK_BUS_SCSI] = { 1,
                               7 }, /* the narrow bus that libvirt counts by, whatever the model could hold */
        [VB_DISK_BUS_SATA] = { 1, 6 },
        [VB_DISK_BUS_IDE] = { 2, 2 },
        [VB_DISK_BUS_FDC] = { 1, 2 },
};

/* The highest target and unit of each SCSI model, as QEMU has them. */
typedef struct {
        VbControllerModel model;
        uint32_t target_max, unit_max;
} ScsiLimits;

static const ScsiLimits scsi_limits[] = {
        { VB_SCSI_VIRTIO, 255, 16383 }, { VB_SCSI_LSILOGIC, 0, 7 },   { VB_SCSI_MPTSAS1068, 7, 1 },
        { VB_SCSI_MEGASAS, 63, 255 },   { VB_SCSI_PVSCSI, 63, 0 },    { VB_SCSI_AM53C974, 0, 7 },
        { VB_SCSI_DC390, 0, 7 },        { VB_SCSI_IBMVSCSI, 63, 31 },
};

/* The row of the SCSI controller of that number; NULL where it will be added. */
static const ScsiLimits *limits_of(const VbDomainDef *def, uint32_t index)
{
        const VbController *controller = vb_domain_def_find_controller(def, VB_CONTROLLER_SCSI, (int) index);

        for (gsize i = 0; controller && i < G_N_ELEMENTS(scsi_limits); i++)
                if (scsi_limits[i].model == controller->model)
                        return &scsi_limits[i];
        return NULL;
}

static void address_of_name(const VbDomainDef *def, VbDisk *disk)
{
        uint32_t buses = layouts[disk->bus].buses, units = layouts[disk->bus].units;
        uint32_t index = (uint32_t) vb_disk_target_index(disk->target_dev);
        VbDriveAddress *address = &disk->base.address.drive;
        const ScsiLimits *limits;

        disk->base.address.type = VB_ADDRESS_DRIVE;
        *address = (VbDriveAddress){ .controller = index / (buses * units),
                                     .bus = index / units % buses,
                                     .unit = index % units };
        /* libvirt counts units beyond the last here, and QEMU then refuses to start. */
        limits = disk->bus == VB_DISK_BUS_SCSI ? limits_of(def, address->controller) : NULL;
        if (limits && limits->unit_max < units - 1) {
                address->target = address->unit / (limits->unit_max + 1);
                address->unit %= limits->unit_max + 1;
        }
}

static bool check_scsi(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbDriveAddress *address = &device->address.drive;
        const ScsiLimits *limits = limits_of(def, address->controller);

        if (address->bus != 0)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "SCSI controllers have bus 0 only");
        if (limits && (address->target > limits->target_max || address->unit > limits->unit_max))
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "%s controllers have targets up to %u and units up to %u",
                                       vb_controller_model_to_string(limits->model), limits->target_max,
                                       limits->unit_max);
        return true;
}

static bool check_drive(const VbDomainDef *def, VbDisk *disk, GError **error)
{
        const VbDriveAddress *address = &disk->base.address.drive;

        if (disk->bus == VB_DISK_BUS_SCSI)
                return check_scsi(def, &disk->base, error);
        if (address->target != 0 || address->bus >= layouts[disk->bus].buses ||
            address->unit >= layouts[disk->bus].units)
                return vb_device_error(&disk->base, VB_ERROR_INVALID_ADDRESS, error,
                                       "%s controllers have buses up to %u, target 0 and units up to %u",
                                       vb_disk_bus_to_string(disk->bus), layouts[disk->bus].buses - 1,
                                       layouts[disk->bus].units - 1);
        return true;
}

static bool check_controller_number(const VbDevice *device, GError **error)
{
        return device->address.drive.controller <= VB_CONTROLLER_INDEX_MAX ||
               vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                               "controllers have numbers up to %d, not %u", VB_CONTROLLER_INDEX_MAX,
                               device->address.drive.controller);
}

static bool is_scsi_hostdev(const VbDevice *device)
{
        return device->kind == VB_DEVICE_HOSTDEV && ((const VbHostdev *) device)->type == VB_HOSTDEV_SCSI;
}

static VbDisk *drive_at(const VbDomainDef *def, guint i)
{
        VbDisk *disk = g_ptr_array_index(def->devices, i);

        return disk->base.kind == VB_DEVICE_DISK && layouts[disk->bus].units > 0 ? disk : NULL;
}

/* After the controllers that were missing are there. */
bool vb_check_drives(VbCompletion *completion, GError **error)
{
        for (guint i = 0; i < completion->def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(completion->def->devices, i);
                VbDisk *disk = drive_at(completion->def, i);

                if (disk && !check_drive(completion->def, disk, error))
                        return false;
                if (is_scsi_hostdev(device) && !check_scsi(completion->def, device, error))
                        return false;
        }
        return true;
}

bool vb_assign_drives(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;

        for (guint i = 0; i < def->devices->len; i++) {
                VbDisk *disk = drive_at(def, i);

                if (!disk)
                        continue;
                if (disk->base.address.type == VB_ADDRESS_NONE)
                        address_of_name(def, disk);
                if (!check_controller_number(&disk->base, error))
                        return false;
                for (guint j = 0; j < i; j++) {
                        const VbDisk *other = drive_at(def, j);

                        if (other && other->bus == disk->bus &&
                            vb_address_equal(&other->base.address, &disk->base.address))
                                return vb_device_error(
                                        &disk->base, VB_ERROR_ADDRESS_IN_USE, error,
                                        "%s is at the place of %s: controller %u, bus %u, target %u, "
                                        "unit %u",
                                        disk->target_dev, other->target_dev,
                                        disk->base.address.drive.controller, disk->base.address.drive.bus,
                                        disk->base.address.drive.target, disk->base.address.drive.unit);
                }
        }
        return true;
}

static const VbDevice *find_user(const VbDomainDef *def, const VbDriveAddress *place, const VbDevice *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device != except && device->address.type == VB_ADDRESS_DRIVE &&
                    vb_domain_def_drive_controller(device) == VB_CONTROLLER_SCSI &&
                    memcmp(&device->address.drive, place, sizeof(*place)) == 0)
                        return device;
        }
        return NULL;
}

/* The first place that is free, on the first controller that has one. A controller without units has targets
 * instead. */
static bool assign_unit(const VbDomainDef *def, VbDevice *device)
{
        for (uint32_t index = 0; index <= VB_CONTROLLER_INDEX_MAX; index++) {
                const ScsiLimits *limits = limits_of(def, index);
                bool by_target = limits && limits->unit_max == 0;

                for (uint32_t i = 0; i < layouts[VB_DISK_BUS_SCSI].units; i++) {
                        VbDriveAddress place = { .controller = index,
                                                 .target = by_target ? i : 0,
                                                 .unit = by_target ? 0 : i };

                        if ((limits && place.unit > limits->unit_max) || find_user(def, &place, device))
                                continue;
                        device->address = (VbAddress){ .type = VB_ADDRESS_DRIVE, .drive = place };
                        return true;
                }
        }
        return false;
}

bool vb_assign_scsi_hostdevs(VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;

        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);
                const VbDevice *user;
                g_autofree char *name = NULL;

                if (!is_scsi_hostdev(device))
                        continue;
                if (device->address.type == VB_ADDRESS_NONE && !assign_unit(def, device))
                        return vb_device_error(device, VB_ERROR_NO_FREE_ADDRESS, error,
                                               "every SCSI controller is full");
                if (!check_controller_number(device, error))
                        return false;
                user = find_user(def, &device->address.drive, device);
                if (!user)
                        continue;
                name = vb_device_describe(user);
                return vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error, "it is at the place of %s",
                                       name);
        }
        return true;
}
