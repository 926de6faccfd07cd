/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "util/tristate.h"

typedef enum {
        VB_TPM_MODEL_UNSET,
        VB_TPM_TIS,
        VB_TPM_CRB,
        VB_TPM_SPAPR,
        VB_TPM_SPAPR_PROXY,
        _VB_TPM_MODEL_MAX
} VbTpmModel;

typedef enum { VB_TPM_PASSTHROUGH, VB_TPM_EMULATOR, VB_TPM_EXTERNAL, _VB_TPM_BACKEND_MAX } VbTpmBackend;
typedef enum { VB_TPM_VERSION_UNSET, VB_TPM_1_2, VB_TPM_2_0, _VB_TPM_VERSION_MAX } VbTpmVersion;

#define VB_TPM_PCR_BANKS 4

/* <tpm> */
typedef struct {
        VbDevice base;
        VbTpmModel model;
        VbTpmBackend backend;
        VbTpmVersion version; /* emulator: this and the following */
        VbTristate persistent_state;
        char secret[37]; /* uuid of the secret that its state is encrypted with, "" if it is not */
        bool pcr_banks[VB_TPM_PCR_BANKS];
        char *path;        /* passthrough: the host's device; external: the emulator's socket */
        bool is_on_sysbus; /* the machine has no ISA bus for a tpm-tis */
} VbTpm;

extern const VbDeviceClass vb_tpm_class;
