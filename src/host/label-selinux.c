/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SELinux: a type for guests from the policy, and a pair of categories for each of them, which keeps guests
 * of the same type apart. What the policy has for virtual machines is read from its contexts files; see
 * selinux_virtual_domain_context_path(3). */
#include <errno.h>
#include <selinux/context.h>
#include <selinux/selinux.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/label-models.h"
#include "util/error.h"

#define CATEGORIES 1024
#define PATH_SIZE 32

/* context_free() does not take NULL. */
typedef context_s_t Context;
static void context_end(Context *context)
{
        if (context)
                context_free(context);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Context, context_end)

static GMutex lock;
static GHashTable *ranges; /* levels in use ("s0:c1,c2") and by how many domains */

static bool probe(void)
{
        return geteuid() == 0 && is_selinux_enabled() == 1;
}

/* The policy's contexts: of processes on KVM and without, of files for writing and for reading. */
static char *read_context(const char *path, bool second, GError **error)
{
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        const char *found = NULL;
        bool again = second;

        if (!path || !g_file_get_contents(path, &text, NULL, NULL)) {
                vb_error_set(error, VB_ERROR_SECURITY_LABEL,
                             "the SELinux policy has nothing for virtual machines: %s cannot be read",
                             path ? path : "its file of contexts");
                return NULL;
        }
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
                g_strstrip(*line);
                if (!**line || **line == '#')
                        continue;
                found = *line;
                if (!again)
                        break;
                again = false;
        }
        if (!found)
                vb_error_set(error, VB_ERROR_SECURITY_LABEL,
                             "the SELinux policy has nothing for virtual machines: %s is empty", path);
        return g_strdup(found);
}

/* A context with another level; NULL @level: with the one it has. */
static char *with_level(const char *text, const char *level, GError **error)
{
        g_autoptr(Context) context = context_new(text);

        if (!context || (level && context_range_set(context, level) != 0)) {
                vb_error_set(error, VB_ERROR_SECURITY_LABEL, "\"%s\" is no SELinux context", text);
                return NULL;
        }
        return g_strdup(context_str(context));
}

/* What a context has before its categories: "s0"; of a range, its lower end. */
static char *sensitivity_of(const char *range)
{
        return g_strndup(range, strcspn(range, "-:"));
}

static bool take_level(const char *level, bool alone)
{
        guint users;

        if (!ranges)
                ranges = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        users = GPOINTER_TO_UINT(g_hash_table_lookup(ranges, level));
        if (alone && users > 0)
                return false;
        g_hash_table_insert(ranges, g_strdup(level), GUINT_TO_POINTER(users + 1));
        return true;
}

static void drop_level(const char *level)
{
        guint users = ranges ? GPOINTER_TO_UINT(g_hash_table_lookup(ranges, level)) : 0;

        if (users > 1)
                g_hash_table_insert(ranges, g_strdup(level), GUINT_TO_POINTER(users - 1));
        else if (users == 1)
                g_hash_table_remove(ranges, level);
}

/* A level that no other domain has. There are half a million; more than half of them are never in use. */
static char *choose_level(const char *sensitivity)
{
        char *level = NULL;
        bool taken = false;

        g_mutex_lock(&lock);
        while (!taken) {
                int one = g_random_int_range(0, CATEGORIES), other = g_random_int_range(0, CATEGORIES);

                if (one == other)
                        continue;
                g_free(level);
                level = g_strdup_printf("%s:c%d,c%d", sensitivity, MIN(one, other), MAX(one, other));
                taken = take_level(level, true);
        }
        g_mutex_unlock(&lock);
        return level;
}

static char *level_of(const char *text)
{
        g_autoptr(Context) context = context_new(text);

        return context && context_range_get(context) ? g_strdup(context_range_get(context)) : NULL;
}

static void adopt(VbLabel *label)
{
        g_autofree char *level = label->process ? level_of(label->process) : NULL;

        if (!level)
                return;
        g_mutex_lock(&lock);
        (void) take_level(level, false);
        g_mutex_unlock(&lock);
}

static void release(VbLabel *label)
{
        g_autofree char *level = label->process ? level_of(label->process) : NULL;

        if (!level)
                return;
        g_mutex_lock(&lock);
        drop_level(level);
        g_mutex_unlock(&lock);
}

static bool check_context(const char *context, GError **error)
{
        return security_check_context(context) == 0 ||
               vb_error_set(error, VB_ERROR_SECURITY_LABEL,
                            "the SELinux policy that is loaded does not have the context %s", context);
}

static bool choose_static(VbLabel *label, const VbLabelWish *wish, const char *image, GError **error)
{
        g_autofree char *level = level_of(wish->label);

        label->process = g_strdup(wish->label);
        label->file = wish->image_label ? g_strdup(wish->image_label) : with_level(image, level, error);
        adopt(label);
        return label->file != NULL;
}

