/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clang-format off */
/* Plugging a device in, phase by phase:
 *   probe   the emulator's facts
 *   place   the device is added to a copy of the definition and completed there: that gives it its alias and
 *           address
 *   allow   what it names of the host is asked for, if it was not granted; nothing is held meanwhile, and it is
 *           placed anew when there is an answer
 *   label   its files become the guest's
 *   plug    its command line options, one QMP command each; what was made is taken back if one is refused
 *   keep    the kept definition is written, if that was asked for
 * The copy becomes the definition when the phase that it is for is done. */
/* clang-format on */
#include "domain/attach.h"

#include <string.h>

#include "conf/complete.h"
#include "conf/controller.h"
#include "conf/graphics.h"
#include "domain/grants.h"
#include "domain/device-labels.h"
#include "domain/guest.h"
#include "domain/limits.h"
#include "domain/link-work.h"
#include "domain/macvtaps.h"
#include "domain/memory-places.h"
#include "domain/plug.h"
#include "domain/status.h"
#include "domain/provision.h"
#include "qemu/argv.h"
#include "qemu/companion.h"
#include "util/error.h"
#include "util/log.h"

#define OPERATION "given a device live"
#define BUSY "being given a device"
#define PLACES_USEC (30 * G_USEC_PER_SEC)


typedef struct {
        VbDomain *domain;
        VbRequester requester;
        VbEmulatorFacts *emulator;
        VbMachineFacts *machine;
        char *xml; /* as it came, then as it was placed: what was made up for it is not made up again */
        bool busy; /* the domain is, with this */
        uint64_t coming_memory; /* what of the domain's is of this */
        unsigned coming_devices;
        GPtrArray *grants; /* of what the device names, as far as it was asked for */
        unsigned targets;
        char *alias;
        VbDomainDef *live, *def; /* to become the definitions */
        GError *error; /* while what was made is taken back */
        VbAttachDone done;
        void *userdata;
} Attachment;

/* Several may be attached at a time, of which none is in a definition yet. */
static void count(Attachment *self, uint64_t memory)
{
        self->coming_devices = 1;
        self->coming_memory = memory;
        self->domain->coming_devices += self->coming_devices;
        self->domain->coming_memory += self->coming_memory;
}

/* It is in the definition, or will not be. */
static void uncount(Attachment *self)
{
        self->domain->coming_devices -= self->coming_devices;
        self->domain->coming_memory -= self->coming_memory;
        self->coming_devices = 0;
        self->coming_memory = 0;
}

static void finish(Attachment *self, const GError *error)
{
        g_autoptr(VbDomain) domain = self->domain;

        uncount(self);
        if (self->busy)
                domain->busy = NULL;
        self->done(domain, error ? NULL : self->alias, error, self->userdata);
        vb_emulator_facts_unref(self->emulator);
        vb_machine_facts_unref(self->machine);
        g_clear_pointer(&self->grants, g_ptr_array_unref);
        g_free(self->xml);
        g_free(self->alias);
        vb_domain_def_free(self->live);
        vb_domain_def_free(self->def);
        g_free(self);
}

static bool is_empty_controller(const VbDomainDef *def, const VbDevice *device)
{
        if (device->kind != VB_DEVICE_CONTROLLER)
                return false;
        for (guint i = 0; i < def->devices->len; i++)
                if (vb_domain_def_find_parent(def, def->devices->pdata[i]) == device)
                        return false;
        return true;
}

/* Completion keeps a free port at hand, and may have made one more: a guest that runs does without. Whatever
 * else it made beside the device would have to be plugged in, too. */
static bool drop_spares(VbDomainDef *def, const VbDomainDef *before, const VbDevice *device, GError **error)
{
        for (guint i = def->devices->len; i-- > 0;) {
                const VbDevice *other = def->devices->pdata[i];

                if (other == device || vb_domain_def_find_device(before, other->alias))
                        continue;
                if (!is_empty_controller(def, other))
                        return vb_error_set(
                                error, VB_ERROR_NO_FREE_ADDRESS,
                                "there is no free place for %s: it would need %s, which only the next start "
                                "can add",
                                device->alias, other->alias);
                g_ptr_array_remove_index(def->devices, i);
        }
        return true;
}

