/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <seclabel>: the identities that the guest's process and files get, one for each model. */
#include "conf/seclabel.h"
#include "conf/section.h"
#include "util/error.h"

static const char *const types[] = { NULL, "dynamic", "static", "none", NULL };

static bool check_seclabel(void *record, VbXmlNode *node, GError **error)
{
        VbSeclabel *label = record;
        bool typed = label->type != 0;

        if (!typed)
                label->type = VB_SECLABEL_DYNAMIC;
        if (!label->model && !typed)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'model' is missing");
        if (label->type == VB_SECLABEL_STATIC && !label->label)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<label> is missing");
        if (label->type == VB_SECLABEL_DYNAMIC && label->relabel == VB_TRISTATE_OFF)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "type='dynamic' goes with relabel='yes'");
        if (label->type == VB_SECLABEL_NONE && label->relabel == VB_TRISTATE_ON)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "type='none' goes with relabel='no'");
        if (label->relabel == VB_TRISTATE_UNSET && label->type != VB_SECLABEL_NONE)
                label->relabel = vb_tristate_from_bool(label->type == VB_SECLABEL_DYNAMIC);
        /* What a dynamic label turns out to be is a running guest's. */
        if (label->type == VB_SECLABEL_DYNAMIC) {
                g_clear_pointer(&label->label, g_free);
                g_clear_pointer(&label->image_label, g_free);
        }
        return true;
}

/* clang-format off */
static const VbXmlField seclabel_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbSeclabel, type, .words = types),
        VB_XML("model", ATTRIBUTE, STRING, VbSeclabel, model),
        VB_XML("relabel", ATTRIBUTE, YES_NO, VbSeclabel, relabel),
        VB_XML("label", CHILD, STRING, VbSeclabel, label),
        VB_XML("imagelabel", CHILD, STRING, VbSeclabel, image_label),
        VB_XML("baselabel", CHILD, STRING, VbSeclabel, base_label),
        { 0 },
};
static const VbXmlRecord seclabel_record = { .size = sizeof(VbSeclabel), .fields = seclabel_fields, .check = check_seclabel };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("seclabel", CHILD, LIST, VbDomainDef, seclabels, .record = &seclabel_record),
        { 0 },
};
/* clang-format on */

static bool parse_seclabels(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        for (guint i = 0; i < vb_list_length(def->seclabels); i++) {
                const VbSeclabel *label = g_ptr_array_index(def->seclabels, i);

                for (guint other = 0; other < i; other++)
                        if (g_strcmp0(((VbSeclabel *) def->seclabels->pdata[other])->model, label->model) ==
                            0)
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, label->line,
                                                       "<seclabel>: there is another one for the model '%s'",
                                                       label->model ? label->model : "none");
        }
        return true;
}

const VbSection vb_section_seclabel = {
        .fields = section_fields,
        .parse = parse_seclabels,
        .after_devices = true,
};
