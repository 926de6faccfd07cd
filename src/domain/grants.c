/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Grants: which there are, which are missing, and asking for those. What a definition names is found in
 * conf/host-resources.c; who may allow it is asked through the caller. */
#include "domain/grants.h"

#include <string.h>

#include "conf/emulator-facts.h"
#include "domain/networks.h"
#include "domain/saved.h"
#include "host/file-check.h"
#include "host/identity.h"
#include "util/error.h"
#include "util/json.h"

#define KVM_DEVICE "/dev/kvm"

static void grant_free(gpointer data)
{
        VbGrant *grant = data;

        g_free(grant->where);
        g_free(grant);
}

GPtrArray *vb_grants_new(void)
{
        return g_ptr_array_new_with_free_func(grant_free);
}

bool vb_grants_are_needed(uid_t owner)
{
        return !vb_user_is_trusted(owner);
}

bool vb_grants_have(const GPtrArray *grants, VbHostUse use)
{
        for (guint i = 0; i < grants->len; i++)
                if (((const VbGrant *) grants->pdata[i])->use == use)
                        return true;
        return false;
}

static const VbGrant *find_grant(const GPtrArray *grants, VbHostUse use, const char *where,
                                 const char *digest)
{
        for (guint i = 0; grants && i < grants->len; i++) {
                const VbGrant *grant = grants->pdata[i];

                if (grant->use == use && g_str_equal(grant->where, where) &&
                    g_str_equal(grant->digest, digest))
                        return grant;
        }
        return NULL;
}

static VbGrant *grant_new(const VbHostResource *resource, uid_t by, uint64_t time)
{
        VbGrant *grant = g_new0(VbGrant, 1);

        grant->use = resource->use;
        grant->where = g_strdup(resource->where);
        memcpy(grant->digest, resource->digest, sizeof(grant->digest));
        grant->by = by;
        grant->time = time;
        return grant;
}

static VbGrant *grant_copy(const VbGrant *grant)
{
        VbGrant *copy = g_memdup2(grant, sizeof(*grant));

        copy->where = g_strdup(grant->where);
        return copy;
}

/* A name that the configuration does not know may mean anything tomorrow. */
static bool is_host_network(const char *name, void *userdata)
{
        const VbNetwork *network = vb_networks_find(userdata, name);

        return !network || network->kind != VB_NETWORK_USER;
}

static GPtrArray *list(const VbService *service, const VbDomainDef *def, uid_t owner,
                       const VbEmulatorFacts *emulator, bool may_use_kvm)
{
        return vb_host_resources_list(def, &(VbHostScope){ .owner = owner,
                                                           .owner_may_use_kvm = may_use_kvm,
                                                           .firmware = emulator ? emulator->firmware : NULL,
                                                           .is_host_network = is_host_network,
                                                           .userdata = service->networks });
}

static bool check(const VbDomain *domain, const GPtrArray *resources, GError **error)
{
        g_autoptr(GString) missing = g_string_new(NULL);

        for (guint i = 0; i < resources->len; i++) {
                const VbHostResource *resource = resources->pdata[i];

                if (!find_grant(domain->grants, resource->use, resource->where, resource->digest))
                        g_string_append_printf(missing, "%s%s names %s (%s)", missing->len > 0 ? "; " : "",
                                               resource->where, resource->description,
                                               vb_host_use_action(resource->use));
        }
        return missing->len == 0 ||
               vb_error_set(
                       error, VB_ERROR_ACCESS_DENIED,
                       "domain '%s' of user %u is not started: %s, and it was not granted. Define the domain "
                       "again as somebody who may use that, or without it",
                       domain->name, (unsigned) domain->owner, missing->str);
}

bool vb_grants_check(const VbDomain *domain, const VbDomainDef *def, const VbEmulatorFacts *emulator,
                     GError **error)
{
        g_autoptr(GPtrArray) resources = NULL;

        if (!vb_grants_are_needed(domain->owner))
                return true;
        resources = list(domain->service, def, domain->owner, emulator, true);
        return check(domain, resources, error);
}

bool vb_grants_check_emulator(const VbDomain *domain, const VbDomainDef *def, GError **error)
{
        g_autoptr(GPtrArray) resources = NULL;

        if (!vb_grants_are_needed(domain->owner))
                return true;
        resources = vb_host_resources_of_emulator(def, &(VbHostScope){ .owner = domain->owner });
        return check(domain, resources, error);
}

