/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain is called: <name>, <uuid>, <title>, <description>. */
#include <string.h>

#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

/* clang-format off */
static const VbXmlField genid_fields[] = {
        VB_XML("", TEXT, STRING, VbGenid, uuid),
        { 0 },
};

static bool check_genid(void *record, VbXmlNode *node, GError **error)
{
        VbGenid *genid = record;
        char uuid[37];

        if (genid->uuid)
                g_strstrip(genid->uuid);
        if (!genid->uuid || *genid->uuid == '\0')
                return true;
        if (!vb_uuid_from_string(genid->uuid, uuid))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "this is not 32 hexadecimal digits");
        g_free(genid->uuid);
        genid->uuid = g_strdup(uuid);
        return true;
}

static const VbXmlRecord genid_record = {
        .size = sizeof(VbGenid), .fields = genid_fields, .check = check_genid, .keep_empty = true,
};

static const VbXmlField section_fields[] = {
        VB_XML_WITH("genid", CHILD, RECORD, VbDomainDef, genid, .record = &genid_record),
        { 0 },
};
/* clang-format on */

static bool parse_identity(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node;
        const char *text, *problem;

        node = vb_xml_take_child(root, "name");
        if (!node)
                return vb_xml_error(root, VB_ERROR_INVALID_XML, error, "<name> is missing");
        text = vb_xml_take_text_verbatim(node);
        problem = vb_domain_name_problem(text);
        if (problem)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the name %s", problem);
        def->name = g_strdup(text);

        node = vb_xml_take_child(root, "uuid");
        text = node ? vb_xml_take_text(node) : "";
        if (*text != '\0' && !vb_uuid_from_string(text, def->uuid))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "this is not 32 hexadecimal digits");

        node = vb_xml_take_child(root, "title");
        text = node ? vb_xml_take_text_verbatim(node) : "";
        if (strchr(text, '\n'))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "this has more than one line");
        def->title = *text != '\0' ? g_strdup(text) : NULL;
        vb_xml_take_text_child(root, "description", &def->description);
        return vb_xml_fields_parse(section_fields, root, def, error);
}

static void format_identity(const VbDomainDef *def, VbXmlWriter *writer)
{
        vb_xml_text_element(writer, "name", def->name);
        vb_xml_text_element(writer, "uuid", *def->uuid != '\0' ? def->uuid : NULL);
        vb_xml_fields_format(section_fields, def, writer);
        vb_xml_text_element(writer, "title", def->title);
        vb_xml_text_element(writer, "description", def->description);
}

static void clear_identity(VbDomainDef *def)
{
        vb_xml_fields_clear(section_fields, def);
        g_free(def->name);
        g_free(def->title);
        g_free(def->description);
}

static void copy_identity(VbDomainDef *copy, const VbDomainDef *def)
{
        vb_xml_fields_copy(section_fields, copy, def);
        copy->name = g_strdup(def->name);
        copy->title = g_strdup(def->title);
        copy->description = g_strdup(def->description);
}

static bool complete_identity(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        g_autofree char *uuid = NULL;

        if (def->genid && !def->genid->uuid)
                def->genid->uuid = g_uuid_string_random();
        if (*def->uuid != '\0')
                return true;
        uuid = g_uuid_string_random();
        memcpy(def->uuid, uuid, sizeof(def->uuid));
        return true;
}

const VbSection vb_section_identity = {
        .parse = parse_identity,
        .format = format_identity,
        .clear = clear_identity,
        .copy = copy_identity,
        .complete = complete_identity,
};
