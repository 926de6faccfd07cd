/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of definitions, without a service: each file named on the command line is read, completed with
 * what the installed emulators say, written, and made a command line of; a line of JSON on stdout tells how
 * far it came, what it became and how long that took. tests/corpus runs this over folders.
 *
 *   definitions [--cache DIR] [--repeat N] [--schema FILE]... [--vocabulary] FILE...
 *
 * Keys: file, stage (of the failure: parse, probe, complete, command-line; absent if there was none), error,
 * xml, argv, assigned (addresses that the file left open), devices, stable (completing the result again gives
 * it byte for byte), round-trip (so does reading and writing it alone), usec (the best of N runs for each of
 * parse, complete, format), invalid and invalid-input (what each schema says against the result and the
 * file), asked (what the readers asked the file's elements for: path, place, name, namespace, and the words
 * that it can be, "number" or null). */
#include <libxml/relaxng.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "conf/complete.h"
#include "conf/xml-reader.h"
#include "qemu/argv.h"
#include "qemu/probe.h"
#include "util/json.h"

static sd_event *event;
static VbProber *prober;
static char *cache_dir;
static int repeat = 1;
static gboolean vocabulary;
static char **schema_files;
static GPtrArray *schemas; /* xmlRelaxNG * */

static GOptionEntry options[] = {
        { "cache", 0, 0, G_OPTION_ARG_FILENAME, &cache_dir, "Where the emulators' facts are kept", "DIR" },
        { "repeat", 0, 0, G_OPTION_ARG_INT, &repeat, "Runs of which the fastest counts", "N" },
        { "schema", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &schema_files,
          "RELAX NG that the result is held against", "FILE" },
        { "vocabulary", 0, 0, G_OPTION_ARG_NONE, &vocabulary, "Only say what the readers ask for", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
};

typedef struct {
        VbEmulatorFacts *emulator;
        VbMachineFacts *machine;
        GError *error;
} Facts;

static void facts_clear(Facts *facts)
{
        vb_emulator_facts_unref(facts->emulator);
        vb_machine_facts_unref(facts->machine);
        g_clear_error(&facts->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Facts, facts_clear)

static void on_probed(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error, void *userdata)
{
        Facts *facts = userdata;

        if (error) {
                facts->error = g_error_copy(error);
                return;
        }
        facts->emulator = vb_emulator_facts_ref(emulator);
        facts->machine = vb_machine_facts_ref(machine);
}

static void get_facts(const VbDomainDef *def, Facts *ret)
{
        vb_prober_query(prober, def->os.arch, def->emulator, def->os.machine, on_probed, ret);
        while (!ret->machine && !ret->error)
                g_assert_cmpint(sd_event_run(event, (uint64_t) -1), >=, 0);
}

static json_object *fail(json_object *result, const char *stage, const GError *error)
{
        json_object_object_add(result, "stage", json_object_new_string(stage));
        json_object_object_add(result, "error", json_object_new_string(error->message));
        return result;
}

/* Addresses that completion found, not those of what the machine itself has. */
static int count_addresses(const VbDomainDef *def)
{
        int count = 0;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if (!device->builtin && device->address.type != VB_ADDRESS_NONE)
                        count++;
        }
        return count;
}

static void check_stability(json_object *result, const char *xml, const Facts *facts)
{
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(xml, strlen(xml), NULL);
        g_autofree char *read = def ? vb_domain_def_format(def) : NULL;
        g_autofree char *completed = NULL;
        g_autoptr(GError) error = NULL;

        json_object_object_add(result, "round-trip", json_object_new_boolean(g_strcmp0(read, xml) == 0));
        if (def && vb_domain_def_complete(def, facts->emulator, facts->machine, &error))
                completed = vb_domain_def_format(def);
        json_object_object_add(result, "stable", json_object_new_boolean(g_strcmp0(completed, xml) == 0));
        if (error)
                json_object_object_add(result, "again", json_object_new_string(error->message));
        else if (g_strcmp0(completed, xml) != 0)
                json_object_object_add(result, "again",
                                       json_object_new_string(completed ? completed : "not read"));
}

static void add_argv(json_object *result, const VbDomainDef *def, const Facts *facts)
{
        VbArgvContext context = {
                .monitor_fd = -1,
                .sockets_dir = "/run/virtbus/domains/1/sockets",
                .emulator = facts->emulator,
                .machine = facts->machine,
        };
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) argv = vb_argv_build(def, &context, &error);
        json_object *array;

        if (!argv) {
                fail(result, "command-line", error);
                return;
        }
        array = json_object_new_array();
        for (char **arg = argv; *arg; arg++)
                json_object_array_add(array, json_object_new_string(*arg));
        json_object_object_add(result, "argv", array);
}

/* One run after the facts are known; false ends it with a failure told in @result. */
static bool run(json_object *result, const char *text, gsize length, const Facts *facts,
                gint64 usec[static 3], VbDomainDef **ret, char **ret_xml)
{
        g_autoptr(VbDomainDef) def = NULL;
        g_autoptr(GError) error = NULL;
        gint64 at[4];
        int given;

        at[0] = g_get_monotonic_time();
        def = vb_domain_def_parse(text, length, &error);
        at[1] = g_get_monotonic_time();
        given = count_addresses(def);
        if (!vb_domain_def_complete(def, facts->emulator, facts->machine, &error)) {
                fail(result, "complete", error);
                return false;
        }
        at[2] = g_get_monotonic_time();
        g_free(*ret_xml);
        *ret_xml = vb_domain_def_format(def);
        at[3] = g_get_monotonic_time();
        for (int i = 0; i < 3; i++)
                usec[i] = MIN(usec[i], at[i + 1] - at[i]);
        json_object_object_add(result, "assigned", json_object_new_int(count_addresses(def) - given));
        vb_domain_def_free(*ret);
        *ret = g_steal_pointer(&def);
        return true;
}

