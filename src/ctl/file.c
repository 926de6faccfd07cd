/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions on their way from a file to the bus, and errors on their way back to a line of it. */
#include "ctl/file.h"

#include "ctl/ctl.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* More than the service takes, so that it is the service that refuses, and little enough to be read by
 * mistake. */
#define FILE_SIZE_MAX (2 * 1024 * 1024)

static const char *shown_name(const char *name)
{
        return g_str_equal(name, "-") ? "<stdin>" : name;
}

static bool fail_file(GError **error, const char *name, int errnum)
{
        return vb_ctl_fail(error, VB_CTL_ERROR_LOCATED, "%s: %s", shown_name(name), g_strerror(errnum));
}

static int read_all(int fd, GString *content)
{
        char buffer[65536];
        ssize_t n;

        for (;;) {
                n = read(fd, buffer, sizeof buffer);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                if (content->len + (size_t) n > FILE_SIZE_MAX)
                        return -EFBIG;
                g_string_append_len(content, buffer, n);
        }
}

/* A string on the bus is UTF-8 without NUL. */
static bool check_text(const char *name, const GString *content, GError **error)
{
        const char *bad = NULL;
        int line = 1;

        if (g_utf8_validate(content->str, (gssize) content->len, &bad))
                return true;
        for (const char *p = content->str; p < bad; p++)
                if (*p == '\n')
                        line++;
        return vb_ctl_fail(error, VB_CTL_ERROR_LOCATED, "%s:%d: not UTF-8 text; convert it with iconv(1)",
                           shown_name(name), line);
}

bool vb_ctl_file_read(const char *name, char **ret, GError **error)
{
        g_autoptr(GString) content = g_string_new(NULL);
        vb_autoclose int opened = -1;
        int fd = STDIN_FILENO;
        int r;

        if (!g_str_equal(name, "-"))
                fd = opened = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return fail_file(error, name, errno);
        r = read_all(fd, content);
        if (r == -EFBIG)
                return vb_ctl_fail(error, VB_CTL_ERROR_LOCATED,
                                   "%s: larger than %d MiB, which no definition is", shown_name(name),
                                   FILE_SIZE_MAX / 1024 / 1024);
        if (r < 0)
                return fail_file(error, name, -r);
        if (!check_text(name, content, error))
                return false;
        *ret = g_string_free(g_steal_pointer(&content), FALSE);
        return true;
}

void vb_ctl_file_locate(const char *name, GError *error)
{
        char *message;
        unsigned line = 0;
        int length = 0;

        if (sscanf(error->message, "line %9u: %n", &line, &length) != 1 || length == 0)
                return;
        message = g_strdup_printf("%s:%u: %s", shown_name(name), line, error->message + length);
        g_free(error->message);
        error->message = message;
        error->code = VB_CTL_ERROR_LOCATED;
}
