/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening consoles: a unix socket of ours is connected to by the name that we gave it; which terminal a pty became
 * only the emulator knows, and it is believed no further than the kernel confirms it (host/pty.c). */
#include "domain/console.h"

#include <string.h>

#include "conf/serial.h"
#include "domain/guest.h"
#include "host/pty.h"
#include "qemu/argv.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/json.h"

#define QUERY_USEC (10 * G_USEC_PER_SEC)
#define PTY_PREFIX "pty:/dev/pts/"

typedef struct {
        VbDomain *domain;
        char *chardev_id;
        VbConsoleDone done;
        void *userdata;
} Opening;

/* Channels have a backend of the same kinds, but what is spoken there is not for a person to read. */
static bool is_console(const VbDevice *device)
{
        return device->kind == VB_DEVICE_SERIAL || device->kind == VB_DEVICE_CONSOLE;
}

static bool can_open(const VbChardev *chardev)
{
        return chardev && (chardev->type == VB_CHARDEV_PTY || (chardev->type == VB_CHARDEV_UNIX && !chardev->path));
}

/* A console that is the first serial port again has no back end of its own. */
static const VbDevice *find_backend(const VbDomainDef *def, const VbDevice *device)
{
        if (device->kind != VB_DEVICE_CONSOLE || ((const VbConsole *) device)->target != VB_CONSOLE_TARGET_SERIAL)
                return device;
        for (guint i = 0; i < def->devices->len; i++)
                if (((const VbDevice *) def->devices->pdata[i])->kind == VB_DEVICE_SERIAL)
                        return def->devices->pdata[i];
        return device;
}

static const VbDevice *find_device(const VbDomain *domain, const char *alias, GError **error)
{
        const VbDevice *device = NULL;

        if (alias[0]) {
                device = vb_domain_def_find_device(domain->live, alias);
                if (!device || !is_console(device)) {
                        vb_error_set(error, VB_ERROR_NO_SUCH_DEVICE, "domain '%s' has no serial or console device '%s'",
                                     domain->name, alias);
                        return NULL;
                }
                if (!can_open(vb_device_chardev(device))) {
                        vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                     "%s of domain '%s' is connected to a %s; only a pty, or a unix socket without a "
                                     "path, can be opened",
                                     alias, domain->name,
                                     vb_chardev_type_to_string(vb_device_chardev(device)->type));
                        return NULL;
                }
                return device;
        }
        for (guint i = 0; i < domain->live->devices->len; i++) {
                device = domain->live->devices->pdata[i];
                if (is_console(device) && can_open(vb_device_chardev(device)))
                        return device;
        }
        vb_error_set(error, VB_ERROR_NO_SUCH_DEVICE, "domain '%s' has no console that can be opened", domain->name);
        return NULL;
}

/* The number of the terminal behind @id, by the emulator's account. */
static bool find_pty(json_object *chardevs, const char *id, unsigned *ret)
{
        if (!json_object_is_type(chardevs, json_type_array))
                return false;
        for (size_t i = 0; i < json_object_array_length(chardevs); i++) {
                json_object *entry = json_object_array_get_idx(chardevs, i);
                const char *label, *filename;
                uint64_t number;

                if (!vb_json_get_string(entry, "label", &label) || !g_str_equal(label, id))
                        continue;
                if (!vb_json_get_string(entry, "filename", &filename) || !g_str_has_prefix(filename, PTY_PREFIX) ||
                    !g_ascii_string_to_unsigned(filename + strlen(PTY_PREFIX), 10, 0, G_MAXINT, &number, NULL))
                        return false;
                *ret = (unsigned) number;
                return true;
        }
        return false;
}

static void on_chardevs(VbMonitor *monitor, json_object *result, const GError *query_error, void *userdata)
{
        g_autofree Opening *opening = userdata;
        g_autofree char *id = opening->chardev_id;
        g_autoptr(VbDomain) domain = opening->domain;
        g_autoptr(GError) error = query_error ? g_error_copy(query_error) : NULL;
        unsigned number;
        int fd = -1;

        if (!error && !domain->guest)
                vb_error_set(&error, VB_ERROR_INVALID_STATE, "domain '%s' has been shut off", domain->name);
        else if (!error && !find_pty(result, id, &number))
                vb_error_set(&error, VB_ERROR_MONITOR, "the emulator of domain '%s' names no terminal for %s",
                             domain->name, id);
        else if (!error)
                fd = vb_pty_open(number, domain->guest->child.pid, &error);
        opening->done(domain, fd, error, opening->userdata);
}

bool vb_console_open(VbDomain *domain, const char *alias, VbConsoleDone done, void *userdata, GError **error)
{
        const VbDevice *device;
        VbGuest *guest = domain->guest;
        Opening *opening;

        if (!vb_domain_check_state(domain,
                                   ~((1U << VB_STATE_SHUTOFF) | (1U << VB_STATE_STARTING) | (1U << VB_STATE_STOPPING)),
                                   "given a console", error))
                return false;
        device = find_device(domain, alias, error);
        if (!device)
                return false;
        device = find_backend(domain->live, device);
        if (!vb_guest_check_reachable(domain, error))
                return false;
        if (vb_device_chardev(device)->type == VB_CHARDEV_UNIX) {
                g_autofree char *path = vb_argv_socket_path(device, "");
                int fd = vb_room_connect_socket(guest->room, path + 1, guest->child.pid, error);

                if (fd < 0)
                        return false;
                done(domain, fd, NULL, userdata);
                return true;
        }
        opening = g_new(Opening, 1);
        *opening = (Opening){ .domain = vb_domain_ref(domain),
                              .chardev_id = vb_argv_chardev_id(device->alias),
                              .done = done,
                              .userdata = userdata };
        vb_monitor_execute(guest->monitor, "query-chardev", NULL, QUERY_USEC, on_chardevs, opening);
        return true;
}
