/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who asks for facts, and what has to happen until they are there. A question waits for one thing after the
 * other (the emulator's facts, whether KVM works, the machine type's facts) and is looked at anew after each;
 * what is missing is found out once for all who wait for it. Callbacks run from a clean stack, never from
 * inside a session's. */
#include "qemu/probe.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu/emulators.h"
#include "qemu/facts-record.h"
#include "qemu/kvm-check.h"
#include "qemu/probe-detail.h"
#include "qemu/probe-emulator.h"
#include "qemu/probe-internal.h"
#include "qemu/probe-machine.h"
#include "util/error.h"

#define TIMEOUT_USEC (10 * G_TIME_SPAN_SECOND)

/* A probe is a process with some 40 MiB and a processor for 30 ms. */
#define SESSIONS_MAX 4

/* Binaries are named by users' XML: more than this many are forgotten, and read from their files again. */
#define RECORDS_MAX 64

/* An emulator that is another one each time it is looked at is not worth more tries. */
#define TRIES_MAX 8

#define OLDEST_VERSION 6002000

typedef struct {
        char *arch, *path, *machine; /* as asked; NULL: the default */
        VbProbeDone done;
        void *userdata;
        guint tries;
        char *waits_for; /* key of a job; NULL: to be looked at */
        GError *failure; /* of what it waited for */
} Waiter;

/* What is asked in one session. */
typedef enum { SUBJECT_EMULATOR, SUBJECT_DETAIL, SUBJECT_MACHINE } Subject;

/* One thing that is being found out. */
typedef struct {
        VbProber *prober; /* borrowed */
        Subject subject;
        char *key, *path, *machine;
        VbFactsStamp stamp;              /* of the binary before it was started */
        VbEmulatorProbe *emulator_probe; /* of these three, the subject's */
        VbEmulatorFacts *detail;
        VbMachineProbe *machine_probe;
        VbProbeSession *session; /* NULL: has not begun; frees itself when it is gone */
        bool told;               /* nobody can join any more */
} Job;

struct VbProber {
        int refs;
        bool closed;
        sd_event *event;
        char *cache_dir;
        uint64_t timeout_usec;
        VbKvmCheck *kvm;
        GHashTable *records; /* VbFactsRecord *, by path */
        GPtrArray *jobs;     /* Job *: those with a session, then those that wait for their turn */
        GQueue waiters;      /* Waiter *, in the order of the questions */
        sd_event_source *deliver;
        guint n_sessions; /* begun so far */
};

/* What those wait for who want to know whether KVM works; the others are paths. */
#define KVM_KEY "kvm"

static void job_free(Job *job)
{
        vb_probe_session_free(job->session);
        vb_emulator_probe_free(job->emulator_probe);
        vb_emulator_facts_unref(job->detail);
        vb_machine_probe_free(job->machine_probe);
        g_free(job->key);
        g_free(job->path);
        g_free(job->machine);
        g_free(job);
}

static void waiter_free(Waiter *waiter)
{
        g_free(waiter->arch);
        g_free(waiter->path);
        g_free(waiter->machine);
        g_free(waiter->waits_for);
        g_clear_error(&waiter->failure);
        g_free(waiter);
}

