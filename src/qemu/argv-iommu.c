/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IOMMUs. ARM's is part of the machine. */
#include "conf/iommu.h"

#include "qemu/argv-builder.h"

static bool build_iommu(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbIommu *iommu = (const VbIommu *) device;
        json_object *object = NULL;

        if (iommu->model == VB_IOMMU_SMMUV3)
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        vb_json_set_string_if(object, "intremap", vb_tristate_to_switch(iommu->intremap));
        vb_json_set_tristate_if(object, "caching-mode", iommu->caching_mode);
        vb_json_set_string_if(object, "eim", vb_tristate_to_switch(iommu->eim));
        vb_json_set_tristate_if(object, "device-iotlb", iommu->iotlb);
        vb_json_set_positive_if(object, "aw-bits", iommu->aw_bits);
        vb_argv_add_device(argv, device, object);
        return true;
}

static void iommu_machine(VbArgv *argv, const VbDevice *device, GString *machine)
{
        if (((const VbIommu *) device)->model == VB_IOMMU_SMMUV3)
                g_string_append(machine, ",iommu=smmuv3");
}

const VbArgvClass vb_argv_iommu = { .build = build_iommu, .machine = iommu_machine };
