/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Security labels where the kernel has none of the models, and what may be labelled at all. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/image.h"
#include "host/label.h"
#include "host/spawn.h"
#include "util/error.h"
#include "util/json.h"

typedef struct {
        char *directory;
} Fixture;

static char *below(const Fixture *fixture, const char *name)
{
        return g_build_filename(fixture->directory, name, NULL);
}

static void make_file(const Fixture *fixture, const char *name)
{
        g_autofree char *path = below(fixture, name);

        g_assert_true(g_file_set_contents(path, "x", 1, NULL));
}

static void make_directory(const Fixture *fixture, const char *name, mode_t mode)
{
        g_autofree char *path = below(fixture, name);

        g_assert_cmpint(mkdir(path, 0700), ==, 0);
        g_assert_cmpint(chmod(path, mode), ==, 0);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
        g_autofree char *link = NULL, *name = NULL, *file = NULL;

        fixture->directory = g_dir_make_tmp("virtbus-label-XXXXXX", NULL);
        g_assert_nonnull(fixture->directory);
        make_file(fixture, "plain");
        make_file(fixture, "named");
        make_directory(fixture, "open", 0777);
        make_file(fixture, "open/file");
        make_directory(fixture, "sticky", 01777);
        make_file(fixture, "sticky/file");
        make_directory(fixture, "sticky/folder", 0755);
        make_file(fixture, "sticky/folder/file");
        file = below(fixture, "named");
        name = below(fixture, "named-too");
        link = below(fixture, "link");
        g_assert_cmpint(linkat(AT_FDCWD, file, AT_FDCWD, name, 0), ==, 0);
        g_assert_cmpint(symlink("plain", link), ==, 0);
}

static void remove_all(const char *path)
{
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *child = g_build_filename(path, name, NULL);

                remove_all(child);
        }
        (void) remove(path);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        remove_all(fixture->directory);
        g_free(fixture->directory);
}

static void test_images(Fixture *fixture, gconstpointer data)
{
        /* clang-format off */
        static const struct {
                const char *name, *problem; /* NULL: it is opened */
        } cases[] = {
                { "plain", NULL },
                { "./plain", NULL },
                { "sticky/file", "where others may write" },
                { "sticky/folder/file", NULL },
                { "open/file", "below a directory that others" },
                { "named", NULL },
                { "link", "a symbolic link" },
                { "sticky/../plain", "\"..\"" },
                { "plain/more", "no directory" },
                { "open", "neither a file nor a device" },
        };
        /* clang-format on */
        g_autofree char *missing = below(fixture, "missing");
        const char *problem;

        /* Only what is root's is to be relied on. */
        for (gsize i = 0; i < G_N_ELEMENTS(cases) && geteuid() == 0; i++) {
                g_autofree char *path = below(fixture, cases[i].name);
                int fd = vb_image_open(path, false, &problem);

                g_test_message("%s: %d %s", path, fd, problem ? problem : "");
                if (cases[i].problem) {
                        g_assert_cmpint(fd, ==, -EPERM);
                        g_assert_nonnull(strstr(problem, cases[i].problem));
                } else {
                        g_assert_cmpint(fd, >=, 0);
                        g_assert_null(problem);
                        close(fd);
                }
        }
        g_assert_cmpint(vb_image_open(missing, false, &problem), ==, -ENOENT);
        g_assert_null(problem);
}

/* In a sticky directory, what is another's may be replaced by him. */
static void test_sticky(Fixture *fixture, gconstpointer data)
{
        g_autofree char *folder = below(fixture, "sticky/folder"), *path = below(fixture, "sticky/folder/file");
        const char *problem;

        if (geteuid() != 0) {
                g_test_skip("only root gives files away");
                return;
        }
        g_assert_cmpint(chown(folder, 65534, 65534), ==, 0);
        g_assert_cmpint(vb_image_open(path, false, &problem), ==, -EPERM);
        g_assert_nonnull(strstr(problem, "belongs to others there"));
}

static VbLabels *lend(const Fixture *fixture, const char *name, GError **error)
{
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody();
        VbLabelSubject subject = { .id = 7, .identity = nobody, .emulator = "/usr/bin/true", .room = "/r" };
        VbLabels *labels = vb_labels_new(&subject, NULL, 0, NULL);
        g_autofree char *path = below(fixture, name);

        g_assert_nonnull(labels);
        vb_labels_add_file(labels, path, VB_LABEL_READ_WRITE);
        if (vb_labels_apply(labels, error))
                return labels;
        vb_labels_release(labels);
        return NULL;
}

static uid_t owner_of(const Fixture *fixture, const char *name)
{
        g_autofree char *path = below(fixture, name);
        struct stat st;

        g_assert_cmpint(stat(path, &st), ==, 0);
        return st.st_uid;
}

