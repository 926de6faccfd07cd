/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* polkit's two kinds of question. Prompts go through its library, which can take them back. It talks on a
 * thread of GDBus's, and each turn of a call through that thread is two waits for a processor more, which a
 * busy host makes longer than all the rest of the call. So what nobody is asked about goes over a connection
 * of the loop's; one of its own, since a bus counts the replies that a connection waits for, and calls that
 * are queued there delay no answer. */
#include "bus/polkit.h"

#include <errno.h>
#include <polkit/polkit.h>

struct VbPolkit {
        sd_bus *bus;              /* borrowed */
        sd_bus *quick;            /* NULL until needed */
        PolkitAuthority *library; /* NULL until needed */
        GPtrArray *coming;        /* Prompt that wait for it; NULL: nobody looks for it */
};

typedef struct {
        VbPolkit *polkit; /* borrowed */
        const VbPolkitQuestion *question;
        GCancellable *gone; /* counted */
        VbPolkitDone done;
        void *userdata;
} Prompt;

typedef struct {
        VbPolkitDone done;
        void *userdata;
} Asked;

typedef sd_bus_message VbBusMessage;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbBusMessage, sd_bus_message_unref)

void vb_polkit_question_clear(VbPolkitQuestion *question)
{
        g_clear_pointer(&question->subject, g_free);
        g_clear_pointer(&question->action, g_free);
        g_clear_pointer(&question->details, g_strfreev);
}

VbPolkit *vb_polkit_new(sd_bus *bus)
{
        VbPolkit *polkit = g_new0(VbPolkit, 1);

        polkit->bus = bus;
        return polkit;
}

void vb_polkit_close(VbPolkit *polkit)
{
        polkit->quick = sd_bus_close_unref(polkit->quick);
}

void vb_polkit_free(VbPolkit *polkit)
{
        if (!polkit)
                return;
        vb_polkit_close(polkit);
        g_clear_object(&polkit->library);
        g_free(polkit);
}

