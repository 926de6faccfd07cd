/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets for a start: descriptors, of files or of memory that nobody else sees. */
#include "ctl/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/terminal.h"
#include "util/fd.h"

#define PROMPTED_MAX 1024

static void secret_clear(gpointer data)
{
        VbCtlSecret *secret = data;

        g_free(secret->name);
        vb_clear_fd(&secret->fd);
}

/* A line that is not shown while it is typed. The question comes when the terminal is ready: what is typed before is
 * thrown away. The number of bytes, or -errno. */
static ssize_t read_hidden(int terminal, const char *name, char *buffer, size_t size)
{
        ssize_t n = vb_ctl_terminal_hide(terminal);

        if (n < 0)
                return n;
        n = dprintf(terminal, "Secret '%s': ", name) < 0 ? -1 : read(terminal, buffer, size);
        if (n < 0)
                n = -errno;
        vb_ctl_terminal_restore();
        return n > 0 && buffer[n - 1] == '\n' ? n - 1 : n == 0 ? -ENODATA : n;
}

static int ask(const char *name, GError **error)
{
        vb_autoclose int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
        vb_autoclose int memory = memfd_create("secret", MFD_CLOEXEC);
        char buffer[PROMPTED_MAX];
        ssize_t n = terminal < 0 || memory < 0 ? -errno : read_hidden(terminal, name, buffer, sizeof buffer);

        if (n >= 0 && (write(memory, buffer, (size_t) n) != n || lseek(memory, 0, SEEK_SET) < 0))
                n = -errno;
        explicit_bzero(buffer, sizeof buffer);
        if (n >= 0)
                return vb_steal_fd(&memory);
        vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "the secret '%s' cannot be asked for on the terminal: %s", name,
                    n == -ENODATA ? "nothing was typed" : g_strerror((int) -n));
        return -1;
}

static int open_secret(const char *name, const char *value, GError **error)
{
        int fd;

        if (g_str_equal(value, "prompt"))
                return ask(name, error);
        fd = g_str_equal(value, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                     : open(value, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "%s: %s", value, g_strerror(errno));
        return fd;
}

GArray *vb_ctl_secrets_open(const GPtrArray *arguments, GError **error)
{
        g_autoptr(GArray) secrets = g_array_new(FALSE, FALSE, sizeof(VbCtlSecret));

        g_array_set_clear_func(secrets, secret_clear);
        for (guint i = 0; arguments && i < arguments->len; i++) {
                const char *argument = arguments->pdata[i], *value = strrchr(argument, '=');
                VbCtlSecret secret;

                if (!value || value == argument || !value[1]) {
                        vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "--secret is NAME=FILE, not '%s'", argument);
                        return NULL;
                }
                secret.name = g_strndup(argument, (gsize) (value - argument));
                secret.fd = open_secret(secret.name, value + 1, error);
                g_array_append_val(secrets, secret);
                if (secret.fd < 0)
                        return NULL;
        }
        return g_steal_pointer(&secrets);
}
