/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "util/tristate.h"

typedef enum { VB_IOMMU_INTEL, VB_IOMMU_SMMUV3, VB_IOMMU_VIRTIO, _VB_IOMMU_MAX } VbIommuModel;

/* <iommu>; the options are intel's. */
typedef struct {
        VbDevice base;
        VbIommuModel model;
        VbTristate intremap, caching_mode, eim, iotlb;
        uint32_t aw_bits; /* 0: not given */
} VbIommu;

/* Whether it remaps interrupts to more than 255 processors. */
bool vb_domain_def_has_eim(const VbDomainDef *def);

extern const VbDeviceClass vb_iommu_class;
