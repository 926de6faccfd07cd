/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that were started with a mark in their environment, found in /proc: for those of which nothing
 * else is known any more. */
#include "host/marked.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/spawn.h"
#include "util/fd.h"

/* One that starts another while we look is gone when we look again. */
#define PASSES_MAX 8

bool vb_process_uid(pid_t pid, uid_t *ret)
{
        g_autofree char *path = g_strdup_printf("/proc/%d/status", (int) pid);
        g_autofree char *status = NULL;
        const char *line;
        unsigned uid;

        /* Its name is on the first line, where a line break is escaped. */
        if (!g_file_get_contents(path, &status, NULL, NULL) || !(line = strstr(status, "\nUid:")) ||
            sscanf(line, "\nUid: %u", &uid) != 1)
                return false;
        *ret = (uid_t) uid;
        return true;
}

static bool has_mark(pid_t pid, const char *mark)
{
        g_autofree char *path = g_strdup_printf("/proc/%d/environ", (int) pid);
        g_autofree char *environment = NULL;
        gsize length;

        if (!g_file_get_contents(path, &environment, &length, NULL))
                return false;
        for (const char *p = environment; p < environment + length; p += strlen(p) + 1)
                if (g_str_has_prefix(p, VB_SPAWN_MARK "=") &&
                    g_str_equal(p + strlen(VB_SPAWN_MARK "="), mark))
                        return true;
        return false;
}

static bool is_match(pid_t pid, const char *mark, uid_t uid)
{
        uid_t own;

        return pid != getpid() && vb_process_uid(pid, &own) && (own == uid || own == geteuid()) &&
               has_mark(pid, mark);
}

/* Their pidfds, each opened before its process was looked at, and closed with the array. */
static GArray *find(const char *mark, uid_t uid)
{
        g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
        GArray *found = g_array_new(FALSE, FALSE, sizeof(int));
        const char *name;
        uint64_t pid;

        g_array_set_clear_func(found, (GDestroyNotify) vb_clear_fd);
        while (processes && (name = g_dir_read_name(processes))) {
                vb_autoclose int pidfd = -1;

                if (!g_ascii_string_to_unsigned(name, 10, 2, G_MAXINT, &pid, NULL))
                        continue;
                pidfd = vb_pidfd_open((pid_t) pid);
                if (pidfd >= 0 && is_match((pid_t) pid, mark, uid)) {
                        g_array_append_val(found, pidfd);
                        pidfd = -1;
                }
        }
        return found;
}

bool vb_marked_kill(const char *mark, uid_t uid, unsigned wait_msec, guint *ret_n)
{
        gint64 end = g_get_monotonic_time() + (gint64) wait_msec * 1000;
        bool gone = true, none = false;
        guint n = 0;

        for (int pass = 0; gone && !none && pass < PASSES_MAX; pass++) {
                g_autoptr(GArray) found = find(mark, uid);

                for (guint i = 0; i < found->len; i++)
                        (void) vb_pidfd_send_signal(g_array_index(found, int, i), SIGKILL);
                for (guint i = 0; i < found->len; i++)
                        gone &= vb_pidfd_wait(g_array_index(found, int, i), end);
                n += found->len;
                none = found->len == 0;
        }
        if (ret_n)
                *ret_n = n;
        return gone && none;
}
