/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.virtbus1.Domain: between messages and one domain. */
#include "bus/autostart.h"
#include "bus/bus-private.h"
#include "bus/options.h"
#include "bus/paths.h"
#include "bus/resources.h"
#include "domain/attach.h"
#include "domain/console.h"
#include "domain/control.h"
#include "domain/define.h"
#include "domain/emulator-log.h"
#include "domain/guest.h"
#include "domain/provision.h"
#include "domain/save.h"
#include "domain/saved.h"
#include "domain/start-owner.h"
#include "domain/start.h"
#include "domain/tune.h"
#include "util/error.h"
#include "util/fd.h"

/* A property that is one expression over the domain and its shown definition. */
#define GETTER(name, type, expression)                                                                       \
        static int property_get_##name(sd_bus *sd, const char *path, const char *interface,                  \
                                       const char *property, sd_bus_message *reply, void *userdata,          \
                                       sd_bus_error *error)                                                  \
        {                                                                                                    \
                const VbDomain *domain = ((VbBusDomain *) userdata)->domain;                                 \
                const VbDomainDef *def G_GNUC_UNUSED = vb_domain_shown(domain);                              \
                                                                                                             \
                return sd_bus_message_append(reply, type, expression);                                       \
        }

GETTER(name, "s", domain->name)
GETTER(uuid, "s", domain->uuid)
GETTER(owner, "u", (uint32_t) domain->owner)
GETTER(title, "s", def->title ? def->title : "")
GETTER(state, "s", vb_state_to_string(domain->state))
GETTER(state_reason, "s", vb_detail_to_string(domain->reason))
GETTER(persistent, "b", vb_domain_is_persistent(domain))
GETTER(autostart, "b", domain->autostart)
GETTER(architecture, "s", def->os.arch)
GETTER(machine_type, "s", def->os.machine)
GETTER(accelerator, "s", def->virt_type == VB_VIRT_KVM ? "kvm" : "tcg")
GETTER(memory_maximum, "t", def->memory)
GETTER(memory_actual, "t", vb_domain_memory_actual(domain))
GETTER(vcpus_maximum, "u", def->vcpus_max)
GETTER(vcpus, "u", def->vcpus)
GETTER(process_id, "u", domain->guest ? (uint32_t) vb_guest_pid(domain->guest) : 0)
GETTER(runtime_directory, "s", domain->guest ? vb_room_path(domain->guest->room) : "")
GETTER(unit, "s", domain->guest && domain->provided->unit ? domain->provided->unit : "")
GETTER(start_time, "t", domain->guest ? domain->guest->started_usec : 0)
GETTER(pending, "b", domain->pending)
GETTER(has_managed_save, "b", domain->saved != NULL)

