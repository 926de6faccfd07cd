/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has to be asked, when, and what is said of the answer.
 *
 * A bus lets one connection wait for only so many replies (dbus-daemon: 128), and an answer may take as long
 * as a person does. So each question is first asked without a person, which is quick, and those that need one
 * wait for one of their user's places, whose number keeps room for everybody else's quick ones. */
#include "bus/authority.h"

#include <errno.h>
#include <string.h>

#include "bus/polkit.h"
#include "bus/turns.h"
#include "util/error.h"

/* Below what dbus-daemon allows, as are several users' prompts. */
#define QUICK_MAX 64
/* A person is shown one after the other anyway. */
#define PROMPTS_OF_USER_MAX 8

struct VbAuthority {
        gint refs;
        VbPolkit *polkit;
        VbTurns *quick, *prompts;
        GHashTable *checks;
};

typedef struct {
        VbAuthority *authority; /* counted */
        VbTurns *turns;         /* where it has a place, or waits */
        GSource *leaver;        /* tells that the caller has left */
        uid_t uid;
        VbPolkitQuestion question;
        sd_bus_slot *asked; /* without a person, and not answered */
        bool interactive;   /* a person may be asked */
        bool prompting;     /* is being asked, or will be */
        bool waits;         /* for a place */
        GCancellable *gone;
        VbAuthorityDone done; /* NULL: answered */
        void *userdata;
} Check;

VbAuthority *vb_authority_new(sd_bus *bus)
{
        VbAuthority *authority = g_new0(VbAuthority, 1);

        authority->refs = 1;
        authority->polkit = vb_polkit_new(bus);
        authority->quick = vb_turns_new(QUICK_MAX, QUICK_MAX);
        authority->prompts = vb_turns_new(UINT_MAX, PROMPTS_OF_USER_MAX);
        authority->checks = g_hash_table_new(NULL, NULL);
        return authority;
}

static void authority_unref(VbAuthority *authority)
{
        if (--authority->refs > 0)
                return;
        vb_polkit_free(authority->polkit);
        vb_turns_free(authority->quick);
        vb_turns_free(authority->prompts);
        g_hash_table_unref(authority->checks);
        g_free(authority);
}

static void check_free(Check *check)
{
        g_hash_table_remove(check->authority->checks, check);
        g_source_destroy(check->leaver);
        g_source_unref(check->leaver);
        sd_bus_slot_unref(check->asked);
        authority_unref(check->authority);
        vb_polkit_question_clear(&check->question);
        g_object_unref(check->gone);
        g_free(check);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Check, check_free)

/* Once for each. */
static void answer(Check *check, const GError *error)
{
        VbAuthorityDone done = check->done;

        check->done = NULL;
        if (done)
                done(error, check->userdata);
}

static bool is_gone(const Check *check, GError **error)
{
        if (!g_cancellable_is_cancelled(check->gone))
                return false;
        vb_error_set(error, VB_ERROR_ACCESS_DENIED, "the caller has left the bus");
        return true;
}

static void start(Check *check);

/* Its place is kept until polkit has answered: the bus counts the question for as long, and one that takes it
 * back is another one. */
static gboolean on_left(GCancellable *gone, gpointer userdata)
{
        Check *check = userdata;
        g_autoptr(GError) error = NULL;

        if (is_gone(check, &error))
                answer(check, error);
        if (check->waits) {
                vb_turns_remove(check->turns, check->uid, check);
                check_free(check);
        }
        return G_SOURCE_REMOVE;
}

static void enter(Check *check, VbTurns *turns)
{
        check->turns = turns;
        check->waits = !vb_turns_enter(turns, check->uid, check);
        if (!check->waits)
                start(check);
}

