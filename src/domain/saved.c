/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of a managed save, as JSON: {"state": "running", "size": 52428800, "balloon-bytes": 0,
 * "emulator": 7002022, "devices": {"implicit": [...], "builtin": [...]}, "definition": "<domain ..."}. One
 * file, so that it is there as a whole or not at all. */
#include "domain/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/graphics.h"
#include "conf/video.h"
#include "domain/guest.h"
#include "domain/record.h"
#include "domain/store.h"
#include "host/durable.h"
#include "util/error.h"
#include "util/json.h"
#include "util/log.h"

#define RECORD "saved.json"
/* Below a domain's directory. Who owns the last part may have put anything there, which is only ever
 * unlinked. */
#define IMAGE "private/" VB_SAVED_IMAGE
/* Flash of 64 MiB, ROMs, the devices' own state; and of each page its header, 8 bytes of 4096, several times.
 */
#define MARGIN (256ULL << 20)
#define HEADERS_SHARE 64

VbSaved *vb_saved_new(const VbDomain *domain, bool paused, uint64_t size)
{
        VbSaved *saved = g_new0(VbSaved, 1);

        *saved = (VbSaved){ .def = vb_domain_def_copy(domain->live),
                            .paused = paused,
                            .size = size,
                            .balloon_bytes = domain->guest->balloon_bytes,
                            .version = vb_monitor_version(domain->guest->monitor) };
        /* They are chosen anew. */
        vb_graphics_copy_ports(saved->def, domain->def);
        return saved;
}

void vb_saved_free(VbSaved *saved)
{
        if (!saved)
                return;
        vb_domain_def_free(saved->def);
        g_free(saved->problem);
        g_free(saved);
}

uint64_t vb_saved_size_max(const VbDomainDef *def)
{
        uint64_t size = def->memory;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbVideo *video = def->devices->pdata[i];

                if (video->base.kind == VB_DEVICE_VIDEO)
                        size += video->ram + video->vram + video->vgamem;
        }
        return size + size / HEADERS_SHARE + MARGIN;
}

bool vb_saved_check(const VbDomain *domain, GError **error)
{
        if (!domain->saved || !domain->saved->problem)
                return true;
        return vb_error_set(
                error, VB_ERROR_STORAGE,
                "the saved state of domain '%s' cannot be used: %s. RemoveManagedSave, or a start with the "
                "option 'discard-save', gives it up",
                domain->name, domain->saved->problem);
}

static char *format(const VbSaved *saved)
{
        g_autoptr(json_object) object = json_object_new_object();
        g_autofree char *xml = vb_domain_def_format(saved->def);

        json_object_object_add(object, "state", json_object_new_string(saved->paused ? "paused" : "running"));
        json_object_object_add(object, "size", json_object_new_uint64(saved->size));
        json_object_object_add(object, "balloon-bytes", json_object_new_uint64(saved->balloon_bytes));
        json_object_object_add(object, "emulator", json_object_new_uint64(saved->version));
        json_object_object_add(object, "devices", vb_record_marks(saved->def));
        json_object_object_add(object, "definition", json_object_new_string(xml));
        return g_strconcat(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                                          JSON_C_TO_STRING_NOSLASHESCAPE),
                           "\n", NULL);
}

static bool parse(VbSaved *saved, const char *text, GError **error)
{
        g_autoptr(json_object) object = vb_json_parse(NULL, text, strlen(text), NULL);
        g_autoptr(VbDomainDef) def = NULL;
        const char *state, *xml;
        json_object *marks;
        uint64_t version = 0;

        if (!vb_json_get_string(object, "state", &state) ||
            !vb_json_get_uint64(object, "size", &saved->size) ||
            !vb_json_get_string(object, "definition", &xml) || !vb_json_get_object(object, "devices", &marks))
                return vb_error_set(error, VB_ERROR_STORAGE, "its record " RECORD " is damaged");
        def = vb_domain_def_parse(xml, strlen(xml), error);
        if (!def || !vb_record_check_def(def, error))
                return false;
        vb_record_apply_marks(marks, def);
        saved->paused = g_str_equal(state, "paused");
        (void) vb_json_get_uint64(object, "balloon-bytes", &saved->balloon_bytes);
        (void) vb_json_get_uint64(object, "emulator", &version);
        saved->version = (uint32_t) MIN(version, UINT32_MAX);
        saved->def = g_steal_pointer(&def);
        return true;
}

