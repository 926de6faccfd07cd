/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one user may take of the host, so that there is something left for the others. */
#include "domain/limits.h"

#include <fcntl.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "domain/domain.h"
#include "host/identity.h"
#include "util/error.h"
#include "util/fd.h"

#define GROUP "limits"
/* Descriptors that are kept for ends of guests, calls and threads, and for each start that is under way. */
#define DESCRIPTORS_SPARE 64
#define DESCRIPTORS_OF_START 24
#define GROUP_PREFIX "limits "

struct VbLimits {
        VbLimit everybody;
        GHashTable *by_user; /* uid to VbLimit */
};

static const struct {
        const char *name;
        size_t offset;
} keys[] = {
        { "domains", offsetof(VbLimit, domains) }, { "running", offsetof(VbLimit, running) },
        { "memory", offsetof(VbLimit, memory) },   { "devices", offsetof(VbLimit, devices) },
        { "calls", offsetof(VbLimit, calls) },
};

/* A desktop's user does not meet them; one that runs away does, before the host feels it. */
static VbLimit default_limit(void)
{
        uint64_t host = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);

        return (VbLimit){
                .domains = 256, .running = 64, .memory = host / 4 * 3, .devices = 8192, .calls = 512
        };
}

static const VbLimit no_limit = { VB_UNLIMITED, VB_UNLIMITED, VB_UNLIMITED, VB_UNLIMITED, VB_UNLIMITED };

static bool read_number(const char *text, bool size, uint64_t *ret)
{
        static const char units[] = "KMGT";
        const char *unit = size && *text ? strchr(units, text[strlen(text) - 1]) : NULL;
        g_autofree char *digits = g_strndup(text, strlen(text) - (unit && *unit ? 1 : 0));
        unsigned shift = unit && *unit ? 10 * (unsigned) (unit - units + 1) : 0;
        guint64 number;

        if (g_str_equal(text, "unlimited")) {
                *ret = VB_UNLIMITED;
                return true;
        }
        if (!g_ascii_string_to_unsigned(digits, 10, 0, UINT64_MAX >> shift, &number, NULL))
                return false;
        *ret = number << shift;
        return true;
}

static bool read_key(VbLimit *limit, GKeyFile *file, const char *group, const char *key, GError **error)
{
        g_autofree char *value = g_key_file_get_string(file, group, key, NULL);

        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
                bool size = keys[i].offset == offsetof(VbLimit, memory);

                if (!g_str_equal(keys[i].name, key))
                        continue;
                if (value &&
                    read_number(g_strstrip(value), size, (uint64_t *) ((char *) limit + keys[i].offset)))
                        return true;
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "[%s]: %s=%s: it is a number%s, or unlimited", group, key,
                                    value ? value : "", size ? " of bytes, or of KiB with K (M, G, T)" : "");
        }
        return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                            "[%s]: %s= is not known; accepted: domains, running, memory, devices, calls",
                            group, key);
}

static bool read_group(VbLimit *limit, GKeyFile *file, const char *group, GError **error)
{
        g_auto(GStrv) names = g_key_file_get_keys(file, group, NULL, NULL);

        for (char **name = names; name && *name; name++)
                if (!read_key(limit, file, group, *name, error))
                        return false;
        return true;
}

static bool find_user(const char *group, uid_t *ret, GError **error)
{
        const char *name = group + strlen(GROUP_PREFIX);
        const struct passwd *user;
        guint64 uid;

        if (g_ascii_string_to_unsigned(name, 10, 0, UINT32_MAX - 1, &uid, NULL)) {
                *ret = (uid_t) uid;
                return true;
        }
        user = *name ? getpwnam(name) : NULL;
        if (!user)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "[%s]: there is no such user", group);
        *ret = user->pw_uid;
        return true;
}

VbLimits *vb_limits_new(GKeyFile *file, GError **error)
{
        g_autoptr(VbLimits) limits = g_new0(VbLimits, 1);
        g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

        limits->everybody = default_limit();
        limits->by_user = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        if (!read_group(&limits->everybody, file, GROUP, error))
                return NULL;
        for (char **group = groups; *group; group++) {
                VbLimit *limit;
                uid_t uid = 0;

                if (!g_str_has_prefix(*group, GROUP_PREFIX))
                        continue;
                if (!find_user(*group, &uid, error))
                        return NULL;
                limit = g_new(VbLimit, 1);
                *limit = vb_user_is_trusted(uid) ? no_limit : limits->everybody;
                g_hash_table_replace(limits->by_user, GUINT_TO_POINTER(uid), limit);
                if (!read_group(limit, file, *group, error))
                        return NULL;
        }
        return g_steal_pointer(&limits);
}

