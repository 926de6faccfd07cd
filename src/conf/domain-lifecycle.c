/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a guest that ends by itself: <on_poweroff>, <on_reboot>, <on_crash>, <on_lockfailure>. */
#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

static bool parse_action(VbXmlNode *root, const char *name, VbLifecycleAction last, VbLifecycleAction *ret,
                         GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, name);
        g_autoptr(GString) accepted = g_string_new(NULL);
        const char *text;

        if (!node)
                return true;
        text = vb_xml_take_text(node);
        for (int i = 0; i <= (int) last; i++) {
                if (i == VB_ACTION_RENAME_RESTART || (i == VB_ACTION_PRESERVE && last == VB_ACTION_PRESERVE))
                        continue;
                if (g_str_equal(text, vb_action_words[i])) {
                        *ret = (VbLifecycleAction) i;
                        return true;
                }
                g_string_append_printf(accepted, "%s%s", i > 0 ? ", " : "", vb_action_words[i]);
        }
        for (int i = 0; i < _VB_ACTION_MAX; i++)
                if (g_str_equal(text, vb_action_words[i]))
                        return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                            "'%s' is not for this; accepted: %s", text, accepted->str);
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not known; accepted: %s", text,
                            accepted->str);
}

static bool parse_lifecycle(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        return parse_action(root, "on_poweroff", VB_ACTION_PRESERVE, &def->on_poweroff, error) &&
               parse_action(root, "on_reboot", VB_ACTION_PRESERVE, &def->on_reboot, error) &&
               parse_action(root, "on_crash", VB_ACTION_COREDUMP_RESTART, &def->on_crash, error);
}

static void format_lifecycle(const VbDomainDef *def, VbXmlWriter *writer)
{
        vb_xml_text_element(writer, "on_poweroff", vb_action_words[def->on_poweroff]);
        vb_xml_text_element(writer, "on_reboot", vb_action_words[def->on_reboot]);
        vb_xml_text_element(writer, "on_crash", vb_action_words[def->on_crash]);
}

static const char *const lock_failure_words[] = { NULL, "poweroff", "restart", "pause", "ignore", NULL };

/* clang-format off */
static const VbXmlField lock_fields[] = {
        VB_XML_WITH("on_lockfailure", CHILD, WORD, VbDomainDef, on_lock_failure, .words = lock_failure_words),
        { 0 },
};
/* clang-format on */

/* Canonical XML has it behind the others. */
const VbSection vb_section_lock_failure = {
        .fields = lock_fields,
};

const VbSection vb_section_lifecycle = {
        .parse = parse_lifecycle,
        .format = format_lifecycle,
};
