/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who asks for facts, and what has to happen until they are there. A question waits for one thing after the
 * other (a look at the file, the emulator's facts, the machine type's, the detail, whether KVM works) and is
 * looked at anew after each; what is missing is found out once for all who wait for it, and at the same time.
 * Callbacks run from a clean stack, never from inside a session's. */
#include "qemu/probe.h"

#include <unistd.h>

#include "qemu/emulators.h"
#include "qemu/facts-record.h"
#include "qemu/firmware.h"
#include "qemu/kvm-check.h"
#include "qemu/machine-choice.h"
#include "qemu/machine-variants.h"
#include "qemu/probe-internal.h"
#include "qemu/probe-jobs.h"
#include "qemu/probe-place.h"
#include "qemu/probe-records.h"
#include "util/error.h"
#include "util/worker.h"

/* An emulator that is another one each time it is looked at is not worth more tries. */
#define CHANGES_MAX 8

typedef struct {
        char *arch, *path, *machine; /* as asked; NULL: the default */
        uid_t owner;
        bool named; /* somebody who may says which file: root's word has anything run as root */
        VbProbeScope scope;
        VbProbeDone done;
        void *userdata;
        guint changes;       /* how often it was another file that was looked at */
        VbFactsRecord *seen; /* at the last look */
        char *looked_at;     /* the path that has just been looked at */
        char *waits_for;     /* NULL: to be looked at */
        GError *failure;     /* of what it waited for */
} Waiter;

struct VbProber {
        int refs;
        bool closed;
        sd_event *event;
        char *cache_dir;
        VbKvmCheck *kvm;
        VbFirmwareStore *firmware;
        VbWorker *worker;
        VbWorker
                *foreign_worker; /* for what users have in places of their own: who has it hang waits alone */
        VbProbeJobs *jobs;
        VbProbeRecords *records;
        GHashTable *looks; /* set of look_key(): files that are being looked at */
        GQueue waiters;    /* Waiter *, in the order of the questions */
        sd_event_source *deliver;
};

/* What those wait for who want to know whether KVM works; other keys begin with a digit. */
#define KVM_KEY "kvm"

static void waiter_free(Waiter *waiter)
{
        g_free(waiter->arch);
        g_free(waiter->path);
        g_free(waiter->machine);
        vb_facts_record_unref(waiter->seen);
        g_free(waiter->looked_at);
        g_free(waiter->waits_for);
        g_clear_error(&waiter->failure);
        g_free(waiter);
}

static void prober_unref(VbProber *prober)
{
        if (--prober->refs > 0)
                return;
        vb_probe_records_free(prober->records);
        g_hash_table_unref(prober->looks);
        vb_kvm_check_free(prober->kvm);
        vb_firmware_store_free(prober->firmware);
        sd_event_source_disable_unref(prober->deliver);
        sd_event_unref(prober->event);
        g_free(prober->cache_dir);
        g_free(prober);
}

/* The callback may do anything, ending the prober included: callers hold a reference. */
static void waiter_answer(VbProber *prober, Waiter *waiter, VbEmulatorFacts *emulator,
                          VbMachineFacts *machine, const GError *error)
{
        g_queue_remove(&prober->waiters, waiter);
        waiter->done(emulator, machine, error, waiter->userdata);
        waiter_free(waiter);
}

/* Those who waited for @key look at things again, or are told why it failed. */
static void wake(VbProber *prober, const char *key, const GError *error)
{
        for (GList *l = prober->waiters.head; l; l = l->next) {
                Waiter *waiter = l->data;

                if (g_strcmp0(waiter->waits_for, key) != 0)
                        continue;
                g_clear_pointer(&waiter->waits_for, g_free);
                waiter->failure = error ? g_error_copy(error) : NULL;
        }
        sd_event_source_set_enabled(prober->deliver, SD_EVENT_ONESHOT);
}

static char *look_key(uid_t owner, const char *path)
{
        return g_strdup_printf("%u look %s", (unsigned) owner, path);
}

static void run_look(void *data)
{
        vb_probe_place_look(data);
}

/* What is the same as before is still the same record. */
static void waiter_see(const VbProber *prober, Waiter *waiter, const char *path)
{
        VbFactsRecord *record = vb_probe_records_find(prober->records, path, waiter->owner);

        g_free(waiter->looked_at);
        waiter->looked_at = g_strdup(path);
        if (record && record == waiter->seen)
                return;
        waiter->changes++;
        vb_facts_record_unref(waiter->seen);
        waiter->seen = record ? vb_facts_record_ref(record) : NULL;
}

