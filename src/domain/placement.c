/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the host's processors an emulator's threads run on, and how urgent they are:
 * https://libvirt.org/formatdomain.html#cpu-tuning. A thread that no pin names goes where <vcpu cpuset=''>
 * says, and an I/O thread then anywhere, as in libvirt. */
#include "domain/placement.h"

#include <sched.h>

#include "conf/cpuset.h"
#include "conf/tuning.h"
#include "host/threads.h"
#include "util/error.h"

typedef enum { KIND_VCPU, KIND_IOTHREAD, KIND_EMULATOR } Kind;

static const char *const pin_names[] = { "vcpupin", "iothreadpin", "emulatorpin" };
static const char *const schedule_names[] = { "vcpusched", "iothreadsched", "emulatorsched" };

/* SCHED_* of each VbScheduler. */
static const int policies[] = {
        [VB_SCHEDULER_FIFO] = SCHED_FIFO,
        [VB_SCHEDULER_RR] = SCHED_RR,
        [VB_SCHEDULER_BATCH] = SCHED_BATCH,
        [VB_SCHEDULER_IDLE] = SCHED_IDLE,
};

bool vb_placement_is_wanted(const VbDomainDef *def)
{
        const VbCpuTune *tune = def->cputune;

        return def->vcpu_cpuset ||
               (tune && (tune->vcpu_pins || tune->iothread_pins || tune->emulator_pin ||
                         tune->vcpu_schedules || tune->iothread_schedules || tune->emulator_schedule));
}

/* NULL: anywhere. */
static const char *cpuset_of(const VbDomainDef *def, Kind kind, uint32_t id)
{
        const VbCpuTune *tune = def->cputune;

        if (kind == KIND_EMULATOR)
                return tune && tune->emulator_pin ? tune->emulator_pin->cpuset : def->vcpu_cpuset;
        for (guint i = 0; tune && kind == KIND_VCPU && i < vb_list_length(tune->vcpu_pins); i++) {
                const VbVcpuPin *pin = tune->vcpu_pins->pdata[i];

                if (pin->vcpu.value == id)
                        return pin->cpuset;
        }
        for (guint i = 0; tune && kind == KIND_IOTHREAD && i < vb_list_length(tune->iothread_pins); i++) {
                const VbIothreadPin *pin = tune->iothread_pins->pdata[i];

                if (pin->iothread.value == id)
                        return pin->cpuset;
        }
        return kind == KIND_VCPU ? def->vcpu_cpuset : NULL;
}

/* NULL: as any other program. */
static const VbSchedule *schedule_of(const VbCpuTune *tune, Kind kind, uint32_t id)
{
        const GPtrArray *list = kind == KIND_VCPU ? tune->vcpu_schedules : tune->iothread_schedules;

        if (kind == KIND_EMULATOR)
                return tune->emulator_schedule;
        for (guint i = 0; i < vb_list_length(list); i++) {
                const VbSchedule *schedule = list->pdata[i];
                VbCpuset ids;

                if (vb_cpuset_parse(schedule->ids, &ids) && id < VB_CPUSET_SIZE && vb_cpuset_has(&ids, id))
                        return schedule;
        }
        return NULL;
}

static bool pin(const VbDomainDef *def, pid_t pid, pid_t tid, Kind kind, uint32_t id, GError **error)
{
        const char *cpuset = cpuset_of(def, kind, id);
        g_autoptr(GError) problem = NULL;
        VbCpuset set;

        if (!cpuset || !vb_cpuset_parse(cpuset, &set) ||
            vb_thread_pin(pid, tid, set.words, G_N_ELEMENTS(set.words), &problem))
                return true;
        return vb_error_set(error, (VbError) problem->code, "<%s> to %s: %s", pin_names[kind], cpuset,
                            problem->message);
}

static void schedule(const VbDomainDef *def, pid_t pid, pid_t tid, Kind kind, uint32_t id,
                     GPtrArray *warnings)
{
        const VbSchedule *wanted = def->cputune ? schedule_of(def->cputune, kind, id) : NULL;
        g_autoptr(GError) problem = NULL;

        if (wanted && !vb_thread_schedule(pid, tid, policies[wanted->scheduler], (int) wanted->priority.value,
                                          &problem))
                g_ptr_array_add(warnings,
                                g_strdup_printf("<%s>: %s", schedule_names[kind], problem->message));
}

static bool place(const VbDomainDef *def, pid_t pid, Kind kind, const GArray *threads, GPtrArray *warnings,
                  GError **error)
{
        for (guint i = 0; i < threads->len; i++) {
                const VbPlacedThread *thread = &g_array_index(threads, VbPlacedThread, i);

                if (!pin(def, pid, thread->tid, kind, thread->id, error))
                        return false;
                schedule(def, pid, thread->tid, kind, thread->id, warnings);
        }
        return true;
}

static bool is_among(const GArray *threads, pid_t tid)
{
        for (guint i = 0; i < threads->len; i++)
                if (g_array_index(threads, VbPlacedThread, i).tid == tid)
                        return true;
        return false;
}

bool vb_placement_apply(const VbDomainDef *def, pid_t pid, const GArray *vcpus, const GArray *iothreads,
                        GPtrArray *warnings, GError **error)
{
        g_autoptr(GArray) all = vb_threads_of(pid);

        for (guint i = 0; i < all->len; i++) {
                pid_t tid = g_array_index(all, pid_t, i);
                g_autoptr(GError) problem = NULL;

                /* Helpers come and go. */
                if (!is_among(vcpus, tid) && !is_among(iothreads, tid) &&
                    !pin(def, pid, tid, KIND_EMULATOR, 0, &problem) &&
                    !g_error_matches(problem, VB_ERROR, VB_ERROR_EMULATOR_FAILED)) {
                        g_propagate_error(error, g_steal_pointer(&problem));
                        return false;
                }
        }
        schedule(def, pid, pid, KIND_EMULATOR, 0, warnings);
        return place(def, pid, KIND_VCPU, vcpus, warnings, error) &&
               place(def, pid, KIND_IOTHREAD, iothreads, warnings, error);
}
