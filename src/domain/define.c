/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Defining, redefining, creating and undefining: what a definition goes through before it counts
 * (prepare.h, then uniqueness, grants, disk), and what it then changes. While somebody is asked for a grant
 * nothing is held: everything is looked at again when there is an answer. */
#include "domain/define.h"

#include <string.h>

#include "conf/abi.h"
#include "conf/memory-device.h"
#include "domain/grants.h"
#include "domain/guest.h"
#include "domain/limits.h"
#include "domain/prepare.h"
#include "domain/saved.h"
#include "domain/start.h"
#include "domain/store.h"
#include "util/error.h"
#include "util/log.h"

/* What define and create carry from the caller to the end. */
typedef struct {
        VbService *service;
        VbRequester requester;
        uid_t owner;
        VbStartOptions options;
        bool next_start;
        VbDomain *domain; /* that is to be redefined, a reference; NULL: whichever the definition means */
        VbDomainDef *def; /* while grants are asked for, and it is being written */
        unsigned coming_devices; /* what of the domain's is of this */
        GPtrArray *asked;        /* what was granted before it could be completed */
        VbDone done;
        void *userdata;
} Definition;

static Definition *definition_new(VbService *service, const VbRequester *requester, uid_t owner, VbDone done,
                                  void *userdata)
{
        Definition *definition = g_new0(Definition, 1);

        definition->service = service;
        definition->requester = *requester;
        definition->owner = owner;
        definition->done = done;
        definition->userdata = userdata;
        definition->asked = vb_grants_new();
        return definition;
}

static void definition_end(Definition *definition, VbDomain *domain, const GError *error)
{
        g_autoptr(VbDomain) redefined = definition->domain;

        vb_domain_def_free(definition->def);
        vb_secrets_unref(definition->options.secrets);
        g_ptr_array_unref(definition->asked);
        definition->done(error ? NULL : domain, error, definition->userdata);
        g_free(definition);
}

static void on_defined(VbDomain *domain, const GError *error, void *userdata)
{
        domain->busy = NULL;
        if (error) {
                vb_domain_remove(domain);
        } else {
                vb_domain_announce(domain);
                vb_domain_event(domain, VB_EVENT_DEFINED, VB_DETAIL_ADDED);
        }
        definition_end(userdata, domain, error);
}

static void on_redefined(VbDomain *domain, const GError *error, void *userdata)
{
        Definition *definition = userdata;
        bool was_persistent = vb_domain_is_persistent(domain);

        domain->busy = NULL;
        domain->defining = false;
        domain->coming_devices -= definition->coming_devices;
        if (!error) {
                vb_domain_set_def(domain, g_steal_pointer(&definition->def));
                if (domain->live && !domain->guest)
                        vb_domain_set_live(domain, NULL);
                vb_domain_event(domain, VB_EVENT_DEFINED,
                                was_persistent ? VB_DETAIL_UPDATED : VB_DETAIL_MADE_PERSISTENT);
        } else if (!was_persistent && !domain->guest) {
                vb_domain_remove(domain);
        }
        definition_end(definition, domain, error);
}

/* A domain of the caller's that the definition means; NULL if there is none, and *ok tells whether that is
 * all right. */
static VbDomain *find_meant(VbService *service, uid_t owner, const VbDomainDef *def, bool *ok, GError **error)
{
        VbDomain *domain = vb_service_find_linked_by_name(service, owner, def->name);
        VbDomain *other = vb_service_find_linked_by_uuid(service, owner, def->uuid);

        *ok = true;
        if (domain && domain != other)
                *ok = vb_error_set(error, VB_ERROR_DOMAIN_EXISTS,
                                   "there is a domain '%s' already, with the uuid %s", domain->name,
                                   domain->uuid);
        else if (other && other != domain)
                *ok = vb_error_set(error, VB_ERROR_DOMAIN_EXISTS,
                                   "the uuid %s belongs to the domain '%s' already", other->uuid,
                                   other->name);
        return *ok ? domain : NULL;
}

