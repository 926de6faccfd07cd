/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the configuration says about limits. */
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "domain/limits.h"
#include "util/error.h"

#define SOMEBODY 12345

static VbLimits *read_limits(const char *text, GError **error)
{
        g_autoptr(GKeyFile) file = g_key_file_new();

        g_assert_true(g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL));
        return vb_limits_new(file, error);
}

static void test_everybody_has_limits_but_root(void)
{
        VbLimit limit = vb_limits_of(NULL, SOMEBODY), root = vb_limits_of(NULL, 0);
        VbLimit own = vb_limits_of(NULL, geteuid());

        g_assert_cmpuint(limit.domains, <, VB_UNLIMITED);
        g_assert_cmpuint(limit.running, <, VB_UNLIMITED);
        g_assert_cmpuint(limit.memory, <, VB_UNLIMITED);
        g_assert_cmpuint(limit.memory, >, 0);
        g_assert_cmpuint(limit.devices, <, VB_UNLIMITED);
        g_assert_cmpuint(limit.calls, <, VB_UNLIMITED);
        g_assert_cmpuint(root.domains, ==, VB_UNLIMITED);
        g_assert_cmpuint(root.calls, ==, VB_UNLIMITED);
        g_assert_cmpuint(own.memory, ==, VB_UNLIMITED);
}

static void test_what_is_said_counts(void)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbLimits) limits = read_limits("[network x]\nbridge=br0\n"
                                                 "[limits]\ndomains=5\nmemory=3G\nrunning=unlimited\n"
                                                 "[limits 12345]\nmemory=512M\ndevices=0\n"
                                                 "[limits root]\ncalls=9\n",
                                                 &error);
        VbLimit one, other, root;

        g_assert_no_error(error);
        one = vb_limits_of(limits, SOMEBODY);
        other = vb_limits_of(limits, SOMEBODY + 1);
        root = vb_limits_of(limits, 0);
        g_assert_cmpuint(other.domains, ==, 5);
        g_assert_cmpuint(other.memory, ==, (uint64_t) 3 << 30);
        g_assert_cmpuint(other.running, ==, VB_UNLIMITED);
        g_assert_cmpuint(other.devices, ==, vb_limits_of(NULL, SOMEBODY).devices);
        g_assert_cmpuint(one.domains, ==, 5);
        g_assert_cmpuint(one.memory, ==, 512 << 20);
        g_assert_cmpuint(one.devices, ==, 0);
        g_assert_cmpuint(root.domains, ==, VB_UNLIMITED);
        g_assert_cmpuint(root.calls, ==, 9);
}

static void test_wrong(void)
{
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "[limits]\ndomain=1\n", "[limits]: domain= is not known" },
                { "[limits]\ndomains=many\n", "[limits]: domains=many: it is a number, or unlimited" },
                { "[limits]\ndomains=-1\n", "domains=-1" },
                { "[limits]\ndomains=1K\n", "domains=1K" },
                { "[limits]\ndomains=\n", "domains=" },
                { "[limits]\nmemory=1X\n", "memory=1X: it is a number of bytes" },
                { "[limits]\nmemory=G\n", "memory=G" },
                { "[limits]\nmemory=99999999999999T\n", "memory=" },
                { "[limits]\nmemory=18446744073709551616\n", "memory=" },
                { "[limits no-such-user]\nmemory=1G\n", "[limits no-such-user]: there is no such user" },
                { "[limits ]\nmemory=1G\n", "there is no such user" },
                { "[limits 4294967295]\nmemory=1G\n", "there is no such user" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(VbLimits) limits = read_limits(cases[i].text, &error);

                g_test_message("%s", cases[i].text);
                g_assert_null(limits);
                g_assert_error(error, VB_ERROR, VB_ERROR_INVALID_ARGS);
                g_assert_nonnull(strstr(error->message, cases[i].message));
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/limits/everybody-has-limits-but-root", test_everybody_has_limits_but_root);
        g_test_add_func("/limits/what-is-said-counts", test_what_is_said_counts);
        g_test_add_func("/limits/wrong", test_wrong);
        return g_test_run();
}
