/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <seclabel> of single resources: kept with the definition, applied by whoever opens the resource. */
#include "conf/source-label.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const models[] = { "apparmor", "dac", "none", "selinux" };

static void label_free(gpointer data)
{
        VbSourceLabel *label = data;

        g_free(label->model);
        g_free(label->label);
        g_free(label);
}

static bool parse_label(VbSourceLabel *label, VbXmlNode *node, GError **error)
{
        VbTristate skip = VB_TRISTATE_UNSET;
        VbXmlNode *child;
        int model = -1;

        if (!vb_xml_take_word(node, "model", models, G_N_ELEMENTS(models), NULL, &model, error) ||
            !vb_xml_take_yes_no(node, "relabel", &label->relabel, error) ||
            !vb_xml_take_yes_no(node, "labelskip", &skip, error))
                return false;
        label->model = model >= 0 ? g_strdup(models[model]) : NULL;
        label->skip = skip == VB_TRISTATE_ON;
        child = vb_xml_take_child(node, "label");
        if (child)
                label->label = g_strdup(vb_xml_take_text(child));
        if (label->relabel == VB_TRISTATE_OFF || label->skip)
                return !label->label || vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                                     "a <label> is of no use where nothing is labelled");
        if (!label->label || *label->label == '\0')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "it needs a <label>, or relabel='no'");
        return true;
}

bool vb_source_labels_parse(GPtrArray **labels, VbXmlNode *source, GError **error)
{
        VbXmlNode *child;

        while ((child = vb_xml_take_child(source, "seclabel"))) {
                VbSourceLabel *label = g_new0(VbSourceLabel, 1);

                if (!*labels)
                        *labels = g_ptr_array_new_with_free_func(label_free);
                g_ptr_array_add(*labels, label);
                if (!parse_label(label, child, error))
                        return false;
                for (guint i = 0; i + 1 < (*labels)->len; i++) {
                        const VbSourceLabel *other = g_ptr_array_index(*labels, i);

                        if (g_strcmp0(other->model, label->model) == 0)
                                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                                    "there is another one for the same model");
                }
        }
        return true;
}

void vb_source_labels_write(const GPtrArray *labels, VbXmlWriter *writer)
{
        for (guint i = 0; labels && i < labels->len; i++) {
                const VbSourceLabel *label = g_ptr_array_index(labels, i);

                vb_xml_open(writer, "seclabel");
                vb_xml_attribute(writer, "model", label->model);
                vb_xml_attribute(writer, "labelskip", label->skip ? "yes" : NULL);
                if (!label->skip)
                        vb_xml_attribute(
                                writer, "relabel",
                                vb_tristate_to_yes_no(label->label ? VB_TRISTATE_ON : VB_TRISTATE_OFF));
                vb_xml_text_element(writer, "label", label->label);
                vb_xml_close(writer);
        }
}

GPtrArray *vb_source_labels_copy(const GPtrArray *labels)
{
        GPtrArray *copy;

        if (!labels)
                return NULL;
        copy = g_ptr_array_new_with_free_func(label_free);
        for (guint i = 0; i < labels->len; i++) {
                const VbSourceLabel *label = g_ptr_array_index(labels, i);
                VbSourceLabel *twin = g_memdup2(label, sizeof(*label));

                twin->model = g_strdup(label->model);
                twin->label = g_strdup(label->label);
                g_ptr_array_add(copy, twin);
        }
        return copy;
}

void vb_source_labels_clear(GPtrArray **labels)
{
        g_clear_pointer(labels, g_ptr_array_unref);
}
