/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The threads of a process: which processors they run on, and how they are scheduled. */
#include "host/threads.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/error.h"

static bool check_owner(pid_t pid, pid_t tid, GError **error)
{
        g_autofree char *path = g_strdup_printf("/proc/%d/task/%d", pid, tid);

        return (tid > 0 && access(path, F_OK) == 0) ||
               vb_error_set(error, VB_ERROR_EMULATOR_FAILED, "%d is not a thread of process %d", tid, pid);
}

bool vb_thread_pin(pid_t pid, pid_t tid, const uint64_t *mask, gsize n_words, GError **error)
{
        if (!check_owner(pid, tid, error))
                return false;
        /* Not glibc's: its sets end at 1024. */
        if (syscall(SYS_sched_setaffinity, tid, n_words * sizeof(*mask), mask) == 0)
                return true;
        return vb_error_set_errno(error, VB_ERROR_UNSUPPORTED, errno,
                                  errno == EINVAL
                                          ? "the host has none of these processors, or none of them is "
                                            "left to the service"
                                          : "the thread cannot be kept on these processors");
}

bool vb_thread_schedule(pid_t pid, pid_t tid, int policy, int priority, GError **error)
{
        const struct sched_param parameters = { .sched_priority = priority };

        if (!check_owner(pid, tid, error))
                return false;
        if (sched_setscheduler(tid, policy, &parameters) == 0)
                return true;
        return vb_error_set_errno(error, VB_ERROR_UNSUPPORTED, errno,
                                  errno == EPERM ? "the scheduler cannot be chosen without CAP_SYS_NICE"
                                                 : "the scheduler cannot be chosen");
}

GArray *vb_threads_of(pid_t pid)
{
        GArray *threads = g_array_new(FALSE, FALSE, sizeof(pid_t));
        g_autofree char *path = g_strdup_printf("/proc/%d/task", pid);
        g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
        const char *name;

        while (directory && (name = g_dir_read_name(directory))) {
                pid_t tid = atoi(name);

                if (tid > 0)
                        g_array_append_val(threads, tid);
        }
        return threads;
}