/* <memory> is all that a guest has: what is plugged in comes on top. Where cells say how much there is to begin with,
 * completion adds it. */
static void add_memory(VbDomainDef *def, VbDevice *device)
{
        uint64_t size = vb_device_memory(device, 0);
        bool all = def->current_memory >= def->memory;

        def->memory += size;
        if (all)
                def->current_memory = def->memory;
}

/* A completed copy of @def with the device of @xml in it. */
static VbDomainDef *place(const VbDomainDef *def, const char *xml, VbEmulatorFacts *emulator,
                          VbMachineFacts *machine, const VbDevice **ret, GError **error)
{
        g_autoptr(VbDevice) device = vb_device_parse(xml, strlen(xml), NULL, error);
        g_autoptr(VbDomainDef) copy = NULL;

        if (!device)
                return NULL;
        copy = vb_domain_def_copy(def);
        add_memory(copy, device);
        *ret = device;
        g_ptr_array_add(copy->devices, g_steal_pointer(&device));
        return vb_domain_def_complete(copy, emulator, machine, error) ? g_steal_pointer(&copy) : NULL;
}

static char *refuse_secret(const char *name, void *userdata, GError **error)
{
        vb_error_set(error, VB_ERROR_UNSUPPORTED, "the secret '%s' can only be given to a start", name);
        return NULL;
}

static bool place_live(Attachment *self, VbEmulatorFacts *emulator, VbMachineFacts *machine, GError **error)
{
        VbDomain *domain = self->domain;
        const VbDevice *device;

        if (!vb_guest_check_reachable(domain, error))
                return false;
        self->live = place(domain->live, self->xml, emulator, machine, &device, error);
        if (self->live)
                vb_graphics_copy_ports(self->live, domain->live);
        if (!self->live || !drop_spares(self->live, domain->live, device, error))
                return false;
        if (!vb_plug_check(self->live, device, domain->service->networks, error) ||
            !vb_argv_check_start_device(self->live, device, error))
                return false;
        if (vb_companion_is_needed(device))
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "%s: the program that it needs beside the emulator is started with the guest "
                                    "only; attach it to the definition",
                                    device->alias);
        self->alias = g_strdup(device->alias);
        /* The kept definition gets the same device, not one that is like it. */
        g_free(self->xml);
        self->xml = vb_device_format(device);
        return true;
}

static bool place_config(Attachment *self, VbEmulatorFacts *emulator, VbMachineFacts *machine, GError **error)
{
        const VbDevice *device;

        self->def = place(self->domain->def, self->xml, emulator, machine, &device, error);
        if (!self->def)
                return false;
        if (!self->alias)
                self->alias = g_strdup(device->alias);
        g_free(self->xml);
        self->xml = vb_device_format(device);
        return true;
}

static void on_kept(VbDomain *domain, const GError *error, void *userdata)
{
        finish(userdata, error);
}

static void keep(Attachment *self)
{
        vb_change_keep(self->domain, g_steal_pointer(&self->def), self->grants, on_kept, self);
}

/* It is in the live definition. */
static void tell(Attachment *self)
{
        VbDomain *domain = self->domain;

        if (domain->guest) {
                vb_guest_save_live(domain->guest);
                vb_guest_save_status(domain->guest);
                vb_domain_device_event(domain, self->alias);
        }
        keep(self);
}

static void on_memory_devices(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Attachment *self = userdata;
        VbDomain *domain = self->domain;

        if (!error && domain->live && domain->guest && domain->guest->monitor == monitor)
                vb_memory_places_learn(domain->live, result);
        tell(self);
}

static void on_taken_back(VbDomain *domain, const GError *error, void *userdata)
{
        Attachment *self = userdata;
        g_autoptr(GError) first = g_steal_pointer(&self->error);

        /* What it was to have is nobody's business any more. */
        if (domain->guest && domain->provided) {
                vb_status_forget_next(domain->guest->room);
                vb_guest_save_status(domain->guest);
        }
        finish(self, first);
}

