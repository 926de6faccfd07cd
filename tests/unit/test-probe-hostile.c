/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Emulators that are missing, are none, crash, hang, lie or are too old: a clear error, nothing left behind,
 * nothing remembered, and the next call tries again. */
#include "probe-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/capabilities.h"
#include "qemu/facts-record.h"

#define GREET                                                                                                \
        "echo '{\"QMP\":{\"version\":{\"qemu\":{\"micro\":0,\"minor\":2,\"major\":7},\"package\":\"\"},"     \
        "\"capabilities\":[]}}' >&$M\n"

/* clang-format off */
static const struct {
        const char *name, *script;
        VbError code;
        const char *text; /* in the message */
} fakes[] = {
        { "says-why", "echo first >&2; echo 'cannot do that' >&2; exit 1", VB_ERROR_EMULATOR_FAILED,
          "exited with status 1: first\ncannot do that" },
        { "says-nothing", "exit 0", VB_ERROR_EMULATOR_FAILED, "exited with status 0" },
        { "crashes", "kill -SEGV $$", VB_ERROR_EMULATOR_FAILED, "signal 11" },
        { "crashes-later", GREET "read -r line <&$M; echo 'oh no' >&2; kill -ABRT $$", VB_ERROR_EMULATOR_FAILED, "oh no" },
        { "hangs", "echo hm >&2; sleep 1000", VB_ERROR_TIMEOUT, "within 0.3 s: hm" },
        { "hangs-later", GREET "sleep 1000", VB_ERROR_TIMEOUT, "within 0.3 s" },
        { "garbage", "head -c 100000 /dev/urandom >&$M; sleep 1000", VB_ERROR_EMULATOR_FAILED, "QMP" },
        { "not-qmp", "echo 'SSH-2.0-OpenSSH_9.2' >&$M; sleep 1000", VB_ERROR_EMULATOR_FAILED, "QMP" },
        { "hangs-up", GREET "eval \"exec $M>&-\"; sleep 1000", VB_ERROR_EMULATOR_FAILED, "QMP" },
        { "floods", "yes >&2", VB_ERROR_TIMEOUT, "y\ny" },
        { "rude", "printf 'a\\033[31m\\377b\\0c' >&2; exit 1", VB_ERROR_EMULATOR_FAILED, "a [31m" },
        { "a-program", "exec /bin/true", VB_ERROR_EMULATOR_FAILED, "exited" },
        { "leaves-children", "sleep 1000 & echo gone >&2; exit 1", VB_ERROR_EMULATOR_FAILED, "gone" },
};
/* clang-format on */

static void test_fakes(Fixture *f, const void *data)
{
        vb_prober_set_timeout(f->prober, SECOND * 3 / 10);
        for (gsize i = 0; i < G_N_ELEMENTS(fakes); i++) {
                g_autofree char *path = make_emulator(f, fakes[i].name, fakes[i].script);
                guint n_before = vb_prober_n_sessions(f->prober), n_tried;

                g_test_message("%s", fakes[i].name);
                assert_fails(f, path, "q35", fakes[i].code, fakes[i].text);
                n_tried = vb_prober_n_sessions(f->prober);
                g_assert_cmpuint(n_tried, >, n_before);
                /* The next call tries again. */
                assert_fails(f, path, "q35", fakes[i].code, fakes[i].text);
                g_assert_cmpuint(vb_prober_n_sessions(f->prober), >, n_tried);
        }
}

static void test_no_emulator(Fixture *f, const void *data)
{
        g_autofree char *path = make_emulator(f, "text", "");

        assert_fails(f, "/nonexistent/qemu", "q35", VB_ERROR_NO_EMULATOR, "/nonexistent/qemu");
        assert_fails(f, "qemu-system-x86_64", "q35", VB_ERROR_NO_EMULATOR, "absolute");
        assert_fails(f, "", "q35", VB_ERROR_NO_EMULATOR, "absolute");
        assert_fails(f, f->directory, "q35", VB_ERROR_NO_EMULATOR, "not a file");
        assert_fails(f, "/dev/zero", "q35", VB_ERROR_NO_EMULATOR, "not a file");
        g_assert_cmpint(g_chmod(path, 0644), ==, 0);
        assert_fails(f, path, "q35", VB_ERROR_NO_EMULATOR, path);
        g_assert_true(g_file_set_contents(path, "no program", -1, NULL));
        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
        assert_fails(f, path, "q35", VB_ERROR_NO_EMULATOR, path);
}

