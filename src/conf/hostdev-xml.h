/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/hostdev.h"

/* For hostdev.c: reading and writing the element, as VbDeviceClass has it. */
bool vb_hostdev_parse(VbDevice *device, VbXmlNode *node, GError **error);
void vb_hostdev_format(const VbDevice *device, VbXmlWriter *writer);

/* The words of type= and of model= of an mdev, for messages too. */
extern const char *const vb_hostdev_type_words[_VB_HOSTDEV_MAX];
extern const char *const vb_mdev_model_words[_VB_MDEV_MAX];
