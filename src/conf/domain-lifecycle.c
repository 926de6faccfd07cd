/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a guest that ends by itself: <on_poweroff>, <on_reboot>, <on_crash>. */
#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

static bool parse_action(VbXmlNode *root, const char *name, VbLifecycleAction *ret, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, name);
        const char *text;

        if (!node)
                return true;
        text = vb_xml_take_text(node);
        /* libvirt knows these, but not with QEMU; or this version does not. */
        if (g_str_equal(text, vb_action_words[VB_ACTION_RENAME_RESTART]) ||
            g_str_has_prefix(text, "coredump-"))
                return vb_xml_error(
                        node, VB_ERROR_UNSUPPORTED, error,
                        "'%s' is not supported by this version; accepted: destroy, restart, preserve", text);
        for (int i = 0; i < _VB_ACTION_MAX; i++)
                if (g_str_equal(text, vb_action_words[i])) {
                        *ret = (VbLifecycleAction) i;
                        return true;
                }
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                            "'%s' is not known; accepted: destroy, restart, preserve", text);
}

static bool parse_lifecycle(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        return parse_action(root, "on_poweroff", &def->on_poweroff, error) &&
               parse_action(root, "on_reboot", &def->on_reboot, error) &&
               parse_action(root, "on_crash", &def->on_crash, error);
}

static void format_lifecycle(const VbDomainDef *def, VbXmlWriter *writer)
{
        vb_xml_text_element(writer, "on_poweroff", vb_action_words[def->on_poweroff]);
        vb_xml_text_element(writer, "on_reboot", vb_action_words[def->on_reboot]);
        vb_xml_text_element(writer, "on_crash", vb_action_words[def->on_crash]);
}

const VbSection vb_section_lifecycle = {
        .parse = parse_lifecycle,
        .format = format_lifecycle,
};
