/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains that start with the host: on the system bus systemd starts them, as units, where there is one;
 * elsewhere, and where there is none, the service does. What is recorded with the domain and what systemd has
 * are changed together. */
#include "bus/autostart.h"

#include "bus/bus-private.h"
#include "bus/options.h"
#include "bus/unit-files.h"
#include "domain/define.h"
#include "util/error.h"
#include "util/log.h"

static const VbOption no_options[] = { { 0 } };

typedef struct {
        VbCall *call;
        VbDomain *domain; /* a reference */
        uid_t owner;
        char *name;
        bool enabled, before;
        GError *problem; /* what systemd said */
} Change;

static Change *change_new(VbCall *call, bool enabled)
{
        Change *change = g_new0(Change, 1);

        *change = (Change){ .call = call,
                            .domain = vb_domain_ref(call->domain),
                            .owner = call->domain->owner,
                            .name = g_strdup(call->domain->name),
                            .enabled = enabled,
                            .before = call->domain->autostart };
        return change;
}

static void change_free(Change *change)
{
        vb_domain_unref(change->domain);
        g_clear_error(&change->problem);
        g_free(change->name);
        g_free(change);
}

static void change_end(Change *change, const GError *error)
{
        vb_call_reply_done(change->domain, error, change->call);
        change_free(change);
}

static void on_taken_back(VbDomain *domain, const GError *error, void *userdata)
{
        Change *change = userdata;

        if (error)
                vb_log_warning("domain '%s' is recorded %sto start with the host, and its unit says otherwise: %s",
                               domain->name, change->enabled ? "" : "not ", error->message);
        change_end(change, change->problem);
}

static void on_unit_changed(const GError *error, void *userdata)
{
        Change *change = userdata;
        g_autoptr(GError) refused = NULL;

        if (!error || change->domain->gone) {
                change_end(change, error);
                return;
        }
        change->problem = g_error_copy(error);
        if (!vb_set_autostart(change->domain, change->before, on_taken_back, change, &refused))
                on_taken_back(change->domain, refused, change);
}

static void on_recorded(VbDomain *domain, const GError *error, void *userdata)
{
        Change *change = userdata;
        VbBus *bus = change->call->bus;

        if (error || !bus->system)
                change_end(change, error);
        else
                vb_unit_files_set(bus->bus, change->owner, change->name, change->enabled, on_unit_changed,
                                  change);
}

bool vb_method_set_autostart(VbCall *call, GError **error)
{
        Change *change;
        int autostart;

        if (sd_bus_message_read(call->message, "b", &autostart) < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the arguments cannot be read");
        if (!vb_options_read(call->message, no_options, error))
                return false;
        change = change_new(call, autostart);
        if (vb_set_autostart(call->domain, autostart, on_recorded, change, error))
                return true;
        change_free(change);
        return false;
}

/* The domain is gone either way. */
static void on_unit_disabled(const GError *error, void *userdata)
{
        if (error)
                vb_log_warning("%s", error->message);
        change_end(userdata, NULL);
}

static void on_undefined(VbDomain *domain, const GError *error, void *userdata)
{
        Change *change = userdata;
        VbBus *bus = change->call->bus;

        /* Also what an administrator has enabled: another domain of the same name would be started by it. */
        if (error || !bus->system)
                change_end(change, error);
        else
                vb_unit_files_set(bus->bus, change->owner, change->name, false, on_unit_disabled, change);
}

bool vb_method_undefine(VbCall *call, GError **error)
{
        int discard_save = false;
        const VbOption options[] = { { "discard-save", 'b', &discard_save, NULL }, { 0 } };
        Change *change;

        if (!vb_options_read(call->message, options, error))
                return false;
        change = change_new(call, false);
        if (vb_undefine(call->domain, discard_save, on_undefined, change, error))
                return true;
        change_free(change);
        return false;
}
