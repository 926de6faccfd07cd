/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device for a guest that runs, step by step:
 *   descriptors  of the host's ends of a network card, under names
 *   options      one command of the monitor each, backends first
 *   state        of what has one from the beginning
 *   verify       QEMU put the device where the definition has it
 * If one is refused, what was made before is taken back, the last first. */
#include "domain/plug.h"

#include "conf/controller.h"
#include "conf/interface.h"
#include "conf/pci.h"
#include "domain/guest.h"
#include "domain/unmet.h"
#include "qemu/argv-plug.h"
#include "qemu/argv.h"
#include "qemu/verify.h"
#include "util/error.h"

#define PLUG_USEC (30 * G_USEC_PER_SEC)

typedef struct {
        char *name; /* by which the emulator knows it */
        int fd;     /* of a link */
} Descriptor;

typedef struct {
        VbDomain *domain;
        char *alias;
        bool link_down;
        char **options;
        GPtrArray *links;
        GArray *descriptors; /* Descriptor */
        GArray *plugs;       /* VbArgvPlug */
        guint next_descriptor, next_plug;
        VbPlugDone done;
        void *userdata;
} Plugging;

static void descriptor_clear(gpointer data)
{
        g_free(((Descriptor *) data)->name);
}

static void plug_clear(gpointer data)
{
        vb_argv_plug_clear(data);
}

static void finish(Plugging *self, const GError *error)
{
        g_autoptr(VbDomain) domain = self->domain;

        self->done(domain, error, self->userdata);
        g_free(self->alias);
        g_strfreev(self->options);
        g_clear_pointer(&self->links, g_ptr_array_unref);
        g_array_unref(self->descriptors);
        g_array_unref(self->plugs);
        g_free(self);
}

static bool is_alive(const Plugging *self)
{
        return vb_guest_check_reachable(self->domain, NULL);
}

static void execute(Plugging *self, const char *command, json_object *arguments, VbMonitorReply reply)
{
        vb_monitor_execute(self->domain->guest->monitor, command, arguments, PLUG_USEC, reply,
                           reply ? self : NULL);
}

static json_object *named(const char *key, const char *value)
{
        json_object *object = json_object_new_object();

        json_object_object_add(object, key, json_object_new_string(value));
        return object;
}

/* @error is only read: it may be the reply's. */
static void fail(Plugging *self, const GError *error)
{
        for (guint i = self->next_plug; i > 0 && is_alive(self); i--) {
                const VbArgvPlug *plug = &g_array_index(self->plugs, VbArgvPlug, i - 1);

                execute(self, plug->undo, vb_argv_plug_undo(plug), NULL);
        }
        /* Those that a backend took are gone with it. */
        for (guint i = 0; i < self->next_descriptor && self->next_plug == 0 && is_alive(self); i++)
                execute(self, "closefd",
                        named("fdname", g_array_index(self->descriptors, Descriptor, i).name), NULL);
        finish(self, error);
}

/* Whether the step that @error is of was done, and there is an emulator to take the next one with. */
static bool go_on(Plugging *self, const GError *error)
{
        g_autoptr(GError) gone = NULL;

        if (!error)
                (void) vb_guest_check_reachable(self->domain, &gone);
        if (error || gone)
                fail(self, error ? error : gone);
        return !error && !gone;
}

static void on_verified(const GError *error, void *userdata)
{
        Plugging *self = userdata;

        if (go_on(self, error))
                finish(self, NULL);
}

static void verify(Plugging *self)
{
        vb_verify(self->domain->guest->monitor, self->options, on_verified, self);
}

static void on_link_set(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Plugging *self = userdata;

        if (go_on(self, error))
                verify(self);
}

static void set_state(Plugging *self)
{
        json_object *arguments;

        if (!self->link_down) {
                verify(self);
                return;
        }
        arguments = named("name", self->alias);
        json_object_object_add(arguments, "up", json_object_new_boolean(false));
        execute(self, "set_link", arguments, on_link_set);
}