static void keep_named(GPtrArray *kept, const VbDomain *domain, const VbDomainDef *def)
{
        /* Without what could leave any of them out. */
        g_autoptr(GPtrArray) resources = vb_host_resources_list(def, &(VbHostScope){ .owner = domain->owner });

        for (guint i = 0; i < resources->len; i++) {
                const VbHostResource *resource = resources->pdata[i];
                const VbGrant *grant =
                        find_grant(domain->grants, resource->use, resource->where, resource->digest);

                if (grant && !find_grant(kept, grant->use, grant->where, grant->digest))
                        g_ptr_array_add(kept, grant_new(resource, grant->by, grant->time));
        }
}

GPtrArray *vb_grants_keep(const VbDomain *domain, const VbDomainDef *def)
{
        GPtrArray *kept = vb_grants_new();

        if (!vb_grants_are_needed(domain->owner))
                return kept;
        keep_named(kept, domain, def);
        if (domain->saved && domain->saved->def)
                keep_named(kept, domain, domain->saved->def);
        return kept;
}

json_object *vb_grants_to_json(const GPtrArray *grants)
{
        json_object *array = json_object_new_array();

        for (guint i = 0; grants && i < grants->len; i++) {
                const VbGrant *grant = grants->pdata[i];
                json_object *object = json_object_new_object();

                json_object_object_add(object, "action",
                                       json_object_new_string(vb_host_use_action(grant->use)));
                json_object_object_add(object, "where", json_object_new_string(grant->where));
                json_object_object_add(object, "digest", json_object_new_string(grant->digest));
                json_object_object_add(object, "by", json_object_new_int64(grant->by));
                json_object_object_add(object, "time", json_object_new_uint64(grant->time));
                json_object_array_add(array, object);
        }
        return array;
}

GPtrArray *vb_grants_from_json(json_object *array)
{
        GPtrArray *grants = vb_grants_new();

        for (size_t i = 0; array && i < json_object_array_length(array); i++) {
                json_object *object = json_object_array_get_idx(array, i);
                const char *action, *where, *digest;
                VbHostResource resource = { 0 };
                uint64_t by, time;

                if (!vb_json_get_string(object, "action", &action) ||
                    !vb_json_get_string(object, "where", &where) ||
                    !vb_json_get_string(object, "digest", &digest) || strlen(digest) != VB_DIGEST_LENGTH ||
                    !vb_json_get_uint64(object, "by", &by) || by >= UINT32_MAX ||
                    !vb_json_get_uint64(object, "time", &time) ||
                    !vb_host_use_from_action(action, &resource.use))
                        continue;
                resource.where = (char *) where;
                memcpy(resource.digest, digest, sizeof(resource.digest));
                g_ptr_array_add(grants, grant_new(&resource, (uid_t) by, time));
        }
        return grants;
}

typedef struct {
        VbRequester requester;
        GPtrArray *resources; /* that the definition names */
        GPtrArray *grants;    /* as they will be */
        GPtrArray *wanted;    /* of @resources: what is to be asked for; borrowed */
        uid_t owner;
        char *domain, *uuid;
        VbService *service;
        VbDomainDef *def; /* while it is found out about KVM; and what follows */
        VbEmulatorFacts *emulator;
        GPtrArray *granted;
        char *alias;
        VbGrantsDone done;
        void *userdata;
} Request;

static void request_end(Request *request, const GError *error)
{
        g_autoptr(GPtrArray) grants = request->grants;

        request->done(error ? NULL : g_steal_pointer(&grants), error, request->userdata);
        g_clear_pointer(&request->wanted, g_ptr_array_unref);
        g_clear_pointer(&request->resources, g_ptr_array_unref);
        g_clear_pointer(&request->granted, g_ptr_array_unref);
        vb_domain_def_free(request->def);
        if (request->emulator)
                vb_emulator_facts_unref(request->emulator);
        g_free(request->domain);
        g_free(request->uuid);
        g_free(request->alias);
        g_free(request);
}

static void on_authorised(const GError *error, void *userdata)
{
        Request *request = userdata;
        uint64_t now = (uint64_t) g_get_real_time();

        for (guint i = 0; !error && i < request->wanted->len; i++) {
                VbGrant *grant = grant_new(request->wanted->pdata[i], request->requester.uid, now);

                grant->fresh = true;
                g_ptr_array_add(request->grants, grant);
        }
        request_end(request, error);
}

static void ask_for_resources(Request *request)
{
        for (guint i = 0; i < request->resources->len; i++) {
                const VbHostResource *resource = request->resources->pdata[i];
                const VbGrant *grant =
                        find_grant(request->granted, resource->use, resource->where, resource->digest);

                if (request->alias && !g_str_equal(resource->where, request->alias))
                        continue;
                if (grant)
                        g_ptr_array_add(request->grants, grant_copy(grant));
                else
                        g_ptr_array_add(request->wanted, (gpointer) resource);
        }
        if (request->wanted->len == 0)
                on_authorised(NULL, request);
        else
                request->requester.authorise(request->requester.data,
                                             &(VbAuthorisation){ .owner = request->owner,
                                                                 .domain = request->domain,
                                                                 .uuid = request->uuid,
                                                                 .resources = request->wanted },
                                             on_authorised, request);
}

