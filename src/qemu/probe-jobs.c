/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job is one session with an emulator. A machine type's may begin before it is known whether there is such
 * a type: starting the machine takes longest, and its questions need the emulator's facts only when it is
 * there. */
#include "qemu/probe-jobs.h"

#include <string.h>
#include <unistd.h>

#include "qemu/machine-variants.h"
#include "qemu/probe-detail.h"
#include "qemu/probe-emulator.h"
#include "qemu/probe-machine.h"
#include "util/error.h"

/* A host that is busy, or is itself emulated, takes its time. */
#define TIMEOUT_USEC (20 * G_TIME_SPAN_SECOND)

/* A probe is a process with some 40 MiB and a processor for 30 to 90 ms. So many are run by each user: who
 * has emulators asked that hang keeps nobody else waiting. */
#define SESSIONS_MAX 4

#define MACHINE_NAME_MAX 64

typedef struct {
        VbProbeJobs *jobs; /* borrowed */
        VbFactsRecord *record;
        VbProbeSubject subject;
        char *machine;
        char *argument;                  /* of -machine, where it is not just that */
        VbEmulatorProbe *emulator_probe; /* of these three, the subject's */
        VbEmulatorFacts *detail;
        VbMachineProbe *machine_probe; /* NULL while it is ahead */
        VbProbeSession *session;       /* NULL: has not begun; frees itself when it is gone */
        bool told;                     /* nobody can join any more */
} Job;

struct VbProbeJobs {
        sd_event *event;
        VbProbeJobDone done;
        void *userdata;
        uint64_t timeout_usec;
        GPtrArray *list; /* Job *: of each user, those with a session, then those that wait for their turn */
        guint n_sessions;
};

static void job_free(Job *job)
{
        vb_probe_session_free(job->session);
        vb_emulator_probe_free(job->emulator_probe);
        vb_emulator_facts_unref(job->detail);
        vb_machine_probe_free(job->machine_probe);
        vb_facts_record_unref(job->record);
        g_free(job->machine);
        g_free(job->argument);
        g_free(job);
}

VbProbeJobs *vb_probe_jobs_new(sd_event *event, VbProbeJobDone done, void *userdata)
{
        VbProbeJobs *jobs = g_new0(VbProbeJobs, 1);

        jobs->event = sd_event_ref(event);
        jobs->done = done;
        jobs->userdata = userdata;
        jobs->timeout_usec = TIMEOUT_USEC;
        jobs->list = g_ptr_array_new_with_free_func((GDestroyNotify) job_free);
        return jobs;
}

void vb_probe_jobs_free(VbProbeJobs *jobs)
{
        g_ptr_array_unref(jobs->list);
        sd_event_unref(jobs->event);
        g_free(jobs);
}

static Job *find_job(const VbProbeJobs *jobs, const VbFactsRecord *record, VbProbeSubject subject,
                     const char *machine)
{
        for (guint i = 0; i < jobs->list->len; i++) {
                Job *job = g_ptr_array_index(jobs->list, i);

                if (!job->told && job->record == record && job->subject == subject &&
                    g_strcmp0(job->machine, machine) == 0)
                        return job;
        }
        return NULL;
}

static bool job_is_ahead(const Job *job)
{
        return job->subject == VB_PROBE_MACHINE && !job->machine_probe;
}

/* What they share has been copied by who holds the facts as they were. */
static void record_add_detail(VbFactsRecord *record)
{
        VbEmulatorFacts *old = record->emulator;

        record->emulator = vb_emulator_facts_copy(old);
        vb_emulator_facts_take_detail(record->emulator, record->detail);
        vb_emulator_facts_unref(old);
        g_clear_pointer(&record->detail, vb_emulator_facts_unref);
}

static void job_keep(const Job *job)
{
        VbFactsRecord *record = job->record;

        if (job->subject == VB_PROBE_MACHINE) {
                VbMachineFacts *facts = vb_machine_facts_ref(vb_machine_probe_facts(job->machine_probe));

                g_hash_table_replace(record->machines, facts->name, facts);
                return;
        }
        if (job->subject == VB_PROBE_DETAIL) {
                vb_emulator_facts_unref(record->detail);
                record->detail = vb_emulator_facts_ref(job->detail);
        } else if (!record->emulator) {
                record->emulator = vb_emulator_facts_ref(job->emulator_probe->facts);
                record->pci_buses = g_hash_table_ref(job->emulator_probe->pci_buses);
                record->kvm_built_in = job->emulator_probe->kvm_built_in;
        }
        if (record->emulator && record->detail)
                record_add_detail(record);
}