static void on_looked(void *data, void *userdata)
{
        VbProbePlace *place = data;
        VbProber *prober = userdata;
        g_autofree char *key = look_key(place->owner, place->path);

        g_hash_table_remove(prober->looks, key);
        if (place->record)
                vb_probe_records_keep(prober->records, place);
        for (GList *l = prober->waiters.head; l; l = l->next) {
                Waiter *waiter = l->data;

                if (g_strcmp0(waiter->waits_for, key) == 0)
                        waiter_see(prober, waiter, place->path);
        }
        wake(prober, key, place->error);
}

/* On a thread: who names the file decides on what file system it is. */
static void look(VbProber *prober, Waiter *waiter, const char *path)
{
        VbProbePlace *place = NULL;

        waiter->waits_for = look_key(waiter->owner, path);
        if (!g_hash_table_add(prober->looks, g_strdup(waiter->waits_for)))
                return;
        place = vb_probe_place_new(path, waiter->owner, prober->cache_dir);
        if (vb_probe_place_is_foreign(path, waiter->owner))
                vb_worker_run_in_turn(prober->foreign_worker, waiter->owner, run_look, on_looked, place,
                                      (GDestroyNotify) vb_probe_place_free, prober);
        else
                vb_worker_run(prober->worker, run_look, on_looked, place,
                              (GDestroyNotify) vb_probe_place_free, prober);
}

/* NULL if the file has to be looked at before anything is said of it. Where only root, or who runs the
 * service, decides what is there, a few calls tell on the spot that nothing has changed. */
static VbFactsRecord *current_record(const VbProber *prober, Waiter *waiter, const char *path)
{
        VbFactsRecord *record = vb_probe_records_find(prober->records, path, waiter->owner);
        bool just_looked = g_strcmp0(waiter->looked_at, path) == 0;

        g_clear_pointer(&waiter->looked_at, g_free);
        if (!record || just_looked)
                return record;
        if (!record->trusted && waiter->owner != geteuid())
                return NULL;
        return vb_facts_stamp_is_current(record->stamp) ? record : NULL;
}

static char *job_key(const VbFactsRecord *record, VbProbeSubject subject, const char *machine)
{
        return g_strdup_printf("%p %d %s", (const void *) record, (int) subject, machine ? machine : "");
}

static void on_job(VbFactsRecord *record, VbProbeSubject subject, const char *machine, const GError *error,
                   void *userdata)
{
        VbProber *prober = userdata;
        g_autofree char *key = job_key(record, subject, machine);

        if (!error)
                vb_probe_records_save(prober->records, record);
        wake(prober, key, error);
}

static void wait_for(VbProber *prober, Waiter *waiter, VbFactsRecord *record, VbProbeSubject subject,
                     const char *machine)
{
        vb_probe_jobs_add(prober->jobs, record, subject, machine);
        waiter->waits_for = job_key(record, subject, machine);
        vb_probe_jobs_start(prober->jobs);
}

static void on_kvm(void *userdata)
{
        wake(userdata, KVM_KEY, NULL);
}

/* Beside the other probes it costs no time. */
static void start_kvm_check(VbProber *prober)
{
        const char *problem = NULL;

        if (!vb_kvm_check_get(prober->kvm, &problem))
                vb_kvm_check_run(prober->kvm, on_kvm, prober);
}

/* Others may hold the facts as they were: they are never changed under them. */
static void record_set_kvm(VbFactsRecord *record, const char *problem)
{
        VbEmulatorFacts *old = record->emulator;

        if (old->kvm_problem == problem && old->kvm_present == !problem)
                return;
        record->emulator = vb_emulator_facts_copy(old);
        record->emulator->kvm_present = !problem;
        record->emulator->kvm_problem = problem;
        vb_emulator_facts_unref(old);
}

static void record_set_firmware(VbFactsRecord *record, GPtrArray *firmware)
{
        VbEmulatorFacts *old = record->emulator;

        if (old->firmware == firmware)
                return;
        record->emulator = vb_emulator_facts_copy(old);
        g_clear_pointer(&record->emulator->firmware, g_ptr_array_unref);
        record->emulator->firmware = g_ptr_array_ref(firmware);
        vb_emulator_facts_unref(old);
}

/* True if it is known by now, and then the facts say it. */
static bool settle_kvm(VbProber *prober, Waiter *waiter, VbFactsRecord *record)
{
        const char *problem = "KVM is not built in";

        if (record->kvm_built_in)
                start_kvm_check(prober);
        if (record->kvm_built_in && !vb_kvm_check_get(prober->kvm, &problem)) {
                waiter->waits_for = g_strdup(KVM_KEY);
                return false;
        }
        record_set_kvm(record, problem);
        record_set_firmware(record, vb_firmware_store_list(prober->firmware));
        return true;
}

