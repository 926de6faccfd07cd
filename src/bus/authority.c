/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* polkit, asynchronously. The library talks to it over a connection of its own, found when the first question
 * needs it.
 *
 * A bus lets one connection wait for only so many replies (dbus-daemon: 128), and an answer may take as long
 * as a person does. So each question is first asked without a person, which is quick, and those that need one
 * go on in a lane of their user's, whose length keeps room for everybody else's quick ones. */
#include "bus/authority.h"

#include <polkit/polkit.h>

#include "util/error.h"

/* Together with some users' prompts below what dbus-daemon allows. */
#define QUICK_MAX 64
/* A person is shown one after the other anyway. */
#define PROMPTS_OF_USER_MAX 8

/* Questions of one kind: so many at a time, in the order of their coming. */
typedef struct {
        unsigned n, max;
        GQueue waiting; /* Check */
} Lane;

struct VbAuthority {
        gint refs;
        bool closed;             /* nobody waits for answers any more */
        PolkitAuthority *polkit; /* NULL until it was needed */
        Lane quick;
        GHashTable *prompts; /* uid to Lane */
        GHashTable *checks;  /* all that have not been answered */
};

typedef struct {
        VbAuthority *authority; /* counted */
        Lane *lane;
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

static void lane_free(gpointer lane)
{
        g_queue_clear(&((Lane *) lane)->waiting);
        g_free(lane);
}

VbAuthority *vb_authority_new(void)
{
        VbAuthority *authority = g_new0(VbAuthority, 1);

        authority->refs = 1;
        authority->quick.max = QUICK_MAX;
        g_queue_init(&authority->quick.waiting);
        authority->prompts = g_hash_table_new_full(NULL, NULL, NULL, lane_free);
        authority->checks = g_hash_table_new(NULL, NULL);
        return authority;
}

static void authority_unref(VbAuthority *authority)
{
        if (--authority->refs > 0)
                return;
        g_clear_object(&authority->polkit);
        g_queue_clear(&authority->quick.waiting);
        g_hash_table_unref(authority->prompts);
        g_hash_table_unref(authority->checks);
        g_free(authority);
}

static void check_free(Check *check)
{
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

static bool is_gone(const Check *check, GError **error)
{
        if (!g_cancellable_is_cancelled(check->gone))
                return false;
        vb_error_set(error, VB_ERROR_ACCESS_DENIED, "the caller has left the bus");
        return true;
}

static void ask(Check *check);

static void enter(Lane *lane, Check *check)
{
        check->lane = lane;
        if (lane->n >= lane->max) {
                g_queue_push_tail(&lane->waiting, check);
                return;
        }
        lane->n++;
        ask(check);
}

/* A place has become free. */
static void leave(Check *left)
{
        VbAuthority *authority = left->authority;
        Lane *lane = g_steal_pointer(&left->lane);

        lane->n--;
        while (!authority->closed && lane->n < lane->max && !g_queue_is_empty(&lane->waiting)) {
                g_autoptr(Check) next = g_queue_pop_head(&lane->waiting);
                g_autoptr(GError) error = NULL;

                if (is_gone(next, &error)) {
                        answer(next, error);
                        continue;
                }
                lane->n++;
                ask(g_steal_pointer(&next));
        }
        if (lane->n == 0 && lane != &authority->quick && !authority->closed)
                g_hash_table_remove(authority->prompts, GUINT_TO_POINTER(left->uid));
}

static void prompt(Check *check)
{
        VbAuthority *authority = check->authority;
        Lane *lane = g_hash_table_lookup(authority->prompts, GUINT_TO_POINTER(check->uid));

        if (!lane) {
                lane = g_new0(Lane, 1);
                lane->max = PROMPTS_OF_USER_MAX;
                g_queue_init(&lane->waiting);
                g_hash_table_insert(authority->prompts, GUINT_TO_POINTER(check->uid), lane);
        }
        check->prompting = true;
        enter(lane, check);
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
        if (!result)
                answer_problem(check, problem);
        else if (!check->prompting && check->interactive && !check->authority->closed &&
                 polkit_authorization_result_get_is_challenge(result))
                prompt(g_steal_pointer(&check));
        else
                answer_result(check, result);
}

static void on_polkit(GObject *source, GAsyncResult *result, gpointer userdata)
{
        g_autoptr(Check) check = userdata;
        g_autoptr(GError) problem = NULL;
        g_autoptr(PolkitAuthority) polkit = polkit_authority_get_finish(result, &problem);

        if (polkit) {
                g_set_object(&check->authority->polkit, polkit);
                ask(g_steal_pointer(&check));
                return;
        }
        leave(check);
        answer_problem(check, problem);
}

static void ask(Check *check)
{
        PolkitAuthority *polkit = check->authority->polkit;

        if (!polkit) {
                polkit_authority_get_async(check->gone, on_polkit, check);
                return;
        }
        polkit_authority_check_authorization(polkit, check->subject, check->action, check->details,
                                             check->prompting
                                                     ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                                                     : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
                                             check->gone, on_checked, check);
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
        enter(&authority->quick, check);
}

/* Those in a queue are in no hand but ours; the others come back from the library. */
static void free_waiting(Lane *lane)
{
        Check *check;

        while ((check = g_queue_pop_head(&lane->waiting)))
                check_free(check);
}

void vb_authority_free(VbAuthority *authority)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(GList) checks = NULL;
        GHashTableIter iter;
        gpointer lane;

        if (!authority)
                return;
        authority->closed = true;
        vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "the service ends, and this was not authorised yet");
        checks = g_hash_table_get_keys(authority->checks);
        for (GList *check = checks; check; check = check->next)
                answer(check->data, error);
        free_waiting(&authority->quick);
        g_hash_table_iter_init(&iter, authority->prompts);
        while (g_hash_table_iter_next(&iter, NULL, &lane))
                free_waiting(lane);
        authority_unref(authority);
}
