/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of every method call: rule, authorisation, object, handler, reply. Who the caller is, is asked from the bus
 * (GetConnectionUnixUser), asynchronously, and remembered by unique name, which a bus never gives twice. */
#include "bus/call.h"

#include <stdarg.h>
#include <unistd.h>

#include "bus/bus-private.h"
#include "bus/errors.h"
#include "bus/paths.h"
#include "util/error.h"
#include "util/log.h"

/* Forgotten all together when there are more: asking again costs one round trip. */
#define CALLERS_MAX 1024
/* Calls of all callers that have not been answered. */
#define CALLS_MAX 4096

const VbMethodRule *vb_call_find_rule(const VbMethodRule *rules, const char *member)
{
        for (; rules->member; rules++)
                if (g_str_equal(rules->member, member))
                        return rules;
        return NULL;
}

static void call_free(VbCall *call)
{
        call->bus->n_calls--;
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

/* A call that waits for the bus to say who its caller is. */
typedef struct {
        VbCall *call;
        const VbMethodRule *rule;
        VbTarget target;
} Waiting;

static bool authorise(VbVerb verb, uid_t uid, GError **error)
{
        if (verb == VB_VERB_PUBLIC)
                return true;
        if (verb != VB_VERB_NONE && (uid == 0 || uid == geteuid()))
                return true;
        return vb_error_set(error, VB_ERROR_ACCESS_DENIED, "only root and the service's own user may do this");
}

static bool find_object(VbCall *call, VbTarget target, GError **error)
{
        const char *path = sd_bus_message_get_path(call->message);
        g_autofree char *alias = NULL;
        bool controller;
        uint64_t number;
        uint32_t id;

        switch (target) {
        case VB_TARGET_MANAGER:
                return true;
        case VB_TARGET_DOMAIN:
                if (g_ascii_string_to_unsigned(path + strlen(VB_PATH_DOMAINS "/"), 10, 1, UINT32_MAX, &number, NULL))
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
                        return vb_error_set(error, VB_ERROR_NO_SUCH_DEVICE, "domain '%s' has no device '%s' any more",
                                            call->domain->name, alias);
                break;
        }
        if (!call->domain)
                return vb_error_set(error, VB_ERROR_NO_SUCH_DOMAIN, "there is no such domain any more");
        return true;
}

static void run(VbCall *call, const VbMethodRule *rule, VbTarget target)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomain) domain = NULL;

        if (!authorise(rule->verb, call->uid, &error) || !find_object(call, target, &error)) {
                vb_call_reply_error(call, error);
                return;
        }
        domain = call->domain ? vb_domain_ref(call->domain) : NULL;
        if (!rule->handler(call, &error))
                vb_call_reply_error(call, error);
}

static int on_caller_known(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        g_autofree Waiting *waiting = userdata;
        VbCall *call = waiting->call;
        g_autoptr(GError) error = NULL;
        uint32_t uid;

        if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "u", &uid) < 0) {
                /* It has left the bus: nobody waits for an answer. */
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "the bus does not know the caller");
                vb_call_reply_error(call, error);
                return 0;
        }
        if (g_hash_table_size(call->bus->callers) >= CALLERS_MAX)
                g_hash_table_remove_all(call->bus->callers);
        g_hash_table_insert(call->bus->callers, g_strdup(sd_bus_message_get_sender(call->message)), GUINT_TO_POINTER(uid));
        call->uid = uid;
        run(call, waiting->rule, waiting->target);
        return 0;
}

static void ask_bus(VbCall *call, const VbMethodRule *rule, VbTarget target)
{
        Waiting *waiting = g_new(Waiting, 1);
        g_autoptr(GError) error = NULL;

        *waiting = (Waiting){ .call = call, .rule = rule, .target = target };
        if (sd_bus_call_method_async(call->bus->bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "GetConnectionUnixUser", on_caller_known, waiting, "s",
                                     sd_bus_message_get_sender(call->message)) >= 0)
                return;
        g_free(waiting);
        vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "the bus cannot be asked who calls");
        vb_call_reply_error(call, error);
}

int vb_call_dispatch(VbBus *bus, sd_bus_message *message, const VbMethodRule *rules, VbTarget target)
{
        const VbMethodRule *rule = vb_call_find_rule(rules, sd_bus_message_get_member(message));
        const char *sender = sd_bus_message_get_sender(message);
        g_autoptr(GError) error = NULL;
        gpointer uid;
        VbCall *call = g_new0(VbCall, 1);

        call->bus = bus;
        call->message = sd_bus_message_ref(message);
        bus->n_calls++;
        if (bus->n_calls > CALLS_MAX)
                vb_error_set(&error, VB_ERROR_LIMITS_EXCEEDED, "too many calls are waiting for an answer; try again");
        else if (!rule || !sender)
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "nobody may do this");
        if (error) {
                vb_call_reply_error(call, error);
        } else if (g_hash_table_lookup_extended(bus->callers, sender, NULL, &uid)) {
                call->uid = GPOINTER_TO_UINT(uid);
                run(call, rule, target);
        } else {
                ask_bus(call, rule, target);
        }
        return 1;
}
