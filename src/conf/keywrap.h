/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <keywrap>. https://libvirt.org/formatdomain.html#key-wrap */
typedef enum { VB_KEY_AES = 1, VB_KEY_DEA } VbKeyCipherName;

typedef struct {
        int line;
        int name;
        VbTristate state;
} VbKeyCipher;

typedef struct VbKeyWrap {
        int line;
        GPtrArray *ciphers;
} VbKeyWrap;