/* Speaks QMP, and answers each command with what the rest of the script (Python) puts into `answers`. */
static char *make_liar(Fixture *f, const char *name, const char *answers)
{
        g_autofree char *path = g_build_filename(f->directory, name, NULL);
        g_autofree char *text = g_strdup_printf(
                "#!/usr/bin/python3 -S\n"
                "import json, re, socket, sys\n"
                "fd = int(re.search('id=monitor,fd=([0-9]+)', ' '.join(sys.argv)).group(1))\n"
                "version = {'qemu': {'major': 7, 'minor': 2, 'micro': 0}, 'package': ''}\n"
                "answers = {'query-version': version, 'query-target': {'arch': 'x86_64'},\n"
                "           'query-machines': [{'name': 'q35', 'cpu-max': 1}], "
                "'qom-list-types': [], 'query-pci': [],\n"
                "           'query-kvm': {'present': False}, 'qmp_capabilities': {}, "
                "'qom-list': [], 'qom-get': 0,\n"
                "           'human-monitor-command': 'bus: main-system-bus\\n  type System\\n',\n"
                "           'device-list-properties': [{'name': 'blob'}], "
                "'qom-list-properties': [{'name': 'reserve'}],\n"
                "           'query-command-line-options': [{'option': 'vnc', 'parameters': []}], "
                "'query-cpu-definitions': [{'name': 'x'}],\n"
                "           'query-migrate-capabilities': [{'capability': 'zero-copy-send'}], "
                "'query-migrate-parameters': {'a': 1},\n"
                "           'query-tpm-models': ['tpm-tis'], 'query-tpm-types': ['emulator'],\n"
                "           'query-gic-capabilities': [{'version': 2, 'emulated': True}],\n"
                "           'query-qmp-schema': [{'name': 'dump-skeys', 'meta-type': 'command', "
                "'arg-type': '0'}]}\n"
                "patience = None\n"
                "%s\n"
                "peer = socket.socket(fileno=fd)\n"
                "def say(x): peer.sendall((json.dumps(x) + '\\n').encode())\n"
                "say({'QMP': {'version': version, 'capabilities': []}})\n"
                "decoder, text = json.JSONDecoder(), ''\n"
                "while True:\n"
                "    text = (text + peer.recv(65536).decode()).lstrip()\n"
                "    while text:\n"
                "        q, end = decoder.raw_decode(text)\n"
                "        text = text[end:].lstrip()\n"
                "        if patience == 0: sys.exit('gone')\n"
                "        patience = patience and patience - 1\n"
                "        a = answers.get(q['execute'])\n"
                "        e = {'error': {'class': 'GenericError', 'desc': 'no'}} if a is None "
                "else {'return': a}\n"
                "        say(e | ({'id': q['id']} if 'id' in q else {}))\n",
                answers);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
        return g_steal_pointer(&path);
}

static void test_liars(Fixture *f, const void *data)
{
        /* clang-format off */
        static const struct {
                const char *name, *answers;
                VbError code; /* _VB_ERROR_MAX: it is believed */
                const char *text;
        } liars[] = {
                { "honest", "", _VB_ERROR_MAX, NULL },
                { "old", "version['qemu']['major'] = 5", VB_ERROR_UNSUPPORTED, "6.2 or newer is supported" },
                { "very-old", "version['qemu'] |= {'major': 2, 'minor': 11}; answers = {'query-version': version, 'qmp_capabilities': {}}",
                  VB_ERROR_UNSUPPORTED, "is QEMU 2.11.0; 6.2 or newer is supported" },
                { "nearly", "version['qemu'] |= {'major': 6, 'minor': 1}", VB_ERROR_UNSUPPORTED, "6.2 or newer" },
                { "oldest", "version['qemu'] |= {'major': 6, 'minor': 2}", _VB_ERROR_MAX, NULL },
                { "other-target", "answers['query-target'] = {'arch': 'arm'}", VB_ERROR_UNSUPPORTED, "armv7l" },
                { "no-version", "answers['query-version'] = None", VB_ERROR_EMULATOR_FAILED, "query-version" },
                { "odd-version", "version['qemu']['major'] = '7'", VB_ERROR_EMULATOR_FAILED, "" },
                { "odd-target", "answers['query-target'] = ['x86_64']", VB_ERROR_EMULATOR_FAILED, "query-target" },
                { "no-machines", "answers['query-machines'] = []", VB_ERROR_UNSUPPORTED, "no machine type" },
                { "odd-machines", "answers['query-machines'] = {'name': 'q35'}", VB_ERROR_EMULATOR_FAILED,
                  "query-machines" },
                { "mixed-machines", "answers['query-machines'] += [7, {}, {'name': 7}, {'name': 'a\\nb'}]", _VB_ERROR_MAX,
                  NULL },
                { "many-machines", "answers['query-machines'] *= 5000", VB_ERROR_EMULATOR_FAILED, "query-machines" },
                { "no-properties", "answers['qom-list'] = None", VB_ERROR_EMULATOR_FAILED, "properties" },
                { "odd-properties", "answers['qom-list'] = [7, [], {'name': 'x', 'type': 'child<'}, {'name': 'x', 'type': 7}]",
                  _VB_ERROR_MAX, NULL },
                { "no-tree", "answers['human-monitor-command'] = None", VB_ERROR_EMULATOR_FAILED, "made of" },
                { "empty-tree", "answers['human-monitor-command'] = ''", VB_ERROR_EMULATOR_FAILED, "no device tree" },
                { "no-text-tree", "answers['human-monitor-command'] = ['bus: a']", VB_ERROR_EMULATOR_FAILED, "made of" },
                { "odd-tree", "answers['human-monitor-command'] = '  dev: a, id \"\"'", VB_ERROR_EMULATOR_FAILED, "made of" },
                { "odd-names", "answers['human-monitor-command'] += '  dev: \\x1b[31m, id \"\"'", VB_ERROR_EMULATOR_FAILED,
                  "made of" },
                { "deep-tree", "answers['human-monitor-command'] += ' ' * 200 + 'bus: x'", VB_ERROR_EMULATOR_FAILED,
                  "made of" },
                { "endless-tree", "answers['human-monitor-command'] += '  dev: x, id \"\"\\n' * 10000",
                  VB_ERROR_EMULATOR_FAILED, "than any machine" },
                { "odd-pci", "answers['query-pci'] = [{'devices': [{'slot': -1, 'function': 99, 'class_info': 0}]}]",
                  _VB_ERROR_MAX, NULL },
        };
        /* clang-format on */

        for (gsize i = 0; i < G_N_ELEMENTS(liars); i++) {
                g_autofree char *path = make_liar(f, liars[i].name, liars[i].answers);
                g_auto(Answer) answer = { 0 };

                g_test_message("%s", liars[i].name);
                if (liars[i].code != _VB_ERROR_MAX) {
                        assert_fails(f, path, "q35", liars[i].code, liars[i].text);
                        continue;
                }
                query(f, path, "q35", &answer);
                g_assert_no_error(answer.error);
        }
}