/* Takes @grants over. */
static void redefine(Definition *definition, VbDomain *domain, GPtrArray *grants)
{
        unsigned had = vb_limits_count_devices(domain), wanted = definition->def->devices->len;
        g_autoptr(GPtrArray) owned = grants, kept = vb_grants_keep(domain, definition->def);
        g_autoptr(GError) error = NULL;

        vb_grants_add(grants, kept);
        if (!vb_grants_still_hold(grants, domain->grants, &error) || !vb_domain_check_busy(domain, &error) ||
            !vb_limits_check_more(domain->service, domain->owner, 0, wanted - MIN(had, wanted), &error)) {
                definition_end(definition, NULL, error);
                return;
        }
        domain->busy = "being defined";
        domain->defining = true;
        definition->coming_devices = wanted - MIN(had, wanted);
        domain->coming_devices += definition->coming_devices;
        vb_store_save_granted(domain, definition->def, g_steal_pointer(&owned), on_redefined, definition);
}

/* Asks for what of the definition (taken over) is not granted to @domain, NULL for a new one. */
static void ask_for_grants(Definition *definition, VbDomainDef *def, const VbEmulatorFacts *emulator,
                           const VbDomain *domain, VbGrantsDone done)
{
        definition->def = def;
        vb_grants_ask(&definition->requester,
                      &(VbGrantQuestion){ .owner = definition->owner,
                                          .def = def,
                                          .emulator = emulator,
                                          .granted = domain ? domain->grants : NULL,
                                          .asked = definition->asked },
                      definition->service, done, definition);
}

/* Takes @def over. @domain has what was granted already; NULL: nothing was. */
static void prepare(Definition *definition, VbDomainDef *def, const VbDomain *domain, VbPrepared done)
{
        for (guint i = 0; def->notes && i < def->notes->len; i++)
                vb_log_domain(G_LOG_LEVEL_WARNING, def->name, *def->uuid ? def->uuid : NULL, "%s",
                              (const char *) def->notes->pdata[i]);
        vb_prepare(&(VbPreparation){ .service = definition->service,
                                     .requester = &definition->requester,
                                     .owner = definition->owner,
                                     .scope = VB_PROBE_SCOPE_MACHINE,
                                     .granted = domain ? domain->grants : NULL,
                                     .asked = definition->asked },
                   def, done, definition);
}

/* Whether @def may take the place of what the domain is defined by: it is of the same domain, and its guest's
 * machine stays as it is. */
static bool check_redefinition(const Definition *definition, const VbDomainDef *def, GError **error)
{
        VbDomain *domain = definition->domain;
        g_autoptr(VbDomainDef) live = NULL;
        const VbDomainDef *now;

        if (vb_service_find_linked_by_uuid(domain->service, domain->owner, domain->uuid) != domain)
                return vb_error_set(error, VB_ERROR_NO_SUCH_DOMAIN, "domain '%s' is gone", domain->name);
        now = domain->guest ? domain->live : domain->saved ? domain->saved->def : NULL;
        if (!now || definition->next_start)
                return true;
        live = vb_domain_def_copy(now);
        vb_memory_forget_places(live, def);
        if (vb_abi_check(live, def, error))
                return true;
        g_prefix_error(
                error,
                "domain '%s' %s; with the option 'next-start' the definition takes effect when it is "
                "started again%s. ",
                domain->name, domain->guest ? "runs" : "is saved", domain->guest ? "" : " without that save");
        return false;
}

static void on_redefinition_granted(GPtrArray *granted, const GError *ask_error, void *userdata)
{
        Definition *definition = userdata;
        g_autoptr(GPtrArray) grants = granted;
        g_autoptr(GError) error = NULL;

        if (ask_error)
                definition_end(definition, NULL, ask_error);
        else if (!check_redefinition(definition, definition->def, &error))
                definition_end(definition, NULL, error);
        else
                redefine(definition, definition->domain, g_steal_pointer(&grants));
}

static void on_prepared_to_redefine(VbDomainDef *def, VbEmulatorFacts *emulator, VbMachineFacts *machine,
                                    const GError *prepare_error, void *userdata)
{
        Definition *definition = userdata;
        g_autoptr(VbDomainDef) owned = def;
        g_autoptr(GError) error = NULL;

        if (prepare_error)
                definition_end(definition, NULL, prepare_error);
        else if (!check_redefinition(definition, def, &error))
                definition_end(definition, NULL, error);
        else
                ask_for_grants(definition, g_steal_pointer(&owned), emulator, definition->domain,
                               on_redefinition_granted);
}

