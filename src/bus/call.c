/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of every method call: rule, caller (bus/callers.h), object, authorisation (bus/authority.h), the
 * object again, handler, reply. Between them time passes, up to what a person takes to type a password. */
#include "bus/call.h"

#include <stdarg.h>

#include "bus/bus-private.h"
#include "bus/errors.h"
#include "bus/paths.h"
#include "host/identity.h"
#include "util/error.h"
#include "util/log.h"

/* Calls that have not been answered, of all callers; how many of them may be one user's, is configured. */
#define CALLS_MAX 4096

const VbMethodRule *vb_call_find_rule(const VbMethodRule *rules, const char *member)
{
        for (; rules->member; rules++)
                if (g_str_equal(rules->member, member))
                        return rules;
        return NULL;
}

static unsigned user_calls(VbBus *bus, uid_t uid)
{
        return GPOINTER_TO_UINT(g_hash_table_lookup(bus->user_calls, GUINT_TO_POINTER(uid)));
}

static void set_user_calls(VbBus *bus, uid_t uid, unsigned n)
{
        if (n > 0)
                g_hash_table_insert(bus->user_calls, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(n));
        else
                g_hash_table_remove(bus->user_calls, GUINT_TO_POINTER(uid));
}

static void call_free(VbCall *call)
{
        call->bus->n_calls--;
        if (call->counted)
                set_user_calls(call->bus, call->uid, user_calls(call->bus, call->uid) - 1);
        vb_caller_unref(call->caller);
        sd_bus_message_unref(call->message);
        g_free(call);
}

void vb_call_reply_message(VbCall *call, sd_bus_message *reply)
{
        int r;

        vb_bus_flush_changes(call->bus);
        r = sd_bus_send(NULL, reply, NULL);
        if (r < 0)
                vb_log_warning("a reply cannot be sent: %s", g_strerror(-r));
        call_free(call);
}

void vb_call_reply(VbCall *call, const char *types, ...)
{
        g_autoptr(VbBusMessage) reply = NULL;
        va_list ap;
        int r = sd_bus_message_new_method_return(call->message, &reply);

        if (r >= 0 && types[0]) {
                va_start(ap, types);
                r = sd_bus_message_appendv(reply, types, ap);
                va_end(ap);
        }
        if (r >= 0) {
                vb_call_reply_message(call, reply);
                return;
        }
        vb_log_warning("a reply cannot be made: %s", g_strerror(-r));
        (void) sd_bus_reply_method_errno(call->message, r, NULL);
        call_free(call);
}

void vb_call_reply_error(VbCall *call, const GError *error)
{
        g_autofree char *text = g_utf8_make_valid(error->message, -1);

        vb_bus_flush_changes(call->bus);
        (void) sd_bus_reply_method_errorf(call->message, vb_bus_error_name(error), "%s", text);
        call_free(call);
}

void vb_call_reply_done(VbDomain *domain, const GError *error, void *userdata)
{
        if (error)
                vb_call_reply_error(userdata, error);
        else
                vb_call_reply(userdata, "");
}

static bool find_object(VbCall *call, GError **error)
{
        const char *path = sd_bus_message_get_path(call->message);
        g_autofree char *alias = NULL;
        bool controller;
        uint64_t number;
        uint32_t id;

        call->domain = NULL;
        call->device = NULL;
        switch (call->target) {
        case VB_TARGET_MANAGER:
                return true;
        case VB_TARGET_DOMAIN:
                if (g_ascii_string_to_unsigned(path + strlen(VB_PATH_DOMAINS "/"), 10, 1, UINT32_MAX, &number,
                                               NULL))
                        call->domain = vb_service_find(call->bus->service, (uint32_t) number);
                break;
        case VB_TARGET_DEVICE:
                if (!vb_path_parse_device(path, &id, &controller, &alias))
                        break;
                call->domain = vb_service_find(call->bus->service, id);
                if (!call->domain)
                        break;
                call->device = vb_domain_def_find_device(vb_domain_shown(call->domain), alias);
                if (!call->device)
                        return vb_error_set(error, VB_ERROR_NO_SUCH_DEVICE,
                                            "domain '%s' has no device '%s' any more", call->domain->name,
                                            alias);
                break;
        }
        if (!call->domain)
                return vb_error_set(error, VB_ERROR_NO_SUCH_DOMAIN, "there is no such domain any more");
        return true;
}

static void run(VbCall *call)
{
        VbDomain *held = call->domain ? vb_domain_ref(call->domain) : NULL;
        g_autoptr(GError) error = NULL;

        if (!call->rule->handler(call, &error))
                vb_call_reply_error(call, error);
        /* The handler may have undefined it. */
        vb_domain_unref(held);
}

