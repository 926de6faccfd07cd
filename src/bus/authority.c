/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* polkit, asynchronously. The library talks to it over a connection of its own, found when the first question
 * needs it.
 *
 * A bus lets one connection wait for only so many replies (dbus-daemon: 128), and an answer may take as long
 * as a person does. So each question is first asked without a person, which is quick, and those that need one
 * wait for one of their user's places, whose number keeps room for everybody else's quick ones. */
#include "bus/authority.h"

#include <polkit/polkit.h>

#include "bus/turns.h"
#include "util/error.h"

/* Together with some users' prompts below what dbus-daemon allows. */
#define QUICK_MAX 64
/* A person is shown one after the other anyway. */
#define PROMPTS_OF_USER_MAX 8

struct VbAuthority {
        gint refs;
        bool closed;             /* nobody waits for answers any more */
        PolkitAuthority *polkit; /* NULL until it was needed */
        VbTurns *quick, *prompts;
        GHashTable *checks; /* all that have not been answered */
};

typedef struct {
        VbAuthority *authority; /* counted */
        VbTurns *turns;         /* where it has a place, or waits */
        GSource *leaver;        /* it waits: tells that the caller has left */
        uid_t uid;
        PolkitSubject *subject;
        PolkitDetails *details;
        char *action;
        bool interactive; /* a person may be asked */
        bool prompting;   /* and is */
        GCancellable *gone;
        VbAuthorityDone done;
        void *userdata;
} Check;

VbAuthority *vb_authority_new(void)
{
        VbAuthority *authority = g_new0(VbAuthority, 1);

        authority->refs = 1;
        authority->quick = vb_turns_new(QUICK_MAX, QUICK_MAX);
        authority->prompts = vb_turns_new(UINT_MAX, PROMPTS_OF_USER_MAX);
        authority->checks = g_hash_table_new(NULL, NULL);
        return authority;
}

static void authority_unref(VbAuthority *authority)
{
        if (--authority->refs > 0)
                return;
        g_clear_object(&authority->polkit);
        vb_turns_free(authority->quick);
        vb_turns_free(authority->prompts);
        g_hash_table_unref(authority->checks);
        g_free(authority);
}

static void stop_waiting(Check *check)
{
        if (check->leaver)
                g_source_destroy(check->leaver);
        g_clear_pointer(&check->leaver, g_source_unref);
}

static void check_free(Check *check)
{
        stop_waiting(check);
        authority_unref(check->authority);
        g_clear_object(&check->subject);
        g_clear_object(&check->details);
        g_clear_object(&check->gone);
        g_free(check->action);
        g_free(check);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Check, check_free)

/* Once for each; nothing if it was answered when the authority was freed. */
static void answer(Check *check, const GError *error)
{
        if (g_hash_table_remove(check->authority->checks, check))
                check->done(error, check->userdata);
}

static bool has_left(const Check *check)
{
        return g_cancellable_is_cancelled(check->gone);
}

static bool is_gone(const Check *check, GError **error)
{
        if (!has_left(check))
                return false;
        vb_error_set(error, VB_ERROR_ACCESS_DENIED, "the caller has left the bus");
        return true;
}

static void ask(Check *check);

/* A queue is no place for those whom nobody waits for: they count as calls of their user's. */
static gboolean on_left(GCancellable *gone, gpointer userdata)
{
        g_autoptr(Check) check = userdata;
        g_autoptr(GError) error = NULL;

        vb_turns_remove(check->turns, check->uid, check);
        if (is_gone(check, &error))
                answer(check, error);
        return G_SOURCE_REMOVE;
}

static void enter(Check *check, VbTurns *turns)
{
        check->turns = turns;
        if (vb_turns_enter(turns, check->uid, check)) {
                ask(check);
                return;
        }
        check->leaver = g_cancellable_source_new(check->gone);
        g_source_set_callback(check->leaver, G_SOURCE_FUNC(on_left), check, NULL);
        g_source_attach(check->leaver, NULL);
}

/* The place is whose turn it is. */
static void leave(Check *left)
{
        Check *next = vb_turns_leave(left->turns, left->uid);

        if (!next)
                return;
        stop_waiting(next);
        ask(next);
}

static void prompt(Check *check)
{
        check->prompting = true;
        enter(check, check->authority->prompts);
}

