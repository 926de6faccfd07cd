/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking for files with the rights of another user. The paths go to a child of that user's in a memory file,
 * and what the child found comes back through a pipe. It is our own program that is executed, so that nothing
 * of our memory is in a process that the user may stop, kill or watch. What it answers is no more than what
 * the user could make happen anyway; how much, and for how long we wait, is bounded. */
#include "host/file-look.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file-check.h"
#include "host/identity-query.h"
#include "host/own-program.h"
#include "util/error.h"
#include "util/fd.h"

/* Far beyond what a network file system needs that works. */
#define LOOK_SECONDS 30

struct VbFileLook {
        VbIdentityQuery *query; /* under way */
        uid_t owner;
        guint n;
        int list_fd, answer_fd;
        VbChild child;
        guint answer_source, timeout_source;
        GByteArray *answers;
        VbFileLookDone done;
        void *userdata;
};

int vb_file_look_at(const char *path, bool usable)
{
        struct stat st;

        if (usable)
                return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0 ? errno : 0;
        return stat(path, &st) < 0 ? errno : 0;
}

/* The child is not waited for: it may hang where nothing can end it. */
static void look_free(VbFileLook *look)
{
        vb_identity_query_cancel(look->query);
        vb_own_program_leave(&look->child, look->owner);
        g_clear_handle_id(&look->answer_source, g_source_remove);
        g_clear_handle_id(&look->timeout_source, g_source_remove);
        vb_clear_fd(&look->list_fd);
        vb_clear_fd(&look->answer_fd);
        g_byte_array_unref(look->answers);
        g_free(look);
}

static void end(VbFileLook *look, const GError *error)
{
        look->done(error ? NULL : (const int32_t *) (const void *) look->answers->data, error,
                   look->userdata);
        look_free(look);
}

static void fail(VbFileLook *look, const char *why)
{
        g_autoptr(GError) error = NULL;

        vb_error_set(&error, VB_ERROR_STORAGE,
                     "the files cannot be looked for as user %u, who owns the domain: %s",
                     (unsigned) look->owner, why);
        end(look, error);
}

static gboolean on_timeout(gpointer userdata)
{
        VbFileLook *look = userdata;

        look->timeout_source = 0;
        fail(look, "a file system does not answer");
        return G_SOURCE_REMOVE;
}

static gboolean on_answer(int fd, GIOCondition condition, gpointer userdata)
{
        VbFileLook *look = userdata;
        gsize wanted = look->n * sizeof(int32_t);
        guint8 buffer[4096];
        ssize_t n = read(fd, buffer, MIN(sizeof(buffer), wanted - look->answers->len));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return G_SOURCE_CONTINUE;
        if (n > 0)
                g_byte_array_append(look->answers, buffer, (guint) n);
        if (n > 0 && look->answers->len < wanted)
                return G_SOURCE_CONTINUE;
        look->answer_source = 0;
        if (n > 0)
                end(look, NULL);
        else
                fail(look, "the process that was to look has ended");
        return G_SOURCE_REMOVE;
}

static bool spawn(VbFileLook *look, const VbIdentity *identity, GError **error)
{
        int ends[2];
        bool ok;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "a pipe cannot be made");
        g_autofree char *list = g_strdup_printf("%d", look->list_fd);
        g_autofree char *answer = g_strdup_printf("%d", ends[1]);

        look->answer_fd = ends[0];
        ok = vb_own_program_start((const char *const[]){ VB_FILE_CHECK_ARGUMENT, list, answer, NULL },
                                  identity, (const int[]){ look->list_fd, ends[1], -1 }, &look->child, error);
        close(ends[1]);
        if (!ok)
                return false;
        (void) fcntl(look->answer_fd, F_SETFL, O_NONBLOCK);
        look->answer_source = g_unix_fd_add(look->answer_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_answer, look);
        look->timeout_source = g_timeout_add_seconds(LOOK_SECONDS, on_timeout, look);
        return true;
}

static void on_identity(VbIdentity *found, const GError *problem, void *userdata)
{
        VbFileLook *look = userdata;
        g_autoptr(VbIdentity) identity = found;
        g_autoptr(GError) error = NULL;

        look->query = NULL;
        if (!identity)
                fail(look, problem->message);
        else if (!spawn(look, identity, &error) &&
                 g_error_matches(error, VB_ERROR, VB_ERROR_LIMITS_EXCEEDED))
                end(look, error);
        else if (error)
                fail(look, error->message);
}

/* Where nobody can write to it any more. */
static int make_list(const GByteArray *list)
{
        vb_autoclose int fd = memfd_create("files", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                return -errno;
        for (gsize done = 0; done < list->len;) {
                ssize_t n = write(fd, list->data + done, list->len - done);

                if (n < 0)
                        return -errno;
                done += (gsize) n;
        }
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;
        return vb_steal_fd(&fd);
}

static gboolean on_no_list(gpointer userdata)
{
        VbFileLook *look = userdata;

        look->timeout_source = 0;
        fail(look, "there is no memory for the list of them");
        return G_SOURCE_REMOVE;
}

VbFileLook *vb_file_look_start(uid_t owner, const GByteArray *list, guint n, VbFileLookDone done,
                               void *userdata)
{
        VbFileLook *look = g_new0(VbFileLook, 1);

        *look = (VbFileLook){ .owner = owner,
                              .n = n,
                              .list_fd = make_list(list),
                              .answer_fd = -1,
                              .child = { .pidfd = -1 },
                              .answers = g_byte_array_new(),
                              .done = done,
                              .userdata = userdata };
        if (look->list_fd < 0) {
                look->timeout_source = g_idle_add(on_no_list, look);
                return look;
        }
        look->query = vb_identity_query(owner, NULL, on_identity, look);
        return look;
}

void vb_file_look_cancel(VbFileLook *look)
{
        look_free(look);
}

/* The child. */
static bool write_answers(int fd, const int32_t *answers, gsize size)
{
        const char *data = (const char *) answers;

        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0)
                        return false;
                data += n;
                size -= (gsize) n;
        }
        return true;
}

int vb_file_check_main(int argc, char **argv)
{
        g_autoptr(GArray) answers = g_array_new(FALSE, FALSE, sizeof(int32_t));
        g_autoptr(GMappedFile) list = NULL;
        const char *at, *limit;

        if (argc != 4)
                return EXIT_FAILURE;
        list = g_mapped_file_new_from_fd(atoi(argv[2]), FALSE, NULL);
        if (!list)
                return EXIT_FAILURE;
        at = g_mapped_file_get_contents(list);
        limit = at + g_mapped_file_get_length(list);
        for (; at < limit; at += strlen(at) + 1) {
                int32_t answer = vb_file_look_at(at + 1, *at == 'u');

                g_array_append_val(answers, answer);
        }
        return write_answers(atoi(argv[3]), (const int32_t *) (const void *) answers->data,
                             answers->len * sizeof(int32_t))
                       ? EXIT_SUCCESS
                       : EXIT_FAILURE;
}