/* Nobody is told; its process is waited for by the loop. */
static void drop(VbProbeJobs *jobs, guint i)
{
        Job *job = g_ptr_array_index(jobs->list, i);

        job->told = true;
        if (job->session)
                vb_probe_session_abandon(job->session);
        else
                g_ptr_array_remove_index(jobs->list, i);
}

/* An emulator that does not say what it is needs no more questions. */
static void drop_others(VbProbeJobs *jobs, const Job *failed)
{
        for (guint i = jobs->list->len; i > 0; i--) {
                const Job *job = g_ptr_array_index(jobs->list, i - 1);

                if (job != failed && job->record == failed->record && !job->told)
                        drop(jobs, i - 1);
        }
}

static void job_tell(Job *job, const GError *error)
{
        VbProbeJobs *jobs = job->jobs;

        job->told = true;
        if (error && job->subject == VB_PROBE_EMULATOR)
                drop_others(jobs, job);
        jobs->done(job->record, job->subject, job->machine, error, jobs->userdata);
}

/* True if the variant of a machine type has come to an end. */
static bool job_keep_variant(const Job *job, const GError *error)
{
        VbMachineVariants *variants = NULL;

        if (job->subject < VB_PROBE_DEFAULTS ||
            (error && !g_error_matches(error, VB_ERROR, VB_ERROR_EMULATOR_FAILED)))
                return false;
        variants = vb_machine_variants_find(job->record, job->machine);
        if (job->subject == VB_PROBE_DEFAULTS && error)
                vb_variant_fail(&variants->defaults, error);
        else if (job->subject == VB_PROBE_WITHOUT && error)
                vb_machine_variants_retry(variants, error);
        else
                vb_variant_succeed(job->subject == VB_PROBE_DEFAULTS ? &variants->defaults
                                                                     : &variants->without,
                                   vb_machine_probe_facts(job->machine_probe));
        return true;
}

static void on_probed(VbProbeSession *session, const GError *error, void *userdata)
{
        Job *job = userdata;

        if (job_keep_variant(job, error))
                error = NULL;
        else if (!error)
                job_keep(job);
        job_tell(job, error);
}

static void on_gone(VbProbeSession *session, void *userdata)
{
        Job *job = userdata;
        VbProbeJobs *jobs = job->jobs;

        job->session = NULL;
        g_ptr_array_remove(jobs->list, job);
        vb_probe_jobs_start(jobs);
}

static const VbProbeHandler probe_handler = { .done = on_probed, .gone = on_gone };

static bool job_start(Job *job, GError **error)
{
        VbProbeJobs *jobs = job->jobs;
        const struct {
                const VbProbeKind *kind;
                void *state;
        } subjects[] = {
                [VB_PROBE_EMULATOR] = { &vb_probe_emulator, job->emulator_probe },
                [VB_PROBE_DETAIL] = { &vb_probe_detail, job->detail },
                [VB_PROBE_MACHINE] = { &vb_probe_machine, job->machine_probe },
                [VB_PROBE_DEFAULTS] = { &vb_probe_machine_defaults, job->machine_probe },
                [VB_PROBE_WITHOUT] = { &vb_probe_machine_board, job->machine_probe },
        };
        const char *machine = job->argument ? job->argument : job->machine;

        jobs->n_sessions++;
        job->session =
                vb_probe_session_new(jobs->event, job->record->path, machine ? machine : VB_PROBE_NO_MACHINE,
                                     job->record->runner, jobs->timeout_usec, subjects[job->subject].kind,
                                     subjects[job->subject].state, &probe_handler, job, error);
        return job->session;
}

