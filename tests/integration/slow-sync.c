/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be preloaded into the service: a disk whose syncs are slow, or stuck until a test lets them go.
 *
 * VIRTBUS_SYNC_USEC: every sync takes that much longer.
 * VIRTBUS_SYNC_GATE: while this file exists, the first sync of a file whose path contains VIRTBUS_SYNC_MATCH, or with a
 *                    "$" behind it ends with that, waits; that it does is told by a file of the same name with ".reached". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void pause_usec(unsigned long usec)
{
        struct timespec left = { .tv_sec = usec / 1000000, .tv_nsec = usec % 1000000 * 1000 };

        while (nanosleep(&left, &left) < 0)
                ;
}

static int matches(const char *path, const char *match)
{
        size_t length = strlen(match), have = strlen(path);

        if (length == 0 || match[length - 1] != '$')
                return strstr(path, match) != NULL;
        length--;
        return have >= length && strncmp(path + have - length, match, length) == 0;
}

static void gate(int fd)
{
        static atomic_flag taken = ATOMIC_FLAG_INIT;
        const char *path = getenv("VIRTBUS_SYNC_GATE"), *match = getenv("VIRTBUS_SYNC_MATCH");
        char link[64], target[4096], reached[4096];
        ssize_t length;
        int mark;

        if (!path || access(path, F_OK) < 0)
                return;
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        length = readlink(link, target, sizeof(target) - 1);
        if (length < 0)
                return;
        target[length] = '\0';
        if (match && !matches(target, match))
                return;
        if (atomic_flag_test_and_set(&taken))
                return;

        snprintf(reached, sizeof(reached), "%s.reached", path);
        mark = open(reached, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (mark >= 0)
                close(mark);
        while (access(path, F_OK) == 0)
                pause_usec(1000);
}

static int slow(const char *name, int fd)
{
        const char *usec = getenv("VIRTBUS_SYNC_USEC");
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

        if (usec)
                pause_usec(strtoul(usec, NULL, 10));
        gate(fd);
        return real(fd);
}

int fsync(int fd)
{
        return slow("fsync", fd);
}

int fdatasync(int fd)
{
        return slow("fdatasync", fd);
}

int syncfs(int fd)
{
        return slow("syncfs", fd);
}
