/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who calls. The bus is asked once for each connection, asynchronously, and tells when the connection ends;
 * it is then forgotten, and whatever is done on its behalf is cancelled. */
#include "bus/callers.h"

#include "util/error.h"

/* Calls of one connection that the bus has not yet said whose it is: it may send many before that. */
#define UNIDENTIFIED_CALLS_MAX 1024

struct VbCallers {
        sd_bus *bus; /* borrowed */
        GHashTable *by_name;
        sd_bus_slot *left; /* the match */
};

typedef struct {
        VbCallerIdentified done;
        void *userdata;
} Waiter;

typedef struct {
        VbCaller caller;
        VbCallers *callers;    /* borrowed; NULL: not in the table any more */
        sd_bus_slot *question; /* to the bus; NULL: answered */
        GArray *waiters;       /* Waiter */
} Record;

VbCaller *vb_caller_ref(VbCaller *caller)
{
        caller->refs++;
        return caller;
}

void vb_caller_unref(VbCaller *caller)
{
        Record *record = (Record *) caller;

        if (!caller || --caller->refs > 0)
                return;
        sd_bus_slot_unref(record->question);
        g_array_unref(record->waiters);
        g_object_unref(caller->gone);
        g_free(caller->name);
        g_free(record);
}

static void answer(Record *record, const GError *error)
{
        g_autoptr(VbCaller) held = vb_caller_ref(&record->caller);

        for (guint i = 0; i < record->waiters->len; i++) {
                Waiter waiter = g_array_index(record->waiters, Waiter, i);

                waiter.done(error ? NULL : held, error, waiter.userdata);
        }
        g_array_set_size(record->waiters, 0);
}

/* Takes it out of the table, and with it whatever waits. */
static void forget(Record *record, const char *why)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbCaller) held = vb_caller_ref(&record->caller);

        if (!record->callers)
                return;
        g_hash_table_remove(g_steal_pointer(&record->callers)->by_name, held->name);
        record->question = sd_bus_slot_unref(record->question);
        g_cancellable_cancel(held->gone);
        vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "%s", why);
        answer(record, error);
}

static int on_identified(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        Record *record = userdata;
        uint32_t uid;

        if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "u", &uid) < 0) {
                const sd_bus_error *problem = sd_bus_message_get_error(reply);
                g_autofree char *why = g_strdup_printf("the bus does not say who the caller is: %s",
                                                       problem && problem->message ? problem->message : "no reason given");

                forget(record, why);
                return 0;
        }
        record->question = sd_bus_slot_unref(record->question);
        record->caller.uid = uid;
        answer(record, NULL);
        return 0;
}

static Record *record_new(VbCallers *callers, const char *name)
{
        Record *record = g_new0(Record, 1);

        record->caller = (VbCaller){ .refs = 1, .name = g_strdup(name), .gone = g_cancellable_new() };
        record->callers = callers;
        record->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
        return record;
}

/* The bus always answers, and says it otherwise if the caller leaves before. With a time limit an answer that is there
 * already would be thrown away by who was stopped for as long, or had no processor. 0 or -errno. */
static int ask(Record *record)
{
        sd_bus *bus = record->callers->bus;
        sd_bus_message *question = NULL;
        int r = sd_bus_message_new_method_call(bus, &question, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                               "org.freedesktop.DBus", "GetConnectionUnixUser");

        if (r >= 0)
                r = sd_bus_message_append(question, "s", record->caller.name);
        if (r >= 0)
                r = sd_bus_call_async(bus, &record->question, question, on_identified, record, UINT64_MAX);
        sd_bus_message_unref(question);
        return r;
}

void vb_callers_identify(VbCallers *callers, const char *name, VbCallerIdentified done, void *userdata)
{
        Record *record = g_hash_table_lookup(callers->by_name, name);
        g_autoptr(GError) error = NULL;

        if (record && !record->question) {
                g_autoptr(VbCaller) held = vb_caller_ref(&record->caller);

                done(held, NULL, userdata);
                return;
        }
        if (record && record->waiters->len >= UNIDENTIFIED_CALLS_MAX) {
                vb_error_set(&error, VB_ERROR_LIMITS_EXCEEDED, "too many calls at once; try again");
                done(NULL, error, userdata);
                return;
        }
        if (!record) {
                record = record_new(callers, name);
                g_hash_table_insert(callers->by_name, record->caller.name, record);
                if (ask(record) < 0) {
                        vb_error_set(&error, VB_ERROR_ACCESS_DENIED, "the bus cannot be asked who calls");
                        done(NULL, error, userdata);
                        forget(record, "");
                        return;
                }
        }
        g_array_append_val(record->waiters, ((Waiter){ done, userdata }));
}

static int on_name_lost(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
        VbCallers *callers = userdata;
        const char *name;
        Record *record;

        if (sd_bus_message_read(signal, "s", &name) < 0)
                return 0;
        record = g_hash_table_lookup(callers->by_name, name);
        if (record)
                forget(record, "the caller has left the bus");
        return 0;
}

int vb_callers_new(sd_bus *bus, VbCallers **ret)
{
        g_autoptr(VbCallers) callers = g_new0(VbCallers, 1);
        int r;

        callers->bus = bus;
        callers->by_name =
                g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) vb_caller_unref);
        /* One rule for all: a bus limits how many we may have. */
        r = sd_bus_add_match_async(bus, &callers->left,
                                   "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                   "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
                                   on_name_lost, NULL, callers);
        if (r >= 0)
                *ret = g_steal_pointer(&callers);
        return r;
}

void vb_callers_free(VbCallers *callers)
{
        g_autoptr(GList) records = NULL;

        if (!callers)
                return;
        records = g_hash_table_get_values(callers->by_name);
        for (GList *record = records; record; record = record->next)
                forget(record->data, "the service ends");
        g_hash_table_unref(callers->by_name);
        sd_bus_slot_unref(callers->left);
        g_free(callers);
}
