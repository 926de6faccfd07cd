/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/chardev.h"

typedef enum {
        VB_SMARTCARD_UNSET,
        VB_SMARTCARD_HOST,              /* the reader of the host, through its NSS library */
        VB_SMARTCARD_HOST_CERTIFICATES, /* a card made of three certificates of the host's */
        VB_SMARTCARD_PASSTHROUGH,       /* whatever is at the other end of a character device */
        _VB_SMARTCARD_MAX,
} VbSmartcardMode;

#define VB_SMARTCARD_CERTIFICATES 3

/* <smartcard>: https://libvirt.org/formatdomain.html#smartcard-devices */
typedef struct {
        VbDevice base;
        VbSmartcardMode mode;
        VbChardev source;
        char *certificates[VB_SMARTCARD_CERTIFICATES];
        char *database; /* NULL: VB_SMARTCARD_DATABASE */
} VbSmartcard;

#define VB_SMARTCARD_DATABASE "/etc/pki/nssdb"

extern const VbDeviceClass vb_smartcard_class;
