/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <qemu:commandline>: what nobody here understands and QEMU gets all the same. Who may write it is not
 * decided here. */
#include <string.h>

#include "conf/commandline.h"
#include "conf/section.h"
#include "util/error.h"

#define ARGS_MAX 1024

static bool is_variable(const char *name)
{
        return *name != '\0' && strcspn(name, "=\n") == strlen(name);
}

static bool parse_args(VbCommandline *line, VbXmlNode *node, GError **error)
{
        VbXmlNode *child;

        while ((child = vb_xml_take_child_of(node, VB_QEMU_NAMESPACE, "arg"))) {
                const char *value = vb_xml_take_attribute(child, "value");

                if (!value)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "the attribute 'value' is missing");
                if (line->args->len >= ARGS_MAX)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "there are at most %d of these", ARGS_MAX);
                g_ptr_array_add(line->args, g_strdup(value));
        }
        return true;
}

static bool parse_env(VbCommandline *line, VbXmlNode *node, GError **error)
{
        VbXmlNode *child;

        while ((child = vb_xml_take_child_of(node, VB_QEMU_NAMESPACE, "env"))) {
                const char *name = vb_xml_take_attribute(child, "name");
                const char *value = vb_xml_take_attribute(child, "value");

                if (!name || !is_variable(name))
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "name='%s' is no name of a variable", name ? name : "");
                if (line->env->len >= ARGS_MAX)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "there are at most %d of these", ARGS_MAX);
                g_ptr_array_add(line->env, g_strdup_printf("%s=%s", name, value ? value : ""));
        }
        return true;
}

static VbCommandline *commandline_new(void)
{
        VbCommandline *line = g_new0(VbCommandline, 1);

        line->args = g_ptr_array_new_with_free_func(g_free);
        line->env = g_ptr_array_new_with_free_func(g_free);
        return line;
}

static void clear_commandline(VbDomainDef *def)
{
        if (!def->commandline)
                return;
        g_ptr_array_unref(def->commandline->args);
        g_ptr_array_unref(def->commandline->env);
        g_clear_pointer(&def->commandline, g_free);
}

static bool parse_commandline(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child_of(root, VB_QEMU_NAMESPACE, "commandline");

        if (!node)
                return true;
        def->commandline = commandline_new();
        if (!parse_args(def->commandline, node, error) || !parse_env(def->commandline, node, error))
                return false;
        if (def->commandline->args->len == 0 && def->commandline->env->len == 0)
                clear_commandline(def);
        return true;
}

static void format_commandline(const VbDomainDef *def, VbXmlWriter *writer)
{
        if (!def->commandline)
                return;
        vb_xml_open(writer, "qemu:commandline");
        for (guint i = 0; i < def->commandline->args->len; i++) {
                vb_xml_open(writer, "qemu:arg");
                vb_xml_attribute(writer, "value", g_ptr_array_index(def->commandline->args, i));
                vb_xml_close(writer);
        }
        for (guint i = 0; i < def->commandline->env->len; i++) {
                const char *text = g_ptr_array_index(def->commandline->env, i);
                g_autofree char *name = g_strndup(text, strcspn(text, "="));

                vb_xml_open(writer, "qemu:env");
                vb_xml_attribute(writer, "name", name);
                if (text[strlen(name) + 1] != '\0')
                        vb_xml_attribute(writer, "value", text + strlen(name) + 1);
                vb_xml_close(writer);
        }
        vb_xml_close(writer);
}

static void copy_commandline(VbDomainDef *copy, const VbDomainDef *def)
{
        if (!def->commandline)
                return;
        copy->commandline = commandline_new();
        for (guint i = 0; i < def->commandline->args->len; i++)
                g_ptr_array_add(copy->commandline->args, g_strdup(def->commandline->args->pdata[i]));
        for (guint i = 0; i < def->commandline->env->len; i++)
                g_ptr_array_add(copy->commandline->env, g_strdup(def->commandline->env->pdata[i]));
}

const VbSection vb_section_commandline = {
        .after_devices = true,
        .parse = parse_commandline,
        .format = format_commandline,
        .clear = clear_commandline,
        .copy = copy_commandline,
};
