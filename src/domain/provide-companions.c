/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes beside an emulator: swtpm for an emulated TPM, passt for a user-mode network that asks for
 * it, virtiofsd for a shared folder. Each has one end of a socket that is connected before it runs, and the
 * emulator the other: there is no path that somebody else could take, and nothing to wait for. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/capabilities.h"
#include "domain/companion-ends.h"
#include "domain/start-private.h"
#include "host/marked.h"
#include "host/private.h"
#include "host/route.h"
#include "qemu/companion.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/json.h"
#include "util/log.h"

/* What a TPM keeps is some kilobytes. */
#define TPM_STATE_MAX (16 * 1024 * 1024)
/* A process that is killed ends at once, but for one that waits for a device or a server. */
#define END_MSEC 500

/* What a companion inherits; -1: nothing. */
typedef struct {
        int end, state, key;
} Inherited;

typedef struct {
        const char *name;          /* of the program */
        const char *const *places; /* beside PATH, absolute; NULL: none */
        const char *package;       /* where it is in Debian */
        rlim_t file_size_max;      /* 0: no limit */
        bool listens;              /* its end is a listening socket */
        bool (*wanted)(const VbStart *start, const VbDevice *device);
        /* What it needs beside its socket. NULL: nothing. */
        bool (*prepare)(VbStart *start, const VbDevice *device, Inherited *inherited, GError **error);
        char **(*argv)(const char *program, const VbDevice *device, const Inherited *inherited);
        bool as_guest; /* what policies let an emulator do is enough for it */
        bool as_owner; /* it serves the owner's files: root's domains have another user of their own */
        /* A program that the definition names. NULL: none. */
        const char *(*program)(const VbDevice *device);
} Kind;

static bool wants_swtpm(const VbStart *start, const VbDevice *device)
{
        return device->kind == VB_DEVICE_TPM && ((const VbTpm *) device)->backend == VB_TPM_EMULATOR;
}

static bool prepare_swtpm(VbStart *start, const VbDevice *device, Inherited *inherited, GError **error)
{
        const VbTpm *tpm = (const VbTpm *) device;

        if (!vb_companion_check_tpm(tpm, error))
                return false;
        if (*tpm->secret && !vb_secrets_borrow(start->options.secrets, start->domain->owner, tpm->secret,
                                               &inherited->key, error)) {
                g_prefix_error(error, "%s: ", device->alias);
                return false;
        }
        inherited->state = vb_private_open_below(start->private_dir, "tpm", vb_start_identity(start), error);
        return inherited->state >= 0 &&
               vb_labels_set(start->domain->provided->labels, inherited->state, error);
}

static char **swtpm_argv(const char *program, const VbDevice *device, const Inherited *inherited)
{
        return vb_companion_swtpm(program, (const VbTpm *) device, inherited->end, inherited->state,
                                  inherited->key);
}

/* The network that needs no set-up: with passt where that is installed and has a way out. */
static bool is_better_off(const VbStart *start, const VbInterface *interface)
{
        g_autofree char *program = NULL;

        if (interface->type != VB_INTERFACE_NETWORK ||
            !vb_networks_is_builtin(start->domain->service->networks, interface->source.network) ||
            !vb_emulator_facts_has(start->emulator, VB_CAP_NETDEV_STREAM) || !vb_host_has_route())
                return false;
        program = g_find_program_in_path("passt");
        return program != NULL;
}

static bool wants_passt(const VbStart *start, const VbDevice *device)
{
        const VbInterface *interface = (const VbInterface *) device;
        bool named;

        if (device->kind != VB_DEVICE_INTERFACE)
                return false;
        named = interface->parts.backend && interface->parts.backend->type != 0;
        if (!named && !is_better_off(start, interface))
                return false;
        for (guint i = 0; i < start->links->len; i++) {
                const VbArgvLink *link = start->links->pdata[i];

                if (g_str_equal(link->alias, device->alias))
                        return link->kind == VB_ARGV_LINK_USER;
        }
        return false;
}

static char **passt_argv(const char *program, const VbDevice *device, const Inherited *inherited)
{
        return vb_companion_passt(program, (const VbInterface *) device, inherited->end);
}

static bool wants_virtiofsd(const VbStart *start, const VbDevice *device)
{
        const VbFilesystem *filesystem = (const VbFilesystem *) device;

        return device->kind == VB_DEVICE_FILESYSTEM && vb_filesystem_is_virtiofs(filesystem) &&
               !filesystem->socket;
}

