/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads for what may block. What they share with the loop outlives the worker where one of them hangs. */
#include "util/worker.h"

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "util/fd.h"

#define THREADS_MAX 4

/* How long the end of a worker waits for its threads. */
#define WAIT_USEC (5 * G_TIME_SPAN_SECOND)

typedef struct {
        gint refs;
        GMutex lock;
        GCond idle;
        guint running;
        GQueue done; /* Task * */
        bool closed;
        int eventfd;       /* -1 when nobody listens any more */
        GHashTable *turns; /* turn -> GQueue of Task *, one of which runs beside; the loop's alone */
} Shared;

typedef struct {
        Shared *shared;
        guint turn;
        void (*run)(void *data);
        void (*done)(void *data, void *userdata);
        void *data;
        GDestroyNotify free_data;
        void *userdata;
} Task;

struct VbWorker {
        Shared *shared;
        GThreadPool *threads;
        sd_event_source *source;
};

static void shared_unref(Shared *shared)
{
        if (!g_atomic_int_dec_and_test(&shared->refs))
                return;
        g_mutex_clear(&shared->lock);
        g_cond_clear(&shared->idle);
        g_hash_table_unref(shared->turns);
        g_free(shared);
}

static void task_free(Task *task)
{
        if (task->free_data)
                task->free_data(task->data);
        shared_unref(task->shared);
        g_free(task);
}

static void turn_free(gpointer data)
{
        g_queue_free_full(data, (GDestroyNotify) task_free);
}

static void run_task(void *data, void *userdata)
{
        Task *task = data;
        Shared *shared = task->shared;
        bool closed = false;

        task->run(task->data);
        g_mutex_lock(&shared->lock);
        closed = shared->closed;
        if (!closed) {
                g_queue_push_tail(&shared->done, task);
                (void) eventfd_write(shared->eventfd, 1);
        }
        shared->running--;
        g_atomic_int_inc(&shared->refs);
        g_cond_signal(&shared->idle);
        g_mutex_unlock(&shared->lock);
        if (closed)
                task_free(task);
        shared_unref(shared);
}

static void push(VbWorker *worker, Task *task)
{
        g_mutex_lock(&worker->shared->lock);
        worker->shared->running++;
        g_mutex_unlock(&worker->shared->lock);
        g_thread_pool_push(worker->threads, task, NULL);
}

/* The next of a turn, after @task. */
static void turn_over(VbWorker *worker, const Task *task)
{
        GQueue *turn = g_hash_table_lookup(worker->shared->turns, GUINT_TO_POINTER(task->turn));

        if (!turn)
                return;
        if (g_queue_is_empty(turn))
                g_hash_table_remove(worker->shared->turns, GUINT_TO_POINTER(task->turn));
        else
                push(worker, g_queue_pop_head(turn));
}

static int on_done(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        VbWorker *worker = userdata;
        Shared *shared = worker->shared;
        GQueue done = G_QUEUE_INIT;
        eventfd_t count = 0;
        Task *task = NULL;

        (void) eventfd_read(fd, &count);
        g_atomic_int_inc(&shared->refs);
        g_mutex_lock(&shared->lock);
        done = shared->done;
        g_queue_init(&shared->done);
        g_mutex_unlock(&shared->lock);
        while ((task = g_queue_pop_head(&done))) {
                /* One of the callbacks may have ended the worker. */
                if (!shared->closed)
                        turn_over(worker, task);
                if (!shared->closed)
                        task->done(task->data, task->userdata);
                task_free(task);
        }
        shared_unref(shared);
        return 0;
}

static VbWorker *new_worker(sd_event *event, int threads)
{
        VbWorker *worker = g_new0(VbWorker, 1);
        Shared *shared = g_new0(Shared, 1);

        shared->refs = 1;
        g_mutex_init(&shared->lock);
        g_cond_init(&shared->idle);
        shared->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        shared->turns = g_hash_table_new_full(NULL, NULL, NULL, turn_free);
        worker->shared = shared;
        worker->threads = g_thread_pool_new(run_task, NULL, threads, FALSE, NULL);
        if (shared->eventfd < 0 ||
            sd_event_add_io(event, &worker->source, shared->eventfd, EPOLLIN, on_done, worker) < 0)
                g_error("The loop takes no threads");
        return worker;
}

VbWorker *vb_worker_new(sd_event *event)
{
        return new_worker(event, THREADS_MAX);
}

VbWorker *vb_worker_new_by_turns(sd_event *event)
{
        return new_worker(event, -1);
}

void vb_worker_free(VbWorker *worker)
{
        Shared *shared = NULL;
        gint64 end = g_get_monotonic_time() + WAIT_USEC;
        Task *task = NULL;

        if (!worker)
                return;
        shared = worker->shared;
        sd_event_source_disable_unref(worker->source);
        g_mutex_lock(&shared->lock);
        shared->closed = true;
        while (shared->running > 0 && g_cond_wait_until(&shared->idle, &shared->lock, end))
                ;
        vb_clear_fd(&shared->eventfd);
        g_mutex_unlock(&shared->lock);
        while ((task = g_queue_pop_head(&shared->done)))
                task_free(task);
        g_hash_table_remove_all(shared->turns);
        g_thread_pool_free(worker->threads, FALSE, FALSE);
        shared_unref(shared);
        g_free(worker);
}

static Task *task_new(VbWorker *worker, void (*run)(void *data), void (*done)(void *data, void *userdata),
                      void *data, GDestroyNotify free_data, void *userdata)
{
        Task *task = g_new0(Task, 1);

        task->shared = worker->shared;
        g_atomic_int_inc(&worker->shared->refs);
        task->run = run;
        task->done = done;
        task->data = data;
        task->free_data = free_data;
        task->userdata = userdata;
        return task;
}

void vb_worker_run(VbWorker *worker, void (*run)(void *data), void (*done)(void *data, void *userdata),
                   void *data, GDestroyNotify free_data, void *userdata)
{
        push(worker, task_new(worker, run, done, data, free_data, userdata));
}

void vb_worker_run_in_turn(VbWorker *worker, guint turn, void (*run)(void *data),
                           void (*done)(void *data, void *userdata), void *data, GDestroyNotify free_data,
                           void *userdata)
{
        GHashTable *turns = worker->shared->turns;
        GQueue *waiting = g_hash_table_lookup(turns, GUINT_TO_POINTER(turn));
        Task *task = task_new(worker, run, done, data, free_data, userdata);

        task->turn = turn;
        if (waiting) {
                g_queue_push_tail(waiting, task);
        } else {
                g_hash_table_insert(turns, GUINT_TO_POINTER(turn), g_queue_new());
                push(worker, task);
        }
}