VbSaved *vb_saved_load(int dir, const char *directory)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        VbSaved *saved;

        if (faccessat(dir, RECORD, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
                (void) unlinkat(dir, IMAGE, 0);
                return NULL;
        }
        saved = g_new0(VbSaved, 1);
        text = vb_store_read(dir, directory, RECORD, &error);
        if (!text || !parse(saved, text, &error)) {
                saved->problem = g_strdup(error->message);
                vb_log_warning("the saved state in %s cannot be used: %s", directory, error->message);
        }
        return saved;
}

/* What is on its way to, or from, the disk. */
typedef struct {
        VbDomain *domain;
        VbSaved *saved; /* that is there then; NULL: none */
        VbDone done;
        void *userdata;
} Change;

static void on_changed(const GError *error, void *userdata)
{
        g_autofree Change *change = userdata;
        g_autoptr(VbDomain) domain = change->domain;
        g_autoptr(VbSaved) saved = change->saved;
        bool had = domain->saved;

        if (!error) {
                VbSaved *old = domain->saved;

                domain->saved = g_steal_pointer(&saved);
                vb_saved_free(old);
                if (had != (domain->saved != NULL))
                        vb_domain_notify(domain, VB_FIELD_SAVED);
        }
        change->done(domain, error, change->userdata);
}

static VbDurableJob *job_new(const VbDomain *domain)
{
        g_autofree char *directory = vb_store_directory(domain->service, domain->id);

        return vb_durable_job_new(directory);
}

static void run_job(VbDurableJob *job, VbDomain *domain, VbSaved *saved, VbDone done, void *userdata)
{
        Change *change = g_new(Change, 1);

        *change = (Change){
                .domain = vb_domain_ref(domain), .saved = saved, .done = done, .userdata = userdata
        };
        vb_durable_job_run(job, on_changed, change);
}

void vb_saved_write(VbDomain *domain, VbSaved *saved, VbDone done, void *userdata)
{
        VbDurableJob *job = job_new(domain);

        vb_durable_job_write(job, RECORD, format(saved));
        run_job(job, domain, saved, done, userdata);
}

void vb_saved_remove(VbDomain *domain, VbDone done, void *userdata)
{
        VbDurableJob *job = job_new(domain);

        vb_durable_job_remove(job, RECORD, IMAGE);
        run_job(job, domain, NULL, done, userdata);
}

void vb_saved_forget_image(const VbService *service, uint32_t id)
{
        g_autofree char *directory = vb_store_directory(service, id);
        g_autofree char *path = g_build_filename(directory, IMAGE, NULL);

        (void) unlink(path);
}

typedef struct {
        VbDone done;
        void *userdata;
} Discarding;

static void on_discarded(VbDomain *domain, const GError *error, void *userdata)
{
        g_autofree Discarding *discarding = userdata;

        domain->busy = NULL;
        discarding->done(domain, error, discarding->userdata);
}

bool vb_saved_discard(VbDomain *domain, VbDone done, void *userdata, GError **error)
{
        Discarding *discarding;

        if (!vb_domain_check_busy(domain, error))
                return false;
        /* Where it has a guest, what it was restored from is about to be removed. */
        if (!domain->saved || domain->guest)
                return vb_error_set(error, VB_ERROR_INVALID_STATE, "domain '%s' has no saved state: it is %s",
                                    domain->name, vb_state_to_string(domain->state));
        discarding = g_new(Discarding, 1);
        *discarding = (Discarding){ done, userdata };
        domain->busy = "being changed";
        vb_saved_remove(domain, on_discarded, discarding);
        return true;
}
