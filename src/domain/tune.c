/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing a domain's limits:
 *   allow   what the new definitions name of the host is asked for, if it was not granted; nothing is held meanwhile
 *   scope   systemd changes the properties of the guest's scope that differ
 *   place   the emulator's threads go where the processors are now
 *   keep    the kept definition is written */
#include "domain/tune.h"

#include "domain/change.h"
#include "domain/grants.h"
#include "domain/guest.h"
#include "domain/provision.h"
#include "domain/resources.h"
#include "domain/settle.h"
#include "util/error.h"
#include "util/log.h"

#define OPERATION "given other limits live"
#define BUSY "being given other limits"

typedef struct {
        VbDomain *domain;
        VbRequester requester;
        VbTuningValue values[_VB_TUNING_MAX]; /* their texts are ours */
        unsigned targets, asked;              /* VbChangeTarget */
        bool busy;                            /* the domain is, with this */
        GPtrArray *grants;                    /* of what the definitions name, as far as it was asked for */
        VbDomainDef *live, *def;              /* to become the definitions */
        VbDomainDef *before;                  /* that the guest was started or changed with */
        GError *error;                        /* while the scope is changed back */
        VbDone done;
        void *userdata;
} Tuning;

static void tuning_free(Tuning *self)
{
        for (int i = 0; i < _VB_TUNING_MAX; i++)
                g_free((char *) self->values[i].text);
        g_ptr_array_unref(self->grants);
        vb_domain_def_free(self->live);
        vb_domain_def_free(self->def);
        vb_domain_def_free(self->before);
        g_clear_error(&self->error);
        vb_domain_unref(self->domain);
        g_free(self);
}

static void finish(Tuning *self, const GError *error)
{
        if (self->busy)
                self->domain->busy = NULL;
        self->done(self->domain, error, self->userdata);
        tuning_free(self);
}

static bool check_scope(const VbDomain *domain, unsigned targets, GError **error)
{
        return !(targets & VB_CHANGE_LIVE) || (domain->provided->unit && domain->service->scopes) ||
               vb_error_set(error, VB_ERROR_INVALID_STATE,
                            "domain '%s' is in no scope of systemd's, which could limit it; change its definition",
                            domain->name);
}

static VbDomainDef *changed(const VbDomainDef *def, const Tuning *self, GError **error)
{
        g_autoptr(VbDomainDef) copy = vb_domain_def_copy(def);

        return vb_tuning_apply(copy, self->values, error) ? g_steal_pointer(&copy) : NULL;
}

/* The definitions as they are to be, from those that there are now. */
static bool prepare(Tuning *self, GError **error)
{
        const VbTuningValue *cpus = &self->values[VB_TUNING_ALLOWED_CPUS];

        g_clear_pointer(&self->live, vb_domain_def_free);
        g_clear_pointer(&self->def, vb_domain_def_free);
        if ((self->targets & VB_CHANGE_LIVE) && cpus->given && !*cpus->text)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "the threads of a guest that runs are not set free again; name the processors "
                                    "that it may have");
        if (self->targets & VB_CHANGE_LIVE)
                self->live = changed(self->domain->live, self, error);
        if ((self->targets & VB_CHANGE_CONFIG) && (self->live || !(self->targets & VB_CHANGE_LIVE)))
                self->def = changed(self->domain->def, self, error);
        return !(self->targets & VB_CHANGE_LIVE) == !self->live && !(self->targets & VB_CHANGE_CONFIG) == !self->def;
}

/* Of these limits only the share of the disks is somebody else's to give. */
static VbGrantQuestion question(const Tuning *self, const VbDomainDef *def)
{
        return (VbGrantQuestion){ .owner = self->domain->owner, .def = def, .alias = "blkiotune" };
}

static void on_kept(VbDomain *domain, const GError *error, void *userdata)
{
        finish(userdata, error);
}

static void keep(Tuning *self)
{
        vb_change_keep(self->domain, g_steal_pointer(&self->def), self->grants, on_kept, self);
}

static bool is_same(const VbScopeProperty *a, const VbScopeProperty *b)
{
        return g_str_equal(a->name, b->name) && a->value == b->value && g_strcmp0(a->device, b->device) == 0 &&
               !a->bits == !b->bits && (!a->bits || g_bytes_equal(a->bits, b->bits));
}

static const VbScopeProperty *find(const GPtrArray *list, const VbScopeProperty *wanted, bool same)
{
        for (guint i = 0; i < list->len; i++) {
                const VbScopeProperty *property = list->pdata[i];

                if (same ? is_same(property, wanted)
                         : g_str_equal(property->name, wanted->name) &&
                                       g_strcmp0(property->device, wanted->device) == 0)
                        return property;
        }
        return NULL;
}

/* What there is no limit of any more goes back to systemd's own: the largest number, or no set. */
static GPtrArray *difference(const VbDomainDef *from, const VbDomainDef *to)
{
        g_autoptr(GPtrArray) old = vb_resources_properties(from), new = vb_resources_properties(to);
        GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) vb_scope_property_free);

        for (guint i = new->len; i-- > 0;)
                if (!find(old, new->pdata[i], true))
                        g_ptr_array_add(list, g_ptr_array_steal_index(new, i));
        for (guint i = old->len; i-- > 0;) {
                VbScopeProperty *gone = old->pdata[i];

                if (find(new, gone, false) || find(list, gone, false))
                        continue;
                (void) g_ptr_array_steal_index(old, i);
                gone->value = UINT64_MAX;
                if (gone->bits) {
                        g_bytes_unref(gone->bits);
                        gone->bits = g_bytes_new(NULL, 0);
                }
                g_ptr_array_add(list, gone);
        }
        return list;
}

