/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Smart cards. */
#include "conf/smartcard.h"

#include "qemu/argv-chardev.h"

static void set_certificates(json_object *object, const VbSmartcard *card)
{
        vb_json_set_string(object, "backend", "certificates");
        for (int i = 0; i < VB_SMARTCARD_CERTIFICATES; i++) {
                g_autofree char *key = g_strdup_printf("cert%d", i + 1);

                vb_json_set_string(object, key, card->certificates[i]);
        }
        vb_json_set_string(object, "db", card->database ? card->database : VB_SMARTCARD_DATABASE);
}

static bool build_smartcard(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbSmartcard *card = (const VbSmartcard *) device;
        json_object *object = vb_argv_device_new(argv, device, error);

        if (!object)
                return false;
        if (card->mode == VB_SMARTCARD_PASSTHROUGH) {
                g_autofree char *id = vb_argv_add_chardev(argv, device, error);

                if (!id) {
                        json_object_put(object);
                        return false;
                }
                vb_json_set_string(object, "chardev", id);
        } else if (card->mode == VB_SMARTCARD_HOST_CERTIFICATES) {
                set_certificates(object, card);
        } else {
                vb_json_set_string(object, "backend", "nss-emulated");
        }
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_smartcard = { .build = build_smartcard };