static char **virtiofsd_argv(const char *program, const VbDevice *device, const Inherited *inherited)
{
        return vb_companion_virtiofsd(program, (const VbFilesystem *) device, inherited->end);
}

static const char *virtiofsd_program(const VbDevice *device)
{
        const VbFilesystemBinary *binary = ((const VbFilesystem *) device)->binary;

        return binary ? binary->path : NULL;
}

/* QEMU's own, which was part of it until 8.0. */
#define QEMU_VIRTIOFSD "/usr/lib/qemu/virtiofsd"

static const char *const virtiofsd_places[] = { "/usr/libexec/virtiofsd", QEMU_VIRTIOFSD, NULL };

/* It says something of a directory that it cannot make, and the emulator something of a message. */
static bool may_run(const char *program, const VbIdentity *identity, const VbDevice *device, GError **error)
{
        uid_t uid = identity ? identity->uid : geteuid();

        return uid == 0 || !g_str_equal(program, QEMU_VIRTIOFSD) ||
               vb_error_set(error, VB_ERROR_UNSUPPORTED,
                            "%s: " QEMU_VIRTIOFSD ", which is QEMU's own, runs as root only, and the domain is "
                            "user %u's; install the virtiofsd that is written in Rust, as /usr/libexec/virtiofsd, "
                            "or name it with <binary path=''/>",
                            device->alias, (unsigned) uid);
}

static const Kind kinds[] = {
        { .name = "swtpm",
          .package = "swtpm",
          .file_size_max = TPM_STATE_MAX,
          .as_guest = true,
          .wanted = wants_swtpm,
          .prepare = prepare_swtpm,
          .argv = swtpm_argv },
        { .name = "passt", .package = "passt", .wanted = wants_passt, .argv = passt_argv },
        { .name = "virtiofsd",
          .places = virtiofsd_places,
          .package = "qemu-system-common",
          .listens = true,
          .as_owner = true,
          .wanted = wants_virtiofsd,
          .argv = virtiofsd_argv,
          .program = virtiofsd_program },
};

static void on_ended(const char *what, const char *how, void *userdata)
{
        VbProvided *provided = userdata;
        const VbDomain *domain = vb_service_find(provided->service, provided->id);

        /* At the guest's end it is no news. */
        if (domain && domain->guest && vb_domain_has_guest(domain))
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "%s %s while the guest runs",
                              what, how);
}

static char *find_program(const Kind *kind, const VbDevice *device, GError **error)
{
        const char *named = kind->program ? kind->program(device) : NULL;
        char *found;

        if (named)
                return g_strdup(named);
        for (const char *const *place = kind->places; place && *place; place++)
                if (g_file_test(*place, G_FILE_TEST_IS_EXECUTABLE))
                        return g_strdup(*place);
        found = g_find_program_in_path(kind->name);
        if (!found)
                vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "%s: the program %s is needed, and not installed; in Debian it is in the package %s",
                        device->alias, kind->name, kind->package);
        return found;
}

/* Marks all of a guest's. Another run of the service finds by it what was never written down. */
static char *mark_of(const VbRoom *room)
{
        return g_strconcat(vb_room_path(room), "#companion", NULL);
}

static bool make_ends(const VbStart *start, const Kind *kind, int *ours, int *theirs, GError **error)
{
        int ends[2];

        if (kind->listens)
                return vb_room_connect_pair(start->domain->provided->room, theirs, ours, error);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "no socket can be made");
        *ours = ends[0];
        *theirs = ends[1];
        return true;
}

/* Both are the domain's. */
static bool connect_ends(const VbStart *start, const Kind *kind, int *ours, int *theirs, GError **error)
{
        const VbLabels *labels = start->domain->provided->labels;
        bool made;

        if (!vb_labels_begin_sockets(labels, error))
                return false;
        made = make_ends(start, kind, ours, theirs, error);
        vb_labels_end_sockets(labels);
        return made;
}

/* NULL: as we are. */
static const VbIdentity *identity_of(const VbStart *start, const Kind *kind)
{
        return kind->as_owner && start->domain->owner == 0 ? NULL : vb_start_identity(start);
}

