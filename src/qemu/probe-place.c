/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who runs an emulator to ask it, and whose cache the answers go to. A service of root's runs none as root if
 * it can help it: what only root can have put there is run by a system user for whom nothing else is done,
 * and its answers are everybody's. Any other program is run by the user for whom it is asked, who could do so
 * himself, and what it says is believed for that user alone; for root's own domains that is root, who named
 * it. A service of a user's runs all as that user, and what only root can have put there for anybody. */
#include "qemu/probe-place.h"

#include <unistd.h>

#include "conf/host-resources.h"
#include "qemu/stamp-look.h"
#include "util/error.h"
#include "util/log.h"

VbProbePlace *vb_probe_place_new(const char *path, uid_t owner, const char *cache_dir)
{
        VbProbePlace *place = g_new0(VbProbePlace, 1);

        place->path = g_strdup(path);
        place->owner = owner;
        place->cache_dir = g_strdup(cache_dir);
        return place;
}

void vb_probe_place_free(VbProbePlace *place)
{
        if (!place)
                return;
        vb_facts_record_unref(place->record);
        g_clear_error(&place->error);
        g_free(place->path);
        g_free(place->cache_dir);
        g_free(place);
}

static VbIdentity *find_probe_user(void)
{
        static gint told;
        VbIdentity *identity = vb_identity_new_for_service(VB_PROBE_USER);

        if (identity)
                return identity;
        if (g_atomic_int_compare_and_exchange(&told, 0, 1))
                vb_log_info("There is no system user " VB_PROBE_USER
                            "; emulators are asked as nobody. systemd-sysusers makes it");
        return vb_identity_new_nobody();
}

static char *own_directory(const VbProbePlace *place)
{
        g_autofree char *name = g_strdup_printf("owner-%u", (unsigned) place->owner);

        return place->cache_dir ? g_build_filename(place->cache_dir, name, NULL) : NULL;
}

/* By its name alone: what leads elsewhere from the system's directories was put there by root. */
bool vb_probe_place_is_foreign(const char *path, uid_t owner)
{
        return geteuid() == 0 && owner != 0 && !vb_host_path_is_program(path);
}

static VbFactsStamp *look_as_owner(VbProbePlace *place)
{
        g_autoptr(VbIdentity) identity = vb_identity_new_for_uid(place->owner, &place->error);

        return identity ? vb_stamp_look_as(identity, place->path, &place->error) : NULL;
}

static bool choose_runner(const VbProbePlace *place, VbFactsRecord *record, GError **error)
{
        if (geteuid() != 0) {
                if (!record->trusted && place->owner != geteuid())
                        return vb_error_set(error, VB_ERROR_ACCESS_DENIED,
                                            "This service runs emulators for user %u alone",
                                            (unsigned) geteuid());
                record->directory = g_strdup(place->cache_dir);
                return true;
        }
        if (record->trusted) {
                record->runner = find_probe_user();
                record->directory = g_strdup(place->cache_dir);
                return true;
        }
        record->directory = own_directory(place);
        if (place->owner == 0)
                return true;
        record->runner = vb_identity_new_for_uid(place->owner, error);
        return record->runner;
}

void vb_probe_place_look(VbProbePlace *place)
{
        bool trusted = false;
        VbFactsStamp *stamp = vb_probe_place_is_foreign(place->path, place->owner)
                                      ? look_as_owner(place)
                                      : vb_facts_stamp_take(place->path, &trusted, &place->error);

        if (!stamp)
                return;
        place->record = vb_facts_record_new(place->path, stamp);
        place->record->trusted = trusted;
        if (choose_runner(place, place->record, &place->error))
                (void) vb_facts_cache_load(place->record);
        else
                g_clear_pointer(&place->record, vb_facts_record_unref);
}