bool vb_redefine(VbDomain *domain, const VbRequester *requester, const char *xml, bool next_start,
                 VbDone done, void *userdata, GError **error)
{
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(xml, strlen(xml), error);
        Definition *definition;

        if (!def)
                return false;
        if (!g_str_equal(def->name, domain->name))
                return vb_error_set(error, VB_ERROR_INVALID_XML,
                                    "<name>: the definition is of '%s', and the domain is called '%s'",
                                    def->name, domain->name);
        if (*def->uuid == '\0')
                memcpy(def->uuid, domain->uuid, sizeof(def->uuid));
        if (!g_str_equal(def->uuid, domain->uuid))
                return vb_error_set(error, VB_ERROR_INVALID_XML, "<uuid>: %s is not that of domain '%s', %s",
                                    def->uuid, domain->name, domain->uuid);
        definition = definition_new(domain->service, requester, domain->owner, done, userdata);
        definition->domain = vb_domain_ref(domain);
        definition->next_start = next_start;
        prepare(definition, g_steal_pointer(&def), domain, on_prepared_to_redefine);
        return true;
}

/* A new domain for the definition in the set, or NULL. */
static VbDomain *add_domain(Definition *definition, GError **error)
{
        g_autoptr(VbDomain) domain = NULL;
        uint32_t id;

        if (!vb_limits_check_more(definition->service, definition->owner, 1, definition->def->devices->len,
                                  error))
                return NULL;
        id = vb_store_new_id(definition->service, error);
        if (!id)
                return NULL;
        domain = vb_domain_new(definition->service, id, definition->owner, g_steal_pointer(&definition->def));
        return vb_service_link(definition->service, domain, error) ? g_steal_pointer(&domain) : NULL;
}

static void on_definition_granted(GPtrArray *granted, const GError *ask_error, void *userdata)
{
        Definition *definition = userdata;
        g_autoptr(GPtrArray) grants = granted;
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomain) added = NULL;
        VbDomain *domain;
        bool ok;

        if (ask_error) {
                definition_end(definition, NULL, ask_error);
                return;
        }
        domain = find_meant(definition->service, definition->owner, definition->def, &ok, &error);
        if (domain) {
                redefine(definition, domain, g_steal_pointer(&grants));
                return;
        }
        if (ok && vb_grants_still_hold(grants, NULL, &error))
                added = add_domain(definition, &error);
        if (!added) {
                definition_end(definition, NULL, error);
                return;
        }
        added->busy = "being defined";
        vb_store_save_granted(added, added->def, g_steal_pointer(&grants), on_defined, definition);
}

static void on_prepared_to_define(VbDomainDef *def, VbEmulatorFacts *emulator, VbMachineFacts *machine,
                                  const GError *prepare_error, void *userdata)
{
        Definition *definition = userdata;
        g_autoptr(VbDomainDef) owned = def;
        g_autoptr(GError) error = NULL;
        const VbDomain *domain = NULL;
        bool ok = false;

        if (def)
                domain = find_meant(definition->service, definition->owner, def, &ok, &error);
        if (ok)
                ask_for_grants(definition, g_steal_pointer(&owned), emulator, domain, on_definition_granted);
        else
                definition_end(definition, NULL, prepare_error ? prepare_error : error);
}

void vb_define(VbService *service, const VbRequester *requester, uid_t owner, const char *xml, VbDone done,
               void *userdata)
{
        Definition *definition = definition_new(service, requester, owner, done, userdata);
        g_autoptr(GError) error = NULL;
        VbDomainDef *def = vb_domain_def_parse(xml, strlen(xml), &error);

        if (def)
                prepare(definition, def, vb_service_find_linked_by_name(service, owner, def->name),
                        on_prepared_to_define);
        else
                definition_end(definition, NULL, error);
}

static void on_created(VbDomain *domain, const GError *error, void *userdata)
{
        definition_end(userdata, domain, error);
}

static void on_creation_granted(GPtrArray *granted, const GError *ask_error, void *userdata)
{
        Definition *definition = userdata;
        g_autoptr(GPtrArray) grants = granted;
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomain) domain = NULL;

        domain = ask_error ? NULL : add_domain(definition, &error);
        if (!domain) {
                definition_end(definition, NULL, ask_error ? ask_error : error);
                return;
        }
        g_ptr_array_unref(domain->grants);
        domain->grants = g_steal_pointer(&grants);
        domain->live = g_steal_pointer(&domain->def);
        vb_domain_announce(domain);
        if (!vb_start(domain, &definition->options, on_created, definition, &error)) {
                vb_domain_remove(domain);
                definition_end(definition, NULL, error);
        }
}

