/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions on disk: what is written where, and reading it back with a wary eye. How a file is made to survive a
 * power cut is src/host/durable.c. */
#include "domain/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/domain-def.h"
#include "domain/grants.h"
#include "domain/record.h"
#include "domain/saved.h"
#include "host/durable.h"
#include "host/remove.h"
#include "host/room.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

#define DEFINITION "definition.xml"
#define DAMAGED DEFINITION ".damaged"
#define RECORD "record.json"
#define NEXT_ID "next-id"
/* How many ids one write sets aside: enough that the next write, which begins when half of them are given, is done
 * before the rest are. A service that ends in order gives back what it has not used. */
#define ID_BLOCK 1000
/* Twice what is accepted, since completion makes a definition longer. */
#define FILE_SIZE_MAX (2 * VB_XML_SIZE_MAX)

char *vb_store_directory(const VbService *service, uint32_t id)
{
        return g_strdup_printf("%s/domains/%u", service->state_dir, id);
}

char *vb_store_read(int dir, const char *directory, const char *name, GError **error)
{
        vb_autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        g_autofree char *text = NULL;
        struct stat st;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0) {
                vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/%s cannot be read", directory, name);
                return NULL;
        }
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size > FILE_SIZE_MAX) {
                vb_error_set(error, VB_ERROR_STORAGE, "%s/%s is not a file of the service's", directory, name);
                return NULL;
        }
        text = g_malloc((gsize) st.st_size + 1);
        n = read(fd, text, (gsize) st.st_size);
        if (n != st.st_size || memchr(text, 0, (gsize) n)) {
                vb_error_set(error, VB_ERROR_STORAGE, "%s/%s is damaged", directory, name);
                return NULL;
        }
        text[n] = '\0';
        return g_steal_pointer(&text);
}

static VbDomain *load_domain(VbService *service, uint32_t id, int dir, const char *directory, GError **error)
{
        g_autofree char *xml = vb_store_read(dir, directory, DEFINITION, error);
        g_autofree char *record_text = NULL;
        g_autoptr(VbDomainDef) def = NULL;
        g_autoptr(VbDomain) domain = NULL;
        g_autoptr(GPtrArray) grants = NULL;
        VbRecord record = { 0 };

        if (!xml)
                return NULL;
        record_text = vb_store_read(dir, directory, RECORD, error);
        if (!record_text)
                return NULL;
        def = vb_domain_def_parse(xml, strlen(xml), error);
        if (!def || !vb_record_read(record_text, &record, def, error))
                return NULL;
        grants = record.grants;
        if (!vb_record_check_def(def, error))
                return NULL;
        domain = vb_domain_new(service, id, record.owner, g_steal_pointer(&def));
        domain->autostart = record.autostart;
        domain->saved = vb_saved_load(dir, directory);
        if (domain->saved)
                domain->reason = VB_DETAIL_SAVED;
        g_ptr_array_unref(domain->grants);
        domain->grants = g_steal_pointer(&grants);
        if (!vb_service_link(service, domain, error))
                return NULL;
        return g_steal_pointer(&domain);
}

/* A definition that was never finished, or whose removal was: nothing that anybody was told of. A damaged one that was
 * set aside keeps the directory, and so the number. */
