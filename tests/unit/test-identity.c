/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users of processes: those that are looked up, those that are reserved, and what they may open. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/identity.h"
#include "host/uid-pool.h"
#include "util/error.h"

static void test_labels(void)
{
        static const struct {
                const char *label;
                uid_t uid;
                gid_t gid;
        } rows[] = {
                { "root:root", 0, 0 },
                { "root", 0, 0 },
                { "+0:+12", 0, 12 },
                { "+4200000000:+4200000001", 4200000000, 4200000001 },
                { "+4200000000", 4200000000, 4200000000 },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(VbIdentity) identity = vb_identity_new_for_label(rows[i].label, &error);
                g_autofree char *label = NULL, *expected = NULL;

                g_assert_no_error(error);
                g_assert_cmpuint(identity->uid, ==, rows[i].uid);
                g_assert_cmpuint(identity->gid, ==, rows[i].gid);
                label = vb_identity_label(identity);
                expected = g_strdup_printf("+%u:+%u", rows[i].uid, rows[i].gid);
                g_assert_cmpstr(label, ==, expected);
        }
}

static void test_wrong_labels(void)
{
        static const char *const labels[] = {
                "",   ":root", "nobody-of-that-name", "root:no-group-of-that-name",
                "+",  "+x:+0", "+4294967295:+0",      "+0:+4294967295",
                "+-1"
        };

        for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(vb_identity_new_for_label(labels[i], &error));
                g_assert_error(error, VB_ERROR, VB_ERROR_ACCESS_DENIED);
        }
}

/* Each has one to itself, the same again after a stop, and those of an earlier run are not given twice. */
static void test_pool(void)
{
        g_autoptr(VbUidPool) pool = vb_uid_pool_new(1000, 1004), after = vb_uid_pool_new(1000, 1004);
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        g_autoptr(GError) error = NULL;
        uid_t uid, again;

        for (uint32_t number = 1; number <= 4; number++) {
                g_assert_true(vb_uid_pool_take(pool, number * 4, &uid, NULL));
                g_assert_cmpuint(uid, >, 1000);
                g_assert_cmpuint(uid, <=, 1004);
                g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(uid)));
        }
        g_assert_false(vb_uid_pool_take(pool, 9, &again, &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_LIMITS_EXCEEDED);
        vb_uid_pool_release(pool, uid);
        g_assert_true(vb_uid_pool_take(pool, 16, &again, NULL));
        g_assert_cmpuint(again, ==, uid);
        g_assert_cmpuint(vb_uid_pool_group(pool), ==, 1000);

        vb_uid_pool_claim(after, 1002);
        vb_uid_pool_claim(after, 0);
        vb_uid_pool_claim(after, 1005);
        for (uint32_t number = 1; number <= 3; number++) {
                g_assert_true(vb_uid_pool_take(after, number, &uid, NULL));
                g_assert_cmpuint(uid, !=, 1002);
        }
        g_assert_false(vb_uid_pool_take(after, 1, &uid, NULL));
}

static void set_list(const char *path, const struct posix_acl_xattr_entry *lines, gsize n)
{
        struct posix_acl_xattr_header header = { GUINT32_TO_LE(POSIX_ACL_XATTR_VERSION) };
        g_autoptr(GByteArray) value = g_byte_array_new();

        g_byte_array_append(value, (const void *) &header, sizeof header);
        g_byte_array_append(value, (const void *) lines, (guint) (n * sizeof *lines));
        g_assert_cmpint(setxattr(path, "system.posix_acl_access", value->data, value->len, 0), ==, 0);
}

static bool may(const char *path, uid_t uid, gid_t gid, gid_t group)
{
        g_autoptr(VbIdentity) identity = vb_identity_new(uid, gid);

        vb_identity_add_group(identity, group);
        vb_identity_add_group(identity, group);
        g_assert_cmpuint(identity->n_groups, <=, 1);
        return vb_identity_may(identity, path, R_OK | W_OK);
}

