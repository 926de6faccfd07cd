/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/virtio.h"

typedef enum { VB_CRYPTO_BUILTIN, VB_CRYPTO_LKCF, _VB_CRYPTO_MAX } VbCryptoBackend;

/* <crypto>: an accelerator of ciphers. */
typedef struct {
        VbDevice base;
        VbCryptoBackend backend;
        uint32_t queues; /* 0: not given */
        VbVirtioOptions virtio;
} VbCrypto;

extern const VbDeviceClass vb_crypto_class;
