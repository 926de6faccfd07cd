/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Workers by turns: what hangs keeps nobody else waiting, and those of one turn go one after the other. */
#include "util/worker.h"

#include <stdbool.h>

/* More than any pool of threads has. */
#define N_HANGING 40
#define N_TASKS 20

typedef struct {
        GMutex lock;
        GCond changed;
        bool released;
        guint running, most, begun, freed;
        guint done;
        sd_event *event;
        VbWorker *worker;
} Fixture;

typedef struct {
        Fixture *fixture;
        bool hangs;
        guint number;
} Job;

static Job *job_new(Fixture *fixture, bool hangs, guint number)
{
        Job *job = g_new0(Job, 1);

        *job = (Job){ fixture, hangs, number };
        return job;
}

static void job_free(void *data)
{
        Job *job = data;

        g_mutex_lock(&job->fixture->lock);
        job->fixture->freed++;
        g_cond_broadcast(&job->fixture->changed);
        g_mutex_unlock(&job->fixture->lock);
        g_free(job);
}

static void run(void *data)
{
        const Job *job = data;
        Fixture *f = job->fixture;

        g_mutex_lock(&f->lock);
        f->begun++;
        f->running++;
        f->most = MAX(f->most, f->running);
        g_cond_broadcast(&f->changed);
        while (job->hangs && !f->released)
                g_cond_wait(&f->changed, &f->lock);
        f->running--;
        g_mutex_unlock(&f->lock);
}

static void on_done(void *data, void *userdata)
{
        const Job *job = data;

        if (!job->hangs)
                g_assert_cmpuint(job->number, ==, job->fixture->done++);
}

static void add(Fixture *f, guint turn, bool hangs, guint number)
{
        vb_worker_run_in_turn(f->worker, turn, run, on_done, job_new(f, hangs, number), job_free, NULL);
}

static void setup(Fixture *f, const void *data)
{
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        f->worker = vb_worker_new_by_turns(f->event);
}

static void release(Fixture *f)
{
        g_mutex_lock(&f->lock);
        f->released = true;
        g_cond_broadcast(&f->changed);
        g_mutex_unlock(&f->lock);
}

static void teardown(Fixture *f, const void *data)
{
        release(f);
        vb_worker_free(f->worker);
        sd_event_unref(f->event);
}

static void run_until_done(Fixture *f, guint n)
{
        while (f->done < n)
                g_assert_cmpint(sd_event_run(f->event, (uint64_t) -1), >=, 0);
}

static void test_one_after_the_other(Fixture *f, const void *data)
{
        for (guint i = 0; i < N_TASKS; i++)
                add(f, 7, false, i);
        run_until_done(f, N_TASKS);
        g_assert_cmpuint(f->most, ==, 1);
}

/* Given many turns that hang, when another one comes, then its tasks are run all the same. */
static void test_hanging(Fixture *f, const void *data)
{
        for (guint i = 0; i < N_HANGING; i++)
                for (guint again = 0; again < 2; again++)
                        add(f, i, true, 0);
        for (guint i = 0; i < N_TASKS; i++)
                add(f, N_HANGING, false, i);
        run_until_done(f, N_TASKS);
        g_mutex_lock(&f->lock);
        while (f->begun < N_HANGING + N_TASKS)
                g_cond_wait(&f->changed, &f->lock);
        g_assert_cmpuint(f->running, ==, N_HANGING);
        g_mutex_unlock(&f->lock);
}

/* Given tasks that wait for their turn, when the worker ends, then they are not run, and nothing is lost. */
static void test_end(Fixture *f, const void *data)
{
        for (guint i = 0; i < N_TASKS; i++)
                add(f, 7, true, i);
        g_mutex_lock(&f->lock);
        while (f->begun == 0)
                g_cond_wait(&f->changed, &f->lock);
        g_mutex_unlock(&f->lock);
        release(f);
        g_clear_pointer(&f->worker, vb_worker_free);
        g_assert_cmpuint(f->begun, ==, 1);
        g_mutex_lock(&f->lock);
        while (f->freed < N_TASKS)
                g_cond_wait(&f->changed, &f->lock);
        g_mutex_unlock(&f->lock);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add("/worker/one-after-the-other", Fixture, NULL, setup, test_one_after_the_other, teardown);
        g_test_add("/worker/hanging", Fixture, NULL, setup, test_hanging, teardown);
        g_test_add("/worker/end", Fixture, NULL, setup, test_end, teardown);
        return g_test_run();
}
