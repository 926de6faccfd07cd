/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file per emulator and user of it. It is only ever a shortcut: what is odd about a file makes it as good
 * as missing, and it is written anew after the next probe. */
#include "qemu/facts-record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/durable.h"
#include "util/fd.h"
#include "util/log.h"

/* Emulators are named by users' XML, in any number of ways each: of more files in a directory than this, the
 * oldest go. */
#define FILES_MAX 64

#define FILE_PREFIX "emulator-"

static char *file_name(const char *emulator)
{
        g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, emulator, -1);

        return g_strdup_printf(FILE_PREFIX "%.16s.json", digest);
}

char *vb_facts_cache_path(const char *directory, const char *emulator)
{
        g_autofree char *name = file_name(emulator);

        return g_build_filename(directory, name, NULL);
}

/* Nobody else could have written it. */
static bool is_ours(const struct stat *st)
{
        return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_directory(const char *directory)
{
        vb_autoclose int dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        return dir >= 0 && fstat(dir, &st) == 0 && is_ours(&st) ? vb_steal_fd(&dir) : -1;
}

/* NULL if there is no such file of ours. */
static char *read_file(const char *directory, const char *name, gsize *ret_length)
{
        vb_autoclose int dir = open_directory(directory);
        vb_autoclose int fd = -1;
        g_autofree char *text = NULL;
        gsize length = 0;
        struct stat st;

        if (dir >= 0)
                fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_ours(&st) || st.st_size <= 0 ||
            st.st_size > VB_FACTS_CACHE_FILE_MAX)
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

bool vb_facts_cache_load(VbFactsRecord *record)
{
        g_autofree char *name = file_name(record->path), *text = NULL;
        gsize length = 0;

        if (record->directory)
                text = read_file(record->directory, name, &length);
        if (!text)
                return false;
        if (vb_facts_record_from_json(record, text, length))
                return true;
        vb_log_debug("%s/%s is stale or damaged; %s will be asked again", record->directory, name,
                     record->path);
        return false;
}

/* A directory that is not ours is left to whoever it belongs to. */
static bool make_directory(const char *directory)
{
        vb_autoclose int dir = -1;

        if (g_mkdir_with_parents(directory, 0700) < 0)
                return false;
        dir = open_directory(directory);
        if (dir < 0)
                errno = EPERM;
        return dir >= 0;
}

typedef struct {
        char *name;
        struct timespec mtime;
} Entry;

static void entry_clear(void *data)
{
        g_free(((Entry *) data)->name);
}

static int compare_age(const void *a, const void *b)
{
        const Entry *x = a, *y = b;

        if (x->mtime.tv_sec != y->mtime.tv_sec)
                return x->mtime.tv_sec < y->mtime.tv_sec ? -1 : 1;
        return x->mtime.tv_nsec < y->mtime.tv_nsec ? -1 : x->mtime.tv_nsec > y->mtime.tv_nsec;
}

/* For one more file, called @name. */
static void make_room(const char *directory, const char *name)
{
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Entry));
        const char *other = NULL;

        g_array_set_clear_func(entries, entry_clear);
        while (dir && (other = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(directory, other, NULL);
                struct stat st;
                Entry entry = { 0 };

                if (!g_str_has_prefix(other, FILE_PREFIX) || g_str_equal(other, name) || lstat(path, &st) < 0)
                        continue;
                entry = (Entry){ g_strdup(other), st.st_mtim };
                g_array_append_val(entries, entry);
        }
        g_array_sort(entries, compare_age);
        for (guint i = 0; i + FILES_MAX <= entries->len; i++) {
                g_autofree char *path =
                        g_build_filename(directory, g_array_index(entries, Entry, i).name, NULL);

                (void) unlink(path);
        }
}

/* What is left out is asked again by each run of the service. */
static void leave_out_detail(VbFactsRecord *record)
{
        g_autoptr(VbEmulatorFacts) none = vb_emulator_facts_new();
        g_autoptr(VbEmulatorFacts) old = record->emulator;

        record->emulator = vb_emulator_facts_copy(old);
        vb_emulator_facts_take_detail(record->emulator, none);
}

static void leave_out_machines(VbFactsRecord *record)
{
        g_hash_table_remove_all(record->machines);
}

/* NULL if it is too long even with everything left out that can be. */
static char *short_text(VbFactsRecord *record)
{
        static void (*const leave_out[])(VbFactsRecord *) = { leave_out_detail, leave_out_machines };
        g_autofree char *text = vb_facts_record_to_json(record);

        for (gsize i = 0; i < G_N_ELEMENTS(leave_out) && strlen(text) > VB_FACTS_CACHE_FILE_MAX; i++) {
                leave_out[i](record);
                g_free(text);
                text = vb_facts_record_to_json(record);
        }
        return strlen(text) > VB_FACTS_CACHE_FILE_MAX ? NULL : g_steal_pointer(&text);
}

static void save_text(const char *directory, const char *name, const char *text)
{
        g_autoptr(GError) error = NULL;

        make_room(directory, name);
        if (!vb_durable_write_now(directory, name, text, &error))
                vb_log_debug("%s", error->message);
}

void vb_facts_cache_save(const VbFactsRecord *record)
{
        g_autoptr(VbFactsRecord) snapshot = vb_facts_record_snapshot(record);
        g_autofree char *name = file_name(record->path), *text = short_text(snapshot);

        if (!text)
                vb_log_debug("What is known of %s is too long to be kept", record->path);
        else if (!make_directory(record->directory))
                vb_log_debug("%s cannot be written to: %s", record->directory, g_strerror(errno));
        else
                save_text(record->directory, name, text);
}