/* Nobody can send it descriptors, which the loop would have to close. */
static int open_quick(VbPolkit *polkit)
{
        const char *address;
        sd_bus *quick = NULL;
        int r;

        if (polkit->quick && sd_bus_is_open(polkit->quick) > 0)
                return 0;
        /* One that was lost lives until it has told so to all who wait. */
        polkit->quick = sd_bus_unref(polkit->quick);
        r = sd_bus_get_address(polkit->bus, &address);
        if (r >= 0)
                r = sd_bus_new(&quick);
        if (r >= 0)
                r = sd_bus_set_address(quick, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(quick, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(quick, false);
        if (r >= 0)
                r = sd_bus_start(quick);
        if (r >= 0)
                r = sd_bus_attach_event(quick, sd_bus_get_event(polkit->bus), SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                polkit->quick = g_steal_pointer(&quick);
        sd_bus_close_unref(quick);
        return r;
}

static int append_question(sd_bus_message *message, const VbPolkitQuestion *question)
{
        int r = sd_bus_message_append(message, "(sa{sv})s", "system-bus-name", 1, "name", "s",
                                      question->subject, question->action);

        if (r >= 0)
                r = sd_bus_message_open_container(message, 'a', "{ss}");
        for (char **it = question->details; r >= 0 && *it; it += 2)
                r = sd_bus_message_append(message, "{ss}", it[0], it[1]);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        if (r >= 0)
                r = sd_bus_message_append(message, "us", (uint32_t) POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
                                          "");
        return r;
}

static int read_answer(sd_bus_message *reply, VbPolkitAnswer *ret)
{
        int granted, challenge;
        int r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");

        if (r >= 0)
                r = sd_bus_message_read(reply, "bb", &granted, &challenge);
        if (r >= 0)
                *ret = (VbPolkitAnswer){ .granted = granted, .challenge = challenge };
        return r;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        /* The slot, and this with it, may go in the call. */
        Asked asked = *(Asked *) userdata;
        const sd_bus_error *said = sd_bus_message_get_error(reply);
        g_autoptr(GError) problem = NULL;
        VbPolkitAnswer answer;
        int r;

        if (said) {
                problem = g_dbus_error_new_for_dbus_error(said->name,
                                                          said->message ? said->message : said->name);
                (void) g_dbus_error_strip_remote_error(problem);
        } else {
                r = read_answer(reply, &answer);
                if (r < 0)
                        g_set_error(&problem, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                    "its answer cannot be read: %s", g_strerror(-r));
        }
        asked.done(problem ? NULL : &answer, problem, asked.userdata);
        return 0;
}

int vb_polkit_ask(VbPolkit *polkit, const VbPolkitQuestion *question, sd_bus_slot **ret, VbPolkitDone done,
                  void *userdata)
{
        g_autoptr(VbBusMessage) message = NULL;
        sd_bus_slot *slot = NULL;
        Asked *asked;
        int r = open_quick(polkit);

        if (r >= 0)
                r = sd_bus_message_new_method_call(polkit->quick, &message, "org.freedesktop.PolicyKit1",
                                                   "/org/freedesktop/PolicyKit1/Authority",
                                                   "org.freedesktop.PolicyKit1.Authority",
                                                   "CheckAuthorization");
        if (r >= 0)
                r = append_question(message, question);
        if (r < 0)
                return r;
        asked = g_new(Asked, 1);
        *asked = (Asked){ done, userdata };
        /* polkit may take its time: rules run programs. */
        r = sd_bus_call_async(polkit->quick, &slot, message, on_reply, asked, UINT64_MAX);
        if (r < 0) {
                g_free(asked);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, g_free);
        *ret = slot;
        return 0;
}

static void prompt_end(Prompt *prompt, const VbPolkitAnswer *answer, const GError *problem)
{
        prompt->done(answer, problem, prompt->userdata);
        g_object_unref(prompt->gone);
        g_free(prompt);
}

static void on_checked(GObject *source, GAsyncResult *async, gpointer userdata)
{
        Prompt *prompt = userdata;
        g_autoptr(GError) problem = NULL;
        g_autoptr(PolkitAuthorizationResult) result =
                polkit_authority_check_authorization_finish(POLKIT_AUTHORITY(source), async, &problem);

        /* The next one makes a new connection. */
        if (g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_CLOSED) && !prompt->polkit->coming)
                g_clear_object(&prompt->polkit->library);
        if (!result) {
                prompt_end(prompt, NULL, problem);
                return;
        }
        prompt_end(prompt,
                   &(VbPolkitAnswer){ .granted = polkit_authorization_result_get_is_authorized(result),
                                      .challenge = polkit_authorization_result_get_is_challenge(result) },
                   NULL);
}

static void prompt_start(Prompt *prompt)
{
        const VbPolkitQuestion *question = prompt->question;
        g_autoptr(PolkitSubject) subject = polkit_system_bus_name_new(question->subject);
        g_autoptr(PolkitDetails) details = polkit_details_new();

        for (char **it = question->details; *it; it += 2)
                polkit_details_insert(details, it[0], it[1]);
        polkit_authority_check_authorization(prompt->polkit->library, subject, question->action, details,
                                             POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION,
                                             prompt->gone, on_checked, prompt);
}

static void start_coming(VbPolkit *polkit, const GError *problem)
{
        g_autoptr(GPtrArray) coming = g_steal_pointer(&polkit->coming);

        for (guint i = 0; i < coming->len; i++)
                if (problem)
                        prompt_end(coming->pdata[i], NULL, problem);
                else
                        prompt_start(coming->pdata[i]);
}

/* The library's connection is the process's, and GLib makes its end the process's with every look at it, in
 * silence. The service's own connection tells of the end of the bus. */
static void on_connection(GObject *source, GAsyncResult *result, gpointer userdata)
{
        g_autoptr(GDBusConnection) connection = g_bus_get_finish(result, NULL);

        if (connection)
                g_dbus_connection_set_exit_on_close(connection, FALSE);
        start_coming(userdata, NULL);
}

static void on_library(GObject *source, GAsyncResult *result, gpointer userdata)
{
        VbPolkit *polkit = userdata;
        g_autoptr(GError) problem = NULL;

        polkit->library = polkit_authority_get_finish(result, &problem);
        if (polkit->library)
                g_bus_get(G_BUS_TYPE_SYSTEM, NULL, on_connection, polkit);
        else
                start_coming(polkit, problem);
}

void vb_polkit_prompt(VbPolkit *polkit, const VbPolkitQuestion *question, GCancellable *gone,
                      VbPolkitDone done, void *userdata)
{
        Prompt *prompt = g_new(Prompt, 1);

        *prompt = (Prompt){ polkit, question, g_object_ref(gone), done, userdata };
        if (polkit->library && !polkit->coming) {
                prompt_start(prompt);
                return;
        }
        /* The library is found on a thread, where a polkitd that does not answer holds it up: one for all. */
        if (!polkit->coming) {
                polkit->coming = g_ptr_array_new();
                polkit_authority_get_async(NULL, on_library, polkit);
        }
        g_ptr_array_add(polkit->coming, prompt);
}
