/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quoting: values from a definition, whatever is in them, change no option but their own. The command line of
 * a definition with harmless values is taken apart by the emulator's rules, and so is that of the same
 * definition with values from the input: both have the same options with the same keys, and the values are
 * those of the XML. */
#include <string.h>

#include "conf/complete.h"
#include "facts.h"
#include "qemu/argv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUES 4

/* "%0" to "%3" are the values; the text of an element loses white space at its ends. */
static const char template[] =
        "<domain type='qemu'><name>n%0n</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"
        "<memory>65536</memory><os><type machine='pc'>hvm</type><kernel>/%1.</kernel></os><devices>"
        "<disk><source file='/%1'/><target dev='vda'/></disk>"
        "<disk><driver type='qcow2'/><source file='%2'/><backingStore type='block'><format type='raw'/>"
        "<source dev='%2'/></backingStore><target dev='vdb'/></disk>"
        "<disk type='network'><source protocol='nbd' name='%2'><host transport='unix' socket='%1'/></source>"
        "<target dev='vdc'/></disk>"
        "<disk type='network'><source protocol='ssh' name='%1'><host name='%2'/><identity username='%3'/>"
        "</source><target dev='vdd'/></disk>"
        "<disk type='dir'><driver type='fat'/><source dir='%2'/><target dev='vde'/><readonly/></disk>"
        "<filesystem><source dir='%2'/><target dir='t%3'/></filesystem>"
        "<serial type='unix'><source mode='connect' path='/%1'/></serial>"
        "<serial type='file'><source path='/%2' append='on'/></serial>"
        "</devices></domain>";

/* What stands for each value in the harmless definition: nothing else on a command line looks like it. */
static const char *const markers[VALUES] = { "harmless0value", "harmless1value", "harmless2value",
                                             "harmless3value" };

/* Characters that XML has no way to write. */
static bool is_writable(const char *text)
{
        for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
                gunichar character = g_utf8_get_char(at);

                if ((character < 0x20 && character != '\t' && character != '\n') || character == 0x7f ||
                    (character >= 0x80 && character < 0xa0) || character == 0xfffe || character == 0xffff)
                        return false;
        }
        return true;
}

static char *fill_in(const char *const values[VALUES])
{
        GString *xml = g_string_new(NULL);

        for (const char *at = template; *at != '\0'; at++) {
                const char *value;

                if (*at != '%') {
                        g_string_append_c(xml, *at);
                        continue;
                }
                /* As references, white space in an attribute stays what it is. */
                for (value = values[*++at - '0']; *value != '\0'; value = g_utf8_next_char(value))
                        g_string_append_printf(xml, "&#%u;", g_utf8_get_char(value));
        }
        return g_string_free(xml, FALSE);
}

static char **command_line(const char *const values[VALUES])
{
        static VbEmulatorFacts *emulator;
        static VbMachineFacts *machine;
        g_autofree char *xml = fill_in(values);
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(xml, strlen(xml), NULL);

        if (!emulator) {
                emulator = test_emulator_facts();
                machine = test_machine_facts("pc");
        }
        if (!def || !vb_domain_def_complete(def, emulator, machine, NULL))
                return NULL;
        return vb_argv_build(def,
                             &(VbArgvContext){ .monitor_fd = -1,
                                               .sockets_dir = "/run/d/sockets",
                                               .emulator = emulator,
                                               .machine = machine },
                             NULL);
}

/* Keys and values in turn. */
static void add_pair(GPtrArray *pairs, const char *key, gsize key_length, GString *value)
{
        g_ptr_array_add(pairs, g_strndup(key, key_length));
        g_ptr_array_add(pairs, g_string_free(value, FALSE));
}

/* KEY=VALUE,... as qemu-option.c reads it: a comma ends a value unless there are two. */
static void read_options(const char *text, GPtrArray *pairs)
{
        while (*text != '\0') {
                gsize length = strcspn(text, "=,");
                const char *key = text;
                GString *value = g_string_new(NULL);

                text += length;
                if (*text == '=') {
                        for (text++; *text != '\0' && (*text != ',' || text[1] == ','); text++) {
                                if (*text == ',')
                                        text++;
                                g_string_append_c(value, *text);
                        }
                }
                add_pair(pairs, key, length, value);
                if (*text == ',')
                        text++;
        }
}