static void forget(int dir, const char *directory)
{
        if (faccessat(dir, DEFINITION, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
            faccessat(dir, DAMAGED, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return;
        vb_remove_below(dir);
        (void) rmdir(directory);
}

void vb_store_forget(VbService *service, uint32_t id)
{
        g_autofree char *directory = vb_store_directory(service, id);
        vb_autoclose int dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (dir >= 0)
                forget(dir, directory);
}

static void load_directory(VbService *service, uint32_t id, bool running)
{
        g_autofree char *directory = vb_store_directory(service, id);
        vb_autoclose int dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        g_autoptr(GDir) entries = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomain) domain = NULL;
        const char *name;

        if (dir < 0) {
                vb_log_warning("%s cannot be opened: %s", directory, g_strerror(errno));
                return;
        }
        entries = g_dir_open(directory, 0, NULL);
        while (entries && (name = g_dir_read_name(entries)))
                if (vb_durable_is_temporary(name))
                        (void) unlinkat(dir, name, 0);
        if (faccessat(dir, DEFINITION, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
                /* What a guest without a definition keeps goes with it. */
                if (!running)
                        forget(dir, directory);
                return;
        }
        domain = load_domain(service, id, dir, directory, &error);
        if (domain) {
                vb_domain_announce(domain);
                return;
        }
        if (renameat(dir, DEFINITION, dir, DAMAGED) < 0)
                vb_log_warning("the definition in %s cannot be used (%s), nor set aside: %s", directory, error->message,
                               g_strerror(errno));
        else
                vb_log_warning("the definition in %s cannot be used and is set aside as " DAMAGED ": %s", directory,
                               error->message);
}

static char *next_id_text(uint32_t next_id)
{
        return g_strdup_printf("%" PRIu32 "\n", next_id);
}

static bool write_next_id(VbService *service, uint32_t next_id, GError **error)
{
        g_autofree char *text = next_id_text(next_id);

        return vb_durable_write_now(service->state_dir, NEXT_ID, text, error);
}

static bool reserve_now(VbService *service, GError **error)
{
        if (!write_next_id(service, service->next_id + ID_BLOCK, error))
                return false;
        service->reserved_id = service->next_id + ID_BLOCK;
        return true;
}

/* Without the file, the numbers that are still in use are all that is known. */
static void load_next_id(VbService *service)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        uint64_t value;

        if (faccessat(service->state_fd, NEXT_ID, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        text = vb_store_read(service->state_fd, service->state_dir, NEXT_ID, &error);
        if (text && g_ascii_string_to_unsigned(g_strstrip(text), 10, 1, UINT32_MAX, &value, NULL)) {
                service->next_id = (uint32_t) value;
                return;
        }
        (void) renameat(service->state_fd, NEXT_ID, service->state_fd, NEXT_ID ".damaged");
        vb_log_warning("%s/" NEXT_ID " is damaged and set aside%s%s; numbers of domains that are gone may come again",
                       service->state_dir, error ? ": " : "", error ? error->message : "");
}

static gint compare_ids(gconstpointer a, gconstpointer b)
{
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return x < y ? -1 : x > y;
}

static bool contains(const GArray *ids, uint32_t id)
{
        for (guint i = 0; i < ids->len; i++)
                if (g_array_index(ids, uint32_t, i) == id)
                        return true;
        return false;
}

bool vb_store_load(VbService *service, GError **error)
{
        g_autofree char *path = g_build_filename(service->state_dir, "domains", NULL);
        g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_autoptr(GArray) running = vb_room_list(service->runtime_dir);
        g_autoptr(GError) unwritten = NULL;
        const char *name;
        uint64_t value;

        if (!entries)
                return vb_error_set(error, VB_ERROR_STORAGE, "%s cannot be read", path);
        while ((name = g_dir_read_name(entries)))
                if (g_ascii_string_to_unsigned(name, 10, 1, UINT32_MAX, &value, NULL)) {
                        uint32_t id = (uint32_t) value;

                        g_array_append_val(ids, id);
                }
        g_array_sort(ids, compare_ids);
        service->next_id = 1;
        load_next_id(service);
        for (guint i = 0; i < ids->len; i++) {
                uint32_t id = g_array_index(ids, uint32_t, i);

                load_directory(service, id, contains(running, id));
                service->next_id = MAX(service->next_id, id + 1);
        }
        for (guint i = 0; i < running->len; i++)
                service->next_id = MAX(service->next_id, g_array_index(running, uint32_t, i) + 1);
        /* A disk that is full keeps nobody from the domains that there are. */
        service->reserved_id = service->next_id;
        if (!reserve_now(service, &unwritten))
                vb_log_warning("no domain can be defined: %s", unwritten->message);
        return true;
}

static void on_ids_reserved(const GError *error, void *userdata)
{
        VbService *service = userdata;

        service->reserving = false;
        if (error)
                vb_log_warning("numbers for new domains cannot be set aside: %s", error->message);
        else
                service->reserved_id += ID_BLOCK;
}

uint32_t vb_store_new_id(VbService *service, GError **error)
{
        /* None could be set aside when the service started. */
        if (!service->reserving && service->next_id >= service->reserved_id && !reserve_now(service, error))
                return 0;
        if (!service->reserving && service->reserved_id < service->next_id + ID_BLOCK / 2) {
                VbDurableJob *job = vb_durable_job_new(service->state_dir);

                service->reserving = true;
                vb_durable_job_write(job, NEXT_ID, next_id_text(service->reserved_id + ID_BLOCK));
                vb_durable_job_run(job, on_ids_reserved, service);
        }
        if (service->next_id >= service->reserved_id) {
                vb_error_set(error, VB_ERROR_BUSY, "no number for a new domain is at hand; try again");
                return 0;
        }
        return service->next_id++;
}

void vb_store_close(VbService *service)
{
        g_autoptr(GError) error = NULL;

        if (!service->reserving && !write_next_id(service, service->next_id, &error))
                vb_log_warning("%s", error->message);
}

typedef struct {
        VbDomain *domain;
        GPtrArray *grants; /* that the domain has from now on; NULL: those that it has */
        VbDone done;
        void *userdata;
} Saving;

static void on_saved(const GError *error, void *userdata)
{
        g_autofree Saving *saving = userdata;
        g_autoptr(VbDomain) domain = saving->domain;
        g_autoptr(GPtrArray) grants = saving->grants;

        if (!error && grants) {
                g_ptr_array_unref(domain->grants);
                domain->grants = g_steal_pointer(&grants);
        }
        saving->done(domain, error, saving->userdata);
}

static void run_job(VbDurableJob *job, VbDomain *domain, GPtrArray *grants, VbDone done, void *userdata)
{
        Saving *saving = g_new(Saving, 1);

        *saving = (Saving){ .domain = vb_domain_ref(domain), .grants = grants, .done = done, .userdata = userdata };
        vb_durable_job_run(job, on_saved, saving);
}

void vb_store_save(VbDomain *domain, const VbDomainDef *def, VbDone done, void *userdata)
{
        vb_store_save_granted(domain, def, vb_grants_keep(domain, def), done, userdata);
}

void vb_store_save_granted(VbDomain *domain, const VbDomainDef *def, GPtrArray *grants, VbDone done, void *userdata)
{
        g_autofree char *directory = vb_store_directory(domain->service, domain->id);
        VbDurableJob *job = vb_durable_job_new(directory);
        VbRecord record = { .owner = domain->owner, .autostart = domain->autostart, .grants = grants };

        /* The definition comes last: a directory without one is nothing. */
        vb_durable_job_write(job, RECORD, vb_record_write(&record, def));
        vb_durable_job_write(job, DEFINITION, vb_domain_def_format(def));
        run_job(job, domain, grants, done, userdata);
}

void vb_store_save_autostart(VbDomain *domain, bool autostart, VbDone done, void *userdata)
{
        g_autofree char *directory = vb_store_directory(domain->service, domain->id);
        VbDurableJob *job = vb_durable_job_new(directory);
        VbRecord record = { .owner = domain->owner, .autostart = autostart, .grants = domain->grants };

        vb_durable_job_write(job, RECORD, vb_record_write(&record, domain->def));
        run_job(job, domain, NULL, done, userdata);
}

void vb_store_remove(VbDomain *domain, VbDone done, void *userdata)
{
        g_autofree char *directory = vb_store_directory(domain->service, domain->id);
        VbDurableJob *job = vb_durable_job_new(directory);

        vb_durable_job_remove_all(job, DEFINITION, !domain->live);
        run_job(job, domain, NULL, done, userdata);
}
