/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/label.h"

/* The rows of the table in label.c. */
extern const VbLabelModel vb_label_model_dac;
extern const VbLabelModel vb_label_model_selinux;
extern const VbLabelModel vb_label_model_apparmor;
