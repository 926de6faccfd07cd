/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's own data, and telling the observer when it changes. What happens to a domain is in the files of the
 * operations. */
#include "domain/domain.h"

#include <string.h>

#include "conf/graphics.h"
#include "conf/memory-device.h"
#include "domain/emulator-log.h"
#include "domain/grants.h"
#include "domain/guest.h"
#include "domain/provision.h"
#include "domain/saved.h"
#include "util/error.h"

VbDomain *vb_domain_new(VbService *service, uint32_t id, uid_t owner, VbDomainDef *def)
{
        VbDomain *domain = g_new0(VbDomain, 1);

        domain->refs = 1;
        domain->service = service;
        domain->id = id;
        domain->owner = owner;
        domain->def = def;
        domain->name = g_strdup(def->name);
        g_strlcpy(domain->uuid, def->uuid, sizeof domain->uuid);
        domain->reason = VB_DETAIL_DEFINED;
        domain->grants = vb_grants_new();
        return domain;
}

VbDomain *vb_domain_ref(VbDomain *domain)
{
        domain->refs++;
        return domain;
}

void vb_domain_unref(VbDomain *domain)
{
        if (!domain || --domain->refs > 0)
                return;
        vb_guest_free(domain->guest);
        vb_provided_free(domain->provided);
        vb_saved_free(domain->saved);
        vb_domain_def_free(domain->def);
        vb_domain_def_free(domain->live);
        g_ptr_array_unref(domain->grants);
        g_free(domain->name);
        g_free(domain);
}

const VbDomainDef *vb_domain_shown(const VbDomain *domain)
{
        return domain->live ? domain->live : domain->def;
}

bool vb_domain_is_persistent(const VbDomain *domain)
{
        return domain->def != NULL;
}

bool vb_domain_has_guest(const VbDomain *domain)
{
        return domain->guest && domain->state != VB_STATE_STARTING && domain->state != VB_STATE_STOPPING;
}

uint64_t vb_domain_memory_actual(const VbDomain *domain)
{
        if (domain->guest && domain->guest->balloon_bytes > 0)
                return domain->guest->balloon_bytes;
        return vb_domain_shown(domain)->current_memory;
}

#define TELL(domain, callback, ...)                                                                                    \
        do {                                                                                                           \
                const VbObserver *observer_ = (domain)->service->observer;                                             \
                if (observer_ && observer_->callback && (domain)->announced)                                           \
                        observer_->callback(__VA_ARGS__, (domain)->service->observer_data);                            \
        } while (0)

static void tell_service(VbService *service, VbServiceField fields)
{
        if (service->observer && service->observer->service_changed)
                service->observer->service_changed(fields, service->observer_data);
}

/* What the service counts as running. */
static bool counts_as_running(VbState state)
{
        return state != VB_STATE_SHUTOFF && state != VB_STATE_STARTING;
}

void vb_domain_announce(VbDomain *domain)
{
        domain->announced = true;
        domain->service->n_announced++;
        if (counts_as_running(domain->state))
                domain->service->n_running++;
        TELL(domain, domain_added, domain);
        tell_service(domain->service, VB_SERVICE_FIELD_DOMAINS |
                                              (counts_as_running(domain->state) ? VB_SERVICE_FIELD_RUNNING : 0));
}

/* It is still found, so that its last signals can be made. */
static void begin_removal(VbDomain *domain)
{
        if (!domain->announced)
                return;
        domain->service->n_announced--;
        tell_service(domain->service, VB_SERVICE_FIELD_DOMAINS);
}

static void end_removal(VbDomain *domain)
{
        TELL(domain, domain_removed, domain);
        vb_service_unlink(domain->service, domain);
        vb_emulator_log_forget(domain->service, domain->id);
        domain->announced = false;
        domain->gone = true;
}

void vb_domain_remove(VbDomain *domain)
{
        begin_removal(domain);
        end_removal(domain);
}

void vb_domain_remove_with(VbDomain *domain, VbEvent event, VbDetail detail)
{
        begin_removal(domain);
        vb_domain_event(domain, event, detail);
        end_removal(domain);
}

void vb_domain_notify(VbDomain *domain, VbField fields)
{
        TELL(domain, domain_changed, domain, fields);
}

void vb_domain_event(VbDomain *domain, VbEvent event, VbDetail detail)
{
        TELL(domain, domain_event, domain, event, detail);
}

void vb_domain_set_state(VbDomain *domain, VbState state, VbDetail reason)
{
        bool before = counts_as_running(domain->state), after = counts_as_running(state);

        if (domain->state == state && domain->reason == reason)
                return;
        TELL(domain, state_changing, domain);
        domain->state = state;
        domain->reason = reason;
        vb_domain_notify(domain, VB_FIELD_STATE);
        if (before == after || !domain->announced)
                return;
        domain->service->n_running += after ? 1 : -1u;
        tell_service(domain->service, VB_SERVICE_FIELD_RUNNING);
}

static bool same_device(const VbDevice *a, const VbDevice *b)
{
        g_autofree char *a_xml = vb_device_format(a);
        g_autofree char *b_xml = vb_device_format(b);

        return g_str_equal(a_xml, b_xml);
}

static bool has_same_device(const VbDomainDef *def, const VbDevice *device)
{
        const VbDevice *other = vb_domain_def_find_device(def, device->alias);

        return other && same_device(device, other);
}