static void load_schemas(void)
{
        schemas = g_ptr_array_new();
        for (char **file = schema_files; file && *file; file++) {
                xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(*file);
                xmlRelaxNG *schema = xmlRelaxNGParse(parser);

                if (!schema)
                        g_error("%s is no schema", *file);
                g_ptr_array_add(schemas, schema);
                xmlRelaxNGFreeParserCtxt(parser);
        }
}

static void on_schema_error(void *data, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void on_schema_error(void *data, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        g_string_append_vprintf(data, format, ap);
        va_end(ap);
}

static void check_schemas(json_object *result, const char *key, const char *xml)
{
        json_object *array = json_object_new_array();

        for (guint i = 0; i < schemas->len; i++) {
                g_autoptr(GString) said = g_string_new(NULL);
                xmlDoc *document = xmlReadMemory(xml, (int) strlen(xml), NULL, NULL, XML_PARSE_NONET);
                xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schemas->pdata[i]);

                xmlRelaxNGSetValidErrors(context, on_schema_error, on_schema_error, said);
                if (xmlRelaxNGValidateDoc(context, document) != 0)
                        json_object_array_add(array,
                                              json_object_new_string(said->len ? said->str : "invalid"));
                xmlRelaxNGFreeValidCtxt(context);
                xmlFreeDoc(document);
        }
        json_object_object_add(result, key, array);
}

static json_object *asked_as_json(const VbXmlAsked *asked)
{
        static const char *const places[] = { "attribute", "child", "text", "anything" };
        json_object *row = json_object_new_array();
        g_autofree char *path = vb_xml_node_path(asked->node);
        json_object *words = NULL;

        json_object_array_add(row, json_object_new_string(path));
        json_object_array_add(row, json_object_new_string(places[asked->place]));
        json_object_array_add(row, json_object_new_string(asked->name));
        json_object_array_add(row, asked->name_space ? json_object_new_string(asked->name_space) : NULL);
        if (asked->is_number)
                words = json_object_new_string("number");
        else if (asked->words)
                words = json_object_new_array();
        for (char **word = asked->words; word && *word; word++)
                json_object_array_add(words, json_object_new_string(*word));
        json_object_array_add(row, words);
        return row;
}

static json_object *list_vocabulary(const char *file)
{
        json_object *result = json_object_new_object(), *rows = json_object_new_array();
        g_autoptr(VbXmlDocument) document = NULL;
        g_autoptr(VbDomainDef) def = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        const VbXmlAsked *asked;
        gsize length;
        guint n;

        json_object_object_add(result, "file", json_object_new_string(file));
        json_object_object_add(result, "asked", rows);
        if (!g_file_get_contents(file, &text, &length, &error))
                return fail(result, "read", error);
        document = vb_xml_document_parse(text, length, &error);
        if (!document)
                return fail(result, "parse", error);
        vb_xml_document_keep_words(document);
        def = vb_domain_def_read(document, &error);
        asked = vb_xml_document_asked(document, &n);
        for (guint i = 0; i < n; i++)
                json_object_array_add(rows, asked_as_json(&asked[i]));
        return def ? result : fail(result, "parse", error);
}

static json_object *examine(const char *file)
{
        json_object *result = json_object_new_object(), *times;
        gint64 usec[3] = { G_MAXINT64, G_MAXINT64, G_MAXINT64 };
        g_autoptr(VbDomainDef) def = NULL;
        g_autoptr(GError) error = NULL;
        g_auto(Facts) facts = { 0 };
        g_autofree char *text = NULL, *xml = NULL;
        gsize length;

        json_object_object_add(result, "file", json_object_new_string(file));
        if (!g_file_get_contents(file, &text, &length, &error))
                return fail(result, "read", error);
        def = vb_domain_def_parse(text, length, &error);
        if (!def)
                return fail(result, "parse", error);
        get_facts(def, &facts);
        if (facts.error)
                return fail(result, "probe", facts.error);
        for (int i = 0; i < MAX(repeat, 1); i++)
                if (!run(result, text, length, &facts, usec, &def, &xml))
                        return result;
        times = json_object_new_array();
        for (int i = 0; i < 3; i++)
                json_object_array_add(times, json_object_new_int64(usec[i]));
        json_object_object_add(result, "usec", times);
        json_object_object_add(result, "xml", json_object_new_string(xml));
        json_object_object_add(result, "devices", json_object_new_int((int) def->devices->len));
        check_schemas(result, "invalid", xml);
        check_schemas(result, "invalid-input", text);
        check_stability(result, xml, &facts);
        add_argv(result, def, &facts);
        return result;
}

int main(int argc, char **argv)
{
        g_autoptr(GOptionContext) context = g_option_context_new("FILE...");
        g_autoptr(GError) error = NULL;

        g_option_context_add_main_entries(context, options, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error) || argc < 2) {
                g_printerr("%s\n", error ? error->message : "Name the files");
                return 2;
        }
        g_assert_cmpint(sd_event_default(&event), >=, 0);
        if (!cache_dir)
                cache_dir = g_build_filename(g_get_user_cache_dir(), "virtbus", NULL);
        load_schemas();
        prober = vb_prober_new(event, cache_dir);
        for (int i = 1; i < argc; i++) {
                json_object *result = vocabulary ? list_vocabulary(argv[i]) : examine(argv[i]);

                puts(json_object_to_json_string_ext(result,
                                                    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
                fflush(stdout);
                json_object_put(result);
        }
        vb_prober_free(prober);
        sd_event_unref(event);
        g_free(cache_dir);
        return 0;
}
