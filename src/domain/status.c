/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The status file of a running guest, as JSON. */
#include "domain/status.h"

#include <assert.h>
#include <string.h>

#include "domain/grants.h"
#include "domain/provision.h"
#include "domain/record.h"
#include "util/error.h"
#include "util/json.h"

#define STATUS_SIZE_MAX (1 << 20)

/* Indexed by VbTransfer. */
static const char *const transfers[] = { [VB_TRANSFER_SAVING] = "saving", [VB_TRANSFER_RESTORED] = "restored" };
static_assert(G_N_ELEMENTS(transfers) == _VB_TRANSFER_MAX, "a transfer has no word");

static void add_int(json_object *object, const char *key, uint64_t value)
{
        json_object_object_add(object, key, json_object_new_uint64(value));
}

static void add_bool(json_object *object, const char *key, bool value)
{
        json_object_object_add(object, key, json_object_new_boolean(value));
}

static json_object *describe_domain(const VbDomain *domain, VbState state, VbDetail reason)
{
        json_object *object = json_object_new_object();

        add_int(object, "owner", domain->owner);
        json_object_object_add(object, "state", json_object_new_string(vb_state_to_string(state)));
        json_object_object_add(object, "reason", json_object_new_string(vb_detail_to_string(reason)));
        json_object_object_add(object, "devices", vb_record_marks(vb_domain_shown(domain)));
        json_object_object_add(object, "provided", vb_provided_save(domain->provided));
        if (!vb_domain_is_persistent(domain))
                json_object_object_add(object, "grants", vb_grants_to_json(domain->grants));
        return object;
}

static bool write_object(VbRoom *room, json_object *object, GError **error)
{
        bool ok = vb_room_write(room, VB_ROOM_STATUS, json_object_to_json_string(object), error);

        json_object_put(object);
        return ok;
}

bool vb_status_write_starting(VbDomain *domain, VbRoom *room, GError **error)
{
        return write_object(room, describe_domain(domain, domain->state, domain->reason), error);
}

bool vb_status_write(VbGuest *guest, GError **error)
{
        return vb_status_write_as(guest, guest->domain->state, guest->domain->reason, error);
}

bool vb_status_write_as(VbGuest *guest, VbState state, VbDetail reason, GError **error)
{
        json_object *object = describe_domain(guest->domain, state, reason);

        add_int(object, "pid", (uint64_t) guest->child.pid);
        add_int(object, "start-ticks", guest->start_ticks);
        add_int(object, "started-usec", guest->started_usec);
        add_int(object, "balloon-bytes", guest->balloon_bytes);
        if (guest->ending)
                json_object_object_add(object, "end-reason",
                                       json_object_new_string(vb_detail_to_string(guest->end_reason)));
        add_bool(object, "shutdown-requested", guest->shutdown_requested);
        add_bool(object, "reboot-requested", guest->reboot_requested);
        if (guest->transfer != VB_TRANSFER_NONE) {
                json_object_object_add(object, "transfer", json_object_new_string(transfers[guest->transfer]));
                add_bool(object, "transfer-runs", guest->transfer_runs);
        }
        return write_object(guest->room, object, error);
}

bool vb_status_write_live(const VbDomain *domain, VbRoom *room, GError **error)
{
        g_autofree char *xml = vb_domain_def_format(domain->live);
        g_autoptr(GError) unwritten = NULL;

        if (vb_room_write(room, VB_ROOM_LIVE_XML, xml, &unwritten)) {
                vb_status_forget_next(room);
                return true;
        }
        if (vb_room_replace(room, VB_ROOM_NEXT_LIVE_XML, VB_ROOM_LIVE_XML))
                return true;
        g_propagate_error(error, g_steal_pointer(&unwritten));
        return false;
}

bool vb_status_write_next(VbRoom *room, const VbDomainDef *next, GError **error)
{
        g_autofree char *xml = vb_domain_def_format(next);

        return vb_room_write(room, VB_ROOM_NEXT_LIVE_XML, xml, error);
}

void vb_status_forget_next(VbRoom *room)
{
        (void) vb_room_replace(room, VB_ROOM_NEXT_LIVE_XML, NULL);
}

static bool get_state(json_object *object, VbState *ret)
{
        const char *word;

        return vb_json_get_string(object, "state", &word) && vb_state_from_string(word, ret);
}

static bool get_detail(json_object *object, const char *key, VbDetail *ret)
{
        const char *word;

        return vb_json_get_string(object, key, &word) && vb_detail_from_string(word, ret);
}

static VbTransfer get_transfer(json_object *object)
{
        const char *word;

        for (int i = VB_TRANSFER_NONE + 1; i < _VB_TRANSFER_MAX; i++)
                if (vb_json_get_string(object, "transfer", &word) && g_str_equal(word, transfers[i]))
                        return i;
        return VB_TRANSFER_NONE;
}

bool vb_status_read(VbRoom *room, VbStatus *ret, GError **error)
{
        g_autofree char *text = vb_room_read(room, VB_ROOM_STATUS, STATUS_SIZE_MAX, error);
        g_autoptr(json_object) object = text ? vb_json_parse(NULL, text, strlen(text), error) : NULL;
        VbStatus status = { 0 };
        uint64_t owner, pid = 0;

        if (!object)
                return false;
        if (!get_state(object, &status.state) || !get_detail(object, "reason", &status.reason) ||
            !vb_json_get_uint64(object, "owner", &owner) || owner >= UINT32_MAX)
                return vb_error_set(error, VB_ERROR_STORAGE, "%s/" VB_ROOM_STATUS " is damaged",
                                    vb_room_path(room));
        status.owner = (uid_t) owner;
        (void) vb_json_get_uint64(object, "pid", &pid);
        status.pid = (pid_t) MIN(pid, G_MAXINT);
        (void) vb_json_get_uint64(object, "start-ticks", &status.start_ticks);
        (void) vb_json_get_uint64(object, "started-usec", &status.started_usec);
        (void) vb_json_get_uint64(object, "balloon-bytes", &status.balloon_bytes);
        (void) vb_json_get_bool(object, "shutdown-requested", &status.shutdown_requested);
        (void) vb_json_get_bool(object, "reboot-requested", &status.reboot_requested);
        status.transfer = get_transfer(object);
        (void) vb_json_get_bool(object, "transfer-runs", &status.transfer_runs);
        (void) vb_json_get_object(object, "devices", &status.marks);
        (void) vb_json_get_object(object, "provided", &status.provided);
        (void) vb_json_get_array(object, "grants", &status.grants);
        status.ending = get_detail(object, "end-reason", &status.end_reason);
        status.object = g_steal_pointer(&object);
        *ret = status;
        return true;
}

void vb_status_clear(VbStatus *status)
{
        json_object_put(status->object);
        status->object = NULL;
}