/* A file with another name is not lent; one that the guest gives another name is given back all the same. */
static void test_several_names(Fixture *fixture, gconstpointer data)
{
        g_autofree char *plain = below(fixture, "plain"), *second = below(fixture, "second");
        g_autoptr(GError) error = NULL;
        VbLabels *labels;

        if (geteuid() != 0) {
                g_test_skip("only root gives files away");
                return;
        }
        g_assert_cmpint(chmod(fixture->directory, 0755), ==, 0);
        g_assert_null(lend(fixture, "named", &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_SECURITY_LABEL);
        g_assert_nonnull(strstr(error->message, "several names"));
        g_assert_cmpuint(owner_of(fixture, "named"), ==, 0);

        labels = lend(fixture, "plain", NULL);
        g_assert_nonnull(labels);
        g_assert_cmpuint(owner_of(fixture, "plain"), ==, 65534);
        g_assert_cmpint(linkat(AT_FDCWD, plain, AT_FDCWD, second, 0), ==, 0);
        vb_labels_release(labels);
        g_assert_cmpuint(owner_of(fixture, "plain"), ==, 0);
}

static const VbLabelSubject subject = {
        .id = 7, .emulator = "/usr/bin/true", .room = "/r", .private_dir = "/p"
};

/* An identity that is named is relied on; the rest is as the host has it. */
static void test_missing_model(void)
{
        VbLabelWish wish = {
                .model = "no-such-model", .type = VB_LABEL_STATIC, .relabel = true, .label = "x"
        };
        g_autoptr(GError) error = NULL, image_error = NULL;
        VbLabels *labels = vb_labels_new(&subject, &wish, 1, &error);

        g_assert_null(labels);
        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, "no-such-model"));
        wish.type = VB_LABEL_DYNAMIC;
        labels = vb_labels_new(&subject, &wish, 1, NULL);
        g_assert_nonnull(labels);
        vb_labels_add_file(labels, "/image", VB_LABEL_READ_WRITE);
        g_assert_true(vb_labels_override(labels, "/image", "no-such-model", NULL, NULL));
        g_assert_false(vb_labels_override(labels, "/image", "no-such-model", "x", &image_error));
        g_assert_error(image_error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        vb_labels_release(labels);
}

/* What is written down is read again, whatever is in it. */
static void test_save(void)
{
        VbLabelWish none = { .type = VB_LABEL_NONE };
        VbLabels *labels = vb_labels_new(&subject, &none, 1, NULL), *again;
        g_autoptr(json_object) saved = NULL, twice = NULL, rubbish = NULL;

        g_assert_cmpuint(vb_labels_list(labels)->len, ==, 0);
        vb_labels_add_file(labels, "/a", VB_LABEL_SHARED);
        g_assert_true(vb_labels_override(labels, "/a", "selinux", NULL, NULL));
        g_assert_true(vb_labels_apply(labels, NULL));
        saved = vb_labels_save(labels);
        again = vb_labels_load(&subject, saved);
        twice = vb_labels_save(again);
        g_assert_cmpstr(json_object_to_json_string(saved), ==, json_object_to_json_string(twice));
        g_assert_nonnull(strstr(json_object_to_json_string(saved), "\"\\/a\""));
        vb_labels_release(again);
        vb_labels_unref(labels);
        g_assert_null(vb_labels_load(&subject, NULL));
        rubbish = json_tokener_parse(
                "{\"labels\":[1,{\"model\":\"x\"}],\"files\":[{},{\"path\":\"/a\",\"access\":9}],"
                "\"marks\":[{\"model\":\"selinux\"}]}");
        labels = vb_labels_load(&subject, rubbish);
        g_assert_cmpuint(vb_labels_list(labels)->len, ==, 0);
        vb_labels_release(labels);
}

/* The child writes its label before it becomes the program, or does not become it. */
static void test_spawn(Fixture *fixture, gconstpointer data)
{
        static const char *const argv[] = { "/bin/true", NULL };
        g_autofree char *path = below(fixture, "plain"), *content = NULL;
        VbSpawn spawn = { .argv = argv, .stderr_fd = -1, .labels = { { path, "label" } }, .n_labels = 1 };
        g_autoptr(GError) error = NULL;
        VbChild child = { .pidfd = -1 };
        g_autofree char *how = NULL;

        g_assert_true(vb_spawn(&spawn, &child, NULL));
        g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
        g_assert_cmpstr(content, ==, "label");
        while (!vb_pidfd_reap(child.pidfd, &how))
                g_usleep(1000);
        close(child.pidfd);
        spawn.labels[0].path = "/nowhere";
        g_assert_false(vb_spawn(&spawn, &child, &error));
        g_assert_nonnull(strstr(error->message, "set its security label"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add("/label/images", Fixture, NULL, set_up, test_images, tear_down);
        g_test_add("/label/sticky", Fixture, NULL, set_up, test_sticky, tear_down);
        g_test_add("/label/several-names", Fixture, NULL, set_up, test_several_names, tear_down);
        g_test_add_func("/label/missing-model", test_missing_model);
        g_test_add_func("/label/save", test_save);
        g_test_add("/label/spawn", Fixture, NULL, set_up, test_spawn, tear_down);
        return g_test_run();
}