static void prober_unref(VbProber *prober)
{
        if (--prober->refs > 0)
                return;
        g_ptr_array_unref(prober->jobs);
        g_hash_table_unref(prober->records);
        vb_kvm_check_free(prober->kvm);
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

static bool stat_emulator(const char *path, VbFactsStamp *stamp, GError **error)
{
        struct stat st;

        if (!g_path_is_absolute(path))
                return vb_error_set(error, VB_ERROR_NO_EMULATOR, "The emulator '%s' is not an absolute path",
                                    path);
        if (stat(path, &st) < 0)
                return vb_error_set_errno(error, VB_ERROR_NO_EMULATOR, errno, "The emulator %s", path);
        if (!S_ISREG(st.st_mode))
                return vb_error_set(error, VB_ERROR_NO_EMULATOR, "The emulator %s is not a file", path);
        vb_facts_stamp_set(stamp, &st);
        return true;
}

/* Never NULL; without ->emulator it is empty. */
static VbFactsRecord *find_record(VbProber *prober, const char *path, const VbFactsStamp *stamp)
{
        VbFactsRecord *record = g_hash_table_lookup(prober->records, path);

        if (record && vb_facts_stamp_equal(&record->stamp, stamp))
                return record;
        if (g_hash_table_size(prober->records) >= RECORDS_MAX)
                g_hash_table_remove_all(prober->records);
        record = vb_facts_record_new(path, stamp);
        g_hash_table_replace(prober->records, record->path, record);
        if (prober->cache_dir)
                vb_facts_cache_load(prober->cache_dir, record);
        return record;
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

static void record_set_detail(VbFactsRecord *record, VbEmulatorFacts *detail)
{
        VbEmulatorFacts *old = record->emulator;

        record->emulator = vb_emulator_facts_copy(old);
        vb_emulator_facts_take_detail(record->emulator, detail);
        vb_emulator_facts_unref(old);
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

static void job_keep(const Job *job)
{
        VbProber *prober = job->prober;
        VbFactsRecord *record = g_hash_table_lookup(prober->records, job->path);

        /* The binary may have been replaced meanwhile: then this was about another one. */
        if (!record || !vb_facts_stamp_equal(&record->stamp, &job->stamp))
                return;
        if (job->subject == SUBJECT_MACHINE && record->emulator) {
                VbMachineFacts *facts = vb_machine_facts_ref(vb_machine_probe_facts(job->machine_probe));

                g_hash_table_replace(record->machines, facts->name, facts);
        } else if (job->subject == SUBJECT_DETAIL && record->emulator) {
                record_set_detail(record, job->detail);
        } else if (job->subject == SUBJECT_EMULATOR && !record->emulator) {
                record->emulator = vb_emulator_facts_ref(job->emulator_probe->facts);
                record->pci_buses = g_hash_table_ref(job->emulator_probe->pci_buses);
                record->kvm_built_in = job->emulator_probe->kvm_built_in;
        }
        if (prober->cache_dir && record->emulator)
                vb_facts_cache_save(prober->cache_dir, record);
}

static void on_probed(VbProbeSession *session, const GError *error, void *userdata)
{
        Job *job = userdata;

        job->told = true;
        if (!error)
                job_keep(job);
        wake(job->prober, job->key, error);
}

static void start_jobs(VbProber *prober);

static void on_gone(VbProbeSession *session, void *userdata)
{
        Job *job = userdata;
        VbProber *prober = job->prober;

        job->session = NULL;
        g_ptr_array_remove(prober->jobs, job);
        start_jobs(prober);
}

static const VbProbeHandler probe_handler = { .done = on_probed, .gone = on_gone };

static bool job_start(Job *job, GError **error)
{
        VbProber *prober = job->prober;
        const struct {
                const VbProbeKind *kind;
                void *state;
        } subjects[] = {
                [SUBJECT_EMULATOR] = { &vb_probe_emulator, job->emulator_probe },
                [SUBJECT_DETAIL] = { &vb_probe_detail, job->detail },
                [SUBJECT_MACHINE] = { &vb_probe_machine, job->machine_probe },
        };

        prober->n_sessions++;
        job->session = vb_probe_session_new(prober->event, job->path,
                                            job->machine ? job->machine : VB_PROBE_NO_MACHINE,
                                            prober->timeout_usec, subjects[job->subject].kind,
                                            subjects[job->subject].state, &probe_handler, job, error);
        return job->session;
}

static void start_jobs(VbProber *prober)
{
        guint running = 0, i = 0;

        while (i < prober->jobs->len && running < SESSIONS_MAX) {
                Job *job = g_ptr_array_index(prober->jobs, i);
                g_autoptr(GError) error = NULL;

                if (job->session || job_start(job, &error)) {
                        running++;
                        i++;
                } else {
                        wake(prober, job->key, error);
                        g_ptr_array_remove_index(prober->jobs, i);
                }
        }
}

static char *job_key(const VbFactsRecord *record, Subject subject, const char *machine)
{
        return g_strdup_printf("%s %d %s", record->path, (int) subject, machine ? machine : "");
}

static Job *find_job(const VbProber *prober, const char *key)
{
        for (guint i = 0; i < prober->jobs->len; i++) {
                Job *job = g_ptr_array_index(prober->jobs, i);

                if (!job->told && g_str_equal(job->key, key))
                        return job;
        }
        return NULL;
}

/* Sees to it that it is found out. Whoever needs more things than one says so before waiting for the first.
 */
static void need(VbProber *prober, const VbFactsRecord *record, Subject subject, const char *machine)
{
        g_autofree char *key = job_key(record, subject, machine);
        Job *job = NULL;

        if (find_job(prober, key))
                return;
        job = g_new0(Job, 1);
        job->prober = prober;
        job->subject = subject;
        job->key = g_steal_pointer(&key);
        job->path = g_strdup(record->path);
        job->machine = g_strdup(machine);
        job->stamp = record->stamp;
        if (subject == SUBJECT_MACHINE)
                job->machine_probe = vb_machine_probe_new(record->emulator, record->pci_buses, machine);
        else if (subject == SUBJECT_DETAIL)
                job->detail = vb_emulator_facts_new();
        else
                job->emulator_probe = vb_emulator_probe_new(record->path);
        g_ptr_array_add(prober->jobs, job);
}

static void wait_for(VbProber *prober, Waiter *waiter, const VbFactsRecord *record, Subject subject,
                     const char *machine)
{
        need(prober, record, subject, machine);
        waiter->waits_for = job_key(record, subject, machine);
        start_jobs(prober);
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
        return true;
}

static void list_machines(const VbEmulatorFacts *facts, GString *text)
{
        for (guint i = 0; i < facts->machines->len; i++) {
                const VbMachineInfo *info = g_ptr_array_index(facts->machines, i);

                g_string_append_printf(text, "%s%s", i ? ", " : "", info->name);
                if (info->alias)
                        g_string_append_printf(text, " (%s)", info->alias);
        }
}

static const VbMachineInfo *find_machine(const Waiter *waiter, const VbEmulatorFacts *facts, GError **error)
{
        const char *arch = waiter->arch ? waiter->arch : vb_arch_host();
        const VbMachineInfo *info = NULL;
        g_autoptr(GString) names = NULL;

        if (facts->version < OLDEST_VERSION) {
                vb_error_set(error, VB_ERROR_UNSUPPORTED,
                             "%s is QEMU %u.%u.%u; 6.2 is the oldest that is supported", facts->path,
                             facts->version / 1000000, facts->version / 1000 % 1000, facts->version % 1000);
                return NULL;
        }
        if (!vb_arch_serves(facts->arch, arch)) {
                vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s is an emulator for %s, not for %s", facts->path,
                             facts->arch, arch);
                return NULL;
        }
        info = vb_emulator_facts_find_machine(facts, waiter->machine);
        if (info)
                return info;
        names = g_string_new(NULL);
        list_machines(facts, names);
        if (waiter->machine)
                vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s has no machine type '%s'; it has %s",
                             facts->path, waiter->machine, names->str);
        else
                vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s has no default machine type; name one of %s",
                             facts->path, names->str);
        return NULL;
}

