/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file per emulator. It is only ever a shortcut: what is odd about a file makes it as good as missing,
 * and it is written anew after the next probe. Not synced, because a torn file after a power cut is odd too.
 */
#include "qemu/facts-record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/log.h"

/* The largest emulators with all their machine types need a tenth of it. */
#define CACHE_FILE_MAX (1U << 20)

char *vb_facts_cache_path(const char *directory, const char *emulator)
{
        g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, emulator, -1);

        return g_strdup_printf("%s/emulator-%.16s.json", directory, digest);
}

/* NULL if there is no such file of ours. */
static char *read_file(const char *path, gsize *ret_length)
{
        vb_autoclose int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        g_autofree char *text = NULL;
        gsize length = 0;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
            (st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_size <= 0 || st.st_size > CACHE_FILE_MAX)
                return NULL;
        text = g_malloc((gsize) st.st_size);
        while (length < (gsize) st.st_size) {
                ssize_t n = read(fd, text + length, (gsize) st.st_size - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return NULL;
                length += (gsize) n;
        }
        *ret_length = length;
        return g_steal_pointer(&text);
}

bool vb_facts_cache_load(const char *directory, VbFactsRecord *record)
{
        g_autofree char *path = vb_facts_cache_path(directory, record->path);
        gsize length = 0;
        g_autofree char *text = read_file(path, &length);

        if (!text)
                return false;
        if (vb_facts_record_from_json(record, text, length))
                return true;
        vb_log_debug("%s is stale or damaged; %s will be asked again", path, record->path);
        return false;
}

static int write_all(int fd, const char *text)
{
        gsize left = strlen(text);

        while (left > 0) {
                ssize_t n = write(fd, text, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                left -= (gsize) n;
        }
        return 0;
}

void vb_facts_cache_save(const char *directory, const VbFactsRecord *record)
{
        g_autofree char *path = vb_facts_cache_path(directory, record->path);
        g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
        g_autofree char *text = vb_facts_record_to_json(record);
        vb_autoclose int fd = -1;
        int r = 0;

        if (g_mkdir_with_parents(directory, 0700) < 0 || (fd = mkostemp(temporary, O_CLOEXEC)) < 0) {
                vb_log_debug("%s cannot be written: %s", path, g_strerror(errno));
                return;
        }
        r = write_all(fd, text);
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0) {
                vb_log_debug("%s cannot be written: %s", path, g_strerror(-r));
                unlink(temporary);
        }
}