static bool choose_dynamic(VbLabel *label, const VbLabelWish *wish, const char *image, GError **error)
{
        bool second = !label->subject->hardware_assisted;
        g_autofree char *base = wish && wish->base_label
                                        ? g_strdup(wish->base_label)
                                        : read_context(selinux_virtual_domain_context_path(), second, error);
        g_autofree char *range = base ? level_of(base) : NULL, *sensitivity = NULL, *level = NULL;

        if (!base)
                return false;
        if (is_selinux_mls_enabled() == 1) {
                sensitivity = sensitivity_of(range ? range : "s0");
                level = choose_level(sensitivity);
        }
        label->process = with_level(base, level, error);
        if (!label->process && level) {
                g_mutex_lock(&lock);
                drop_level(level);
                g_mutex_unlock(&lock);
        }
        label->file = label->process ? with_level(image, level, error) : NULL;
        return label->file != NULL;
}

static bool choose(VbLabel *label, const VbLabelWish *wish, GError **error)
{
        g_autofree char *image = read_context(selinux_virtual_image_context_path(), false, error);
        bool ok;

        if (!image)
                return false;
        if (wish && wish->type == VB_LABEL_STATIC)
                ok = choose_static(label, wish, image, error);
        else
                ok = choose_dynamic(label, wish, image, error);
        ok = ok && check_context(label->process, error) && check_context(label->file, error);
        if (!ok)
                release(label);
        return ok;
}

/* What the policy allows; @permissions ends with NULL. The kernel is asked itself: selinux_check_access() ends
 * the process where it may not open its status page. */
static bool may(const char *subject, const char *object, const char *class_name, const char *const *permissions)
{
        security_class_t class = string_to_security_class(class_name);
        struct av_decision decision = { 0 };
        access_vector_t wanted = 0;

        for (; class && *permissions; permissions++) {
                access_vector_t permission = string_to_av_perm(class, *permissions);

                if (!permission)
                        return false;
                wanted |= permission;
        }
        return wanted && security_compute_av_raw(subject, object, class, wanted, &decision) == 0 &&
               (decision.allowed & wanted) == wanted;
}

/* Whether the policy lets a process that gives up new privileges become @context. */
static bool may_enter_without_gain(const char *context)
{
        char *own = NULL;
        bool allowed;

        if (getcon_raw(&own) < 0)
                return false;
        allowed = may(own, context, "process2", (const char *const[]){ "nnp_transition", NULL });
        freecon(own);
        return allowed;
}

static void enter(const VbLabel *label, VbSpawn *spawn)
{
        g_assert(spawn->n_labels < VB_SPAWN_LABELS_MAX);
        spawn->labels[spawn->n_labels++] = (VbSpawnLabel){ "/proc/self/attr/exec", label->process };
        /* A policy may not let a process that gives up new privileges change its domain. */
        if (!may_enter_without_gain(label->process))
                spawn->may_gain = true;
}

static bool enter_socket(const VbLabel *label, GError **error)
{
        return setsockcreatecon_raw(label ? label->process : NULL) == 0 ||
               vb_error_set_errno(error, VB_ERROR_SECURITY_LABEL, errno, "no socket can be made as %s",
                                  label ? label->process : "the service");
}

/* What several domains use has no categories. */
static char *target(const VbLabel *label, const VbLabelFile *file)
{
        const char *override = vb_label_file_override(file, label->model->name);

        if (override)
                return g_strdup(override);
        if (file->access == VB_LABEL_READ_ONLY)
                return read_context(selinux_virtual_image_context_path(), true, NULL);
        if (file->access == VB_LABEL_SHARED) {
                g_autofree char *level = level_of(label->file);
                g_autofree char *sensitivity = level ? sensitivity_of(level) : NULL;

                return with_level(label->file, sensitivity, NULL);
        }
        return g_strdup(label->file);
}

/* What every guest may read stays as it is: the host's own files, as firmware, are not the service's to label. */
static bool suffices(const VbLabel *label, const VbLabelFile *file, const char *current)
{
        return file->access == VB_LABEL_READ_ONLY && !vb_label_file_override(file, label->model->name) &&
               may(label->process, current, "file",
                   (const char *const[]){ "open", "read", "getattr", NULL });
}

static char *get(int fd)
{
        char path[PATH_SIZE], *context = NULL, *copy;

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (getfilecon_raw(path, &context) < 0)
                return NULL;
        copy = g_strdup(context);
        freecon(context);
        return copy;
}

static int set(int fd, const char *text)
{
        char path[PATH_SIZE];

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        return setfilecon_raw(path, text) < 0 ? -errno : 0;
}

const VbLabelModel vb_label_model_selinux = {
        .name = "selinux",
        .probe = probe,
        .choose = choose,
        .adopt = adopt,
        .enter = enter,
        .for_companions = true,
        .enter_socket = enter_socket,
        .target = target,
        .suffices = suffices,
        .get = get,
        .set = set,
        .release = release,
};