/* Answers if all is there, else waits for the next thing that is missing. False with @error ends it. */
static bool waiter_advance(VbProber *prober, Waiter *waiter, GError **error)
{
        g_autofree char *found = NULL;
        const char *path = waiter->path;
        VbFactsStamp stamp;
        VbFactsRecord *record = NULL;
        const VbMachineInfo *info = NULL;
        VbMachineFacts *machine = NULL;

        if (prober->closed)
                return vb_error_set(error, VB_ERROR_BUSY, "The service is stopping");
        if (waiter->failure) {
                g_propagate_error(error, g_steal_pointer(&waiter->failure));
                return false;
        }
        if (!path)
                path = found = vb_emulator_find(waiter->arch ? waiter->arch : vb_arch_host(), error);
        if (!path || !stat_emulator(path, &stamp, error))
                return false;
        if (++waiter->tries > TRIES_MAX)
                return vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                                    "%s is another file each time it is looked at", path);
        record = find_record(prober, path, &stamp);
        start_kvm_check(prober);
        if (!record->emulator) {
                wait_for(prober, waiter, record, SUBJECT_EMULATOR, NULL);
                return true;
        }
        info = find_machine(waiter, record->emulator, error);
        if (!info)
                return false;
        machine = g_hash_table_lookup(record->machines, info->name);
        if (!record->emulator->has_detail)
                need(prober, record, SUBJECT_DETAIL, NULL);
        if (!machine) {
                wait_for(prober, waiter, record, SUBJECT_MACHINE, info->name);
                return true;
        }
        if (!record->emulator->has_detail) {
                wait_for(prober, waiter, record, SUBJECT_DETAIL, NULL);
                return true;
        }
        if (!settle_kvm(prober, waiter, record))
                return true;
        waiter_answer(prober, waiter, record->emulator, machine, NULL);
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
        prober_unref(prober);
        return 0;
}

VbProber *vb_prober_new(sd_event *event, const char *cache_dir)
{
        VbProber *prober = g_new0(VbProber, 1);

        prober->refs = 1;
        prober->event = sd_event_ref(event);
        prober->cache_dir = g_strdup(cache_dir);
        prober->timeout_usec = TIMEOUT_USEC;
        prober->kvm = vb_kvm_check_new(event);
        prober->records =
                g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) vb_facts_record_free);
        prober->jobs = g_ptr_array_new_with_free_func((GDestroyNotify) job_free);
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
        g_ptr_array_set_size(prober->jobs, 0);
        for (GList *l = prober->waiters.head; l; l = l->next)
                g_clear_pointer(&((Waiter *) l->data)->waits_for, g_free);
        look_at_all(prober);
        prober_unref(prober);
}

void vb_prober_query(VbProber *prober, const char *arch, const char *path, const char *machine,
                     VbProbeDone done, void *userdata)
{
        Waiter *waiter = g_new0(Waiter, 1);

        waiter->arch = g_strdup(arch);
        waiter->path = g_strdup(path);
        waiter->machine = g_strdup(machine);
        waiter->done = done;
        waiter->userdata = userdata;
        g_queue_push_tail(&prober->waiters, waiter);
        prober->refs++;
        waiter_look(prober, waiter);
        prober_unref(prober);
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
        prober->timeout_usec = timeout_usec;
}

guint vb_prober_n_sessions(const VbProber *prober)
{
        return prober->n_sessions;
}