/* The first whose turn it is; NULL: none's. */
static Job *next_job(const VbProbeJobs *jobs)
{
        g_autoptr(GHashTable) running = g_hash_table_new(NULL, NULL);

        for (guint i = 0; i < jobs->list->len; i++) {
                Job *job = g_ptr_array_index(jobs->list, i);
                const VbIdentity *runner = job->record->runner;
                void *user = GUINT_TO_POINTER(runner ? runner->uid : geteuid());
                guint n = GPOINTER_TO_UINT(g_hash_table_lookup(running, user));

                if (!job->session && n < SESSIONS_MAX)
                        return job;
                if (job->session)
                        g_hash_table_replace(running, user, GUINT_TO_POINTER(n + 1));
        }
        return NULL;
}

void vb_probe_jobs_start(VbProbeJobs *jobs)
{
        Job *job = NULL;

        while ((job = next_job(jobs))) {
                g_autoptr(GError) error = NULL;
                guint i = 0;

                if (job_start(job, &error))
                        continue;
                (void) g_ptr_array_find(jobs->list, job, &i);
                (void) g_ptr_array_steal_index(jobs->list, i);
                job_tell(job, error);
                job_free(job);
        }
}

static Job *add(VbProbeJobs *jobs, VbFactsRecord *record, VbProbeSubject subject, const char *machine)
{
        Job *job = g_new0(Job, 1);

        job->jobs = jobs;
        job->record = vb_facts_record_ref(record);
        job->subject = subject;
        job->machine = g_strdup(machine);
        g_ptr_array_add(jobs->list, job);
        return job;
}

/* One that was begun ahead, by either of its names, is it from now on. */
static bool adopt(VbProbeJobs *jobs, VbFactsRecord *record, const char *machine)
{
        const VbMachineInfo *info = vb_emulator_facts_find_machine(record->emulator, machine);
        Job *job = find_job(jobs, record, VB_PROBE_MACHINE, machine);

        if (!job && info && info->alias)
                job = find_job(jobs, record, VB_PROBE_MACHINE, info->alias);
        if (!job)
                return false;
        if (!job_is_ahead(job))
                return true;
        g_free(job->machine);
        job->machine = g_strdup(machine);
        job->machine_probe = vb_machine_probe_new(record->emulator, record->pci_buses, machine);
        if (job->session)
                vb_probe_session_release(job->session, job->machine_probe);
        return true;
}

void vb_probe_jobs_add(VbProbeJobs *jobs, VbFactsRecord *record, VbProbeSubject subject, const char *machine)
{
        Job *job = NULL;

        if (subject == VB_PROBE_MACHINE ? adopt(jobs, record, machine)
                                        : find_job(jobs, record, subject, machine) != NULL)
                return;
        job = add(jobs, record, subject, machine);
        if (subject == VB_PROBE_WITHOUT)
                job->argument =
                        vb_machine_variants_argument(vb_machine_variants_find(record, machine), machine);
        if (subject >= VB_PROBE_MACHINE)
                job->machine_probe = vb_machine_probe_new(record->emulator, record->pci_buses, machine);
        else if (subject == VB_PROBE_DETAIL)
                job->detail = vb_emulator_facts_new();
        else
                job->emulator_probe = vb_emulator_probe_new(record->path);
}

/* What goes on a command line before it is known to be a machine type: nothing that means more than a name
 * there. */
static bool is_machine_name(const char *name)
{
        return *name && strlen(name) <= MACHINE_NAME_MAX && *name != '-' &&
               strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._+-") == strlen(name);
}

void vb_probe_jobs_add_ahead(VbProbeJobs *jobs, VbFactsRecord *record, const char *machine)
{
        if (is_machine_name(machine) && !find_job(jobs, record, VB_PROBE_MACHINE, machine))
                add(jobs, record, VB_PROBE_MACHINE, machine);
}

void vb_probe_jobs_prune(VbProbeJobs *jobs)
{
        for (guint i = jobs->list->len; i > 0; i--) {
                const Job *job = g_ptr_array_index(jobs->list, i - 1);

                if (job_is_ahead(job) && !job->told && job->record->emulator)
                        drop(jobs, i - 1);
        }
}

void vb_probe_jobs_set_timeout(VbProbeJobs *jobs, uint64_t timeout_usec)
{
        jobs->timeout_usec = timeout_usec;
}

guint vb_probe_jobs_n_sessions(const VbProbeJobs *jobs)
{
        return jobs->n_sessions;
}