/* All that is known, in an order of its own. */
static char *describe_emulator(const VbEmulatorFacts *facts)
{
        GString *text = g_string_new(NULL);

        g_string_append_printf(text, "%s %u, %u machines, %u models, schema %d", facts->arch, facts->version,
                               facts->machines->len, facts->cpu_models->len,
                               facts->schema && vb_qmp_schema_has(facts->schema, "dump-skeys"));
        for (gsize i = 0; i < _VB_FACT_MAX; i++)
                g_string_append_printf(text, ", %u %s", g_hash_table_size(facts->words[i]),
                                       vb_fact_kind_to_string((VbFactKind) i));
        return g_string_free(text, FALSE);
}

/* Ends after any number of answers: what it had not said by then is unknown, not absent. */
static void test_gone_in_the_middle(Fixture *f, const void *data)
{
        g_autofree char *flag = g_build_filename(f->directory, "flag", NULL), *expected = NULL;
        g_autofree char *code = g_strdup_printf("import os\n"
                                                "flag = '%s'\n"
                                                "if os.path.exists(flag): patience = int(open(flag).read())",
                                                flag);
        g_autofree char *honest = make_liar(f, "honest", "");
        g_auto(Answer) answer = { 0 };
        guint failures = 0;

        query(f, honest, "q35", &answer);
        g_assert_no_error(answer.error);
        expected = describe_emulator(answer.emulator);
        for (guint patience = 0;; patience++) {
                g_autofree char *path = make_liar(f, "goes", code);
                g_autofree char *number = g_strdup_printf("%u", patience), *got = NULL;

                g_assert_true(g_file_set_contents(flag, number, -1, NULL));
                query(f, path, "q35", &answer);
                g_assert_cmpint(g_unlink(flag), ==, 0);
                if (!answer.error)
                        break;
                failures++;
                g_assert_error(answer.error, VB_ERROR, VB_ERROR_EMULATOR_FAILED);
                new_prober(f);
                query(f, path, "q35", &answer);
                g_assert_no_error(answer.error);
                got = describe_emulator(answer.emulator);
                g_assert_cmpstr(got, ==, expected);
                g_assert_cmpint(g_unlink(path), ==, 0);
        }
        /* The longest session has more questions than capabilities have rows of properties. */
        g_assert_cmpuint(failures, >, 15);
}

/* However much an emulator has to say, its file stays small, and what fits is kept. */
static void test_talkative(Fixture *f, const void *data)
{
        g_autofree char *path =
                make_liar(f, "talkative",
                          "answers['query-cpu-definitions'] = [{'name': f'{i:0250}', 'typename': f'{i:0250}'}"
                          " for i in range(2048)]");
        g_auto(Answer) answer = { 0 };
        g_autofree char *directory =
                geteuid() == 0 ? g_build_filename(f->cache, "owner-0", NULL) : g_strdup(f->cache);
        g_autofree char *file = vb_facts_cache_path(directory, path);
        struct stat st;

        query(f, path, "q35", &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(answer.emulator->cpu_models->len, ==, 2048);
        new_prober(f);
        g_assert_cmpint(stat(file, &st), ==, 0);
        g_assert_cmpint(st.st_size, <=, 1 << 20);
        query(f, path, "q35", &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(answer.emulator->cpu_models->len, ==, 2048);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 1);
}

int main(int argc, char **argv)
{
        /* clang-format off */
        static const Case cases[] = {
                { "/probe/fakes", test_fakes },
                { "/probe/no-emulator", test_no_emulator },
                { "/probe/liars", test_liars },
                { "/probe/gone-in-the-middle", test_gone_in_the_middle },
                { "/probe/talkative", test_talkative },
        };
        /* clang-format on */

        return run_cases(argc, argv, cases, G_N_ELEMENTS(cases));
}