static void test_may_use(void)
{
        static const struct posix_acl_xattr_entry lines[] = {
                { ACL_USER_OBJ, ACL_READ | ACL_WRITE, 0 },
                { ACL_USER, ACL_READ | ACL_WRITE, 4001 },
                { ACL_USER, ACL_READ, 4002 },
                { ACL_GROUP_OBJ, ACL_READ | ACL_WRITE, 0 },
                { ACL_GROUP, ACL_READ | ACL_WRITE, 4003 },
                { ACL_MASK, ACL_READ | ACL_WRITE, 0 },
                { ACL_OTHER, 0, 0 },
        };
        g_autofree char *path = NULL;
        int fd = g_file_open_tmp("virtbus-test-XXXXXX", &path, NULL);
        struct stat st;

        g_assert_cmpint(fstat(fd, &st), ==, 0);
        close(fd);
        g_assert_cmpint(chmod(path, 0660), ==, 0);
        g_assert_true(may(path, 0, 0, 0));
        g_assert_true(may(path, 5000, st.st_gid, 5000));
        g_assert_true(may(path, 5000, 5000, st.st_gid));
        g_assert_false(may(path, 5000, 5000, 5001));
        g_assert_cmpint(chmod(path, 0606), ==, 0);
        g_assert_false(may(path, 5000, st.st_gid, 5000));
        g_assert_true(may(path, 5000, 5000, 5001));

        set_list(path, lines, G_N_ELEMENTS(lines));
        g_assert_true(may(path, 4001, 5000, 5001));
        g_assert_false(may(path, 4002, 4003, 5001));
        g_assert_true(may(path, 5000, 5000, 4003));
        g_assert_true(may(path, 5000, 5000, st.st_gid));
        g_assert_false(may(path, 5000, 5000, 5001));
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_false(may(path, 4001, 5000, 5001));
}

/* In a mount namespace of its own: a group that half the company is in, and a user who is in all of them. */
static void test_large_database(void)
{
        g_autofree char *directory = NULL, *path = NULL;
        g_autoptr(GString) text = g_string_new("root:x:0:\n");
        g_autoptr(VbIdentity) identity = NULL, root = NULL;
        g_autoptr(GError) error = NULL;

        if (geteuid() != 0) {
                g_test_skip("only root mounts a user database");
                return;
        }
        if (!g_test_subprocess()) {
                g_test_trap_subprocess(NULL, 0, 0);
                g_test_trap_assert_passed();
                return;
        }
        directory = g_dir_make_tmp("virtbus-test-XXXXXX", NULL);
        path = g_build_filename(directory, "group", NULL);
        for (int i = 0; i < 300; i++)
                g_string_append_printf(text, "group%d:x:%d:root\n", i, 70000 + i);
        g_string_append(text, "everybody:x:80000:root");
        for (int i = 0; i < 20000; i++)
                g_string_append_printf(text, ",employee%d", i);
        g_string_append_c(text, '\n');
        g_assert_true(g_file_set_contents(path, text->str, (gssize) text->len, NULL));
        g_assert_cmpint(unshare(CLONE_NEWNS), ==, 0);
        g_assert_cmpint(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), ==, 0);
        g_assert_cmpint(mount(path, "/etc/group", NULL, MS_BIND, NULL), ==, 0);
        g_assert_cmpint(g_remove(path), ==, 0);
        g_assert_cmpint(g_remove(directory), ==, 0);

        identity = vb_identity_new_for_label("root:everybody", &error);
        g_assert_no_error(error);
        g_assert_cmpuint(identity->gid, ==, 80000);
        root = vb_identity_new_for_uid(0, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(root->n_groups, ==, 302);
        g_assert_cmpuint(root->groups[301], ==, 80000);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/identity/labels", test_labels);
        g_test_add_func("/identity/wrong-labels", test_wrong_labels);
        g_test_add_func("/identity/large-database", test_large_database);
        g_test_add_func("/identity/pool", test_pool);
        g_test_add_func("/identity/may-use", test_may_use);
        return g_test_run();
}
