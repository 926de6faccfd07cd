/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The emulator's threads. */
#include "conf/domain-def.h"
#include "qemu/argv-parts.h"

static void set_number(json_object *object, const char *name, const VbNumber *number)
{
        if (number->given)
                vb_json_set_uint(object, name, number->value);
}

static void add_thread(VbArgv *argv, const char *type, const char *id, const VbIothread *thread)
{
        json_object *object = json_object_new_object();

        vb_json_set_string(object, "qom-type", type);
        vb_json_set_string(object, "id", id);
        set_number(object, "thread-pool-min", &thread->pool_min);
        set_number(object, "thread-pool-max", &thread->pool_max);
        if (thread->poll) {
                set_number(object, "poll-max-ns", &thread->poll->max);
                set_number(object, "poll-grow", &thread->poll->grow);
                set_number(object, "poll-shrink", &thread->poll->shrink);
        }
        vb_argv_add_json(argv, "-object", object);
}

char *vb_argv_iothread_id(uint32_t id)
{
        return g_strdup_printf("iothread%u", id);
}

bool vb_argv_add_iothreads(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;

        if (def->default_iothread)
                add_thread(argv, "main-loop", "main-loop", def->default_iothread);
        for (guint i = 0; def->iothreads && i < vb_list_length(def->iothreads->threads); i++) {
                const VbIothread *thread = g_ptr_array_index(def->iothreads->threads, i);
                g_autofree char *id = vb_argv_iothread_id((uint32_t) thread->id.value);

                add_thread(argv, "iothread", id, thread);
        }
        return true;
}
