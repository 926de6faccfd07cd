/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AppArmor: a profile for each domain, written from what it uses, loaded before its process is made and
 * replaced when it is given more. The language is that of apparmor.d(5). */
#include <errno.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/apparmor.h>
#include <unistd.h>

#include "host/label-models.h"
#include "util/error.h"
#include "util/log.h"

/* What every guest's emulator needs; %s is the profile's name. Rules of the host's own go into the last
 * file. */
static const char common_rules[] = "  include <abstractions/base>\n"
                                   "  network inet,\n"
                                   "  network inet6,\n"
                                   "  network unix,\n"
                                   "  signal (receive) peer=unconfined,\n"
                                   "  signal (send, receive) peer=%s,\n"
                                   "  ptrace (readby, tracedby) peer=unconfined,\n"
                                   "  /dev/kvm rw,\n"
                                   "  /dev/ptmx rw,\n"
                                   "  /dev/pts/* rw,\n"
                                   "  /dev/hugepages/** rw,\n"
                                   "  /dev/vhost-net rw,\n"
                                   "  /dev/net/tun rw,\n"
                                   "  /dev/tap[0-9]* rw,\n"
                                   "  /dev/vhost-vdpa-[0-9]* rw,\n"
                                   "  /dev/vhost-vsock rw,\n"
                                   "  /{usr/,}lib{,32,64}/** mr,\n"
                                   "  /usr/share/** r,\n"
                                   "  /etc/qemu/** r,\n"
                                   "  /proc/*/task/*/comm rw,\n"
                                   "  /proc/sys/vm/overcommit_memory r,\n"
                                   "  owner /proc/*/{status,stat,cmdline,auxv} r,\n"
                                   "  /sys/devices/system/{cpu,node}/{,**} r,\n"
                                   "  /sys/kernel/mm/transparent_hugepage/** r,\n"
                                   "  include if exists <local/virtbus-guest>\n";

/* A profile of some hundred lines takes it less than a second where nothing is wrong. */
#define PARSER_SECONDS 60

#define PROFILES "/sys/kernel/security/apparmor/profiles"

static const char *const parsers[] = { "/sbin/apparmor_parser", "/usr/sbin/apparmor_parser" };
static const char *const entrances[] = { "/proc/self/attr/apparmor/exec", "/proc/self/attr/exec" };

static const char *find(const char *const *paths, gsize n_paths)
{
        for (gsize i = 0; i < n_paths; i++)
                if (access(paths[i], F_OK) == 0)
                        return paths[i];
        return NULL;
}

static bool probe(void)
{
        if (geteuid() != 0 || !aa_is_enabled())
                return false;
        if (find(parsers, G_N_ELEMENTS(parsers)))
                return true;
        vb_log_warning(
                "AppArmor does not confine guests: there is no apparmor_parser; install AppArmor's programs");
        return false;
}

/* By the domain's number, which is never another's. */
static char *own_name(const VbLabel *label)
{
        return g_strdup_printf("virtbus-%u", label->subject->id);
}

static bool is_own(const VbLabel *label)
{
        g_autofree char *name = own_name(label);

        return g_strcmp0(label->process, name) == 0;
}

static bool choose(VbLabel *label, const VbLabelWish *wish, GError **error)
{
        bool named = wish && wish->type == VB_LABEL_STATIC;

        if (named && strpbrk(wish->label, "\n\r"))
                return vb_error_set(error, VB_ERROR_SECURITY_LABEL,
                                    "the name of an AppArmor profile is one line");
        label->process = named ? g_strdup(wish->label) : own_name(label);
        label->entry = g_strconcat("exec ", label->process, NULL);
        return true;
}

/* A path as the profile's language writes it; NULL if it cannot. Caller frees. */
static char *quote(const char *path)
{
        GString *text = g_string_new("\"");

        for (const char *p = path; *p; p++) {
                if ((unsigned char) *p < ' ') {
                        g_string_free(text, TRUE);
                        return NULL;
                }
                if (strchr("\\\"*?[]{}^,@", *p))
                        g_string_append_c(text, '\\');
                g_string_append_c(text, *p);
        }
        g_string_append_c(text, '"');
        return g_string_free(text, FALSE);
}

/* The kernel goes by what a path leads to. */
static bool add_rule(GString *profile, const char *path, const char *below, const char *rights,
                     GError **error)
{
        g_autofree char *quoted = quote(path);

        if (!quoted)
                return vb_error_set(error, VB_ERROR_SECURITY_LABEL,
                                    "%s cannot be named in an AppArmor profile: it has control characters",
                                    path);
        quoted[strlen(quoted) - 1] = '\0';
        g_string_append_printf(profile, "  %s%s\" %s,\n", quoted, below, rights);
        return true;
}

/* Where a user's own path leads is his affair, and not looked at with our rights. */
static char *resolve(const char *path, bool foreign)
{
        char *real = foreign ? NULL : realpath(path, NULL);

        return real ? real : g_canonicalize_filename(path, "/");
}

static char *write_profile(const VbLabel *label, const GPtrArray *files, GError **error)
{
        const VbLabelSubject *subject = label->subject;
        g_autoptr(GString) profile = g_string_new(NULL);
        g_autofree char *emulator = resolve(subject->emulator, subject->foreign_emulator);
        g_autofree char *room = resolve(subject->room, false);
        g_autofree char *private_dir = resolve(subject->private_dir, false);

        g_string_append(profile, "include <tunables/global>\n");
        g_string_append_printf(profile, "profile %s flags=(attach_disconnected) {\n", label->process);
        g_string_append_printf(profile, common_rules, label->process);
        if (!add_rule(profile, emulator, "", "mr", error) ||
            !add_rule(profile, room, "/monitor/log.pipe", "rw", error) ||
            !add_rule(profile, room, "/sockets/**", "rwk", error) ||
            !add_rule(profile, private_dir, "/**", "rwk", error))
                return NULL;
        for (guint i = 0; i < files->len; i++) {
                const VbLabelFile *file = files->pdata[i];
                g_autofree char *path = resolve(file->path, subject->owner != 0);

                if (!add_rule(profile, path, "", file->access == VB_LABEL_READ_ONLY ? "rk" : "rwk",
                              error))
                        return NULL;
        }
        g_string_append(profile, "}\n");
        return g_string_free(g_steal_pointer(&profile), FALSE);
}

