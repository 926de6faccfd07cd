/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The schema of domain XML, for which no service is needed. */
#include "ctl/schema.h"

#include <libxml/relaxng.h>
#include <string.h>

#include "config.h"
#include "ctl/ctl.h"

typedef struct {
        const char *file;
        GString *said;
} Listener;

static void on_problem(void *data, xmlError *problem)
{
        Listener *listener = data;
        g_autofree char *message = g_strdup(problem->message ? problem->message : "invalid");

        g_string_append_printf(listener->said, "%s%s:%d: %s", listener->said->len > 0 ? "\n" : "",
                               listener->file, problem->line, g_strchomp(message));
}

static void on_schema_problem(void *data, xmlError *problem)
{
}

static xmlRelaxNG *load(const char *path)
{
        xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);
        xmlRelaxNG *schema;

        xmlRelaxNGSetParserStructuredErrors(parser, on_schema_problem, NULL);
        schema = xmlRelaxNGParse(parser);
        xmlRelaxNGFreeParserCtxt(parser);
        return schema;
}

static bool validate(Listener *listener, const char *xml, xmlRelaxNG *schema)
{
        xmlParserCtxt *parser = xmlNewParserCtxt();
        xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
        bool valid = false;
        xmlDoc *document;

        xmlSetStructuredErrorFunc(listener, on_problem);
        document = xmlCtxtReadMemory(parser, xml, (int) strlen(xml), NULL, NULL, XML_PARSE_NONET);
        xmlSetStructuredErrorFunc(NULL, NULL);
        if (document) {
                xmlRelaxNGSetValidStructuredErrors(context, on_problem, listener);
                valid = xmlRelaxNGValidateDoc(context, document) == 0;
        }
        xmlFreeDoc(document);
        xmlRelaxNGFreeValidCtxt(context);
        xmlFreeParserCtxt(parser);
        return valid;
}

bool vb_ctl_schema_check(const char *file, const char *xml, GError **error)
{
        const char *path = g_getenv("VIRTBUS_SCHEMA") ? g_getenv("VIRTBUS_SCHEMA") : VB_SCHEMA_FILE;
        g_autoptr(GString) said = g_string_new(NULL);
        Listener listener = { file, said };
        xmlRelaxNG *schema = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? load(path) : NULL;
        bool valid;

        if (!schema)
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "The schema %s cannot be read", path);
        valid = validate(&listener, xml, schema);
        xmlRelaxNGFree(schema);
        return valid || vb_ctl_fail(error, VB_CTL_ERROR_LOCATED, "%s", said->str);
}