static void ask(Request *request, bool may_use_kvm)
{
        request->resources =
                list(request->service, request->def, request->owner, request->emulator, may_use_kvm);
        ask_for_resources(request);
}

static void on_kvm_known(const GPtrArray *missing, const GError *error, void *userdata)
{
        /* What is not known is asked for. */
        ask(userdata, !error && missing->len == 0);
}

static Request *request_new(const VbRequester *requester, const VbGrantQuestion *question, VbGrantsDone done,
                            void *userdata)
{
        Request *request = g_new(Request, 1);

        *request = (Request){ .requester = *requester,
                              .grants = vb_grants_new(),
                              .wanted = g_ptr_array_new(),
                              .owner = question->owner,
                              .domain = g_strdup(question->def->name),
                              .uuid = g_strdup(question->def->uuid),
                              .granted = vb_grants_new(),
                              .alias = g_strdup(question->alias),
                              .done = done,
                              .userdata = userdata };
        if (question->granted)
                vb_grants_add(request->granted, question->granted);
        for (guint i = 0; i < request->granted->len; i++)
                ((VbGrant *) request->granted->pdata[i])->fresh = false;
        if (question->asked)
                vb_grants_add(request->granted, question->asked);
        return request;
}

void vb_grants_ask_emulator(const VbRequester *requester, const VbGrantQuestion *question, VbGrantsDone done,
                            void *userdata)
{
        Request *request;

        if (!vb_grants_are_needed(question->owner)) {
                done(vb_grants_new(), NULL, userdata);
                return;
        }
        request = request_new(requester, question, done, userdata);
        request->resources =
                vb_host_resources_of_emulator(question->def, &(VbHostScope){ .owner = question->owner });
        ask_for_resources(request);
}

void vb_grants_ask(const VbRequester *requester, const VbGrantQuestion *question, VbService *service,
                   VbGrantsDone done, void *userdata)
{
        Request *request;
        VbFileCheck *check;

        if (!vb_grants_are_needed(question->owner)) {
                done(vb_grants_new(), NULL, userdata);
                return;
        }
        request = request_new(requester, question, done, userdata);
        request->service = service;
        request->def = vb_domain_def_copy(question->def);
        request->emulator =
                question->emulator ? vb_emulator_facts_ref((VbEmulatorFacts *) question->emulator) : NULL;
        if (question->def->virt_type != VB_VIRT_KVM || question->alias) {
                ask(request, true);
                return;
        }
        check = vb_file_check_new();
        vb_file_check_add_usable(check, "kvm", KVM_DEVICE);
        vb_file_check_run(check, question->owner, on_kvm_known, request);
}

bool vb_grants_cover(const GPtrArray *grants, const VbGrantQuestion *question, const VbService *service,
                     GError **error)
{
        g_autoptr(GPtrArray) resources = NULL;

        if (!vb_grants_are_needed(question->owner))
                return true;
        resources = list(service, question->def, question->owner, question->emulator, true);
        for (guint i = 0; i < resources->len; i++) {
                const VbHostResource *resource = resources->pdata[i];

                if ((!question->alias || g_str_equal(resource->where, question->alias)) &&
                    !find_grant(grants, resource->use, resource->where, resource->digest))
                        return vb_error_set(error, VB_ERROR_ACCESS_DENIED,
                                            "%s would now be another than what was asked for; try again",
                                            resource->where);
        }
        return true;
}

void vb_grants_add(GPtrArray *grants, const GPtrArray *more)
{
        for (guint i = 0; i < more->len; i++) {
                const VbGrant *grant = more->pdata[i];

                if (!find_grant(grants, grant->use, grant->where, grant->digest))
                        g_ptr_array_add(grants, grant_copy(grant));
        }
}

bool vb_grants_still_hold(const GPtrArray *grants, const GPtrArray *granted, GError **error)
{
        for (guint i = 0; i < grants->len; i++) {
                const VbGrant *grant = grants->pdata[i];

                if (!grant->fresh && !find_grant(granted, grant->use, grant->where, grant->digest))
                        return vb_error_set(error, VB_ERROR_BUSY,
                                            "what %s names was taken from the domain meanwhile; try again",
                                            grant->where);
        }
        return true;
}