/* Whose turn the place is; NULL: nobody's. */
static Check *leave(Check *left)
{
        Check *next = vb_turns_leave(left->turns, left->uid);

        if (next)
                next->waits = false;
        return next;
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

static void answer_result(Check *check, const VbPolkitAnswer *said)
{
        g_autoptr(GError) error = NULL;

        if (is_gone(check, &error) || said->granted)
                ;
        else if (said->challenge && !check->interactive)
                vb_error_set(&error, VB_ERROR_AUTHORIZATION_REQUIRED,
                             "%s needs a password, and the caller did not allow to ask for one",
                             check->question.action);
        else if (said->challenge)
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "%s was not authorised by anybody",
                             check->question.action);
        else
                vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "user %u is not allowed %s",
                             (unsigned) check->uid, check->question.action);
        answer(check, error);
}

static void on_answer(const VbPolkitAnswer *said, const GError *problem, void *userdata)
{
        g_autoptr(Check) check = userdata;

        check->asked = sd_bus_slot_unref(check->asked);
        start(leave(check));
        if (!said)
                answer_problem(check, problem);
        else if (said->challenge && check->interactive && !check->prompting && check->done &&
                 !g_cancellable_is_cancelled(check->gone))
                prompt(g_steal_pointer(&check));
        else
                answer_result(check, said);
}

/* 0 or -errno. */
static int ask(Check *check)
{
        VbPolkit *polkit = check->authority->polkit;

        if (!check->prompting)
                return vb_polkit_ask(polkit, &check->question, &check->asked, on_answer, check);
        vb_polkit_prompt(polkit, &check->question, check->gone, on_answer, check);
        return 0;
}

/* With a place, which is given back when there is an answer, or no way to one. */
static void start(Check *check)
{
        while (check) {
                g_autoptr(Check) failed = NULL;
                g_autoptr(GError) problem = NULL;
                int r = ask(check);

                if (r >= 0)
                        return;
                failed = check;
                check = leave(failed);
                g_set_error(&problem, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", g_strerror(-r));
                answer_problem(failed, problem);
        }
}

static GStrv make_details(VbVerb verb, const VbAuthorityDetails *about)
{
        g_autofree char *owner = g_strdup_printf("%u", (unsigned) about->owner);
        const struct {
                const char *name, *value; /* NULL: there is none */
        } all[] = {
                { "verb", vb_verb_to_string(verb) }, { "owner", owner },
                { "domain", about->domain },         { "uuid", about->uuid },
                { "resource", about->resource },
        };
        g_autoptr(GStrvBuilder) details = g_strv_builder_new();

        for (guint i = 0; i < G_N_ELEMENTS(all); i++)
                if (all[i].value)
                        g_strv_builder_add_many(details, all[i].name, all[i].value, NULL);
        return g_strv_builder_end(details);
}

void vb_authority_check(VbAuthority *authority, const VbAuthorityCaller *caller, VbVerb verb,
                        const VbAuthorityDetails *details, VbAuthorityDone done, void *userdata)
{
        Check *check = g_new0(Check, 1);

        authority->refs++;
        *check = (Check){ .authority = authority,
                          .leaver = g_cancellable_source_new(caller->gone),
                          .uid = caller->uid,
                          .question = { .subject = g_strdup(caller->name),
                                        .action = vb_verb_action(verb, details->owner == caller->uid),
                                        .details = make_details(verb, details) },
                          .interactive = caller->interactive,
                          .gone = g_object_ref(caller->gone),
                          .done = done,
                          .userdata = userdata };
        g_source_set_callback(check->leaver, G_SOURCE_FUNC(on_left), check, NULL);
        g_source_attach(check->leaver, NULL);
        g_hash_table_add(authority->checks, check);
        enter(check, authority->quick);
}

void vb_authority_free(VbAuthority *authority)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(GList) checks = NULL;

        if (!authority)
                return;
        vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "the service ends, and this was not authorised yet");
        checks = g_hash_table_get_keys(authority->checks);
        for (GList *link = checks; link; link = link->next) {
                Check *check = link->data;

                answer(check, error);
                if (check->waits)
                        vb_turns_remove(check->turns, check->uid, check);
                /* The others come back from polkit's library. */
                if (check->waits || check->asked)
                        check_free(check);
        }
        vb_polkit_close(authority->polkit);
        authority_unref(authority);
}
