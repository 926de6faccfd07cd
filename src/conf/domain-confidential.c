/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <keywrap> and <launchSecurity>: what hides a guest from its host, and needs processors that do. */
#include "conf/keywrap.h"
#include "conf/section.h"
#include "util/error.h"

static const char *const ciphers[] = { NULL, "aes", "dea", NULL };
static const char *const props[] = { NULL, "aes-key-wrap", "dea-key-wrap" };

static bool parse_confidential(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "launchSecurity");
        static const char *const types[] = { "sev", "sev-snp", "s390-pv", "tdx" };
        const char *text;
        int type = -1;

        if (!node)
                return true;
        return vb_xml_require_attribute(node, "type", &text, error) &&
               vb_xml_take_word(node, "type", types, G_N_ELEMENTS(types), NULL, &type, error) &&
               vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                            "type='%s': hiding a guest from its host is not supported; leave the element out",
                            types[type]);
}

/* clang-format off */
static const VbXmlField cipher_fields[] = {
        VB_XML_WITH("name", ATTRIBUTE, WORD, VbKeyCipher, name, .words = ciphers, .required = true),
        VB_XML_WITH("state", ATTRIBUTE, SWITCH, VbKeyCipher, state, .required = true),
        { 0 },
};
static const VbXmlRecord cipher_record = { .size = sizeof(VbKeyCipher), .fields = cipher_fields };

static const VbXmlField keywrap_fields[] = {
        VB_XML_WITH("cipher", CHILD, LIST, VbKeyWrap, ciphers, .record = &cipher_record),
        { 0 },
};
static const VbXmlRecord keywrap_record = { .size = sizeof(VbKeyWrap), .fields = keywrap_fields };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("keywrap", CHILD, RECORD, VbDomainDef, keywrap, .record = &keywrap_record),
        { 0 },
};
/* clang-format on */

static bool complete_keywrap(VbCompletion *completion, GError **error)
{
        const VbKeyWrap *wrap = completion->def->keywrap;

        for (guint i = 0; wrap && i < vb_list_length(wrap->ciphers); i++) {
                const VbKeyCipher *cipher = g_ptr_array_index(wrap->ciphers, i);

                if (!vb_machine_facts_has_prop(completion->machine, props[cipher->name]))
                        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, cipher->line,
                                               "<keywrap>: the machine type %s cannot wrap keys",
                                               completion->machine->name);
        }
        return true;
}

const VbSection vb_section_confidential = {
        .fields = section_fields,
        .after_devices = true,
        .parse = parse_confidential,
        .complete = complete_keywrap,
};