static void on_prepared_to_create(VbDomainDef *def, VbEmulatorFacts *emulator, VbMachineFacts *machine,
                                  const GError *prepare_error, void *userdata)
{
        Definition *definition = userdata;

        if (def)
                ask_for_grants(definition, def, emulator, NULL, on_creation_granted);
        else
                definition_end(definition, NULL, prepare_error);
}

void vb_create(VbService *service, const VbRequester *requester, uid_t owner, const char *xml,
               const VbStartOptions *options, VbDone done, void *userdata)
{
        Definition *definition = definition_new(service, requester, owner, done, userdata);
        g_autoptr(GError) error = NULL;
        VbDomainDef *def;

        if (options)
                definition->options = *options;
        if (definition->options.secrets)
                vb_secrets_ref(definition->options.secrets);
        def = vb_domain_def_parse(xml, strlen(xml), &error);
        if (def)
                prepare(definition, def, NULL, on_prepared_to_create);
        else
                definition_end(definition, NULL, error);
}

typedef struct {
        bool autostart;
        VbDone done;
        void *userdata;
} Change;

static Change *change_new(VbDone done, void *userdata)
{
        Change *change = g_new0(Change, 1);

        change->done = done;
        change->userdata = userdata;
        return change;
}

static bool check_persistent(VbDomain *domain, const char *operation, GError **error)
{
        if (!vb_domain_is_persistent(domain))
                return vb_error_set(error, VB_ERROR_INVALID_STATE,
                                    "domain '%s' cannot be %s: it is transient, and %s", domain->name,
                                    operation, vb_state_to_string(domain->state));
        return vb_domain_check_busy(domain, error);
}

static void on_undefined(VbDomain *domain, const GError *error, void *userdata)
{
        g_autofree Change *change = userdata;

        domain->busy = NULL;
        if (!error && domain->live) {
                if (domain->autostart) {
                        domain->autostart = false;
                        vb_domain_notify(domain, VB_FIELD_AUTOSTART);
                }
                vb_domain_set_def(domain, NULL);
                /* Its grants were in the record that has gone. */
                if (domain->guest)
                        vb_guest_save_status(domain->guest);
                vb_domain_event(domain, VB_EVENT_UNDEFINED, VB_DETAIL_MADE_TRANSIENT);
        } else if (!error) {
                /* It may have ended only now, with what it keeps. */
                vb_store_forget(domain->service, domain->id);
                vb_domain_remove_with(domain, VB_EVENT_UNDEFINED, VB_DETAIL_REMOVED);
        }
        change->done(domain, error, change->userdata);
}

bool vb_undefine(VbDomain *domain, bool discard_save, VbDone done, void *userdata, GError **error)
{
        if (!check_persistent(domain, "undefined", error))
                return false;
        if (domain->saved && !discard_save)
                return vb_error_set(error, VB_ERROR_INVALID_STATE,
                                    "domain '%s' cannot be undefined: it has a saved state, which would be gone with it; "
                                    "the option 'discard-save' gives that up",
                                    domain->name);
        domain->busy = "being undefined";
        vb_store_remove(domain, on_undefined, change_new(done, userdata));
        return true;
}

static void on_autostart_saved(VbDomain *domain, const GError *error, void *userdata)
{
        g_autofree Change *change = userdata;

        domain->busy = NULL;
        if (!error && domain->autostart != change->autostart) {
                domain->autostart = change->autostart;
                vb_domain_notify(domain, VB_FIELD_AUTOSTART);
        }
        change->done(domain, error, change->userdata);
}

bool vb_set_autostart(VbDomain *domain, bool autostart, VbDone done, void *userdata, GError **error)
{
        Change *change;

        if (!check_persistent(domain, "set to start with the host", error))
                return false;
        change = change_new(done, userdata);
        change->autostart = autostart;
        domain->busy = "being changed";
        vb_store_save_autostart(domain, autostart, on_autostart_saved, change);
        return true;
}
