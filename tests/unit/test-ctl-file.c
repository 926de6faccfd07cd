/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions on their way to the service, and its errors on their way back to a line of the file. */
#include "ctl/ctl.h"
#include "ctl/file.h"

#include <glib/gstdio.h>

typedef struct {
        char *directory;
        char *file;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
        fixture->directory = g_dir_make_tmp("virtbus-ctl-XXXXXX", NULL);
        fixture->file = g_build_filename(fixture->directory, "demo.xml", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        g_unlink(fixture->file);
        g_rmdir(fixture->directory);
        g_free(fixture->file);
        g_free(fixture->directory);
}

static void assert_refused(Fixture *fixture, const char *content, gssize length, const char *expected)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        g_autofree char *message = g_strconcat(fixture->file, expected, NULL);

        g_assert_true(g_file_set_contents(fixture->file, content, length, NULL));
        g_assert_false(vb_ctl_file_read(fixture->file, &text, &error));
        g_assert_error(error, VB_CTL_ERROR, VB_CTL_ERROR_LOCATED);
        g_assert_cmpstr(error->message, ==, message);
        g_assert_null(text);
}

static void test_read(Fixture *fixture, gconstpointer data)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        g_assert_true(g_file_set_contents(fixture->file, "<domain>é</domain>\n", -1, NULL));
        g_assert_true(vb_ctl_file_read(fixture->file, &text, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, "<domain>é</domain>\n");
}

static void test_refuses_other_text(Fixture *fixture, gconstpointer data)
{
        assert_refused(fixture, "a\nb\n\xe9", 5, ":3: not UTF-8 text; convert it with iconv(1)");
        assert_refused(fixture, "a\0b", 3, ":1: not UTF-8 text; convert it with iconv(1)");
}

static void test_refuses_large_files(Fixture *fixture, gconstpointer data)
{
        g_autofree char *content = g_strnfill(2 * 1024 * 1024 + 1, 'x');

        assert_refused(fixture, content, -1, ": larger than 2 MiB, which no definition is");
}

static void test_missing_file(Fixture *fixture, gconstpointer data)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        g_autofree char *message = g_strconcat(fixture->file, ": No such file or directory", NULL);

        g_assert_false(vb_ctl_file_read(fixture->file, &text, &error));
        g_assert_error(error, VB_CTL_ERROR, VB_CTL_ERROR_LOCATED);
        g_assert_cmpstr(error->message, ==, message);
}

static void assert_located(const char *file, const char *message, VbCtlError code, const char *expected)
{
        g_autoptr(GError) error = g_error_new_literal(VB_CTL_ERROR, VB_CTL_ERROR_FAILED, message);

        vb_ctl_file_locate(file, error);
        g_assert_cmpstr(error->message, ==, expected);
        g_assert_cmpint(error->code, ==, code);
}

static void test_locate(Fixture *fixture, gconstpointer data)
{
        assert_located("a.xml", "line 12: no: such", VB_CTL_ERROR_LOCATED, "a.xml:12: no: such");
        assert_located("-", "line 1: x", VB_CTL_ERROR_LOCATED, "<stdin>:1: x");
        assert_located("a.xml", "line 12 is wrong", VB_CTL_ERROR_FAILED, "line 12 is wrong");
        assert_located("a.xml", "in line 3: x", VB_CTL_ERROR_FAILED, "in line 3: x");
        assert_located("a.xml", "name is taken", VB_CTL_ERROR_FAILED, "name is taken");
}

#define ADD(name, function) g_test_add("/ctl-file/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("read", test_read);
        ADD("refuses-other-text", test_refuses_other_text);
        ADD("refuses-large-files", test_refuses_large_files);
        ADD("missing-file", test_missing_file);
        ADD("locate", test_locate);
        return g_test_run();
}
