/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* References to secrets. */
#include "conf/secret.h"

#include <string.h>

#include "conf/domain-def.h"
#include "util/error.h"

static bool check_secret(void *record, VbXmlNode *node, GError **error)
{
        VbSecretRef *secret = record;
        char uuid[37];

        if (!secret->uuid == !secret->usage)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "a secret is named by either uuid='' or usage=''");
        if (!secret->uuid)
                return true;
        if (!vb_uuid_from_string(secret->uuid, uuid))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "uuid='%s' is not a UUID",
                                    secret->uuid);
        g_free(secret->uuid);
        secret->uuid = g_strdup(uuid);
        return true;
}

static const VbXmlField fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, STRING, VbSecretRef, type, .required = true),
        VB_XML("uuid", ATTRIBUTE, STRING, VbSecretRef, uuid),
        VB_XML("usage", ATTRIBUTE, STRING, VbSecretRef, usage),
        { 0 },
};

const VbXmlRecord vb_secret_record = {
        .size = sizeof(VbSecretRef),
        .fields = fields,
        .check = check_secret,
};

const char *vb_secret_name(const VbSecretRef *secret)
{
        return secret->usage ? secret->usage : secret->uuid;
}
