/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many processors a guest has: <vcpu> and <vcpus>. */
#include "conf/cpuset.h"
#include "conf/domain-values.h"
#include "conf/section.h"
#include "conf/vcpus.h"
#include "util/error.h"

#define VCPUS_MAX 8192

static const char *const placements[] = { NULL, "static", "auto", NULL };

/* clang-format off */
static const VbXmlField vcpu_fields[] = {
        VB_XML_WITH("id", ATTRIBUTE, NUMBER, VbVcpu, id, .required = true, .max = VCPUS_MAX - 1),
        VB_XML_WITH("enabled", ATTRIBUTE, YES_NO, VbVcpu, enabled, .required = true),
        VB_XML("hotpluggable", ATTRIBUTE, YES_NO, VbVcpu, hotpluggable),
        VB_XML_WITH("order", ATTRIBUTE, NUMBER, VbVcpu, order, .min = 1, .max = VCPUS_MAX),
        { 0 },
};
static const VbXmlRecord vcpu_record = { .size = sizeof(VbVcpu), .fields = vcpu_fields };

static const VbXmlField vcpus_fields[] = {
        VB_XML_WITH("vcpu", CHILD, LIST, VbVcpus, vcpus, .record = &vcpu_record),
        { 0 },
};
static const VbXmlRecord vcpus_record = { .size = sizeof(VbVcpus), .fields = vcpus_fields };

/* Attributes of <vcpu>, kept in the definition. */
static const VbXmlField attribute_fields[] = {
        VB_XML_WITH("placement", ATTRIBUTE, WORD, VbDomainDef, vcpu_placement, .words = placements),
        VB_XML("cpuset", ATTRIBUTE, CPUSET, VbDomainDef, vcpu_cpuset),
        { 0 },
};

static const VbXmlField list_fields[] = {
        VB_XML_WITH("vcpus", CHILD, RECORD, VbDomainDef, vcpu_list, .record = &vcpus_record),
        { 0 },
};
/* clang-format on */

VbVcpu *vb_vcpus_find(const VbVcpus *list, uint64_t id)
{
        for (guint i = 0; list && i < vb_list_length(list->vcpus); i++) {
                VbVcpu *vcpu = g_ptr_array_index(list->vcpus, i);

                if (vcpu->id.value == id)
                        return vcpu;
        }
        return NULL;
}

uint32_t vb_vcpus_pluggable(const VbVcpus *list)
{
        uint32_t n = 0;

        for (guint i = 0; list && i < vb_list_length(list->vcpus); i++) {
                const VbVcpu *vcpu = g_ptr_array_index(list->vcpus, i);

                n += vcpu->id.value > 0 && vcpu->enabled == VB_TRISTATE_ON &&
                     vcpu->hotpluggable == VB_TRISTATE_ON;
        }
        return n;
}

static int compare_vcpus(gconstpointer a, gconstpointer b)
{
        const VbVcpu *x = *(VbVcpu *const *) a, *y = *(VbVcpu *const *) b;

        return (x->id.value > y->id.value) - (x->id.value < y->id.value);
}

static bool check_vcpu(VbVcpus *list, VbVcpu *vcpu, uint32_t max, GError **error)
{
        bool first = vcpu->id.value == 0, off = vcpu->enabled == VB_TRISTATE_OFF;

        if (vcpu->id.value >= max || vb_vcpus_find(list, vcpu->id.value) != vcpu)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, vcpu->line,
                                       "<vcpu>: id='%u' is given twice, or is not below the %u of <vcpu>",
                                       (guint) vcpu->id.value, max);
        if (vcpu->hotpluggable == VB_TRISTATE_UNSET)
                vcpu->hotpluggable = vb_tristate_from_bool(off);
        if (first && off)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, vcpu->line,
                                       "<vcpu>: the processor 0 cannot be off");
        if (vcpu->hotpluggable == VB_TRISTATE_OFF && off)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, vcpu->line,
                                       "<vcpu>: a processor that is off is hotpluggable");
        if (off && vcpu->order.given)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, vcpu->line,
                                       "<vcpu>: a processor that is off has no order");
        return true;
}