static void on_links_removed(GPtrArray *links, const GError *error, void *userdata)
{
        Attachment *self = userdata;

        vb_labels_detach(self->domain, vb_domain_def_find_device(self->live, self->alias), on_taken_back, self);
}

/* Where the guest has ended, so has all that was made for it. */
static void take_back(Attachment *self, const GError *error)
{
        VbDomain *domain = self->domain;

        self->error = g_error_copy(error);
        if (domain->provided)
                vb_link_work_remove(domain->provided, self->alias, on_links_removed, self);
        else
                on_links_removed(NULL, NULL, self);
}

static void on_plugged(VbDomain *domain, const GError *error, void *userdata)
{
        Attachment *self = userdata;

        if (error) {
                take_back(self, error);
                return;
        }
        uncount(self);
        vb_domain_set_live(domain, g_steal_pointer(&self->live));
        if (vb_memory_places_are_wanted(domain->live))
                vb_monitor_execute(domain->guest->monitor, "query-memory-devices", NULL, PLACES_USEC,
                                   on_memory_devices, self);
        else
                tell(self);
}

static void on_links_opened(GPtrArray *opened, const GError *link_error, void *userdata)
{
        Attachment *self = userdata;
        VbDomain *domain = self->domain;
        const VbDevice *device = vb_domain_def_find_device(self->live, self->alias);
        g_autoptr(GPtrArray) links = opened;
        g_autoptr(GError) error = NULL;
        char **options = NULL;

        if (vb_guest_check_reachable(domain, &error) && !link_error)
                options = vb_argv_build_device(
                        self->live, device,
                        &(VbArgvContext){ .monitor_fd = -1,
                                          .attaching = true,
                                          .secret_path = refuse_secret,
                                          .sockets_dir = vb_room_sockets_path(domain->guest->room),
                                          .emulator = self->emulator,
                                          .machine = self->machine,
                                          .links = links },
                        &error);
        if (options)
                vb_plug(domain, device, options, g_steal_pointer(&links), on_plugged, self);
        else
                on_plugged(domain, error ? error : link_error, self);
}

/* A macvtap device stays when the guest's process does not, so it is written down before it is made. */
static void plug(Attachment *self)
{
        VbDomain *domain = self->domain;
        GPtrArray *macvtaps = domain->provided->macvtaps;
        const VbDevice *device = vb_domain_def_find_device(self->live, self->alias);
        g_autoptr(GError) error = NULL;
        guint before = macvtaps->len;

        if (!vb_status_write_next(domain->guest->room, self->live, &error) ||
            !vb_macvtaps_plan(macvtaps, device, domain->service->networks, &error)) {
                on_plugged(domain, error, self);
                return;
        }
        if (macvtaps->len > before)
                vb_guest_save_status(domain->guest);
        vb_link_work_open(domain->provided, self->live, self->alias, on_links_opened, self);
}

/* With the controllers that were made for it. */
static bool count_devices(Attachment *self, GError **error)
{
        VbDomain *domain = self->domain;
        unsigned had = vb_limits_count_devices(domain);
        unsigned live = self->live ? self->live->devices->len : 0, def = self->def ? self->def->devices->len : 0;
        unsigned more = MAX(MAX(live, def), had) - had;

        domain->coming_devices -= self->coming_devices;
        self->coming_devices = 0;
        if (!vb_limits_check_more(domain->service, domain->owner, 0, more, error))
                return false;
        self->coming_devices = more;
        domain->coming_devices += more;
        return true;
}

static bool place_all(Attachment *self, GError **error)
{
        g_clear_pointer(&self->alias, g_free);
        g_clear_pointer(&self->live, vb_domain_def_free);
        g_clear_pointer(&self->def, vb_domain_def_free);
        return (!(self->targets & VB_CHANGE_LIVE) ||
                place_live(self, self->emulator, self->machine, error)) &&
               (!(self->targets & VB_CHANGE_CONFIG) ||
                place_config(self, self->emulator, self->machine, error)) &&
               count_devices(self, error);
}

