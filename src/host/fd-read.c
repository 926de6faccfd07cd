/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of callers, read by a process of theirs. It writes into memory files that we have made, and
 * tells through a pipe of each how it went. What it says is not trusted: it can be stopped and changed by its
 * user, who could have given another descriptor as well. */
#include "host/fd-read.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/envelope.h"
#include "host/own-program.h"
#include "util/error.h"
#include "util/fd.h"

/* Longer than a person needs who pipes something in, who types it before. */
#define READ_SECONDS 10
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

struct VbFdRead {
        const GArray *sources; /* borrowed */
        gsize size_max;
        GArray *memory; /* int */
        int answer_fd;
        VbChild child;
        uid_t uid; /* the child's; 0: also our own */
        guint answer_source, timeout_source;
        GByteArray *answers; /* an errno for each source that is done with */
        VbFdReadDone done;
        void *userdata;
};

static void clear_memory(gpointer fd)
{
        vb_clear_fd(fd);
}

/* The child is not waited for: it may hang where nothing can end it. */
static void read_free(VbFdRead *read)
{
        vb_own_program_leave(&read->child, read->uid);
        g_clear_handle_id(&read->answer_source, g_source_remove);
        g_clear_handle_id(&read->timeout_source, g_source_remove);
        vb_clear_fd(&read->answer_fd);
        g_array_unref(read->memory);
        g_byte_array_unref(read->answers);
        g_free(read);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbFdRead, read_free)

void vb_fd_read_cancel(VbFdRead *read)
{
        if (read)
                read_free(read);
}

static const char *name_of(const VbFdRead *read, guint i)
{
        return g_array_index(read->sources, VbFdSource, i).what;
}

static void fail(VbFdRead *read, const GError *error)
{
        VbFdReadDone done = read->done;
        void *userdata = read->userdata;

        read_free(read);
        done(NULL, error, userdata);
}

/* Where it is now, which is also what it hangs at. */
static void fail_here(VbFdRead *read, VbError code, const char *format)
{
        g_autoptr(GError) error = NULL;
        guint at = MIN(read->answers->len / (guint) sizeof(int32_t), read->sources->len - 1);

        vb_error_set(&error, code, "%s %s", name_of(read, at), format);
        fail(read, error);
}

static gboolean on_timeout(gpointer userdata)
{
        VbFdRead *read = userdata;

        read->timeout_source = 0;
        fail_here(read, VB_ERROR_TIMEOUT,
                  "does not come to its end: whoever writes it has to close it within " G_STRINGIFY(
                          READ_SECONDS) " seconds");
        return G_SOURCE_REMOVE;
}

static bool check_answer(const VbFdRead *read, guint i, GError **error)
{
        int32_t problem;

        memcpy(&problem, read->answers->data + i * sizeof(problem), sizeof(problem));
        if (problem == EFBIG)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "%s has more than %" G_GSIZE_FORMAT " bytes", name_of(read, i),
                                    read->size_max);
        if (problem == EMEDIUMTYPE)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "%s is not a file, pipe or memfd that can be read", name_of(read, i));
        return problem == 0 || vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s cannot be read: %s",
                                            name_of(read, i), g_strerror(problem));
}

/* Nobody can write to it any more; not even the child's user, who may have taken it from the child. */
static bool close_memory(const VbFdRead *read, guint i, GError **error)
{
        int fd = g_array_index(read->memory, int, i);
        struct stat st;

        if (fcntl(fd, F_ADD_SEALS, SEALS) < 0 || fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be kept",
                                          name_of(read, i));
        return st.st_size <= (off_t) read->size_max ||
               vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s has more than %" G_GSIZE_FORMAT " bytes",
                            name_of(read, i), read->size_max);
}

static void succeed(VbFdRead *read)
{
        g_autoptr(GError) error = NULL;
        VbFdReadDone done = read->done;
        void *userdata = read->userdata;
        g_autofree int *memory = NULL;

        for (guint i = 0; i < read->sources->len; i++)
                if (!close_memory(read, i, &error)) {
                        fail(read, error);
                        return;
                }
        memory = g_memdup2(read->memory->data, read->memory->len * sizeof(int));
        g_array_set_clear_func(read->memory, NULL);
        read_free(read);
        done(memory, NULL, userdata);
}

static gboolean on_answer(int fd, GIOCondition condition, gpointer userdata)
{
        VbFdRead *self = userdata;
        gsize wanted = self->sources->len * sizeof(int32_t);
        guint before = self->answers->len / sizeof(int32_t);
        g_autoptr(GError) error = NULL;
        guint8 buffer[256];
        ssize_t n = read(fd, buffer, MIN(sizeof(buffer), wanted - self->answers->len));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return G_SOURCE_CONTINUE;
        if (n > 0)
                g_byte_array_append(self->answers, buffer, (guint) n);
        for (guint i = before; n > 0 && !error && i < self->answers->len / sizeof(int32_t); i++)
                (void) check_answer(self, i, &error);
        if (n > 0 && !error && self->answers->len < wanted)
                return G_SOURCE_CONTINUE;
        self->answer_source = 0;
        if (error)
                fail(self, error);
        else if (n > 0)
                succeed(self);
        else
                fail_here(self, VB_ERROR_STORAGE, "was not read: the process that was to do it has ended");
        return G_SOURCE_REMOVE;
}