/* Those that are on are plugged in in one order, or nobody cares; the machine is built with the first. */
static bool check_orders(const VbVcpus *list, GError **error)
{
        const VbNumber first = vb_vcpus_find(list, 0)->order;

        for (guint i = 0; i < list->vcpus->len; i++) {
                const VbVcpu *vcpu = list->vcpus->pdata[i];

                if (vcpu->enabled != VB_TRISTATE_OFF && vcpu->order.given != first.given)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, vcpu->line,
                                               "<vcpu>: either all processors that are on have an order, or "
                                               "none");
                if (vcpu->order.given && vcpu->order.value < first.value)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, vcpu->line,
                                               "<vcpu>: order='%u' comes before that of the processor 0",
                                               (guint) vcpu->order.value);
        }
        return true;
}

/* All are listed, and those that were not are off. */
static bool complete_list(VbDomainDef *def, GError **error)
{
        VbVcpus *list = def->vcpu_list;

        if (vb_list_length(list->vcpus) == 0)
                return true;
        for (guint i = 0; i < list->vcpus->len; i++)
                if (!check_vcpu(list, g_ptr_array_index(list->vcpus, i), def->vcpus_max, error))
                        return false;
        if (!vb_vcpus_find(list, 0))
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, list->line,
                                       "<vcpus>: the processor 0 cannot be off");
        for (uint32_t id = 0; id < def->vcpus_max; id++)
                if (!vb_vcpus_find(list, id)) {
                        VbVcpu *vcpu = vb_xml_record_new(&vcpu_record);

                        vcpu->id = (VbNumber){ .value = id, .given = true };
                        vcpu->enabled = VB_TRISTATE_OFF;
                        vcpu->hotpluggable = VB_TRISTATE_ON;
                        g_ptr_array_add(list->vcpus, vcpu);
                }
        g_ptr_array_sort(list->vcpus, compare_vcpus);
        for (guint i = 1; i < list->vcpus->len; i++) {
                const VbVcpu *before = list->vcpus->pdata[i - 1], *vcpu = list->vcpus->pdata[i];

                if (before->hotpluggable == VB_TRISTATE_ON && vcpu->hotpluggable == VB_TRISTATE_OFF)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, vcpu->line,
                                               "<vcpu>: id='%u' is not hotpluggable and comes after one "
                                               "that is; "
                                               "the machine is built with the first ones",
                                               (guint) vcpu->id.value);
        }
        if (!check_orders(list, error))
                return false;
        def->vcpus = 0;
        for (guint i = 0; i < list->vcpus->len; i++)
                def->vcpus += ((VbVcpu *) list->vcpus->pdata[i])->enabled == VB_TRISTATE_ON;
        return true;
}

static bool parse_vcpus(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "vcpu");
        const char *text;
        guint64 number = 0;

        if (node) {
                text = vb_xml_take_text(node);
                if (!vb_xml_fields_parse(attribute_fields, node, def, error))
                        return false;
                if (!g_ascii_string_to_unsigned(text, 10, 1, VCPUS_MAX, &number, NULL))
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "'%s' is not a number from 1 to %d", text, VCPUS_MAX);
                def->vcpus_max = def->vcpus = (uint32_t) number;
                if (!vb_xml_take_uint32(node, "current", 1, def->vcpus_max, &def->vcpus, error))
                        return false;
        }
        if (def->vcpu_placement == 0)
                def->vcpu_placement = VB_PLACEMENT_STATIC;
        if (def->vcpu_placement == VB_PLACEMENT_AUTO)
                g_clear_pointer(&def->vcpu_cpuset, g_free);
        return vb_xml_fields_parse(list_fields, root, def, error) &&
               (!def->vcpu_list || complete_list(def, error));
}

static void format_vcpus(const VbDomainDef *def, VbXmlWriter *writer)
{
        char text[12];

        g_snprintf(text, sizeof(text), "%u", def->vcpus_max);
        vb_xml_open(writer, "vcpu");
        vb_xml_fields_format(attribute_fields, def, writer);
        if (def->vcpus != def->vcpus_max)
                vb_xml_attribute_number(writer, "current", def->vcpus);
        vb_xml_text(writer, text);
        vb_xml_close(writer);
        vb_xml_fields_format(list_fields, def, writer);
}

static void clear_vcpus(VbDomainDef *def)
{
        vb_xml_fields_clear(attribute_fields, def);
        vb_xml_fields_clear(list_fields, def);
}

static void copy_vcpus(VbDomainDef *copy, const VbDomainDef *def)
{
        vb_xml_fields_copy(attribute_fields, copy, def);
        vb_xml_fields_copy(list_fields, copy, def);
}

const VbSection vb_section_vcpu = {
        .parse = parse_vcpus,
        .format = format_vcpus,
        .clear = clear_vcpus,
        .copy = copy_vcpus,
};