/* One string of JSON, RFC 8259; @text is behind its quotation mark. */
static const char *read_json_string(const char *text, GString *ret)
{
        static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";

        for (; *text != '"'; text++) {
                const char *letter;

                g_assert((unsigned char) *text >= 0x20);
                if (*text != '\\') {
                        g_string_append_c(ret, *text);
                        continue;
                }
                text++;
                letter = *text != '\0' ? strchr(letters, *text) : NULL;
                if (letter) {
                        g_string_append_c(ret, meanings[letter - letters]);
                } else if (*text == 'u') {
                        g_autofree char *digits = g_strndup(text + 1, 4);

                        /* Only control characters are written so. */
                        g_assert_cmpuint(strspn(digits, "0123456789abcdefABCDEF"), ==, 4);
                        g_string_append_unichar(ret, (gunichar) g_ascii_strtoull(digits, NULL, 16));
                        text += 4;
                } else {
                        g_assert(*text == '"' || *text == '\\' || *text == '/');
                        g_string_append_c(ret, *text);
                }
        }
        return text + 1;
}

/* Every string of a JSON text with what is before it: its key, and the punctuation around that. */
static void read_json(const char *text, GPtrArray *pairs)
{
        while (*text != '\0') {
                gsize length = strcspn(text, "\"");
                const char *between = text;
                GString *value = NULL;

                text += length;
                if (*text == '\0') {
                        add_pair(pairs, between, length, g_string_new(NULL));
                        break;
                }
                value = g_string_new(NULL);
                text = read_json_string(text + 1, value);
                add_pair(pairs, between, length, value);
        }
}

static GPtrArray *take_apart(const char *argument)
{
        GPtrArray *pairs = g_ptr_array_new_with_free_func(g_free);

        if (*argument == '{')
                read_json(argument, pairs);
        else
                read_options(argument, pairs);
        return pairs;
}

/* @harmless with the values of the input in it. */
static char *expected(const char *harmless, const char *const values[VALUES])
{
        GString *text = g_string_new(NULL);

        while (*harmless != '\0') {
                int i = 0;

                while (i < VALUES && !g_str_has_prefix(harmless, markers[i]))
                        i++;
                if (i < VALUES) {
                        g_string_append(text, values[i]);
                        harmless += strlen(markers[i]);
                } else {
                        g_string_append_c(text, *harmless++);
                }
        }
        return g_string_free(text, FALSE);
}

static void compare(const char *harmless, const char *argument, const char *option,
                    const char *const values[VALUES])
{
        g_autoptr(GPtrArray) theirs = NULL, ours = NULL;

        /* These are no lists of options. */
        if (g_str_equal(option, "-kernel") || !strpbrk(harmless, "=,")) {
                g_autofree char *whole = expected(harmless, values);

                g_assert_cmpstr(argument, ==, whole);
                return;
        }
        theirs = take_apart(harmless);
        ours = take_apart(argument);
        g_assert_cmpuint(ours->len, ==, theirs->len);
        for (guint i = 0; i < ours->len; i++) {
                g_autofree char *value = expected(theirs->pdata[i], values);

                g_assert_cmpstr(ours->pdata[i], ==, value);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char **harmless;
        g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
        const char *values[VALUES];
        g_auto(GStrv) argv = NULL;

        if (!harmless)
                harmless = command_line(markers);
        g_assert_nonnull(harmless);
        /* Values end with a NUL; those that are missing are harmless. */
        for (size_t i = 0; i < size;) {
                gsize length = strnlen((const char *) data + i, size - i);

                g_ptr_array_add(parts, g_strndup((const char *) data + i, length));
                i += length + 1;
        }
        for (guint i = 0; i < VALUES; i++) {
                values[i] = i < parts->len ? parts->pdata[i] : markers[i];
                if (!g_utf8_validate(values[i], -1, NULL) || !is_writable(values[i]) || *values[i] == '\0')
                        return 0;
        }
        argv = command_line(values);
        if (!argv)
                return 0;
        g_assert_cmpuint(g_strv_length(argv), ==, g_strv_length(harmless));
        for (guint i = 0; argv[i]; i++)
                compare(harmless[i], argv[i], i > 0 ? harmless[i - 1] : "", values);
        return 0;
}
