/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <float.h>
#include <string.h>

#include "util/error.h"
#include "util/json.h"

static void test_getters(void)
{
        const char *text =
                " {\"o\":{},\"a\":[],\"s\":\"x\",\"t\":true,\"i\":-7,\"m\":9223372036854775807,"
                "\"u\":18446744073709551615,\"d\":1.5,\"e\":1e999,\"n\":null,\"z\":\"a\\u0000b\"} \n";
        g_autoptr(GError) error = NULL;
        g_autoptr(json_object) object = vb_json_parse(NULL, text, strlen(text), &error);
        json_object *value = NULL;
        const char *string = "untouched";
        int64_t integer = 1;
        uint64_t natural = 1;
        double number = 1;
        bool truth = false;

        g_assert_no_error(error);
        g_assert_true(vb_json_get_object(object, "o", &value));
        g_assert_true(vb_json_get_array(object, "a", &value));
        g_assert_false(vb_json_get_object(object, "a", &value));
        g_assert_false(vb_json_get_array(object, "o", &value));
        g_assert_true(vb_json_get_bool(object, "t", &truth) && truth);
        g_assert_false(vb_json_get_bool(object, "i", &truth));

        g_assert_false(vb_json_get_string(object, "z", &string));
        g_assert_false(vb_json_get_string(object, "n", &string));
        g_assert_false(vb_json_get_string(object, "i", &string));
        g_assert_false(vb_json_get_string(object, "missing", &string));
        g_assert_false(vb_json_get_string(value, "s", &string));
        g_assert_false(vb_json_get_string(NULL, "s", &string));
        g_assert_cmpstr(string, ==, "untouched");
        g_assert_true(vb_json_get_string(object, "s", &string));
        g_assert_cmpstr(string, ==, "x");

        g_assert_false(vb_json_get_int64(object, "u", &integer));
        g_assert_false(vb_json_get_int64(object, "d", &integer));
        g_assert_false(vb_json_get_int64(object, "s", &integer));
        g_assert_cmpint(integer, ==, 1);
        g_assert_true(vb_json_get_int64(object, "i", &integer));
        g_assert_cmpint(integer, ==, -7);
        g_assert_true(vb_json_get_int64(object, "m", &integer));
        g_assert_cmpint(integer, ==, INT64_MAX);

        g_assert_false(vb_json_get_uint64(object, "i", &natural));
        g_assert_cmpuint(natural, ==, 1);
        g_assert_true(vb_json_get_uint64(object, "u", &natural));
        g_assert_cmpuint(natural, ==, UINT64_MAX);

        g_assert_false(vb_json_get_double(object, "e", &number));
        g_assert_false(vb_json_get_double(object, "s", &number));
        g_assert_cmpfloat(number, ==, 1);
        g_assert_true(vb_json_get_double(object, "d", &number));
        g_assert_cmpfloat(number, ==, 1.5);
        g_assert_true(vb_json_get_double(object, "i", &number));
        g_assert_cmpfloat(number, ==, -7);
}

static void test_refused(void)
{
        static const char *const texts[] = {
                "",           " ",           "null",      "1",          "\"x\"",          "{",
                "{\"a\":1}}", "{} {}",       "[1,]",      "{\"a\"}",    "{a:1}",          "[01]",
                "[TRUE]",     "[1] /* x */", "[\"\\x\"]", "[\"\xff\"]", "[\"\xc0\x80\"]", "\xef\xbb\xbf[]",
        };
        json_tokener *tokener = vb_json_tokener_new();

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(json_object) again = NULL;

                g_assert_null(vb_json_parse(tokener, texts[i], strlen(texts[i]), &error));
                g_assert_error(error, VB_ERROR, VB_ERROR_INVALID_ARGS);
                /* The tokener is as good as new. */
                again = vb_json_parse(tokener, "[1]", 3, NULL);
                g_assert_nonnull(again);
        }
        g_assert_null(vb_json_parse(tokener, "[]\0", 3, NULL));
        json_tokener_free(tokener);
}

static json_object *parse_repeated(const char *start, const char *unit, size_t n, const char *end,
                                   GError **error)
{
        g_autoptr(GString) text = g_string_new(start);

        for (size_t i = 0; i < n; i++)
                g_string_append(text, unit);
        g_string_append(text, end);
        return vb_json_parse(NULL, text->str, text->len, error);
}

static void test_limits(void)
{
        g_autoptr(json_object) most = parse_repeated("[0", ",{}", VB_JSON_VALUES_MAX / 2 - 2, "]", NULL);
        g_autoptr(json_object) text = parse_repeated("[\"", ",\\\"[{'", VB_JSON_VALUES_MAX, "\"]", NULL);
        g_autoptr(GError) values = NULL;
        g_autoptr(GError) quotes = NULL;
        g_autoptr(GError) depth = NULL;

        g_assert_nonnull(most);
        g_assert_nonnull(text);
        g_assert_null(parse_repeated("[0", ",0", VB_JSON_VALUES_MAX, "]", &values));
        g_assert_cmpstr(values->message, ==, "invalid JSON: more than 65536 values");
        g_assert_null(parse_repeated("{'\"':[0", ",0", VB_JSON_VALUES_MAX, "]}", &quotes));
        g_assert_cmpstr(quotes->message, ==, "invalid JSON: single quotes");
        g_assert_null(parse_repeated("", "[", VB_JSON_DEPTH_MAX + 1, "", &depth));
        g_assert_nonnull(strstr(depth->message, "too deep"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/json/getters", test_getters);
        g_test_add_func("/json/refused", test_refused);
        g_test_add_func("/json/limits", test_limits);
        return g_test_run();
}