static void answer_problem(Check *check, const GError *problem)
{
        g_autoptr(GError) error = NULL;

        if (is_gone(check, &error))
                ;
        else if (g_error_matches(problem, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED))
                vb_error_set(&error, VB_ERROR_LIMITS_EXCEEDED,
                             "too many wait for an authorisation; try again");
        else if (g_error_matches(problem, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
                 g_error_matches(problem, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED,
                             "there is no polkit on this host, so only root may do this: install polkit (the "
                             "package "
                             "polkitd) to have it decide");
        else
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "polkit cannot say whether this is allowed: %s",
                             problem->message);
        answer(check, error);
}

static void answer_result(Check *check, PolkitAuthorizationResult *result)
{
        g_autoptr(GError) error = NULL;

        if (is_gone(check, &error) || polkit_authorization_result_get_is_authorized(result))
                ;
        else if (polkit_authorization_result_get_is_challenge(result) && !check->interactive)
                vb_error_set(&error, VB_ERROR_AUTHORIZATION_REQUIRED,
                             "%s needs a password, and the caller did not allow to ask for one",
                             check->action);
        else if (polkit_authorization_result_get_is_challenge(result))
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "%s was not authorised by anybody",
                             check->action);
        else
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "user %u is not allowed %s",
                             (unsigned) check->uid, check->action);
        answer(check, error);
}

static void on_checked(GObject *source, GAsyncResult *async, gpointer userdata)
{
        g_autoptr(Check) check = userdata;
        g_autoptr(GError) problem = NULL;
        g_autoptr(PolkitAuthorizationResult) result =
                polkit_authority_check_authorization_finish(POLKIT_AUTHORITY(source), async, &problem);

        leave(check);
        /* The next question makes a new connection. */
        if (g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_CLOSED))
                g_clear_object(&check->authority->polkit);
        if (!result)
                answer_problem(check, problem);
        else if (!check->prompting && check->interactive && !check->authority->closed && !has_left(check) &&
                 polkit_authorization_result_get_is_challenge(result))
                prompt(g_steal_pointer(&check));
        else
                answer_result(check, result);
}

/* The library's connection is the process's, and GLib makes its end the process's with every look at it, in
 * silence. The service's own connection tells of the end of the bus. */
static void on_connection(GObject *source, GAsyncResult *result, gpointer userdata)
{
        g_autoptr(GDBusConnection) connection = g_bus_get_finish(result, NULL);

        if (connection)
                g_dbus_connection_set_exit_on_close(connection, FALSE);
        ask(userdata);
}

static void on_polkit(GObject *source, GAsyncResult *result, gpointer userdata)
{
        g_autoptr(Check) check = userdata;
        g_autoptr(GError) problem = NULL;
        g_autoptr(PolkitAuthority) polkit = polkit_authority_get_finish(result, &problem);

        if (polkit) {
                g_set_object(&check->authority->polkit, polkit);
                g_bus_get(G_BUS_TYPE_SYSTEM, NULL, on_connection, g_steal_pointer(&check));
                return;
        }
        leave(check);
        answer_problem(check, problem);
}

/* With a place, which is given back when there is an answer. What several wait for is taken back for none of
 * them. Nor is a quick question: taking it back is another one, and the bus counts both until polkit has
 * answered. */
static void ask(Check *check)
{
        PolkitAuthority *polkit = check->authority->polkit;

        if (!polkit) {
                polkit_authority_get_async(NULL, on_polkit, check);
                return;
        }
        polkit_authority_check_authorization(polkit, check->subject, check->action, check->details,
                                             check->prompting
                                                     ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                                                     : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
                                             check->prompting ? check->gone : NULL, on_checked, check);
}

static PolkitDetails *make_details(VbVerb verb, const VbAuthorityDetails *about)
{
        PolkitDetails *details = polkit_details_new();
        g_autofree char *owner = g_strdup_printf("%u", (unsigned) about->owner);

        polkit_details_insert(details, "verb", vb_verb_to_string(verb));
        polkit_details_insert(details, "owner", owner);
        if (about->domain)
                polkit_details_insert(details, "domain", about->domain);
        if (about->uuid)
                polkit_details_insert(details, "uuid", about->uuid);
        if (about->resource)
                polkit_details_insert(details, "resource", about->resource);
        return details;
}

void vb_authority_check(VbAuthority *authority, const VbAuthorityCaller *caller, VbVerb verb,
                        const VbAuthorityDetails *details, VbAuthorityDone done, void *userdata)
{
        Check *check = g_new0(Check, 1);

        authority->refs++;
        *check = (Check){ .authority = authority,
                          .uid = caller->uid,
                          .subject = polkit_system_bus_name_new(caller->name),
                          .details = make_details(verb, details),
                          .action = vb_verb_action(verb, details->owner == caller->uid),
                          .interactive = caller->interactive,
                          .gone = g_object_ref(caller->gone),
                          .done = done,
                          .userdata = userdata };
        g_hash_table_add(authority->checks, check);
        enter(check, authority->quick);
}

void vb_authority_free(VbAuthority *authority)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(GList) checks = NULL;

        if (!authority)
                return;
        authority->closed = true;
        vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "the service ends, and this was not authorised yet");
        checks = g_hash_table_get_keys(authority->checks);
        for (GList *link = checks; link; link = link->next) {
                Check *check = link->data;

                answer(check, error);
                /* In no hand but ours; the others come back from the library. */
                if (check->leaver) {
                        vb_turns_remove(check->turns, check->uid, check);
                        check_free(check);
                }
        }
        authority_unref(authority);
}