/* What a guest has is in force as long as there is one. */
static int property_get_security_labels(sd_bus *sd, const char *path, const char *interface, const char *property,
                                        sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
        const VbDomain *domain = ((VbBusDomain *) userdata)->domain;
        const GPtrArray *labels = domain->guest && domain->provided->labels ?
                                          vb_labels_list(domain->provided->labels) :
                                          NULL;
        int r = sd_bus_message_open_container(reply, 'a', "(sss)");

        for (guint i = 0; labels && i < labels->len && r >= 0; i++) {
                const VbLabel *label = labels->pdata[i];

                r = sd_bus_message_append(reply, "(sss)", label->model->name, label->process ? label->process : "",
                                          label->file ? label->file : "");
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static bool is_controller(const VbDomain *domain, const VbDevice *device, const VbDevice *about)
{
        return device->kind == VB_DEVICE_CONTROLLER;
}

static bool is_no_controller(const VbDomain *domain, const VbDevice *device, const VbDevice *about)
{
        return device->kind != VB_DEVICE_CONTROLLER;
}

static int property_get_controllers(sd_bus *sd, const char *path, const char *interface, const char *property,
                                    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        return vb_bus_append_devices(reply, ((VbBusDomain *) userdata)->domain, is_controller, NULL);
}

static int property_get_devices(sd_bus *sd, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        return vb_bus_append_devices(reply, ((VbBusDomain *) userdata)->domain, is_no_controller, NULL);
}

static const VbOption no_options[] = { { 0 } };

static bool method_start(VbCall *call, GError **error)
{
        int paused = false, no_wait = false, reset_nvram = false, discard_save = false;
        g_autoptr(VbSecrets) secrets = NULL;
        const VbOption options[] = { { "paused", 'b', &paused, NULL },
                                     { "reset-nvram", 'b', &reset_nvram, NULL },
                                     { "discard-save", 'b', &discard_save, NULL },
                                     { "no-wait", 'b', &no_wait, NULL },
                                     { "secrets", 'h', &secrets, NULL },
                                     { 0 } };
        const VbRequester requester = vb_call_requester(call);
        VbStartOptions start;

        if (!vb_options_read(call->message, options, error))
                return false;
        start = (VbStartOptions){ .paused = paused,
                                  .discard_save = discard_save,
                                  .reset_nvram = reset_nvram,
                                  .secrets = secrets };
        if (!no_wait)
                return vb_start_for(call->domain, &requester, &start, vb_call_reply_done, call, error);
        /* Who does not wait cannot be asked. */
        if (!vb_start(call->domain, &start, NULL, NULL, error))
                return false;
        vb_call_reply(call, "");
        return true;
}

static bool press(VbCall *call, VbControl control, GError **error)
{
        return vb_options_read(call->message, no_options, error) &&
               vb_control(call->domain, control, vb_call_reply_done, call, error);
}

static bool method_shutdown(VbCall *call, GError **error)
{
        return press(call, VB_CONTROL_SHUTDOWN, error);
}

static bool method_reboot(VbCall *call, GError **error)
{
        return press(call, VB_CONTROL_REBOOT, error);
}

static bool method_reset(VbCall *call, GError **error)
{
        return press(call, VB_CONTROL_RESET, error);
}

static bool method_suspend(VbCall *call, GError **error)
{
        return press(call, VB_CONTROL_SUSPEND, error);
}

static bool method_resume(VbCall *call, GError **error)
{
        return press(call, VB_CONTROL_RESUME, error);
}

static bool method_power_off(VbCall *call, GError **error)
{
        return vb_options_read(call->message, no_options, error) &&
               vb_power_off(call->domain, vb_call_reply_done, call, error);
}

static bool method_managed_save(VbCall *call, GError **error)
{
        return vb_options_read(call->message, no_options, error) &&
               vb_save(call->domain, vb_call_reply_done, call, error);
}

static bool method_remove_managed_save(VbCall *call, GError **error)
{
        return vb_options_read(call->message, no_options, error) &&
               vb_saved_discard(call->domain, vb_call_reply_done, call, error);
}

static bool method_get_xml(VbCall *call, GError **error)
{
        int inactive = false, migratable = false;
        const VbOption options[] = { { "inactive", 'b', &inactive, NULL },
                                     { "migratable", 'b', &migratable, NULL },
                                     { 0 } };
        const VbDomainDef *def;
        g_autofree char *xml = NULL;

        if (!vb_options_read(call->message, options, error))
                return false;
        def = inactive ? call->domain->def : vb_domain_shown(call->domain);
        if (!def)
                return vb_error_set(error, VB_ERROR_INVALID_STATE,
                                    "domain '%s' has no inactive definition: it is transient, and %s",
                                    call->domain->name, vb_state_to_string(call->domain->state));
        xml = migratable ? vb_domain_def_format_migratable(def) : vb_domain_def_format(def);
        vb_call_reply(call, "s", xml);
        return true;
}

static bool method_redefine(VbCall *call, GError **error)
{
        const VbRequester requester = vb_call_requester(call);
        int next_start = false;
        const VbOption options[] = { { "next-start", 'b', &next_start, NULL }, { 0 } };
        const char *xml;

        if (sd_bus_message_read(call->message, "s", &xml) < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the arguments cannot be read");
        return vb_options_read(call->message, options, error) &&
               vb_redefine(call->domain, &requester, xml, next_start, vb_call_reply_done, call, error);
}

static void on_attached(VbDomain *domain, const char *alias, const GError *error, void *userdata)
{
        g_autofree char *path = NULL;

        if (error) {
                vb_call_reply_error(userdata, error);
                return;
        }
        path = vb_path_of_device(domain, vb_domain_def_find_device(vb_domain_shown(domain), alias));
        vb_call_reply(userdata, "o", path);
}

static bool method_attach_device(VbCall *call, GError **error)
{
        const VbRequester requester = vb_call_requester(call);
        int live = false, config = false;
        const VbOption options[] = { { "live", 'b', &live, NULL }, { "config", 'b', &config, NULL }, { 0 } };
        const char *xml;

        if (sd_bus_message_read(call->message, "s", &xml) < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the arguments cannot be read");
        return vb_options_read(call->message, options, error) &&
               vb_attach(call->domain, &requester, xml, (live ? VB_CHANGE_LIVE : 0) | (config ? VB_CHANGE_CONFIG : 0),
                         on_attached, call, error);
}

static bool read_tunings(sd_bus_message *message, VbTuningValue *values, GError **error)
{
        VbOption known[_VB_TUNING_MAX + 1] = { 0 };
        bool any = false;

        for (int i = 0; i < _VB_TUNING_MAX; i++)
                known[i] = (VbOption){ vb_tuning_name(i), vb_tuning_is_set(i) ? 's' : 't',
                                       vb_tuning_is_set(i) ? (void *) &values[i].text : &values[i].number,
                                       &values[i].given };
        if (!vb_options_read(message, known, error)) {
                g_prefix_error(error, "resources: ");
                return false;
        }
        for (int i = 0; i < _VB_TUNING_MAX; i++)
                any = any || values[i].given;
        return any || vb_error_set(error, VB_ERROR_INVALID_ARGS, "there is nothing to change");
}

static bool method_set_resources(VbCall *call, GError **error)
{
        const VbRequester requester = vb_call_requester(call);
        VbTuningValue values[_VB_TUNING_MAX] = { 0 };
        int live = false, config = false;
        const VbOption options[] = { { "live", 'b', &live, NULL }, { "config", 'b', &config, NULL }, { 0 } };

        return read_tunings(call->message, values, error) && vb_options_read(call->message, options, error) &&
               vb_tune(call->domain, &requester, values,
                       (live ? VB_CHANGE_LIVE : 0) | (config ? VB_CHANGE_CONFIG : 0), vb_call_reply_done, call,
                       error);
}

static void on_console(VbDomain *domain, int fd, const GError *error, void *userdata)
{
        vb_autoclose int owned = fd;

        if (error)
                vb_call_reply_error(userdata, error);
        else
                vb_call_reply(userdata, "h", owned);
}

static bool method_open_console(VbCall *call, GError **error)
{
        const char *alias;

        if (sd_bus_message_read(call->message, "s", &alias) < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the arguments cannot be read");
        return vb_options_read(call->message, no_options, error) &&
               vb_console_open(call->domain, alias, on_console, call, error);
}

static bool method_open_log(VbCall *call, GError **error)
{
        int follow = false;
        const VbOption options[] = { { "follow", 'b', &follow, NULL }, { 0 } };
        vb_autoclose int fd = -1;

        if (!vb_options_read(call->message, options, error))
                return false;
        fd = vb_emulator_log_open(call->domain, follow, error);
        if (fd < 0)
                return false;
        vb_call_reply(call, "h", fd);
        return true;
}

const VbMethodRule vb_domain_rules[] = {
        { "Start", VB_VERB_START, method_start },
        { "Shutdown", VB_VERB_STOP, method_shutdown },
        { "PowerOff", VB_VERB_STOP, method_power_off },
        { "Reboot", VB_VERB_STOP, method_reboot },
        { "Reset", VB_VERB_STOP, method_reset },
        { "Suspend", VB_VERB_STOP, method_suspend },
        { "Resume", VB_VERB_START, method_resume },
        { "ManagedSave", VB_VERB_SAVE, method_managed_save },
        { "RemoveManagedSave", VB_VERB_SAVE, method_remove_managed_save },
        { "Undefine", VB_VERB_DEFINE, vb_method_undefine },
        { "Redefine", VB_VERB_DEFINE, method_redefine },
        { "GetXML", VB_VERB_INSPECT, method_get_xml },
        { "SetAutostart", VB_VERB_AUTOSTART, vb_method_set_autostart },
        { "AttachDevice", VB_VERB_HOTPLUG, method_attach_device },
        { "SetResources", VB_VERB_HOTPLUG, method_set_resources },
        { "OpenConsole", VB_VERB_CONSOLE, method_open_console },
        { "OpenLog", VB_VERB_INSPECT, method_open_log },
        { 0 },
};

static int dispatch(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return vb_call_dispatch(((VbBusDomain *) userdata)->bus, message, vb_domain_rules, VB_TARGET_DOMAIN);
}

#define CONST_PROPERTY(name, type, getter)                                                                   \
        SD_BUS_PROPERTY(name, type, getter, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define PROPERTY(name, type, getter)                                                                         \
        SD_BUS_PROPERTY(name, type, getter, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

const sd_bus_vtable vb_domain_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Shutdown", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PowerOff", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reboot", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reset", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Suspend", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Resume", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ManagedSave", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveManagedSave", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Undefine", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Redefine", SD_BUS_ARGS("s", xml, "a{sv}", options), SD_BUS_NO_RESULT,
                                dispatch, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetXML", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("s", xml), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetAutostart", SD_BUS_ARGS("b", autostart, "a{sv}", options),
                                SD_BUS_NO_RESULT, dispatch, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("AttachDevice", SD_BUS_ARGS("s", xml, "a{sv}", options),
                                SD_BUS_RESULT("o", device), dispatch, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetResources", SD_BUS_ARGS("a{sv}", resources, "a{sv}", options),
                                SD_BUS_NO_RESULT, dispatch, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenConsole", SD_BUS_ARGS("s", alias, "a{sv}", options),
                                SD_BUS_RESULT("h", console), dispatch, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenLog", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("h", log), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("Lifecycle", SD_BUS_ARGS("s", event, "s", detail), 0),
        SD_BUS_SIGNAL_WITH_ARGS("DeviceAdded", SD_BUS_ARGS("o", device, "s", alias), 0),
        SD_BUS_SIGNAL_WITH_ARGS("GuestPanicked", SD_BUS_ARGS("s", action, "a{sv}", info), 0),
        PROPERTY("Name", "s", property_get_name),
        CONST_PROPERTY("UUID", "s", property_get_uuid),
        CONST_PROPERTY("Owner", "u", property_get_owner),
        PROPERTY("Title", "s", property_get_title),
        PROPERTY("State", "s", property_get_state),
        PROPERTY("StateReason", "s", property_get_state_reason),
        PROPERTY("Persistent", "b", property_get_persistent),
        PROPERTY("Autostart", "b", property_get_autostart),
        PROPERTY("Architecture", "s", property_get_architecture),
        PROPERTY("MachineType", "s", property_get_machine_type),
        PROPERTY("Accelerator", "s", property_get_accelerator),
        PROPERTY("MemoryMaximum", "t", property_get_memory_maximum),
        PROPERTY("MemoryActual", "t", property_get_memory_actual),
        PROPERTY("VCPUsMaximum", "u", property_get_vcpus_maximum),
        PROPERTY("VCPUs", "u", property_get_vcpus),
        PROPERTY("ProcessID", "u", property_get_process_id),
        PROPERTY("Unit", "s", property_get_unit),
        PROPERTY("RuntimeDirectory", "s", property_get_runtime_directory),
        PROPERTY("SecurityLabels", "a(sss)", property_get_security_labels),
        PROPERTY("Controllers", "ao", property_get_controllers),
        PROPERTY("Devices", "ao", property_get_devices),
        PROPERTY("StartTime", "t", property_get_start_time),
        PROPERTY("HasManagedSave", "b", property_get_has_managed_save),
        PROPERTY("Pending", "b", property_get_pending),
        SD_BUS_VTABLE_END,
};