/* True if the details of a machine type are not wanted, or known by now, and then *machine has them. */
static bool settle_details(VbProber *prober, Waiter *waiter, VbFactsRecord *record, VbMachineFacts **machine)
{
        VbMachineVariants *variants = NULL;

        if (waiter->scope != VB_PROBE_SCOPE_DESCRIPTION || (*machine)->detailed)
                return true;
        variants = vb_machine_variants_find(record, (*machine)->name);
        if (!variants->off)
                variants->off = g_strdupv((*machine)->switches);
        if (!*variants->off && !variants->without.done)
                vb_variant_succeed(&variants->without, *machine);
        if (!variants->defaults.done)
                vb_probe_jobs_add(prober->jobs, record, VB_PROBE_DEFAULTS, (*machine)->name);
        if (!variants->without.done || !variants->defaults.done) {
                wait_for(prober, waiter, record,
                         variants->without.done ? VB_PROBE_DEFAULTS : VB_PROBE_WITHOUT, (*machine)->name);
                return false;
        }
        *machine = vb_machine_variants_conclude(record, *machine);
        vb_probe_records_save(prober->records, record);
        return true;
}

/* The machine type's facts are not there. */
static void begin_machine(VbProber *prober, Waiter *waiter, VbFactsRecord *record, const char *machine)
{
        vb_probe_jobs_add(prober->jobs, record, VB_PROBE_MACHINE, machine);
        if (waiter->scope == VB_PROBE_SCOPE_DESCRIPTION)
                vb_probe_jobs_add(prober->jobs, record, VB_PROBE_DEFAULTS, machine);
        wait_for(prober, waiter, record, VB_PROBE_MACHINE, machine);
}

static bool scope_has_machine(VbProbeScope scope)
{
        return scope != VB_PROBE_SCOPE_EMULATOR && scope != VB_PROBE_SCOPE_EMULATOR_ALL;
}

static bool scope_has_detail(VbProbeScope scope)
{
        return scope == VB_PROBE_SCOPE_ALL || scope == VB_PROBE_SCOPE_EMULATOR_ALL;
}

/* The emulator's facts are not there: whatever else will be needed is begun with them. */
static void begin(VbProber *prober, Waiter *waiter, VbFactsRecord *record)
{
        vb_probe_jobs_add(prober->jobs, record, VB_PROBE_EMULATOR, NULL);
        if (waiter->machine && scope_has_machine(waiter->scope))
                vb_probe_jobs_add_ahead(prober->jobs, record, waiter->machine);
        if (scope_has_detail(waiter->scope))
                vb_probe_jobs_add(prober->jobs, record, VB_PROBE_DETAIL, NULL);
        wait_for(prober, waiter, record, VB_PROBE_EMULATOR, NULL);
}

/* A file that is merely found where emulators are, and that others than root can change, is not run as root:
 * else who may write there would be root when root asks for a list. */
static bool check_runner(const Waiter *waiter, const VbFactsRecord *record, GError **error)
{
        if (record->trusted || record->runner || geteuid() != 0 || waiter->named)
                return true;
        return vb_error_set(error, VB_ERROR_ACCESS_DENIED,
                            "The emulator %s is not run as root, because others than root can change what "
                            "is there; to have it run all the same, name it with <emulator>",
                            record->path);
}

/* Answers if all is there, else waits for the next thing that is missing. False with @error ends it. */
static bool waiter_advance(VbProber *prober, Waiter *waiter, GError **error)
{
        g_autofree char *found = NULL;
        const char *path = waiter->path;
        VbFactsRecord *record = NULL;
        const VbMachineInfo *info = NULL;
        VbMachineFacts *machine = NULL;
        bool wants_machine = scope_has_machine(waiter->scope), wants_detail = scope_has_detail(waiter->scope);

        if (prober->closed)
                return vb_error_set(error, VB_ERROR_BUSY, "The service is stopping");
        if (waiter->failure) {
                g_propagate_error(error, g_steal_pointer(&waiter->failure));
                return false;
        }
        if (!path)
                path = found = vb_emulator_find(waiter->arch ? waiter->arch : vb_arch_host(), error);
        if (!path)
                return false;
        record = current_record(prober, waiter, path);
        if (!record && waiter->changes > CHANGES_MAX)
                return vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                                    "%s is another file each time it is looked at", path);
        if (!record) {
                look(prober, waiter, path);
                return true;
        }
        if (!check_runner(waiter, record, error))
                return false;
        start_kvm_check(prober);
        if (!record->emulator) {
                begin(prober, waiter, record);
                return true;
        }
        if (!vb_emulator_check_arch(record->emulator, waiter->arch, error))
                return false;
        if (wants_machine && !(info = vb_machine_choose(record->emulator, waiter->machine, error)))
                return false;
        if (wants_detail && !record->emulator->has_detail)
                vb_probe_jobs_add(prober->jobs, record, VB_PROBE_DETAIL, NULL);
        if (wants_machine)
                machine = g_hash_table_lookup(record->machines, info->name);
        if (wants_machine && !machine) {
                begin_machine(prober, waiter, record, info->name);
        } else if (wants_detail && !record->emulator->has_detail) {
                wait_for(prober, waiter, record, VB_PROBE_DETAIL, NULL);
        } else if ((!wants_machine || settle_details(prober, waiter, record, &machine)) &&
                   settle_kvm(prober, waiter, record)) {
                waiter_answer(prober, waiter, record->emulator, machine, NULL);
        }
        return true;
}