typedef struct {
        GSubprocess *parser;
        GCancellable *patience;
        bool done, late;
        char *said;
        GError *problem;
} Loading;

static gboolean on_late(gpointer userdata)
{
        Loading *loading = userdata;

        loading->late = true;
        g_subprocess_force_exit(loading->parser);
        g_cancellable_cancel(loading->patience);
        return G_SOURCE_REMOVE;
}

static void on_communicated(GObject *source, GAsyncResult *result, gpointer userdata)
{
        Loading *loading = userdata;

        (void) g_subprocess_communicate_utf8_finish(loading->parser, result, NULL, &loading->said, &loading->problem);
        loading->done = true;
}

/* This thread waits, but not for ever. */
static void communicate(Loading *loading, const char *text)
{
        g_autoptr(GMainContext) context = g_main_context_new();
        g_autoptr(GSource) timer = g_timeout_source_new_seconds(PARSER_SECONDS);

        g_main_context_push_thread_default(context);
        g_source_set_callback(timer, on_late, loading, NULL);
        g_source_attach(timer, context);
        g_subprocess_communicate_utf8_async(loading->parser, text, loading->patience, on_communicated, loading);
        while (!loading->done)
                g_main_context_iteration(context, TRUE);
        g_source_destroy(timer);
        g_main_context_pop_thread_default(context);
}

static bool load_profile(const char *name, const char *text, GError **error)
{
        g_autoptr(GError) problem = NULL;
        g_autofree char *said = NULL;
        g_autoptr(GCancellable) patience = g_cancellable_new();
        g_autoptr(GSubprocess) parser = g_subprocess_new(
                G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                        G_SUBPROCESS_FLAGS_STDERR_PIPE,
                &problem, find(parsers, G_N_ELEMENTS(parsers)), "--replace", "--skip-cache", "--quiet", NULL);
        Loading loading = { .parser = parser, .patience = patience };

        if (parser) {
                communicate(&loading, text);
                problem = loading.problem;
                said = loading.said;
        }
        if (loading.late)
                return vb_error_set(error, VB_ERROR_TIMEOUT,
                                    "the AppArmor profile %s cannot be loaded: apparmor_parser has not ended within "
                                    "%d s",
                                    name, PARSER_SECONDS);
        if (parser && !problem && g_subprocess_get_successful(parser))
                return true;
        return vb_error_set(error, VB_ERROR_SECURITY_LABEL, "the AppArmor profile %s cannot be loaded: %s",
                            name,
                            problem                     ? problem->message
                            : said && *g_strstrip(said) ? said
                                                        : "apparmor_parser failed");
}

/* As the kernel lists them, one a line: "NAME (MODE)". */
static bool is_listed(const char *list, const char *name)
{
        g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
        gsize length = strlen(name);

        for (char **line = lines; *line; line++)
                if (strncmp(*line, name, length) == 0 && g_str_has_prefix(*line + length, " ("))
                        return true;
        return false;
}

/* Of the kernel's own answer nobody would know what it is about. Names of other namespaces, and of several
 * profiles at once, are left to it. */
static bool check_named(const char *name, GError **error)
{
        g_autofree char *list = NULL;

        if (*name == ':' || strstr(name, "//&") || !g_file_get_contents(PROFILES, &list, NULL, NULL) ||
            is_listed(list, name))
                return true;
        return vb_error_set(error, VB_ERROR_SECURITY_LABEL,
                            "there is no AppArmor profile %s, which <seclabel model='apparmor'> names; load it with "
                            "apparmor_parser, or name another",
                            name);
}

static bool prepare(VbLabel *label, const GPtrArray *files, GError **error)
{
        g_autofree char *profile = NULL;

        if (!is_own(label))
                return check_named(label->process, error);
        if (!label->subject->emulator || !label->subject->private_dir)
                return vb_error_set(error, VB_ERROR_SECURITY_LABEL,
                                    "the AppArmor profile %s cannot be written anew: what is in it is not known any more; "
                                    "start the domain again",
                                    label->process);
        profile = write_profile(label, files, error);
        return profile && load_profile(label->process, profile, error);
}

static void enter(const VbLabel *label, VbSpawn *spawn)
{
        g_assert(spawn->n_labels < VB_SPAWN_LABELS_MAX);
        spawn->labels[spawn->n_labels++] =
                (VbSpawnLabel){ find(entrances, G_N_ELEMENTS(entrances)), label->entry };
}

static void release(VbLabel *label)
{
        aa_kernel_interface *kernel = NULL;

        if (!is_own(label) || aa_kernel_interface_new(&kernel, NULL, NULL) < 0)
                return;
        /* It may never have been loaded. */
        if (aa_kernel_interface_remove_policy(kernel, label->process) < 0 && errno != ENOENT)
                vb_log_warning("the AppArmor profile %s cannot be removed: %s", label->process,
                               g_strerror(errno));
        aa_kernel_interface_unref(kernel);
}

const VbLabelModel vb_label_model_apparmor = {
        .name = "apparmor",
        .probe = probe,
        .choose = choose,
        .prepare = prepare,
        .enter = enter,
        .release = release,
};