static void plug_next(Plugging *self);

static void on_plugged(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Plugging *self = userdata;

        if (!go_on(self, error))
                return;
        self->next_plug++;
        plug_next(self);
}

static void plug_next(Plugging *self)
{
        const VbArgvPlug *plug;

        if (self->next_plug >= self->plugs->len) {
                set_state(self);
                return;
        }
        plug = &g_array_index(self->plugs, VbArgvPlug, self->next_plug);
        execute(self, plug->command, json_object_get(plug->arguments), on_plugged);
}

static void pass_next(Plugging *self);

static void on_passed(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Plugging *self = userdata;

        if (!go_on(self, error))
                return;
        self->next_descriptor++;
        pass_next(self);
}

static void pass_next(Plugging *self)
{
        const Descriptor *descriptor;

        if (self->next_descriptor >= self->descriptors->len) {
                plug_next(self);
                return;
        }
        descriptor = &g_array_index(self->descriptors, Descriptor, self->next_descriptor);
        vb_monitor_execute_fd(self->domain->guest->monitor, "getfd", named("fdname", descriptor->name),
                              descriptor->fd, PLUG_USEC, on_passed, self);
}

static void add_descriptors(Plugging *self, const VbArgvLink *link, bool vhost)
{
        for (guint i = 0; i < (vhost ? link->n_vhost : link->n_fds); i++) {
                Descriptor descriptor = { vb_argv_fd_name(link->alias, vhost, i),
                                          vhost ? link->vhost_fds[i] : link->fds[i] };

                g_array_append_val(self->descriptors, descriptor);
        }
}

bool vb_plug_check(const VbDomainDef *def, const VbDevice *device, const VbNetworks *networks, GError **error)
{
        const char *driver = vb_device_driver(device);

        if (!driver)
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "%s cannot be attached while the guest runs: it is no device of the guest's",
                        device->alias);
        /* Each guest has one, with a number that is given at the start. */
        if (device->kind == VB_DEVICE_VSOCK)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s cannot be attached while the guest runs",
                                    device->alias);
        if (device->kind != VB_DEVICE_MEMORY && !vb_device_is_removable(def, device))
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "%s cannot be attached while the guest runs: what it is plugged into takes "
                        "devices only before the guest is started",
                        device->alias);
        return vb_unmet_check_device(def, device, networks, error);
}

void vb_plug(VbDomain *domain, const VbDevice *device, char **options, GPtrArray *links, VbPlugDone done,
             void *userdata)
{
        Plugging *self = g_new0(Plugging, 1);
        g_autoptr(GError) error = NULL;

        self->domain = vb_domain_ref(domain);
        self->alias = g_strdup(device->alias);
        self->link_down = vb_interface_is_unplugged(device);
        self->options = options;
        self->links = links;
        self->done = done;
        self->userdata = userdata;
        self->descriptors = g_array_new(FALSE, FALSE, sizeof(Descriptor));
        g_array_set_clear_func(self->descriptors, descriptor_clear);
        self->plugs = g_array_new(FALSE, FALSE, sizeof(VbArgvPlug));
        g_array_set_clear_func(self->plugs, plug_clear);
        for (guint i = 0; links && i < links->len; i++) {
                add_descriptors(self, links->pdata[i], false);
                add_descriptors(self, links->pdata[i], true);
        }
        for (guint i = 0; options[i] && options[i + 1]; i += 2) {
                VbArgvPlug plug = { 0 };

                if (!vb_argv_plug_init(&plug, options[i], options[i + 1], &error)) {
                        g_prefix_error(&error, "%s cannot be attached while the guest runs: ", device->alias);
                        finish(self, error);
                        return;
                }
                g_array_append_val(self->plugs, plug);
        }
        if (go_on(self, NULL))
                pass_next(self);
}
