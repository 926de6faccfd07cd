/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The set of domains with its lookups and its rule (names and uuids are unique per owner), and what they share. */
#include "domain/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "domain/domain.h"
#include "domain/guest.h"
#include "domain/provision.h"
#include "domain/save.h"
#include "domain/start.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

/* Two seconds: how long another service that uses our directories is waited for. */
#define LOCK_TRIES 40
#define LOCK_WAIT_USEC 50000

static guint hash_owner(const VbDomain *domain, const char *text)
{
        return g_str_hash(text) * 31 + domain->owner;
}

static guint hash_name(gconstpointer p)
{
        return hash_owner(p, ((const VbDomain *) p)->name);
}

static gboolean equal_name(gconstpointer p, gconstpointer q)
{
        const VbDomain *a = p, *b = q;

        return a->owner == b->owner && g_str_equal(a->name, b->name);
}

static guint hash_uuid(gconstpointer p)
{
        return hash_owner(p, ((const VbDomain *) p)->uuid);
}

static gboolean equal_uuid(gconstpointer p, gconstpointer q)
{
        const VbDomain *a = p, *b = q;

        return a->owner == b->owner && g_str_equal(a->uuid, b->uuid);
}

/* Its mode is as given whatever our umask is: guests of other users go through some of them. */
static bool make_directory(const char *path, mode_t mode, GError **error)
{
        bool made = access(path, F_OK) < 0;
        struct stat st;

        if (g_mkdir_with_parents(path, (int) mode) < 0 || (made && chmod(path, mode) < 0))
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be made", path);
        if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
                return vb_error_set(error, VB_ERROR_STORAGE, "%s is not a directory of the service's own user", path);
        return true;
}

/* Whatever else is in the place of a lock holds none, and must not keep the service from coming up. */
static void set_aside_if_no_file(const char *name)
{
        g_autofree char *aside = g_strconcat(name, ".damaged", NULL);
        struct stat st;

        if (lstat(name, &st) < 0 || S_ISREG(st.st_mode))
                return;
        if (rename(name, aside) < 0)
                vb_log_warning("%s is no file, and cannot be set aside: %s", name, g_strerror(errno));
        else
                vb_log_warning("%s was no file and is set aside as %s", name, aside);
}

/* A record lock, because a child that was being made when we were killed does not inherit it. */
static int lock_directory(const char *path, GError **error)
{
        g_autofree char *name = g_build_filename(path, "lock", NULL);
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        vb_autoclose int fd = -1;

        set_aside_if_no_file(name);
        fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        /* One that has just given up its name, because it had nothing to do, is about to let go of it. */
        for (unsigned n = 0; fd >= 0 && n < LOCK_TRIES; n++) {
                if (fcntl(fd, F_SETLK, &lock) == 0)
                        return vb_steal_fd(&fd);
                if (errno != EAGAIN && errno != EACCES)
                        break;
                g_usleep(LOCK_WAIT_USEC);
        }
        if (fd >= 0 && (errno == EAGAIN || errno == EACCES))
                vb_error_set(error, VB_ERROR_STORAGE, "another virtbusd uses %s", path);
        else
                vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be locked", name);
        return -1;
}

VbService *vb_service_new(sd_event *event, const char *state_dir, const char *runtime_dir, const char *cache_dir,
                          GError **error)
{
        g_autoptr(VbService) service = g_new0(VbService, 1);
        g_autofree char *state_domains = g_build_filename(state_dir, "domains", NULL);
        g_autofree char *runtime_domains = g_build_filename(runtime_dir, "domains", NULL);
        struct utsname host;

        service->event = sd_event_ref(event);
        service->state_dir = g_strdup(state_dir);
        service->runtime_dir = g_strdup(runtime_dir);
        service->domains = g_ptr_array_new();
        service->withdrawing = g_ptr_array_new();
        service->by_name = g_hash_table_new(hash_name, equal_name);
        service->by_uuid = g_hash_table_new(hash_uuid, equal_uuid);
        service->prober = vb_prober_new(event, cache_dir);
        uname(&host);
        service->host_arch = g_strdup(host.machine);
        service->state_fd = service->lock_fd = service->runtime_lock_fd = -1;
        if (!make_directory(state_dir, 0711, error) || !make_directory(state_domains, 0700, error) ||
            !make_directory(runtime_dir, 0755, error) || !make_directory(runtime_domains, 0711, error))
                return NULL;
        service->lock_fd = lock_directory(state_dir, error);
        if (service->lock_fd >= 0)
                service->runtime_lock_fd = lock_directory(runtime_dir, error);
        if (service->runtime_lock_fd < 0)
                return NULL;
        service->state_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (service->state_fd < 0) {
                vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be opened", state_dir);
                return NULL;
        }
        return g_steal_pointer(&service);
}

void vb_service_stop(VbService *service)
{
        for (guint i = service->domains->len; i > 0; i--)
                vb_start_abandon(service->domains->pdata[i - 1]);
        for (guint i = service->domains->len; i > 0; i--)
                vb_save_abandon(service->domains->pdata[i - 1]);
        g_clear_pointer(&service->prober, vb_prober_free);
        g_clear_pointer(&service->scopes, vb_scopes_free);
}