static bool spawn(VbStart *start, const Kind *kind, const VbDevice *device, const char *program,
                  const Inherited *inherited, GError **error)
{
        VbProvided *provided = start->domain->provided;
        const int keep[] = { inherited->end, inherited->state >= 0 ? inherited->state : inherited->key,
                             inherited->state >= 0 ? inherited->key : -1, -1 };
        g_autofree char *mark = mark_of(provided->room);
        g_autofree char *what = g_strdup_printf("%s of %s", kind->name, device->alias);
        g_auto(GStrv) argv = kind->argv(program, device, inherited);
        const VbIdentity *identity = identity_of(start, kind);
        VbSpawn process = { .argv = (const char *const *) argv,
                            .keep_fds = keep,
                            .stderr_fd = start->log,
                            .identity = identity,
                            .file_size_max = kind->file_size_max,
                            .mark = mark };
        VbHeldChild held;

        if (kind->as_guest)
                vb_labels_enter_beside(provided->labels, &process);
        if (!vb_spawn_held(&process, &held, error)) {
                g_prefix_error(error, "%s: ", device->alias);
                return false;
        }
        g_ptr_array_add(provided->companions,
                        vb_companion_new(provided->service->event, what, &held, on_ended, provided));
        return true;
}

static bool start_one(VbStart *start, const Kind *kind, const VbDevice *device, GError **error)
{
        g_autofree char *program = find_program(kind, device, error);
        Inherited inherited = { .end = -1, .state = -1, .key = -1 };
        int end = -1;
        bool ok = program && may_run(program, identity_of(start, kind), device, error) &&
                  connect_ends(start, kind, &end, &inherited.end, error) &&
                  (!kind->prepare || kind->prepare(start, device, &inherited, error)) &&
                  spawn(start, kind, device, program, &inherited, error);

        vb_clear_fd(&inherited.end);
        vb_clear_fd(&inherited.state);
        if (ok)
                vb_companion_ends_add(start->companion_ends, device->alias, end);
        else
                vb_clear_fd(&end);
        return ok;
}

static bool start_all(VbStart *start, GError **error)
{
        const GPtrArray *devices = start->domain->live->devices;

        for (guint i = 0; i < devices->len; i++)
                for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++)
                        if (kinds[k].wanted(start, devices->pdata[i]) &&
                            !start_one(start, &kinds[k], devices->pdata[i], error))
                                return false;
        return true;
}

static void provide_companions(VbStart *start)
{
        g_autoptr(GError) error = NULL;

        start->companion_ends = vb_companion_ends_new();
        start->domain->provided->companions = g_ptr_array_new();
        (void) start_all(start, &error);
        vb_start_provided(start, error);
}

/* Nothing is given back that one of them could still use. */
static void withdraw_companions(VbProvided *provided)
{
        bool gone = !provided->companions || vb_companion_kill_all(provided->companions, END_MSEC);

        if (provided->companions_lost) {
                g_autofree char *mark = mark_of(provided->room);

                gone &= vb_marked_kill(mark, vb_provided_uid(provided), END_MSEC, NULL);
        }
        if (gone)
                return;
        provided->lingering = true;
        vb_log_warning("a process beside the emulator of domain %u was killed, and does not end", provided->id);
}

static void forget_companions(VbProvided *provided)
{
        for (guint i = 0; provided->companions && i < provided->companions->len; i++)
                vb_companion_free(provided->companions->pdata[i]);
        g_clear_pointer(&provided->companions, g_ptr_array_unref);
}

/* Also that there are none, which is something else than nothing. */
static json_object *save_companions(const VbProvided *provided)
{
        json_object *object, *array;

        if (!provided->companions || provided->companions_lost)
                return NULL;
        object = json_object_new_object();
        array = json_object_new_array();
        for (guint i = 0; i < provided->companions->len; i++)
                json_object_array_add(array, vb_companion_save(provided->companions->pdata[i]));
        json_object_object_add(object, "processes", array);
        return object;
}

static void load_companions(VbProvided *provided, json_object *saved)
{
        json_object *array = NULL;

        provided->companions = g_ptr_array_new();
        provided->companions_lost = !saved;
        if (!saved || !vb_json_get_array(saved, "processes", &array))
                return;
        for (gsize i = 0; i < json_object_array_length(array); i++) {
                VbCompanion *companion = vb_companion_load(
                        provided->service->event, json_object_array_get_idx(array, i), on_ended, provided);

                if (companion)
                        g_ptr_array_add(provided->companions, companion);
        }
}

const VbProvision vb_provision_companions = {
        .name = "companions",
        .provide = provide_companions,
        .withdraw = withdraw_companions,
        .forget = forget_companions,
        .save = save_companions,
        .load = load_companions,
};