/* Above those that a child sets itself; -errno. */
static int new_memory(void)
{
        vb_autoclose int fd = memfd_create("virtbus-secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

        return high < 0 ? -errno : high;
}

int vb_fd_sealed(const char *data, gsize size)
{
        vb_autoclose int fd = new_memory();

        if (fd < 0)
                return fd;
        if ((size > 0 && write(fd, data, size) != (ssize_t) size) || lseek(fd, 0, SEEK_SET) < 0 ||
            fcntl(fd, F_ADD_SEALS, SEALS) < 0)
                return -errno;
        return vb_steal_fd(&fd);
}

static void append_number(GPtrArray *argv, gsize number)
{
        g_ptr_array_add(argv, g_strdup_printf("%" G_GSIZE_FORMAT, number));
}

/* Memory for each, and what the child is told. */
static bool make_memory(VbFdRead *read, GPtrArray *argv, GArray *keep_fds, GError **error)
{
        for (guint i = 0; i < read->sources->len; i++) {
                int source = g_array_index(read->sources, VbFdSource, i).fd, fd = new_memory();

                if (fd < 0)
                        return vb_error_set_errno(error, VB_ERROR_STORAGE, -fd, "%s cannot be kept",
                                                  name_of(read, i));
                g_array_append_val(read->memory, fd);
                g_array_append_val(keep_fds, source);
                g_array_append_val(keep_fds, fd);
                append_number(argv, (gsize) source);
                append_number(argv, (gsize) fd);
        }
        return true;
}

static bool spawn(VbFdRead *read, const VbIdentity *identity, GError **error)
{
        g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GArray) keep_fds = g_array_new(FALSE, FALSE, sizeof(int));
        vb_autoclose int to = -1;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "a pipe cannot be made");
        read->answer_fd = ends[0];
        to = ends[1];
        g_array_append_val(keep_fds, to);
        g_ptr_array_add(argv, g_strdup(VB_FD_READ_ARGUMENT));
        append_number(argv, read->size_max);
        append_number(argv, (gsize) to);
        if (!make_memory(read, argv, keep_fds, error))
                return false;
        g_ptr_array_add(argv, NULL);
        g_array_append_val(keep_fds, (int){ -1 });
        if (!vb_own_program_start((const char *const *) argv->pdata, identity,
                                  (const int *) (const void *) keep_fds->data, &read->child, error))
                return false;
        (void) fcntl(read->answer_fd, F_SETFL, O_NONBLOCK);
        read->answer_source = g_unix_fd_add(read->answer_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_answer, read);
        read->timeout_source = g_timeout_add_seconds(READ_SECONDS, on_timeout, read);
        return true;
}

VbFdRead *vb_fd_read_start(const VbIdentity *identity, const GArray *sources, gsize size_max,
                           VbFdReadDone done, void *userdata, GError **error)
{
        g_autoptr(VbFdRead) read = g_new0(VbFdRead, 1);

        *read = (VbFdRead){ .sources = sources,
                            .size_max = size_max,
                            .memory = g_array_new(FALSE, FALSE, sizeof(int)),
                            .answer_fd = -1,
                            .child = { .pidfd = -1 },
                            .uid = identity ? identity->uid : 0,
                            .answers = g_byte_array_new(),
                            .done = done,
                            .userdata = userdata };
        g_array_set_clear_func(read->memory, clear_memory);
        return spawn(read, identity, error) ? g_steal_pointer(&read) : NULL;
}

/* The child. */

/* Up to its end: 0 or an errno. One byte more than there may be tells that there is more. */
static int copy(int envelope, int to, gsize size_max)
{
        int from = vb_envelope_open(envelope);
        char buffer[4096];
        struct stat st;
        gsize left = size_max;

        if (from < 0)
                return -from;
        if (fstat(from, &st) < 0)
                return errno;
        if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
                return EMEDIUMTYPE;
        for (;;) {
                struct pollfd wait = { .fd = from, .events = POLLIN };
                ssize_t n = read(from, buffer, sizeof(buffer));

                if (n == 0)
                        return 0;
                if (n < 0 && errno == EAGAIN)
                        n = poll(&wait, 1, -1) < 0 ? -1 : 0;
                if (n < 0 && errno != EINTR)
                        return errno;
                if (n > (ssize_t) left)
                        return EFBIG;
                if (n > 0 && write(to, buffer, (size_t) n) != n)
                        return errno;
                left -= n > 0 ? (gsize) n : 0;
        }
}

int vb_fd_read_main(int argc, char **argv)
{
        if (argc < 6 || argc % 2 != 0)
                return EXIT_FAILURE;
        for (int i = 4; i < argc; i += 2) {
                int32_t answer = copy(atoi(argv[i]), atoi(argv[i + 1]), strtoul(argv[2], NULL, 10));

                if (write(atoi(argv[3]), &answer, sizeof(answer)) != sizeof(answer))
                        return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