static VbGrantQuestion question(const Attachment *self)
{
        return (VbGrantQuestion){ .owner = self->domain->owner,
                                  .def = self->live ? self->live : self->def,
                                  .emulator = self->emulator,
                                  .granted = self->domain->grants,
                                  .alias = self->alias };
}

/* What was allowed is what is plugged in: it may have become another device while somebody was asked. */
static bool place_again(Attachment *self, GError **error)
{
        VbGrantQuestion asked;

        if (!vb_change_check_again(self->domain, self->targets, OPERATION, error))
                return false;
        self->domain->busy = BUSY;
        self->busy = true;
        if (!place_all(self, error))
                return false;
        asked = question(self);
        return vb_grants_still_hold(self->grants, self->domain->grants, error) &&
               vb_grants_cover(self->grants, &asked, self->domain->service, error);
}

static void on_labelled(VbDomain *domain, const GError *error, void *userdata)
{
        Attachment *self = userdata;
        g_autoptr(GError) gone = NULL;

        if (error || !vb_guest_check_reachable(domain, &gone))
                take_back(self, error ? error : gone);
        else
                plug(self);
}

static void on_allowed(GPtrArray *grants, const GError *ask_error, void *userdata)
{
        Attachment *self = userdata;
        g_autoptr(GError) error = NULL;
        bool waited = !self->busy;

        self->grants = grants;
        if (ask_error || (waited && !place_again(self, &error)))
                finish(self, ask_error ? ask_error : error);
        else if (!self->live)
                keep(self);
        else
                vb_labels_attach(self->domain, vb_domain_def_find_device(self->live, self->alias), on_labelled, self);
}

static void ask(Attachment *self)
{
        VbGrantQuestion asked = question(self);

        if (vb_grants_cover(self->domain->grants, &asked, self->domain->service, NULL)) {
                on_allowed(vb_grants_new(), NULL, self);
                return;
        }
        self->domain->busy = NULL;
        self->busy = false;
        vb_grants_ask(&self->requester, &asked, self->domain->service, on_allowed, self);
}

static void on_probed(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *probe_error,
                      void *userdata)
{
        Attachment *self = userdata;
        g_autoptr(GError) error = NULL;

        if (probe_error) {
                finish(self, probe_error);
                return;
        }
        self->emulator = vb_emulator_facts_ref(emulator);
        self->machine = vb_machine_facts_ref(machine);
        if (!place_all(self, &error))
                finish(self, error);
        else
                ask(self);
}

bool vb_attach(VbDomain *domain, const VbRequester *requester, const char *xml, unsigned targets,
               VbAttachDone done, void *userdata, GError **error)
{
        g_autoptr(GPtrArray) notes = NULL;
        g_autoptr(VbDevice) device = NULL;
        const VbDomainDef *def = vb_domain_shown(domain);
        Attachment *self;
        uint64_t memory;

        targets = vb_change_targets(domain, targets);
        if (!vb_change_check(domain, targets, OPERATION, error))
                return false;
        device = vb_device_parse(xml, strlen(xml), &notes, error);
        if (!device)
                return false;
        for (guint i = 0; notes && i < notes->len; i++)
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "%s",
                              (const char *) notes->pdata[i]);
        memory = targets & VB_CHANGE_LIVE ? vb_device_memory(device, 0) : 0;
        if (!vb_limits_check_more(domain->service, domain->owner, 0, 1, error) ||
            !vb_limits_check_memory(domain, memory, error))
                return false;
        self = g_new0(Attachment, 1);
        self->domain = vb_domain_ref(domain);
        self->requester = *requester;
        self->xml = g_strdup(xml);
        self->targets = targets;
        self->done = done;
        self->userdata = userdata;
        domain->busy = BUSY;
        self->busy = true;
        count(self, memory);
        vb_prober_ask(domain->service->prober,
                      &(VbProbeQuestion){ .arch = def->os.arch,
                                          .path = def->emulator,
                                          .machine = def->os.machine,
                                          .owner = domain->owner },
                      on_probed, self);
        return true;
}