void vb_service_free(VbService *service)
{
        if (!service)
                return;
        vb_service_stop(service);
        service->observer = NULL;
        for (guint i = 0; i < service->domains->len; i++)
                vb_domain_unref(service->domains->pdata[i]);
        g_ptr_array_unref(service->domains);
        for (guint i = 0; i < service->withdrawing->len; i++)
                vb_provided_free(service->withdrawing->pdata[i]);
        g_ptr_array_unref(service->withdrawing);
        g_hash_table_unref(service->by_name);
        g_hash_table_unref(service->by_uuid);
        vb_emulator_facts_unref(service->host_emulator);
        vb_networks_unref(service->networks);
        vb_limits_free(service->limits);
        vb_uid_pool_free(service->uids);
        vb_clear_fd(&service->state_fd);
        vb_clear_fd(&service->lock_fd);
        vb_clear_fd(&service->runtime_lock_fd);
        g_free(service->state_dir);
        g_free(service->runtime_dir);
        g_free(service->host_arch);
        sd_event_unref(service->event);
        g_free(service);
}

void vb_service_observe(VbService *service, const VbObserver *observer, void *userdata)
{
        service->observer = observer;
        service->observer_data = userdata;
}

static void on_host_probed(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error, void *userdata)
{
        VbService *service = userdata;

        if (error) {
                vb_log_warning("the host's emulator cannot be asked: %s", error->message);
                return;
        }
        service->host_emulator = vb_emulator_facts_ref(emulator);
        if (service->observer && service->observer->service_changed)
                service->observer->service_changed(VB_SERVICE_FIELD_EMULATOR, service->observer_data);
}

void vb_service_probe_host(VbService *service)
{
        vb_prober_query(service->prober, service->host_arch, NULL, NULL, on_host_probed, service);
}

/* Where @id is in the array, or belongs. */
static guint find_place(VbService *service, uint32_t id)
{
        guint low = 0, high = service->domains->len;

        while (low < high) {
                guint middle = (low + high) / 2;

                if (((VbDomain *) service->domains->pdata[middle])->id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

bool vb_service_link(VbService *service, VbDomain *domain, GError **error)
{
        VbDomain *other = g_hash_table_lookup(service->by_name, domain);

        if (other)
                return vb_error_set(error, VB_ERROR_DOMAIN_EXISTS, "there is a domain '%s' already, with the uuid %s",
                                    domain->name, other->uuid);
        other = g_hash_table_lookup(service->by_uuid, domain);
        if (other)
                return vb_error_set(error, VB_ERROR_DOMAIN_EXISTS, "the uuid %s belongs to the domain '%s' already",
                                    domain->uuid, other->name);
        g_hash_table_add(service->by_name, domain);
        g_hash_table_add(service->by_uuid, domain);
        g_ptr_array_insert(service->domains, (gint) find_place(service, domain->id), vb_domain_ref(domain));
        return true;
}

void vb_service_unlink(VbService *service, VbDomain *domain)
{
        g_hash_table_remove(service->by_name, domain);
        g_hash_table_remove(service->by_uuid, domain);
        g_ptr_array_remove_index(service->domains, find_place(service, domain->id));
        vb_domain_unref(domain);
}

static VbDomain *if_announced(VbDomain *domain)
{
        return domain && domain->announced ? domain : NULL;
}

VbDomain *vb_service_find(VbService *service, uint32_t id)
{
        guint place = find_place(service, id);
        VbDomain *domain = place < service->domains->len ? service->domains->pdata[place] : NULL;

        return domain && domain->id == id ? if_announced(domain) : NULL;
}

VbDomain *vb_service_find_linked_by_name(VbService *service, uid_t owner, const char *name)
{
        VbDomain key = { .owner = owner, .name = (char *) name };

        return g_hash_table_lookup(service->by_name, &key);
}

VbDomain *vb_service_find_linked_by_uuid(VbService *service, uid_t owner, const char *uuid)
{
        g_autofree char *lower = g_ascii_strdown(uuid, -1);
        VbDomain key = { .owner = owner };

        if (g_strlcpy(key.uuid, lower, sizeof key.uuid) >= sizeof key.uuid)
                return NULL;
        return g_hash_table_lookup(service->by_uuid, &key);
}

VbDomain *vb_service_find_by_name(VbService *service, uid_t owner, const char *name)
{
        return if_announced(vb_service_find_linked_by_name(service, owner, name));
}

VbDomain *vb_service_find_by_uuid(VbService *service, uid_t owner, const char *uuid)
{
        return if_announced(vb_service_find_linked_by_uuid(service, owner, uuid));
}

VbDomain *vb_service_find_by_pid(VbService *service, pid_t pid)
{
        for (guint i = 0; i < service->domains->len; i++) {
                VbDomain *domain = service->domains->pdata[i];

                if (domain->announced && domain->guest && vb_guest_pid(domain->guest) == pid)
                        return domain;
        }
        return NULL;
}

typedef bool (*Matches)(const VbDomain *domain, const char *text);

static bool matches_name(const VbDomain *domain, const char *text)
{
        return g_str_equal(domain->name, text);
}

static bool matches_uuid(const VbDomain *domain, const char *text)
{
        return g_ascii_strcasecmp(domain->uuid, text) == 0;
}

static VbDomain *find_any(VbService *service, Matches matches, const char *what, const char *text, GError **error)
{
        VbDomain *found = NULL;

        for (guint i = 0; i < service->domains->len; i++) {
                VbDomain *domain = service->domains->pdata[i];

                if (!domain->announced || !matches(domain, text))
                        continue;
                if (found) {
                        vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                     "several users have a domain with the %s '%s'; name its owner", what, text);
                        return NULL;
                }
                found = domain;
        }
        if (!found)
                vb_error_set(error, VB_ERROR_NO_SUCH_DOMAIN, "there is no domain with the %s '%s'", what, text);
        return found;
}

VbDomain *vb_service_find_any_by_name(VbService *service, const char *name, GError **error)
{
        return find_any(service, matches_name, "name", name, error);
}

VbDomain *vb_service_find_any_by_uuid(VbService *service, const char *uuid, GError **error)
{
        return find_any(service, matches_uuid, "uuid", uuid, error);
}