typedef struct {
        VbCall *call;
        VbCallAuthorised done;
        void *userdata;
} Question;

static void on_answer(const GError *error, void *userdata)
{
        g_autofree Question *question = userdata;

        question->done(question->call, error, question->userdata);
}

void vb_call_authorise(VbCall *call, VbVerb verb, const VbAuthorityDetails *details, VbCallAuthorised done,
                       void *userdata)
{
        g_autoptr(GError) error = NULL;
        Question *question;

        if (verb == VB_VERB_PUBLIC || vb_user_is_trusted(call->uid)) {
                done(call, NULL, userdata);
                return;
        }
        if (!call->bus->authority) {
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED,
                             "on this bus only root and the service's own user may do this");
                done(call, error, userdata);
                return;
        }
        question = g_new(Question, 1);
        *question = (Question){ call, done, userdata };
        vb_authority_check(
                call->bus->authority,
                &(VbAuthorityCaller){ .name = call->caller->name,
                                      .uid = call->uid,
                                      .gone = call->caller->gone,
                                      .interactive = sd_bus_message_get_allow_interactive_authorization(
                                                             call->message) > 0 },
                verb, details, on_answer, question);
}

/* A domain that does not exist yet will be the caller's. */
static void authorise_for_object(VbCall *call, VbVerb verb, VbCallAuthorised done)
{
        const VbDomain *domain = call->domain;
        VbAuthorityDetails details = { .domain = domain ? domain->name : NULL,
                                       .uuid = domain ? domain->uuid : NULL,
                                       .owner = domain ? domain->owner : call->uid };

        vb_call_authorise(call, verb, &details, done, NULL);
}

static void on_authorised(VbCall *call, const GError *denied, void *userdata)
{
        g_autoptr(GError) error = NULL;

        if (denied)
                vb_call_reply_error(call, denied);
        else if (!find_object(call, &error))
                vb_call_reply_error(call, error);
        else
                run(call);
}

static void on_first_authorised(VbCall *call, const GError *denied, void *userdata)
{
        VbVerb also = vb_verb_also(call->rule->verb);
        g_autoptr(GError) error = NULL;

        if (denied || also == VB_VERB_NONE)
                on_authorised(call, denied, NULL);
        else if (!find_object(call, &error))
                vb_call_reply_error(call, error);
        else
                authorise_for_object(call, also, on_authorised);
}

static bool check_user_calls(VbCall *call, GError **error)
{
        uint64_t limit = vb_limits_of(call->bus->service->limits, call->uid).calls;
        unsigned n = user_calls(call->bus, call->uid);

        if (limit == VB_UNLIMITED)
                return true;
        if (n >= limit)
                return vb_error_set(error, VB_ERROR_LIMITS_EXCEEDED,
                                    "%u calls of user %u wait for an answer already; try again", n,
                                    (unsigned) call->uid);
        set_user_calls(call->bus, call->uid, n + 1);
        call->counted = true;
        return true;
}

static void on_caller(VbCaller *caller, const GError *unknown, void *userdata)
{
        VbCall *call = userdata;
        g_autoptr(GError) error = NULL;

        if (unknown) {
                vb_call_reply_error(call, unknown);
                return;
        }
        call->caller = vb_caller_ref(caller);
        call->uid = caller->uid;
        if (check_user_calls(call, &error) && find_object(call, &error))
                authorise_for_object(call, call->rule->verb, on_first_authorised);
        else
                vb_call_reply_error(call, error);
}

int vb_call_dispatch(VbBus *bus, sd_bus_message *message, const VbMethodRule *rules, VbTarget target)
{
        const VbMethodRule *rule = vb_call_find_rule(rules, sd_bus_message_get_member(message));
        const char *sender = sd_bus_message_get_sender(message);
        g_autoptr(GError) error = NULL;
        VbCall *call = g_new0(VbCall, 1);

        call->bus = bus;
        call->message = sd_bus_message_ref(message);
        call->rule = rule;
        call->target = target;
        bus->n_calls++;
        if (bus->n_calls > CALLS_MAX)
                vb_error_set(&error, VB_ERROR_LIMITS_EXCEEDED,
                             "too many calls are waiting for an answer; try again");
        else if (!rule || !sender || rule->verb == VB_VERB_NONE)
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "nobody may do this");
        if (error)
                vb_call_reply_error(call, error);
        else
                vb_callers_identify(bus->callers, sender, on_caller, call);
        return 1;
}
