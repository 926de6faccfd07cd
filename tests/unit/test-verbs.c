/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The polkit policy and the table of verbs name the same actions, and the policy grants by a rule. */
#include <glib.h>
#include <libxml/parser.h>
#include <string.h>

#include "bus/resources.h"
#include "bus/verbs.h"

static const char *const languages[] = { "", "de", "fr" };

static xmlDoc *read_policy(void)
{
        g_autofree char *path =
                g_build_filename(g_getenv("VIRTBUS_SOURCE"), "policy", "org.virtbus1.policy", NULL);
        xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOBLANKS);

        g_assert_nonnull(doc);
        return doc;
}

static bool is_element(const xmlNode *node, const char *name)
{
        return node->type == XML_ELEMENT_NODE && g_str_equal((const char *) node->name, name);
}

static char *text_of(const xmlNode *parent, const char *name, const char *language)
{
        for (xmlNode *node = parent->children; node; node = node->next) {
                xmlChar *lang = is_element(node, name) ? xmlNodeGetLang(node) : NULL;
                bool found = is_element(node, name) && g_str_equal(lang ? (const char *) lang : "", language);
                xmlChar *content = found ? xmlNodeGetContent(node) : NULL;
                char *text = g_strdup((const char *) content);

                xmlFree(lang);
                xmlFree(content);
                if (found)
                        return text;
        }
        return NULL;
}

static const xmlNode *find_action(const xmlDoc *doc, const char *id)
{
        for (xmlNode *node = xmlDocGetRootElement(doc)->children; node; node = node->next) {
                xmlChar *found = is_element(node, "action") ? xmlGetProp(node, (const xmlChar *) "id") : NULL;
                bool same = g_strcmp0((const char *) found, id) == 0;

                xmlFree(found);
                if (same)
                        return node;
        }
        return NULL;
}

static unsigned count_actions(const xmlDoc *doc)
{
        unsigned n = 0;

        for (xmlNode *node = xmlDocGetRootElement(doc)->children; node; node = node->next)
                n += is_element(node, "action");
        return n;
}

/* Own domains are for whoever sits there; the password of others asks whether it is them. What starts without
 * anybody being there is an administrator's matter. */
static void check_defaults(const xmlNode *action, VbVerb verb, bool own)
{
        bool mine = vb_verb_is_paired(verb) && own && verb != VB_VERB_AUTOSTART;
        const struct {
                const char *name, *mine;
        } defaults[] = { { "allow_any", "auth_self_keep" },
                         { "allow_inactive", "auth_self_keep" },
                         { "allow_active", "yes" } };

        for (const xmlNode *node = action->children; node; node = node->next) {
                if (!is_element(node, "defaults"))
                        continue;
                for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++) {
                        g_autofree char *value = text_of(node, defaults[i].name, "");

                        g_assert_cmpstr(value, ==, mine ? defaults[i].mine : "auth_admin_keep");
                }
                return;
        }
        g_assert_not_reached();
}

static void check_action(const xmlDoc *doc, VbVerb verb, bool own)
{
        g_autofree char *id = vb_verb_action(verb, own);
        const xmlNode *action = find_action(doc, id);

        g_test_message("%s", id);
        g_assert_nonnull(action);
        for (gsize i = 0; i < G_N_ELEMENTS(languages); i++) {
                g_autofree char *description = text_of(action, "description", languages[i]);
                g_autofree char *message = text_of(action, "message", languages[i]);

                g_assert_true(description && description[0]);
                g_assert_true(message && message[0]);
        }
        check_defaults(action, verb, own);
}

static void test_the_policy_has_every_action_and_no_other(void)
{
        xmlDoc *doc = read_policy();
        unsigned n = 0;

        for (VbVerb verb = VB_VERB_PUBLIC + 1; verb < _VB_VERB_MAX; verb++) {
                if (vb_verb_also(verb) != VB_VERB_NONE)
                        continue; /* goes by the actions of two others */
                check_action(doc, verb, true);
                if (vb_verb_is_paired(verb))
                        check_action(doc, verb, false);
                n += vb_verb_is_paired(verb) ? 2 : 1;
        }
        g_assert_cmpuint(n, ==, count_actions(doc));
        xmlFreeDoc(doc);
}

static void test_actions_are_named_by_owner(void)
{
        g_autofree char *own = vb_verb_action(VB_VERB_START, true),
                        *any = vb_verb_action(VB_VERB_START, false);
        g_autofree char *host = vb_verb_action(VB_VERB_USE_KVM, true);

        g_assert_cmpstr(own, ==, "org.virtbus1.own.start");
        g_assert_cmpstr(any, ==, "org.virtbus1.any.start");
        g_assert_cmpstr(host, ==, "org.virtbus1.use-kvm");
        g_assert_null(vb_verb_to_string(VB_VERB_PUBLIC));
        g_assert_null(vb_verb_to_string(VB_VERB_NONE));
}

/* Each kind of what a definition names of the host is asked for by its own action. */
static void test_resources(void)
{
        unsigned asked = 0;

        for (int use = 0; use < _VB_HOST_USE_MAX; use++) {
                VbVerb verb = vb_host_use_verb((VbHostUse) use);
                g_autofree char *action = vb_verb_action(verb, true);

                g_assert_false(vb_verb_is_paired(verb));
                g_assert_cmpstr(action, ==, vb_host_use_action((VbHostUse) use));
                g_assert_false(asked & 1U << verb);
                asked |= 1U << verb;
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/verbs/the-policy-has-every-action-and-no-other",
                        test_the_policy_has_every_action_and_no_other);
        g_test_add_func("/verbs/actions-are-named-by-owner", test_actions_are_named_by_owner);
        g_test_add_func("/verbs/resources", test_resources);
        return g_test_run();
}
