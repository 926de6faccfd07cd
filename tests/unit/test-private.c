/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What domains keep between their runs: whose it is, how much of it there may be, and its labels. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "host/label-models.h"
#include "host/private.h"
#include "host/remove.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct {
        char *path;
        int state;
} Fixture;

static void set_up(Fixture *self, gconstpointer data)
{
        self->path = g_dir_make_tmp("virtbus-test-XXXXXX", NULL);
        self->state = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(self->state, >=, 0);
}

static void tear_down(Fixture *self, gconstpointer data)
{
        vb_remove_below(self->state);
        close(self->state);
        g_assert_cmpint(g_rmdir(self->path), ==, 0);
        g_free(self->path);
}

static uid_t owner_of(int dir, const char *name)
{
        struct stat st;

        g_assert_cmpint(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
        return st.st_uid;
}

/* A new run may be somebody else's: what was there is given over, but nothing by a link. */
static void test_changes_hands(Fixture *self, gconstpointer data)
{
        vb_autoclose int dir = -1, again = -1, tpm = -1;
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody();
        g_autofree char *outside = g_build_filename(self->path, "outside", NULL);
        g_autoptr(GError) error = NULL;

        if (geteuid() != 0) {
                g_test_skip("only root gives files away");
                return;
        }
        dir = vb_private_open(self->state, 7, NULL, 0, &error);
        g_assert_no_error(error);
        g_assert_true(g_file_set_contents(outside, "x", 1, NULL));
        g_assert_cmpint(symlinkat(outside, dir, "link"), ==, 0);
        g_assert_cmpint(linkat(AT_FDCWD, outside, dir, "second-name", 0), ==, 0);
        g_assert_cmpint(mknodat(dir, "file", S_IFREG | 0600, 0), ==, 0);
        tpm = vb_private_open_below(dir, "tpm", NULL, &error);
        g_assert_cmpint(mknodat(tpm, "state", S_IFREG | 0600, 0), ==, 0);

        again = vb_private_open(self->state, 7, nobody, 0, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(owner_of(again, "."), ==, nobody->uid);
        g_assert_cmpuint(owner_of(again, "file"), ==, nobody->uid);
        g_assert_cmpuint(owner_of(tpm, "state"), ==, nobody->uid);
        g_assert_cmpuint(owner_of(self->state, "outside"), ==, 0);
}

static mode_t mode_of(int fd)
{
        struct stat st;

        g_assert_cmpint(fstat(fd, &st), ==, 0);
        return st.st_mode & 07777;
}

/* Whatever the guest has made of it. */
static void test_is_taken_back(Fixture *self, gconstpointer data)
{
        vb_autoclose int dir = -1, again = -1, nested = -1;
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody(), other = vb_identity_new(65533, 65533);
        g_autofree char *mounted = g_build_filename(self->path, "domains/7/private/mounted", NULL);
        g_autoptr(GError) error = NULL;

        if (geteuid() != 0) {
                g_test_skip("only root gives files away");
                return;
        }
        dir = vb_private_open(self->state, 7, nobody, 0, &error);
        g_assert_no_error(error);
        g_assert_cmpint(fchmod(dir, 0777), ==, 0);
        nested = dup(dir);
        for (int i = 0; i < 6; i++) {
                int below;

                g_assert_cmpint(mkdirat(nested, "deeper", 0777), ==, 0);
                below = openat(nested, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                g_assert_cmpint(fchown(below, nobody->uid, nobody->gid), ==, 0);
                close(nested);
                nested = below;
        }
        g_assert_cmpint(mknodat(nested, "file", S_IFREG | 0600, 0), ==, 0);
        g_assert_true(vb_private_take_back(self->state, 7, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(owner_of(dir, "."), ==, 0);
        g_assert_cmpuint(mode_of(dir), ==, 0700);

        /* The next one to have it gets what is in it, but for what is mounted there. */
        g_assert_cmpint(mkdir(mounted, 0755), ==, 0);
        g_assert_cmpint(unshare(CLONE_NEWNS), ==, 0);
        g_assert_cmpint(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), ==, 0);
        g_assert_cmpint(mount("none", mounted, "tmpfs", 0, NULL), ==, 0);
        close(self->state);
        self->state = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        again = vb_private_open(self->state, 7, other, 0, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(owner_of(again, "mounted"), ==, 0);
        g_assert_cmpint(umount(mounted), ==, 0);
        g_assert_cmpuint(owner_of(again, "mounted"), ==, 0);
        g_assert_cmpuint(owner_of(again, "."), ==, other->uid);
        g_assert_cmpuint(owner_of(again, "deeper"), ==, other->uid);
        g_assert_cmpuint(owner_of(nested, "file"), ==, other->uid);
        g_assert_cmpuint(mode_of(again), ==, 0700);
        g_assert_true(vb_private_take_back(self->state, 8, &error));
}

/* Of a file that its user may have put anything in the place of. */
static void test_files(Fixture *self, gconstpointer data)
{
        vb_autoclose int dir = vb_private_open(self->state, 7, NULL, 0, NULL), made = -1, again = -1, opened = -1;
        static const struct {
                const char *what;
                mode_t type;
        } others[] = { { "a fifo", S_IFIFO }, { "a socket", S_IFSOCK } };
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody();
        g_autoptr(GError) error = NULL;
        uint64_t size = 0;

        g_assert_cmpint(symlinkat("elsewhere", dir, "file"), ==, 0);
        made = vb_private_make_file(dir, "file", NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpint(write(made, "12345", 5), ==, 5);
        g_assert_cmpint(faccessat(dir, "elsewhere", F_OK, 0), <, 0);
        opened = vb_private_open_file(dir, "file", NULL, &size, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(size, ==, 5);

        g_assert_cmpint(vb_private_open_file(dir, "file", nobody, &size, &error), ==, -1);
        g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
        g_clear_error(&error);
        g_assert_cmpint(linkat(dir, "file", dir, "other", 0), ==, 0);
        g_assert_cmpint(vb_private_open_file(dir, "file", NULL, &size, &error), ==, -1);
        g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
        g_clear_error(&error);

        /* One that is made anew is not the one that others have a name of. */
        again = vb_private_make_file(dir, "file", NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpint(unlinkat(dir, "file", 0), ==, 0);
        g_assert_cmpint(symlinkat("other", dir, "file"), ==, 0);
        g_assert_cmpint(vb_private_open_file(dir, "file", NULL, &size, &error), ==, -1);
        g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
        g_clear_error(&error);
        for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
                g_test_message("%s", others[i].what);
                g_assert_cmpint(unlinkat(dir, "file", 0), ==, 0);
                g_assert_cmpint(mknodat(dir, "file", others[i].type | 0600, 0), ==, 0);
                g_assert_cmpint(vb_private_open_file(dir, "file", NULL, &size, &error), ==, -1);
                g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
                g_clear_error(&error);
        }
        g_assert_cmpint(unlinkat(dir, "file", 0), ==, 0);
        g_assert_cmpint(mkdirat(dir, "file", 0700), ==, 0);
        g_assert_cmpint(vb_private_make_file(dir, "file", NULL, &error), ==, -1);
        g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
        g_clear_error(&error);

        if (geteuid() != 0)
                return;
        close(vb_private_make_file(dir, "theirs", nobody, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(owner_of(dir, "theirs"), ==, nobody->uid);
}

/* More than anybody keeps there, made to keep the service busy. */
static void test_is_too_full(Fixture *self, gconstpointer data)
{
        vb_autoclose int dir = -1;
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody();
        g_autoptr(GError) error = NULL, deep = NULL;

        if (geteuid() != 0) {
                g_test_skip("only root gives files away");
                return;
        }
        dir = vb_private_open(self->state, 7, NULL, 0, &error);
        for (int i = 0; i < 300; i++) {
                g_autofree char *name = g_strdup_printf("file-%d", i);

                g_assert_cmpint(mknodat(dir, name, S_IFREG | 0600, 0), ==, 0);
        }
        g_assert_cmpint(vb_private_open(self->state, 7, nobody, 0, &error), ==, -1);
        g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
        g_assert_nonnull(strstr(error->message, "domains/7/private has more than 256 files"));
        g_assert_cmpuint(owner_of(dir, "."), ==, 0);
        vb_clear_fd(&dir);
        dir = vb_private_open(self->state, 8, NULL, 0, &deep);
        for (int i = 0; i < 20; i++) {
                int below;

                g_assert_cmpint(mkdirat(dir, "deeper", 0700), ==, 0);
                below = openat(dir, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                close(dir);
                dir = below;
        }
        g_assert_cmpint(vb_private_open(self->state, 8, nobody, 0, &deep), ==, -1);
        g_assert_nonnull(strstr(deep->message, "folders more than 8 deep"));
}

static void test_has_a_size(Fixture *self, gconstpointer data)
{
        vb_autoclose int dir = -1, below = -1, file = -1;
        g_autoptr(GError) error = NULL;

        dir = vb_private_open(self->state, 7, NULL, 0, &error);
        below = vb_private_open_below(dir, "tpm", NULL, &error);
        file = openat(below, "large", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        g_assert_cmpint(file, >=, 0);
        /* What is not there is not counted. */
        g_assert_cmpint(ftruncate(file, (off_t) VB_PRIVATE_SIZE_MAX * 2), ==, 0);
        vb_clear_fd(&dir);
        dir = vb_private_open(self->state, 7, NULL, 0, &error);
        g_assert_no_error(error);
        g_assert_cmpint(posix_fallocate(file, 0, (off_t) VB_PRIVATE_SIZE_MAX + 4096), ==, 0);
        g_assert_cmpint(vb_private_open(self->state, 7, NULL, 0, &error), ==, -1);
        g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
        g_assert_nonnull(strstr(error->message, "domains/7/private holds 2684"));
        g_assert_nonnull(strstr(error->message, "may keep 268435456"));
        g_assert_cmpint(ftruncate(file, 4096), ==, 0);
        g_clear_error(&error);
        vb_clear_fd(&dir);
        dir = vb_private_open(self->state, 7, NULL, 0, &error);
        g_assert_no_error(error);
}

#if VB_HAVE_SELINUX
static int set_context(int fd, const void *context)
{
        return vb_label_model_selinux.set(fd, context);
}

static char *context_of(int dir, const char *name)
{
        vb_autoclose int fd = openat(dir, name, O_PATH | O_CLOEXEC);

        return vb_label_model_selinux.get(fd);
}

/* The kernel keeps contexts of files also where it does not look at them. */
static void test_is_labelled(Fixture *self, gconstpointer data)
{
        static const char *const contexts[] = { "system_u:object_r:svirt_image_t:s0:c1,c2",
                                                "system_u:object_r:svirt_image_t:s0:c3,c4" };
        static const char *const names[] = { ".", "nvram.fd", "tpm", "tpm/tpm2-00.permall" };
        vb_autoclose int dir = -1, below = -1;

        if (geteuid() != 0) {
                g_test_skip("only root labels files");
                return;
        }
        dir = vb_private_open(self->state, 7, NULL, 0, NULL);
        below = vb_private_open_below(dir, "tpm", NULL, NULL);
        g_assert_cmpint(mknodat(dir, "nvram.fd", S_IFREG | 0600, 0), ==, 0);
        g_assert_cmpint(mknodat(below, "tpm2-00.permall", S_IFREG | 0600, 0), ==, 0);
        g_assert_cmpint(mknodat(dir, "named", S_IFREG | 0600, 0), ==, 0);
        g_assert_cmpint(linkat(dir, "named", dir, "named-too", 0), ==, 0);
        g_assert_cmpint(symlinkat("nvram.fd", dir, "link"), ==, 0);
        for (gsize i = 0; i < G_N_ELEMENTS(contexts); i++) {
                g_assert_cmpint(vb_private_set_each(dir, set_context, contexts[i]), ==, 0);
                for (gsize k = 0; k < G_N_ELEMENTS(names); k++) {
                        g_autofree char *context = context_of(dir, names[k]);

                        g_assert_cmpstr(context, ==, contexts[i]);
                }
                g_assert_null(context_of(dir, "named"));
        }
}
#endif

#define ADD(name, function) g_test_add("/private/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("changes-hands", test_changes_hands);
        ADD("is-taken-back", test_is_taken_back);
        ADD("is-too-full", test_is_too_full);
        ADD("has-a-size", test_has_a_size);
        ADD("files", test_files);
#if VB_HAVE_SELINUX
        ADD("is-labelled", test_is_labelled);
#endif
        return g_test_run();
}