/* What differs between two definitions as far as properties show it. */
static VbField shown_differences(const VbDomainDef *a, const VbDomainDef *b)
{
        VbField fields = 0;

        if (g_strcmp0(a->title, b->title) != 0)
                fields |= VB_FIELD_TITLE;
        if (a->virt_type != b->virt_type || g_strcmp0(a->os.arch, b->os.arch) != 0 ||
            g_strcmp0(a->os.machine, b->os.machine) != 0)
                fields |= VB_FIELD_MACHINE;
        if (a->memory != b->memory || a->current_memory != b->current_memory)
                fields |= VB_FIELD_MEMORY;
        if (a->vcpus_max != b->vcpus_max || a->vcpus != b->vcpus)
                fields |= VB_FIELD_VCPUS;
        return fields;
}

static bool is_pending(const VbDomain *domain)
{
        g_autofree char *live = NULL, *next = NULL;
        g_autoptr(VbDomainDef) bare = NULL;

        if (!domain->live || !domain->def)
                return false;
        /* What was chosen for this run alone is no difference. */
        bare = vb_domain_def_copy(domain->live);
        vb_graphics_copy_ports(bare, domain->def);
        vb_memory_forget_places(bare, domain->def);
        live = vb_domain_def_format(bare);
        next = vb_domain_def_format(domain->def);
        return !g_str_equal(live, next);
}

static bool same_marks_and_order(const VbDomainDef *a, const VbDomainDef *b)
{
        if (a->devices->len != b->devices->len)
                return false;
        for (guint i = 0; i < a->devices->len; i++) {
                const VbDevice *x = a->devices->pdata[i], *y = b->devices->pdata[i];

                if (!g_str_equal(x->alias, y->alias) || x->implicit != y->implicit || x->builtin != y->builtin)
                        return false;
        }
        return true;
}

/* Tells what of the hardware came, went or stayed; whether any of it is another. */
static bool tell_hardware(VbDomain *domain, const VbDomainDef *before, const VbDomainDef *after, bool other_machine)
{
        bool other = other_machine || !same_marks_and_order(before, after);

        for (guint i = 0; i < before->devices->len; i++)
                if (!has_same_device(after, before->devices->pdata[i])) {
                        other = true;
                        TELL(domain, device_removed, domain, before->devices->pdata[i]);
                }
        for (guint i = 0; i < after->devices->len; i++) {
                const VbDevice *device = after->devices->pdata[i];

                if (!has_same_device(before, device))
                        TELL(domain, device_added, domain, device);
                else if (other)
                        TELL(domain, device_changed, domain, device);
        }
        return other;
}

/* Puts @def into @slot and tells what changed of what is shown. */
static void replace_def(VbDomain *domain, VbDomainDef **slot, VbDomainDef *def)
{
        const VbDomainDef *before = vb_domain_shown(domain), *after;
        g_autoptr(VbDomainDef) old = *slot;
        bool was_persistent = vb_domain_is_persistent(domain), pending;
        VbField fields = 0;

        *slot = def;
        after = vb_domain_shown(domain);
        pending = is_pending(domain);
        /* A live definition begins as a copy of the other one, unless the guest was saved: only where one was, or is,
         * pending is there a difference. */
        if (before != after && (domain->pending || pending || slot == &domain->def || (def && old == before))) {
                fields |= shown_differences(before, after);
                if (tell_hardware(domain, before, after, fields & VB_FIELD_MACHINE))
                        fields |= VB_FIELD_HARDWARE;
        }
        if (pending != domain->pending) {
                domain->pending = pending;
                fields |= VB_FIELD_PENDING;
        }
        if (vb_domain_is_persistent(domain) != was_persistent)
                fields |= VB_FIELD_PERSISTENT;
        if (fields)
                vb_domain_notify(domain, fields);
}

void vb_domain_set_def(VbDomain *domain, VbDomainDef *def)
{
        replace_def(domain, &domain->def, def);
}

void vb_domain_set_live(VbDomain *domain, VbDomainDef *live)
{
        replace_def(domain, &domain->live, live);
}

void vb_domain_end(VbDomain *domain, VbDetail reason)
{
        if (vb_domain_is_persistent(domain))
                vb_domain_set_live(domain, NULL);
        vb_domain_set_state(domain, VB_STATE_SHUTOFF, reason);
        vb_domain_notify(domain, VB_FIELD_PROCESS);
        if (vb_domain_is_persistent(domain) || domain->gone || domain->defining)
                vb_domain_event(domain, VB_EVENT_STOPPED, reason);
        else
                vb_domain_remove_with(domain, VB_EVENT_STOPPED, reason);
}

void vb_domain_device_event(VbDomain *domain, const char *alias)
{
        TELL(domain, device_attached, domain, vb_domain_def_find_device(vb_domain_shown(domain), alias));
}

bool vb_domain_check_state(const VbDomain *domain, unsigned mask, const char *operation, GError **error)
{
        if (mask & (1U << domain->state))
                return true;
        return vb_error_set(error, VB_ERROR_INVALID_STATE, "domain '%s' cannot be %s: it is %s", domain->name, operation,
                            vb_state_to_string(domain->state));
}

bool vb_domain_check_busy(const VbDomain *domain, GError **error)
{
        if (!domain->busy)
                return true;
        return vb_error_set(error, VB_ERROR_BUSY, "domain '%s' is %s; try again when that is done", domain->name,
                            domain->busy);
}