static void change_scope(Tuning *self, const VbDomainDef *from, const VbDomainDef *to,
                         void (*done)(const GError *error, void *userdata))
{
        g_autoptr(GPtrArray) list = difference(from, to);

        if (list->len == 0)
                done(NULL, self);
        else
                vb_scope_change(self->domain->service->scopes, self->domain->provided->unit, list, done, self);
}

static void on_changed_back(const GError *error, void *userdata)
{
        Tuning *self = userdata;
        g_autoptr(GError) first = g_steal_pointer(&self->error);

        if (error)
                vb_log_domain(G_LOG_LEVEL_WARNING, self->domain->name, self->domain->uuid,
                              "its limits could not be changed back, and are neither the old nor the new: %s",
                              error->message);
        finish(self, first);
}

static void on_placed(VbDomain *domain, const GError *error, void *userdata)
{
        Tuning *self = userdata;
        g_autoptr(GError) gone = NULL;

        if (!vb_guest_check_there(domain, &gone)) {
                finish(self, gone);
                return;
        }
        if (error) {
                self->error = g_error_copy(error);
                self->live = vb_domain_def_copy(domain->live);
                vb_domain_set_live(domain, vb_domain_def_copy(self->before));
                change_scope(self, self->live, self->before, on_changed_back);
                return;
        }
        vb_guest_save_live(domain->guest);
        keep(self);
}

static void on_scope(const GError *scope_error, void *userdata)
{
        Tuning *self = userdata;
        VbDomain *domain = self->domain;
        g_autoptr(GError) gone = NULL;

        if (scope_error || !vb_guest_check_there(domain, &gone)) {
                finish(self, scope_error ? scope_error : gone);
                return;
        }
        self->before = vb_domain_def_copy(domain->live);
        vb_domain_set_live(domain, g_steal_pointer(&self->live));
        if (self->values[VB_TUNING_ALLOWED_CPUS].given && vb_guest_check_reachable(domain, &gone))
                vb_settle_threads(domain, on_placed, self);
        else
                on_placed(domain, gone, self);
}

static void act(Tuning *self)
{
        if (self->live)
                change_scope(self, self->domain->live, self->live, on_scope);
        else
                keep(self);
}

/* Somebody may have been asked, and the domain have become another meanwhile. */
static bool prepare_again(Tuning *self, GError **error)
{
        VbGrantQuestion asked;

        if (!vb_change_check_again(self->domain, self->targets, OPERATION, error) ||
            !check_scope(self->domain, self->targets, error) || !prepare(self, error))
                return false;
        self->domain->busy = BUSY;
        self->busy = true;
        if (!vb_grants_still_hold(self->grants, self->domain->grants, error))
                return false;
        if (self->live) {
                asked = question(self, self->live);
                if (!vb_grants_cover(self->grants, &asked, self->domain->service, error))
                        return false;
        }
        asked = question(self, self->def);
        return !self->def || vb_grants_cover(self->grants, &asked, self->domain->service, error);
}

static void ask(Tuning *self);

static void on_allowed(GPtrArray *grants, const GError *error, void *userdata)
{
        Tuning *self = userdata;

        if (error) {
                finish(self, error);
                return;
        }
        vb_grants_add(self->grants, grants);
        g_ptr_array_unref(grants);
        ask(self);
}

/* For one definition after the other; the same share in both is one question. */
static void ask(Tuning *self)
{
        unsigned next = self->targets & ~self->asked;
        g_autoptr(GError) error = NULL;
        VbGrantQuestion asked;

        if (next) {
                g_autoptr(GPtrArray) granted = vb_grants_new();

                vb_grants_add(granted, self->domain->grants);
                vb_grants_add(granted, self->grants);
                next = next & VB_CHANGE_LIVE ? VB_CHANGE_LIVE : VB_CHANGE_CONFIG;
                self->asked |= next;
                asked = question(self, next == VB_CHANGE_LIVE ? self->live : self->def);
                asked.granted = granted;
                vb_grants_ask(&self->requester, &asked, self->domain->service, on_allowed, self);
        } else if (!prepare_again(self, &error)) {
                finish(self, error);
        } else {
                act(self);
        }
}

bool vb_tune(VbDomain *domain, const VbRequester *requester, const VbTuningValue *values, unsigned targets, VbDone done,
             void *userdata, GError **error)
{
        Tuning *self;

        targets = vb_change_targets(domain, targets);
        if (!vb_change_check(domain, targets, OPERATION, error) || !check_scope(domain, targets, error))
                return false;
        self = g_new0(Tuning, 1);
        *self = (Tuning){ .domain = vb_domain_ref(domain),
                          .requester = *requester,
                          .targets = targets,
                          .grants = vb_grants_new(),
                          .done = done,
                          .userdata = userdata };
        for (int i = 0; i < _VB_TUNING_MAX; i++) {
                self->values[i] = values[i];
                self->values[i].text = g_strdup(values[i].text);
        }
        if (!prepare(self, error)) {
                tuning_free(self);
                return false;
        }
        ask(self);
        return true;
}