void vb_limits_free(VbLimits *limits)
{
        if (!limits)
                return;
        g_hash_table_unref(limits->by_user);
        g_free(limits);
}

VbLimit vb_limits_of(const VbLimits *limits, uid_t owner)
{
        const VbLimit *own = limits ? g_hash_table_lookup(limits->by_user, GUINT_TO_POINTER(owner)) : NULL;

        if (own)
                return *own;
        if (vb_user_is_trusted(owner))
                return no_limit;
        return limits ? limits->everybody : default_limit();
}

unsigned vb_limits_count_devices(const VbDomain *domain)
{
        return MAX(domain->def ? domain->def->devices->len : 0,
                   domain->live ? domain->live->devices->len : 0);
}

static bool uses_memory(const VbDomain *domain)
{
        return domain->state != VB_STATE_SHUTOFF;
}

/* All that an owner has; in `calls` nothing. */
static VbLimit sum_up(VbService *service, uid_t owner)
{
        VbLimit sum = { 0 };

        for (guint i = 0; i < service->domains->len; i++) {
                const VbDomain *domain = service->domains->pdata[i];

                if (domain->owner != owner)
                        continue;
                sum.domains++;
                sum.devices += vb_limits_count_devices(domain) + domain->coming_devices;
                if (!uses_memory(domain))
                        continue;
                sum.running++;
                sum.memory += vb_domain_shown(domain)->memory + domain->coming_memory;
        }
        return sum;
}

static bool check(uid_t owner, uint64_t would_have, uint64_t limit, const char *what, GError **error)
{
        if (would_have <= limit)
                return true;
        return vb_error_set(error, VB_ERROR_LIMITS_EXCEEDED,
                            "user %u would have %" G_GUINT64_FORMAT " %s, and may have %" G_GUINT64_FORMAT
                            "; the service's configuration says so in its group [limits]",
                            (unsigned) owner, would_have, what, limit);
}

static bool is_unlimited(const VbLimit *limit)
{
        return memcmp(limit, &no_limit, sizeof *limit) == 0;
}

bool vb_limits_check_more(VbService *service, uid_t owner, unsigned domains, unsigned devices, GError **error)
{
        VbLimit limit = vb_limits_of(service->limits, owner), sum;

        if (is_unlimited(&limit))
                return true;
        sum = sum_up(service, owner);
        return (domains == 0 || check(owner, sum.domains + domains, limit.domains, "domains", error)) &&
               (devices == 0 ||
                check(owner, sum.devices + devices, limit.devices, "devices in all domains", error));
}

bool vb_limits_check_memory(const VbDomain *domain, uint64_t memory, GError **error)
{
        VbLimit limit = vb_limits_of(domain->service->limits, domain->owner);

        return is_unlimited(&limit) || memory == 0 ||
               check(domain->owner, sum_up(domain->service, domain->owner).memory + memory, limit.memory,
                     "bytes of memory in domains that run", error);
}

bool vb_limits_check_start(const VbDomain *domain, uint64_t memory, GError **error)
{
        VbLimit limit = vb_limits_of(domain->service->limits, domain->owner), sum;

        if (is_unlimited(&limit))
                return true;
        sum = sum_up(domain->service, domain->owner);
        return check(domain->owner, sum.running + 1, limit.running, "domains that run", error) &&
               vb_limits_check_memory(domain, memory, error);
}

bool vb_limits_check_descriptors(const VbService *service, GError **error)
{
        rlim_t spare = DESCRIPTORS_SPARE;
        struct rlimit limit;
        vb_autoclose int lowest = -1;

        for (guint i = 0; i < service->domains->len; i++)
                if (((const VbDomain *) service->domains->pdata[i])->start)
                        spare += DESCRIPTORS_OF_START;
        /* The lowest number that is free: as many, or more, are in use. */
        lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
            (lowest >= 0 && (rlim_t) lowest + spare <= limit.rlim_cur))
                return true;
        return vb_error_set(
                error, VB_ERROR_LIMITS_EXCEEDED,
                "the service has as many files open as it may (%llu): no domain is started until others have "
                "ended, or LimitNOFILE= of its unit is raised",
                (unsigned long long) limit.rlim_cur);
}
