/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only root can change is the same for everybody, and kept by its path; what a user has in a place of
 * his own is kept for him. */
#include "qemu/probe-records.h"

/* Binaries are named by users' XML: more than this many are forgotten, and read from their files again. */
#define RECORDS_MAX 64

struct VbProbeRecords {
        GHashTable *table; /* VbFactsRecord *, by place_key(), of which they hold one reference */
        VbWorker *worker;  /* borrowed */
};

VbProbeRecords *vb_probe_records_new(VbWorker *worker)
{
        VbProbeRecords *records = g_new0(VbProbeRecords, 1);

        records->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify) vb_facts_record_unref);
        records->worker = worker;
        return records;
}

void vb_probe_records_free(VbProbeRecords *records)
{
        g_hash_table_unref(records->table);
        g_free(records);
}

static char *place_key(bool trusted, uid_t owner, const char *path)
{
        return trusted ? g_strdup(path) : g_strdup_printf("%u %s", (unsigned) owner, path);
}

/* A look as a user does not tell whether only root can change what is there: a record of root's is believed
 * beside it for as long as nothing has changed. */
VbFactsRecord *vb_probe_records_find(const VbProbeRecords *records, const char *path, uid_t owner)
{
        g_autofree char *own = place_key(false, owner, path);
        VbFactsRecord *record = g_hash_table_lookup(records->table, path);

        if (record && (!vb_probe_place_is_foreign(path, owner) || vb_facts_stamp_is_current(record->stamp)))
                return record;
        return g_hash_table_lookup(records->table, own);
}

/* Not one of a file that has been replaced since. */
static bool is_known(const VbProbeRecords *records, const VbFactsRecord *record)
{
        GHashTableIter iter;
        void *known = NULL;

        g_hash_table_iter_init(&iter, records->table);
        while (g_hash_table_iter_next(&iter, NULL, &known))
                if (known == record)
                        return true;
        return false;
}

typedef struct {
        VbFactsRecord *record, *snapshot;
} Save;

static void save_free(void *data)
{
        Save *save = data;

        vb_facts_record_unref(save->record);
        vb_facts_record_unref(save->snapshot);
        g_free(save);
}

static void run_save(void *data)
{
        vb_facts_cache_save(((Save *) data)->snapshot);
}

static void on_saved(void *data, void *userdata)
{
        Save *save = data;

        save->record->saving = false;
        if (save->record->unsaved)
                vb_probe_records_save(userdata, save->record);
}

/* One at a time, so that the last one written is the newest. */
void vb_probe_records_save(VbProbeRecords *records, VbFactsRecord *record)
{
        Save *save = NULL;

        if (!record->directory || !record->emulator || !is_known(records, record))
                return;
        record->unsaved = record->saving;
        if (record->saving)
                return;
        record->saving = true;
        save = g_new0(Save, 1);
        save->record = vb_facts_record_ref(record);
        save->snapshot = vb_facts_record_snapshot(record);
        vb_worker_run(records->worker, run_save, on_saved, save, save_free, records);
}

void vb_probe_records_save_rest(VbProbeRecords *records)
{
        GHashTableIter iter;
        VbFactsRecord *record = NULL;

        g_hash_table_iter_init(&iter, records->table);
        while (g_hash_table_iter_next(&iter, NULL, (void **) &record))
                if (record->unsaved)
                        vb_facts_cache_save(record);
}

/* Whoever names many files makes nobody else's be forgotten before his own. */
static gboolean is_of_one_user(void *key, void *value, void *userdata)
{
        return !((VbFactsRecord *) value)->trusted;
}

void vb_probe_records_keep(VbProbeRecords *records, const VbProbePlace *place)
{
        VbFactsRecord *record = place->record;
        g_autofree char *key = place_key(record->trusted, place->owner, place->path);
        g_autofree char *other = place_key(!record->trusted, place->owner, place->path);
        const VbFactsRecord *old = g_hash_table_lookup(records->table, key);

        if (!vb_probe_place_is_foreign(place->path, place->owner))
                g_hash_table_remove(records->table, other);
        if (old && vb_facts_stamp_equal(old->stamp, record->stamp))
                return;
        if (g_hash_table_size(records->table) >= RECORDS_MAX)
                g_hash_table_foreach_remove(records->table, is_of_one_user, NULL);
        if (g_hash_table_size(records->table) >= RECORDS_MAX)
                g_hash_table_remove_all(records->table);
        g_hash_table_replace(records->table, g_steal_pointer(&key), vb_facts_record_ref(record));
}