static void waiter_look(VbProber *prober, Waiter *waiter)
{
        g_autoptr(GError) error = NULL;

        if (!waiter_advance(prober, waiter, &error))
                waiter_answer(prober, waiter, NULL, NULL, error);
}

static Waiter *next_waiter(const VbProber *prober)
{
        for (GList *l = prober->waiters.head; l; l = l->next)
                if (!((Waiter *) l->data)->waits_for)
                        return l->data;
        return NULL;
}

/* Looked for anew each time, because a callback may have asked or cancelled something. */
static void look_at_all(VbProber *prober)
{
        Waiter *waiter = NULL;

        while ((waiter = next_waiter(prober)))
                waiter_look(prober, waiter);
}

static int on_deliver(sd_event_source *source, void *userdata)
{
        VbProber *prober = userdata;

        prober->refs++;
        look_at_all(prober);
        /* Who has a file looked at once more may still want what was begun. */
        if (!prober->closed && g_hash_table_size(prober->looks) == 0)
                vb_probe_jobs_prune(prober->jobs);
        prober_unref(prober);
        return 0;
}

VbProber *vb_prober_new(sd_event *event, const char *cache_dir)
{
        VbProber *prober = g_new0(VbProber, 1);

        prober->refs = 1;
        prober->event = sd_event_ref(event);
        prober->cache_dir = g_strdup(cache_dir);
        prober->kvm = vb_kvm_check_new(event);
        prober->firmware = vb_firmware_store_new(NULL);
        prober->worker = vb_worker_new(event);
        prober->foreign_worker = vb_worker_new_by_turns(event);
        prober->jobs = vb_probe_jobs_new(event, on_job, prober);
        prober->records = vb_probe_records_new(prober->worker);
        prober->looks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        if (sd_event_add_defer(event, &prober->deliver, on_deliver, prober) < 0)
                g_error("The loop takes no sources");
        sd_event_source_set_enabled(prober->deliver, SD_EVENT_OFF);
        return prober;
}

void vb_prober_free(VbProber *prober)
{
        if (!prober)
                return;
        prober->closed = true;
        g_clear_pointer(&prober->jobs, vb_probe_jobs_free);
        for (GList *l = prober->waiters.head; l; l = l->next)
                g_clear_pointer(&((Waiter *) l->data)->waits_for, g_free);
        look_at_all(prober);
        g_clear_pointer(&prober->worker, vb_worker_free);
        g_clear_pointer(&prober->foreign_worker, vb_worker_free);
        vb_probe_records_save_rest(prober->records);
        prober_unref(prober);
}

void vb_prober_ask(VbProber *prober, const VbProbeQuestion *question, VbProbeDone done, void *userdata)
{
        Waiter *waiter = g_new0(Waiter, 1);

        waiter->arch = g_strdup(question->arch);
        waiter->path = g_strdup(question->path);
        waiter->machine = g_strdup(question->machine);
        waiter->owner = question->owner;
        waiter->named = question->path && !question->found;
        waiter->scope = question->scope;
        waiter->done = done;
        waiter->userdata = userdata;
        g_queue_push_tail(&prober->waiters, waiter);
        prober->refs++;
        waiter_look(prober, waiter);
        prober_unref(prober);
}

void vb_prober_query(VbProber *prober, const char *arch, const char *path, const char *machine,
                     VbProbeDone done, void *userdata)
{
        vb_prober_ask(
                prober,
                &(VbProbeQuestion){ .arch = arch, .path = path, .machine = machine, .owner = geteuid() },
                done, userdata);
}

void vb_prober_cancel(VbProber *prober, void *userdata)
{
        GList *next = NULL;

        for (GList *l = prober->waiters.head; l; l = next) {
                Waiter *waiter = l->data;

                next = l->next;
                if (waiter->userdata == userdata) {
                        g_queue_delete_link(&prober->waiters, l);
                        waiter_free(waiter);
                }
        }
}

void vb_prober_set_timeout(VbProber *prober, uint64_t timeout_usec)
{
        vb_probe_jobs_set_timeout(prober->jobs, timeout_usec);
}

guint vb_prober_n_sessions(const VbProber *prober)
{
        return vb_probe_jobs_n_sessions(prober->jobs);
}
