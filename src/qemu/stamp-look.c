/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stamp by way of another process: written to a pipe there, read here with a limit of time and size. */
#include "qemu/stamp-look.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/own-program.h"
#include "util/error.h"
#include "util/fd.h"

#define LOOK_USEC (5 * G_TIME_SPAN_SECOND)
#define SIZE_MAX_BYTES (64U << 10)

/* Until the other end is closed; NULL if it takes too long, or is too much. */
static GByteArray *read_all(int fd)
{
        g_autoptr(GByteArray) data = g_byte_array_new();
        gint64 end = g_get_monotonic_time() + LOOK_USEC;

        for (;;) {
                gint64 left = end - g_get_monotonic_time();
                struct pollfd ready = { .fd = fd, .events = POLLIN };
                guint8 buffer[4096];
                ssize_t n;

                if (left <= 0 || poll(&ready, 1, (int) (left / 1000) + 1) < 0)
                        return NULL;
                if (!ready.revents)
                        continue;
                n = read(fd, buffer, sizeof(buffer));
                if (n == 0)
                        return g_steal_pointer(&data);
                if (n < 0 || data->len + (gsize) n > SIZE_MAX_BYTES)
                        return NULL;
                g_byte_array_append(data, buffer, (guint) n);
        }
}

static VbFactsStamp *read_stamp(const GByteArray *data, const char *path, GError **error)
{
        g_autoptr(GBytes) bytes = data ? g_bytes_new(data->data, data->len) : NULL;
        VbFactsStamp *stamp = NULL;

        if (!data)
                vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                             "The emulator %s cannot be looked at: its file system does not answer", path);
        else if (data->len > 1 && data->data[0] == '!' && data->data[data->len - 1] == '\0' &&
                 g_utf8_validate((const char *) data->data, -1, NULL))
                vb_error_set(error, VB_ERROR_NO_EMULATOR, "%s", (const char *) data->data + 1);
        else if (!(stamp = vb_facts_stamp_from_bytes(path, bytes)))
                vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                             "The emulator %s cannot be looked at as its owner", path);
        return stamp;
}

VbFactsStamp *vb_stamp_look_as(const VbIdentity *identity, const char *path, GError **error)
{
        g_autoptr(GByteArray) data = NULL;
        g_autofree char *number = NULL;
        vb_autoclose int from = -1, to = -1;
        VbChild child = { .pidfd = -1 };
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0) {
                vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, errno,
                                   "The emulator %s cannot be looked at", path);
                return NULL;
        }
        from = ends[0];
        to = ends[1];
        number = g_strdup_printf("%d", to);
        if (!vb_own_program_start((const char *const[]){ VB_STAMP_LOOK_ARGUMENT, path, number, NULL },
                                  identity, (const int[]){ to, -1 }, &child, error))
                return NULL;
        vb_clear_fd(&to);
        data = read_all(from);
        vb_own_program_wait_end(&child, identity ? identity->uid : 0);
        return read_stamp(data, path, error);
}

/* The process. A message begins with what no stamp begins with. */
int vb_stamp_look_main(int argc, char **argv)
{
        g_autoptr(VbFactsStamp) stamp = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = NULL;
        bool trusted;
        gsize size;
        const char *data;

        if (argc != 4)
                return EXIT_FAILURE;
        stamp = vb_facts_stamp_take(argv[2], &trusted, &error);
        if (stamp) {
                bytes = vb_facts_stamp_to_bytes(stamp);
        } else {
                g_autofree char *text = g_strconcat("!", error->message, NULL);

                bytes = g_bytes_new(text, strlen(text) + 1);
        }
        data = g_bytes_get_data(bytes, &size);
        return write(atoi(argv[3]), data, size) == (ssize_t) size ? EXIT_SUCCESS : EXIT_FAILURE;
}
